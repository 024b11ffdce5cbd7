"""The machine as a night finds it: is somebody here, is it on mains, is there memory and disk, does a run go on.

One small record, so that whoever decides needs no machine. Knows nothing of what is new or of whose turn it is.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from memsrv.disk import MIB, size_of
from memsrv.errors import RunInProgress
from memsrv.home import Home
from memsrv.settings import Settings
from memsrv_consolidation.run import one_at_a_time

#: MiB of the disk that a run leaves free for everybody else: checkpoints come and go by hundreds of them.
FREE_DISK_MIB = 1000


@dataclass(frozen=True, slots=True)
class Conditions:
    """How things stand at `now` (aware, in local time). `idle_s` is None where nobody was ever seen."""

    now: datetime
    idle_s: float | None
    powered: bool
    memory_mib: int  # that programs may still take
    busy: bool  # a consolidation goes on
    disk_mib: int  # that memsrv keeps
    disk_free_mib: int

    def obstacle(self, settings: Settings) -> str | None:
        """Why no run may start now, as half a sentence; None where one may."""
        night, keep = settings.night, settings.keep
        if self.busy:
            return "another consolidation goes on"
        if self.idle_s is not None and self.idle_s < night.idle_minutes * 60:
            return f"you were here {_ago(self.idle_s)}, and {night.idle_minutes:g} minutes of quiet are asked for"
        if not (self.powered or night.on_battery):
            return "the machine runs on battery"
        if self.memory_mib < night.memory_mib:
            return f"{self.memory_mib} MiB of memory are free, and {night.memory_mib} are asked for"
        if self.disk_mib > keep.disk_mib:
            return f"memsrv keeps {self.disk_mib} MiB, more than its {keep.disk_mib}; run `memsrv gc`"
        if self.disk_free_mib < FREE_DISK_MIB:
            return f"{self.disk_free_mib} MiB of the disk are free, and {FREE_DISK_MIB} must be"
        return None


def sense(home: Home, idle_s: float | None, now: datetime) -> Conditions:
    """The machine under `home`, now."""
    place = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    return Conditions(
        now=now,
        idle_s=idle_s,
        powered=_powered(),
        memory_mib=psutil.virtual_memory().available // MIB,
        busy=_busy(home.runs),
        disk_mib=size_of(home.root) // MIB,
        disk_free_mib=shutil.disk_usage(place).free // MIB,
    )


def _powered() -> bool:
    """On mains; also a machine without a battery, and one that does not say."""
    sensors = getattr(psutil, "sensors_battery", lambda: None)  # psutil has none on some systems
    battery = sensors()
    return battery is None or battery.power_plugged is not False


def _busy(runs: Path) -> bool:
    if not runs.is_dir():
        return False
    try:
        with one_at_a_time(runs):
            return False
    except RunInProgress:
        return True


def _ago(seconds: float) -> str:
    minutes = int(seconds // 60)
    return "this minute" if minutes < 1 else "a minute ago" if minutes == 1 else f"{minutes} minutes ago"
