"""The result of a bench of retention, of all cells that are there: rows, tests, curves, and what they say in words.

Nothing is asked here; torch-free, so that it can be made again when a teacher has judged.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from memsrv.records import Fact, to_dict
from memsrv_consolidation.bench import published
from memsrv_consolidation.bench.answers import Answer, Cell, cells, is_kept, kept
from memsrv_consolidation.bench.conditions import (
    ALONE,
    COMPACTION,
    EVIDENCE,
    HINTS,
    NONE,
    RETRIEVAL,
    Prepared,
    prepared,
)
from memsrv_consolidation.bench.figures import dynamics, retention_curve
from memsrv_consolidation.bench.judges import agreement
from memsrv_consolidation.bench.questions import WORDINGS, counts, overlaps, questions
from memsrv_consolidation.bench.rows import ALL, KINDS, Column, Row, columns, of, rows, tests
from memsrv_consolidation.bench.scenarios import Planted
from memsrv_consolidation.bench.statistics import pearson
from memsrv_consolidation.frames import Shape, shape
from memsrv_consolidation.probes import gives
from memsrv_consolidation.reflect import trainable
from memsrv_consolidation.run import write_text

Read = Mapping[Cell, tuple[Sequence[Answer], Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Heard:
    """Of the facts planted in a conversation by `cycle`, how many reflection found; `of_original`: of its first part.

    `facts`: all that it made of it, also of what nobody planted. `by_kind`: found, of so many.
    """

    scenario: str
    cycle: int
    planted: int
    found: int
    of_original: tuple[int, int]
    facts: int
    by_kind: Mapping[str, tuple[int, int]]


def concluded(root: Path, order: Mapping[str, Any]) -> dict[str, Any]:
    """The result so far; its figures are drawn into `root`."""
    result = summarised(root, order)
    drawn = {"figure-2.svg": dynamics(result["ce"]["curves"]), "figure-3.svg": retention_curve(result)}
    for name, svg in drawn.items():
        if svg is not None:
            write_text(root / name, svg)
    result["figures"] = [str(root / name) for name, svg in drawn.items() if svg is not None]
    return result


def summarised(root: Path, order: Mapping[str, Any]) -> dict[str, Any]:
    slugs, cycles = order["scenarios"], order["cycles"]
    given = [prepared(root / slug) for slug in slugs]
    all_cells = cells(order)
    read: Read = {cell: kept(cell, root) for cell in all_cells if is_kept(cell, root)}
    found = {
        (one.scenario.slug, cycle): _original_found(one.scenario.parts[0].facts, one.facts(cycle))
        for one in given
        for cycle in range(cycles + 1)
    }
    every = columns({cell: answers for cell, (answers, _) in read.items()})
    made = rows(every, found)
    result = {
        **{name: order[name] for name in ("base", "base_hash", "cycles", "facts", "strategies", "seeds", "scenarios")},
        "cells": {"done": len(read), "of": len(all_cells)},
        "questions": counts(question for one in given for question in questions(one.scenario)),
        "rows": made,
        "tests": tests(every, cycles),
        "by_conversation": _by_conversation(every),
        "reflected_by": order["reflection"],
        "part_tokens": order["part_tokens"],
        "reflection": [_heard(one, cycle) for one in given for cycle in range(cycles + 1)],
        "overlap": _overlap(read, root, given),
        "training": _training(read),
        "ce": _cross_entropy(read),
        "judges": agreement(root, every),
        "sentences": [
            *sentences(made, cycles, order["strategies"]),
            _bounded(order["reflection"], [_heard(one, cycles) for one in given]),
        ],
        "published": {"table_2": published.TABLE_2, "correlations": published.CORRELATIONS,
                      "compaction": published.COMPACTION, "consolidation": published.CONSOLIDATION},
    }  # fmt: skip
    return {name: to_dict(value) for name, value in result.items()}


def sentences(made: Sequence[Row], last: int, strategies: Sequence[str]) -> list[str]:
    """What the table says: the order of the conditions, the ceiling, and whether hints or retrieval win."""
    said = []
    for wording in WORDINGS:
        right = {(row.condition, row.cycle): row.right[ALL] for row in made if row.wording == wording}
        means = {key: one.mean for key, one in right.items() if one is not None}
        for name in strategies:
            if (ours := means.get((name, last))) is None:
                continue
            for left_by in (COMPACTION, ALONE):
                left, bare = means.get((left_by, last)), means.get((NONE, 0))
                if left is None or bare is None:
                    continue
                word = "as in the paper" if bare < left < ours else "not as in the paper"
                said.append(
                    f"{wording}: no context {_percent(bare)}, {left_by} C{last} {_percent(left)}, {name} "
                    f"{_percent(ours)}: ordered {word}."
                )
            if ceiling := means.get((EVIDENCE, 0)):
                said.append(
                    f"{wording}: {name} reaches {_percent(ours / ceiling)} of what the base reads off the evidence "
                    f"({_percent(ceiling)})."
                )
            for rival in (HINTS, RETRIEVAL):
                theirs = means.get((rival, last))
                if theirs is not None and theirs > ours:
                    said.append(
                        f"{wording}: {rival} wins: {_percent(theirs)} right, {name} closed-book {_percent(ours)}."
                    )
    return said


def _bounded(reflection: str, heard: Sequence[Heard]) -> str:
    """How much of what was said could be trained on at all."""
    found, said = (sum(one.of_original[place] for one in heard) for place in (0, 1))
    share = f"{found} of {said} facts of the originals ({_percent(found / said)})"
    if reflection == "rules":
        return f"Reflection by rules heard {share}: what is trained can be right in no more, but by a guess."
    return f"Reflection was `{reflection}` and heard {share}: what is measured is the training alone."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def is_found(planted: Planted, facts: Sequence[Fact]) -> bool:
    """Whether a fact that may be trained on says it: the value, and every word of what it is the value of."""
    attribute = shape(planted.relation) is Shape.ATTRIBUTE
    about = f"{planted.subject} {planted.relation}" if attribute else planted.subject
    return any(
        trainable(fact)
        and gives(planted.value, fact.value or "")
        and _words(about) <= _words(f"{fact.subject} {fact.relation}")
        for fact in facts
    )


def _words(text: str) -> set[str]:
    """Without the little ones, in which rules and people differ."""
    return set(re.findall(r"[\w./-]+", text.casefold())) - {"the", "failing", "fails", "with", "of", "for"}


def _original_found(planted: Sequence[Planted], facts: Sequence[Fact]) -> frozenset[int]:
    return frozenset(place for place, one in enumerate(planted) if is_found(one, facts))


def _heard(given: Prepared, cycle: int) -> Heard:
    facts = given.facts(cycle)
    planted = [(number, one) for number, part in enumerate(given.scenario.parts[: cycle + 1]) for one in part.facts]
    marks = [(number, str(one.kind), is_found(one, facts)) for number, one in planted]
    counted = Counter(kind for _, kind, _ in marks)
    right = Counter(kind for _, kind, found in marks if found)
    original = [found for number, _, found in marks if number == 0]
    return Heard(
        given.scenario.slug, cycle, len(marks), sum(found for _, _, found in marks), (sum(original), len(original)),
        len(facts), {kind: (right[kind], counted[kind]) for kind in KINDS if kind != ALL},
    )  # fmt: skip


def _by_conversation(every: Sequence[Column]) -> list[dict[str, Any]]:
    """The paper's Table 5, of all conditions."""
    return [
        {"scenario": slug, "condition": column.condition, "cycle": column.cycle, "wording": wording, "kind": kind,
         "right": share}
        for column in every
        for wording in WORDINGS
        for kind in KINDS
        for slug, share in column.shares(of(wording, kind)).items()
    ]  # fmt: skip


