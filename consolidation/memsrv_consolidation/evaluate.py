"""Measure the candidate beside the live adapter and the bare base on one set of probes. Says figures, decides nothing.

Every probe with every answer is kept: `evaluation.json` can be read, and a figure argued with.
"""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Fact
from memsrv_consolidation import probes
from memsrv_consolidation.answering import BASE, Respondents
from memsrv_consolidation.device import offered, settle
from memsrv_consolidation.probes import Probe, correct

CANDIDATE, CURRENT = "candidate", "current"


def evaluate(
    facts: Sequence[Fact],
    base: Path,
    candidate: Path,
    current: Path | None,
    seed: int,
    threads: int,
    begin: Callable[[int, int], None],
    count: Callable[[int, int], None],
) -> dict[str, Any]:
    """The evaluation of the contract: scores, per-token cross-entropy, and every question with its answers."""
    settle(threads, seed)
    adapters = {CANDIDATE: candidate} | ({CURRENT: current} if current else {})
    asked = probes.of_facts(facts, seed)
    fresh = probes.of_fresh(facts, seed)
    unknown = probes.of_unknowns(facts, seed)
    respondents = Respondents(base, adapters, offered())
    pace = _Pace(count, len(asked) * (len(respondents.names) + 2) + 2 * (len(fresh) + len(unknown)))
    begin(pace.total, 0)

    def put(name: str, about: Sequence[Probe], opened: bool) -> list[str]:
        prompts = [probe.open if opened else probe.closed for probe in about]
        return respondents.answers(name, prompts, [probe.expected for probe in about], pace.add)

    closed = {name: put(name, asked, opened=False) for name in respondents.names}
    reading = {name: put(name, asked, opened=True) for name in (BASE, CANDIDATE)}
    fresh_answers = {name: put(name, fresh, opened=True) for name in (BASE, CANDIDATE)}
    unknown_answers = {name: put(name, unknown, opened=False) for name in (BASE, CANDIDATE)}
    losses = {
        name: respondents.losses(name, [p.closed for p in asked], [p.expected for p in asked])
        for name in (BASE, CANDIDATE)
    }
    respondents.close()
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
        "in_context": {name: _rate(asked, answers) for name, answers in reading.items()},
        "fresh": {name: _rate(fresh, answers) for name, answers in fresh_answers.items()},
        "unknown": {name: _rate(unknown, answers) for name, answers in unknown_answers.items()},
        "ce": spread(losses[CANDIDATE]),
        "ce_base": spread(losses[BASE]),
        "asked": {"fact": len(asked), "fresh": len(fresh), "unknown": len(unknown)},
        "questions": [
            *_told(asked, closed, reading),
            *_told(fresh, {}, fresh_answers),
            *_told(unknown, unknown_answers, {}),
        ],
    }  # fmt: skip


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


def _rate(asked: Sequence[Probe], answers: Sequence[str], wording: str | None = None) -> float:
    marks = [
        correct(probe, answer)
        for probe, answer in zip(asked, answers, strict=True)
        if wording is None or probe.wording == wording
    ]
    return round(sum(marks) / len(marks), 4) if marks else 0.0


def _told(asked: Sequence[Probe], closed: dict[str, list[str]], reading: dict[str, list[str]]) -> list[dict[str, Any]]:
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


def _reading(name: str) -> str:
    return "in_context" if name == CANDIDATE else f"in_context_{name}"
