"""The verbs of the shelf: adapter versions, and which of them is live."""

from pathlib import Path
from tempfile import TemporaryDirectory

from memsrv import shapes
from memsrv.app.rooms import Rooms
from memsrv.consent import Act
from memsrv.errors import AdapterMismatch, GateRefused, UsageError
from memsrv.shapes import Exported, Imported, Pointed, Shown
from memsrv.status import AdapterStanding
from memsrv_adapters import parcel
from memsrv_adapters.base import resolve
from memsrv_adapters.difference import Difference
from memsrv_adapters.version import AdapterVersion, Pointers
from memsrv_consolidation.audit import audit


class Versions(Rooms):
    def adapters(self, *, project: str | None = None) -> AdapterStanding:
        name = self._shelved(project)
        pointers = self.shelf.pointers(name)
        versions = tuple(shapes.of_version(v, self.shelf.state(v)) for v in self.shelf.versions(name))
        return AdapterStanding(name, pointers.current, pointers.previous, pointers.candidate, versions)

    def adapter(self, version: str, *, project: str | None = None) -> Shown:
        self.consent.require(Act.RECALL, project=self.project(project))  # a manifest has its facts' words
        found = self.shelf.version(self._shelved(project), version)
        return Shown(found.manifest, self.shelf.state(found), str(found.path), found.tainted)

    def promote(self, version: str, *, project: str | None = None) -> Pointed:
        """Make `version` live, if it is whole and was trained on the base that is here now."""
        name = self._shelved(project)
        chosen = self.shelf.version(name, version)
        return self._pointed(name, self.shelf.promote(name, chosen.version, self._base_hash(chosen)))

    def rollback(self, *, project: str | None = None) -> Pointed:
        name = self._shelved(project)
        before = self.shelf.previous(name)
        return self._pointed(name, self.shelf.rollback(name, self._base_hash(before) if before else None))

    def diff(self, old: str, new: str, *, project: str | None = None) -> Difference:
        self.consent.require(Act.RECALL, project=self.project(project))
        return self.shelf.diff(self._shelved(project), old, new)

    def export_adapter(self, version: str, to: Path, *, project: str | None = None, facts: bool = False) -> Exported:
        """Write a version to one file, without the words it was trained on unless `facts`; every byte is audited."""
        name = self.project(project)
        self.consent.require(Act.RECALL, project=name)
        found = self.shelf.verify(self.shelf.version(self._shelved(project), version))
        if found.tainted:
            raise GateRefused(f"{found.label} is not given away: {found.tainted}; run `memsrv consolidate`")
        if to.exists() or not to.parent.is_dir():
            raise UsageError(f"{to} exists, or its folder does not; name a new file")
        parcel.pack(found, to, facts=facts)
        read = audit([to], (), self.redactor)
        if not read.clean:
            to.unlink()
            raise GateRefused(f"{found.label} is not given away, and {to} was removed: in it was {read}")
        told = len(found.manifest.facts) if facts else 0
        return Exported(found.project, found.version, str(to), to.stat().st_size, told, read.bytes)

    def import_adapter(self, file: Path, *, project: str | None = None) -> Imported:
        """Take in what somebody exported: judged, for this base only, staged, and measured by nobody yet."""
        name = self._shelved(project)
        base = resolve(self.settings.base, self.home.models)
        self.home.adapters.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(dir=self.home.adapters, prefix=".part-") as folder:
            taken = parcel.unpack(file, Path(folder))
            if taken.base_hash != base.hash:
                raise AdapterMismatch(
                    f"{file} was trained on another {taken.base} ({taken.base_hash[:12]}), and here `base` is "
                    f"{base.name} ({base.hash[:12]}); set the base that it needs with `memsrv config set base`"
                )
            put = self.shelf.put(
                Path(folder), project=name, base=base.name, base_hash=base.hash, strategy=taken.strategy,
                run=f"imported-{taken.sha256[:12]}", created=taken.created, facts=taken.facts,
                lineage=taken.lineage,
            )  # fmt: skip
        return Imported(name, put.version, self.shelf.state(put), base.name, len(taken.facts))

    def _base_hash(self, version: AdapterVersion) -> str:
        return resolve(version.manifest.base, self.home.models).hash

    def _pointed(self, project: str, pointers: Pointers) -> Pointed:
        self._note_standing()
        return Pointed(project, pointers.current, pointers.previous, pointers.candidate)
