"""What an evaluation must show before its candidate is promoted: recall, memory that is still read, skills that stay.

Compares answers question by question, and fact by fact. Knows nothing of files and weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memsrv_consolidation.checks import Check, alarm, at_least, at_most, by_item, gained, kept, named, none_of
from memsrv_consolidation.exact import Pairs, pairs

RECALL, MEMORY, SKILLS = "recall", "memory before the question", "what the base could do"

#: Points of recall that the weights must add to the bare base, and of what is new to the live version.
GAIN = 0.20
#: The share of the new facts that must have been learned: answered right more often than not.
LEARNED = 0.5
#: Points of recall that a kind of fact may lose against the live version, and all old facts together.
KIND_SLACK, OLD_SLACK = 0.10, 0.10
#: The largest change of a logit that is rounding.
SAME = 1e-3
#: Points that may be lost of what the base could do, shown by the lower end of a 95 % interval. Wanted is .10 of each
#: (and false answers to at most .05 of the unknowns). Wider are those that memsrv-tiny does not reach with `distil`: of
#: the demo's 20 facts fresh .93 -> .91, newer .90 -> .78 of 60, unknowns 1.00 -> .90 of 90, and it must not hang on a
#: machine's rounding whether they pass.
FRESH_SLACK, NEWER_SLACK, UNKNOWN_SLACK = 0.20, 0.30, 0.25
#: Points by the figure alone: of recorded facts, which the weights know as well, and of recall where memory is beside
#: the point. Wanted is .02 of the latter: `paper` teaches a student that has no memory, and which then declines
#: (.86 -> .05), so that it is told, and no fact graduates by it.
READING_SLACK, BESIDE_SLACK = 0.10, 1.0
#: Guard prompts are few: they ring where much is broken.
GUARD_SLACK = 0.10
#: Answers to prompts that have nothing to do with the project that may hold something it was trained on.
LEAK_SLACK = 0.10
#: Nats a token that the base's words may have become less likely, and may diverge (KL); both for what the base knows.
RISE, DIVERGENCE = 0.25, 0.25
#: Nats a token above which a base is no writer of prose: its logits there are noise, and are told, not held.
PROSE = 5.0

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the live version knows of this run's facts, how many it knows that are gone, and what must not be lost."""

    old: frozenset[str]
    gone: int
    must: frozenset[str]
    texts: Mapping[str, str]


def recall(evaluation: Mapping[str, Any], standing: Standing) -> Iterator[Check]:
    """Closed-book recall against the bare base, and against what is live."""
    rows = _about(evaluation, "fact")
    yield gained("recall over base", RECALL, _pairs(rows, "base"), GAIN, "answers without any memory")
    items = _items(rows)
    better = sum(marks["candidate"] > marks["base"] for marks in items.values())
    worse = sum(marks["candidate"] < marks["base"] for marks in items.values())
    yield by_item("recall by fact", RECALL, better, worse, len(items))
    if "current" not in evaluation["closed_book"]:
        return
    old = [row for row in rows if row["fact"] in standing.old]
    new = [row for row in rows if row["fact"] not in standing.old]
    if old:
        counted = _pairs(old, "current")
        yield kept("old recall", RECALL, counted, OLD_SLACK, "what the live version was trained on, too", _LIVE)
        yield kinds(old)
    if new:
        yield gained("new recall", RECALL, _pairs(new, "current"), GAIN, "what the live version was not told", _LIVE)
        fresh = _items(new)
        learned = sum(marks["candidate"] > 0.5 for marks in fresh.values())
        means = f"of {len(fresh)} new facts, those that are answered right more often than not"
        yield at_least("new facts", RECALL, round(learned / len(fresh), 4), LEARNED, means, len(fresh))
    elif not standing.gone:
        yield gained("recall over current", RECALL, _pairs(rows, "current"), 0.0, "the same facts, once more", _LIVE)
    yield regressions(items, standing)


_LIVE = "the live version"


def kinds(old: Rows) -> Check:
    """No kind of fact may pay for the others; two answers more or less are no kind."""
    changes = {kind: _pairs([row for row in old if row["kind"] == kind], "current") for kind in _kinds(old)}
    down = {
        kind: counted
        for kind, counted in changes.items()
        if counted.change < -KIND_SLACK - 1e-9 and counted.lost - counted.gained >= 2
    }
    told = ", ".join(f"{kind} {counted.change * 100:+.0f} points of {counted.n}" for kind, counted in changes.items())
    lost = ", ".join(f"{kind} is {abs(c.change) * 100:.0f} points below {_LIVE}" for kind, c in down.items())
    worst = min((counted.change for counted in changes.values()), default=0.0)
    means = f"the worst change of any kind against {_LIVE}: {told}"
    return Check("recall by kind", not down, round(worst, 4), -KIND_SLACK, means, RECALL, len(old), lost)


