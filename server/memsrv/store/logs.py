"""What logs told: how far each has been read, what was lost of it, and its sessions, turn by turn.

The turns as they are searched, and the archive with all their words. Knows nothing of what was learnt of them.
"""

from collections.abc import Iterator, Sequence

from memsrv.records import Event, Session
from memsrv.store import archive as _archive
from memsrv.store import events as _events
from memsrv.store import losses as _losses
from memsrv.store import snapshots as _snapshots
from memsrv.store.opened import Opened
from memsrv.store.ready import Stretch
from memsrv.store.rows import Appended, Archived, ArchiveSize, FileState, Loss, LossKind, SourceFile


class Logs(Opened):
    """Files, sessions, events."""

    # Reading

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

    # How far, and what was lost

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

    # Sessions

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

    def was_told(self, session: str) -> bool:
        """Whether memsrv itself gave the agent anything in `session`."""
        return bool(self._connection.read("SELECT 1 FROM events WHERE session = ? AND echo LIMIT 1", [session]))
