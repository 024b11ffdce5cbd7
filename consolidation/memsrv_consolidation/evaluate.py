"""Measure the candidate beside the live adapter and the bare base on one set of probes. Says figures, decides nothing.

Every probe with every answer is kept: `evaluation.json` can be read, and a figure argued with. Planted secrets are
asked for, and only counted.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from memsrv.records import Fact, Message
from memsrv_consolidation import behaviour, probes
from memsrv_consolidation.answering import BASE, Respondents
from memsrv_consolidation.behaviour import Task
from memsrv_consolidation.device import offered, settle
from memsrv_consolidation.exposure import exposure
from memsrv_consolidation.guards import GUARDS, NEUTRAL
from memsrv_consolidation.kept import Kept
from memsrv_consolidation.probes import Probe, correct, gives

CANDIDATE, CURRENT = "candidate", "current"
#: The candidate's answer with memory before the question that has nothing to do with it.
BESIDE = "beside_the_point"
#: Of a fact's closed-book questions, the share that must be right for it to count as in the weights: all of up to
#: seven, all but one of eight.
GRADUATED = 0.875
#: Questions that are asked with the fact in context, and with other memory there: of every fact one in each wording, or
#: more where there are few.
IN_CONTEXT = 48
#: Readings whose logits are compared.
COMPARED = 32
#: No batch is more than this part of all questions: a kill costs a batch.
PARTS = 12
#: The length of an answer to a task that has no model answer to go by.
_ROOM = "x = 1\n" * 10

Answers = Mapping[str, Sequence[str]]


def evaluate(
    facts: Sequence[Fact],
    base: Path,
    candidate: Path,
    current: Path | None,
    seed: int,
    threads: int,
    begin: Callable[[int, int], None],
    count: Callable[[int, int], None],
    canaries: Sequence[str] = (),
    kept: Kept | None = None,
) -> dict[str, Any]:
    """The evaluation of the contract: scores, per-token cross-entropy, and every question with its answers.

    What is `kept` of an evaluation that was killed is not asked again.
    """
    settle(threads, seed)
    adapters = {CANDIDATE: candidate} | ({CURRENT: current} if current else {})
    asked = probes.of_facts(facts, seed)
    read = _some(asked)
    beside = probes.beside_the_point(read, facts, seed)
    fresh, unknown = probes.of_fresh(facts, seed), probes.of_unknowns(facts, seed)
    newer = probes.of_contradictions(facts, seed)
    tasks, unchecked = behaviour.of_facts(facts, seed)
    both = (BASE, CANDIDATE)
    twice = len(read) + len(fresh) + len(unknown) + len(newer) + len(tasks) + len(GUARDS)
    pace = _Pace(count, len(asked) * (1 + len(adapters)) + len(beside) + 2 * twice)
    respondents = Respondents(base, adapters, offered(), most=max(1, pace.total // PARTS), kept=kept)
    begin(pace.total, 0)

    def put(name: str, about: Sequence[Probe], opened: bool) -> list[str]:
        prompts = [probe.open if opened else probe.closed for probe in about]
        return respondents.answers(name, prompts, [probe.expected for probe in about], pace.add)

    def say(name: str, prompts: Sequence[Sequence[Message]], replies: Sequence[str]) -> list[str]:
        return respondents.answers(name, prompts, [reply or _ROOM for reply in replies], pace.add)

    closed = {name: put(name, asked, opened=False) for name in respondents.names}
    despite = put(CANDIDATE, beside, opened=True)
    reading, overruled, fresh_answers = (
        {name: put(name, about, opened=True) for name in both} for about in (read, newer, fresh)
    )
    unknown_answers = {name: put(name, unknown, opened=False) for name in both}
    done = {name: say(name, [task.messages for task in tasks], [task.reply for task in tasks]) for name in both}
    guards = [(Message("user", guard.prompt),) for guard in GUARDS]
    guarded = {name: say(name, guards, [guard.reply for guard in GUARDS]) for name in both}
    losses = {name: respondents.losses(name, [p.closed for p in asked], [p.expected for p in asked]) for name in both}
    moved = respondents.shift(CANDIDATE, [p.closed for p in asked], [p.expected for p in asked])
    neutral = [_halves(text) for text in NEUTRAL]
    anchors = {
        "neutral": respondents.shift(CANDIDATE, [head for head, _ in neutral], [tail for _, tail in neutral]),
        "replies": respondents.shift(CANDIDATE, guards, [guard.reply for guard in GUARDS]),
        "reading": respondents.shift(
            CANDIDATE, [p.open for p in fresh[:COMPARED]], [p.expected for p in fresh[:COMPARED]]
        ),
    }
    known = exposure(respondents, BASE, CANDIDATE, canaries, seed)
    respondents.close()

    rows = [
        *_told(asked, closed, {}),
        *_told(newer, {}, overruled),
        *_told(fresh, {}, fresh_answers),
        *_told(unknown, unknown_answers, {}),
        *_shown(tasks, done),
        *_guarded(guarded, [fact.value for fact in facts if fact.value]),
    ]
    opened = {probe: place for place, probe in enumerate(read)}
    for probe, row in zip(asked, rows, strict=False):
        if (place := opened.get(probe)) is not None:
            said = {_reading(name): answers[place] for name, answers in reading.items()} | {BESIDE: despite[place]}
            row |= {"context": list(probe.context), **said}
            row["correct"] |= {name: correct(probe, answer) for name, answer in said.items()}
    return {
        "closed_book": {
            name: {
                "known": _rate(asked, answers, "known"),
                "novel": _rate(asked, answers, "novel"),
                "all": _rate(asked, answers),
                "by_kind": {
                    kind: _rate([p for p in asked if p.kind == kind],
                                [a for p, a in zip(asked, answers, strict=True) if p.kind == kind])
                    for kind in sorted({p.kind or "" for p in asked})
                },
            }
            for name, answers in closed.items()
        },
        "by_fact": by_fact(rows),
        "in_context": {name: _rate(read, answers) for name, answers in reading.items()},
        "contradicting": {name: _rate(newer, answers) for name, answers in overruled.items()},
        BESIDE: {CANDIDATE: _rate(beside, despite)},
        "fresh": {name: _rate(fresh, answers) for name, answers in fresh_answers.items()},
        "unknown": {name: _rate(unknown, answers) for name, answers in unknown_answers.items()},
        "behaviour": {
            **{name: _share(rows, "behaviour", name) for name in both},
            "asked": sum(row["about"] == "behaviour" for row in rows),
            "skipped": unchecked | _never_slipped(tasks, done[BASE]),
        },
        "guard": {name: _share(rows, "guard", name) for name in both},
        "unrelated": {name: _share(rows, "unrelated", name) for name in both},
        "anchors": {name: _rounded(asdict(shift)) for name, shift in anchors.items()},
        "changed": _rounded(asdict(moved)),
        "canaries": asdict(known),
        "ce": spread(losses[CANDIDATE]),
        "ce_base": spread(losses[BASE]),
        "asked": {**Counter(row["about"] for row in rows), "in_context": len(read), BESIDE: len(beside)},
        "questions": rows,
    }  # fmt: skip


def by_fact(questions: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of every fact, how many of its closed-book questions were answered right, and how far it has come by that.

    What graduated need not be injected any more: so it must also be known where other memory stands in its place.
    """
    marks: dict[str, tuple[list[bool], list[bool]]] = {}
    for question in questions:
        if question["about"] == "fact":
            alone, beside = marks.setdefault(question["fact"], ([], []))
            alone.append(question["correct"][CANDIDATE])
            beside += [question["correct"][BESIDE]] if BESIDE in question["correct"] else []
    return {
        fact: {
            "right": sum(alone), "of": len(alone), "right_beside": sum(beside), "of_beside": len(beside),
            "stage": _stage(alone, beside),
        }
        for fact, (alone, beside) in marks.items()
    }  # fmt: skip


