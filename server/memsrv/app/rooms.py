"""What every verb stands on: one home, its settings, and the store, the redactor and the shelf, opened when needed."""

import threading
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from memsrv.project import identify
from memsrv.redact import Redactor, key_at
from memsrv.settings import Home, Settings
from memsrv.store import Store
from memsrv_adapters.shelf import Shelf

#: `--project *`: every project.
EVERY = "*"


class Rooms:
    """One home, seen from one working folder. May be shared by threads."""

    def __init__(self, home: Home, settings: Settings, cwd: Path) -> None:
        self.home = home
        self.settings = settings
        self.cwd = cwd
        self._opening = threading.Lock()
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        with self._opening:
            if self._store is None:
                self._store = Store.open(self.home.database)
            return self._store

    @cached_property
    def redactor(self) -> Redactor:
        self.home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Redactor(key_at(self.home.root / "redaction.key"))

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.home.adapters)

    def project(self, named: str | None = None) -> str:
        """The project called `named`, else the one of the working folder."""
        return named or identify(str(self.cwd))

    def _scope(self, named: str | None) -> str | None:
        return None if named == EVERY else self.project(named)

    def _note_standing(self) -> None:
        """After a change: the status line's cache says how all stands now."""
        raise NotImplementedError


def now() -> str:
    """This moment, as records carry it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
