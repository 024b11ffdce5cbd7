"""A SQLite database that another program holds and writes to: read as it stands, and never changed.

Its write-ahead log is part of it, so it is never opened as immutable. Knows no agent's tables.
"""

import errno
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memsrv.sources import UnreadableLineError

MAGIC = b"SQLite format 3\x00"

Database = sqlite3.Connection
DatabaseError = sqlite3.Error

_BUSY_MS = 2_000
#: What will be otherwise at another time, or for another user: nothing is wrong with the database.
_CANNOT_NOW = {
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}
_BESIDE = ("-wal", "-shm", "-journal")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """OSError where it cannot be read now (locked, not permitted), UnreadableLineError where it is damaged."""
    path.stat()  # FileNotFoundError says more than SQLite does
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise _named(error, path) from error
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        connection.execute("PRAGMA query_only = 1")
        yield connection
    except sqlite3.Error as error:
        raise _named(error, path) from error
    except UnicodeDecodeError as error:  # the message in which SQLite says what is damaged quotes it
        raise UnreadableLineError("the database cannot be read: its schema is damaged") from error
    finally:
        connection.close()


@contextmanager
def at_once(connection: sqlite3.Connection) -> Iterator[None]:
    """All reads within see one state. To be left soon: as long as it lasts, the writer's log cannot be emptied."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def tables(connection: sqlite3.Connection) -> frozenset[str]:
    return frozenset(name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))


def rows(connection: sqlite3.Connection, query: str, keys: Sequence[str], size: int = 200) -> Iterator[tuple[Any, ...]]:
    """The rows of `query`, in which `({})` stands for the keys, a few keys at a time."""
    for start in range(0, len(keys), size):
        some = keys[start : start + size]
        yield from connection.execute(query.format(",".join("?" * len(some))), some)


def is_damage(error: sqlite3.Error) -> bool:
    return (error.sqlite_errorcode & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def log_of(path: Path) -> Path:
    """The database of which the file at `path` is a part."""
    for ending in _BESIDE:
        if path.name.endswith(ending):
            return path.with_name(path.name.removesuffix(ending))
    return path


def signature(log: Path) -> tuple[int, ...]:
    """Numbers that are others whenever the database, or its write-ahead log, has changed."""
    status = log.stat()
    own = (status.st_size, status.st_mtime_ns, status.st_ino)
    try:
        beside = log.with_name(log.name + "-wal").stat()
    except OSError:
        return (*own, 0, 0)
    # One that is empty says nothing, and reading may make it.
    return (*own, beside.st_size, beside.st_mtime_ns) if beside.st_size else (*own, 0, 0)


def _named(error: sqlite3.Error, path: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _CANNOT_NOW:
        return OSError(_CANNOT_NOW[code], f"{error}; it is tried again at the next look", str(path))
    return UnreadableLineError(f"the database cannot be read: {error}")
