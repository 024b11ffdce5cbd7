"""The command of spending: what teachers cost."""

from typing import Annotated

import typer

from memsrv import tables
from memsrv.cli.command import Json, command, give, opened


@command.command()
def cost(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days (UTC) to show.")] = 7, json: Json = False
) -> None:
    """Show what teachers have cost, and what is left of today's budget."""
    give(opened().cost(days=days), tables.cost, json)
