"""The verbs of the shelf: adapter versions, and which of them is live."""

from memsrv import shapes
from memsrv.app.rooms import Rooms
from memsrv.consent import Act
from memsrv.shapes import Pointed, Shown
from memsrv.status import AdapterStanding
from memsrv_adapters.version import Difference, Pointers, shelf_name


class Versions(Rooms):
    def adapters(self, *, project: str | None = None) -> AdapterStanding:
        name = shelf_name(self.project(project))
        pointers = self.shelf.pointers(name)
        versions = tuple(shapes.of_version(v, self.shelf.state(v)) for v in self.shelf.versions(name))
        return AdapterStanding(name, pointers.current, pointers.previous, pointers.candidate, versions)

    def adapter(self, version: str, *, project: str | None = None) -> Shown:
        self.consent.require(Act.RECALL, project=self.project(project))  # a manifest has its facts' words
        found = self.shelf.version(shelf_name(self.project(project)), version)
        return Shown(found.manifest, self.shelf.state(found), str(found.path), found.tainted)

    def promote(self, version: str, *, project: str | None = None) -> Pointed:
        name = shelf_name(self.project(project))
        return self._pointed(name, self.shelf.promote(name, self.shelf.version(name, version).version))

    def rollback(self, *, project: str | None = None) -> Pointed:
        name = shelf_name(self.project(project))
        return self._pointed(name, self.shelf.rollback(name))

    def diff(self, old: str, new: str, *, project: str | None = None) -> Difference:
        self.consent.require(Act.RECALL, project=self.project(project))
        return self.shelf.diff(shelf_name(self.project(project)), old, new)

    def _pointed(self, project: str, pointers: Pointers) -> Pointed:
        self._note_standing()
        return Pointed(project, pointers.current, pointers.previous, pointers.candidate)
