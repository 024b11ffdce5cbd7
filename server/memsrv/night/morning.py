"""The morning after: what the weights answer by themselves leaves the injected short-term memory; the rest stays.

Derived from the live version each time and stored nowhere, so a rollback or a taint brings a fact back by itself. The
text stays in memory and is found by search all the while.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from memsrv.records import Memory, Review
from memsrv_adapters.version import AdapterVersion, Stage


@dataclass(frozen=True, slots=True)
class ShortTerm:
    """What holds now: the memories still to be injected, and those that the live version answers from its weights."""

    kept: tuple[Memory, ...]
    graduated: tuple[Memory, ...]


def short_term(
    memories: Sequence[Memory], version: AdapterVersion | None, edited: Mapping[str, str] | None = None
) -> ShortTerm:
    """Part what holds now by `version`, the live one (None, or a tainted one: everything is kept).

    A memory has graduated if the fact with its id has, in the words that still stand: a person's, by fact id, where
    they `edited` it.
    """
    learned = set()
    if version is not None and not version.tainted:
        learned = {(fact.id, fact.text) for fact in version.manifest.facts if fact.stage is Stage.GRADUATED}
    # What a tool's output, a page or a file states is recalled as a quote; it is never put before an agent unasked.
    living = [m for m in memories if m.trust.trainable and m.valid_to is None and m.superseded_by is None]
    standing = {memory.id: (edited or {}).get(memory.id, memory.text) for memory in living}
    return ShortTerm(
        tuple(memory for memory in living if (memory.id, standing[memory.id]) not in learned),
        tuple(memory for memory in living if (memory.id, standing[memory.id]) in learned),
    )


def graduated(standing: ShortTerm, version: AdapterVersion | None) -> list[str]:
    """The ids of all that the live version answers: of memories those that `standing` says, and of principles."""
    memories = {memory.id for memory in (*standing.kept, *standing.graduated)}
    facts = version.manifest.facts if version is not None and not version.tainted else ()
    others = {fact.id for fact in facts if fact.stage is Stage.GRADUATED} - memories
    return sorted(others | {memory.id for memory in standing.graduated})


def edits(reviews: Iterable[Review]) -> dict[str, str]:
    """The words that people put in place of a fact's, by its id."""
    return {review.fact: review.text for review in reviews if review.text is not None}


def stages(version: AdapterVersion | None) -> dict[str, int]:
    """How many facts of `version` are learning, graduated, failed."""
    counted = Counter(str(fact.stage) for fact in version.manifest.facts) if version else Counter[str]()
    return {str(stage): counted[str(stage)] for stage in Stage}
