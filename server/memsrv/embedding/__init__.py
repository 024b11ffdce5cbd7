"""Vectors of what was said, so that other words for the same thing find it, too: optional, in the background.

An encoder is a folder on this machine or an OpenAI-compatible server; its vectors lie in the store, and are made after
turns are read. A search never waits for one longer than `PATIENCE_S`: without it the answer is by words alone, and says
so. numpy and the encoder are loaded when first needed, on a thread of their own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, TimeoutError
from pathlib import Path
from typing import Any, Protocol

from memsrv.embedding.known import NOTHING as _NOTHING
from memsrv.embedding.local import Local
from memsrv.embedding.server import Server
from memsrv.environment import api_key
from memsrv.errors import MemsrvError
from memsrv.redact import Redactor
from memsrv.settings import Embedding
from memsrv.store import Made, Near, Store

#: So long a search waits for the vector of its question.
PATIENCE_S = 0.03
_BATCH = 64
_NEAREST = 400
_OTHERS = 1_000


class Encoder(Protocol):
    #: Of which encoder its vectors are: those of another are never compared with them.
    name: str

    def vectors(self, texts: Sequence[str]) -> Any:
        """One row of length 1 for each text, a float32 array."""
        ...


def encoder(settings: Embedding, redactor: Redactor, threads: int = 1) -> Encoder | None:
    """The one that the settings name; None where they name none. UsageError where it cannot be."""
    if settings.base_url:
        return Server(settings.base_url, settings.model, redactor, api_key("openai"), remote=settings.remote)
    return Local(Path(settings.model).expanduser(), threads) if settings.model else None


class Meaning:
    """Searches by the vectors of one encoder in one store. May be shared by threads."""

    def __init__(self, encoder: Encoder, patience_s: float = PATIENCE_S) -> None:
        self.encoder = encoder
        self._patience_s = patience_s
        self._thread = ThreadPoolExecutor(1, "memsrv-embedding")
        self._asked: tuple[tuple[str, str | None, Path], Future[list[Near]]] | None = None
        self._known = _NOTHING

    def asked(self, store: Store, query: str, project: str | None = None) -> Callable[[], list[Near] | None]:
        """Begin to look for what is nearest in `project`; what comes back waits for it.

        Nearness is 0 where it is as near as anything, 1 where as near as it gets. None: not known in time.
        """
        question = (query, project, store.path)
        if self._asked is None or self._asked[0] != question or self._asked[1].done():
            self._asked = question, self._thread.submit(self._near, store, query, project)
        future = self._asked[1]

        def near() -> list[Near] | None:
            try:
                return future.result(self._patience_s)
            except (TimeoutError, CancelledError, MemsrvError, OSError):
                return None

        return near

    def near(self, store: Store, query: str, project: str | None = None) -> list[Near] | None:
        """What is nearest, waited for."""
        return self.asked(store, query, project)()

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _near(self, store: Store, query: str, project: str | None) -> list[Near]:
        import numpy as np

        known = self._known = self._known.renewed(store, self.encoder.name)
        if known.matrix is None or not query.strip():
            return []
        question = self.encoder.vectors([query])[0]
        # What is near is so beside all others: of many some, evenly spread, tell how alike they are as a rule.
        others = known.scores(question, slice(None, None, 1 + len(known.rows) // _OTHERS))
        usual, spread = float(others.mean()), float(others.std()) or 1.0
        places = known.likely(question, np.flatnonzero(known.within(*store.scope(project))))
        nearness = np.clip((known.scores(question, places) - usual) / spread / 6, 0.0, 1.2)
        order = np.argsort(-nearness, kind="stable")[:_NEAREST]
        found = zip(known.what(places[order]), nearness[order].tolist(), strict=True)
        return [Near(of, n, near) for (of, n), near in found]


def catch_up(
    store: Store, encoder: Encoder, progress: Callable[[int, int], None] | None = None, most: int | None = None
) -> int:
    """Make the vectors that are missing, a batch at a time; how many were made."""
    made, missing = 0, store.without_vectors(encoder.name, 0)[1]
    while most is None or made < most:
        texts, _ = store.without_vectors(encoder.name, _BATCH)
        if not texts:
            break
        rows = encoder.vectors([text for _, _, text in texts])
        store.keep_vectors(encoder.name, [Made(*text, *_packed(row)) for text, row in zip(texts, rows, strict=True)])
        made += len(texts)
        if progress is not None:
            progress(made, missing)
    return made


def _packed(row: Any) -> tuple[bytes, float]:
    """`row` as one byte for each number, and what one step is worth."""
    import numpy as np

    step = float(np.abs(row).max()) / 127 or 1.0
    return np.round(row / step).astype(np.int8).tobytes(), step
