"""How memsrv stands: what is read, remembered, learned and served, what needs a person's attention, and one line of it.

Records and judgement only: figures come from whoever may open the store, the runs and the shelf.
"""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from memsrv.plurals import counted
from memsrv.status.concerns import concerns
from memsrv.status.figures import (
    AdapterStanding,
    AgentStanding,
    Concern,
    ConsentStanding,
    DiskStanding,
    EndpointStanding,
    MemoryStanding,
    NightClock,
    NightDecision,
    RunStanding,
    SourceStanding,
    SpendStanding,
    Standing,
    VersionStanding,
    Watcher,
)

__all__ = [
    "AdapterStanding", "AgentStanding", "Concern", "ConsentStanding", "DiskStanding", "EndpointStanding",
    "MemoryStanding", "NightClock", "NightDecision", "RunStanding", "SourceStanding", "SpendStanding", "Standing",
    "VersionStanding", "Watcher", "concerns", "line", "write_line",
]  # fmt: skip


def line(memories: int, live: VersionStanding | None, runs: Sequence[RunStanding]) -> str:
    """`memsrv v3 · 42 memories · 91% recall · night: idle`"""
    parts = [f"memsrv {live.version}" if live else "memsrv", counted(memories, "memory")]
    if live and live.recall is not None:
        parts.append(f"{100 * live.recall:.0f}% recall")
    parts.append(f"night: {_night(runs)}")
    return " · ".join(parts)


def _night(runs: Sequence[RunStanding]) -> str:
    running = next((run for run in runs if run.state == "running"), None)
    if running is None:
        return "idle"
    eta = f", {running.eta_s / 60:.0f} min left" if running.eta_s and running.eta_s >= 90 else ""
    share = f" {100 * running.done // running.total}%" if running.total else ""
    return f"{running.stage or 'starting'}{share}{eta}"


def write_line(cache: Path, text: str) -> None:
    """Replaced in one step: `memsrv statusline` may read, and others (our own threads, too) write, at any moment."""
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = cache.with_name(f".{cache.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_text(text + "\n", "utf-8")
    temporary.replace(cache)
