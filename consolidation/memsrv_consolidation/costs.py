"""What each stage cost, kept in `costs.json` so that a resumed run still knows: seconds, and peak memory in MiB."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from memsrv_consolidation.progress import Pace
from memsrv_consolidation.run import Run, read_json, write_json


class Costs:
    """The costs of one run so far."""

    def __init__(self, run: Run) -> None:
        self._run = run
        kept = read_json(run.costs_file) if run.costs_file.exists() else {}
        self.seconds: dict[str, float] = kept.get("seconds", {})
        self.peak_mib: dict[str, float] = kept.get("peak_mib", {})
        self.notes: dict[str, Mapping[str, int]] = kept.get("notes", {})

    @contextmanager
    def of(self, stage: str, pace: Pace) -> Iterator[None]:
        """Time `stage`. Seconds of an attempt that was cut short count as well."""
        pace.begin(stage)
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.monotonic() - began, 2)
            self.peak_mib[stage] = max(self.peak_mib.get(stage, 0.0), peak_mib())
            self._write()

    def note(self, name: str, counts: Mapping[str, int]) -> None:
        self.notes[name] = dict(counts)

    def _write(self) -> None:
        kept: dict[str, Any] = {"seconds": self.seconds, "peak_mib": self.peak_mib, "notes": self.notes}
        write_json(self._run.costs_file, kept)


def peak_mib() -> float:
    """The most memory this process has held so far; stages share a process, so this only rises."""
    import sys

    try:
        import resource
    except ImportError:  # Windows, where runs are not trained but the package must import
        import psutil

        return round(float(psutil.Process().memory_info().rss) / 2**20, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
