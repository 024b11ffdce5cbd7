"""The door for people and scripts: one command a verb, three lines each. What a verb does is in `memsrv.app`.

Here alone a `MemsrvError` becomes a sentence and an exit code; anything else is a bug and keeps its traceback.
"""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import typer

from memsrv import terminal
from memsrv.cli.command import command
from memsrv.errors import Interrupted, MemsrvError

# A page of commands each, in the order that `memsrv --help` lists them.
from memsrv.cli import remembering, laying, learning, reviewing, revising, nights  # noqa: F401 isort: skip
from memsrv.cli import versions, serving, configuring, projects, spending, reporting  # noqa: F401 isort: skip
from memsrv.cli import housekeeping, bench, ageing  # noqa: F401 isort: skip

__all__ = ["command", "command_table", "main"]


def command_table() -> list[tuple[str, str]]:
    """(name, help) of every command, in order, those of a group by their whole name: the README's table."""
    return list(_commands(typer.main.get_command(command), ""))


def _commands(group: Any, before: str) -> Iterator[tuple[str, str]]:
    for name, made in group.commands.items():
        if getattr(made, "invoke_without_command", True):  # a group that does nothing by itself is not listed
            yield f"{before}{name}", made.help or ""
        if hasattr(made, "commands"):
            yield from _commands(made, f"{before}{name} ")


def main() -> int:
    os.umask(0o077)  # what memsrv writes is its user's alone, from the first byte on
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run()
    except MemsrvError as error:
        terminal.complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return Interrupted.exit_code
    except OSError as error:
        # What the machine lacks is the user's to mend; every other OSError is a bug of ours.
        terminal.abandon_stdout()
        if error.errno == errno.EPIPE:
            return 0  # who reads has seen enough
        if error.errno not in _REMEDIES:
            raise
        terminal.complain(MemsrvError(f"{error.filename or 'stdout'}: {error.strerror}; {_REMEDIES[error.errno]}"))
        return MemsrvError.exit_code


def _run() -> int:
    """The command's exit code, once all that it printed has been taken."""
    code: int | str | None = 0
    try:
        command()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    return code if isinstance(code, int) else int(code is not None)


_REMEDIES = {
    errno.ENOSPC: "free some space and run the same command again, nothing was lost",
    errno.EDQUOT: "free some space and run the same command again, nothing was lost",
    errno.EACCES: "change its permissions, or set MEMSRV_HOME to a folder of yours",
    errno.EROFS: "set MEMSRV_HOME to a folder that can be written",
    errno.ENOTDIR: "set MEMSRV_HOME to a folder",
}


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt
