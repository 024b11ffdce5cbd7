"""The verbs of settings and consent: what holds, and changing it. Only people reach these; no tool, no route does."""

from collections.abc import Callable

from memsrv import config
from memsrv.app.rooms import Rooms
from memsrv.config import Entry
from memsrv.consent import Act, Answer
from memsrv.errors import UsageError
from memsrv.plurals import counted
from memsrv.project import slug
from memsrv.settings import UNSAID
from memsrv.shapes import Configuration, Configured
from memsrv.sources import SOURCES


class Configuring(Rooms):
    def config(self, *, changed: bool = False) -> Configuration:
        """Every setting with what holds for it; with `changed` only those in `config.toml`."""
        listed = config.entries(self.home)
        kept = tuple(entry for entry in listed if entry.source != "default" or not changed)
        return Configuration(kept, str(self.home.config))

    def config_get(self, key: str) -> Entry:
        return config.entry(self.home, key)

    def config_set(self, key: str, value: str, *, add: bool = False, lines: bool = False) -> Configured:
        """Set `key` to what `value` says, or add it to the list; with `lines` the value is one item a line."""
        parsed = config.parse(key, value, lines=lines)
        note = self._of_whom(key)
        config.put(self.home, key, parsed, add=add)
        return self._configured(key, note)

    def config_unset(self, key: str) -> Configured:
        config.drop(self.home, key)
        return self._configured(key, None)

    def ask_to_train(self, project: str, ask: Callable[[str], Answer]) -> None:
        """Ask once whether `project` may be trained on. Yes and never are remembered; an explicit no is not asked."""
        if self.consent.said(Act.TRAIN, "projects", project) is not None:
            return
        answer = ask(f"May the sessions of {project} be trained on, on this machine?")
        if answer is not Answer.NO:
            config.put(self.home, f"projects.{project}.train", answer is Answer.YES)

    def _configured(self, key: str, note: str | None) -> Configured:
        self._note_standing()
        entry = self.config_get(key)
        notes = [note, self._what_stays(entry)]
        return Configured(entry, " ".join(filter(None, notes)) or None)

    def _of_whom(self, key: str) -> str | None:
        """Refuse a name that no project or source can have: a no that is misspelt would protect nothing."""
        section, _, rest = key.partition(".")
        name = rest.rpartition(".")[0]
        if section == "sources" and name not in (known := sorted(source.name for source in SOURCES)):
            raise UsageError(f"there is no source `{name}`; memsrv reads the logs of: {', '.join(known)}")
        if section == "projects":
            if slug(name) != name:
                raise UsageError(f"memsrv would call the project `{slug(name)}`, not `{name}`; use that name")
            known = self.store.projects()
            if name not in known:
                return f"Nothing of a project called {name} has been read so far.{self._meant(name, known)}"
        return None

    def _what_stays(self, entry: Entry) -> str | None:
        """A consent that is withdrawn, or a word that is named, deletes nothing: say what is there, and how it goes."""
        if entry.hidden and self.home.database.exists():
            return (
                'They hold from now on. What was stored before stays: `memsrv forget --erase --words "…"` removes it.'
            )
        section, _, rest = entry.key.partition(".")
        name, _, act = rest.rpartition(".")
        if section not in UNSAID or entry.value is not False:
            return None
        if act == Act.TRAIN:
            return "Versions that were trained on it stay; `memsrv adapters` lists them."
        sessions = [
            s for s in self.store.sessions(twice=True) if name == (s.project if section == "projects" else s.agent)
        ]
        if act != Act.CAPTURE or not sessions:
            return None
        return (
            f"Nothing more is read of it. What was read stays ({counted(len(sessions), 'session')}): "
            f"`memsrv config set {section}.{name}.recall false` keeps it from being given back, "
            "`memsrv forget ID --erase` erases it."
        )
