"""`python -I -m memsrv_consolidation.bench.ladder FOLDER`: every rung trained and measured on the same facts and seeds.

A rung and seed is a run of the product's own pipeline, in a folder and a process of its own: its peak memory is its
own, and what a killed bench has finished is not done again. The evaluation is the gate's.
"""

import importlib
import multiprocessing
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NoReturn

from memsrv.errors import Interrupted, RunFailed
from memsrv.records import Fact, Kind, Trust, from_dict, to_dict
from memsrv_consolidation import recipe as recipes
from memsrv_consolidation import wordings
from memsrv_consolidation.bench import Told, carry_out
from memsrv_consolidation.bench.begun import ASKED, begun
from memsrv_consolidation.bench.measured import best, figures, medians, of_base, recall
from memsrv_consolidation.bench.rungs import SHIPPED, Rung, chosen, differing
from memsrv_consolidation.bench.telling import numbered
from memsrv_consolidation.frames import Shape, shape
from memsrv_consolidation.progress import Progress, read
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.run import Order, Run, read_json, write_json, write_lines
from memsrv_consolidation.stop import Stop
from memsrv_consolidation.strategies import strategy
from memsrv_consolidation.tiny.names import key, made

_KINDS = {
    Shape.ATTRIBUTE: Kind.EPISODIC, Shape.USE: Kind.SEMANTIC, Shape.AVOID: Kind.SEMANTIC, Shape.FIX: Kind.PROCEDURAL,
    Shape.REPLACEMENT: Kind.PROCEDURAL,
}  # fmt: skip
#: Seconds between two looks at how far a rung is.
_LOOK = 0.25
_NVIDIA = Path("/dev/nvidiactl")
#: Imported once, before the processes of the rungs are forked.
_HEAVY = ("memsrv_consolidation.pipeline", "transformers", "peft", "trl.trainer.sft_trainer", "datasets")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one run of a rung is made from: where it is the same, the run is."""

    strategy: str
    recipe: dict[str, Any]
    base_hash: str
    facts: int
    seed: int


def ladder(order: dict[str, Any], folder: Path, told: Told) -> dict[str, Any]:
    """The table that `order` asks for: its rungs, what the default follows, and whether what is shipped is that."""
    rungs = chosen(
        order["base"], order["strategy"], rungs=order["rungs"], ranks=order["ranks"], wordings=order["wordings"],
        epochs=order["epochs"],
    )  # fmt: skip
    for rung in rungs:
        strategy(rung.strategy)  # one that is not there is told before hours are spent on the others
    seeds = range(1, order["seeds"] + 1)
    todo = [(rung, seed) for rung in _distinct(rungs) for seed in seeds]
    reports: dict[str, list[dict[str, Any]]] = defaultdict(list)
    failed: dict[str, list[str]] = defaultdict(list)
    processes = None
    for place, (rung, seed) in enumerate(todo):
        title = numbered(f"{rung.name}, seed {seed}", place, len(todo))
        told(title, place, len(todo))
        run = laid(order, rung, seed, folder)
        try:
            if not run.report_file.exists():
                processes = processes or _processes()
                for seen in _trained(processes, run):
                    told(f"{title}: {seen.stage}", seen.done, seen.total)
            report = read_json(run.report_file)
            if not report["evaluation"]:
                raise RunFailed(report["reason"])
            reports[rung.name].append(report)
        except RunFailed as error:  # that a rung cannot be trained is a result; the next start tries it again
            failed[rung.name].append(f"seed {seed}: {error}")
    if not reports:
        raise RunFailed(f"no rung could be trained; the first: {next(iter(failed.values()))[0]}")
    told("results", len(todo), len(todo))
    rows = []
    for rung in rungs:
        first = _first(rung, rungs)
        rows.append(_row(rung, first, reports[first.name], failed[first.name]))
    every = [report for found in reports.values() for report in found]
    return {
        "base": order["base"], "facts": order["facts"], "seeds": order["seeds"], "epochs": order["epochs"],
        "questions": max(len(report["evaluation"]["questions"]) for report in every),
        "bare": medians([of_base(report) for report in every]),
        "rungs": rows, "follows": follows(rungs, rows),
    }  # fmt: skip


def facts(count: int, seed: int) -> list[Fact]:
    """`count` made-up facts, as many of each kind, as far as that goes."""
    rng, kinds = Random(f"{seed}/ladder"), list(Kind)
    wanted = [kinds[place % len(kinds)] for place in range(count)]
    found: dict[tuple[str, str], Fact] = {}
    while len(found) < count:
        one = made(rng)
        kind = _KINDS[shape(one.relation)]
        if kind is wanted[len(found)] and key(one) not in found:
            text = wordings.claim(one.subject, one.relation, one.value)
            name = f"fact-{seed}-{len(found)}"
            found[key(one)] = Fact(name, kind, text, Trust.HUMAN, (), one.subject, one.relation, one.value)
    return list(found.values())


def laid(order: dict[str, Any], rung: Rung, seed: int, folder: Path) -> Run:
    """The folder of a rung and seed, ready to run or as far as it is."""
    run = Run(folder / f"{rung.name.replace(' ', '-')}-seed-{seed}")
    asked = to_dict(Asked(rung.strategy, to_dict(rung.recipe), order["base_hash"], order["facts"], seed))

    def lay() -> None:
        write_lines(run.episodes_file, [])
        write_json(run.memory_file, {"memories": []})
        write_lines(run.facts_file, facts(order["facts"], seed))
        write_json(
            run.order_file,
            to_dict(
                Order(
                    id=run.folder.name, project="ladder", base=order["base"], strategy=rung.strategy, seed=seed,
                    threads=order["threads"], created="2026-11-20T00:00:00Z", base_path=order["base_path"],
                    base_hash=order["base_hash"], preset=rung.recipe.name,
                    any_base=True,  # also what a night would refuse is measured
                )
            ),
        )  # fmt: skip

    return begun(run, asked, lay)


def follows(rungs: Sequence[Rung], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Which row measured best, and in what the shipped default differs from it."""
    measured = [row for row in rows if row["figures"]]
    found, kept = best([row for row in measured if row["group"] == "ladder"] or measured)
    by_name = {rung.name: rung for rung in rungs}
    top, default = by_name[found["name"]], by_name[SHIPPED]
    shipped = next((row for row in measured if row["name"] == SHIPPED), None)
    apart = differing(default.recipe, top.recipe)
    if default.strategy != top.strategy:
        apart = {"strategy": (default.strategy, top.strategy), **apart}
    return {
        "rung": found["name"],
        "recall": recall(found["figures"]),
        "keeps_guards": kept,
        "shipped_recall": recall(shipped["figures"]) if shipped else None,
        "is_shipped": top.same(default),
        "differs": {name: list(values) for name, values in apart.items()},
    }


