"""The command of the context layout."""

from typing import Annotated

import typer

from memsrv import tables
from memsrv.cli.command import Json, Project, command, give, opened


@command.command()
def context(
    query: Annotated[str | None, typer.Option(help="What is asked; without it nothing is recalled.")] = None,
    project: Project = None,
    budget: Annotated[int, typer.Option(min=1, help="Tokens.")] = 2000,
    json: Json = False,
) -> None:
    """Show what would stand before an agent: five blocks in fixed order within a budget, and what was left out."""
    give(opened().context(query, project=project, budget=budget), tables.context, json)
