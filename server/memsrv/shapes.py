"""What verbs give back where no lower room has a record for it, and what rooms' records become in `memsrv status`.

Their JSON form is design §8's shape. Data and its conversion only: nothing is opened here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from memsrv.config import Entry
from memsrv.records import Fact, Memory, Review, Session
from memsrv.status import (
    AgentStanding,
    Concern,
    ConsentStanding,
    EndpointStanding,
    RunStanding,
    SourceStanding,
    VersionStanding,
)
from memsrv.store import Loss, SourceFile
from memsrv_adapters.client import EndpointState
from memsrv_adapters.version import AdapterVersion, Manifest


@dataclass(frozen=True, slots=True)
class Embedded:
    """What `embed` did: vectors that were made and dropped, and how many of this encoder there are now."""

    encoder: str | None
    made: int
    dropped: int
    vectors: int


@dataclass(frozen=True, slots=True)
class Memories:
    memories: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class Sessions:
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class AgentBacklog:
    """Logs of one agent that were never read, by the time of their files."""

    agent: str
    logs: int
    bytes: int
    oldest: str
    newest: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a first `memsrv ingest` would read. `seconds` is an estimate from a sample; None where there was none."""

    agents: tuple[AgentBacklog, ...]
    logs: int
    bytes: int
    since: str | None
    sampled: int = 0  # bytes
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ProjectStanding:
    """One project, and what it is made of. `merged`: projects that are part of it; `split`: folders that are it."""

    project: str
    sessions: int
    events: int
    memories: int
    last: str | None
    folders: tuple[str, ...]
    worktrees: tuple[str, ...]
    branches: tuple[str, ...]
    agents: tuple[str, ...]
    merged: tuple[str, ...]
    split: tuple[str, ...]
    consents: ConsentStanding


@dataclass(frozen=True, slots=True)
class Projects:
    """Every project, and what a person may want to do about them."""

    projects: tuple[ProjectStanding, ...]
    advice: tuple[Concern, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """What a merge, split or exclusion did, or, where not `done`, would do; `undo` is the command that undoes it."""

    act: str
    what: str
    project: str
    done: bool
    sessions: int = 0
    memories: int = 0
    reviews: int = 0
    consents: Mapping[str, bool | None] = field(default_factory=dict)  # what changed of those of `project`
    undo: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    version: str
    stage: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a consolidation would learn, what it would leave out and why, and what versions have learned.

    `waiting`: what tools, pages or files stated and nobody has reviewed; `reviews`: what people said of facts.
    """

    project: str
    facts: tuple[Fact, ...]
    left_out: dict[str, int]
    learned: tuple[Learned, ...]
    waiting: tuple[Fact, ...] = ()
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was said of facts, those facts as the next run takes them (rejected ones are gone), who learned them."""

    project: str
    reviews: tuple[Review, ...]
    facts: tuple[Fact, ...]
    learned_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, and the file that a person's own are in."""

    settings: tuple[Entry, ...]
    file: str


@dataclass(frozen=True, slots=True)
class Configured:
    """A setting as it is now, and what else a person should know about the change."""

    setting: Entry
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Runs:
    runs: tuple[RunStanding, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A version: its manifest, and where it stands."""

    manifest: Manifest
    state: str
    path: str
    tainted: str | None


@dataclass(frozen=True, slots=True)
class Pointed:
    project: str
    current: str | None
    previous: str | None
    candidate: str | None


@dataclass(frozen=True, slots=True)
class Exported:
    """A version as one file: how many of its facts travel in words, and how many bytes were read for secrets."""

    project: str
    version: str
    path: str
    bytes: int
    facts: int
    audited: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What somebody else trained, as a staged version here."""

    project: str
    version: str
    state: str
    base: str
    facts: int


@dataclass(frozen=True, slots=True)
class Told:
    """What the adapter said, beside what stands in memory about the same thing, which overrides it.

    `known`: it did not decline, and repeats a fact that it was trained on, or a memory of those that stood before the
    question (`facts`). Without one it is a guess. `given`: the ids of what stood before the question.
    """

    state: str  # "answered", or "warming": ask again
    answer: str | None
    known: bool | None
    model: str | None
    adapter: str | None
    memories: tuple[Memory, ...] = ()
    retry_s: float | None = None
    facts: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def of_source(file: SourceFile) -> SourceStanding:
    behind = None if file.size is None else file.lag
    return SourceStanding(file.path, file.agent, file.unreadable, behind, _lag_s(file))


def _lag_s(file: SourceFile) -> float | None:
    if file.changed is None or not file.lag:
        return None if file.changed is None else 0.0
    try:
        read_to = datetime.fromisoformat(file.read_to or "").timestamp()
    except ValueError:
        return None  # none of its turns had a time
    return round(max(0.0, file.changed - read_to), 1)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The logs of one agent that are on this machine, and where."""

    folders: tuple[str, ...] = ()
    paths: frozenset[str] = frozenset()
    bytes: int = 0
    newest: str | None = None


def of_agents(
    files: Sequence[SourceFile],
    events: Mapping[str, int],
    sessions: Mapping[str, int],
    losses: Sequence[Loss],
    there: Mapping[str, OnDisk],
    unplaced: Mapping[str, int],
) -> tuple[AgentStanding, ...]:
    """All logs of each agent that was read, or has left logs on this machine."""
    by_agent: dict[str, list[SourceFile]] = {}
    for file in files:
        by_agent.setdefault(file.agent, []).append(file)
    lost = {agent: Counter[str]() for agent in {*by_agent, *there}}
    owners = {file.path: file.agent for file in files} | {path: a for a, one in there.items() for path in one.paths}
    for loss in losses:
        if loss.path in owners:
            lost[owners[loss.path]][str(loss.kind)] += 1
    return tuple(
        replace(
            _of_agent(agent, by_agent.get(agent, ()), events.get(agent, 0), sessions.get(agent, 0), lost[agent], found),
            unplaced=unplaced.get(agent, 0),
        )
        for agent in sorted({*by_agent, *there})
        if (found := there.get(agent, OnDisk())).paths or agent in by_agent
    )


def _of_agent(
    agent: str, files: Sequence[SourceFile], read: int, sessions: int, lost: Counter[str], there: OnDisk
) -> AgentStanding:
    unreadable = sum(file.unreadable for file in files)
    unknown = Counter[str]()
    for file in files:
        unknown.update(file.unknown)
    return AgentStanding(
        agent=agent,
        logs=len(files),
        folders=there.folders,
        found=len(there.paths),
        found_bytes=there.bytes,
        newest=there.newest,
        unread=len(there.paths - {file.path for file in files}),
        sessions=sessions,
        gone=sum(file.size is None for file in files),
        behind=sum(file.lag for file in files),
        lag_s=max((_lag_s(file) or 0.0 for file in files), default=0.0),
        events=read,
        unreadable=unreadable,
        unreadable_share=round(unreadable / max(1, unreadable + read), 4),
        unknown=dict(unknown.most_common()),
        unknown_share=round(unknown.total() / max(1, unknown.total() + unreadable + read), 4),
        lost=dict(sorted(lost.items())),
    )


def of_version(version: AdapterVersion, state: str) -> VersionStanding:
    manifest = version.manifest
    recall = manifest.scores.get("recall")  # the gate's own figure: closed book, in wordings it was not trained on
    return VersionStanding(
        version=manifest.version,
        state=state,
        base=manifest.base,
        parent=manifest.parent,
        created=manifest.created,
        facts=len(manifest.facts),
        recall=float(recall) if isinstance(recall, int | float) else None,
        scores=dict(manifest.scores),
        stages=dict(Counter(str(fact.stage) for fact in manifest.facts)),
    )


def of_endpoint(state: EndpointState) -> EndpointStanding:
    return EndpointStanding(
        running=state.state != "stopped",
        warm=state.state == "ready",
        address=state.url,
        pid=state.pid,
        started=state.started,
    )
