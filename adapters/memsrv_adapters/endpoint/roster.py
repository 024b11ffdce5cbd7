"""Who answers to which name: aliases to exact versions, versions to engines, and leases that keep them loaded.

A name is resolved once, when a question is admitted; the question then holds a lease on that exact version until it has
its answer, wherever the pointers go meanwhile. Pointers are read anew for every question. Knows nothing of HTTP.
"""

import re
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from memsrv.errors import AdapterMismatch, NotFound, NothingConsented
from memsrv_adapters.base import Base
from memsrv_adapters.engines import Engine, EngineOf
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import AdapterVersion

BASE = "memsrv/base"
BARE = "base"  # the role of a project's name that has no version behind it: the bare base, with that project's memory
KEPT_LOADED = 4  # versions that stay in memory though no question uses them, and no pointer names them

_NAME = re.compile(
    r"memsrv/(?P<project>[a-z0-9][a-z0-9._-]{0,63})(?:@(?P<version>v[1-9][0-9]{0,8})|:(?P<role>[a-z]+))?"
)
_ROLES = ("latest", "current", "previous", "candidate", BARE)


@dataclass(frozen=True, slots=True)
class Listing:
    """A name that can be asked, and what it stands for now."""

    id: str
    root: str  # the exact version, or `memsrv/base`
    base: str
    created: str | None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask one exact version: it stays loaded until the lease ends."""

    engine: Engine
    version: AdapterVersion | None  # None: the bare base
    project: str | None = None  # the one that was named, by its shelf's name

    @property
    def model(self) -> str:
        return BASE if self.version is None else self.version.model

    @property
    def label(self) -> str | None:
        return None if self.version is None else self.version.label


class Roster:
    """The names that are served, over a shelf. Thread-safe; loading blocks only those who need what is loaded.

    `closed`: the projects that may not answer at this moment.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        default_base: str,
        resolve: Callable[[str], Base],
        engine_of: EngineOf,
        closed: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._shelf = shelf
        self._closed = closed
        self._default_base = default_base
        self._resolve = resolve
        self._engine_of = engine_of
        self._engines: dict[str, Engine] = {}  # by the base's hash
        self._leases: dict[str, int] = {}  # by label; the order is that of last use
        self._loading = threading.Lock()
        self._counting = threading.Lock()

    def listings(self) -> list[Listing]:
        """Every name that can be asked."""
        found = [Listing(BASE, BASE, self._default_base, None)]
        closed = self._closed()
        for project in self._shelf.projects():
            if project in closed:
                continue
            versions = {v.version: v for v in self._readable(project) if v.tainted is None}
            pointers = self._shelf.pointers(project)
            named = {
                f"memsrv/{project}": pointers.current,
                f"memsrv/{project}:latest": pointers.current,
                f"memsrv/{project}:previous": pointers.previous,
                f"memsrv/{project}:candidate": pointers.candidate,
                **{version.model: name for name, version in versions.items()},
            }
            for name, version in named.items():
                if version in versions:
                    manifest = versions[version].manifest
                    model = versions[version].model
                    found.append(Listing(name, model, manifest.base, manifest.created, project))
        return found

    def _readable(self, project: str) -> Iterator[AdapterVersion]:
        """The versions whose manifest can be read. A damaged one hides no other, and whoever asks for it is told."""
        for name in self._shelf.names(project):
            with suppress(AdapterMismatch):
                yield self._shelf.version(project, name)

    def resolve(self, name: str) -> AdapterVersion | None:
        """The exact version that `name` stands for at this moment; None is the bare base."""
        if name == BASE:
            return None
        match = _NAME.fullmatch(name)
        role = (match["role"] or "latest") if match else ""
        if match is None or role not in _ROLES:
            raise NotFound(
                f"there is no model {name[:120]!r}; use {BASE}, memsrv/<project>, memsrv/<project>:previous "
                "or memsrv/<project>@v3"
            )
        if (project := match["project"]) in self._closed():
            raise NothingConsented(
                f"{project} may not be given back; allow it with `memsrv config set projects.{project}.recall true`"
            )
        if role == BARE:
            return None
        version = self._shelf.version(project, match["version"] or role)
        if version.tainted is not None:
            raise NotFound(f"{version.label} is no longer served: {version.tainted}; run `memsrv consolidate`")
        return version

    @contextmanager
    def lease(self, name: str) -> Iterator[Lease]:
        """What `name` stands for, loaded; it stays so until the end of the `with`."""
        version = self.resolve(name)
        if version is None:
            match = _NAME.fullmatch(name) if name != BASE else None
            yield Lease(self._engine(self._resolve(self._default_base)), None, match["project"] if match else None)
            return
        with self._counting:
            self._leases[version.label] = self._leases.pop(version.label, 0) + 1
        try:
            yield Lease(self._loaded(version), version, version.project)
        finally:
            with self._counting:
                self._leases[version.label] -= 1
            self._retire()

    def warm(self, name: str | None) -> None:
        """Load what the first question will need: the default base, or what `name` stands for."""
        with self.lease(name or BASE):
            pass

    def _engine(self, base: Base) -> Engine:
        engine = self._engines.get(base.hash)
        if engine is None:
            with self._loading:
                engine = self._engines.get(base.hash)
                if engine is None:
                    engine = self._engines[base.hash] = self._engine_of(base)
        return engine

    def _loaded(self, version: AdapterVersion) -> Engine:
        manifest = version.manifest
        engine = self._engines.get(manifest.base_hash)
        if engine is None:
            base = self._resolve(manifest.base)
            if base.hash != manifest.base_hash:
                self._shelf.verify(version, base.hash)
            engine = self._engine(base)
        if version.label not in engine.loaded():
            with self._loading:
                if version.label not in engine.loaded():
                    engine.load(self._shelf.verify(version, engine.base.hash))
        return engine

    def _retire(self) -> None:
        """Unload what is gone from the shelf, and of the rest what was used longest ago, beyond the few that stay.

        What is leased stays until its lease ends; what a pointer names stays.
        """
        if not self._loading.acquire(blocking=False):
            return  # something is being loaded; the next answer that ends looks again
        try:
            with self._counting:
                resting = [label for label, leases in self._leases.items() if not leases]
                gone = [label for label in resting if self._is_gone(label)]
                idle = [label for label in resting if label not in gone and not self._pointed(label)]
                for label in (*gone, *idle[: max(0, len(self._leases) - len(gone) - KEPT_LOADED)]):
                    for engine in self._engines.values():
                        engine.unload(label)
                    del self._leases[label]
        finally:
            self._loading.release()

    def _is_gone(self, label: str) -> bool:
        """Whether the version was tainted or removed: its weights do not stay in memory, either."""
        project, _, version = label.partition("@")
        try:
            return self._shelf.version(project, version).tainted is not None
        except NotFound:
            return True
        except AdapterMismatch:
            return False  # it cannot be read at this moment; whoever asks for it is told

    def _pointed(self, label: str) -> bool:
        project, _, version = label.partition("@")
        try:
            return self._shelf.pointers(project).role(version) != "staged"
        except AdapterMismatch:
            return True  # the pointers cannot be read: whoever asks next is told; nothing is unloaded on a guess
