"""A teacher judges the answers of a bench of retention, as the paper's judge did; what it said is kept."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from memsrv.bench.child import Told
from memsrv.errors import TeacherSilent
from memsrv_consolidation.bench.answers import Cell, kept
from memsrv_consolidation.bench.judges import INSTRUCTIONS, judged, key, sheet, verdict


def judge(folder: Path, cells: Sequence[Cell], ask: Callable[[str, str, int], str | None], told: Told) -> None:
    """Every answer about a fact, into `judged.jsonl`. TeacherSilent where it says nothing, with what was judged kept.

    What it answers is neither yes nor no is left out.
    """
    there = judged(folder)
    answers = {key(one): one for cell in cells for one in kept(cell, folder)[0] if one.question.value is not None}
    todo = [one for name, one in answers.items() if name not in there]
    with (folder / "judged.jsonl").open("a", encoding="utf-8") as file:
        for place, one in enumerate(todo):
            told("teacher judges", place, len(todo))
            said = ask(INSTRUCTIONS, sheet(one), 8)
            if said is None:
                raise TeacherSilent(
                    "the teacher gave no answer; what it judged is kept: run the same again, or leave --teacher out"
                )
            if (right := verdict(said)) is not None:
                file.write(json.dumps({"key": key(one), "right": right}) + "\n")
                file.flush()
