"""Consolidation in a bench: the product's own pipeline in a run folder of its own, up to the trained adapter.

`raw transcripts` is the same run with what reflection and synthesis made of facts replaced by windows of the transcript
itself: as many examples, the same recipe, the same seed. torch comes with the pipeline.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from memsrv.errors import RunFailed
from memsrv.records import Conversation, Episode, EventType, Message, to_dict
from memsrv_consolidation import recipe
from memsrv_consolidation.answering import Respondents
from memsrv_consolidation.bench.answers import Cell
from memsrv_consolidation.bench.conditions import RAW, Prepared
from memsrv_consolidation.pipeline import consolidate
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.run import Order, Run, read_json, write_json, write_lines

#: Raw transcripts are trained in the recipe of this strategy.
PLAIN = "paper"
_CREATED = "2026-11-20T00:00:00Z"
#: Turns of a transcript that are trained together.
_WINDOW = 3
_SPEAKER = {EventType.PROMPT: "user", EventType.REPLY: "claude", EventType.TOOL_CALL: "claude"}


@dataclass(frozen=True, slots=True)
class Training:
    """The base as it was resolved, and its recipes, with other epochs where they are given."""

    base: str
    path: str
    hash: str
    threads: int
    epochs: float | None = None

    def recipe(self, strategy: str) -> recipe.Recipe:
        own = recipe.preset(self.base, strategy)
        return replace(own, name=f"bench-{strategy}", epochs=self.epochs) if self.epochs else own

    def order(self, cell: Cell) -> Order:
        strategy = PLAIN if cell.condition.name == RAW else str(cell.condition.strategy)
        chosen = self.recipe(strategy)
        if self.epochs:  # an order names its recipe; this one is this process's alone
            recipe.NAMED[chosen.name] = chosen
        return Order(
            id=cell.condition.slug, project=cell.scenario, base=self.base, strategy=strategy, seed=cell.seed or 0,
            threads=self.threads, created=_CREATED, base_path=self.path, base_hash=self.hash,
            preset=chosen.name if self.epochs else None,
            any_base=True,  # also what a night would refuse is measured
        )  # fmt: skip


def adapter(
    run: Run,
    cell: Cell,
    given: Prepared,
    training: Training,
    pace: Pace,
    saving_itself: Callable[[], AbstractContextManager[Callable[[], bool]]],
) -> None:
    """Train into `run`; what is there already of a run that was killed is taken."""
    order = training.order(cell)
    if not run.order_file.exists():
        seen = given.seen(cell.condition.cycle)
        run.folder.mkdir(parents=True, exist_ok=True)
        write_lines(run.episodes_file, seen.episodes())
        write_json(run.memory_file, {"memories": seen.memories()})
        write_json(run.order_file, to_dict(order))  # the last: a folder with it is a whole one
    if cell.condition.name == RAW:
        consolidate(run, pace, saving_itself, until="synthesise")
        if run.conversations_file.exists():
            _told_as_it_was(run)
    consolidate(run, pace, saving_itself, until="train")
    if not run.adapter.exists():
        raise RunFailed(f"{cell.title}: reflection found nothing to train on; give more --facts")


def _told_as_it_was(run: Run) -> None:
    """In place of what was made of facts, as many windows of the transcript."""
    made = run.conversations()
    facts = [one for one in made if one.about == "fact"]
    if any(one.style == RAW for one in facts):
        return
    windows = list(transcripts(run.episodes()))
    raw = [replace(windows[place % len(windows)], id=f"raw-{place:04d}") for place in range(len(facts))]
    write_lines(run.conversations_file, [*raw, *(one for one in made if one.about != "fact")])


def transcripts(episodes: Sequence[Episode]) -> list[Conversation]:
    """Every window of a few turns, to be said as it stands after it is asked for."""
    found = []
    for episode in episodes:
        lines = [
            f"{_SPEAKER[step.type]}: {step.text or step.command}"
            for step in episode.steps
            if step.type in _SPEAKER and (step.text or step.command)
        ]
        for start in range(max(1, len(lines) - _WINDOW + 1)):
            asked = Message("user", f"Go on after: {lines[start - 1] if start else 'the beginning'}")
            said = Message("assistant", "\n".join(lines[start : start + _WINDOW]))
            found.append(Conversation(f"raw-{start}", "fact", RAW, (asked, said)))
    return found


def told_of(run: Run, training: Mapping[str, Any], respondents: Respondents) -> dict[str, Any]:
    """What the training cost and saw, beside what it told itself: examples and tokens of one epoch, facts."""
    conversations = run.conversations()
    by_about = {about: sum(one.about == about for one in conversations) for about in ("fact", "unknown", "rehearsal")}
    return {
        "examples": len(conversations),
        "by_about": by_about,
        "tokens_an_epoch": sum(respondents.length(one.messages) for one in conversations),
        "facts": len(run.facts()),
        "seconds": training.get("seconds"),
        "steps": training.get("steps"),
        "epochs": training.get("epochs"),
        "tokens": training.get("tokens"),
        "selection": training.get("selection"),
        "stages": read_json(run.costs_file)["seconds"],
    }
