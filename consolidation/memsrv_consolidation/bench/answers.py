"""What was answered in one cell of the bench: a conversation, a seed, a condition. Judged by rule; kept in one file.

A cell's file is written whole or not at all, so a bench that is killed loses the one it was at. Torch-free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memsrv.layout import says_not_recorded
from memsrv.records import from_dict, to_dict
from memsrv_consolidation.bench.conditions import Condition, chosen, conditions
from memsrv_consolidation.bench.questions import Question
from memsrv_consolidation.probes import gives
from memsrv_consolidation.run import Run, read_json, write_json


@dataclass(frozen=True, slots=True)
class Cell:
    """`seed` None: the base answers greedily, so every seed would be the same."""

    scenario: str
    seed: int | None
    condition: Condition

    def folder(self, root: Path) -> Path:
        return root / self.scenario / (f"seed-{self.seed}" if self.seed is not None else "base") / self.condition.slug

    def run(self, root: Path) -> Run:
        """The run that trains this cell's adapter."""
        return Run(self.folder(root) / "run")

    @property
    def title(self) -> str:
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"{self.scenario}: {self.condition.name} C{self.condition.cycle}{seed}"


@dataclass(frozen=True, slots=True)
class Answer:
    """`right`: by rule. `stale`: a value that was replaced before. `tokens` of the prompt; `cut`: lines left out."""

    question: Question
    answer: str
    right: bool
    stale: bool
    tokens: int
    cut: int = 0


def answered(question: Question, text: str, tokens: int, cut: int) -> Answer:
    """Judged by rule: the exact value, whole; of what nobody said, that nothing is recorded."""
    if question.value is None:
        return Answer(question, text, says_not_recorded(text), False, tokens, cut)
    right = gives(question.value, text)
    stale = not right and question.was is not None and gives(question.was, text)
    return Answer(question, text, right, stale, tokens, cut)


def cells(order: Mapping[str, Any]) -> list[Cell]:
    """All that `order` wants answered: first what needs no training, then scenario by scenario."""
    scenarios, seeds = order["scenarios"], order["seeds"]
    every = chosen(conditions(order["cycles"], order["strategies"], order["cascades"]), order.get("conditions"))
    bare = [one for one in every if one.strategy is None]
    trained = [one for one in every if one.strategy is not None]
    return [
        *(Cell(scenario, None, one) for scenario in scenarios for one in bare),
        *(Cell(scenario, seed, one) for seed in seeds for scenario in scenarios for one in trained),
    ]


def keep(cell: Cell, root: Path, found: Sequence[Answer], training: Mapping[str, Any]) -> None:
    cell.folder(root).mkdir(parents=True, exist_ok=True)
    write_json(cell.folder(root) / "answers.json", {"cell": to_dict(cell), "training": training, "answers": found})


def is_kept(cell: Cell, root: Path) -> bool:
    return (cell.folder(root) / "answers.json").exists()


def kept(cell: Cell, root: Path) -> tuple[list[Answer], dict[str, Any]]:
    """The answers of a cell, and what its training told of itself."""
    made = read_json(cell.folder(root) / "answers.json")
    return [from_dict(Answer, row) for row in made["answers"]], made["training"]
