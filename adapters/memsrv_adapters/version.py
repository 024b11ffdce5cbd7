"""What an adapter version is: its manifest, its names, and the pointers that say which version is live.

Data only; `shelf.py` puts it on disk. Every name is checked here before it may become part of a path.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from memsrv.errors import NotFound, UsageError

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
MANIFEST = "manifest.json"

_PROJECT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_VERSION = re.compile(r"v([1-9][0-9]{0,8})")


class Stage(StrEnum):
    LEARNING = "learning"  # trained, not yet answered reliably: stays in the injected memory
    GRADUATED = "graduated"  # answered from the weights: leaves the injected memory
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Source:
    """Words that a fact was learned from: a turn of a session, and the sha256 of what is quoted of it."""

    session: str
    turn: int
    hash: str
    event: str | None = None  # its id, where the run still had the event


@dataclass(frozen=True, slots=True)
class TrainedFact:
    """One fact a version was trained on, and how many of its closed-book questions were answered `right`."""

    id: str
    text: str
    stage: Stage = Stage.LEARNING
    right: int | None = None
    of: int | None = None
    hash: str = ""  # sha256 of its text and its value
    sources: tuple[Source, ...] = ()

    @property
    def recalled(self) -> str | None:
        """`3 of 4`; None where nobody asked."""
        return None if self.of is None else f"{self.right} of {self.of}"


REBUILD, EXTEND = "rebuild", "extend"


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a version's weights were made of. The same data, conversations, recipe and seed give the same weights."""

    built: str = REBUILD  # or `extend`: on the weights of its parent
    seed: int | None = None
    recipe: Mapping[str, object] = field(default_factory=dict)
    data: str = ""  # sha256 over the facts that it knows, in whatever order the ledger had them
    conversations: str = ""  # sha256 of the file that was trained on
    replayed: tuple[Source, ...] = ()  # turns of sessions that were trained on as they were said
    inherited: tuple[TrainedFact, ...] = ()  # its parent's weights saw these, and they no longer hold


@dataclass(frozen=True, slots=True)
class Manifest:
    """`manifest.json`: where a version comes from, and the hashes that prove that it is whole."""

    version: str
    number: int
    project: str
    base: str
    base_hash: str
    strategy: str
    run: str
    created: str
    layer: str = "agent"
    parent: str | None = None
    facts: tuple[TrainedFact, ...] = ()
    scores: Mapping[str, object] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    lineage: Lineage = field(default_factory=Lineage)

    @property
    def seen(self) -> tuple[TrainedFact, ...]:
        """Every fact that the weights ever saw, those that no longer hold too."""
        return (*self.facts, *self.lineage.inherited)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every turn that the weights ever saw words of."""
        said = (source for fact in self.seen for source in fact.sources)
        return tuple(dict.fromkeys((*said, *self.lineage.replayed)))


@dataclass(frozen=True, slots=True)
class AdapterVersion:
    """A version on the shelf. `tainted` says why it may no longer be served; None where it may."""

    manifest: Manifest
    path: Path
    tainted: str | None = None

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def project(self) -> str:
        return self.manifest.project

    @property
    def label(self) -> str:
        """`<project>@v3`: unique for ever, and never reused."""
        return f"{self.project}@{self.version}"

    @property
    def model(self) -> str:
        """The name under which the endpoint serves exactly this version."""
        return f"memsrv/{self.label}"

    def with_stages(self, stages: Mapping[str, Stage]) -> "AdapterVersion":
        facts = tuple(replace(fact, stage=stages.get(fact.id, fact.stage)) for fact in self.manifest.facts)
        return replace(self, manifest=replace(self.manifest, facts=facts))


@dataclass(frozen=True, slots=True)
class Pointers:
    """`pointers.json`: which versions of a project are live, each by name (`v3`) or None."""

    current: str | None = None
    previous: str | None = None
    candidate: str | None = None

    def role(self, version: str) -> str:
        """What `version` is: `current`, `previous`, `candidate`, or `staged` where nothing points to it."""
        for name in ("current", "previous", "candidate"):
            if getattr(self, name) == version:
                return name
        return "staged"


def checked_project(name: str) -> str:
    """`name`, if it may be a folder of the shelf."""
    if not _PROJECT.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} is no project name: use 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit"
        )
    return name


def checked_version(name: str) -> str:
    """`name`, if it has the form of a version."""
    if not _VERSION.fullmatch(name):
        raise NotFound(f"{name[:80]!r} is no version; versions are called v1, v2, …: see `memsrv adapters`")
    return name


def number_of(name: str) -> int | None:
    """3 for `v3`; None where `name` is no version."""
    match = _VERSION.fullmatch(name)
    return int(match[1]) if match else None


def shelf_name(identity: str) -> str:
    """A project's identity (a git remote, a path) as a name for the shelf; a name that is one already stays.

    Two identities that would read the same keep apart through a piece of their hash.
    """
    if _PROJECT.fullmatch(identity):
        return identity
    readable = re.sub(r"[^a-z0-9._-]+", "-", identity.lower()).strip("-._")[-48:].lstrip("-._")
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest
