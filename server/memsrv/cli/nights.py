"""Commands of the night."""

from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.command import Json, Project, command, give, opened
from memsrv.errors import GateRefused

night_command = typer.Typer(help="Learning by itself, in quiet hours.", no_args_is_help=True)
command.add_typer(night_command, name="night")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")]


@night_command.command("run")
def night_run(project: Project = None, json: Json = False) -> None:
    """Look whether a night is due, and let one project learn: what the timer calls."""
    with terminal.Stages(live_only=True) as stages:
        journal = opened("night").look(project=project, progress=stages.show)
    give(journal, tables.looked, json)
    if journal.acted and journal.acted.outcome == "refuse":
        raise typer.Exit(GateRefused.exit_code)


@night_command.command("install")
def night_install(dry_run: DryRun = False, json: Json = False) -> None:
    """Let the system's own timer look every so often, whether or not an IDE is open."""
    give(opened().install_night(dry_run=dry_run), tables.timer_written, json)


@night_command.command("uninstall")
def night_uninstall(json: Json = False) -> None:
    """Remove the timer: exactly what `install` wrote."""
    give(opened().uninstall_night(), tables.timer_removed, json)


@night_command.command("status")
def night_status(json: Json = False) -> None:
    """Show the timer, its last look, and what it would do now."""
    give(opened().night(), tables.night, json)
