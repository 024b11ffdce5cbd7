"""`memsrv bench …`: a command for each bench."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from memsrv import tables, terminal
from memsrv.cli.command import Json, Project, command, give, listed, numbers, opened
from memsrv.errors import GateRefused

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


@benches.command()
def mcp(
    rounds: Annotated[int, typer.Option(min=1, help="How often each server is started.")] = 10,
    calls: Annotated[int, typer.Option(min=1, help="How often each is called in a round.")] = 50,
    json: Json = False,
) -> None:
    """From starting `memsrv serve` to its list of tools, and a call; beside a bare server; bytes of definitions."""
    from memsrv.bench.mcp import serving

    give(serving(rounds=rounds, calls=calls), tables.serving_bench, json)


@benches.command()
def recall(
    locomo: Annotated[Path | None, typer.Option(help="A LoCoMo file; unset, your own memories.")] = None,
    devmembench: Annotated[Path | None, typer.Option(help="A DevMemBench folder.")] = None,
    events: Annotated[
        list[int] | None, typer.Option(min=1, help="Also: how long a search takes among so many.")
    ] = None,
    json: Json = False,
) -> None:
    """R@5, R@10, R@20 and MRR of memsrv, grep, plain full text and vectors, by kind of question; a search's latency."""
    from memsrv.bench.recall import recalling

    own = None if locomo or devmembench else opened().visible
    encoder = meaning.encoder if (meaning := opened().meaning) else None
    give(recalling(locomo, devmembench, store=own, events=events or (), encoder=encoder), tables.recalling, json)


@benches.command()
def endpoint(
    project: Project = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Of each sort of question at most so many.")] = None,
    json: Json = False,
) -> None:
    """Right answers and seconds of the live adapter and its base, closed-book and with memory before the question."""
    give(opened().bench_endpoint(project=project, limit=limit), tables.answering, json)


@benches.command()
def compaction(
    seed: Annotated[int, typer.Option(help="Of the sessions that are made up.")] = 1,
    sessions: Annotated[int, typer.Option(min=1, help="How many.")] = 6,
    part_tokens: Annotated[int, typer.Option(min=2000, help="How long a context is before it is cut.")] = 60_000,
    teacher: Annotated[str | None, typer.Option(help="Beside its summaries: anthropic, openai or local.")] = None,
    base: Annotated[
        str | None, typer.Option(help="Also ask this base for the facts, with what is left before it.")
    ] = None,
    questions: Annotated[int, typer.Option(min=1, help="Facts of a session that it is asked for.")] = 7,
    window: Annotated[
        int | None, typer.Option(min=200, help="Tokens that it reads at once; unset, what suits it.")
    ] = None,
    json: Json = False,
) -> None:
    """Planted facts left after one to three compactions to a sixth, beside baselines; what recover gives; s/MB."""
    from memsrv.bench.compaction import compaction as compacting
    from memsrv.bench.summaries import Cascade

    with ExitStack() as stack:
        one = stack.enter_context(opened().teacher(teacher, "bench compaction")) if teacher else None
        summarise = Cascade(one.ask, one.passage_bytes, one.answer_tokens) if one else None
        model = opened().asked_base(base, window) if base else None
        stages = stack.enter_context(terminal.Stages())
        made = compacting(
            seed=seed, sessions=sessions, part_tokens=part_tokens, summarise=summarise, base=model,
            questions=questions, told=lambda done, total: stages.show("questions", done, total),
        )  # fmt: skip
    give(made, tables.compacting, json)


@benches.command()
def retention(
    scenarios: Annotated[int, typer.Option(min=1, help="Of the paper's ten software projects, so many.")] = 3,
    cycles: Annotated[int, typer.Option(min=1, help="Continuations, each after a compaction to a sixth.")] = 3,
    facts: Annotated[int, typer.Option(min=3, help="Said in each conversation, of three kinds.")] = 8,
    base: Annotated[str | None, typer.Option(help="Base model; unset, the setting `base`.")] = None,
    strategies: Annotated[str, typer.Option(help="Ways to train that are compared.")] = "paper,distil",
    conditions: Annotated[str | None, typer.Option(help="As `compaction,distil C3`; unset, all of them.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each.")] = 1,
    reflection: Annotated[str, typer.Option(help="`rules`, or `perfect`: nothing that was said is missed.")] = "rules",
    part_tokens: Annotated[int, typer.Option(min=600, help="How long a conversation is at least.")] = 600,
    epochs: Annotated[float | None, typer.Option(min=0.01, help="In place of the recipe's.")] = None,
    window: Annotated[int | None, typer.Option(min=200, help="Tokens that the base reads; unset, all it can.")] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Writes conversations, summarises, judges: anthropic, openai or local.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Keep answers there, and go on from those that are.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: Json = False,
) -> None:
    """The paper's experiment: what compaction, context, recall, hints and trained weights keep of a conversation."""
    with terminal.Stages() as stages:
        made = opened().bench_retention(
            base=base, scenarios=scenarios, facts=facts, cycles=cycles, strategies=listed(strategies),
            conditions=listed(conditions) if conditions else None, seeds=seeds, part_tokens=part_tokens,
            reflection=reflection, epochs=epochs, window=window, teacher=teacher, out=out, dry_run=dry_run,
            told=stages.show,
        )  # fmt: skip
    give(made, tables.retention_work if dry_run else tables.retention, json)


