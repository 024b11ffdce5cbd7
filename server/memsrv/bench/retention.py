"""`memsrv bench retention`: the consolidation paper's experiment, up to the door of the process that trains and asks.

Here is what needs a store: each conversation is written as an agent's log and read, its context is compacted to a sixth
again and again, and what recall finds for each question is laid out. Texts and episodes go into a folder, which the
process carries on with; what is there is not made again.

How long a conversation is decides what is fair to whom. memsrv-tiny reads some 1,000 tokens: with parts of 600 it
reads the full context (26 of 32 right), with 1,200 no more (1 of 16). But a sixth of 600 holds 1 value in 12; of 2,400
it holds 11, 7 and 6 of 24 after one, two and three cycles, in at most 900 tokens, which it reads without what followed.
So the full context is asked with the default, and `summary alone` with `--part-tokens 2400`.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from memsrv import layout
from memsrv.bench.child import Told, carried_out
from memsrv.bench.coding import Coder, Part, append
from memsrv.bench.judging import judge
from memsrv.bench.sessions import Library
from memsrv.bench.summaries import Cascade
from memsrv.bench.writing import Author
from memsrv.capture import Capture
from memsrv.compact import compact
from memsrv.compact.fitting import MIN_BUDGET
from memsrv.consent import Consent
from memsrv.errors import UsageError
from memsrv.ingest import ingest
from memsrv.layout import CHARS_PER_TOKEN, Item, tokens
from memsrv.recall import recall, recall_lines
from memsrv.records import Episode, Evidence, Memory, Trust, to_dict
from memsrv.redact import Redactor
from memsrv.remember import remember
from memsrv.settings import Settings
from memsrv.sources import SOURCES
from memsrv.store import Store
from memsrv_adapters.base import Base
from memsrv_consolidation import wordings
from memsrv_consolidation.bench.answers import cells, is_kept
from memsrv_consolidation.bench.conditions import (
    CASCADES,
    COMPACTION,
    MASKING,
    TRUNCATION,
    chosen,
    conditions,
    scenario_in,
)
from memsrv_consolidation.bench.questions import counts, questions
from memsrv_consolidation.bench.results import concluded
from memsrv_consolidation.bench.scenarios import Scenario, Turn, made
from memsrv_consolidation.recipe import preset
from memsrv_consolidation.run import Run, write_json, write_lines
from memsrv_consolidation.strategies import strategy as known

#: The cascade of a teacher's summaries, where there is a teacher: the paper's own.
SUMMARIES = "teacher's summaries"
RATIO = 6
#: What may differ where a folder is gone on with: other conditions are other cells.
_FREE = ("threads", "conditions")
#: Results of the search that a question's recall block is chosen from.
_FOUND = 25
_CLAUDE = next(source for source in SOURCES if source.name == "claude-code")


class Teacher(Protocol):
    """Who is asked: instructions, a text, and how many tokens the answer may have; None is no answer."""

    @property
    def ask(self) -> Callable[[str, str, int], str | None]: ...
    @property
    def passage_bytes(self) -> int: ...
    @property
    def answer_tokens(self) -> int: ...


#: What was left so far, the work that followed, and how many tokens may be left of both: what is left.
Summarise = Callable[[str, Part, int], str]
#: A scenario by its place, with so many facts and continuations, and parts of so many characters at least.
Write = Callable[[int, int, int, int], Scenario]
#: What a run would see of a project of a store.
See = Callable[[Store, str], tuple[Iterable[Episode], Sequence[Memory]]]
#: By rules alone, or by a reader that misses nothing: what consolidation is bounded by is told apart so.
REFLECTIONS = ("rules", "perfect")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be compared. `epochs`: in place of the recipe's; `window`: the base reads at most so many tokens."""

    base: Base
    scenarios: int = 3
    facts: int = 8
    cycles: int = 3
    strategies: tuple[str, ...] = ("paper", "distil")
    conditions: tuple[str, ...] | None = None  # None: all
    seeds: int = 1
    epochs: float | None = None
    window: int | None = None
    part_tokens: int = 600  # of the layout's count, that a conversation has at least
    reflection: str = "rules"
    memory_tokens: int = 600  # before a question, where recall is laid out
    threads: int = 1

    def order(self, scenarios: Sequence[Scenario], cascades: Sequence[str]) -> dict[str, Any]:
        """As the process reads it."""
        return {
            "base": self.base.name, "base_path": str(self.base.path), "base_hash": self.base.hash,
            "scenarios": [one.slug for one in scenarios], "facts": self.facts, "cycles": self.cycles,
            "strategies": list(self.strategies), "conditions": self.conditions and list(self.conditions),
            "seeds": list(range(1, self.seeds + 1)), "epochs": self.epochs,
            "window": self.window, "memory_tokens": self.memory_tokens, "cascades": list(cascades),
            "part_tokens": self.part_tokens, "reflection": self.reflection,
            "threads": self.threads,
        }  # fmt: skip


