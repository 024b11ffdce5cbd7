"""The night's clock: one system's timer a module, behind one Protocol; installed, removed and looked at alike.

What `install` writes carries the hash of itself: `uninstall` removes exactly that, and refuses what anybody changed.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from memsrv.errors import NoTimer
from memsrv.night.timer.mark import marked, on_file


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be started, how often (minutes), and where what it prints may go."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    every: int
    log: Path


class Timer(Protocol):
    """One system's way to start a command every so often."""

    @property
    def name(self) -> str: ...

    @property
    def encoding(self) -> str:
        """Of its files."""
        ...

    @property
    def advice(self) -> str | None:
        """What its owner should know, once it is installed."""
        ...

    def paths(self) -> tuple[Path, ...]: ...

    def texts(self, schedule: Schedule) -> tuple[str, ...]:
        """What stands in each of `paths`, with `mark.PLACE` once in each."""
        ...

    def check(self) -> None:
        """NoTimer where this machine's cannot be reached."""
        ...

    def start(self) -> None:
        """Make the system know the files, and start the timer; once more does no harm."""
        ...

    def stop(self) -> None:
        """End the timer; its files are still there."""
        ...

    def forget(self) -> None:
        """Make the system forget the files, which are gone."""
        ...

    def giving(self, variable: str) -> str:
        """How its owner gives what it starts a variable that memsrv writes nowhere, as "run …"."""
        ...

    def next(self) -> datetime | None:
        """When it starts the command next; None where the system does not tell."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What `install` or `uninstall` did, or would do: each file with what stands in it."""

    timer: str
    files: Mapping[str, str]
    changed: bool
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class TimerStanding:
    """`current`: its files are those that would be written now (same Python, same home, same settings)."""

    timer: str
    installed: bool
    files: tuple[str, ...]
    current: bool
    next: str | None


def timers() -> Mapping[str, Timer]:
    """The timer of each platform, as `sys.platform` calls it."""
    from memsrv.night.timer.launchd import Launchd
    from memsrv.night.timer.systemd import Systemd
    from memsrv.night.timer.task_scheduler import TaskScheduler

    return {"linux": Systemd(), "darwin": Launchd(), "win32": TaskScheduler()}


def timer_of(platform: str = sys.platform) -> Timer:
    known = timers()
    if platform not in known:
        raise NoTimer(f"memsrv knows no timer for {platform}; start `memsrv night run` from one of yours")
    return known[platform]


def plan(timer: Timer, schedule: Schedule) -> Change:
    """What `install` would write; NoTimer where a file is in its place that `install` did not write."""
    files = {}
    changed = False
    for path, text in zip(timer.paths(), timer.texts(schedule), strict=True):
        found = on_file(path, timer.encoding)
        files[str(path)] = marked(text, found.made if found else _missing_folders(path))
        changed |= found is None or found.text != files[str(path)]
    return Change(timer.name, files, changed, timer.advice)


def install(timer: Timer, schedule: Schedule) -> Change:
    """Write the timer's files and start it. Nothing of it is left where it cannot be started."""
    planned = plan(timer, schedule)
    timer.check()
    new = [path for path in timer.paths() if not path.exists()]
    for name, text in planned.files.items():
        _replace(Path(name), text.encode(timer.encoding))
    try:
        timer.start()
    except NoTimer:
        _remove(new, timer.encoding)
        raise
    return planned


def uninstall(timer: Timer) -> Change:
    """End the timer, and remove what `install` wrote: these bytes and no others."""
    there = {path: found for path in timer.paths() if (found := on_file(path, timer.encoding))}
    if there:
        timer.check()
        timer.stop()
        _remove(there, timer.encoding)
        timer.forget()
    return Change(timer.name, {str(path): found.text for path, found in there.items()}, bool(there))


def standing(timer: Timer, schedules: Sequence[Schedule]) -> TimerStanding:
    """Whether the timer is installed, for any of `schedules`, and when it starts next."""
    try:
        current = any(not plan(timer, schedule).changed for schedule in schedules)
    except NoTimer:
        current = False
    there = tuple(str(path) for path in timer.paths() if path.exists())
    installed = len(there) == len(timer.paths())
    when = timer.next() if installed else None
    return TimerStanding(timer.name, installed, there, installed and current, when.isoformat() if when else None)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _remove(paths: Iterable[Path], encoding: str) -> None:
    """The files, and of the folders that were made for them those that nobody else uses by now."""
    for path in paths:
        found = on_file(path, encoding)
        path.unlink()
        with suppress(OSError):  # not empty: it is somebody else's now
            for folder in list(path.parents)[: found.made if found else 0]:
                folder.rmdir()


def _missing_folders(path: Path) -> int:
    return sum(not folder.exists() for folder in path.parents)
