"""What may keep memsrv from working, each with what to do: the machine, the home, the agents' folders, the processes.

Judges figures, and looks at the few files of the system that hold limits. Opens no log and never says a word of one.
"""

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from memsrv.disk import MIB
from memsrv.home import Home
from memsrv.plurals import counted
from memsrv.status import AgentStanding, Concern, Standing
from memsrv.status.concerns import MANY
from memsrv.store import figures

WELL, KNOWN, WRONG = "well", "known", "wrong"
#: Less free disk than this, and the next log may not fit.
_FREE_BYTES = 500 * MIB
#: Watches of files that one user's programs share; an editor alone takes some ten thousand.
_FEW_WATCHES = 16_384
_FEW_INSTANCES = 64
#: From this share of records on it is worth a report that they are not understood.
_MUCH_UNKNOWN = 0.05
_SOME_UNREADABLE = 5  # a crash leaves one
_NAMES = 5


@dataclass(frozen=True, slots=True)
class Check:
    """`state`: well, known (nothing to do, or as you please) or wrong, which needs a hand."""

    name: str
    state: str
    what: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    well: bool
    checks: tuple[Check, ...]


def examined(checks: Iterable[Check]) -> Examined:
    listed = tuple(checks)
    return Examined(all(check.state != WRONG for check in listed), listed)


def of_machine() -> Iterator[Check]:
    yield Check("python", WELL, f"Python {platform.python_version()} at {sys.executable}")
    caution = figures.caution()
    if caution:
        update = "a newer Python has a newer SQLite; nothing is to be done while only memsrv writes"
        yield Check("sqlite", KNOWN, caution.rstrip("."), update)
    else:
        yield Check("sqlite", WELL, f"SQLite {figures.SQLITE}")


def damaged(home: Home, what: str) -> Check:
    """The database holds what no database does; `what`, in SQLite's words."""
    remedy = "restore a backup (`memsrv restore`), or move it away and run `memsrv ingest` to rebuild it"
    named = what if what.startswith(str(home.database)) else f"{home.database}: {what}"
    return Check("database", WRONG, named, remedy)


def of_home(home: Home, unsound: Check | None) -> Iterator[Check]:
    """`unsound`: what is wrong with the database."""
    root = home.root
    if not root.exists():
        yield Check("home", KNOWN, f"{root} is not there yet", "`memsrv ingest` makes it")
        return
    try:
        mode = stat.S_IMODE(root.stat().st_mode)
        free = shutil.disk_usage(root).free
    except OSError as error:
        yield Check("home", WRONG, f"{root}: {error.strerror}", "change its permissions, or set MEMSRV_HOME")
        return
    if not os.access(root, os.W_OK | os.X_OK):
        yield Check("home", WRONG, f"{root} cannot be written", "change its permissions, or set MEMSRV_HOME")
    elif sys.platform != "win32" and mode & 0o077:
        yield Check("home", WRONG, f"{root} can be read by others ({mode:o})", f"run `chmod 700 {root}`")
    else:
        yield Check("home", WELL, f"{root} is yours alone")
    if free < _FREE_BYTES:
        yield Check("disk", WRONG, f"{free // MIB} MiB are free", "free some space, or run `memsrv gc`")
    else:
        yield Check("disk", WELL, f"{free // MIB} MiB are free")
    if not home.database.exists():
        yield Check("database", KNOWN, "nothing has been read yet", "run `memsrv ingest`")
    elif unsound:
        yield unsound
    else:
        yield Check("database", WELL, f"{home.database} is sound")


def of_folders(agents: Sequence[AgentStanding], unreadable: Sequence[Path]) -> Iterator[Check]:
    """What each agent has left on this machine, and what of it was not understood."""
    for folder in unreadable:
        yield Check("folders", WRONG, f"{folder} cannot be looked into", "change its permissions")
    for one in agents:
        newest = f", the newest of {one.newest}" if one.newest else ""
        where = f" in {', '.join(one.folders)}" if one.folders else ""
        held = f"{counted(one.sessions, 'session')}, {counted(one.events, 'event')}"
        read = f"{one.logs} read ({held}), {one.behind} bytes behind"
        yield Check(one.agent, WELL, f"{counted(one.found, 'log')}{where}{newest}; {read}")
        if one.unread:
            yield Check(
                one.agent,
                KNOWN,
                f"{counted(one.unread, 'log was', 'logs were')} never read",
                "`memsrv ingest` reads them",
            )
        yield from _lost(one)
        yield from _unknown(one)
    if not any(one.found for one in agents):
        yield Check(
            "agents", WRONG, "no agent has left a session log in the folders that memsrv knows",
            "name where they are: `memsrv config set sources.AGENT.folders /that/folder`, or `memsrv ingest PATH`",
        )  # fmt: skip


