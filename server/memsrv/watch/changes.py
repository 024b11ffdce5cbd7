"""Which files below some folders have changed since they were last read: the truth that events only hint at.

A file is known by its size, its time and its inode. One that changed only just before it was read may change again
within the same tick of the file system's clock, so it is looked at once more (as git does with its index). Reads
nothing.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: FAT's clock ticks every two seconds; no other file system's is slower.
_TICK_S = 2.0

_Mark = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not as it was read."""

    path: Path
    mark: _Mark
    time: float  # of the change, seconds of the system's clock
    again: bool  # it is as it was read; it may only seem so


class Changes:
    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._read: dict[Path, tuple[_Mark, bool]] = {}  # and whether it was quiet when it was read

    def below(self, folders: Iterable[Path]) -> list[Change]:
        """Every changed file below `folders`, the oldest change first. What is gone is forgotten."""
        seen = {path: status for folder in folders for path, status in _files(folder.resolve())}
        for path in [path for path in self._read if path not in seen]:
            del self._read[path]
        return self._changed(seen.items())

    def among(self, paths: Iterable[Path]) -> list[Change]:
        """Those of `paths`, and of what lies below those that are folders, that have changed; the oldest first."""
        found: dict[Path, os.stat_result] = {}
        for path in paths:
            try:
                status = path.stat()
            except OSError:
                continue  # gone again
            found |= dict(_files(path)) if stat.S_ISDIR(status.st_mode) else {path: status}
        return self._changed(found.items())

    def has_read(self, change: Change, *, for_good: bool = True) -> None:
        """The file was read as `change` found it, or later. Not `for_good`: it is to be looked at again in any case."""
        self._read[change.path] = (change.mark, for_good and not self.is_recent(change))

    def is_recent(self, change: Change) -> bool:
        """It changed so short a while ago that an event may still be on its way."""
        return abs(self._clock() - change.time) <= _TICK_S

    def _changed(self, files: Iterable[tuple[Path, os.stat_result]]) -> list[Change]:
        found = []
        for path, status in files:
            mark = (status.st_size, status.st_mtime_ns, status.st_ino)
            known, sure = self._read.get(path, (None, False))
            if stat.S_ISREG(status.st_mode) and not (mark == known and sure):
                found.append(Change(path, mark, max(status.st_mtime, status.st_ctime), again=mark == known))
        return sorted(found, key=lambda change: (change.mark[1], str(change.path)))


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Does not follow links to folders, so no loops; what cannot be looked into, or is gone meanwhile, is left out."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                yield path, path.stat()
            except OSError:
                continue
