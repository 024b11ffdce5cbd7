"""What of a run's report is kept beside the weights: how far each fact came, and the figures that versions show."""

from typing import Any

from memsrv_adapters.version import Stage, TrainedFact
from memsrv_consolidation.run import Run, read_json


def awaits_shelf(run: Run) -> bool:
    """Whether `run` passed the gate, and whoever started it was gone before the version was on the shelf."""
    if run.shelved_file.exists() or not run.report_file.exists():
        return False
    return bool(read_json(run.report_file)["verdict"] == "promote")


def stages(run: Run, report: dict[str, Any]) -> list[TrainedFact]:
    """Every trained fact, and how far it came: graduated when all of its held-out questions were answered right."""
    marks: dict[str, list[bool]] = {}
    for question in report["evaluation"]["questions"]:
        if question["about"] == "fact":
            marks.setdefault(question["fact"], []).append(question["correct"]["candidate"])
    found = []
    for fact in run.facts():
        if fact.id in marks:
            right = marks[fact.id]
            stage = Stage.GRADUATED if all(right) else Stage.LEARNING if any(right) else Stage.FAILED
            found.append(TrainedFact(fact.id, fact.text, stage))
    return found


def scores(report: dict[str, Any]) -> dict[str, float]:
    """The figures that `memsrv adapters` shows beside a version."""
    measured = report["evaluation"]
    closed = measured["closed_book"]
    return {
        "recall": closed["candidate"]["all"],
        "known": closed["candidate"]["known"],
        "novel": closed["candidate"]["novel"],
        "base": closed["base"]["all"],
        "in_context": measured["in_context"]["candidate"],
        "unknown": measured["unknown"]["candidate"],
        "median_ce": measured["ce"]["median"],
    }
