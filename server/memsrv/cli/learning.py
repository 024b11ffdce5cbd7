"""Commands of learning: facts, consolidations and their runs."""

from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.command import Json, Project, command, consent, give, opened
from memsrv.errors import GateRefused

runs_command = typer.Typer(help="Consolidations, newest first.", invoke_without_command=True)


@command.command()
def consolidate(
    project: Project = None,
    base: Annotated[str | None, typer.Option(help="Base model; unset, the setting `base`.")] = None,
    teacher: Annotated[
        str | None,
        typer.Option(help="Who helps: `rules`, `anthropic`, `openai` or `local`; unset, the setting `teacher.name`."),
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="How it trains; unset, the setting `strategy`.")] = None,
    preset: Annotated[str | None, typer.Option(help="With which numbers; unset, the setting `preset`.")] = None,
    stage: Annotated[bool, typer.Option("--stage", help="Stop at staged, also when the gate passes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Allow training on this project.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be learned, in what time, at what cost.")
    ] = False,
    resume: Annotated[str | None, typer.Option(help="Go on with this run.")] = None,
    extend: Annotated[
        bool, typer.Option("--extend", help="Go on from the live version: what is new, and some of the old again.")
    ] = False,
    json: Json = False,
) -> None:
    """Train what is remembered into an adapter, measure it, and promote it if it passed."""
    app = opened()
    if dry_run:
        planned = app.plan(project=project, base=base, teacher=teacher, strategy=strategy, preset=preset, extend=extend)
        return give(planned, tables.plan, json)
    with terminal.Stages() as stages:
        report = app.consolidate(
            project=project,
            base=base,
            teacher=teacher,
            strategy=strategy,
            preset=preset,
            stage=stage,
            resume=resume,
            extend=extend,
            consent=consent(yes),
            progress=stages.show,
        )
    give(report, tables.report, json)
    if report["verdict"] == "refuse":
        raise typer.Exit(GateRefused.exit_code)


command.add_typer(runs_command, name="runs")


@runs_command.callback()
def runs(context: typer.Context, project: Project = None, json: Json = False) -> None:
    """List consolidations, newest first."""
    if context.invoked_subcommand is None:
        give(opened().runs(project=project), tables.runs, json)


@runs_command.command("show")
def runs_show(id: str, json: Json = False) -> None:
    """Show the report of a run, or how far it is."""
    give(opened().run(id), tables.report, json)