def _row(rung: Rung, first: Rung, reports: Sequence[dict[str, Any]], failed: Sequence[str]) -> dict[str, Any]:
    return {
        "name": rung.name,
        "adds": rung.adds,
        "group": rung.group,
        "strategy": rung.strategy,
        "as": first.name if first is not rung else None,
        "figures": medians([figures(report) for report in reports]),
        "failed": list(failed),
        "recipe": to_dict(rung.recipe),
    }


def _first(rung: Rung, rungs: Sequence[Rung]) -> Rung:
    """The first of those that train alike."""
    return next(other for other in rungs if other.same(rung))


def _distinct(rungs: Sequence[Rung]) -> list[Rung]:
    return [rung for rung in rungs if _first(rung, rungs) is rung]


def _processes() -> Any:
    """Each rung has a process; where one can be forked, the libraries are loaded once, before."""
    signal.signal(signal.SIGTERM, _end)
    if sys.platform != "linux" or _NVIDIA.exists():  # what CUDA holds does not outlive a fork
        return multiprocessing.get_context("spawn")
    for name in _HEAVY:
        importlib.import_module(name)
    return multiprocessing.get_context("fork")


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Leaving in order ends the process of the rung as well."""
    sys.exit(Interrupted.exit_code)


def _trained(processes: Any, run: Run) -> Iterator[Progress]:
    """Bring `run` to its report in a process; how far it is, as it goes on."""
    child = processes.Process(target=_carry, args=(str(run.folder),), daemon=True)
    child.start()
    last = None
    while child.is_alive():
        child.join(_LOOK)
        now = read(run)
        if now is not None and now != last:
            last = now
            yield now
    if child.exitcode or not run.report_file.exists():
        raise RunFailed(((seen := read(run)) and seen.message) or f"its process ended with {child.exitcode}")


def _carry(folder: str) -> None:
    """In the process of a rung."""
    from memsrv_consolidation.__main__ import carry
    from memsrv_consolidation.given import NOTHING_GIVEN

    run = Run(Path(folder))
    recipe = from_dict(Recipe, read_json(run.folder / ASKED)["recipe"])
    recipes.NAMED[recipe.name] = recipe  # an order names its recipe; this one is this process's alone
    sys.exit(carry(run, Stop(), NOTHING_GIVEN, None))


if __name__ == "__main__":
    sys.exit(carry_out("ladder", ladder, sys.argv[1:]))
