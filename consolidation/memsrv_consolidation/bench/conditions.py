"""The conditions that are compared: what stands before a question, and whose weights answer it.

    no context · compaction, truncation, masking C1-C3 · summary alone · full context · evidence in context · retrieval
    facts as hints
    raw transcripts trained · each strategy C1-C3, closed-book · each strategy with retrieval

C0 is the original conversation, each cycle adds a continuation. What the server makes of the sessions (compacted
contexts, what recall finds) comes prepared in a file: here is no store. Torch-free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from memsrv.errors import UsageError
from memsrv.layout import Blocks, render
from memsrv.records import Fact, Message, from_dict
from memsrv.redact import Redactor
from memsrv_consolidation.bench.questions import Question
from memsrv_consolidation.bench.scenarios import Scenario
from memsrv_consolidation.reflect import reflect
from memsrv_consolidation.run import Run, read_json, write_lines

NONE, FULL, EVIDENCE, RETRIEVAL, HINTS, RAW = (
    "no context", "full context", "evidence in context", "retrieval", "facts as hints", "raw transcripts",
)  # fmt: skip
COMPACTION, TRUNCATION, MASKING = "compaction", "truncation", "masking only"
CASCADES = (COMPACTION, TRUNCATION, MASKING)
#: What compaction left, without the work that followed: the paper's text asks with it, the note to its Table 2 without.
ALONE = "summary alone"
WITH_RETRIEVAL = " + retrieval"
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
    """What the server made of one scenario: contexts and recalled lines, and a folder for each cycle."""

    folder: Path
    scenario: Scenario
    compacted: Mapping[str, Sequence[Sequence[str]]]  # by cascade, then cycle - 1
    recalled: Sequence[Mapping[str, Sequence[str]]]  # by cycle, then question

    def seen(self, cycle: int) -> Run:
        """A folder with what a run would see of the project by then: episodes and memories."""
        return Run(self.folder / f"cycle-{cycle}")

    def facts(self, cycle: int) -> list[Fact]:
        """What reflection makes by rules of all that was said by then."""
        run = self.seen(cycle)
        if not run.facts_file.exists():
            found = reflect(self.scenario.slug, run.episodes(), run.memories(), Redactor(b"bench"))
            write_lines(run.facts_file, found.facts)
        return run.facts()


def scenario_in(file: Path) -> Scenario:
    return from_dict(Scenario, read_json(file))


def prepared(folder: Path) -> Prepared:
    """What lies in the folder of a scenario."""
    made = read_json(folder / "prepared.json")
    return Prepared(folder, scenario_in(folder / "scenario.json"), made["compacted"], made["recalled"])


def conditions(cycles: int, strategies: Sequence[str], cascades: Sequence[str] = CASCADES) -> list[Condition]:
    """All of them, what needs no training first. `cascades`: the ways a context is cut again and again."""
    every = range(1, cycles + 1)
    return [
        Condition(NONE, 0),
        Condition(EVIDENCE, 0, EVIDENCE),
        Condition(FULL, 0, FULL),
        *(Condition(name, cycle, name) for name in cascades for cycle in every),
        *(Condition(ALONE, cycle, ALONE) for cycle in every),
        *(Condition(RETRIEVAL, cycle, RETRIEVAL) for cycle in (0, *every)),
        Condition(HINTS, cycles, HINTS),
        *(Condition(name, cycle, None, name) for name in strategies for cycle in every),
        *(Condition(f"{name}{WITH_RETRIEVAL}", cycles, RETRIEVAL, name) for name in strategies),
        Condition(RAW, cycles, None, RAW),
    ]


def chosen(every: Sequence[Condition], named: Sequence[str] | None) -> list[Condition]:
    """Those `named`, None: all; a name alone means all its cycles, `distil C3` one of them.

    What a strategy with retrieval takes its adapter from is chosen with it.
    """
    if named is None:
        return list(every)
    known = list(dict.fromkeys(one.name for one in every))
    cycles = {f"{one.name} C{one.cycle}" for one in every}
    if unknown := [name for name in named if name not in known and name not in cycles]:
        raise UsageError(f"no condition `{unknown[0]}` here; known: {', '.join(known)}, or a cycle of it, as `… C1`")
    wanted = {one for one in every if one.name in named or f"{one.name} C{one.cycle}" in named}
    beside = {(one.strategy, one.cycle) for one in wanted if one.source and one.strategy}
    return [one for one in every if one in wanted or (one.trains and (one.strategy, one.cycle) in beside)]


def lines(condition: Condition, given: Prepared, question: Question) -> list[str]:
    """What stands before `question`, a line an item."""
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
    if condition.source in given.compacted:
        followed = given.scenario.parts[condition.cycle].turns
        return [*given.compacted[condition.source][condition.cycle - 1], *(turn.line for turn in followed)]
    if condition.source == ALONE:
        return list(given.compacted[COMPACTION][condition.cycle - 1])
    if condition.source == RETRIEVAL:
        return list(given.recalled[condition.cycle][question.id])
    return [fact.text for fact in given.facts(condition.cycle)]


def prompt(before: Sequence[str], question: Question) -> tuple[Message, ...]:
    """In the layout that the product serves; with nothing before it, the question alone, as the paper asks."""
    asked = Message("user", question.question)
    return (Message("system", render(Blocks(recall=before))), asked) if before else (asked,)
