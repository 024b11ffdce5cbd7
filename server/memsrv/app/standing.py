"""How all stands: one verb, which opens every room to gather it."""

from memsrv import shapes, status
from memsrv.app.learning import Learning
from memsrv.app.rooms import EVERY
from memsrv.app.versions import Versions
from memsrv.status import Standing
from memsrv_adapters import client


class Status(Learning, Versions):
    def status(self, *, project: str | None = None) -> Standing:
        """How all stands; its one line is left for `memsrv statusline`."""
        counts = self.store.counts()
        name = self._project_to_show(project)
        standing = status.standing(
            home=self.home.root,
            project=name,
            sessions=counts.sessions,
            events=counts.events,
            sources=[shapes.of_source(file) for file in self.store.files()],
            memories=shapes.of_memories(self.store.memories(include_retired=True)),
            runs=self.runs().runs[:20],
            adapters=self.adapters(project=name),
            endpoint=shapes.of_endpoint(client.endpoint_state(self.home)),
        )
        status.write_line(self.home.statusline, status.line(standing))
        return standing

    def _project_to_show(self, named: str | None) -> str:
        """The one named, else this folder's; a folder that memsrv knows nothing of shows the project last worked on."""
        here = self.project(None if named == EVERY else named)
        if named or here in self.store.projects():
            return here
        sessions = self.store.sessions()
        return max(sessions, key=lambda s: s.ended or s.started or "").project if sessions else here

    def _note_standing(self) -> None:
        self.status()
