"""How far a run is: one small file that the CLI, MCP and the dashboard read while the run goes on. Torch-free.

`state` is running, done, failed or interrupted. Only the process that runs the stages writes it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from memsrv.records import from_dict, to_dict
from memsrv_consolidation.run import Run, read_json, write_json

#: Seconds between two writes of the file while a stage counts.
EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """What `progress.json` says."""

    stage: str
    state: str
    done: int
    total: int
    eta_s: float | None
    pid: int
    started: str
    updated: str
    message: str = ""


def read(run: Run) -> Progress | None:
    """The progress of `run`, or None before its first stage."""
    if not run.progress_file.exists():
        return None
    return from_dict(Progress, read_json(run.progress_file))


class Pace:
    """Writes `progress.json`: a stage begins, counts, and the run ends in one state."""

    def __init__(self, run: Run, pid: int, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._run = run
        self._now = now
        stamp = _iso(now())
        self._last = Progress("start", "running", 0, 0, None, pid, stamp, stamp)
        self._began = self._counted = time.monotonic()
        self._from = 0
        self._write()

    def begin(self, stage: str, total: int = 0, done: int = 0) -> None:
        """A stage starts; `done` of its `total` parts may be finished already (a resumed training)."""
        self._began, self._from = time.monotonic(), done
        self._set(stage=stage, state="running", done=done, total=total, eta_s=None, message="")

    def count(self, done: int, total: int) -> None:
        """`done` of `total` parts of the stage are finished."""
        moment = time.monotonic()
        if moment - self._counted < EVERY and done < total:
            return
        self._counted = moment
        finished = done - self._from
        eta = (moment - self._began) / finished * (total - done) if finished > 0 else None
        self._set(done=done, total=total, eta_s=None if eta is None else round(eta, 1))

    def end(self, state: str, message: str) -> None:
        """The run is done, failed or interrupted, and `message` says in a sentence what that means."""
        self._set(state=state, message=message, eta_s=None)

    def _set(self, **changes: object) -> None:
        self._last = replace(self._last, updated=_iso(self._now()), **changes)  # type: ignore[arg-type]
        self._write()

    def _write(self) -> None:
        write_json(self._run.progress_file, to_dict(self._last))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