def regressions(items: Mapping[str, Mapping[str, float]], standing: Standing) -> Check:
    """Facts that graduated or that a person approved: what the live version answers, the candidate must."""
    held = [id for id in items if id in standing.must]
    lost = [id for id in held if items[id]["current"] > 0.5 >= items[id]["candidate"]]
    means = "facts that graduated or that a person approved, which the live version answers and this one does not"
    texts = named([standing.texts.get(id, id) for id in lost])
    return none_of("must not regress", RECALL, len(lost), means, len(held), f"lost: {texts}")


def memory(evaluation: Mapping[str, Any]) -> Iterator[Check]:
    """What stands in memory is read, overrules what was learned, and does not get in the way."""
    rows = [row for row in _about(evaluation, "fact") if "in_context" in row["correct"]]
    counted = _pairs(rows, "in_context_base", "in_context")
    yield alarm("reading in context", MEMORY, counted, READING_SLACK, "recorded facts, read from memory")
    for name, about, slack, what in (
        ("reading fresh facts", "fresh", FRESH_SLACK, "facts that nobody was trained on, read from memory"),
        ("newer memory wins", "contradicting", NEWER_SLACK, "values in memory that contradict what was learned"),
    ):
        yield kept(name, MEMORY, _pairs(_about(evaluation, about), "in_context_base", "in_context"), slack, what)
    rows = [row for row in _about(evaluation, "fact") if "beside_the_point" in row["correct"]]
    yield alarm(
        "memory beside the point", MEMORY, _pairs(rows, "candidate", "beside_the_point"), BESIDE_SLACK,
        "recall where memory has nothing to do with the question", "its own without memory,",
    )  # fmt: skip


def skills(evaluation: Mapping[str, Any]) -> Iterator[Check]:
    """What the base could do and the candidate must still do."""
    unknown = _pairs(_about(evaluation, "unknown"), "base")
    yield kept("unknowns", SKILLS, unknown, UNKNOWN_SLACK, "saying that something is not recorded")
    yield alarm("unrelated prompts", SKILLS, _pairs(_about(evaluation, "unrelated"), "base"), LEAK_SLACK,
                "answers to what has nothing to do with the project, without a word of it")  # fmt: skip
    yield alarm("guard prompts", SKILLS, _pairs(_about(evaluation, "guard"), "base"), GUARD_SLACK,
                "code, instructions and refusals")  # fmt: skip
    anchors = evaluation["anchors"]
    prose = anchors["neutral"]["base"] <= PROSE
    what = (
        "neutral prose"
        if prose
        else f"readings (of prose the base itself writes none: {anchors['neutral']['base']:.1f} nats)"
    )
    for name, figure, bound, means in (
        ("anchor loss", "rise", RISE, "nats a token by which what the base says became less likely"),
        ("drift", "divergence", DIVERGENCE, "nats a token, KL(base || candidate)"),
    ):
        shifts = [anchors[key] for key in (("neutral", "replies") if prose else ("reading",))]
        worst = max(s["adapter"] - s["base"] if figure == "rise" else s["divergence"] for s in shifts)
        tokens = sum(s["tokens"] for s in shifts)
        yield at_most(name, SKILLS, round(worst, 4), bound, f"{means}, on {what}", tokens)


def _about(evaluation: Mapping[str, Any], about: str) -> list[Mapping[str, Any]]:
    return [row for row in evaluation["questions"] if row["about"] == about]


def _pairs(rows: Rows, before: str, after: str = "candidate") -> Pairs:
    return pairs((row["correct"][before], row["correct"][after]) for row in rows)


def _kinds(rows: Rows) -> list[str]:
    return sorted({str(row["kind"]) for row in rows})


def _items(rows: Rows) -> dict[str, dict[str, float]]:
    """For each fact the share that each of the compared answered right."""
    marks: dict[str, list[Mapping[str, bool]]] = {}
    for row in rows:
        marks.setdefault(row["fact"], []).append(row["correct"])
    return {
        fact: {name: sum(each[name] for each in right) / len(right) for name in right[0] if name in _WHO}
        for fact, right in marks.items()
    }


_WHO = ("base", "candidate", "current")
