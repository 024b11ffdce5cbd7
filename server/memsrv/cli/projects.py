"""Commands of projects."""

from collections.abc import Callable
from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.command import Json, command, give, opened
from memsrv.cli.housekeeping import DryRun, Yes
from memsrv.shapes import Placed

projects_command = typer.Typer(help="Projects: which there are, and what is part of which.", no_args_is_help=True)
command.add_typer(projects_command, name="projects")


@projects_command.command("list")
def projects_list(json: Json = False) -> None:
    """List projects with their folders, worktrees, branches, agents and consents."""
    give(opened().projects(), tables.projects, json)


@projects_command.command("merge")
def projects_merge(
    name: Annotated[str, typer.Argument(help="The project that goes.")],
    into: Annotated[str, typer.Argument(help="The project that it is part of from now on.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Make one project part of another: its sessions, memories and reviews follow, those to come too."""
    app = opened()
    _do(lambda confirm: app.merge_projects(name, into, confirm=confirm), dry_run, yes, json)


@projects_command.command("split")
def projects_split(
    what: Annotated[str, typer.Argument(help="A project that was merged, or a folder or worktree of one.")],
    named: Annotated[str | None, typer.Option("--as", help="Its name; unset, the folder's.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Take a merged project out again, or make a folder a project of its own."""
    app = opened()
    _do(lambda confirm: app.split_project(what, named=named, confirm=confirm), dry_run, yes, json)


@projects_command.command("exclude")
def projects_exclude(name: str, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Read nothing more of a project, and say what of it is stored."""
    app = opened()
    _do(lambda confirm: app.exclude_project(name, confirm=confirm), dry_run, yes, json)


def _do(act: Callable[[bool], Placed], dry_run: bool, yes: bool, json: bool) -> None:
    if dry_run:
        return give(act(False), tables.placed, json)
    if not yes and terminal.person_is_there():
        tables.placed_on_stderr(act(False))
        if terminal.ask("Do it?", ["y", "n"], "n") != "y":
            raise typer.Exit(1)
    give(act(True), tables.placed, json)
