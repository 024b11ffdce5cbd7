"""`memsrv bench nights` and `memsrv bench erase`: how knowledge ages in weights."""

from pathlib import Path
from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.bench import benches
from memsrv.cli.command import Json, give, opened

Base = Annotated[str | None, typer.Option(help="Base model; unset, the setting `base`.")]
Strategy = Annotated[str | None, typer.Option(help="How it trains; unset, the setting `strategy`.")]
Seeds = Annotated[list[int] | None, typer.Option("--seed", help="Of facts and training; several are added up.")]
Asked = Annotated[int, typer.Option(min=1, help="For each fact, in known and in novel wordings.")]

Out = Annotated[Path | None, typer.Option(help="Keep the runs there, and go on from those that are.")]


@benches.command()
def nights(
    base: Base = None,
    strategy: Strategy = None,
    nights: Annotated[int, typer.Option(min=2, help="How many.")] = 3,
    facts: Annotated[int, typer.Option(min=1, help="That are new each night.")] = 6,
    questions: Asked = 4,
    seeds: Seeds = None,
    replay: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="Share of old nights in an extension; unset, the setting.")
    ] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Facts of each night, asked for after later ones: adapters trained anew or extended; what both cost."""
    with terminal.Stages() as stages:
        made = opened().bench_nights(
            base=base, strategy=strategy, nights=nights, facts=facts, questions=questions, seeds=seeds or (7,),
            replay=replay, out=out, told=stages.show,
        )  # fmt: skip
    give(made, tables.ageing, json)


@benches.command()
def erase(
    base: Base = None,
    strategy: Strategy = None,
    facts: Annotated[int, typer.Option(min=2, help="That a model is trained on.")] = 8,
    erased: Annotated[int, typer.Option(min=1, help="How many of them are erased.")] = 2,
    questions: Asked = 8,
    seeds: Seeds = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """What is left of erased facts after a rebuild, beside controls that never knew them."""
    with terminal.Stages() as stages:
        made = opened().bench_erase(
            base=base, strategy=strategy, facts=facts, erased=erased, questions=questions, seeds=seeds or (7,),
            out=out, told=stages.show,
        )  # fmt: skip
    give(made, tables.erasing, json)
