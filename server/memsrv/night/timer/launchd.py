"""macOS: an agent of launchd in `~/Library/LaunchAgents` (launchd.plist(5), launchctl(1)).

launchd counts no time asleep, starts no second look while one goes on, and tells nobody when the next one is.
"""

import os
import plistlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from memsrv.errors import NoTimer
from memsrv.night.timer import Schedule
from memsrv.night.timer.mark import PLACE
from memsrv.night.timer.tool import said_by

LABEL = "memsrv.night"


class Launchd:
    name = "launchd agent"
    encoding = "utf-8"
    advice = None

    def paths(self) -> tuple[Path, ...]:
        return (Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist",)

    def texts(self, schedule: Schedule) -> tuple[str, ...]:
        agent = {
            "Label": LABEL,
            "ProgramArguments": list(schedule.command),
            "EnvironmentVariables": dict(schedule.environment),
            "StartInterval": schedule.every * 60,
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "Nice": 15,
            "ExitTimeOut": 180,  # seconds between SIGTERM and SIGKILL: the training saves itself meanwhile
            "StandardOutPath": str(schedule.log),
            "StandardErrorPath": str(schedule.log),
        }
        first, rest = plistlib.dumps(agent).decode().split("\n", 1)
        return (f"{first}\n<!-- {PLACE} -->\n{rest}",)

    def check(self) -> None:
        said_by("launchctl", "print", self._domain)

    def start(self) -> None:
        with suppress(NoTimer):  # it was not there
            self.stop()
        said_by("launchctl", "bootstrap", self._domain, str(self.paths()[0]))

    def stop(self) -> None:
        said_by("launchctl", "bootout", f"{self._domain}/{LABEL}")

    def forget(self) -> None:
        """launchd read the file when it was started, and needs no telling."""

    def giving(self, variable: str) -> str:
        return f'run `launchctl setenv {variable} "${variable}"` after each login'

    def next(self) -> datetime | None:
        return None

    @property
    def _domain(self) -> str:
        return f"gui/{os.getuid()}"
