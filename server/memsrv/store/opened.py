"""One database, opened: what every part of the store stands on. Knows nothing of what is in it, but for small notes."""

from pathlib import Path
from types import TracebackType
from typing import Self

from memsrv.store.connection import Connection


class Opened:
    """Open with `open(path)`; a context manager. May be shared by threads; each process opens its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the database at `path`, and bring its schema forward. A newer schema is a StoreError."""
        return cls(Connection(path))

    @property
    def path(self) -> Path:
        return self._connection.path

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def mark(self) -> tuple[int, int]:
        """Another one whenever anything was written since, by whomever."""
        return self._connection.mark()

    def snapshot(self, to: Path) -> None:
        """The database as of this moment, as the new file `to`; others may read and write meanwhile."""
        self._connection.snapshot(to)

    def unsound(self) -> str | None:
        """What is wrong with the file, in SQLite's words; None where nothing is."""
        row = self._connection.read("PRAGMA quick_check(1)")[0]
        return None if row[0] == "ok" else str(row[0])

    def note(self, key: str, value: str) -> None:
        """Keep one small value under `key` (when a project was last consolidated, and the like)."""
        with self._connection.writing() as db:
            db.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [key, value],
            )

    def noted(self, key: str) -> str | None:
        rows = self._connection.read("SELECT value FROM meta WHERE key = ?", [key])
        return rows[0][0] if rows else None
