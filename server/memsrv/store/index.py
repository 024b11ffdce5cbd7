"""The index of turns and memories, by words and by vectors. Knows nothing of how what both find is ranked together."""

from collections.abc import Iterable, Sequence

from memsrv.records import Kind
from memsrv.store import search as _search
from memsrv.store import vectors as _vectors
from memsrv.store.opened import Opened
from memsrv.store.rows import Hit
from memsrv.store.vectors import Made, Vector


class Index(Opened):
    """Search, vectors."""

    # Words

    def search(
        self,
        query: str,
        *,
        project: str | None = None,
        kinds: Sequence[Kind] | None = None,
        limit: int = 20,
        include_retired: bool = False,
    ) -> list[Hit]:
        """Memories first, then turns (turns have no kind, so with `kinds` memories only); up to `limit` of each."""
        found = self.search_memories(query, project=project, kinds=kinds, limit=limit, include_retired=include_retired)
        if kinds is None:
            found += self.search_turns(query, project=project, limit=limit)
        return found

    def search_memories(
        self,
        query: str,
        *,
        project: str | None = None,
        kinds: Sequence[Kind] | None = None,
        limit: int = 20,
        include_retired: bool = False,
    ) -> list[Hit]:
        """Best bm25 first. Any text is a valid query."""
        return _search.search_memories(
            self._connection, query, project=project, kinds=kinds, include_retired=include_retired, limit=limit
        )

    def search_turns(
        self, query: str, *, project: str | None = None, limit: int = 20, around: float = 0.0
    ) -> list[Hit]:
        """Best bm25 first. Any text is a valid query. `around`: what a word is worth that stands in the turn beside."""
        return _search.search_turns(self._connection, query, project=project, limit=limit, around=around)

    # Vectors

    def without_vectors(self, model: str, limit: int) -> tuple[list[tuple[str, int, str]], int]:
        """Up to `limit` turns and memories that have no vector of `model` yet: sort, row, words; with 0, how many."""
        return _vectors.without(self._connection, model, limit)

    def keep_vectors(self, model: str, rows: Iterable[Made]) -> None:
        """Of those rows whose words still are what the vector was made of."""
        with self._connection.writing() as db:
            _vectors.keep(db, model, rows)

    def vectors(self, model: str, after: int = 0) -> list[Vector]:
        """Those of `model` that were kept after the one called `after`."""
        return _vectors.after(self._connection, model, after)

    def vector_count(self, model: str) -> int:
        return _vectors.count(self._connection, model)

    def drop_vectors(self, but: str | None = None) -> int:
        """Forget all vectors, or all that are not of the model `but`; they can be made again."""
        with self._connection.writing() as db:
            return _vectors.drop(db, but)

    def scope(self, project: str | None) -> tuple[list[str], list[int]]:
        """The ids of the sessions, and the rows of the memories, that may be found in `project` (None: in any)."""
        return _vectors.scope(self._connection, project)

    def hits(self, numbers: Sequence[int], of: str, *, project: str | None = None) -> list[Hit]:
        """The turns, or memories, with these rows, in `project` and as far as they may be found."""
        return _vectors.hits(self._connection, numbers, of, project)
