"""Commands of the shelf."""

from pathlib import Path
from typing import Annotated

import typer

from memsrv import tables
from memsrv.cli.command import Json, Project, command, give, opened

adapters_command = typer.Typer(help="Adapter versions of a project, and which is live.", invoke_without_command=True)
command.add_typer(adapters_command, name="adapters")


@adapters_command.callback()
def adapters(context: typer.Context, project: Project = None, json: Json = False) -> None:
    """List adapter versions: base, parent, facts, scores, state."""
    if context.invoked_subcommand is None:
        give(opened().adapters(project=project), tables.adapters, json)


@adapters_command.command("show")
def adapters_show(version: str, project: Project = None, json: Json = False) -> None:
    """Show the manifest of a version."""
    give(opened().adapter(version, project=project), tables.manifest, json)


@adapters_command.command("promote")
def adapters_promote(version: str, project: Project = None, json: Json = False) -> None:
    """Make a version the live one."""
    give(opened().promote(version, project=project), tables.pointers, json)


@adapters_command.command("rollback")
def adapters_rollback(project: Project = None, json: Json = False) -> None:
    """Make the previous version the live one again."""
    give(opened().rollback(project=project), tables.pointers, json)


@adapters_command.command("diff")
def adapters_diff(old: str, new: str, project: Project = None, json: Json = False) -> None:
    """Compare two versions: facts gained and lost, scores."""
    give(opened().diff(old, new, project=project), tables.difference, json)


@adapters_command.command("export")
def adapters_export(
    version: str,
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    facts: Annotated[bool, typer.Option("--facts", help="With the words of the facts it was trained on.")] = False,
    project: Project = None,
    json: Json = False,
) -> None:
    """Write a version to one file to give away; refused where a secret is found in any byte of it."""
    give(opened().export_adapter(version, path.absolute(), project=project, facts=facts), tables.record, json)


@adapters_command.command("import")
def adapters_import(path: Path, project: Project = None, json: Json = False) -> None:
    """Take in a version that somebody exported: for this base only, and staged."""
    give(opened().import_adapter(path.absolute(), project=project), tables.record, json)
