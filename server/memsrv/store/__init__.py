"""The store: one SQLite file, and the only place that speaks SQL. Records in, records out.

What logs told, what was learnt of it and the index each have a page; here is what goes through all of them: projects,
erasing, counts. Readers never wait; writers take turns over all processes. Knows nothing of log formats, redaction or
ranking.
"""

from collections.abc import Iterable, Sequence

from memsrv.project import Placing
from memsrv.records import Memory
from memsrv.store import erasing as _erasing
from memsrv.store import figures as _figures
from memsrv.store import gone as _gone
from memsrv.store import memories as _memories
from memsrv.store import projects as _projects
from memsrv.store.deltas import Change, Counters, Delta, Use
from memsrv.store.erasing import Swept
from memsrv.store.figures import MemoryCounts
from memsrv.store.index import Index
from memsrv.store.learnt import Learnt
from memsrv.store.logs import Logs
from memsrv.store.migrations import migrations
from memsrv.store.projects import Facets, Moved, Renamed, Rule
from memsrv.store.ready import Ready, Stretch, ready
from memsrv.store.rows import (
    Appended,
    Archived,
    ArchiveSize,
    Counts,
    FileState,
    Hit,
    Loss,
    LossKind,
    Marked,
    Raw,
    Remembered,
    SourceFile,
    Stated,
)
from memsrv.store.search import STOPWORDS
from memsrv.store.vectors import Made, Near, Vector
from memsrv.tombstones import Tombstone, Tombstones

#: The names of the migrations that make this code's schema, oldest first.
SCHEMA = tuple(migration.name for migration in migrations._migrations)

__all__ = [
    "SCHEMA",
    "STOPWORDS",
    "Appended",
    "ArchiveSize",
    "Archived",
    "Change",
    "Counters",
    "Counts",
    "Delta",
    "Facets",
    "FileState",
    "Hit",
    "Loss",
    "LossKind",
    "Made",
    "Marked",
    "Moved",
    "Near",
    "Raw",
    "Ready",
    "Remembered",
    "Rule",
    "SourceFile",
    "Stated",
    "Store",
    "Stretch",
    "Swept",
    "Use",
    "Vector",
    "ready",
]


class _DryRun(Exception):
    """All that was done is undone."""


class Store(Logs, Learnt, Index):
    """All that is known at home.

    Anything that the disk or another process refuses is a StoreError with a sentence; nothing is half written then.
    """

    # Erasing, by tombstones

    def tombstones(self) -> Tombstones:
        """The hashes of all that was erased."""
        return _erasing.tombstones(self._connection)

    def erased_claims(self) -> frozenset[str]:
        """Hashes of the ids and texts of what was erased."""
        return _erasing.claims(self._connection)

    def is_erased(self, memory: Memory) -> bool:
        """Whether `memory` says again what was erased: it would not be stored."""
        return _erasing.clean_memory(memory, self.tombstones(), self.erased_claims()) is None

    def stones_of(
        self, memories: Iterable[Memory], words: Iterable[str] = (), sessions: Iterable[str] = ()
    ) -> list[Tombstone]:
        """What erasing `memories`, `words` wherever they stand, and `sessions` would leave. Nothing is written."""
        return _erasing.stones_of(self._connection, memories, words, sessions)

    def whole_session(self, id: str) -> tuple[str, ...]:
        """The session `id` and those that go with it: what tells it again, and its subagents'. Empty: there is none."""
        return _gone.whole(self._connection, id)

    def forks(self, sessions: Sequence[str]) -> tuple[str, ...]:
        """The sessions that were forked off one of `sessions`, and are not among them."""
        return _gone.forks(self._connection, sessions)

    def session_claims(self, sessions: Sequence[str]) -> frozenset[str]:
        """The hashes by which erased `sessions` are known again, and copies of their events."""
        return _gone.claims(self._connection, sessions)

    def bury(self, stones: Iterable[Tombstone], claims: Iterable[str]) -> None:
        """Lay stones, and never take up again what hashes to one of `claims`. From now on nothing like it is stored."""
        with self._connection.writing() as db:
            _erasing.bury(db, stones, claims)

    def sweep(self, stones: Tombstones, claims: frozenset[str], *, dry: bool = False) -> Swept:
        """Remove what `stones` and `claims` name from every byte of the database; `dry`: only count it."""
        everything = _memories.list_memories(self._connection, None, None, True)
        return _erasing.sweep(self._connection, everything, stones, claims, dry=dry)

    def erasing_unfinished(self) -> bool:
        """Whether an erase was cut short: its stones lie, and what they name may still stand outside the database."""
        return _erasing.unfinished(self._connection)

    def erasing_finished(self, when: str) -> None:
        with self._connection.writing() as db:
            _erasing.finish(db, when)

    # Projects

    def projects(self) -> list[str]:
        """Every project with a session or a memory, by name."""
        rows = self._connection.read("SELECT project FROM sessions UNION SELECT project FROM memories ORDER BY 1")
        return [row[0] for row in rows]

    def facets(self) -> dict[str, Facets]:
        """What each project has: sessions, folders, branches, agents, …, by its name."""
        return _projects.facets(self._connection)

    def folders(self, limit: int) -> list[tuple[str, str]]:
        """The (project, folder) that sessions were held in, those of the newest sessions first."""
        return _projects.folders(self._connection, limit)

    def strays(self) -> list[tuple[str, str, str]]:
        """(folder, older project, newer project): where a folder's sessions are of two projects."""
        return _projects.strays(self._connection)

    def placing(self) -> Placing:
        """What was merged and split."""
        return _projects.placing(self._connection)

    def place(self, rules: Sequence[Rule], *, time: str, renamed: Renamed, dry: bool = False) -> Moved:
        """Keep, or with no project drop, what a person says of projects; sessions and memories move with it, at once.

        `renamed` gives the id that a memory has in another project. `dry`: only say what would move.
        """
        try:
            with self._connection.writing() as db:
                for rule in rules:
                    _projects.keep(db, rule, time)
                moved = _projects.settle(db, renamed)
                if dry:
                    raise _DryRun
        except _DryRun:
            pass
        return moved

    def rules(self) -> list[Rule]:
        """What was merged and split, with what was noted then."""
        return _projects.rules(self._connection)

    def last_project(self) -> str | None:
        """The project that was worked on last; None where nothing has been read."""
        return _figures.last_project(self._connection)

    # Figures

    def memory_counts(self) -> MemoryCounts:
        """How many memories there are, by kind and trust."""
        return _figures.memory_counts(self._connection)

    def events_by_agent(self) -> dict[str, int]:
        return _figures.events_by_agent(self._connection)

    def counts(self) -> Counts:
        row = self._connection.read(
            """SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM events),
                      (SELECT count(*) FROM memories WHERE valid_to IS NULL AND superseded_by IS NULL),
                      (SELECT count(*) FROM memories WHERE valid_to IS NOT NULL OR superseded_by IS NOT NULL),
                      (SELECT count(*) FROM files),
                      (SELECT count(*) FROM losses WHERE kind IN ('unreadable', 'too long', 'damaged')),
                      (SELECT count(*) FROM (SELECT project FROM sessions UNION SELECT project FROM memories))"""
        )[0]
        return Counts(*row)
