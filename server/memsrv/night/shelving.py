"""What of a run is kept beside the weights: how far each fact came, what it was learned from, and all that made them.

A fact is in the weights once every closed-book question for it was answered right, with nothing of it in context.
Knows run folders and the shelf; starts nothing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from memsrv.records import Episode, Evidence, Fact
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import EXTEND, AdapterVersion, Lineage, Source, Stage, TrainedFact, shelf_name
from memsrv_consolidation.evaluate import GRADUATED
from memsrv_consolidation.run import Run, read_json

#: Right answers, of how many questions, by fact.
Recalled = Mapping[str, tuple[int, int]]


def awaits_shelf(run: Run) -> bool:
    """Whether `run` passed the gate, and whoever started it was gone before the version was on the shelf."""
    if run.shelved_file.exists() or not run.report_file.exists():
        return False
    return bool(read_json(run.report_file)["verdict"] == "promote")


def put(shelf: Shelf, run: Run, report: Mapping[str, Any]) -> AdapterVersion:
    """The adapter of `run` as a new version: staged, with its lineage. AdapterMismatch: the gate measured another."""
    order, name = run.order, shelf_name(run.order.project)
    live = order.current.version if order.current else None
    parent = shelf.version(name, live) if live in shelf.names(name) else None
    facts = stages(run, report)
    return shelf.put(
        run.adapter,
        project=name,
        base=order.base,
        base_hash=report["base_hash"],
        strategy=order.strategy,
        run=order.id,
        created=order.created,
        parent=parent.version if parent else None,
        facts=facts,
        scores=scores(report),
        lineage=lineage(run, report, facts, parent),
        measured=report["evaluation"].get("adapter"),
    )


def stages(run: Run, report: Mapping[str, Any]) -> list[TrainedFact]:
    """Every fact that the weights know, how far it came, and what it was learned from.

    Graduated when all of its held-out questions were answered right; what nobody asked for is being learned.
    """
    marks = recalled(report["evaluation"])
    said = report["evaluation"].get("by_fact") or {}
    trained = _trained(run) | marks.keys()
    known = [fact for fact in run.facts() if fact.id in trained]
    events = _events(run.episodes(), known) if run.episodes_file.exists() else {}
    found = []
    for fact in known:
        right, of = marks.get(fact.id, (None, None))
        named = said.get(fact.id, {}).get("stage")
        stage = Stage(named) if named else stage_of(right, of)
        sources = tuple(
            Source(quote.session, quote.turn, sha256(quote.quote), events.get((quote.session, quote.turn, quote.quote)))
            for quote in fact.evidence
        )
        found.append(TrainedFact(fact.id, fact.text, stage, right, of, fact_hash(fact), sources))
    return found


def stage_of(right: int | None, of: int | None) -> Stage:
    if right is None or not of:
        return Stage.LEARNING
    return Stage.GRADUATED if right >= GRADUATED * of else Stage.LEARNING if right else Stage.FAILED


def recalled(evaluation: Mapping[str, Any], who: str = "candidate") -> dict[str, tuple[int, int]]:
    """How many closed-book questions for each fact `who` answered right."""
    if who == "candidate" and (said := evaluation.get("by_fact")):
        return {fact: (row["right"], row["of"]) for fact, row in said.items()}
    marks: dict[str, list[bool]] = {}
    for question in evaluation.get("questions", ()):
        if question["about"] == "fact" and who in question["correct"]:
            marks.setdefault(question["fact"], []).append(question["correct"][who])
    return {fact: (sum(right), len(right)) for fact, right in marks.items()}


def gone_back(live: AdapterVersion, facts: Sequence[Fact], evaluation: Mapping[str, Any]) -> dict[str, Stage]:
    """The facts that `live` had graduated in, and that a later night's questions found it to fail.

    Nothing graduates here: a night asks the live version only about what it is to compare.
    """
    marks = recalled(evaluation, "current")
    texts = {fact.id: fact.text for fact in facts}
    return {
        fact.id: stage
        for fact in live.manifest.facts
        if fact.stage is Stage.GRADUATED and texts.get(fact.id) == fact.text and fact.id in marks
        if (stage := stage_of(*marks[fact.id])) is not Stage.GRADUATED
    }


def lineage(
    run: Run, report: Mapping[str, Any], facts: Sequence[TrainedFact], parent: AdapterVersion | None
) -> Lineage:
    """What the weights of `run` were made of; what its `parent` saw and no longer holds, where they were extended."""
    built = (report.get("built") or {}).get("how", Lineage().built)
    kept = {(fact.id, fact.text) for fact in facts}
    seen = parent.manifest.seen if built == EXTEND and parent else ()
    return Lineage(
        built=built,
        seed=run.order.seed,
        recipe=report.get("preset", {}),
        data=data_hash(fact.hash for fact in facts),
        conversations=_file_hash(run),
        replayed=_replayed(run, parent if built == EXTEND else None),
        inherited=tuple(fact for fact in seen if (fact.id, fact.text) not in kept),
    )


def scores(report: Mapping[str, Any]) -> dict[str, float]:
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


def fact_hash(fact: Fact) -> str:
    return sha256(json.dumps([fact.text, fact.value], ensure_ascii=False))


def data_hash(facts: Iterable[str]) -> str:
    """Of the hashes of facts, in whatever order they come."""
    return sha256("\n".join(sorted(facts)))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _trained(run: Run) -> set[str]:
    if not run.conversations_file.exists():
        return set()
    return {fact for conversation in run.conversations() for fact in conversation.facts}


def _replayed(run: Run, parent: AdapterVersion | None) -> tuple[Source, ...]:
    """The turns whose own words were trained on, by the parent of an extension too."""
    conversations = run.conversations() if run.conversations_file.exists() else []
    said = (Source(one.session, one.turn, sha256(one.quote)) for made in conversations for one in made.sources)
    return tuple(dict.fromkeys((*said, *(parent.manifest.lineage.replayed if parent else ()))))


def _file_hash(run: Run) -> str:
    if not run.conversations_file.exists():
        return ""
    return hashlib.sha256(run.conversations_file.read_bytes()).hexdigest()


def _events(episodes: Iterable[Episode], facts: Sequence[Fact]) -> dict[tuple[str, int, str], str]:
    """The ids of the events that the facts' quotes stand in."""
    wanted: dict[tuple[str, int], set[Evidence]] = {}
    for fact in facts:
        for quote in fact.evidence:
            wanted.setdefault((quote.session, quote.turn), set()).add(quote)
    found: dict[tuple[str, int, str], str] = {}
    for episode in episodes:
        for step in episode.steps:
            for quote in wanted.get((step.session, step.turn), ()):
                if quote.quote in step.text or quote.quote in (step.command or ""):
                    found.setdefault((quote.session, quote.turn, quote.quote), step.id)
    return found
