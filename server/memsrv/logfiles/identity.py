"""By what a log is known again: device, inode and the hash of its beginning; and of the bytes before an offset.

Of all that was read a checksum is kept too; to compare it costs a reading, so it is for logs that only seem the same.
"""

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from memsrv.store import FileState

_HEAD_BYTES = 4096
_TAIL_BYTES = 256
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileIdentity:
    dev: int
    inode: int
    head: str  # sha256 of the first `head_size` bytes
    head_size: int

    def of(self, state: FileState) -> FileState:
        return replace(state, dev=self.dev, inode=self.inode, head=self.head, head_size=self.head_size)


def identify(file: BinaryIO) -> FileIdentity:
    """A file that is smaller than the fingerprint of a beginning is known by all of it, until it has grown."""
    status = os.fstat(file.fileno())
    head = _at(file, 0, _HEAD_BYTES)
    return FileIdentity(status.st_dev, status.st_ino, hashlib.sha256(head).hexdigest(), len(head))


def is_same(file: BinaryIO, known: FileState, size: int) -> bool:
    """Whether what was read is still there: same beginning, not shorter, same bytes before the offset."""
    return (
        size >= known.offset
        and hashlib.sha256(_at(file, 0, known.head_size)).hexdigest() == known.head
        and known.state.get("tail", "") in ("", tail(file, known.offset))
    )


def tail(file: BinaryIO, offset: int) -> str:
    size = min(_TAIL_BYTES, offset)
    return hashlib.sha256(_at(file, offset - size, size)).hexdigest()


def checksum(pieces: Iterable[bytes], before: int = 0) -> int:
    """Of bytes that follow those whose checksum is `before`."""
    for piece in pieces:
        before = zlib.crc32(piece, before)
    return before


def pieces(file: BinaryIO, place: int, end: int) -> Iterator[bytes]:
    """The bytes from `place` to `end`; whoever reads on in the file does not notice."""
    while place < end and (piece := _at(file, place, min(_CHUNK, end - place))):
        place += len(piece)
        yield piece


def is_untouched(file: BinaryIO, known: FileState) -> bool:
    """Whether every byte that was read is what it was; true where no checksum is known, of a log read long ago."""
    kept = known.state.get("checksum")
    return kept is None or checksum(pieces(file, 0, known.offset)) == kept


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    """The bytes at `place`; whoever reads on in the file does not notice. (Windows has no `pread`.)"""
    before = file.tell()
    file.seek(place)
    found = file.read(size)
    file.seek(before)
    return found
