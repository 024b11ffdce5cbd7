"""Commands of memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.command import (
    AsOf,
    Everywhere,
    Json,
    Kinds,
    Project,
    chosen_kinds,
    command,
    end_of,
    give,
    moment,
    opened,
    scope,
)  # fmt: skip
from memsrv.errors import NotAsked, UsageError
from memsrv.records import Kind, Trust, to_dict
from memsrv.shapes import Backlog


@command.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Log files or folders; unset, the agents' own.")] = None,
    agent: Annotated[str | None, typer.Option(help="Whose format it is; unset, told by the files.")] = None,
    since: Annotated[str | None, typer.Option(help="Only logs written since: 30d, 12h, or 2026-11-01.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, however much there is.")] = False,
    json: Json = False,
) -> None:
    """Read agents' session logs, and remember what they hold; asks before it reads gigabytes of old ones."""
    app, begin = opened(), moment(since)
    if paths and begin:
        raise UsageError("--since chooses among the agents' own logs; leave it out, or the paths")
    if not paths and not yes and (waiting := app.backlog(agent=agent, since=begin)):
        _ask_for(waiting)
    with terminal.Stages(live_only=True) as stages, _told_that_it_goes_on():
        report = app.ingest(
            paths or [],
            agent=agent,
            since=begin,
            progress=lambda path, done, total: stages.show("reading", done, total),
        )
    give(report, tables.ingested, json)


def _ask_for(waiting: Backlog) -> None:
    question = tables.backlog(to_dict(waiting))
    if not terminal.person_is_there():
        raise NotAsked(
            f"{question} nobody is here to be asked; run `memsrv ingest --yes`, with `--since 30d` for newer ones"
        )
    if terminal.ask(f"{question} read them now?", ["y", "n"], "n") != "y":
        terminal.note("Nothing was read. `--since 30d` reads newer ones; the watch reads what is written from now on.")
        raise typer.Exit(1)


@contextmanager
def _told_that_it_goes_on() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        terminal.note("Stopped; what was read is kept, and `memsrv ingest` goes on where it was.")
        raise


@command.command()
def watch() -> None:
    """Read the logs as agents write them, and remember what they hold: what `memsrv serve` does beside serving."""
    opened("watch").watch(terminal.note)


@command.command()
def search(
    query: str,
    project: Project = None,
    all_projects: Everywhere = False,
    kinds: Kinds = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 8,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Search memories and turns, in one ranking."""
    app, where, then = opened(), scope(project, all_projects), end_of(as_of)
    found = app.search(query, project=where, kinds=chosen_kinds(kinds), limit=limit, as_of=then)
    give(found, tables.found, json)
    if not found.results:
        terminal.note(
            app.how_to_begin() or f"Nothing found; try other words{'' if all_projects else ', or --all-projects'}."
        )


@command.command()
def show(
    id: str, around: Annotated[int, typer.Option(min=0, help="Turns before and after.")] = 2, json: Json = False
) -> None:
    """Show a record with its evidence, what superseded what, and the turns around it."""
    give(opened().show(id, around=around), tables.shown, json)


@command.command()
def memories(
    project: Project = None,
    all_projects: Everywhere = False,
    kinds: Kinds = None,
    superseded: Annotated[bool, typer.Option("--superseded", help="Those that no longer hold, too.")] = False,
    short_term: Annotated[bool, typer.Option("--short-term", help="Without what the live adapter answers.")] = False,
    long_term: Annotated[bool, typer.Option("--long-term", help="As one document, as of the last night.")] = False,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """List what is remembered."""
    if long_term:
        if short_term or as_of or kinds or superseded:
            raise UsageError("--long-term is one document of all that holds; give it with --project alone")
        return give(opened().long_term(project=scope(project, all_projects)), tables.long_term, json)
    if short_term and as_of:
        raise UsageError("--short-term is about now, --as-of about an earlier day; give one of them")
    if short_term:
        kept = opened().short_term(project=scope(project, all_projects), kinds=chosen_kinds(kinds))
        return give(kept, tables.memories, json)
    where, then = scope(project, all_projects), end_of(as_of)
    listed = opened().memories(project=where, kinds=chosen_kinds(kinds), superseded=superseded, as_of=then)
    give(listed, tables.memories, json)


@command.command()
def save(
    text: str,
    kind: Annotated[Kind, typer.Option(help="How to do it, what the user wants, or what is true of the project.")],
    supersedes: Annotated[str | None, typer.Option(help="Id of the memory that this replaces.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Remember one claim."""
    give(opened().save(text, kind=kind, project=project, supersedes=supersedes, trust=Trust.HUMAN), tables.saved, json)


@command.command()
def compact(
    session: Annotated[str | None, typer.Option(help="Unset: the newest of the project.")] = None,
    mode: Annotated[str, typer.Option(help="handoff or checkpoint.")] = "handoff",
    budget: Annotated[int, typer.Option(min=50, help="Tokens.")] = 1500,
    project: Project = None,
    json: Json = False,
) -> None:
    """Give a session in brief: goal, decisions, commands, files, open ends, each with its turn."""
    give(opened().compact(session, mode=mode, budget=budget, project=project), tables.compacted, json)


@command.command()
def recover(
    session: Annotated[str | None, typer.Option(help="Unset: the newest of the project.")] = None,
    budget: Annotated[int, typer.Option(min=100, help="Tokens, at most.")] = 5000,
    project: Project = None,
    json: Json = False,
) -> None:
    """Give back what the agent's own compaction of a session lost."""
    give(opened().recover(session, budget=budget, project=project), tables.compacted, json)
