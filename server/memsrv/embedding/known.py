"""The vectors of one store in memory, as one matrix, with whose they are: taken in as they come, anew where some went.

Knows no encoder and no question.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memsrv.store import Store
from memsrv.store.vectors import MEMORY, TURN, Vector

_OF_MEMORY = -1


@dataclass(frozen=True, slots=True)
class Known:
    mark: tuple[Path, tuple[int, int]] | None = None  # the store's, when it was looked at last
    last: int = 0
    matrix: Any = None
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
            return Known(mark, self.last, self.matrix, self.rows, self.session, self.sessions)
        sessions = dict(self.sessions)
        numbers = [
            sessions.setdefault(row.session, len(sessions)) if row.of == TURN and row.session else _OF_MEMORY
            for row in new
        ]
        matrix = np.stack([np.frombuffer(row.data, np.int8).astype(np.float32) * row.scale for row in new])
        rows, session = np.array([row.n for row in new]), np.array(numbers)
        if self.matrix is not None:
            matrix = np.concatenate([self.matrix, matrix])
            rows, session = np.concatenate([self.rows, rows]), np.concatenate([self.session, session])
        return Known(mark, new[-1].id, matrix, rows, session, sessions)

    def within(self, sessions: Iterable[str], memories: Iterable[int]) -> Any:
        """For each vector, whether it is of one of these."""
        import numpy as np

        may = np.zeros(len(self.sessions) + 1, bool)  # the last one is that of no session
        may[[self.sessions[id] for id in sessions if id in self.sessions]] = True
        found = may[self.session]
        of_memory = np.flatnonzero(self.session == _OF_MEMORY)
        found[of_memory] = np.isin(self.rows[of_memory], np.array(list(memories), np.int64))
        return found

    def what(self, place: int) -> tuple[str, int]:
        return MEMORY if self.session[place] == _OF_MEMORY else TURN, int(self.rows[place])


NOTHING = Known()
