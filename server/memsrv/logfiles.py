"""Log files on disk: which there are, whether one is still what it was, and its lines in batches.

Splits bytes on `\\n` only, whatever a line's length. Knows nothing of what lines mean or where they are stored.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from memsrv.errors import NoLogs
from memsrv.sources import Source
from memsrv.store import FileState

#: A transaction holds about so much of a file: short enough that no other writer waits long.
BATCH_BYTES = 1 << 20
_HEAD_BYTES = 4096
_TAIL_BYTES = 256


def find(
    paths: Sequence[Path], sources: Sequence[Source], *, forced: bool
) -> tuple[list[tuple[Path, Source]], int, list[str]]:
    found: dict[Path, tuple[float, Source]] = {}
    not_owned = 0
    unopened: list[str] = []
    for path in paths:
        if not path.exists():
            raise NoLogs(f"{path} does not exist; name a log file or the folder that holds them")
        for candidate in _files(path, sources):
            try:
                status = candidate.stat()
                if not stat.S_ISREG(status.st_mode):
                    continue
                with candidate.open("rb") as file:
                    head = file.read(1 << 16)
            except OSError as error:
                unopened.append(f"{candidate}: {error.strerror or error}")
                continue
            owner = next((source for source in sources if source.owns(candidate, head)), None)
            if owner is None and forced and candidate == path:
                owner = sources[0]
            if owner is None:
                not_owned += 1
            else:
                found[candidate.resolve()] = (status.st_mtime, owner)
    # Of two files that share events the older one told them first.
    ordered = sorted(found.items(), key=lambda item: (item[1][0], str(item[0])))
    return [(path, owner) for path, (_, owner) in ordered], not_owned, unopened


def _files(path: Path, sources: Sequence[Source]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    own = [file for source in sources for file in source.discover(path)]
    if own:
        yield from own
        return
    for folder, folders, names in os.walk(path):  # does not follow links, so no loops
        folders.sort()
        for name in sorted(names):
            yield Path(folder, name)


def batches(file: BinaryIO, offset: int) -> Iterator[tuple[list[bytes], bool]]:
    """The file's lines from `offset` on, in batches; True with the last batch, whose last line may be unfinished."""
    file.seek(offset)
    rest = b""
    pieces: list[bytes] = []
    while chunk := file.read(BATCH_BYTES):
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
