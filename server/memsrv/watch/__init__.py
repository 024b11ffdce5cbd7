"""The watch: while a process of memsrv runs, what agents write to their logs is read, and made into memories.

One process of a home watches, under a lease; the others wait, and one of them takes over when it ends, or for as long
as it is suspended. Events are hints and a periodic look at all logs is the truth, so a lost event costs time and no
data. Knows no log format and no SQL: reading and remembering are verbs that come in as an argument.
"""

import logging
import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from memsrv import __version__, sources
from memsrv.home import Home
from memsrv.lease import Lease
from memsrv.records import to_dict
from memsrv.settings import Settings
from memsrv.watch.reading import TICK_S, Reading, Stopped, Verbs
from memsrv.watch.standing import DEPUTY, NAME, Trouble, WatchStanding, holder_is_suspended, standing
from memsrv.watch.troubles import Troubles

__all__ = ["Trouble", "Verbs", "Watch", "WatchStanding", "standing"]

#: How often one that waits looks whether the lease is free: it has taken over within twice as long.
POLL_S = 1.0
#: How long `stop` waits for the transaction under way.
_PATIENCE_S = 10.0

#: After an error that ended the watching itself, such as a config.toml that cannot be read.
_RETRY_S = 3.0
#: Where something is wrong that is wrong with no file.
_HERE = "memsrv"

log = logging.getLogger("memsrv.watch")


class Watch:
    """Waits for the lease and watches while it has it, in a thread of its own. `tell` hears of progress in words.

    `always` watches even where `watch.enabled` is false: a person asked for it. `folders`: where each agent keeps its
    logs, by the agent's name; unset, where agents of this machine do.
    """

    def __init__(
        self,
        home: Home,
        verbs: Verbs,
        *,
        always: bool = False,
        tell: Callable[[str], None] = log.debug,
        folders: Mapping[str, Collection[Path]] | None = None,
        observer: Callable[[], BaseObserver] = Observer,
    ) -> None:
        self._home = home
        self._verbs = verbs
        self._always = always
        self._tell = tell
        self._folders = sources.folders() if folders is None else folders
        self._observer = observer
        self._lease = Lease(home.root, NAME)
        self._deputy = Lease(home.root, DEPUTY)
        self._stop = threading.Event()
        self._ended = threading.Event()  # Thread.join forgets a thread when a signal interrupts it (bpo-45274)
        self._reading: Reading | None = None
        self._troubles = Troubles(tell)
        self._told_to_wait = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="watch")

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        """Until `stop` is called; a signal's exception ends the waiting."""
        while not self._ended.wait(TICK_S):
            pass  # on Windows no signal ends a wait without a limit

    def stop(self) -> None:
        """End the watch: after the transaction under way, the lease is free."""
        self._stop.set()
        if reading := self._reading:
            reading.hints.ring()
        self._ended.wait(_PATIENCE_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._take_part()
            except Stopped:
                break
            except Exception as error:  # noqa: BLE001  # who is served beside us goes on being served
                self._troubles.add(_HERE, error)
                self._stop.wait(_RETRY_S)
            self._stop.wait(POLL_S)
        self._lease.give_back()
        self._verbs.close()
        self._ended.set()

    def _take_part(self) -> None:
        settings = self._verbs.settings
        if not (self._always or settings.watch.enabled):
            self._lease.give_back()
        elif self._lease.take():
            self._hold(settings, self._lease)
        elif holder_is_suspended(self._home) and self._deputy.take():
            self._tell("who watches is suspended; this process watches until it goes on")
            try:
                self._hold(settings, self._deputy)
            finally:
                self._deputy.give_back()
        elif not self._told_to_wait and (holder := standing(self._home).pid):
            self._told_to_wait = True
            self._tell(f"process {holder} watches; this one takes over when it ends")

    def _hold(self, settings: Settings, lease: Lease) -> None:
        """Watch, until asked to stop, the settings are others, or the process goes on that this one stands in for."""
        self._told_to_wait = False
        reading = Reading(
            self._verbs, settings, self._folders, self._stop,
            troubles=self._troubles, tell=self._tell, observer=self._observer,
        )  # fmt: skip
        self._reading = reading
        now = WatchStanding(
            watching=True,
            pid=os.getpid(),
            version=__version__,
            since=_now(),
            folders=_there(reading),
            rescan_seconds=settings.watch.rescan_seconds,
        )
        nothing = "for an agent's first log" if reading.folders else "nothing: no source may be read"
        self._tell(f"watching {', '.join(now.folders) or nothing}")
        lease.say(to_dict(now))
        try:
            while not self._stop.is_set() and self._verbs.settings == settings:
                if lease is self._deputy and not holder_is_suspended(self._home):
                    break
                looked = reading.step()
                self._troubles.over(_HERE)
                then, now = (
                    now,
                    replace(
                        now,
                        mode=reading.mode,
                        scanned=_now() if looked else now.scanned,
                        folders=_there(reading) if looked else now.folders,
                        last_error=self._troubles.last,
                        left_logs=reading.backlog.logs,
                        left_bytes=reading.backlog.bytes,
                    ),
                )
                if now != then:
                    lease.say(to_dict(now))
        except Stopped:
            raise
        except Exception as error:
            lease.say(to_dict(replace(now, last_error=self._troubles.add(_HERE, error))))
            raise
        finally:
            self._reading = None
            reading.close()


def _there(reading: Reading) -> tuple[str, ...]:
    return tuple(str(folder) for folder in reading.folders if folder.exists())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
