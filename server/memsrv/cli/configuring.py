"""Commands of settings and consent."""

import sys
from typing import Annotated

import typer

from memsrv import tables
from memsrv.cli.command import Json, command, give, opened

config_command = typer.Typer(help="Settings, and what may be done with whose sessions.", invoke_without_command=True)
command.add_typer(config_command, name="config")


@config_command.callback()
def config(
    context: typer.Context,
    changed: Annotated[bool, typer.Option("--changed", help="Only what config.toml sets.")] = False,
    json: Json = False,
) -> None:
    """List settings: what holds, and whether it is the default; get, set and unset one."""
    if context.invoked_subcommand is None:
        give(opened().config(changed=changed), tables.configuration, json)


@config_command.command("get")
def config_get(key: str, json: Json = False) -> None:
    """Print what holds for KEY."""
    give(opened().config_get(key), tables.setting, json)


@config_command.command("set")
def config_set(
    key: Annotated[str, typer.Argument(help="Such as night.hours, or projects.NAME.train.")],
    value: Annotated[str, typer.Argument(help="A list by comma or as JSON; `-` reads stdin, a line an item.")],
    add: Annotated[bool, typer.Option("--add", help="Add to the list.")] = False,
    json: Json = False,
) -> None:
    """Set KEY to VALUE."""
    lines = value == "-"
    made = opened().config_set(key, sys.stdin.read() if lines else value, add=add, lines=lines)
    give(made, tables.configured, json)


@config_command.command("unset")
def config_unset(key: str, json: Json = False) -> None:
    """Forget what was set for KEY, so that the default holds again."""
    give(opened().config_unset(key), tables.configured, json)
