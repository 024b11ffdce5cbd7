"""The verbs of memory: read logs, search, show, list, save, and give a session in brief."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from memsrv.app.rooms import EVERY, Rooms, now
from memsrv.compact import Compact, compact
from memsrv.errors import NotFound, UsageError
from memsrv.ingest import IngestReport, ingest
from memsrv.recall import Recalled, recall, show
from memsrv.recall import Shown as Opened
from memsrv.records import Kind, Trust
from memsrv.remember import Saved, remember, save
from memsrv.settings import claude_config
from memsrv.shapes import Memories

Progress = Callable[..., None]


class Remembering(Rooms):
    def how_to_begin(self) -> str | None:
        """What to do first, while nothing has been read; None once something has."""
        if self.store.counts().events:
            return None
        return "Nothing has been read yet; run `memsrv ingest` (or `memsrv ingest PATH`) to read the agents' logs."

    def ingest(
        self, paths: Sequence[Path] = (), *, agent: str | None = None, progress: Progress | None = None
    ) -> IngestReport:
        """Read logs, Claude Code's own where no path is given, and remember what they hold."""
        report = self.read_logs(paths or [claude_config() / "projects"], agent=agent, progress=progress)
        # Not only what changed now: an ingest that was killed before this line left sessions behind.
        return replace(report, memories=self.remember_sessions(self.waiting_sessions()))

    def read_logs(
        self, paths: Sequence[Path], *, agent: str | None = None, progress: Progress | None = None
    ) -> IngestReport:
        """Read logs, and leave what they hold to be remembered later; their turns are found at once."""
        return ingest(self.store, self.redactor, paths, agent=agent, progress=progress)

    def waiting_sessions(self) -> dict[str, int]:
        """The sessions of which memories have still to be made, with how many turns they have now."""
        return self.store.unremembered()

    def remember_sessions(self, waiting: Mapping[str, int]) -> int:
        """Make memories of `waiting` sessions, which `waiting_sessions` gave; how many are new."""
        found = remember(self.store, waiting)
        self.store.mark_remembered(waiting)
        self._note_standing()
        return found.added

    def search(self, query: str, *, project: str | None = None, kinds: Sequence[Kind] = (), limit: int = 8) -> Recalled:
        return recall(self.store, query, project=self._scope(project), kinds=kinds or None, limit=limit)

    def show(self, id: str, *, around: int = 2) -> Opened:
        try:
            return show(self.store, id, around=around)
        except NotFound as error:
            raise NotFound(
                f"there is no memory, turn or session `{id}`; `memsrv search` names those there are"
            ) from error

    def memories(self, *, project: str | None = None, kinds: Sequence[Kind] = (), superseded: bool = False) -> Memories:
        return Memories(tuple(self.store.memories(self._scope(project), kinds or None, include_retired=superseded)))

    def save(
        self,
        text: str,
        *,
        kind: Kind,
        project: str | None = None,
        supersedes: str | None = None,
        trust: Trust = Trust.ASSISTANT,
    ) -> Saved:
        if project == EVERY:
            raise UsageError("a memory belongs to one project; name it, or leave it out for this folder's")
        name = self.project(project)
        saved = save(
            self.store, self.redactor, text, kind=kind, project=name, now=now(), supersedes=supersedes, trust=trust
        )
        self._note_standing()
        return saved

    def compact(
        self, session: str | None = None, *, mode: str = "handoff", budget: int = 1500, project: str | None = None
    ) -> Compact:
        return compact(self.store, session, project=self.project(project), mode=mode, budget=budget)
