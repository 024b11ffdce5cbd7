"""Several nights of made-up facts, two ways: each night a fresh adapter of the whole ledger, or the last one extended.

After each night all facts so far are asked for, so that those of night n are asked after night n+k as well. Both ways
begin with the same first night. The same seeds, facts and questions for both.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memsrv_adapters.version import EXTEND, REBUILD
from memsrv_consolidation.bench import Told, carry_out
from memsrv_consolidation.bench.ledgers import Question, Trained, Training, answered, nights, questions, trained
from memsrv_consolidation.bench.telling import Telling, numbered
from memsrv_consolidation.device import settle
from memsrv_consolidation.exact import pairs, wilson
from memsrv_consolidation.run import Run

Asked = dict[tuple[str, int, int], list[tuple[Question, bool]]]  # by way, the facts' night, after which night


def several(order: dict[str, Any], folder: Path, told: Told) -> dict[str, Any]:
    """`order`: base, path, hash, strategy, threads, replay, nights, facts (a night), questions (a pool), seeds."""
    training = Training.of(order)
    count, seeds = int(order["nights"]), list(order["seeds"])
    total, done = len(seeds) * (2 * count - 1), 0
    asked: Asked = {}
    costs: list[dict[str, Any]] = []
    for seed in seeds:
        ledger = nights(count, order["facts"], seed)
        first: Trained | None = None
        for way in (REBUILD, EXTEND):
            last = first
            for night in range(1, count + 1):
                memories = [memory for one in ledger[:night] for memory in one]
                if night > 1 or last is None:
                    title = numbered(f"{way}, night {night} of {count}, seed {seed}", done, total)
                    run = Run(folder / f"{seed}" / f"{way}-{night}")
                    pace = Telling(run, told, title)
                    last = trained(run, memories, training, seed, pace, last if way == EXTEND else None)
                    first, done = first or last, done + 1
                costs.append(_cost(way, seed, night, last))
                told(f"{way}, night {night} of {count}, seed {seed}: asked", done, total)
                sheet = questions(last.facts, order["questions"], seed)
                settle(training.threads, seed)
                marks = answered(training, {way: last}, sheet, folder / "answers.jsonl")[way]
                for one, right in zip(sheet, marks, strict=True):
                    key = (way, int(one.fact[1:].partition("-")[0]), night)
                    asked.setdefault(key, []).append((one, right))
    told("asked", total, total)
    return {
        "base": training.base, "strategy": training.strategy, "nights": count, "facts": order["facts"], "seeds": seeds,
        "replay": training.replay, "recalled": _recalled(asked), "ages": _ages(asked), "last": _last(asked, count),
        "costs": _costs(costs),
    }  # fmt: skip


def _recalled(asked: Asked) -> list[dict[str, Any]]:
    """Facts of each night, after each night from then on."""
    return [
        {"way": way, "learned": learned, "after": after, **_by_pool(marks)}
        for (way, learned, after), marks in sorted(asked.items(), key=lambda row: (row[0][0] != REBUILD, *row[0][1:]))
    ]


def _ages(asked: Asked) -> list[dict[str, Any]]:
    """The same by how many nights ago a fact was learned."""
    by_age: dict[tuple[str, int], list[tuple[Question, bool]]] = {}
    for (way, learned, after), marks in asked.items():
        by_age.setdefault((way, after - learned), []).extend(marks)
    ordered = sorted(by_age.items(), key=lambda row: (row[0][1], row[0][0] != REBUILD))
    return [{"way": way, "age": age, **_by_pool(marks)} for (way, age), marks in ordered]


def _last(asked: Asked, count: int) -> dict[str, Any]:
    """After the last night, question by question: what extending gained or lost against a fresh adapter."""
    ours, theirs = (
        [right for learned in range(1, count + 1) for _, right in asked[way, learned, count]]
        for way in (EXTEND, REBUILD)
    )
    counted = pairs(zip(theirs, ours, strict=True))
    return {
        "n": counted.n, REBUILD: counted.before, EXTEND: counted.after, "change": counted.change,
        "interval": counted.interval, "p": counted.p,
    }  # fmt: skip


def _by_pool(marks: Sequence[tuple[Question, bool]]) -> dict[str, Any]:
    right, n = Counter[str](), Counter[str]()
    for one, is_right in marks:
        n[one.pool] += 1
        right[one.pool] += is_right
    return {
        pool: {"n": count, "share": right[pool] / count, "interval": wilson(right[pool], count)}
        for pool, count in n.items()
    }


def _cost(way: str, seed: int, night: int, made: Trained) -> dict[str, Any]:
    return {
        "way": way, "seed": seed, "night": night, "facts": len(made.facts), "conversations": made.conversations,
        "seconds": made.seconds, "tokens": made.tokens,
    }  # fmt: skip


def _costs(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each way and night, over the seeds; the first night is the same one for both."""
    found: dict[tuple[str, int], Counter[str]] = {}
    for row in rows:
        counted = found.setdefault((row["way"], row["night"]), Counter())
        counted.update({name: row[name] for name in ("facts", "conversations", "tokens")})
        counted["milliseconds"] += round(1000 * row["seconds"])
        counted["times"] += 1
    return [
        {
            "way": way, "night": night, "facts": counted["facts"] / counted["times"],
            "conversations": counted["conversations"] / counted["times"],
            "tokens": counted["tokens"] / counted["times"],
            "seconds": round(counted["milliseconds"] / counted["times"] / 1000, 1),
        }
        for (way, night), counted in found.items()
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(carry_out("nights", several, sys.argv[1:]))
