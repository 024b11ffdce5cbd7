"""Vectors of what was said, so that other words for the same thing find it, too: optional, in the background.

An encoder is a folder on this machine or an OpenAI-compatible server; its vectors lie in the store, and are made after
turns are read. A search never waits for one longer than `PATIENCE_S`: without it the answer is by words alone, and says
so. numpy and the encoder are loaded when first needed, on a thread of their own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from pathlib import Path
from typing import Any, Protocol

from memsrv.embedding.local import Local
from memsrv.embedding.server import Server
from memsrv.errors import MemsrvError
from memsrv.redact import Redactor
from memsrv.settings import Embedding, api_key
from memsrv.store import Made, Near, Store

#: So long a search waits for the vector of its question.
PATIENCE_S = 0.03
_BATCH = 64
_NEAREST = 400


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
        self._asked: tuple[str, Path, Future[list[Near]]] | None = None
        self._last, self._count = 0, 0
        self._what: list[tuple[str, int]] = []
        self._matrix: Any = None

    def near(self, store: Store, query: str) -> list[Near] | None:
        """What is nearest, with how near: 0 is as near as anything, 1 as near as it gets. None: not known in time."""
        if self._asked is None or self._asked[:2] != (query, store.path) or self._asked[2].done():
            self._asked = (query, store.path, self._thread.submit(self._near, store, query))
        try:
            return self._asked[2].result(self._patience_s)
        except (TimeoutError, MemsrvError, OSError):
            return None

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _near(self, store: Store, query: str) -> list[Near]:
        import numpy as np

        self._refresh(store, np)
        if self._matrix is None or not query.strip():
            return []
        # Not `@`: the threads of BLAS take a core from whoever works beside.
        scores = np.einsum("ij,j->i", self._matrix, self.encoder.vectors([query])[0])
        spread = float(scores.std()) or 1.0
        nearness = np.clip((scores - float(scores.mean())) / spread / 6, 0.0, 1.2)
        places = np.argsort(-nearness)[:_NEAREST]
        return [Near(of, n, float(nearness[place])) for place in places for of, n in [self._what[place]]]

    def _refresh(self, store: Store, np: Any) -> None:
        """Take in the vectors that came since; all anew where some went."""
        count = store.vector_count(self.encoder.name)
        rows = store.vectors(self.encoder.name, self._last)
        if self._count + len(rows) != count:
            self._what, self._matrix = [], None
            rows = store.vectors(self.encoder.name, 0)
        if rows:
            new = np.stack([np.frombuffer(row.data, np.int8).astype(np.float32) * row.scale for row in rows])
            self._matrix = new if self._matrix is None else np.concatenate([self._matrix, new])
            self._what += [(row.of, row.n) for row in rows]
            self._last = rows[-1].id
        self._count = count


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
