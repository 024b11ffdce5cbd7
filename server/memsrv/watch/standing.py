"""Who watches, since when, and how it goes: what the watch says of itself, and how others read it."""

from dataclasses import dataclass

import psutil

from memsrv import __version__
from memsrv.home import Home
from memsrv.lease import Lease
from memsrv.records import from_dict

#: The name of the lease, and so of `watch.lock` and `watch.json`.
NAME = "watch"
#: Of the lease of who watches while the holder of the first one is suspended.
DEPUTY = "watch-deputy"

EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong, and the watch goes on."""

    time: str
    where: str  # the file, folder or session
    what: str


@dataclass(frozen=True, slots=True)
class WatchStanding:
    """Whether anybody watches the logs of a home. All but `watching` is None or empty where nobody does."""

    watching: bool
    pid: int | None = None
    version: str | None = None  # of the memsrv that watches; another than this one's after an update
    since: str | None = None
    mode: str | None = None  # `events`, or `rescan (why)`: changes are found only when all logs are looked at
    folders: tuple[str, ...] = ()
    rescan_seconds: float | None = None
    scanned: str | None = None  # when all logs were last looked at; None: not yet since it began
    last_error: Trouble | None = None
    left_logs: int = 0  # old logs that are not read unasked: `memsrv ingest` asks
    left_bytes: int = 0

    @property
    def outdated(self) -> bool:
        """Another version of memsrv than this one watches: an IDE window that was opened before an update, or after."""
        return self.watching and self.version is not None and self.version != __version__


def standing(home: Home) -> WatchStanding:
    """Reads a few files; starts nothing, and waits for nobody."""
    lease = next((lease for name in (DEPUTY, NAME) if (lease := Lease(home.root, name)).held()), None)
    if lease is None:
        return WatchStanding(watching=False)
    try:
        return from_dict(WatchStanding, lease.said() | {"watching": True})
    except (KeyError, TypeError, ValueError):
        return WatchStanding(watching=True)  # said by a version that says it otherwise


def holder_is_suspended(home: Home) -> bool:
    """Whether the lease is held by a process that is stopped: Ctrl-Z in a terminal stops the agent's servers, too."""
    lease = Lease(home.root, NAME)
    pid = lease.said().get("pid")
    try:
        return isinstance(pid, int) and psutil.Process(pid).status() == psutil.STATUS_STOPPED and lease.held()
    except psutil.Error:
        return False