@benches.command()
def reading(
    version: Annotated[str | None, typer.Argument(help="A version, as `v3`; unset, the live one.")] = None,
    project: Project = None,
    questions: Annotated[int, typer.Option(min=4, help="Over all sizes of context.")] = 1000,
    facts: Annotated[list[int] | None, typer.Option(min=1, help="How many stand in context; unset, 4 and 8.")] = None,
    seed: Annotated[int, typer.Option(help="Of the facts that are made up.")] = 1,
    json: Json = False,
) -> None:
    """Whether an adapter still reads what stands in its context: the same questions to it and to its base."""
    with terminal.Stages() as stages:
        made = opened().bench_reading(
            version, project=project, questions=questions, facts=facts or (4, 8), seed=seed, told=stages.show
        )
    give(made, tables.reading, json)


@benches.command()
def ladder(
    base: Annotated[str | None, typer.Option(help="Base model; unset, the setting `base`.")] = None,
    facts: Annotated[int, typer.Option(min=1, help="Made-up facts, of each kind alike.")] = 12,
    seeds: Annotated[int, typer.Option(min=1, help="How often, with other facts and order.")] = 3,
    rungs: Annotated[str | None, typer.Option(help="As `A0,A3`; unset, A0 to A8.")] = None,
    ranks: Annotated[str, typer.Option(help="Also what is shipped in these ranks.")] = "1,4,16,64",
    wordings: Annotated[str, typer.Option(help="Also with so many wordings a fact.")] = "1,2,5,10,20,40",
    epochs: Annotated[float | None, typer.Option(min=0.1, help="In place of each rung's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep the runs there, and go on from those that are.")] = None,
    json: Json = False,
) -> None:
    """From the paper's training to ours, a change at a time: recall, guards, tokens, time, memory; medians of seeds."""
    with terminal.Stages() as stages:
        made = opened().bench_ladder(
            base, facts=facts, seeds=seeds, rungs=listed(rungs) if rungs else None, ranks=numbers(ranks),
            wordings=numbers(wordings), epochs=epochs, out=out, told=stages.show,
        )  # fmt: skip
    give(made, tables.ladder, json)


@benches.command()
def training(
    base: Annotated[
        str | None, typer.Option(help="A base, or a shape with random weights, as `qwen2.5-7b-shape`.")
    ] = None,
    strategies: Annotated[str, typer.Option(help="Beside trl, which is always measured.")] = "paper,distil",
    preset: Annotated[str | None, typer.Option(help="With which numbers; `paper` keeps its own.")] = None,
    steps: Annotated[int | None, typer.Option(min=2, help="So many, for the pace alone; unset, to the end.")] = None,
    layers: Annotated[int | None, typer.Option(min=1, help="Of a shape, so many layers alone.")] = None,
    facts: Annotated[int, typer.Option(min=2, help="How many are made up.")] = 12,
    seed: Annotated[int, typer.Option(help="Of the facts, and of the training.")] = 7,
    json: Json = False,
) -> None:
    """Tokens/s, memory, and the time to trl's recall, of our strategies beside trl as it comes."""
    with terminal.Stages() as stages:
        made = opened().bench_training(
            base, listed(strategies), preset=preset, steps=steps, layers=layers, facts=facts, seed=seed,
            told=stages.show,
        )  # fmt: skip
    give(made, tables.training, json)


@benches.command()
def guard(
    tasks: Annotated[str, typer.Option(help="Tasks of lm-eval, by comma: `humaneval,mmlu`.")],
    model: Annotated[str | None, typer.Option(help="A version, as `project@v3`; unset, the live one.")] = None,
    project: Project = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Of each task so many items.")] = None,
    bound: Annotated[float, typer.Option(min=0, max=1, help="The loss that is refused, as a share of items.")] = 0.03,
    include: Annotated[Path | None, typer.Option(help="A folder of tasks of your own (YAML).")] = None,
    allow_code: Annotated[
        bool, typer.Option("--allow-code", help="Run what the model wrote, as HumanEval does.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, help="Items at once.")] = 8,
    json: Json = False,
) -> None:
    """What an adapter costs its base on lm-eval's tasks, paired by item; 3 where it loses more than the bound."""
    with terminal.Stages() as stages:
        made = opened().bench_guard(
            model, listed(tasks), project=project, limit=limit, bound=bound, include=include, code=allow_code,
            batch=batch, told=stages.show,
        )  # fmt: skip
    give(made, tables.guard, json)
    if made["lost"]:
        raise typer.Exit(GateRefused.exit_code)
