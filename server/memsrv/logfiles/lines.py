"""A log's lines in batches, in flat memory: a line that is longer than a cap is measured and hashed, not held."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

#: A transaction holds about so much of a file, unless told otherwise: short enough that no other writer waits long.
BATCH_BYTES = 1 << 20
#: The longest line that is read; of a longer one a piece of its beginning is kept.
LINE_BYTES = 16 << 20
_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class TooLong:
    """A line beyond the cap: how it begins, how long it is, and what its bytes hash to."""

    head: bytes
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines in order, each with its newline. `unfinished`: the last one has none, and may be still written."""

    lines: list[bytes]
    unfinished: bool = False
    too_long: TooLong | None = None  # instead of lines


def batches(file: BinaryIO, offset: int, size: int, batch_bytes: int = BATCH_BYTES) -> Iterator[Batch]:
    """The lines of the log's first `size` bytes from `offset` on, about `batch_bytes` of them at a time."""
    file.seek(offset)
    left = max(0, size - offset)
    pieces: list[bytes] = []
    held = 0
    while left and (chunk := file.read(min(batch_bytes, left))):
        left -= len(chunk)
        pieces.append(chunk)
        held += len(chunk)
        if b"\n" in chunk:  # one long line is joined once, when it ends
            lines = io.BytesIO(b"".join(pieces)).readlines()
            rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
            if lines:
                yield Batch(lines)
            pieces, held = ([rest], len(rest)) if rest else ([], 0)
        elif held > LINE_BYTES:
            long, rest, left = _measured(file, pieces, left)
            if long is None:
                return  # it has not ended yet
            yield Batch([], too_long=long)
            pieces, held = ([rest], len(rest)) if rest else ([], 0)
            if b"\n" in rest:
                *lines, rest = rest.split(b"\n")
                yield Batch([line + b"\n" for line in lines])
                pieces, held = ([rest], len(rest)) if rest else ([], 0)
    if held:
        yield Batch([b"".join(pieces)], unfinished=True)


def _measured(file: BinaryIO, pieces: list[bytes], left: int) -> tuple[TooLong | None, bytes, int]:
    """The line that begins with `pieces`, what was read behind its end, and how much is left; None: it has no end."""
    head, digest, length = pieces[0][:_KEPT], hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        length += len(piece)
    while left and (chunk := file.read(min(BATCH_BYTES, left))):
        left -= len(chunk)
        end = chunk.find(b"\n") + 1
        digest.update(chunk[:end] if end else chunk)
        length += end or len(chunk)
        if end:
            return TooLong(head, length, digest.hexdigest()), chunk[end:], left
    return None, b"", 0
