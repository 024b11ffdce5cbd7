"""What every command shares: the command line, the options that mean the same everywhere, and how results leave."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from memsrv import logs, terminal
from memsrv.app import EVERY, App, open_app
from memsrv.consent import Answer
from memsrv.environment import open_home
from memsrv.errors import UsageError
from memsrv.records import Kind, to_dict
from memsrv.settings import Settings, load

command = typer.Typer(
    name="memsrv",
    help="The memory of coding agents: read from their own logs, given back over MCP, moved into adapters at night.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
Project = Annotated[str | None, typer.Option(help="The project; unset, the one of this folder.")]
Everywhere = Annotated[bool, typer.Option("--all-projects", help="Every project.")]
Kinds = Annotated[list[str] | None, typer.Option(help="procedural, semantic, episodic; several by comma.")]

AsOf = Annotated[str | None, typer.Option(help="As things stood then: 2026-11-01 (its end), 30d or 12h ago.")]


def opened(logs_as: str | None = None) -> App:
    """The verbs of this home. A process that runs unattended says what kind of log it keeps."""
    home = open_home()
    settings = load(home)
    if logs_as is not None:
        logs.start(home, logs_as, settings)
    return open_app(home, settings)


def opened_anyway() -> tuple[App, str | None]:
    """The verbs of this home, by its settings or, where these cannot be read, the defaults, with what is wrong."""
    home = open_home()
    try:
        return open_app(home, load(home)), None
    except UsageError as error:
        return App(home, Settings(), Path.cwd()), str(error)


def give(result: object, render: Callable[..., None], as_json: bool) -> None:
    if as_json:
        terminal.emit(result)
    else:
        render(to_dict(result))


def scope(project: str | None, everywhere: bool) -> str | None:
    if project and everywhere:
        raise UsageError("--project and --all-projects contradict each other; give one of them")
    return EVERY if everywhere else project


def chosen_kinds(given: list[str] | None) -> list[Kind]:
    words = [word.strip() for part in given or () for word in part.split(",") if word.strip()]
    try:
        return [Kind(word) for word in words]
    except ValueError as error:
        raise UsageError(f"{error}; kinds are {', '.join(Kind)}") from error


def listed(given: str) -> list[str]:
    """What stands between commas."""
    return [word.strip() for word in given.split(",") if word.strip()]


def numbers(given: str) -> list[int]:
    """Numbers from 1 on, by comma."""
    words = listed(given)
    if wrong := [word for word in words if not word.isdecimal() or int(word) < 1]:
        raise UsageError(f"`{wrong[0]}` is no number from 1 on; write them as 1,4,16")
    return [int(word) for word in words]


def moment(given: str | None) -> datetime | None:
    """`30d` or `12h` ago, or a date of this place's clock; a time that names its zone is of that."""
    if given is None:
        return None
    try:
        if ago := re.fullmatch(r"(\d{1,5})([hdw])", given.strip()):
            return datetime.now().astimezone() - timedelta(hours=int(ago[1]) * {"h": 1, "d": 24, "w": 168}[ago[2]])
        then = datetime.fromisoformat(given.strip())
        if not 1970 < then.year < 9000:  # beyond, clocks of other zones do not reach
            raise ValueError(given)
        return then if then.tzinfo else then.astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(f"`{given}` is no time; write it as 30d, 12h, 2w or 2026-11-01") from error


def end_of(given: str | None) -> datetime | None:
    """A moment to look back from: of a date its last one."""
    then = moment(given)
    if then is None or given is None or not _is_date(given.strip()):
        return then
    return then + timedelta(days=1, microseconds=-1)


def _is_date(given: str) -> bool:
    try:
        date.fromisoformat(given)
    except ValueError:
        return False
    return True


def consent(yes: bool) -> Callable[[str], Answer]:
    if yes:
        return lambda question: Answer.YES
    if not terminal.person_is_there():
        return lambda question: Answer.NO
    return lambda question: Answer(terminal.ask(question, list(Answer), Answer.NO))
