"""What `memsrv status` shows, as records: figures of every room, in the JSON form that scripts rely on. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Rooms that may not be readable, as warnings name them.
DATABASE, VERSIONS, WATCH = "the database", "the adapter versions", "who watches"


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """One log file. `behind` is the bytes that were written since it was last read; None: the file is gone.

    `lag_s` is the time in seconds from the last turn that was read to the file's last change; 0 where all was read.
    """

    path: str
    agent: str
    unreadable: int
    behind: int | None
    lag_s: float | None = None


@dataclass(frozen=True, slots=True)
class AgentStanding:
    """All logs of one agent. `unreadable_share` is that of records among all that was read, from 0 to 1.

    `unknown` counts, by name, what was read and not understood: a newer version of the agent writes it;
    `unknown_share` is its share likewise. `found` are the logs on this machine, `unread` those never read, `lost` what
    was in a log and is not in the store, by kind. `unplaced` sessions do not say where they were held, and are not read
    while a project may not be.
    """

    agent: str
    logs: int
    folders: tuple[str, ...] = ()  # that are there
    found: int = 0
    found_bytes: int = 0
    newest: str | None = None  # when the newest of those found was written to
    unread: int = 0
    sessions: int = 0
    gone: int = 0
    behind: int = 0
    lag_s: float = 0.0
    events: int = 0
    unreadable: int = 0
    unreadable_share: float = 0.0
    unknown: Mapping[str, int] = field(default_factory=dict)
    unknown_share: float = 0.0
    lost: Mapping[str, int] = field(default_factory=dict)
    unplaced: int = 0


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who watches the logs. `outdated`: it runs another version of memsrv than this one.

    `left_logs`, `left_bytes`: old logs that nobody was asked about, which it leaves.
    """

    watching: bool
    pid: int | None = None
    version: str | None = None
    since: str | None = None
    mode: str | None = None
    scanned: str | None = None
    last_error: str | None = None
    outdated: bool = False
    left_logs: int = 0
    left_bytes: int = 0


@dataclass(frozen=True, slots=True)
class MemoryStanding:
    """`waiting`: current ones that are trained on only after a person read them (`memsrv facts --waiting`)."""

    current: int
    superseded: int
    by_kind: Mapping[str, int]
    by_trust: Mapping[str, int]
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class RunStanding:
    """`state`: running, done, failed, interrupted. `verdict` once there is a report: promote, refuse, nothing."""

    id: str
    project: str
    state: str
    stage: str | None = None
    done: int = 0
    total: int = 0
    eta_s: float | None = None
    verdict: str | None = None
    reason: str | None = None
    started: str | None = None
    unaided: str | None = None  # why it went, or went on, without the teacher that it was to have


@dataclass(frozen=True, slots=True)
class VersionStanding:
    """`state`: current, previous, candidate, staged, tainted. `stages`: facts learning, graduated, failed."""

    version: str
    state: str
    base: str
    parent: str | None
    created: str
    facts: int
    recall: float | None
    scores: Mapping[str, object] = field(default_factory=dict)
    stages: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AdapterStanding:
    project: str | None
    current: str | None = None
    previous: str | None = None
    candidate: str | None = None
    versions: tuple[VersionStanding, ...] = ()

    @property
    def live(self) -> VersionStanding | None:
        return next((version for version in self.versions if version.version == self.current), None)


@dataclass(frozen=True, slots=True)
class EndpointStanding:
    """An HTTP server: the endpoint, or MCP. `warm`: it answers; it runs but is not warm while it loads."""

    running: bool
    warm: bool = False
    address: str | None = None
    pid: int | None = None
    started: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class SpendStanding:
    """What teachers cost today (UTC), and what they may. `open` calls count with their worst case."""

    tokens: int = 0
    usd: float = 0.0
    calls: int = 0
    open: int = 0
    teacher: str = "rules"
    tokens_per_day: int = 0
    usd_per_day: float = 0.0
    overcharged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NightDecision:
    project: str
    decision: str
    reason: str
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class NightClock:
    """The timer's files, and what came of its last look. `installed` is None where this platform has no timer."""

    installed: bool | None = None
    hours: str = ""
    looked: str | None = None
    decisions: tuple[NightDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class DiskStanding:
    """Bytes of each part, and how many MiB they may take together."""

    parts: Mapping[str, int] = field(default_factory=dict)
    total: int = 0
    limit_mib: int = 0
    archive: int = 0  # of the database: what was read of logs, whole and compressed


@dataclass(frozen=True, slots=True)
class ConsentStanding:
    project: str
    capture: bool
    recall: bool
    train: bool


@dataclass(frozen=True, slots=True)
class Concern:
    """What needs a person's attention, and what to do about it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How all stands. What could not be read is at its default here, named in `not_read`, and among `warnings`."""

    version: str
    home: str
    project: str | None
    sessions: int = 0
    events: int = 0
    sources: tuple[SourceStanding, ...] = ()
    agents: tuple[AgentStanding, ...] = ()
    watch: Watcher = Watcher(False)
    memories: MemoryStanding = MemoryStanding(0, 0, {}, {})
    runs: tuple[RunStanding, ...] = ()
    adapters: AdapterStanding = AdapterStanding(None)
    endpoint: EndpointStanding = EndpointStanding(False)
    mcp: EndpointStanding = EndpointStanding(False)
    spend: SpendStanding = SpendStanding()
    night: NightClock = NightClock()
    disk: DiskStanding = DiskStanding()
    consents: tuple[ConsentStanding, ...] = ()
    sqlite: str | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[Concern, ...] = ()
    not_read: tuple[str, ...] = ()  # rooms, as in the warning that says why
