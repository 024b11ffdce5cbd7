"""One SQLite file, opened safely: WAL, one writer at a time over all processes, errors as sentences.

Every write transaction, migration and close (which may checkpoint) holds `writer.lock`: the SQLite in common Pythons
has the WAL-reset bug, where two connections that write or checkpoint at once can corrupt the file. Readers never wait.
Who waits to write holds `writer-next.lock`: one that has just written cannot take the next turn before those who wait.
Knows nothing of tables.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from memsrv.errors import StoreDamaged, StoreError
from memsrv.store import migrations
from memsrv.store.database import Database
from memsrv.store.rows import plain

#: How long a writer waits for another memsrv process to finish its (short) transaction.
PATIENCE_S = 30.0

#: How often a writer that waits looks again.
_POLL_S = 0.01


class Connection:
    """May be shared by the threads of one process: a guard lets one in at a time, and is free while a writer waits."""

    def __init__(self, path: Path, patience_s: float = PATIENCE_S) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._turn = threading.RLock()  # a lock file knows processes, not threads
        self._patience_s = patience_s
        self._next, self._lock = (
            FileLock(str(path.parent / name), poll_interval=_POLL_S, thread_local=False, mode=0o600)
            for name in ("writer-next.lock", "writer.lock")
        )
        with _sentences(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            raw = sqlite3.connect(path, timeout=patience_s, check_same_thread=False, isolation_level=None)
            self._db = Database(raw, execute_plugins=False)
            self._file, self._schema = _file_of(path), -1
            try:
                self._prepare()
            except BaseException:
                raw.close()
                raise

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")  # what was erased is not left in free pages
        db.execute("PRAGMA synchronous = NORMAL")  # after a power cut the offset rolls back with its events
        if db.journal_mode != "wal" or migrations.pending(db):
            with self._writer():
                db.execute("PRAGMA journal_mode = WAL")
                migrations.migrate(db)
        migrations.refuse_newer(db)

    def read(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        with self._guard, _sentences(self.path):
            cursor = self._db.conn.cursor()
            cursor.row_factory = sqlite3.Row
            try:
                return cursor.execute(sql, parameters).fetchall()
            except UnicodeEncodeError:  # half a character, as a shell's argument may hold: nothing is stored with one
                return cursor.execute(sql, _whole(parameters)).fetchall()

    def mark(self) -> tuple[int, int]:
        """Another one whenever anything was written since, by whomever; costs microseconds."""
        with self._guard, _sentences(self.path):
            return self._db.execute("PRAGMA data_version").fetchone()[0], self._db.conn.total_changes

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """One short write transaction: all of it or, on any error, nothing."""
        with _sentences(self.path), self._writer(), self._guard:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._refuse_what_changed()
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.conn.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _refuse_what_changed(self) -> None:
        """Two looks that cost microseconds: a process that has run for days may be older than its database."""
        if _file_of(self.path) != self._file:
            raise StoreError(f"{self.path} was replaced while this process had it open; start this memsrv again")
        schema = self._db.execute("PRAGMA schema_version").fetchone()[0]
        if schema != self._schema:
            migrations.refuse_newer(self._db)
            self._schema = schema

    def snapshot(self, to: Path) -> None:
        """The database as of this moment as the new file `to`. A reader like any other: writers go on."""
        with _sentences(self.path):
            to.touch(mode=0o600)
            source, copy = sqlite3.connect(self.path), sqlite3.connect(to)
            try:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE").fetchall()
            finally:
                copy.close()
                source.close()

    def compact(self) -> None:
        """Rewrite the file without its free pages, and empty the WAL: nothing deleted is left in any byte.

        StoreError where another process reads an older state for so long that its pages must stay.
        """
        with _sentences(self.path), self._writer(), self._guard:
            self._db.execute("VACUUM")
            if self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise StoreError(
                    f"{self.path}: another process has been reading for {self._patience_s:.0f} s, and keeps the file "
                    "as it was before; nothing finds the erased words any more, but their bytes stay until that "
                    "process ends: then run `memsrv gc`, which finishes the erase"
                )

    def close(self) -> None:
        try:
            with self._writer(), self._guard:
                self._db.close()
        except StoreError:  # another process writes for very long: closing matters more than checkpointing in turn
            with self._guard:
                self._db.close()

    @contextmanager
    def _writer(self) -> Iterator[None]:
        with self._turn:
            self._take_turn()
            try:
                yield
            finally:
                self._lock.release()

    def _take_turn(self) -> None:
        limit = time.monotonic() + self._patience_s
        try:
            with self._next.acquire(timeout=self._patience_s):
                self._lock.acquire(timeout=max(0.0, limit - time.monotonic()))
        except Timeout as error:
            raise StoreError(
                f"{self.path}: another memsrv process has been writing for {self._patience_s:.0f} s; "
                "try again, or end that process (`memsrv status` names what runs)"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self.path}: the writer lock cannot be taken ({error}); check the folder's permissions"
            ) from error


def _whole(parameters: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any] | Mapping[str, Any]:
    if isinstance(parameters, Mapping):
        return {name: plain(value) if isinstance(value, str) else value for name, value in parameters.items()}
    return [plain(value) if isinstance(value, str) else value for value in parameters]


def _file_of(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


_ADVICE = (
    ("locked", "another process holds the database; close what else has it open, then try again"),
    ("full", "the disk is full; free some space and run the same command again, nothing was lost"),
    ("not a database", "the file is not a memsrv database; move it away, then run `memsrv ingest` to rebuild it"),
    ("malformed", "the database is damaged; move it away and run `memsrv ingest` to rebuild it from the logs"),
    ("readonly", "the database cannot be written; check the permissions of the file and its folder"),
    ("unable to open", "the file cannot be opened; check the permissions of the folder"),
    ("disk I/O", "the disk did not answer, or is full; check it, then run the same command again"),
)
_DAMAGED = ("not a database", "malformed")


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """SQLite's and the file system's complaints as a StoreError that says what to do next."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # a constraint of ours: a bug, not a state of the disk
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        words = str(error)
        advice = next((advice for key, advice in _ADVICE if key in words), None)
        if advice is None:
            raise
        kind = StoreDamaged if any(key in words for key in _DAMAGED) else StoreError
        raise kind(f"{path}: {words}: {advice}") from error
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror or error}; check the folder, or set MEMSRV_HOME to another"
        ) from error
