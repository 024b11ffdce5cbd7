"""The shelf: immutable adapter versions of each project, and one pointers file that says which is live.

A version is whole or absent: it is copied beside its place, synced, and renamed. Nothing in it changes after that; what
becomes known later (a fact graduated, a version may no longer be served) is a mark beside it.
Knows no torch, no engine and no gate: whoever calls `promote` has decided.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from memsrv.errors import AdapterMismatch, GateRefused, NoAdapterYet, NotFound, UsageError
from memsrv.records import from_dict, to_dict
from memsrv_adapters import marks
from memsrv_adapters.difference import Difference, difference
from memsrv_adapters.marks import UNMARKED, Mark
from memsrv_adapters.version import (
    CONFIG,
    MANIFEST,
    WEIGHTS,
    AdapterVersion,
    Lineage,
    Manifest,
    Pointers,
    Stage,
    TrainedFact,
    checked_project,
    checked_version,
    number_of,
)
from memsrv_adapters.weights import check_folder, check_weights, digest, hashes, read_json, sync_folder, write_json


@dataclass(frozen=True, slots=True)
class Shelf:
    """All versions under `root` (`MEMSRV_HOME/adapters`)."""

    root: Path

    def projects(self) -> list[str]:
        """The projects that have at least one version."""
        if not self.root.is_dir():
            return []
        return sorted(p.name for p in self.root.iterdir() if p.is_dir() and any(number_of(v.name) for v in p.iterdir()))

    def names(self, project: str) -> list[str]:
        """The names of all versions of `project`, oldest first, unread: a damaged one is among them."""
        folder = self._folder(project)
        numbers = sorted(n for p in folder.iterdir() if (n := number_of(p.name))) if folder.is_dir() else []
        return [f"v{number}" for number in numbers]

    def versions(self, project: str) -> list[AdapterVersion]:
        """Every version of `project`, oldest first."""
        marked = marks.read(self._folder(project))
        return [self._open(project, name, marked) for name in self.names(project)]

    def version(self, project: str, version: str) -> AdapterVersion:
        """One version by name (`v3`), or by role: `current`, `latest`, `previous`, `candidate`."""
        if version in ("current", "latest", "previous", "candidate"):
            role = "current" if version == "latest" else version
            named: str | None = getattr(self.pointers(project), role)
            if named is None:
                raise NoAdapterYet(
                    f"{project} has no {role} version; run `memsrv consolidate`, or see `memsrv adapters`"
                )
            version = named
        return self._open(project, checked_version(version), marks.read(self._folder(project)))

    def current(self, project: str) -> AdapterVersion | None:
        return self._pointed(project, self.pointers(project).current)

    def previous(self, project: str) -> AdapterVersion | None:
        return self._pointed(project, self.pointers(project).previous)

    def candidate(self, project: str) -> AdapterVersion | None:
        return self._pointed(project, self.pointers(project).candidate)

    def pointers(self, project: str) -> Pointers:
        data = read_json(self._folder(project) / "pointers.json")
        return from_dict(Pointers, data) if data else Pointers()

    def state(self, version: AdapterVersion) -> str:
        """`current`, `previous`, `candidate`, `staged`, or `tainted`."""
        return "tainted" if version.tainted else self.pointers(version.project).role(version.version)

    def put(
        self,
        folder: Path,
        *,
        project: str,
        base: str,
        base_hash: str,
        strategy: str,
        run: str,
        created: str,
        parent: str | None = None,
        facts: Sequence[TrainedFact] = (),
        scores: Mapping[str, object] | None = None,
        layer: str = "agent",
        lineage: Lineage | None = None,
        measured: Mapping[str, str] | None = None,
    ) -> AdapterVersion:
        """Store the adapter in `folder` as the next version of `project`: staged, nothing points to it yet.

        `measured` are the hashes of the files that the gate saw: others are refused.
        """
        check_folder(folder)
        try:
            datetime.fromisoformat(created)
        except ValueError as error:
            raise UsageError(f"{created!r} is no time; give ISO 8601, as 2026-11-20T03:00:00Z") from error
        if parent is not None:
            self.version(project, checked_version(parent))
        place = self._folder(project)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=place))
        try:
            for name in (CONFIG, WEIGHTS):
                shutil.copyfile(folder / name, part / name, follow_symlinks=False)
                (part / name).chmod(0o600)
            check_folder(part)  # the copy is judged as well: the original may have changed underneath
            check_weights(part)
            found = hashes(part)
            if other := [name for name in found if measured and measured.get(name) != found[name]]:
                raise AdapterMismatch(
                    f"{folder / other[0]} is not the file that the gate measured; it is not stored: run "
                    "`memsrv consolidate` anew"
                )
            with self._lock(project):
                number = self._next_number(project)
                manifest = Manifest(
                    version=f"v{number}",
                    number=number,
                    project=project,
                    base=base,
                    base_hash=base_hash,
                    strategy=strategy,
                    run=run,
                    created=created,
                    layer=layer,
                    parent=parent,
                    facts=tuple(facts),
                    scores=dict(scores or {}),
                    hashes=found,
                    lineage=lineage or Lineage(),
                )
                write_json(part / MANIFEST, to_dict(manifest))
                sync_folder(part)
                part.rename(place / manifest.version)
                sync_folder(place, files=False)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return AdapterVersion(manifest, place / manifest.version)

    def verify(self, version: AdapterVersion, base_hash: str | None = None) -> AdapterVersion:
        """`version`, after its files were found to be those that were put, and its base the one given."""
        for name, expected in version.manifest.hashes.items():
            file = version.path / name
            if not file.is_file():
                raise AdapterMismatch(f"{version.label} is damaged: {file} is missing; {_what_next(version)}")
            if digest(file) != expected:
                raise AdapterMismatch(
                    f"{version.label} is damaged: {file} is not the file that was stored; {_what_next(version)}"
                )
        check_folder(version.path)
        if base_hash is not None and base_hash != version.manifest.base_hash:
            raise AdapterMismatch(
                f"{version.label} was trained on another {version.manifest.base} "
                f"({version.manifest.base_hash[:12]}, here is {base_hash[:12]}); "
                "restore that base model, or run `memsrv consolidate` to train on this one"
            )
        return version

    def promote(self, project: str, version: str, base_hash: str | None = None) -> Pointers:
        """Make `version` the live one; what was live becomes the previous one.

        Its files are verified first, and that it was trained on the base with `base_hash`, where one is given.
        """
        chosen = self.verify(self.version(project, version), base_hash)
        if chosen.tainted:
            raise GateRefused(f"{chosen.label} cannot be promoted: {chosen.tainted}; run `memsrv consolidate`")
        with self._lock(project):
            before = self.pointers(project)
            if before.current == chosen.version:
                return before
            candidate = None if before.candidate == chosen.version else before.candidate
            return self._point(project, Pointers(chosen.version, before.current, candidate))

    def rollback(self, project: str, base_hash: str | None = None) -> Pointers:
        """Make the previous version live again; what was live becomes the previous one."""
        previous = self.pointers(project).previous
        if previous is None:
            raise NoAdapterYet(
                f"{project} has no previous version to go back to; see `memsrv adapters`, and promote one by name"
            )
        return self.promote(project, previous, base_hash)

    def offer(self, project: str, version: str | None) -> Pointers:
        """Serve `version` as `:candidate`, for whoever measures it; None withdraws it."""
        chosen = None if version is None else self.verify(self.version(project, version)).version
        with self._lock(project):
            return self._point(project, replace(self.pointers(project), candidate=chosen))

    def set_stages(self, project: str, version: str, stages: Mapping[str, Stage]) -> AdapterVersion:
        """Say how far facts of `version` have come, by id; the files of the version stay as they were put."""
        chosen = self.version(project, version)
        unknown = set(stages) - {fact.id for fact in chosen.manifest.facts}
        if unknown:
            raise NotFound(
                f"{chosen.label} was not trained on {', '.join(sorted(unknown))}; see `memsrv adapters show`"
            )
        with self._lock(project):
            marks.add(self._folder(project), chosen.version, stages=stages)
        return chosen.with_stages(stages)

    def trained_on(self, project: str, facts: Sequence[str]) -> list[AdapterVersion]:
        """The versions of `project` whose weights saw any of these facts."""
        wanted = set(facts)
        return [v for v in self.versions(project) if any(fact.id in wanted for fact in v.manifest.seen)]

    def taint(self, project: str, version: str, why: str) -> Pointers:
        """Stop serving `version`, for good. Where it was live, a clean previous one takes its place, or none."""
        chosen = self.version(project, version)
        with self._lock(project):
            marked = marks.add(self._folder(project), chosen.version, tainted=why)
            before = self.pointers(project)
            current, previous, candidate = (
                None if name and marked.get(name, UNMARKED).tainted else name
                for name in (before.current, before.previous, before.candidate)
            )
            if current is None and before.current is not None:
                current, previous = previous, None
            return self._point(project, Pointers(current, previous, candidate))

    def lost(self, project: str) -> str | None:
        """The newest version there ever was, if it may not be served any more."""
        marked = marks.read(self._folder(project))
        newest = max([*self.names(project), *marked], key=lambda name: number_of(name) or 0, default=None)
        return newest if newest and marked.get(newest, UNMARKED).tainted else None

    def remove(self, project: str, version: str) -> None:
        """Delete a version that nothing points to. Its name is never given again."""
        chosen = self.version(project, version)
        with self._lock(project):
            role = self.pointers(project).role(chosen.version)
            if role != "staged":
                raise GateRefused(f"{chosen.label} is the {role} version; promote another one before removing it")
            marks.add(self._folder(project), chosen.version, removed=True)
            away = Path(tempfile.mkdtemp(prefix=".part-", dir=self._folder(project)))
            chosen.path.rename(away / chosen.version)
            shutil.rmtree(away)

    def clear_parts(self) -> None:
        """Remove what a `put` or a `remove` that was killed left behind. Nobody may be putting meanwhile."""
        for left in self.root.glob("*/.part-*"):
            shutil.rmtree(left)

    @contextmanager
    def still(self, project: str) -> Iterator[list[Path]]:
        """Inside, nobody puts, points to or removes a version; the files of all that are whole."""
        with self._lock(project):
            folder = self._folder(project)
            names = [folder / name for name in ("pointers.json", marks.FILE)]
            names += [
                folder / version / name for version in self.names(project) for name in (CONFIG, WEIGHTS, MANIFEST)
            ]
            yield [file for file in names if file.is_file()]

    def diff(self, project: str, one: str, other: str) -> Difference:
        """What `other` learned and lost against `one`."""
        return difference(self.version(project, one).manifest, self.version(project, other).manifest)

    def _folder(self, project: str) -> Path:
        return self.root / checked_project(project)

    def _lock(self, project: str) -> FileLock:
        return FileLock(self._folder(project) / ".lock", mode=0o600)

    def _pointed(self, project: str, version: str | None) -> AdapterVersion | None:
        return None if version is None else self.version(project, version)

    def _open(self, project: str, version: str, marked: Mapping[str, Mark]) -> AdapterVersion:
        path = self._folder(project) / version
        data = read_json(path / MANIFEST)
        if data is None:
            if path.is_dir():
                raise AdapterMismatch(
                    f"{project}@{version} is damaged: {path / MANIFEST} is missing; "
                    "move the folder away and run `memsrv consolidate`"
                )
            raise NotFound(f"there is no {project}@{version}; see `memsrv adapters` for those there are")
        try:
            manifest = from_dict(Manifest, data)
        except (TypeError, ValueError, AttributeError) as error:
            raise AdapterMismatch(
                f"{project}@{version} is damaged: {path / MANIFEST} cannot be read: {error}"
            ) from error
        if (manifest.project, manifest.version) != (project, version) or set(manifest.hashes) != {CONFIG, WEIGHTS}:
            raise AdapterMismatch(f"{project}@{version} is damaged: {path / MANIFEST} does not belong to it")
        mark = marked.get(version, UNMARKED)
        return AdapterVersion(manifest, path, mark.tainted).with_stages(mark.stages)

    def _next_number(self, project: str) -> int:
        folder = self._folder(project)
        names = [p.name for p in folder.iterdir()] + list(marks.read(folder))
        return 1 + max((number for name in names if (number := number_of(name))), default=0)

    def _point(self, project: str, pointers: Pointers) -> Pointers:
        write_json(self._folder(project) / "pointers.json", to_dict(pointers))
        return pointers


def _what_next(version: AdapterVersion) -> str:
    return f"go back with `memsrv adapters rollback`, or rebuild it from run {version.manifest.run}"
