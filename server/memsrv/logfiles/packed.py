"""Logs as agents and log rotation compress them, `.zst` and `.gz`, read as if they were not: seekable, in flat memory.

Offsets are of unpacked bytes, so that a log that was compressed goes on where it was.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard

_PACKED = re.compile(r"\.(?:zst|gz)$")
_ROTATED = re.compile(r"(\.jsonl?)\.\d{1,3}$")
_CHUNK = 1 << 20


def logical(path: Path) -> Path:
    """What the log at `path` was called before it was rotated and compressed: `x.jsonl` of `x.jsonl.1.gz`."""
    return path.with_name(_ROTATED.sub(r"\1", _PACKED.sub("", path.name)))


def siblings(path: Path) -> list[Path]:
    """Under what other names the log at `path` may have been, or may be found."""
    plain = logical(path)
    rotated = [f"{plain.name}.{n}" for n in range(1, 4)] if _ROTATED.search(f"{plain.name}.1") else []
    names = [plain.name + end for end in ("", ".zst", ".gz")] + [
        f"{name}{end}" for name in rotated for end in ("", ".gz")
    ]
    return [plain.with_name(name) for name in names if name != path.name]


@contextmanager
def open_log(path: Path) -> Iterator[BinaryIO]:
    """The bytes of the log at `path`. OSError where it cannot be opened; what is damaged in it ends it there."""
    with path.open("rb") as file:
        if path.name.endswith(".zst"):
            yield cast(BinaryIO, _Unpacked(file, _zstandard))
        elif path.name.endswith(".gz"):
            yield cast(BinaryIO, _Unpacked(file, _Gzip))
        else:
            yield file


def size_of(file: BinaryIO) -> int:
    """How many bytes it has now; of a compressed one all are unpacked to count them."""
    before = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(before)
    return size


class _Stream(Protocol):
    def read(self, size: int) -> bytes: ...


def _zstandard(raw: BinaryIO) -> _Stream:
    return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False)


class _Gzip:
    """What a file of one or more members holds, as far as it goes: `gzip` loses the end of one that is cut."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._packed = raw, b""
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def read(self, size: int) -> bytes:
        while self._packed or (chunk := self._raw.read(_CHUNK)):
            found = self._member.decompress(self._packed or chunk, size)
            self._packed = self._member.unconsumed_tail
            if self._member.eof:
                self._packed = self._member.unused_data
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            if found:
                return found
        return b""


class _Unpacked(io.RawIOBase):
    """Goes back by beginning again. Bytes that cannot be unpacked, as while a file is being written, are its end."""

    def __init__(self, raw: BinaryIO, unpack: Callable[[BinaryIO], _Stream]) -> None:
        self._raw, self._unpack = raw, unpack
        self._stream, self._place = unpack(raw), 0

    def fileno(self) -> int:
        return self._raw.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        pieces = []
        while size != 0 and (piece := self._next(_CHUNK if size < 0 else min(size, _CHUNK))):
            pieces.append(piece)
            size -= len(piece) if size > 0 else 0
        return b"".join(pieces)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_END:
            while self._next(_CHUNK):
                pass
            return self._place
        if offset < self._place:
            self._raw.seek(0)
            self._stream, self._place = self._unpack(self._raw), 0
        while self._place < offset and self._next(min(_CHUNK, offset - self._place)):
            pass
        return self._place

    def _next(self, size: int) -> bytes:
        try:
            piece = self._stream.read(size)
        except (OSError, zlib.error, zstandard.ZstdError):
            return b""
        self._place += len(piece)
        return piece
