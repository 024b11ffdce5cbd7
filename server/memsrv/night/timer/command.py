"""The command that a timer writes down: absolute, proven to start, and what to write into a crontab instead.

`-I` keeps out what lies in the working folder and in PYTHONPATH, but hides an install in the user's own site-packages;
where it does, `-E -P` keeps out the same folders and variables, and finds it.
"""

import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from memsrv.environment import child_environment
from memsrv.errors import NoTimer
from memsrv.night.timer import Schedule

_ISOLATED = (("-I",), ("-E", "-P"))
_PATIENCE_S = 60

Proof = Callable[[tuple[str, ...], Mapping[str, str]], str | None]


def start_of(command: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    """None where `command` starts, with the environment that a timer would give it; else its last words."""
    try:
        ended = subprocess.run(
            [*command, "--help"],
            cwd=Path.home(),
            env={**child_environment(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if ended.returncode == 0 else (ended.stderr.strip().splitlines() or ["without a word"])[-1]


def candidates(python: str = sys.executable) -> list[tuple[str, ...]]:
    """The commands that may start a look, the better one first."""
    return [(python, *flags, "-m", "memsrv", "night", "run") for flags in _ISOLATED]


def proven(environment: Mapping[str, str], *, python: str = sys.executable, proof: Proof = start_of) -> tuple[str, ...]:
    """`<python> -I -m memsrv night run`, or with `-E -P`: the first that starts. NoTimer quotes its last words."""
    said = None
    for command in candidates(python):
        said = proof(command, environment)
        if said is None:
            return command
    raise NoTimer(f"`{shlex.join(command)}` does not start: {said}; install memsrv for {python} and try again")


def crontab_line(schedule: Schedule) -> str:
    """The same for cron, where the system has no timer that memsrv can install. cron reads `%` as an end of line."""
    minutes = schedule.every
    when = f"*/{minutes} * * * *" if minutes < 60 else f"0 */{min(minutes // 60, 23)} * * *"
    places = [f"{name}={shlex.quote(value)}" for name, value in schedule.environment.items()]
    command = shlex.join(("nice", "-n", "15", *schedule.command))
    line = " ".join((*places, command, f">>{shlex.quote(str(schedule.log))}", "2>&1"))
    return f"{when} {line}".replace("%", r"\%")
