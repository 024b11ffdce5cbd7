"""The door for people and scripts: one command a verb, three lines each. What a verb does is in `memsrv.app`.

Here alone a `MemsrvError` becomes a sentence and an exit code; anything else is a bug and keeps its traceback.
"""

import errno
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from memsrv import tables, terminal
from memsrv.app import App, open_app
from memsrv.errors import GateRefused, Interrupted, MemsrvError, UsageError
from memsrv.records import Kind, Trust, to_dict
from memsrv.settings import load, open_home

command = typer.Typer(
    name="memsrv",
    help="The memory of coding agents: read from their own logs, given back over MCP, moved into adapters at night.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
runs_command = typer.Typer(help="Consolidations, newest first.", invoke_without_command=True)
adapters_command = typer.Typer(help="Adapter versions of a project, and which is live.", invoke_without_command=True)
command.add_typer(runs_command, name="runs")
command.add_typer(adapters_command, name="adapters")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
Project = Annotated[str | None, typer.Option(help="The project; unset, the one of this folder.")]
Everywhere = Annotated[bool, typer.Option("--all-projects", help="Every project.")]
Kinds = Annotated[list[str] | None, typer.Option(help="procedural, semantic, episodic; several by comma.")]


@command.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Log files or folders; unset, Claude Code's own.")] = None,
    agent: Annotated[str | None, typer.Option(help="Whose format it is; unset, told by the files.")] = None,
    json: Json = False,
) -> None:
    """Read agents' session logs, and remember what they hold."""
    with terminal.Stages(live_only=True) as stages:
        report = _app().ingest(
            paths or [], agent=agent, progress=lambda path, done, total: stages.show("reading", done, total)
        )
    _show(report, tables.ingested, json)


@command.command()
def search(
    query: str,
    project: Project = None,
    all_projects: Everywhere = False,
    kinds: Kinds = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 8,
    json: Json = False,
) -> None:
    """Search memories and turns, in one ranking."""
    app = _app()
    found = app.search(query, project=_scope(project, all_projects), kinds=_kinds(kinds), limit=limit)
    _show(found, tables.found, json)
    if not found.results:
        terminal.note(app.how_to_begin() or "Nothing found; try other words, or --all-projects.")


@command.command()
def show(
    id: str, around: Annotated[int, typer.Option(min=0, help="Turns before and after.")] = 2, json: Json = False
) -> None:
    """Show a record with its evidence, what superseded what, and the turns around it."""
    _show(_app().show(id, around=around), tables.record, json)


@command.command()
def memories(
    project: Project = None,
    all_projects: Everywhere = False,
    kinds: Kinds = None,
    superseded: Annotated[bool, typer.Option("--superseded", help="Those that no longer hold, too.")] = False,
    json: Json = False,
) -> None:
    """List what is remembered."""
    listed = _app().memories(project=_scope(project, all_projects), kinds=_kinds(kinds), superseded=superseded)
    _show(listed, tables.memories, json)


