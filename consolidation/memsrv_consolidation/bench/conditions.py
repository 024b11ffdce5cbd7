"""The conditions that are compared: what stands before a question, and whose weights answer it.

    no context · compaction, truncation, masking C1-C3 · full context · evidence in context · retrieval · facts as hints
    raw transcripts trained · each strategy C1-C3, closed-book · each strategy with retrieval

C0 is the original conversation, each cycle adds a continuation. What the server makes of the sessions (compacted
contexts, what recall finds) comes prepared in a file: here is no store. Torch-free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from memsrv.layout import Blocks, render
from memsrv.records import Fact, Memory, Message, from_dict
from memsrv_consolidation.bench.questions import Question
from memsrv_consolidation.bench.scenarios import Scenario
from memsrv_consolidation.run import read_json

NONE, FULL, EVIDENCE, RETRIEVAL, HINTS, RAW = (
    "no context", "full context", "evidence in context", "retrieval", "facts as hints", "raw transcripts",
)  # fmt: skip
COMPACTION, TRUNCATION, MASKING = "compaction", "truncation", "masking only"
CASCADES = (COMPACTION, TRUNCATION, MASKING)
#: Turns before and after what is said that belong to its chunk.
_AROUND = 1


@dataclass(frozen=True, slots=True)
class Condition:
    """`strategy`: whose adapter answers, None: the bare base. `source`: what stands before the question, None: nothing.

    `cycle`: how many continuations have followed the original.
    """

    name: str
    cycle: int
    source: str | None = None
    strategy: str | None = None

    @property
    def slug(self) -> str:
        return f"{self.name.replace(' + ', '-with-').replace(' ', '-')}-c{self.cycle}"

    @property
    def trains(self) -> bool:
        """Whether its adapter is its own: retrieval beside it takes the one that is there."""
        return self.strategy is not None and self.source is None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the server made of one scenario: `scenario.json`, and by cycle contexts, recalled lines and memories."""

    folder: Path
    scenario: Scenario
    compacted: Mapping[str, Sequence[Sequence[str]]]  # by cascade, then cycle - 1
    recalled: Sequence[Mapping[str, Sequence[str]]]  # by cycle, then question

    def episodes_file(self, cycle: int) -> Path:
        return self.folder / f"episodes-c{cycle}.jsonl"

    def memories(self, cycle: int) -> list[Memory]:
        rows = read_json(self.folder / f"memory-c{cycle}.json")["memories"]
        return [from_dict(Memory, row) for row in rows]


def prepared(folder: Path) -> Prepared:
    """What lies in the folder of a scenario."""
    made = read_json(folder / "prepared.json")
    scenario = from_dict(Scenario, read_json(folder / "scenario.json"))
    return Prepared(folder, scenario, made["compacted"], made["recalled"])


def conditions(cycles: int, strategies: Sequence[str]) -> list[Condition]:
    """All of them, what needs no training first."""
    every = range(1, cycles + 1)
    return [
        Condition(NONE, 0),
        Condition(EVIDENCE, 0, EVIDENCE),
        Condition(FULL, 0, FULL),
        *(Condition(name, cycle, name) for name in CASCADES for cycle in every),
        *(Condition(RETRIEVAL, cycle, RETRIEVAL) for cycle in (0, *every)),
        Condition(HINTS, cycles, HINTS),
        *(Condition(name, cycle, None, name) for name in strategies for cycle in every),
        *(Condition(f"{name} + retrieval", cycles, RETRIEVAL, name) for name in strategies),
        Condition(RAW, cycles, None, RAW),
    ]


def lines(condition: Condition, given: Prepared, question: Question, facts: Sequence[Fact]) -> list[str]:
    """What stands before `question`, a line an item; `facts` are those that reflection made by then."""
    original = given.scenario.parts[0]
    if condition.source is None:
        return []
    if condition.source == FULL:
        return [turn.line for turn in original.turns]
    if condition.source == EVIDENCE:
        if question.fact is None:  # there is none: a chunk like the others' that does not say it
            places: Sequence[int] = range(min(3, len(original.turns)))
        else:
            said = original.facts[question.fact].said
            places = range(max(0, said[0] - _AROUND), min(len(original.turns), said[-1] + _AROUND + 1))
        return [original.turns[place].line for place in places]
    if condition.source in CASCADES:
        followed = given.scenario.parts[condition.cycle].turns
        return [*given.compacted[condition.source][condition.cycle - 1], *(turn.line for turn in followed)]
    if condition.source == RETRIEVAL:
        return list(given.recalled[condition.cycle][question.id])
    return [fact.text for fact in facts]


def prompt(before: Sequence[str], question: Question) -> tuple[Message, ...]:
    """In the layout that the product serves; with nothing before it, the question alone, as the paper asks."""
    asked = Message("user", question.question)
    return (Message("system", render(Blocks(recall=before))), asked) if before else (asked,)