def checked(plan: Plan) -> Plan:
    """UsageError where nothing would be compared, or with what nobody knows."""
    if plan.facts < 3:
        raise UsageError("a conversation has facts of three kinds; give --facts 3 at least")
    if not plan.strategies:
        raise UsageError("name a strategy with --strategies, as paper,distil")
    for name in plan.strategies:
        known(name)
    chosen(conditions(plan.cycles, plan.strategies, (*CASCADES, SUMMARIES)), plan.conditions)
    if plan.reflection not in REFLECTIONS:
        raise UsageError(f"no reflection `{plan.reflection}`; known: {', '.join(REFLECTIONS)}")
    if plan.part_tokens < 6 * MIN_BUDGET:
        raise UsageError(f"a sixth of {plan.part_tokens} tokens holds no summary; give --part-tokens {6 * MIN_BUDGET}")
    return plan


def work(plan: Plan, folder: Path) -> dict[str, Any]:
    """What would be done, and what of it is there already: for `--dry-run`."""
    least = plan.part_tokens * CHARS_PER_TOKEN
    scenarios = [made(place, plan.facts, plan.cycles, least) for place in range(plan.scenarios)]
    order = plan.order(scenarios, CASCADES)
    todo = cells(order)
    trained = [cell for cell in todo if cell.condition.trains]
    epochs = {name: plan.epochs or preset(plan.base.name, name).epochs for name in plan.strategies}
    return {
        "folder": str(folder),
        "scenarios": order["scenarios"],
        "questions": counts(question for one in scenarios for question in questions(one)),
        "cells": len(todo),
        "cells_there": sum(is_kept(cell, folder) for cell in todo),
        "trainings": len(trained),
        "trainings_there": sum(cell.run(folder).adapter.exists() for cell in trained),
        "facts_trained_on": sum(plan.facts * (cell.condition.cycle + 1) for cell in trained),
        "epochs": epochs,
        "log_tokens": [sum(tokens(turn.line) for part in one.parts for turn in part.turns) for one in scenarios],
    }


def retaining(plan: Plan, folder: Path, told: Told, see: See, teacher: Teacher | None = None) -> dict[str, Any]:
    """The result. A folder that was used for the same goes on where it was.

    A `teacher` writes the conversations, summarises them as the paper's compaction does, and judges the answers.
    """
    order = laid_ready(plan, folder, told, see, teacher)
    result = carried_out("retention", order, folder, told)
    if teacher is None:
        return result
    judge(folder, [cell for cell in cells(order) if is_kept(cell, folder)], teacher.ask, told)
    result = {**concluded(folder, order), "failed": result["failed"]}
    write_json(folder / "result.json", result)
    return result


def laid_ready(plan: Plan, folder: Path, told: Told, see: See, teacher: Teacher | None = None) -> dict[str, Any]:
    """The order of the process that trains and asks, with all in `folder` that it needs."""
    cascades = (*CASCADES, SUMMARIES) if teacher else CASCADES
    summarise = Cascade(teacher.ask, teacher.passage_bytes, teacher.answer_tokens) if teacher else None
    written = Author(teacher.ask).scenario if teacher else made
    folder.mkdir(parents=True, exist_ok=True)
    library = Library()
    scenarios = []
    for place in range(plan.scenarios):
        told("conversations", place, plan.scenarios)
        scenarios.append(_scenario(folder, place, plan, written))
    order = plan.order(scenarios, cascades)
    _same_as_before(folder / "order.json", order)
    for place, one in enumerate(scenarios):
        told("store, compaction, recall", place, len(scenarios))
        if not (folder / one.slug / "prepared.json").exists():
            _prepare(one, folder / one.slug, plan, library, see, summarise)
    return order


def _same_as_before(file: Path, order: Mapping[str, Any]) -> None:
    """UsageError where the folder holds answers to something else."""
    if not file.exists():
        return
    before = json.loads(file.read_text("utf-8"))
    differ = [name for name in order if name not in _FREE and before.get(name) != order[name]]
    if differ:
        raise UsageError(
            f"{file.parent} was used with other {', '.join(differ)}; go on with those, or give another --out"
        )


