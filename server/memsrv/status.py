"""How memsrv stands: what is read, remembered, learned and served, what needs a person's attention, and one line of it.

Shapes and judgement only: figures come in as arguments, from whoever may open the store, the runs and the shelf.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memsrv import __version__


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """One log file. `behind` is the bytes that were written since it was last read; None: the file is gone."""

    path: str
    agent: str
    unreadable: int
    behind: int | None
    lag_s: float | None = None


@dataclass(frozen=True, slots=True)
class MemoryStanding:
    current: int
    superseded: int
    by_kind: dict[str, int]
    by_trust: dict[str, int]


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


@dataclass(frozen=True, slots=True)
class VersionStanding:
    """`state`: current, previous, candidate, staged."""

    version: str
    state: str
    base: str
    parent: str | None
    created: str
    facts: int
    recall: float | None
    scores: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AdapterStanding:
    project: str | None
    current: str | None = None
    previous: str | None = None
    candidate: str | None = None
    versions: tuple[VersionStanding, ...] = ()


@dataclass(frozen=True, slots=True)
class EndpointStanding:
    """`warm`: it answers. It runs but is not warm while it loads."""

    running: bool
    warm: bool = False
    address: str | None = None
    pid: int | None = None
    started: str | None = None


@dataclass(frozen=True, slots=True)
class Concern:
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Standing:
    version: str
    home: str
    project: str | None
    sessions: int
    events: int
    sources: tuple[SourceStanding, ...]
    memories: MemoryStanding
    runs: tuple[RunStanding, ...]
    adapters: AdapterStanding
    endpoint: EndpointStanding
    spend: dict[str, float]
    warnings: tuple[Concern, ...]


def standing(
    *,
    home: Path,
    project: str | None,
    sessions: int,
    events: int,
    sources: Sequence[SourceStanding],
    memories: MemoryStanding,
    runs: Sequence[RunStanding],
    adapters: AdapterStanding,
    endpoint: EndpointStanding,
    trouble: Sequence[Concern] = (),
) -> Standing:
    """The whole, with its warnings. `trouble` is what the caller ran into while gathering."""
    return Standing(
        version=__version__,
        home=str(home),
        project=project,
        sessions=sessions,
        events=events,
        sources=tuple(sources),
        memories=memories,
        runs=tuple(runs),
        adapters=adapters,
        endpoint=endpoint,
        spend={"tokens": 0, "usd": 0.0},  # rules reflect for nothing; no teacher that costs can be chosen yet
        warnings=(*trouble, *_warnings(events, sources, memories, runs, adapters)),
    )


def _warnings(
    events: int,
    sources: Sequence[SourceStanding],
    memories: MemoryStanding,
    runs: Sequence[RunStanding],
    adapters: AdapterStanding,
) -> list[Concern]:
    found = []
    if not events:
        found.append(Concern("nothing has been read yet", "run `memsrv ingest` to read Claude Code's logs"))
    unreadable = sum(source.unreadable for source in sources)
    if unreadable:
        worst = max(sources, key=lambda source: source.unreadable)
        found.append(
            Concern(
                f"{unreadable} lines could not be read, {worst.unreadable} of them in {worst.path}",
                "nothing is lost while the logs are there; update memsrv and ingest again, or report the format",
            )
        )
    behind = [source for source in sources if source.behind]
    if behind:
        size = sum(source.behind or 0 for source in behind)
        found.append(Concern(f"{len(behind)} logs have grown by {size} bytes", "run `memsrv ingest` to read them"))
    last = runs[0] if runs else None
    if last and last.state in ("failed", "interrupted"):
        found.append(
            Concern(
                f"the last consolidation, {last.id}, was {last.state}", f"run `memsrv consolidate --resume {last.id}`"
            )
        )
    if last and last.verdict == "refuse":
        found.append(
            Concern(
                f"the gate refused the last consolidation: {last.reason}",
                f"see `memsrv runs show {last.id}`; what was live stays live",
            )
        )
    if memories.current and not adapters.current and not (last and last.state == "running"):
        found.append(Concern("no adapter is live", "run `memsrv consolidate` to learn from what is remembered"))
    return found


def line(standing: Standing) -> str:
    """`memsrv v3 · 42 memories · 91% recall · night: idle`"""
    parts = [" ".join(filter(None, ("memsrv", standing.adapters.current))), f"{standing.memories.current} memories"]
    recall = next((v.recall for v in standing.adapters.versions if v.state == "current"), None)
    if recall is not None:
        parts.append(f"{100 * recall:.0f}% recall")
    parts.append(f"night: {_night(standing.runs)}")
    return " · ".join(parts)


def _night(runs: Sequence[RunStanding]) -> str:
    running = next((run for run in runs if run.state == "running"), None)
    if running is None:
        return "idle"
    eta = f", {running.eta_s / 60:.0f} min left" if running.eta_s and running.eta_s >= 90 else ""
    share = f" {100 * running.done // running.total}%" if running.total else ""
    return f"{running.stage or 'starting'}{share}{eta}"


def write_line(cache: Path, text: str) -> None:
    """Replaced in one step: `memsrv statusline` may read at any moment."""
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = cache.with_suffix(".tmp")
    temporary.write_text(text + "\n", "utf-8")
    temporary.replace(cache)
