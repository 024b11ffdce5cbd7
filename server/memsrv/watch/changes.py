"""Which logs have changed since they were last read: the truth that events only hint at.

A log is known by its source's signature (of a file: size, time and inode). One that changed only just before it was
read may change again within the same tick of the file system's clock, so it is looked at once more (as git does with
its index). Reads nothing.
"""

import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from memsrv.disk import size_of
from memsrv.sources import Source
from memsrv.watch.places import Log

#: FAT's clock ticks every two seconds; no other file system's is slower.
_TICK_S = 2.0

_Mark = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A log that is not as it was read."""

    path: Path
    source: Source
    mark: _Mark
    modified: float  # when it was last written to, seconds of the system's clock
    time: float  # of the change, its renaming included
    size: int
    again: bool  # it is as it was read; it may only seem so


class Changes:
    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._read: dict[Path, tuple[_Mark, bool]] = {}  # and whether it was quiet when it was read

    def of_all(self, logs: Iterable[Log]) -> list[Change]:
        """Those of `logs`, which are all there are, that have changed; the oldest first. What is gone is forgotten."""
        listed = {log.path: log for log in logs}
        for path in [path for path in self._read if path not in listed]:
            del self._read[path]
        return self.among(listed.values())

    def among(self, logs: Iterable[Log]) -> list[Change]:
        """Those of `logs` that have changed; the oldest first."""
        found = (self._change(log) for log in logs)
        return sorted(filter(None, found), key=lambda change: (change.modified, str(change.path)))

    def has_read(self, change: Change, *, for_good: bool = True) -> None:
        """The log was read as `change` found it, or later. Not `for_good`: it is to be looked at again in any case."""
        self._read[change.path] = (change.mark, for_good and not self.is_recent(change))

    def is_recent(self, change: Change) -> bool:
        """It changed so short a while ago that an event may still be on its way."""
        return abs(self._clock() - change.time) <= _TICK_S

    def _change(self, log: Log) -> Change | None:
        try:
            mark = log.source.signature(log.path)
            known, sure = self._read.get(log.path, (None, False))
            if mark == known and sure:
                return None
            status = log.path.stat()
            late = _written_beside(log.path)
            size = size_of(log.path) if stat.S_ISDIR(status.st_mode) else status.st_size
        except OSError:
            return None  # gone again
        changed = max(status.st_mtime, status.st_ctime, late)
        return Change(log.path, log.source, mark, max(status.st_mtime, late), changed, size, again=mark == known)


def _written_beside(path: Path) -> float:
    """When SQLite last wrote for `path` into the file beside it; 0 for what is no database."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_mtime
    except OSError:
        return 0.0
