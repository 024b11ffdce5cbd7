"""`memsrv report …`: what memsrv makes of its own figures."""

import typer

from memsrv import tables
from memsrv.cli.command import Json, Project, command, give, opened

report_command = typer.Typer(help="What memsrv makes of its own figures.", no_args_is_help=True)
command.add_typer(report_command, name="report")


@report_command.command("worth-it")
def worth_it(project: Project = None, json: Json = False) -> None:
    """Whether training pays against memory before each question with prompt caching, by your own numbers."""
    give(opened().worth_it(project=project), tables.worth, json)
