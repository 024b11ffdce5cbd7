"""What every verb stands on: one home, its settings, and the store, the redactor and the shelf, opened when needed."""

import difflib
import threading
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from memsrv import sources
from memsrv.capture import Capture
from memsrv.consent import Act, Consent
from memsrv.errors import NotFound, StoreError
from memsrv.home import Home
from memsrv.ingest import Declined
from memsrv.project import Placing
from memsrv.redact import Redactor, key_at
from memsrv.settings import UNSAID, Settings, load
from memsrv.store import Store
from memsrv.store.visible import Visible
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import shelf_name

#: `--project *`: every project.
EVERY = "*"

_EVERY_FOLDER = 1_000_000


class Rooms(ABC):
    """One home, seen from one working folder. May be shared by threads."""

    def __init__(self, home: Home, settings: Settings, cwd: Path) -> None:
        self.home = home
        self.cwd = cwd
        self._settings = settings
        self._settings_as_of = _last_change(home)
        self._opening = threading.Lock()
        self._store: Store | None = None
        self._declined = Declined()

    @property
    def settings(self) -> Settings:
        """As they are now: what a person changes holds at once, also in a server that has run for days."""
        changed = _last_change(self.home)
        if changed != self._settings_as_of:
            self._settings, self._settings_as_of = load(self.home), changed
        return self._settings

    @property
    def consent(self) -> Consent:
        return Consent(self.settings)

    @property
    def capture(self) -> Capture:
        """What a reading of logs that begins now may take in."""
        consent = self.consent
        former = defaultdict[str, set[str]](set)
        if consent.refused(Act.CAPTURE, "projects"):
            for project, folder in self.store.folders(_EVERY_FOLDER):
                former[folder].add(project)
        denied = any(consent.denied_by(Act.CAPTURE, agent=source.name) for source in sources.SOURCES)
        folders = self.folders if denied else {}  # there are hundreds, and one appended line is read in milliseconds
        return Capture.of(self.home.root, consent, folders, former, self.store.placing())

    @property
    def folders(self) -> dict[str, tuple[Path, ...]]:
        """Where each agent keeps its logs on this machine, those of the settings included."""
        said = self.settings.sources
        more = {agent: tuple(Path(one).expanduser() for one in said[agent].folders) for agent in said}
        return {agent: (*own, *more.get(agent, ())) for agent, own in sources.folders().items()}

    @property
    def store(self) -> Store:
        """The whole ledger: for what reads, derives, erases and trains. What is given back comes from `visible`."""
        with self._opening:
            if self._store is None:
                self._store = Store.open(self.home.database)
            return self._store

    def close(self) -> None:
        """Let go of the database; the next verb that needs it opens it again."""
        with self._opening:
            if self._store is not None:
                self._store.close()
                self._store = None

    @property
    def visible(self) -> Store:
        """The ledger as far as it may be given back to people and agents."""
        consent = self.consent
        anything_refused = any(consent.refused(Act.RECALL, section) for section in UNSAID)
        return Visible(self.store, consent) if anything_refused else self.store

    @property
    def redactor(self) -> Redactor:
        """Gate 1: with the user's strings as they are now."""
        return _redactor(key_at(self.home.redaction_key), self.settings.redact.strings)

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.home.adapters)

    def project(self, named: str | None = None) -> str:
        """The project called `named`, else the one of the working folder, or what it was merged into."""
        try:
            placing = self.store.placing() if self.home.database.exists() else Placing()
        except StoreError:
            placing = Placing()  # what needs the database says so itself
        return placing.named(named) if named else placing.project(str(self.cwd))

    def _shelved(self, named: str | None) -> str:
        """The name of a project's shelf; what a project learned before it was merged stays on its own."""
        own = shelf_name(named) if named else ""
        return own if own and self.shelf.versions(own) else shelf_name(self.project(named))

    def _scope(self, named: str | None) -> str | None:
        """The project to give something back of, None for every one that may be. NothingConsented where it may not.

        NotFound where another one than this folder's is named of which nothing is known.
        """
        if named == EVERY:
            return None
        project = self.project(named)
        self.consent.require(Act.RECALL, project=project)
        if named and self.home.database.exists() and not self._is_known(project):
            raise NotFound(
                f"no project called `{named}` is known.{self._meant(project, self.visible.projects())} "
                "`memsrv projects list` names those that are, and `*` stands for all"
            )
        return project

    def _is_known(self, project: str) -> bool:
        """Whether anything is known of it; before anything was read, none is asked for in vain."""
        known = self.store.projects()
        return not known or project in (*known, self.project()) or bool(self.shelf.versions(shelf_name(project)))

    @staticmethod
    def _meant(project: str, known: Sequence[str]) -> str:
        near = difflib.get_close_matches(project, known, n=3, cutoff=0.5)
        return f" Did you mean {' or '.join(near)}?" if near else ""

    @abstractmethod
    def _note_standing(self) -> None:
        """After a change: the status line's cache says how all stands now."""


_redactor = lru_cache(maxsize=4)(Redactor)


def _last_change(home: Home) -> tuple[int, int, int] | None:
    try:
        status = home.config.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def now() -> str:
    """This moment, as records carry it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
