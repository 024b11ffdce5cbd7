"""The vectors of one store in memory, with whose they are: taken in as they come, anew where some went.

A byte for each number, as they are stored; beside it their signs, by which the few are found that are worth the exact
look where there are many. Knows no encoder and no question.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from memsrv.store import Store
from memsrv.store.vectors import MEMORY, TURN, Vector

_OF_MEMORY = -1
#: Of so many vectors all are compared with the question; of more those whose signs agree with it best.
COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    mark: tuple[Path, tuple[int, int]] | None = None  # the store's, when it was looked at last
    last: int = 0
    matrix: Any = None  # int8
    scale: Any = None  # what one step of each vector is worth
    signs: Any = None  # a column for each vector, a row for each 64 numbers
    rows: Any = None  # the row of the turn or memory
    session: Any = None  # its number among `sessions`, or that of no session
    sessions: Mapping[str, int] = field(default_factory=dict)

    def renewed(self, store: Store, encoder: str) -> "Known":
        """With what came since; itself where nothing was written."""
        mark = (store.path, store.mark())
        if mark == self.mark:
            return self
        known = self if self.mark is not None and self.mark[0] == store.path else NOTHING
        new = store.vectors(encoder, known.last)
        if len(new) + (0 if known.rows is None else len(known.rows)) != store.vector_count(encoder):
            known, new = NOTHING, store.vectors(encoder)
        return known._with(new, mark)

    def _with(self, new: list[Vector], mark: tuple[Path, tuple[int, int]]) -> "Known":
        import numpy as np

        if not new:
            return replace(self, mark=mark)
        sessions = dict(self.sessions)
        numbers = [
            sessions.setdefault(row.session, len(sessions)) if row.of == TURN and row.session else _OF_MEMORY
            for row in new
        ]
        matrix = np.frombuffer(b"".join(row.data for row in new), np.int8).reshape(len(new), -1)
        scale, rows = np.array([row.scale for row in new], np.float32), np.array([row.n for row in new])
        signs, session = _signs(matrix), np.array(numbers)
        if self.matrix is not None:
            matrix, scale = np.concatenate([self.matrix, matrix]), np.concatenate([self.scale, scale])
            rows, session = np.concatenate([self.rows, rows]), np.concatenate([self.session, session])
            signs = np.concatenate([self.signs, signs], axis=1)
        return Known(mark, new[-1].id, matrix, scale, signs, rows, session, sessions)

    def scores(self, question: Any, places: Any) -> Any:
        """How alike each vector at `places` is to the vector `question`: their product."""
        import numpy as np

        # Not `@`: the threads of BLAS take a core from whoever works beside.
        return np.einsum("ij,j->i", self.matrix[places].astype(np.float32), question) * self.scale[places]

    def likely(self, question: Any, places: Any) -> Any:
        """Those of `places` that may be near to `question`: all, or about COMPARED whose signs agree with its best."""
        import numpy as np

        if len(places) <= COMPARED:
            return places
        differ = np.zeros(len(self.rows), np.uint16)
        for column, own in zip(self.signs, _signs(question[None])[:, 0], strict=True):
            differ += np.bitwise_count(column ^ own)
        differ = differ[places]
        enough = int(np.searchsorted(np.bincount(differ).cumsum(), COMPARED))
        return places[differ <= enough]

    def within(self, sessions: Iterable[str], memories: Iterable[int]) -> Any:
        """For each vector, whether it is of one of these."""
        import numpy as np

        may = np.zeros(len(self.sessions) + 1, bool)  # the last one is that of no session
        may[[self.sessions[id] for id in sessions if id in self.sessions]] = True
        found = may[self.session]
        of_memory = np.flatnonzero(self.session == _OF_MEMORY)
        found[of_memory] = np.isin(self.rows[of_memory], np.array(list(memories), np.int64))
        return found

    def what(self, places: Any) -> list[tuple[str, int]]:
        numbers = zip(self.session[places].tolist(), self.rows[places].tolist(), strict=True)
        return [(MEMORY if session == _OF_MEMORY else TURN, row) for session, row in numbers]


def _signs(matrix: Any) -> Any:
    import numpy as np

    bits = np.packbits(matrix > 0, axis=1)
    whole = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8)))
    return np.ascontiguousarray(np.ascontiguousarray(whole).view(np.uint64).T)


NOTHING = Known()
