"""What a gate held a run to, and the figures behind it: tables of a report."""

from collections import Counter

from memsrv.tables.cells import Json, text
from memsrv.terminal import details, percent, table

#: What is asked of base and candidate, and how it is called.
_ASKED = {
    "in_context": "recorded facts, read from memory",
    "contradicting": "newer memory wins",
    "fresh": "fresh facts, read from memory",
    "unknown": "says that it is not recorded",
    "behaviour": "shows by itself in tasks",
    "guard": "code, instructions, refusals",
    "unrelated": "unrelated prompts without leaks",
}


def checks(result: Json) -> None:
    """Every check of a run by what it is about; of one that failed, by how much."""
    found = result.get("checks") or []
    if not found:
        return
    rows, group = [], None
    for check in found:
        told = check.get("group") or ""
        rows.append(
            (
                told if told != group else "",
                check["name"],
                "yes" if check["passed"] else f"NO: {check['short']}" if check.get("short") else "NO",
                text(check["figure"]),
                text(check["bound"]),
                check["means"],
            )
        )
        group = told
    table(("about", "check", "passed", "figure", "bound", "means"), rows)


def measured(result: Json) -> None:
    """What base and candidate answered right, and how far each fact has come."""
    figures = result.get("evaluation") or {}
    asked = figures.get("asked") or {}
    rows = [
        (name, percent(score.get("base")), percent(score.get("candidate")), text(_of(figures, asked, about)))
        for about, name in _ASKED.items()
        if isinstance(score := figures.get(about), dict) and _of(figures, asked, about)
    ]
    if rows:
        table(("right", "base", "candidate", "of"), rows)
    stages = Counter(fact["stage"] for fact in (figures.get("by_fact") or {}).values())
    skipped = Counter((figures.get("behaviour") or {}).get("skipped", {}).values())
    told = {
        "closed-book": ", ".join(f"{n} {stage}" for stage, n in sorted(stages.items())) or None,
        "without a task": ", ".join(f"{n}: {why}" for why, n in skipped.most_common()) or None,
    }
    if any(told.values()):
        details(told)


def _of(figures: Json, asked: Json, about: str) -> int:
    return int(figures["behaviour"].get("asked", 0)) if about == "behaviour" else int(asked.get(about, 0))