def _overlap(read: Read, root: Path, given: Sequence[Prepared]) -> list[dict[str, Any]]:
    """Over all conversations: how far questions read like what the last adapter was trained on, and the base was."""
    found: dict[tuple[str, str, int], list[tuple[float, int, int]]] = {}
    for one in given:
        trained = [cell for cell in read if cell.scenario == one.scenario.slug and cell.condition.trains]
        trained = [cell for cell in trained if cell.run(root).conversations_file.exists()]
        if not trained:
            continue
        last = max(trained, key=lambda cell: (cell.condition.strategy == cell.condition.name, cell.condition.cycle))
        asked = [question for question in questions(one.scenario) if question.value is not None]
        for row in overlaps(asked, last.run(root).conversations()):
            found.setdefault((row.wording, row.texts, row.gram), []).append((row.shared, row.verbatim, row.of))
    return [
        {"wording": wording, "texts": texts, "gram": gram, "shared": round(fmean(share for share, _, _ in rows_), 4),
         "verbatim": sum(count for _, count, _ in rows_), "of": sum(count for _, _, count in rows_)}
        for (wording, texts, gram), rows_ in found.items()
    ]  # fmt: skip


def _training(read: Read) -> list[dict[str, Any]]:
    """Medians over conversations and seeds of what the trainings cost."""
    told: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for cell, (_, training) in read.items():
        if cell.condition.trains:
            told.setdefault((cell.condition.name, cell.condition.cycle), []).append(training)
    names = ("facts", "examples", "tokens_an_epoch", "tokens", "steps", "epochs", "seconds")
    return [
        {"condition": name, "cycle": cycle}
        | {what: median(values) for what in names if (values := [one[what] for one in some if one.get(what)])}
        for (name, cycle), some in told.items()
    ]


def _cross_entropy(read: Read) -> dict[str, Any]:
    """How cross-entropy and the share of right answers go together: over all adapters, and over one's own training."""
    points = []
    for cell, (answers, training) in read.items():
        asked = [one for one in answers if one.question.value is not None]
        if training.get("ce") and asked:
            right = fmean(one.right for one in asked)
            points.append({"scenario": cell.scenario, "condition": cell.condition.name, "cycle": cell.condition.cycle,
                           "right": right, **training["ce"]})  # fmt: skip
    curves = [
        {"scenario": cell.scenario, "seed": cell.seed, "strategy": cell.condition.strategy, "points": points_}
        for cell, (_, training) in read.items()
        if cell.condition.trains and (points_ := curve(training.get("selection")))
    ]
    shares = [float(point["right"]) for point in points]
    return {
        "points": points,
        "correlation": {what: pearson([float(one[what]) for one in points], shares)
                        for what in ("mean", "median", "p90")},
        "curves": curves,
        "correlation_over_training": _over_training(curves),
    }  # fmt: skip


def curve(selection: Sequence[Mapping[str, Any]] | None) -> list[dict[str, float]]:
    """Epoch, share of right probes and cross-entropies of each look that a training's first round took at itself.

    The bare base, which was looked at first, is no state of a training.
    """
    looks = [look for look in selection or () if look["step"]]
    first = min((look["round"] for look in looks), default=0)
    return [
        {"epoch": round(look["epoch"], 1), "right": look["accuracy"],
         **{what: look["ce"][what] for what in ("mean", "median", "p90")}}
        for look in looks
        if look["round"] == first
    ]  # fmt: skip


def _over_training(curves: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """The median over trainings of each one's correlation with the share that is right."""
    found = {}
    for what in ("mean", "median", "p90"):
        each = [pearson([p[what] for p in one["points"]], [p["right"] for p in one["points"]]) for one in curves]
        known = [one for one in each if one is not None]
        found[what] = median(known) if known else None
    return found
