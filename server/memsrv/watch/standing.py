"""Who watches, since when, and how it goes: what the watch says of itself, and how others read it."""

from dataclasses import dataclass

from memsrv import __version__
from memsrv.lease import Lease
from memsrv.records import from_dict
from memsrv.settings import Home

#: The name of the lease, and so of `watch.lock` and `watch.json`.
NAME = "watch"

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

    @property
    def outdated(self) -> bool:
        """Another version of memsrv than this one watches: an IDE window that was opened before an update, or after."""
        return self.watching and self.version is not None and self.version != __version__


def standing(home: Home) -> WatchStanding:
    """Reads two files; starts nothing, and waits for nobody."""
    lease = Lease(home.root, NAME)
    if not lease.held():
        return WatchStanding(watching=False)
    try:
        return from_dict(WatchStanding, lease.said() | {"watching": True})
    except (KeyError, TypeError, ValueError):
        return WatchStanding(watching=True)  # said by a version that says it otherwise