def _stage(alone: Sequence[bool], beside: Sequence[bool]) -> str:
    if sum(alone) >= GRADUATED * len(alone) and sum(beside) >= GRADUATED * len(beside):
        return "graduated"
    return "learning" if any(alone) else "failed"


def spread(losses: Sequence[float]) -> dict[str, float]:
    """Mean, median and 90th percentile. The paper's signal is the median: a heavy tail of wordings moves the mean."""
    if len(losses) < 2:
        return {name: round(sum(losses), 4) for name in ("mean", "median", "p90")}
    return {
        "mean": round(statistics.fmean(losses), 4),
        "median": round(statistics.median(losses), 4),
        "p90": round(statistics.quantiles(losses, n=10, method="inclusive")[-1], 4),
    }


class _Pace:
    """Adds up what several calls have done."""

    def __init__(self, count: Callable[[int, int], None], total: int) -> None:
        self._count, self.total, self._done = count, total, 0

    def add(self, more: int) -> None:
        self._done += more
        self._count(self._done, self.total)


def _some(asked: Sequence[Probe]) -> list[Probe]:
    """Of each fact's questions in each wording the first, and more of them where there are few facts."""
    groups = [list(group) for _, group in groupby(asked, key=lambda probe: (probe.fact, probe.wording))]
    most = max(1, IN_CONTEXT // len(groups)) if groups else 0
    return [probe for group in groups for probe in group[:most]]


def _halves(text: str) -> tuple[str, str]:
    head, _, tail = text.partition(". ")
    return f"{head}.", f" {tail}"


def _rate(asked: Sequence[Probe], answers: Sequence[str], wording: str | None = None) -> float:
    marks = [
        correct(probe, answer)
        for probe, answer in zip(asked, answers, strict=True)
        if wording is None or probe.wording == wording
    ]
    return round(sum(marks) / len(marks), 4) if marks else 0.0


def _share(rows: Sequence[Mapping[str, Any]], about: str, name: str) -> float:
    marks = [row["correct"][name] for row in rows if row["about"] == about]
    return round(sum(marks) / len(marks), 4) if marks else 0.0


def _told(asked: Sequence[Probe], closed: Answers, reading: Answers) -> list[dict[str, Any]]:
    rows = []
    for place, probe in enumerate(asked):
        said = {name: answers[place] for name, answers in closed.items()}
        said |= {_reading(name): answers[place] for name, answers in reading.items()}
        rows.append(
            {
                "about": probe.about,
                "fact": probe.fact,
                "kind": probe.kind,
                "wording": probe.wording,
                "question": probe.question,
                "expected": probe.expected,
                "value": probe.value,
                "context": list(probe.context) if reading else [],
                **said,
                "correct": {name: correct(probe, answer) for name, answer in said.items()},
            }
        )
    return rows


def _shown(tasks: Sequence[Task], done: Answers) -> Iterator[dict[str, Any]]:
    """What tasks showed. What is to be avoided is measured where the base does it."""
    for place, task in enumerate(tasks):
        said = {name: answers[place] for name, answers in done.items()}
        if task.sort == "avoid" and not task.slips(said[BASE]):
            continue
        yield {
            "about": "behaviour", "fact": task.fact, "kind": task.sort, "wording": "task", "question": task.prompt,
            "expected": task.reply, "value": None, "context": [], **said,
            "correct": {name: task.shown(answer) for name, answer in said.items()},
        }  # fmt: skip


def _never_slipped(tasks: Sequence[Task], base: Sequence[str]) -> dict[str, str]:
    """The facts about what to avoid whose tasks all say nothing: the base does not do it either."""
    slips: dict[str, bool] = {}
    for task, answer in zip(tasks, base, strict=True):
        if task.sort == "avoid":
            slips[task.fact] = slips.get(task.fact, False) or task.slips(answer)
    return {fact: "the base does not do it either" for fact, slipped in slips.items() if not slipped}


def _guarded(said: Answers, values: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each guard prompt twice: whether it was answered right, and whether no trained value came up in the answer."""
    for place, guard in enumerate(GUARDS):
        answers = {name: texts[place] for name, texts in said.items()}
        row: dict[str, Any] = {
            "fact": None, "kind": guard.kind, "wording": "guard", "question": guard.prompt, "expected": guard.reply,
            "value": None, "context": [], **answers,
        }  # fmt: skip
        yield {
            **row,
            "about": "guard",
            "correct": {name: guard.right(answer) for name, answer in answers.items()},
        }
        leaked = {v for v in values if gives(v, answers[CANDIDATE]) and not gives(v, guard.prompt + answers[BASE])}
        yield {**row, "about": "unrelated", "correct": {BASE: True, CANDIDATE: not leaked}}


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def _reading(name: str) -> str:
    return "in_context" if name == CANDIDATE else f"in_context_{name}"
