"""By what a log is known again: device, inode and the hash of its beginning; and of the bytes before an offset."""

import hashlib
import os
from dataclasses import dataclass, replace
from typing import BinaryIO

from memsrv.store import FileState

_HEAD_BYTES = 4096
_TAIL_BYTES = 256


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


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    """The bytes at `place`; whoever reads on in the file does not notice. (Windows has no `pread`.)"""
    before = file.tell()
    file.seek(place)
    found = file.read(size)
    file.seek(before)
    return found
