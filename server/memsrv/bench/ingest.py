"""Ingest measured: from log to searchable, beside the floor of the same run and the plainest way; and a line's latency.

Each contestant is a process of its own (`contestants.py`) and all take turns, several times: what else the machine does
meets all of them. Ratios are of one round each, then the median. memsrv reads so much ahead in further processes: the
memory is that of the largest. The floor stores what memsrv stores, in transactions as large: rows, their words and
those beside them in the index, and the packed archive. It has all of that finished; decoding alone stands beside it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from memsrv.bench.appending import Latency, latency
from memsrv.bench.contestants import DECODE, FLOOR, NAIVE, REDACTED, ROWS, SEARCHABLE, Run, logs_at
from memsrv.bench.sessions import write_sessions
from memsrv.errors import MemsrvError

CONTESTANTS = (SEARCHABLE, REDACTED, DECODE, FLOOR, ROWS, NAIVE)


@dataclass(frozen=True, slots=True)
class Contestant:
    """Medians of all rounds. Where only JSON was decoded, `events` are its lines."""

    name: str
    events: int
    seconds: float
    events_per_s: float
    mb_per_s: float
    base_mb: float  # memory before the first line was read
    peak_mb: float  # of its largest process
    of_floor: float  # how fast it is, where inserting alone is 1
    of_rows: float  # … where the plain way in the same transactions is 1
    of_naive: float  # … where the plain way is 1


@dataclass(frozen=True, slots=True)
class IngestBench:
    """`megabytes` of logs in `files`. `made_up`: the logs are generated, nobody's sessions."""

    files: int
    megabytes: float
    made_up: bool
    rounds: int
    contestants: tuple[Contestant, ...]
    latency: Latency | None  # None: not asked for


def ingesting(logs: Path | None = None, *, mib: float = 64, rounds: int = 3, appends: int = 200) -> IngestBench:
    """Measure on the logs below `logs`; unset, on `mib` of sessions that are made up."""
    with tempfile.TemporaryDirectory(prefix="memsrv-bench-") as made:
        folder = logs or Path(made) / "logs"
        if logs is None:
            write_sessions(folder, int(mib * (1 << 20)))
        found = logs_at(folder)
        size = sum(path.stat().st_size for path, _ in found)
        runs = [{name: _run(name, folder) for name in CONTESTANTS} for _ in range(rounds)]
        return IngestBench(
            files=len(found),
            megabytes=round(size / 1e6, 2),
            made_up=logs is None,
            rounds=rounds,
            contestants=tuple(_contestant(name, runs, size) for name in CONTESTANTS),
            latency=latency(Path(made), appends) if appends else None,
        )


def _contestant(name: str, runs: Sequence[Mapping[str, Run]], size: int) -> Contestant:
    own = [one[name] for one in runs]
    seconds = median(run.seconds for run in own)

    def beside(other: str) -> float:
        return round(median(one[other].seconds / max(one[name].seconds, 1e-9) for one in runs), 3)

    return Contestant(
        name,
        events=own[0].events,
        seconds=round(seconds, 4),
        events_per_s=round(own[0].events / max(seconds, 1e-9), 1),
        mb_per_s=round(size / 1e6 / max(seconds, 1e-9), 2),
        base_mb=max(run.base_mb for run in own),
        peak_mb=max(run.peak_mb for run in own),
        of_floor=beside(FLOOR),
        of_rows=beside(ROWS),
        of_naive=beside(NAIVE),
    )


def _run(name: str, folder: Path) -> Run:
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="memsrv-bench-"))
        command = [sys.executable, "-I", "-m", "memsrv.bench.contestants", name, str(folder), home]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MemsrvError(f"`{name}` ended with {done.returncode}: {done.stderr.strip()[-500:]}; run the bench again")
    return Run(**json.loads(done.stdout))
