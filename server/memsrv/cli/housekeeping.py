"""Commands of forgetting and housekeeping."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.command import Json, command, give, opened

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")]


@command.command()
def forget(
    ids: Annotated[list[str] | None, typer.Argument(help="Memories; `memsrv memories` lists them.")] = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Remove the words everywhere: turns, runs, adapters, backups.")
    ] = False,
    words: Annotated[list[str] | None, typer.Option(help="With --erase: these words, wherever they stand.")] = None,
    session: Annotated[
        str | None, typer.Option(help="What rests on this session alone; with --erase the session itself, for good.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Retire memories (saying them again undoes it), or erase them for good."""
    asked = partial(opened().forget, ids or [], erase=erase, words=words or [], session=session)
    shown = asked()
    if dry_run:
        return give(shown, tables.forgotten, json)
    if erase and not yes and terminal.person_is_there():
        tables.forgotten_on_stderr(shown)
        if not _agreed("Erase it? This cannot be undone."):
            raise typer.Exit(1)
    give(asked(confirm=shown.confirm), tables.forgotten, json)


@command.command()
def gc(
    keep: Annotated[int | None, typer.Option(min=1, help="So many of each; unset, the settings `keep.*`.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Remove old runs, versions, backups and logs; never what is live, running or can be resumed."""
    give(opened().gc(keep=keep, dry_run=dry_run), tables.cleared, json)


@command.command()
def backup(
    path: Annotated[Path | None, typer.Argument(help="The file; unset, a new one in MEMSRV_HOME/backups.")] = None,
    json: Json = False,
) -> None:
    """Write the database, the adapters and the settings to one file, while others go on."""
    give(opened().backup(path), tables.record, json)


@command.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `memsrv backup` made.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Verify the file; change nothing.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Put a backup in the place of what is here, which is moved aside."""
    app = opened()
    asked = dry_run or yes or not terminal.person_is_there()
    if not asked and not _agreed(f"Replace what is in {app.home.root} by {file}? It is moved aside."):
        raise typer.Exit(1)
    give(app.restore(file, check=dry_run), tables.record, json)


def _agreed(question: str) -> bool:
    return terminal.ask(question, ["y", "n"], "n") == "y"


@command.command()
def embed(
    build: Annotated[Path | None, typer.Option(help="First make an encoder of this MiniLM folder, and use it.")] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Forget all vectors instead.")] = False,
    json: Json = False,
) -> None:
    """Make the vectors that are missing, so that other words for the same thing are found, too; needs an encoder."""
    if build is not None:
        opened().config_set("embedding.model", str(opened().build_encoder(build)))
    with terminal.Stages(live_only=True) as stages:
        done = opened().embed(drop=drop, progress=lambda made, total: stages.show("vectors", made, total))
    give(done, tables.record, json)