def _scenario(folder: Path, place: int, plan: Plan, written: Write) -> Scenario:
    """A teacher's words are paid once: they are kept. Those that are made up come out the same each time."""
    if (kept := folder / "scenarios" / f"{place}.json").exists():
        return scenario_in(kept)
    one = written(place, plan.facts, plan.cycles, plan.part_tokens * CHARS_PER_TOKEN)
    kept.parent.mkdir(exist_ok=True)
    write_json(kept, to_dict(one))
    return one


def _prepare(one: Scenario, folder: Path, plan: Plan, library: Library, see: See, summarise: Summarise | None) -> None:
    """`scenario.json`, a folder for each cycle, and last `prepared.json`: contexts, and what recall found."""
    ways: dict[str, Summarise] = {TRUNCATION: _end, MASKING: _masked}
    ways |= {SUMMARIES: summarise} if summarise else {}
    contexts = dict.fromkeys((COMPACTION, *ways), "")
    compacted: dict[str, list[list[str]]] = {name: [] for name in contexts}
    recalled: list[dict[str, list[str]]] = []
    asked = questions(one)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    coder = Coder(one.slug, library)
    with TemporaryDirectory(prefix="memsrv-bench-") as home, Store.open(Path(home) / "memsrv.db") as store:
        log = Path(home) / "claude" / f"{coder.session}.jsonl"
        for cycle, part in enumerate(one.parts):
            if cycle:
                before = _said(one.parts[cycle - 1].turns)
                for name, context in contexts.items():
                    budget = max(MIN_BUDGET, tokens(f"{context}\n{before.text}") // RATIO)  # a teacher may be brief
                    if name == COMPACTION:
                        left = compact(store, coder.session, budget=budget).text
                    else:
                        left = ways[name](context, before, budget)
                    contexts[name] = left
                    compacted[name].append([line.removeprefix("- ") for line in left.split("\n") if line.strip()])
            append(log, [coder.told(part.turns)])
            capture = Capture.of(log.parent, Consent(Settings()), {})
            ingest(store, Redactor(b"bench"), [log], capture=capture, known={log: _CLAUDE})
            remember(store)
            told = [] if plan.reflection == "rules" else list(_memories(one, cycle, store))
            _write_seen(see, store, folder / f"cycle-{cycle}", told)
            recalled.append({question.id: _laid_out(store, question.question, plan) for question in asked})
    write_json(folder / "scenario.json", to_dict(one))
    write_json(folder / "prepared.json", {"compacted": compacted, "recalled": recalled})


def _memories(one: Scenario, cycle: int, store: Store) -> Iterator[Memory]:
    """Every fact that was said by then, as somebody who heard it all would have saved it."""
    (session,) = store.sessions()
    for number, part in enumerate(one.parts[: cycle + 1]):
        for place, fact in enumerate(part.facts):
            text = wordings.claim(fact.subject, fact.relation, fact.value)
            said = (Evidence(session.id, 0, part.turns[fact.said[0]].text),)
            yield Memory(
                f"planted-{number}-{place}", session.project, fact.kind, text, Trust.HUMAN, said,
                fact.subject, fact.relation, fact.value, session.ended, origin="saved",
            )  # fmt: skip


def _write_seen(see: See, store: Store, folder: Path, told: Sequence[Memory]) -> None:
    """What a run would see of the project now, and what it was `told` beside."""
    run = Run(folder)
    folder.mkdir()
    (project,) = {session.project for session in store.sessions()}
    episodes, memories = see(store, project)
    write_lines(run.episodes_file, episodes)
    write_json(run.memory_file, {"memories": [*memories, *told]})


def _laid_out(store: Store, question: str, plan: Plan) -> list[str]:
    """As it stands before a question to the endpoint: what was superseded is not quoted, and the best come first."""
    found = recall(store, question, limit=_FOUND)
    current = replace(found, results=tuple(hit for hit in found.results if hit.superseded_by is None))
    items = [Item(line) for line in recall_lines(current)]
    laid = layout.lay_out({"recall": items}, max(plan.memory_tokens, layout.least()))
    return [item.text for block in laid.blocks if block.name == "recall" for item in block.items]


def _said(turns: Sequence[Turn]) -> Part:
    """The lines that an agent has in its context."""
    part = Part()
    for turn in turns:
        part.say(turn.line, masked=f"claude: ran `{turn.text}`" if turn.who == "run" else None)
    return part


def _end(context: str, part: Part, budget: int) -> str:
    return f"{context}\n{part.text}"[-budget * CHARS_PER_TOKEN :]


def _masked(context: str, part: Part, budget: int) -> str:
    """What commands printed left out, and of the rest the end."""
    return "\n".join([context, *part.masked])[-budget * CHARS_PER_TOKEN :]
