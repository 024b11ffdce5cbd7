"""Whether somebody is here: when a log last grew, when a key was last typed, and whether that changed since.

Input is told by the terminals' access times on Linux (as `w` does), by the window server on macOS and Windows. A mouse
in a browser under Linux is not seen: the low priority that the timer runs with is what protects its owner.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

#: Seconds between two looks while a run goes on.
LOOK = 5.0
#: Seconds that a file's time may lie ahead (another machine's file system); beyond, the clock was set back since.
AHEAD = 60.0
#: Seconds by which two readings of the same last key may differ.
SAME = 2.0

LastInput = Callable[[], float | None]


def last_input() -> float | None:
    """When somebody last typed or clicked on this machine, in seconds since the epoch; None where nobody can tell."""
    if sys.platform == "darwin":
        return _ago(_hid_idle_s(_said_by(["ioreg", "-c", "IOHIDSystem", "-d", "4"])))
    if sys.platform == "win32":
        return _ago(_windows_idle_s())
    return last_typed(terminals())


def terminals() -> list[Path]:
    """The terminals of this user, an IDE's included, and those that anybody is logged in at."""
    own = [path for path in Path("/dev/pts").glob("[0-9]*") if _owned(path)]
    return [*own, *(Path("/dev", user.terminal) for user in psutil.users() if user.terminal)]


def last_typed(terminals: Iterable[Path], now: Callable[[], float] = time.time) -> float | None:
    """The newest access time of `terminals`; one that lies ahead was made by a clock that was set back since."""
    found = []
    for terminal in terminals:
        try:
            found.append(terminal.stat().st_atime)
        except OSError:  # closed meanwhile, or no device at all (a graphical session is called `:0`)
            continue
    return max((at for at in found if at <= now() + AHEAD), default=None)


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody, as logs and keys tell. `logs` finds the agents' logs anew each time."""

    logs: Callable[[], Iterable[Path]]
    last_input: LastInput = last_input
    clock: Callable[[], float] = time.time

    def idle_s(self) -> float | None:
        """Seconds since the last sign of somebody; None where there never was one."""
        now = self.clock()
        signs = [at for at, _ in self._grown().values() if at <= now + AHEAD]
        typed = self.last_input()
        if typed is not None:
            signs.append(typed)
        return max(0.0, now - max(signs)) if signs else None

    def returned(self, every: float = LOOK, monotonic: Callable[[], float] = time.monotonic) -> Callable[[], bool]:
        """A question to ask while a run goes on: has somebody come since now? Looks at most `every` seconds."""
        logs, typed, looked = self._grown(), self.last_input(), monotonic()

        def came() -> bool:
            nonlocal looked
            if monotonic() - looked < every:
                return False
            looked = monotonic()
            key = self.last_input()
            return self._grown().items() - logs.items() != set() or (key or 0) > (typed or 0) + SAME

        return came

    def _grown(self) -> dict[Path, tuple[float, int]]:
        """When each log was last written, and its size then."""
        found = {}
        for log in self.logs():
            try:
                status = log.stat()
            except OSError:
                continue  # rotated away meanwhile
            found[log] = (status.st_mtime, status.st_size)
        return found


def _owned(path: Path) -> bool:
    try:
        return path.stat().st_uid == os.getuid()
    except OSError:
        return False


def _ago(seconds: float | None) -> float | None:
    return None if seconds is None else time.time() - seconds


def _said_by(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _hid_idle_s(said: str) -> float | None:
    """`"HIDIdleTime" = 123` of `ioreg`, in nanoseconds."""
    found = re.search(r'"HIDIdleTime" = (\d+)', said)
    return int(found[1]) / 1e9 if found else None


def _windows_idle_s() -> float | None:
    """`GetLastInputInfo`: milliseconds since the system started, modulo 2**32."""
    import ctypes

    class LastInputInfo(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint), ("ticks", ctypes.c_uint))

    info = LastInputInfo(ctypes.sizeof(LastInputInfo), 0)
    windows = getattr(ctypes, "windll", None)
    if windows is None or not windows.user32.GetLastInputInfo(ctypes.byref(info)):
        return None
    return float((windows.kernel32.GetTickCount() - info.ticks) % 2**32) / 1000
