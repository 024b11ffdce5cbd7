"""`memsrv bench …`: a command for each bench."""

from pathlib import Path
from typing import Annotated

import typer

from memsrv import tables
from memsrv.cli.command import Json, command, give

benches = typer.Typer(help="Measure memsrv on this machine, beside a baseline of the same run.", no_args_is_help=True)
command.add_typer(benches, name="bench")


@benches.command()
def redact(
    code: Annotated[Path | None, typer.Argument(help="A folder of ordinary code; unset, installed packages.")] = None,
    megabytes: Annotated[float, typer.Option("--mb", min=0.1, help="How much of it to read.")] = 10,
    json: Json = False,
) -> None:
    """Secrets caught, false alarms on ordinary code, and MB/s; beside DataClaw's."""
    from memsrv.bench.redact import redaction

    give(redaction(megabytes, code), tables.redaction, json)


@benches.command()
def remember(
    logs: Annotated[Path | None, typer.Option(help="The folder of the logs that the labels are of.")] = None,
    half: Annotated[str, typer.Option(help="Which labels: tune, held-out or both.")] = "held-out",
    show: Annotated[bool, typer.Option("--show", help="Where it was right or wrong, of the half to tune on.")] = False,
    json: Json = False,
) -> None:
    """Precision and recall of preferences and fixes on labelled logs, by agent; beside a simple baseline's."""
    from memsrv.bench.remember import remembering

    give(remembering(logs, half=half, show=show), tables.remembered, json)


@benches.command()
def ingest(
    logs: Annotated[Path | None, typer.Option(help="A folder of logs of lines; unset, some are made up.")] = None,
    mib: Annotated[float, typer.Option("--mib", min=0.1, help="How much is made up.")] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="How often each contestant reads all of it.")] = 3,
    appends: Annotated[int, typer.Option(min=0, help="Lines appended one by one to a log that is watched.")] = 200,
    json: Json = False,
) -> None:
    """Events/s and MB/s from log to searchable, beside a floor and a plain way; a line's latency; memory."""
    from memsrv.bench.ingest import ingesting

    give(ingesting(logs, mib=mib, rounds=rounds, appends=appends), tables.ingesting, json)
