"""Commands of revision: what contradicts itself, a word on it, and the audit."""

from typing import Annotated

import typer

from memsrv import tables
from memsrv.cli.command import Everywhere, Json, Project, command, give, opened, scope

conflicts = typer.Typer(invoke_without_command=True, no_args_is_help=False)
command.add_typer(conflicts, name="conflicts")


@conflicts.callback()
def listed(
    context: typer.Context, project: Project = None, all_projects: Everywhere = False, json: Json = False
) -> None:
    """List memories that contradict each other, say the same twice, or ended a person's words without one."""
    if context.invoked_subcommand is None:
        give(opened().conflicts(project=scope(project, all_projects)), tables.conflicts, json)


@conflicts.command("resolve")
def resolve(
    id: Annotated[str, typer.Argument(help="The memory that gives way.")],
    keep: Annotated[str, typer.Option(help="The memory that holds.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
    json: Json = False,
) -> None:
    """Let one memory give way to another; it stays in the ledger, and duplicates join their evidence."""
    give(opened().resolve(id, keep=keep, dry_run=dry_run), tables.resolved, json)


@command.command()
def audit(
    project: Project = None,
    all_projects: Everywhere = False,
    every: Annotated[bool, typer.Option("--all", help="Every finding, not the first of each sort.")] = False,
    json: Json = False,
) -> None:
    """Look for duplicates, loops, junk, secrets and what is never recalled, and count what people had to say again."""
    found = opened().audit(project=scope(project, all_projects))
    give(found, tables.audited_whole if every else tables.audited, json)
