"""What a model still knows of facts that were erased: rebuilt without them, beside controls that never knew them.

Trained on the whole ledger; then the erased facts are gone from it and a fresh adapter is trained, as after
`memsrv forget --erase`. The first control is trained with the same seed on a ledger that never had them, and has the
rest in another order: its weights should be the same, byte by byte. The second has another seed: how much models
differ that never knew them.
"""

import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Memory
from memsrv_consolidation.bench import Told, carry_out
from memsrv_consolidation.bench.ledgers import Trained, Training, answered, nights, questions, trained
from memsrv_consolidation.bench.telling import Telling, numbered
from memsrv_consolidation.device import settle
from memsrv_consolidation.exact import pairs, wilson
from memsrv_consolidation.run import Run

BEFORE, REBUILT, CONTROL, OTHER = "before", "rebuilt", "control", "other seed"
NAMES = (BEFORE, REBUILT, CONTROL, OTHER)
#: Points by which what was not erased may differ from the control.
SLACK = 0.02


def erasing(order: dict[str, Any], folder: Path, told: Told) -> dict[str, Any]:
    """`order`: base, path, hash, strategy, threads, replay, facts, erased, questions (a pool), seeds."""
    training = Training.of(order)
    seeds = list(order["seeds"])
    marks: dict[str, dict[str, list[bool]]] = {what: {name: [] for name in NAMES} for what in ("erased", "others")}
    same = []
    for number, seed in enumerate(seeds):
        [ledger] = nights(1, order["facts"], seed)
        rng = random.Random(f"{seed}/erased")
        gone = {memory.id for memory in rng.sample(ledger, order["erased"])}
        made: dict[str, Trained] = {}
        for place, name in enumerate(NAMES):
            title = numbered(f"{name}, seed {seed}", number * len(NAMES) + place, len(seeds) * len(NAMES))
            heard, drawn = _ledger(name, ledger, gone, rng), seed + 1000 if name == OTHER else seed
            run = Run(folder / f"{seed}" / name.replace(" ", "-"))
            made[name] = trained(run, heard, training, drawn, Telling(run, told, title))
        same.append(made[REBUILT].digest == made[CONTROL].digest)
        sheet = questions(made[BEFORE].facts, order["questions"], seed)
        told(f"seed {seed}: asked", 0, len(sheet))
        settle(training.threads, seed)
        known = {name.replace(" ", "_"): made[name] for name in NAMES}
        said = answered(training, known, sheet, folder / "answers.jsonl")
        for name in NAMES:
            for one, right in zip(sheet, said[name.replace(" ", "_")], strict=True):
                marks["erased" if one.fact in gone else "others"][name].append(right)
    told("asked", 1, 1)
    return {
        "base": training.base, "strategy": training.strategy, "facts": order["facts"], "erased": order["erased"],
        "seeds": seeds, "identical": same, "rows": [_row(what, by_name) for what, by_name in marks.items()],
        **_verdict(marks),
    }  # fmt: skip


def _ledger(name: str, ledger: Sequence[Memory], gone: set[str], rng: random.Random) -> list[Memory]:
    """What is known to the one called `name`, in the order in which it stands there."""
    if name == BEFORE:
        return list(ledger)
    left = [memory for memory in ledger if memory.id not in gone]
    if name != REBUILT:
        rng.shuffle(left)
    return left


def _row(what: str, by_name: Mapping[str, Sequence[bool]]) -> dict[str, Any]:
    return {
        "what": what,
        "n": len(by_name[BEFORE]),
        **{
            name: {"share": sum(marks) / len(marks), "interval": wilson(sum(marks), len(marks))}
            for name, marks in by_name.items()
            if marks
        },
    }


def _verdict(marks: Mapping[str, Mapping[str, Sequence[bool]]]) -> dict[str, Any]:
    """Whether the erased are as unknown as to who never knew them, and the others as well known."""
    erased, others = marks["erased"], marks["others"]
    low, high = wilson(sum(erased[OTHER]), len(erased[OTHER]))
    rebuilt = sum(erased[REBUILT]) / len(erased[REBUILT])
    return {
        "within_control": low <= rebuilt <= high,
        "others": _change(others[CONTROL], others[REBUILT]),
        "others_before": _change(others[BEFORE], others[REBUILT]),
    }


def _change(theirs: Sequence[bool], ours: Sequence[bool]) -> dict[str, Any]:
    """Question by question. `shown`: the whole interval is within what may be lost, too."""
    counted = pairs(zip(theirs, ours, strict=True))
    return {
        "n": counted.n, "change": counted.change, "interval": counted.interval,
        "within": abs(counted.change) <= SLACK, "shown": counted.interval[0] >= -SLACK,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(carry_out("erasing", erasing, sys.argv[1:]))
