"""Log files on disk: which there are, whether one is still what it was, and its lines in batches.

Splits bytes on `\\n` only, whatever a line's length. Knows nothing of what lines mean or where they are stored.
"""

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from memsrv.errors import NoLogs
from memsrv.sources import Source
from memsrv.store import FileState

#: A transaction holds about so much of a file: short enough that no other writer waits long.
BATCH_BYTES = 1 << 20
_HEAD_BYTES = 4096
_TAIL_BYTES = 256


@dataclass(slots=True)
class Found:
    """The logs at some paths, oldest first, and what is none."""

    logs: list[tuple[Path, Source]] = field(default_factory=list)
    not_owned: int = 0
    unopened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)  # what forbids the folders that were passed by


def find(paths: Sequence[Path], sources: Sequence[Source], *, forced: bool, closed: Mapping[Path, str]) -> Found:
    """Every log at `paths`. What lies in a `closed` folder (with what forbids it) is neither listed nor opened."""
    made = Found()
    found: dict[Path, tuple[float, Source]] = {}
    shut = {folder.resolve(): key for folder, key in closed.items()}
    for path in paths:
        place = path.resolve()
        inside = [key for folder, key in shut.items() if place.is_relative_to(folder)]
        made.closed += inside or [key for folder, key in shut.items() if folder.is_relative_to(place)]
        if inside:
            continue
        if not path.exists():
            raise NoLogs(f"{path} does not exist; name a log file or the folder that holds them")
        for candidate in _files(path, sources, shut):
            try:
                status = candidate.stat()
                if not stat.S_ISREG(status.st_mode):
                    continue
                with candidate.open("rb") as file:
                    head = file.read(1 << 16)
            except OSError as error:
                made.unopened.append(f"{candidate}: {error.strerror or error}")
                continue
            owner = next((source for source in sources if source.owns(candidate, head)), None)
            if owner is None and forced and candidate == path:
                owner = sources[0]
            if owner is None:
                made.not_owned += 1
            else:
                found[candidate.resolve()] = (status.st_mtime, owner)
    # Of two files that share events the older one told them first.
    ordered = sorted(found.items(), key=lambda item: (item[1][0], str(item[0])))
    made.logs = [(path, owner) for path, (_, owner) in ordered]
    return made


def _files(path: Path, sources: Sequence[Source], shut: Collection[Path]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    if not any(folder.is_relative_to(path.resolve()) for folder in shut):
        own = [file for source in sources for file in source.discover(path)]
        if own:
            yield from own
            return
    for folder, folders, names in os.walk(path):  # does not follow links, so no loops
        folders[:] = sorted(name for name in folders if not shut or Path(folder, name).resolve() not in shut)
        for name in sorted(names):
            yield Path(folder, name)


def batches(file: BinaryIO, offset: int, size: int) -> Iterator[tuple[list[bytes], bool]]:
    """The lines of the file's first `size` bytes from `offset` on, in batches.

    True with the last batch, whose last line may be unfinished.
    """
    file.seek(offset)
    rest = b""
    pieces: list[bytes] = []
    while chunk := file.read(max(0, min(BATCH_BYTES, size - file.tell()))):
        pieces.append(chunk)
        if b"\n" not in chunk:  # one long line: join it once, when it ends
            continue
        *lines, rest = b"".join(pieces).split(b"\n")
        pieces = [rest] if rest else []
        yield [line + b"\n" for line in lines], False
    rest = b"".join(pieces)
    if rest:
        yield [rest], True


def identity(file: BinaryIO, state: FileState) -> FileState:
    status = os.fstat(file.fileno())
    head = _at(file, 0, _HEAD_BYTES)
    return replace(
        state, dev=status.st_dev, inode=status.st_ino, head=hashlib.sha256(head).hexdigest(), head_size=len(head)
    )


def is_same_file(file: BinaryIO, known: FileState) -> bool:
    """Whether what was read is still there: same beginning, not shorter, same bytes before the offset."""
    head = _at(file, 0, known.head_size)
    return (
        hashlib.sha256(head).hexdigest() == known.head
        and os.fstat(file.fileno()).st_size >= known.offset
        and known.state.get("tail", tail(file, known.offset)) == tail(file, known.offset)
    )


def tail(file: BinaryIO, offset: int) -> str:
    size = min(_TAIL_BYTES, offset)
    return hashlib.sha256(_at(file, offset - size, size)).hexdigest()


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    """The bytes at `place`; whoever reads on in the file does not notice. (Windows has no `pread`.)"""
    before = file.tell()
    file.seek(place)
    found = file.read(size)
    file.seek(before)
    return found
