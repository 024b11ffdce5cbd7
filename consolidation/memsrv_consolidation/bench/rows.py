"""The rows of the table and its tests: shares of right answers by kind and wording, over conversations.

The conversation is the unit, as in the paper: of several seeds the mean is taken first. Knows answers, no files.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from memsrv.records import Kind
from memsrv_consolidation.bench.answers import Answer, Cell
from memsrv_consolidation.bench.conditions import COMPACTION, EVIDENCE
from memsrv_consolidation.bench.questions import UNKNOWN, WORDINGS
from memsrv_consolidation.bench.statistics import Estimate, Exact, Paired, estimate, paired_t, sign

ALL = "all"
KINDS = (*map(str, (Kind.SEMANTIC, Kind.PROCEDURAL, Kind.EPISODIC)), ALL)
#: Which answers of a conversation count.
Chosen = Callable[[str, Answer], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One condition in one wording. `right` by kind; `found`: of the facts that reflection found. `ratio`: to evidence
    in context. `invented`: of what nobody said, how much was answered all the same. `stale`: how often, of what was
    replaced, the old value came."""

    condition: str
    cycle: int
    strategy: str | None
    closed: bool  # nothing stands before the question
    wording: str
    right: Mapping[str, Estimate | None]
    found: Estimate | None
    invented: Estimate | None
    stale: Estimate | None
    ratio: float | None
    tokens: float  # of a prompt, the median
    cut: int  # prompts that did not fit the window


@dataclass(frozen=True, slots=True)
class Test:
    """`condition` against `against`: t and sign over conversations, McNemar over the questions of the first seed."""

    condition: str
    cycle: int
    wording: str
    against: str
    t: Paired
    sign: Exact
    questions: Exact


@dataclass(frozen=True, slots=True)
class Column:
    """The answers to one condition: by conversation, a list for each seed."""

    condition: str
    cycle: int
    strategy: str | None
    closed: bool
    answers: Mapping[str, Sequence[Sequence[Answer]]]

    def shares(self, chosen: Chosen, mark: Callable[[Answer], bool] = lambda one: one.right) -> dict[str, float]:
        """By conversation, of the answers that are `chosen`, the share that has the `mark`."""
        found = {}
        for slug, seeds in self.answers.items():
            marks = [[mark(one) for one in answers if chosen(slug, one)] for answers in seeds]
            if shares := [fmean(some) for some in marks if some]:
                found[slug] = fmean(shares)
        return found

    def estimate(self, chosen: Chosen, mark: Callable[[Answer], bool] = lambda one: one.right) -> Estimate | None:
        return estimate(list(self.shares(chosen, mark).values()))

    def all(self, wording: str) -> list[Answer]:
        return [one for seeds in self.answers.values() for some in seeds for one in some
                if one.question.wording == wording]  # fmt: skip


def columns(read: Mapping[Cell, Sequence[Answer]]) -> list[Column]:
    """The cells by condition, in their order."""
    found: dict[tuple[str, int, str | None, bool], dict[str, list[Sequence[Answer]]]] = {}
    for cell, answers in read.items():
        one = cell.condition
        by_slug = found.setdefault((one.name, one.cycle, one.strategy, one.source is None), {})
        by_slug.setdefault(cell.scenario, []).append(answers)
    return [Column(*key, by_slug) for key, by_slug in found.items()]


def of(wording: str, kind: str) -> Chosen:
    """Questions in `wording` about facts of `kind`, or of ALL of them."""

    def chosen(_: str, one: Answer) -> bool:
        question = one.question
        return question.wording == wording and (question.kind == kind or (kind == ALL and question.kind != UNKNOWN))

    return chosen


def rows(every: Sequence[Column], found: Mapping[tuple[str, int], frozenset[int]]) -> list[Row]:
    """`found`: by conversation and cycle, the facts of the original that reflection found by then."""
    ceiling = next((one for one in every if one.condition == EVIDENCE), None)
    made = []
    for column in every:
        for wording in WORDINGS:
            right = {kind: column.estimate(of(wording, kind)) for kind in KINDS}
            best = ceiling.estimate(of(wording, ALL)) if ceiling else None
            own, asked = right[ALL], column.all(wording)
            made.append(
                Row(
                    column.condition, column.cycle, column.strategy, column.closed, wording, right,
                    found=column.estimate(_found(wording, column.cycle, found)),
                    invented=column.estimate(of(wording, UNKNOWN), lambda one: not one.right),
                    stale=column.estimate(_replaced(wording), lambda one: one.stale),
                    ratio=own.mean / best.mean if own and best and best.mean else None,
                    tokens=median(one.tokens for one in asked) if asked else 0,
                    cut=sum(one.cut > 0 for one in asked),
                )
            )  # fmt: skip
    return made


def _found(wording: str, cycle: int, found: Mapping[tuple[str, int], frozenset[int]]) -> Chosen:
    def chosen(slug: str, one: Answer) -> bool:
        return one.question.wording == wording and one.question.fact in found.get((slug, cycle), ())

    return chosen


def _replaced(wording: str) -> Chosen:
    return lambda _, one: one.question.wording == wording and one.question.was is not None


def tests(every: Sequence[Column], last: int) -> list[Test]:
    """Every condition against compaction after the `last` cycle, conversations that both have."""
    base = next((one for one in every if (one.condition, one.cycle) == (COMPACTION, last)), None)
    if base is None:
        return []
    made = []
    for column in every:
        if column is base:
            continue
        for wording in WORDINGS:
            ours, theirs = column.shares(of(wording, ALL)), base.shares(of(wording, ALL))
            both = [slug for slug in ours if slug in theirs]
            mine, other = [ours[slug] for slug in both], [theirs[slug] for slug in both]
            made.append(
                Test(column.condition, column.cycle, wording, f"{COMPACTION} C{last}", paired_t(mine, other),
                     sign(mine, other), sign(*_by_question(column, base, both, wording)))
            )  # fmt: skip
    return made


def _by_question(one: Column, other: Column, slugs: Iterable[str], wording: str) -> tuple[list[float], list[float]]:
    """The marks of the first seed, question by question."""
    pairs = []
    for slug in slugs:
        theirs = {answer.question.id: answer.right for answer in other.answers[slug][0]}
        pairs += [
            (float(answer.right), float(theirs[answer.question.id]))
            for answer in one.answers[slug][0]
            if of(wording, ALL)(slug, answer) and answer.question.id in theirs
        ]
    return [mine for mine, _ in pairs], [theirs for _, theirs in pairs]
