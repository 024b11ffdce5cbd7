"""Commands of serving and standing."""

from pathlib import Path
from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.command import Json, Project, command, give, opened, opened_anyway
from memsrv.errors import UsageError


@command.command()
def ask(
    question: str,
    model: Annotated[str | None, typer.Option(help="Such as memsrv/PROJECT@v3; unset, what is live.")] = None,
    project: Project = None,
    with_memory: Annotated[
        bool, typer.Option("--with-memory", help="Memory stands before the question; else it is asked closed-book.")
    ] = False,
    json: Json = False,
) -> None:
    """Ask the adapter; it says when it does not know."""
    with terminal.Stages(live_only=True) as stages:
        stages.show("asking")
        answer = opened().ask(question, model=model, project=project, with_memory=with_memory)
    give(answer, tables.answer, json)


@command.command()
def serve(
    http: Annotated[
        bool, typer.Option("--http", help="Over HTTP on 127.0.0.1, for hosts that do not start it.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of --http; unset, the setting `mcp_port`; 0 is a free one.")
    ] = None,
) -> None:
    """Serve MCP: over stdio, which an IDE starts, or over HTTP."""
    if port is not None and not http:
        raise UsageError("--port is a port of `serve --http`; add --http, or leave it out")
    if http:
        return opened("serve").serve_http(port=port, announce=tables.mcp)
    from memsrv import stdio

    stdio.serve()


@command.command()
def endpoint(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 picks a free one.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the one that runs.")] = False,
) -> None:
    """Run the OpenAI-compatible endpoint in the foreground."""
    app = opened()
    if stop:
        return terminal.note("The endpoint has ended." if app.stop_endpoint() else "No endpoint runs.")
    app.endpoint(port=port, announce=tables.endpoint)


@command.command()
def status(project: Project = None, json: Json = False) -> None:
    """Show what is read, remembered, learned and served, and what needs attention."""
    give(opened().status(project=project), tables.standing, json)


@command.command()
def doctor(json: Json = False) -> None:
    """Look for what keeps memsrv from working, and say what to do; exit 0 where nothing needs a hand."""
    app, trouble = opened_anyway()
    found = app.doctor(trouble=trouble)
    give(found, tables.examined, json)
    raise typer.Exit(0 if found.well else 1)


@command.command()
def statusline() -> None:
    """Print one line for an IDE's status bar, from a cache file."""
    from memsrv.statusline import main as line

    raise typer.Exit(line())


@command.command()
def demo(
    home: Annotated[Path | None, typer.Option(help="Where to keep what it makes; unset, it is removed.")] = None,
) -> None:
    """Show the whole journey on a made-up week, in a home of its own."""
    from memsrv.demo import run_demo

    raise typer.Exit(run_demo(home))
