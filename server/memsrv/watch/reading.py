"""The logs in the eyes of who watches: hints are read at once, all logs are looked at now and then, sessions ripen.

An error stays with the file or the session that it came from: it is kept, logged, and the next one is read. Only a
database that cannot be written ends a round, since no other file would fare better; the next round reads what is left.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Protocol

from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from memsrv.consent import Act, Consent
from memsrv.errors import NoLogs, StoreError
from memsrv.ingest import IngestReport
from memsrv.plurals import counted
from memsrv.settings import Settings
from memsrv.sources import SOURCES, Source
from memsrv.watch.backlog import Backlog
from memsrv.watch.changes import Change, Changes
from memsrv.watch.hints import Hints
from memsrv.watch.places import Log, Places
from memsrv.watch.ripening import Ripening
from memsrv.watch.standing import EVENTS
from memsrv.watch.troubles import Troubles

#: The longest that nothing is looked at: folders that come and go, a changed config.toml.
TICK_S = 1.0
#: Where hints come faster than logs are read, a pause as long as the last reading, and no longer than this: one
#: transaction instead of ten, and half of a core at most.
_SETTLE_S = 0.03
#: So many readings in a row are hurried; a line that comes alone is never kept waiting.
_HURRIED = 3
#: Old logs are read for so long before sessions are looked after again.
_ROUND_S = 2.0
#: The newest logs whose folders are followed where the whole tree around them cannot be.
_NEWEST = 64
#: A document that was just being rewritten is looked at again so soon: its agent is done in far less.
_REWRITTEN_S = 1.0
#: After a round that the database ended.
_RETRY_S = 2.0
#: Turns of which memories are made before hints are looked at again: well under a second's work.
_TURNS_AT_ONCE = 300
#: Where something is wrong that is wrong with no file.
_DATABASE = "the database"


class Verbs(Protocol):
    """What a watch needs of a home; `memsrv.app.App` is one."""

    @property
    def settings(self) -> Settings: ...
    def read_logs(
        self, paths: Sequence[Path], *, progress: Callable[..., None] | None = None,
        known: Mapping[Path, Source] | None = None,
    ) -> IngestReport: ...  # fmt: skip
    def known_logs(self) -> Collection[str]: ...
    def backfill_since(self) -> float | None: ...
    def project_folders(self) -> Iterable[Path]: ...
    def waiting_sessions(self) -> dict[str, int]: ...
    def remember_sessions(self, waiting: Mapping[str, int]) -> int: ...
    def close(self) -> None: ...


class Stopped(Exception):
    """The watch was asked to end, in the middle of a long file."""


class Reading:
    """Reads those of the agents' `folders` that may be read, until `stop`. For one thread; any may ring `hints`."""

    def __init__(
        self,
        verbs: Verbs,
        settings: Settings,
        folders: Mapping[str, Collection[Path]],
        stop: Event,
        *,
        troubles: Troubles,
        tell: Callable[[str], None],
        observer: Callable[[], BaseObserver] = Observer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        allows = Consent(settings).allows
        allowed = [source.name for source in SOURCES if allows(Act.CAPTURE, agent=source.name)]
        self._places = Places(
            {agent: own for agent, own in folders.items() if agent in allowed}, verbs.project_folders, agents=allowed
        )
        self.folders = self._places.folders
        self.hints = Hints(observer=observer)
        self.mode = EVENTS
        self.backlog = Backlog(settings.watch.backfill_mib << 20, time.time(), verbs.known_logs, verbs.backfill_since)
        self._verbs = verbs
        self._stop = stop
        self._troubles = troubles
        self._tell = tell
        self._clock = clock
        self._rescan_s = settings.watch.rescan_seconds
        self._ripening = Ripening(settings.watch.quiet_seconds)
        self._changes = Changes()
        self._near: Sequence[Path] = ()  # folders of logs that are not below one that is followed
        self._queue: deque[Change] = deque()  # of the look at all logs, what is still to be read
        self._unheard: list[Change] = []  # of those, what an event should have told of and none did
        self._hinted: set[Path] = set()  # since all logs were last looked at
        self._unmemorable: dict[str, int] = {}  # sessions that memories could not be made of, as long as they were
        self._half_written: dict[Path, float] = {}  # documents, and when to look at them again
        self._missed = 0
        self._rounds = 0
        self._next_round = self._next_follow = clock()
        self._hurried = 0
        self._took_s = 0.0
        self._reading: Path | None = None  # the log that is being read now
        self._grown: set[Path] = set()  # a log that an event told of while it was being read
        self._beside = False  # other logs are being read between two batches of a long one

    def step(self) -> bool:
        """Wait for something to do, a tick at most, and do it. True: all logs were looked at."""
        self._follow()
        self._look_again()
        if not self._queue:
            self._wait()
        try:
            self._read_hinted()
            looked = self._look_at_all()
            self._remember()
        except StoreError as error:
            self._troubles.add(_DATABASE, error)
            self._verbs.close()  # it may have been replaced: a restored backup
            self._queue.clear()
            self._next_round = self._clock() + _RETRY_S
            self._stop.wait(min(_RETRY_S, TICK_S))
            return False
        self._troubles.over(_DATABASE)
        self.mode = self._told_mode()
        return looked

    def close(self) -> None:
        self.hints.close()

    def _follow(self) -> None:
        if self._clock() < self._next_follow:
            return
        self._next_follow = self._clock() + TICK_S
        if self.hints.follow(self.folders, self._near) and self._rounds:
            self._next_round = self._clock()  # a folder came: what was in it before events began is still to be read

    def _look_again(self) -> None:
        """At documents that were half written: what comes of it may tell of itself within the same tick of a clock."""
        for path in [path for path, due in self._half_written.items() if due <= self._clock()]:
            del self._half_written[path]
            self.hints.tell(path)

    def _wait(self) -> None:
        if not self.hints.wait(0):
            self._hurried = 0
            self.hints.wait(self._pause())
            return
        self._hurried += 1
        if self._hurried > _HURRIED:
            self._stop.wait(min(self._took_s, _SETTLE_S))

    def _pause(self) -> float:
        due = [self._next_round, self._next_follow, self._ripening.next(), *self._half_written.values()]
        return max(0.0, min(TICK_S, *(moment - self._clock() for moment in due if moment is not None)))

    def _told_mode(self) -> str:
        if self.hints.troubles:
            return f"rescan ({'; '.join(self.hints.troubles.values())})"
        if self._missed:
            return f"rescan (events are being lost: {self._missed} changes were found that none had told of)"
        return EVENTS

    # Reading

    def _read_hinted(self) -> None:
        told = self.hints.take()
        if not told:
            return
        began = self._clock()
        changes = self._changes.among(self._places.told_of(told))
        self._hinted |= told
        self._hinted.update(change.path for change in changes)
        for change in changes:
            if change.path == self._reading:
                self._grown.add(change.path)
            else:
                self._read(change)
        self._took_s = self._clock() - began

    def _look_at_all(self) -> bool:
        """Whether all logs have been looked at now, and what of them is to be read has been read."""
        if not self._queue:
            if self._clock() < self._next_round:
                return False
            logs = self._places.everything()
            self._near = self._unfollowed(logs)
            changes = self._changes.of_all(logs)
            self._unheard = [change for change in changes if self._was_missed(change)] if self._rounds else []
            self._queue.extend(self.backlog.readable(changes))
        until = self._clock() + _ROUND_S
        while self._queue and self._clock() < until:
            self._read_hinted()  # who is working now does not wait for what was written last month
            self._read(self._queue.popleft())
        if self._queue:
            return False
        self._missed = len(self._unheard)
        self._hinted = set()
        self._rounds += 1
        for session, turns in self._verbs.waiting_sessions().items():  # also what a crash left, here or elsewhere
            if not self._ripening.waits(session) and self._unmemorable.get(session) != turns:
                self._ripening.grew(session, self._clock())
        self._next_round = self._clock() + self._rescan_s
        return True

    def _unfollowed(self, logs: Sequence[Log]) -> Sequence[Path]:
        """The folders of the newest logs of which no event tells, those of the newest first."""

        def written(log: Log) -> float:
            try:
                return log.path.stat().st_mtime
            except OSError:
                return 0.0

        rest = (log for log in logs if not any(log.path.is_relative_to(place) for place in self.hints.deep))
        return list(dict.fromkeys(log.path.parent for log in heapq.nlargest(_NEWEST, rest, key=written)))

    def _was_missed(self, change: Change) -> bool:
        heard = change.path in self._hinted or not self.hints.hears(change.path)
        return not change.again and not heard and not self._changes.is_recent(change)

    def _read(self, change: Change) -> None:
        if self._stop.is_set():
            raise Stopped
        place = str(change.path)
        again = False
        outer, self._reading = self._reading, change.path
        try:
            report = self._verbs.read_logs([change.path], progress=self._go_on, known={change.path: change.source})
        except (StoreError, Stopped):
            raise
        except NoLogs:  # no log of an agent's, or gone since: nothing to read until it changes
            self._troubles.over(place)
        except Exception as error:  # noqa: BLE001  # it stays with this file; the others are read
            self._troubles.add(place, error)
        else:
            self._has_read(place, report)
            again = report.declined > 0 or report.half_written > 0
            if report.half_written:
                self._half_written[change.path] = self._clock() + _REWRITTEN_S
        finally:
            self._reading = outer
        self._changes.has_read(change, for_good=not again)  # an ignore file that goes changes no log
        if change.path in self._grown:
            self._grown.remove(change.path)
            self.hints.tell(change.path)

    def _has_read(self, place: str, report: IngestReport) -> None:
        self._troubles.over(place)
        for reason in report.unopened:
            self._troubles.add(place, OSError(reason))
        for session in report.changed:
            self._ripening.grew(session, self._clock())
        if report.events:
            self._tell(f"{place}: {counted(report.events, 'new event')}")

    def _go_on(self, *_: object) -> None:
        """Between the batches of a log: a gigabyte of it keeps no other log waiting."""
        if self._stop.is_set():
            raise Stopped
        if not self._beside:
            self._beside = True
            try:
                self._read_hinted()
            finally:
                self._beside = False

    # Remembering

    def _remember(self) -> None:
        ripe = self._ripening.ripe(self._clock())
        if not ripe:
            return
        waiting = self._verbs.waiting_sessions()
        chosen: dict[str, int] = {}
        for session in ripe:
            if chosen and sum(chosen.values()) + waiting.get(session, 0) > _TURNS_AT_ONCE:
                break
            self._ripening.done([session])
            if session in waiting:
                chosen[session] = waiting[session]
        try:
            self._made(self._verbs.remember_sessions(chosen) if chosen else 0, chosen)
        except StoreError:
            self._still_waiting(chosen)
            raise
        except Exception:  # noqa: BLE001  # one of them is to blame: which?
            for session, turns in chosen.items():
                self._remember_alone(session, turns)

    def _remember_alone(self, session: str, turns: int) -> None:
        place = f"session {session}"
        try:
            self._made(self._verbs.remember_sessions({session: turns}), [session])
            self._troubles.over(place)
        except StoreError:
            self._still_waiting([session])
            raise
        except Exception as error:  # noqa: BLE001  # a bug in reading one session; it is tried again when it has grown
            self._troubles.add(place, error)
            self._unmemorable[session] = turns

    def _still_waiting(self, sessions: Iterable[str]) -> None:
        for session in sessions:
            self._ripening.grew(session, self._clock())

    def _made(self, memories: int, sessions: Iterable[str]) -> None:
        if names := ", ".join(sessions):
            self._tell(f"remembered {names}: {counted(memories, 'new memory')}")
