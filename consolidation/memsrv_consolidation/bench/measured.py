"""What a rung's run measured, as a row of figures: medians over seeds, with the least and the greatest.

Reads reports of runs, as the evaluation wrote them: here nothing is judged a second time. What a report does not have
(an older evaluation) is left out of the row.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

#: A rung keeps its guards where reading fell by no more than so much, and so few unknowns were answered.
READING, FALSE = -0.03, 0.05


def figures(report: Json) -> dict[str, float]:
    """The figures of one run, by name; shares from 0 to 1."""
    return {name: round(float(value), 6) for name, value in _figures(report) if value is not None}


def _figures(report: Json) -> Iterator[tuple[str, float | None]]:
    found, training = report["evaluation"], report["training"]
    candidate = found["closed_book"]["candidate"]
    yield "known", candidate["known"]
    yield "novel", candidate["novel"]
    for (kind, wording), marks in _by_kind(found["questions"]).items():
        yield f"{wording}, {kind}", statistics.fmean(marks)
    yield "behaviour", _behaviour(found, "candidate")
    yield "with memory", found["in_context"]["candidate"]
    yield "reading", found["fresh"]["candidate"] - found["fresh"]["base"]
    guard = found.get("guard")
    at_all = guard and (guard["base"] or guard["candidate"])  # where neither can do any, nothing could be lost
    yield "guard", guard["candidate"] - guard["base"] if at_all else None
    yield "kl", found.get("anchors", {}).get("neutral", {}).get("divergence")
    yield "false memories", 1 - found["unknown"]["candidate"]
    for name in ("mean", "median", "p90"):
        yield f"ce {name}", found["ce"][name]
    for name in ("tokens", "completion_tokens"):
        yield name, training.get(name)
    yield "seconds", training.get("seconds")
    yield "peak MiB", report["peak_mib"].get("train")


def of_base(report: Json) -> dict[str, float]:
    """What the bare base answers, of the same questions."""
    found = report["evaluation"]
    closed = found["closed_book"]["base"]
    behaviour = _behaviour(found, "base")
    return {
        "known": closed["known"], "novel": closed["novel"], "with memory": found["in_context"]["base"],
        **({} if behaviour is None else {"behaviour": behaviour}),
        "false memories": round(1 - found["unknown"]["base"], 6), "ce mean": found["ce_base"]["mean"],
        "ce median": found["ce_base"]["median"], "ce p90": found["ce_base"]["p90"],
    }  # fmt: skip


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Of each figure that any of the runs has: median, least, greatest."""
    values: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for name, value in run.items():
            values[name].append(value)
    return {
        name: {"median": statistics.median(found), "least": min(found), "most": max(found)}
        for name, found in values.items()
    }


def keeps(row: Json) -> bool:
    """Whether a row kept its guards, by its medians."""
    return bool(row["reading"]["median"] >= READING and row["false memories"]["median"] <= FALSE)


def recall(row: Json) -> float:
    """What rungs are compared by: known and novel wordings alike."""
    return float(row["known"]["median"] + row["novel"]["median"]) / 2


def best(rows: Sequence[Json]) -> tuple[Json, bool]:
    """The row with the most recall among those that kept their guards, and whether any did; of equals the cheaper."""
    kept = [row for row in rows if keeps(row["figures"])]

    def rank(row: Json) -> tuple[float, float]:
        return recall(row["figures"]), -row["figures"].get("tokens", {"median": 0.0})["median"]

    return max(kept or rows, key=rank), bool(kept)


def _by_kind(questions: Sequence[Json]) -> dict[tuple[str, str], list[bool]]:
    """Of the questions about facts: what was right closed-book, by kind and wording."""
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in questions:
        if row["about"] == "fact" and row["kind"]:
            found[row["kind"], row["wording"]].append(bool(row["correct"]["candidate"]))
    return dict(sorted(found.items()))


def _behaviour(evaluation: Json, name: str) -> float | None:
    """The share of tasks in which it showed; None where no task could be asked."""
    told = evaluation.get("behaviour") or {}
    return told[name] if told.get("asked") else None