def _lost(one: AgentStanding) -> Iterator[Check]:
    if not one.lost:
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in one.lost.items())
    if one.lost.get("unopened"):
        yield Check(one.agent, WRONG, f"lost: {kinds}", "make the logs that were not opened readable: `memsrv status`")
    elif one.unreadable_share >= MANY and one.unreadable >= _SOME_UNREADABLE:
        many = f"lost: {kinds}; {one.unreadable_share:.1%} of its records could not be read"
        yield Check(one.agent, WRONG, many, "update memsrv and ingest again, or report the format")
    else:
        yield Check(one.agent, KNOWN, f"lost: {kinds}", "`memsrv status` names the logs; nothing else was touched")


def _unknown(one: AgentStanding) -> Iterator[Check]:
    if not one.unknown:
        return
    names = ", ".join(f"{name} ({count})" for name, count in list(one.unknown.items())[:_NAMES])
    what = f"not understood: {one.unknown_share:.2%}, mostly {names}"
    if one.unknown_share >= _MUCH_UNKNOWN:
        yield Check(one.agent, WRONG, what, "update memsrv and ingest again, or report these names")
    else:
        yield Check(
            one.agent, KNOWN, what, "a newer version of the agent writes them; an update of memsrv may read them"
        )


def of_watch(s: Standing) -> Iterator[Check]:
    mode = s.watch.mode or "starting"
    if not s.watch.watching:
        remedy = "an IDE that started memsrv watches, and so does `memsrv watch`"
        yield Check("watch", KNOWN, "nobody watches the logs now", remedy)
    elif mode == "events" or mode == "starting":
        yield Check("watch", WELL, f"process {s.watch.pid} watches, by {mode}")
    else:
        slower = "lines are found when all logs are looked at: `memsrv config get watch.rescan_seconds`"
        yield Check("watch", WRONG if "limit" in mode else KNOWN, f"process {s.watch.pid} watches, by {mode}", slower)


def of_limits(proc: Path = Path("/proc/sys/fs/inotify")) -> Iterator[Check]:
    """How many folders and listeners Linux gives one user."""
    limits = {}
    for name in ("max_user_watches", "max_user_instances"):
        try:
            limits[name] = int((proc / name).read_text("ascii"))
        except (OSError, ValueError):
            return  # another system
    shown = ", ".join(f"{name} {value}" for name, value in limits.items())
    if limits["max_user_watches"] < _FEW_WATCHES or limits["max_user_instances"] < _FEW_INSTANCES:
        raised = "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512"
        yield Check("inotify", KNOWN, f"{shown}: an editor may need all", f"`{raised}`; without, logs are rescanned")
    else:
        yield Check("inotify", WELL, shown)


def of_rest(s: Standing) -> Iterator[Check]:
    if s.night.installed is False:
        yield Check("night", KNOWN, "no timer is installed", "`memsrv night install` trains by itself at night")
    elif s.night.installed:
        yield Check("night", WELL, f"the timer is installed, {s.night.hours}")
    endpoint = f"answers at {s.endpoint.address}" if s.endpoint.running else "is off; it starts when it is asked"
    yield Check("endpoint", WELL, f"the endpoint {endpoint}")
    refused = [
        f"{act} of {one.project}"
        for one in s.consents
        for act, may in (("capture", one.capture), ("recall", one.recall))
        if not may
    ]
    if refused:
        yield Check("consent", KNOWN, f"not allowed: {', '.join(refused)}", "`memsrv config --changed` says by what")
    else:
        yield Check("consent", WELL, f"capture and recall are allowed of {counted(len(s.consents), 'project')}")


def of_concerns(concerns: Iterable[Concern]) -> Iterator[Check]:
    for concern in concerns:
        yield Check("status", KNOWN, concern.what, concern.remedy)
