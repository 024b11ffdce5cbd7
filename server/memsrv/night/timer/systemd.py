"""Linux: a service and a timer of the user's own systemd, in `$XDG_CONFIG_HOME/systemd/user`.

systemd.timer(5), systemd.service(5), systemd.exec(5). The timer counts from the end of the last look, by a clock that
nobody can set, so that neither daylight saving nor a corrected clock skips or doubles one.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from memsrv.errors import NoTimer
from memsrv.night.timer import Schedule
from memsrv.night.timer.mark import PLACE
from memsrv.night.timer.tool import said_by

UNIT = "memsrv-night"

_SERVICE = f"""\
# {PLACE}
[Unit]
Description=memsrv: learn in quiet hours what was new by day

[Service]
Type=oneshot
{{environment}}ExecStart={{command}}
# 3: the gate refused, what was live stays. 130: it was told to end, and goes on another time.
SuccessExitStatus=3 130
# SIGTERM for the parent alone: it tells the training once, which then has the time to save itself.
KillMode=mixed
TimeoutStopSec=180
TimeoutStartSec=infinity
Nice=15
CPUSchedulingPolicy=batch
IOSchedulingClass=idle
"""

_TIMER = f"""\
# {PLACE}
[Unit]
Description=memsrv: look every {{every}} minutes whether a night is due

[Timer]
OnStartupSec=5min
OnUnitInactiveSec={{every}}min
AccuracySec=1min

[Install]
WantedBy=timers.target
"""


class Systemd:
    name = "systemd user timer"
    encoding = "utf-8"
    advice = "It runs while you are logged in; `loginctl enable-linger` lets it run when you are not."

    def paths(self) -> tuple[Path, ...]:
        folder = platformdirs.user_config_path("systemd", appauthor=False) / "user"
        return folder / f"{UNIT}.service", folder / f"{UNIT}.timer"

    def texts(self, schedule: Schedule) -> tuple[str, ...]:
        environment = "".join(
            f"Environment={quoted(f'{name}={value}')}\n" for name, value in schedule.environment.items()
        )
        command = command_line(schedule.command)
        return _SERVICE.format(environment=environment, command=command), _TIMER.format(every=schedule.every)

    def check(self) -> None:
        said_by("systemctl", "--user", "show", "--property=Version")

    def start(self) -> None:
        said_by("systemctl", "--user", "daemon-reload")
        said_by("systemctl", "--user", "enable", "--now", f"{UNIT}.timer")

    def stop(self) -> None:
        said_by("systemctl", "--user", "disable", "--now", f"{UNIT}.timer")

    def forget(self) -> None:
        said_by("systemctl", "--user", "daemon-reload")

    def giving(self, variable: str) -> str:
        return f"run `systemctl --user import-environment {variable}` after each login"

    def next(self) -> datetime | None:
        try:
            said = said_by("systemctl", "--user", "list-timers", "--all", "--output=json", f"{UNIT}.timer")
            microseconds = [row.get("next") for row in json.loads(said)]
        except (NoTimer, ValueError, AttributeError):
            return None  # an older systemd prints a table, and one that is away nothing
        return datetime.fromtimestamp(microseconds[0] / 1e6, UTC) if microseconds and microseconds[0] else None


def command_line(command: Sequence[str]) -> str:
    """`command` as `ExecStart=` reads it: `%` begins a specifier, and `$` a variable, but not in the program's path.

    NoTimer for a path that systemd takes for no program: it would load the unit, and start nothing.
    """
    program, *arguments = command
    if set(program) & set("\"'\\"):
        raise NoTimer(f"{program} has a quotation mark or a backslash, which no unit can start; move it elsewhere")
    return " ".join([quoted(program), *(quoted(word).replace("$", "$$") for word in arguments)])


def quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if any(character in word for character in "\n\r"):
        raise NoTimer(f"{word!r} has a line end, which no unit file can hold; move it to another folder")
    return f'"{escaped}"' if set(word) & set(" \t\"'\\;#") else escaped
