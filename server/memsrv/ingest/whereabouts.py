"""Which log a file is: the one that was read, moved or compressed perhaps; or another one in its place.

A log that was cut or rewritten, or changed in place, is read again from its beginning. Reads nothing of what logs mean.
"""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from memsrv.errors import NotFound
from memsrv.ingest.desk import Desk
from memsrv.logfiles import identify, is_same, is_untouched, logical, open_log, siblings, size_of
from memsrv.sources import LineSource
from memsrv.store import FileState, Loss, LossKind


def goes_on(file: BinaryIO, known: FileState, size: int, *, packed: bool) -> bool:
    """Whether `file` is the log that `known` was read of, with or without more behind it.

    What was put in its place by a rename is another file, though it may begin and go on alike; only compressing makes a
    new file of the same bytes. Devices are numbered anew when a machine starts, inodes are not.
    """
    replaced = os.fstat(file.fileno()).st_ino != known.inode and known.inode != 0
    was_packed = Path(known.path).suffix in (".zst", ".gz") or bool(known.state.get("packed"))
    if replaced and not packed and not was_packed:
        return False
    grown = size > known.size  # a log that is appended to is not read again for each line; it is once that has ended
    return is_same(file, known, size) and (grown or is_untouched(file, known))


def moved_here(desk: Desk, path: Path, named: str, file: BinaryIO, size: int) -> FileState | None:
    """How far the log was read under another name: it was renamed, rotated or compressed, and went from there."""
    status = os.fstat(file.fileno())
    others = [desk.named(other) for other in siblings(path)]
    for other in desk.store.files_like(status.st_dev, status.st_ino, others):
        inode = (status.st_dev, status.st_ino) == (other.dev, other.inode)
        packed = {Path(other.path).suffix, path.suffix} & {".zst", ".gz"}
        if other.offset and (inode or packed) and _is_gone(other) and is_same(file, other, size):
            if desk.store.rename_file(other.path, named):
                return replace(other, path=named, state={**other.state, "packed": True} if not inode else other.state)
            return desk.store.file(named)
    return None


def moved_away(desk: Desk, path: Path, known: FileState) -> Path | None:
    """Where the log lies that was at `path`, if it lies beside it under another name, as rotation does."""
    for other in siblings(path):
        try:
            with open_log(other) as file:
                if desk.store.file(desk.named(other)) or not is_same(file, known, size_of(file)):
                    continue
        except OSError:
            continue
        if desk.store.rename_file(known.path, desk.named(other)):
            return other
    return None


def _is_gone(known: FileState) -> bool:
    """Whether no longer the file that was read, but none or another one, has its name."""
    try:
        status = Path(known.path).stat()
    except OSError:
        return "[redacted:" not in known.path
    return status.st_ino != known.inode


def start_over(desk: Desk, known: FileState, file: BinaryIO) -> FileState:
    """The log is another one than was read: what of it had been seen and not been read is lost."""
    unread = max(0, known.size - known.offset)
    reason = "the file was cut or replaced before this was read"
    losses = [Loss(known.path, known.offset, reason, LossKind.REWRITTEN, unread)] if unread else []
    kept = {"own": own} if (own := known.state.get("own")) else {}
    again = replace(known, offset=0, size=0, signature=(), generation=known.generation + 1, state=kept, unknown={})
    again = identify(file).of(again)
    desk.store.start_over(again, losses)
    return again


def _session_id(desk: Desk, path: Path, named: str, source: LineSource) -> str:
    """The source's name for the session; a second file of that name gets a suffix, unless the first is gone (moved)."""
    id = desk.own_id(desk.session_id(path, source), source.name)
    try:
        other = desk.store.session(id).path
    except NotFound:
        return id
    if logical(Path(other)) == logical(Path(named)) or not Path(other).exists():  # one log, perhaps rotated
        return id
    return f"{id}-{hashlib.sha256(str(path).encode('utf-8', 'replace')).hexdigest()[:6]}"


def unread(desk: Desk, path: Path, named: str, file: BinaryIO, source: LineSource) -> FileState:
    return identify(file).of(FileState(named, source.name, _session_id(desk, path, named, source), 0, 0, "", 0))