@command.command()
def save(
    text: str,
    kind: Annotated[Kind, typer.Option(help="How to do it, what the user wants, or what is true of the project.")],
    supersedes: Annotated[str | None, typer.Option(help="Id of the memory that this replaces.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Remember one claim."""
    _show(_app().save(text, kind=kind, project=project, supersedes=supersedes, trust=Trust.HUMAN), tables.saved, json)


@command.command()
def facts(project: Project = None, json: Json = False) -> None:
    """List what a consolidation would learn, and what adapters have learned."""
    _show(_app().facts(project=project), tables.facts, json)


@command.command()
def compact(
    session: Annotated[str | None, typer.Option(help="Unset: the newest of the project.")] = None,
    mode: Annotated[str, typer.Option(help="handoff or checkpoint.")] = "handoff",
    budget: Annotated[int, typer.Option(min=50, help="Tokens.")] = 1500,
    project: Project = None,
    json: Json = False,
) -> None:
    """Give a session in brief: goal, decisions, commands, files, open ends, each with its turn."""
    _show(_app().compact(session, mode=mode, budget=budget, project=project), tables.compacted, json)


@command.command()
def consolidate(
    project: Project = None,
    base: Annotated[str | None, typer.Option(help="Base model; unset, the setting `base`.")] = None,
    teacher: Annotated[str, typer.Option(help="Who reflects: `rules`.")] = "rules",
    strategy: Annotated[str | None, typer.Option(help="How it trains; unset, the setting `strategy`.")] = None,
    stage: Annotated[bool, typer.Option("--stage", help="Stop at staged, also when the gate passes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Allow training on this project.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be learned; train nothing.")] = False,
    resume: Annotated[str | None, typer.Option(help="Go on with this run.")] = None,
    json: Json = False,
) -> None:
    """Train what is remembered into an adapter, measure it, and promote it if it passed."""
    app = _app()
    if dry_run:
        return _show(app.facts(project=project, teacher=teacher), tables.facts, json)
    with terminal.Stages() as stages:
        report = app.consolidate(
            project=project,
            base=base,
            teacher=teacher,
            strategy=strategy,
            stage=stage,
            resume=resume,
            consent=_consent(yes),
            progress=stages.show,
        )
    _show(report, tables.report, json)
    if report["verdict"] == "refuse":
        raise typer.Exit(GateRefused.exit_code)


@runs_command.callback()
def runs(context: typer.Context, project: Project = None, json: Json = False) -> None:
    """List consolidations, newest first."""
    if context.invoked_subcommand is None:
        _show(_app().runs(project=project), tables.runs, json)


@runs_command.command("show")
def runs_show(id: str, json: Json = False) -> None:
    """Show the report of a run, or how far it is."""
    _show(_app().run(id), tables.report, json)


@adapters_command.callback()
def adapters(context: typer.Context, project: Project = None, json: Json = False) -> None:
    """List adapter versions: base, parent, facts, scores, state."""
    if context.invoked_subcommand is None:
        _show(_app().adapters(project=project), tables.adapters, json)


@adapters_command.command("show")
def adapters_show(version: str, project: Project = None, json: Json = False) -> None:
    """Show the manifest of a version."""
    _show(_app().adapter(version, project=project), tables.manifest, json)


@adapters_command.command("promote")
def adapters_promote(version: str, project: Project = None, json: Json = False) -> None:
    """Make a version the live one."""
    _show(_app().promote(version, project=project), tables.pointers, json)


@adapters_command.command("rollback")
def adapters_rollback(project: Project = None, json: Json = False) -> None:
    """Make the previous version the live one again."""
    _show(_app().rollback(project=project), tables.pointers, json)


@adapters_command.command("diff")
def adapters_diff(old: str, new: str, project: Project = None, json: Json = False) -> None:
    """Compare two versions: facts gained and lost, scores."""
    _show(_app().diff(old, new, project=project), tables.difference, json)


@command.command()
def ask(
    question: str,
    model: Annotated[str | None, typer.Option(help="Such as memsrv/PROJECT@v3; unset, what is live.")] = None,
    project: Project = None,
    json: Json = False,
) -> None:
    """Ask the adapter; it says when it does not know."""
    with terminal.Stages(live_only=True) as stages:
        stages.show("asking")
        answer = _app().ask(question, model=model, project=project)
    _show(answer, tables.answer, json)


@command.command()
def serve() -> None:
    """Serve MCP over stdio: what an IDE starts."""
    _app().serve()


@command.command()
def endpoint(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 picks a free one.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the one that runs.")] = False,
) -> None:
    """Run the OpenAI-compatible endpoint in the foreground."""
    app = _app()
    if stop:
        return terminal.note("The endpoint has ended." if app.stop_endpoint() else "No endpoint runs.")
    app.endpoint(port=port, announce=tables.endpoint)


@command.command()
def status(project: Project = None, json: Json = False) -> None:
    """Show what is read, remembered, learned and served, and what needs attention."""
    _show(_app().status(project=project), tables.standing, json)


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


def command_table() -> list[tuple[str, str]]:
    """(name, help) of every command, in order: what the README's table is made from."""
    made = typer.main.get_command(command)
    return [(name, made.commands[name].help or "") for name in made.commands]  # type: ignore[attr-defined]


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run()
    except MemsrvError as error:
        terminal.complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return Interrupted.exit_code
    except OSError as error:
        # What the machine lacks is the user's to mend; every other OSError is a bug of ours.
        terminal.abandon_stdout()
        if error.errno == errno.EPIPE:
            return 0  # who reads has seen enough
        if error.errno not in _REMEDIES:
            raise
        terminal.complain(MemsrvError(f"{error.filename or 'stdout'}: {error.strerror}; {_REMEDIES[error.errno]}"))
        return MemsrvError.exit_code


def _run() -> int:
    """The command's exit code, once all that it printed has been taken."""
    code: int | str | None = 0
    try:
        command()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    return code if isinstance(code, int) else int(code is not None)


_REMEDIES = {
    errno.ENOSPC: "free some space and run the same command again, nothing was lost",
    errno.EDQUOT: "free some space and run the same command again, nothing was lost",
    errno.EACCES: "change its permissions, or set MEMSRV_HOME to a folder of yours",
    errno.EROFS: "set MEMSRV_HOME to a folder that can be written",
    errno.ENOTDIR: "set MEMSRV_HOME to a folder",
}


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _app() -> App:
    home = open_home()
    return open_app(home, load(home))


def _show(result: object, render: Callable[..., None], as_json: bool) -> None:
    if as_json:
        terminal.emit(result)
    else:
        render(to_dict(result))


def _scope(project: str | None, everywhere: bool) -> str | None:
    if project and everywhere:
        raise UsageError("--project and --all-projects contradict each other; give one of them")
    return "*" if everywhere else project


def _kinds(given: list[str] | None) -> list[Kind]:
    words = [word.strip() for part in given or () for word in part.split(",") if word.strip()]
    try:
        return [Kind(word) for word in words]
    except ValueError as error:
        raise UsageError(f"{error}; kinds are {', '.join(Kind)}") from error


def _consent(yes: bool) -> Callable[[str], bool]:
    if yes:
        return lambda question: True
    return terminal.ask_yes if terminal.person_is_there() else lambda question: False


if __name__ == "__main__":
    sys.exit(main())
