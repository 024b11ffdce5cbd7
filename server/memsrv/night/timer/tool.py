"""A program of the system's own (`systemctl`, `launchctl`, `schtasks`): what it said, or why it would not."""

import shutil
import subprocess

from memsrv.environment import child_environment
from memsrv.errors import NoTimer

_PATIENCE_S = 30


def said_by(*command: str) -> str:
    """What `command` printed. NoTimer where it is not there, or refuses."""
    program = shutil.which(command[0])
    if program is None:
        raise NoTimer(f"there is no `{command[0]}` on this machine")
    try:
        ended = subprocess.run(
            [program, *command[1:]],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoTimer(f"`{' '.join(command)}` could not be run: {error}") from error
    if ended.returncode:
        words = (ended.stderr or ended.stdout).strip().splitlines() or [f"exit code {ended.returncode}"]
        raise NoTimer(f"`{' '.join(command)}` said: {words[-1]}")
    return ended.stdout
