"""The store: one SQLite file, and the only place that speaks SQL. Records in, records out.

Readers never wait; writers take turns over all processes. Knows nothing of log formats, redaction or ranking.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from memsrv.project import Placing
from memsrv.records import Event, Kind, Memory, Review, Session, Trust
from memsrv.store import archive as _archive
from memsrv.store import deltas as _deltas
from memsrv.store import erasing as _erasing
from memsrv.store import events as _events
from memsrv.store import figures as _figures
from memsrv.store import losses as _losses
from memsrv.store import memories as _memories
from memsrv.store import projects as _projects
from memsrv.store import reviews as _reviews
from memsrv.store import search as _search
from memsrv.store import snapshots as _snapshots
from memsrv.store import vectors as _vectors
from memsrv.store.connection import Connection
from memsrv.store.deltas import Change, Counters, Delta, Use
from memsrv.store.erasing import Swept
from memsrv.store.figures import MemoryCounts
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


class Store:
    """Open with `Store.open(path)`; a context manager. May be shared by threads; each process opens its own.

    Anything that the disk or another process refuses is a StoreError with a sentence; nothing is half written then.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the database at `path`, and bring its schema forward. A newer schema is a StoreError."""
        return cls(Connection(path))

    @property
    def path(self) -> Path:
        return self._connection.path

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Events, sessions, files

    def append(
        self,
        file: FileState,
        session: Session,
        events: Sequence[Event],
        *,
        losses: Sequence[Loss] = (),
        read_from: FileState | None = None,
    ) -> Appended:
        """`take` of one session's events."""
        return self.take(file, [Stretch(session, events)], losses=losses, read_from=read_from)

    def take(
        self,
        file: FileState,
        stretches: Sequence[Stretch],
        *,
        losses: Sequence[Loss] = (),
        read_from: FileState | None = None,
    ) -> Appended:
        """Store what `file` told of some sessions and how far it has been read, in one transaction; archive it, too.

        `read_from` is the FileState that the reading began at (None: the file was not known). If another process has
        read on since, nothing is written and `stale` is true. An event whose id is known for this agent is a duplicate
        (the first wins), or of a whole session revised. `Event.turn` is given here: 0-based, in order of arrival.
        """
        with self._connection.writing() as db:
            return _events.take(db, file, stretches, losses, read_from)

    def start_over(self, file: FileState, losses: Sequence[Loss] = ()) -> None:
        """Note that a file was rewritten: its new identity, offset 0, a new generation, no unreadable records."""
        with self._connection.writing() as db:
            _events.start_over(db, file, losses)

    def rename_file(self, old: str, new: str) -> bool:
        """The log at `old` is at `new` now, its sessions and losses with it; False where `new` is known already."""
        with self._connection.writing() as db:
            return _events.rename_file(db, old, new)

    def lose(self, losses: Sequence[Loss]) -> None:
        with self._connection.writing() as db:
            _losses.add(db, losses)

    def file(self, path: str) -> FileState | None:
        """How far the file at `path` has been read, or None."""
        return _events.get_file(self._connection, path)

    def files(self) -> list[SourceFile]:
        """Every log file with its lag in bytes, unreadable lines and what was not understood."""
        return _events.list_files(self._connection)

    def known_paths(self) -> set[str]:
        """The paths of all log files that were read."""
        return {row[0] for row in self._connection.read("SELECT path FROM files")}

    def files_like(self, dev: int, inode: int, paths: Sequence[str]) -> list[FileState]:
        """The logs that were this file when they were read last, or that had one of these names."""
        return _events.files_like(self._connection, dev, inode, paths)

    def files_behind(self) -> list[FileState]:
        """The logs that were longer than they had been read when they were looked at last."""
        return _events.files_behind(self._connection)

    def marks(self, path: str) -> dict[str, str]:
        """Of the log at `path`: the mark of every session that was taken from it."""
        return _snapshots.marks(self._connection, path)

    def not_understood(self, path: str) -> dict[str, int]:
        """By name, in the sessions of the log at `path` as they were taken last."""
        return _snapshots.unknown(self._connection, path)

    def losses(self, path: str | None = None) -> list[Loss]:
        """All that was in logs (in the one at `path`) and is not here, by place."""
        return _losses.list_losses(self._connection, path, tuple(LossKind))

    def unreadable(self, path: str | None = None) -> list[Loss]:
        """The records that could not be read, with their place."""
        return _losses.list_losses(self._connection, path, _losses.RECORDS)

    def archived(self, session: str, first: int = 0, last: int | None = None) -> Iterator[Archived]:
        """All that was read of a session, uncut: its turns in the order of reading, then what was not understood."""
        return _archive.archived(self._connection, session, first, last)

    def whole_event(self, session: str, turn: int) -> Event | None:
        """The event with all its words, which a turn may keep cut; None if it was read before there was an archive."""
        return _archive.event(self._connection, session, turn)

    def archive_size(self) -> ArchiveSize:
        return _archive.size(self._connection)

    def sessions(self, project: str | None = None, *, twice: bool = False) -> list[Session]:
        """Oldest first; with `twice` also those that another one tells: exports of sessions whose own log was read."""
        return _events.list_sessions(self._connection, project, twice)

    def session(self, id: str) -> Session:
        """NotFound where there is none."""
        return _events.get_session(self._connection, id)

    def first_prompts(self, sessions: Sequence[str]) -> dict[str, str]:
        """The beginning of what a person said first in each of `sessions`, where anybody said anything."""
        return _events.first_prompts(self._connection, sessions)

    def events(self, session: str) -> list[Event]:
        """All events of a session in order; [] where there is none."""
        return _events.list_events(self._connection, session, 0, None)

    def event(self, session: str, turn: int) -> Event:
        """NotFound where there is none."""
        return _events.get_event(self._connection, session, turn)

    def event_by_id(self, id: str) -> Event:
        """NotFound where there is none."""
        return _events.event_by_id(self._connection, id)

    def turns_around(self, session: str, turn: int, n: int = 2) -> list[Event]:
        """The event at `turn` with up to `n` events on either side."""
        return _events.list_events(self._connection, session, turn - n, turn + n)

    def echoes(self, session: str, first: int, last: int) -> list[Event]:
        """Of the turns from `first` to `last` those in which memsrv itself told the agent something."""
        return _events.list_echoes(self._connection, session, first, last)

    # Memories

    def remember(self, memories: Iterable[Memory], *, who: str = "rules") -> Remembered:
        """Store memories in one transaction.

        A known id gains the new evidence (and lives again if it was said after it had ended). A claim with subject and
        relation supersedes the live claim with the same (project, subject, relation) if its `valid_from` is not older,
        and is itself stored as superseded if it is. Erased claims are not taken up again. `who`
        stands beside each change in the log of deltas.
        """
        with self._connection.writing() as db:
            return _memories.remember(db, memories, who)

    def memories(
        self, project: str | None = None, kinds: Sequence[Kind] | None = None, *, include_retired: bool = False
    ) -> list[Memory]:
        """In the order they were learnt. Without `include_retired` only what holds now."""
        return _memories.list_memories(self._connection, project, kinds, include_retired)

    def stated(self, project: str) -> list[Stated]:
        """What each memory of `project` says, ended ones included: a few ms for ten thousand."""
        return _memories.list_stated(self._connection, project)

    def memories_called(self, ids: Sequence[str]) -> list[Memory]:
        """Those of `ids` that there are, in the order they were learnt, ended ones included."""
        return _memories.memories_called(self._connection, ids)

    def memory(self, id: str) -> Memory:
        """NotFound where there is none."""
        return _memories.get_memory(self._connection, id)

    def memory_chain(self, id: str) -> list[Memory]:
        """The memory with all that it superseded and that superseded it, oldest first."""
        return _memories.chain(self._connection, id)

    def retire(self, id: str, when: str, *, who: str = "person") -> None:
        """It no longer holds from `when` on; it stays in the ledger. Already ended: nothing changes."""
        with self._connection.writing() as db:
            _memories.retire(db, id, when, who)

    def changes(self, memories: Iterable[str]) -> list[Change]:
        """The log of deltas of `memories`, oldest first."""
        return _deltas.changes(self._connection, memories)

    def said(self) -> list[tuple[str, str]]:
        """(memory, time) for each time that a memory was said, as far as anything tells."""
        return _deltas.said(self._connection)

    def evidence_times(self) -> list[tuple[tuple[str, int], str]]:
        """When each (session, turn) was that is evidence of a memory, as far as it is known."""
        return _deltas.evidence_times(self._connection)

    def endings(self) -> list[tuple[str, str, str | None]]:
        """(memory, time, successor) for each time that a memory ended."""
        return _deltas.endings(self._connection)

    def was_told(self, session: str) -> bool:
        """Whether memsrv itself gave the agent anything in `session`."""
        return bool(self._connection.read("SELECT 1 FROM events WHERE session = ? AND echo LIMIT 1", [session]))

    def resolve(self, id: str, keep: str, when: str, *, merge: bool = False, who: str = "person") -> None:
        """`keep` holds from now on, and `id` gives way to it; with `merge` what is evidence of one is of the other."""
        with self._connection.writing() as db:
            _memories.resolve(db, id, keep, when, merge, who)

    def said_by_people(self, project: str | None = None) -> list[tuple[str, str, int, str]]:
        """(memory, session, turn, time) for every time that a person said what a memory says; oldest first."""
        return _deltas.said_by_people(self._connection, project)

    def saved_by_agents(self, project: str, since: str) -> list[Memory]:
        """What agents saved on purpose from the time `since` on, and still holds."""
        return _memories.saved_by_agents(self._connection, project, since)

    def distrust(self, id: str, trust: Trust, *, who: str = "rules") -> None:
        """It is what `trust` said: a quote, that nothing is trained on before a person approved it."""
        with self._connection.writing() as db:
            _memories.distrust(db, id, trust, who)

    def keep_uses(self, session: str, uses: Iterable[Use]) -> None:
        """What `session` tells of the memories that were given in it, instead of what it told before."""
        with self._connection.writing() as db:
            _deltas.keep_uses(db, session, uses)

    def counters(self, until: str | None = None) -> dict[str, Counters]:
        """Of every memory that was given to an agent, ever or `until` then: how often, and what came of it."""
        return _deltas.counters(self._connection, until)

    def review(self, project: str, review: Review) -> None:
        """Keep a person's word on one fact of `project`; it replaces what was said of the fact before."""
        with self._connection.writing() as db:
            _reviews.put(db, project, review)

    def reviews(self, project: str) -> list[Review]:
        """The standing word on each reviewed fact of `project`, oldest first."""
        return _reviews.of_project(self._connection, project)

    # The file as a whole

    def snapshot(self, to: Path) -> None:
        """The database as of this moment, as the new file `to`; others may read and write meanwhile."""
        self._connection.snapshot(to)

    def unsound(self) -> str | None:
        """What is wrong with the file, in SQLite's words; None where nothing is."""
        row = self._connection.read("PRAGMA quick_check(1)")[0]
        return None if row[0] == "ok" else str(row[0])

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

    def stones_of(self, memories: Iterable[Memory], words: Iterable[str] = ()) -> list[Tombstone]:
        """What erasing `memories`, and `words` wherever they stand, would leave. Nothing is written."""
        return _erasing.stones_of(self._connection, memories, words)

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

    # Search and figures

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

    def usefulness(self, memories: Sequence[str]) -> dict[str, float]:
        """From 0 to 1 of each that an agent took up: how well those tasks went."""
        return _deltas.usefulness(self._connection, memories)

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

    def scope(self, project: str | None) -> tuple[list[str], list[int]]:
        """The ids of the sessions, and the rows of the memories, that may be found in `project` (None: in any)."""
        return _vectors.scope(self._connection, project)

    def mark(self) -> tuple[int, int]:
        """Another one whenever anything was written since, by whomever."""
        return self._connection.mark()

    def vector_count(self, model: str) -> int:
        return _vectors.count(self._connection, model)

    def drop_vectors(self, but: str | None = None) -> int:
        """Forget all vectors, or all that are not of the model `but`; they can be made again."""
        with self._connection.writing() as db:
            return _vectors.drop(db, but)

    def hits(self, numbers: Sequence[int], of: str, *, project: str | None = None) -> list[Hit]:
        """The turns, or memories, with these rows, in `project` and as far as they may be found."""
        return _vectors.hits(self._connection, numbers, of, project)

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

    def unremembered(self) -> dict[str, int]:
        """Sessions that gained turns since memories were last made of them, and how many turns they have now.

        One that another session tells is that one's to be remembered.
        """
        rows = self._connection.read(
            """SELECT e.session, count(*) FROM events e LEFT JOIN remembered r ON r.session = e.session
               WHERE e.session NOT IN (SELECT session FROM told_twice)
               GROUP BY e.session HAVING count(*) > coalesce(max(r.turns), 0) ORDER BY min(e.n)"""
        )
        return {row[0]: row[1] for row in rows}

    def mark_remembered(self, turns: Mapping[str, int]) -> None:
        """Memories have been made of these sessions, as far as these numbers of turns; what others that tell the same
        were evidence of rests on these alone."""
        with self._connection.writing() as db:
            _memories.withdraw(db, list(turns))
            for place in turns.items():
                db.execute(
                    "INSERT INTO remembered VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET turns = excluded.turns",
                    place,
                )

    def note(self, key: str, value: str) -> None:
        """Keep one small value under `key` (when a project was last consolidated, and the like)."""
        with self._connection.writing() as db:
            db.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [key, value],
            )

    def noted(self, key: str) -> str | None:
        rows = self._connection.read("SELECT value FROM meta WHERE key = ?", [key])
        return rows[0][0] if rows else None
