"""The questions that measure an adapter: in wordings no adapter is trained on, with a judge that reads strictly.

Closed book: no context. In context: the fact stands in the layout among others. Fresh: a fact nobody was trained on
stands there, so that only reading helps. Unknown: nobody recorded it. No model, no torch.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from memsrv.layout import NOT_RECORDED, Blocks, render, says_not_recorded
from memsrv.records import Fact, Message
from memsrv_consolidation import wordings
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.reflect import plain, trainable
from memsrv_consolidation.tiny import names

#: Questions for each fact in each pool.
EACH = 2
#: Facts that stand in the context beside the one that is asked for.
BESIDE = 3
#: Facts and unknowns that are made up for the fresh and the unknown probes.
MADE_UP = 24


@dataclass(frozen=True, slots=True)
class Probe:
    """One question. `value` is what a right answer holds; None where the right answer is that nothing is recorded."""

    about: str  # "fact", "fresh", "unknown"
    fact: str | None
    kind: str | None
    wording: str
    question: str
    expected: str
    value: str | None
    context: tuple[str, ...] = ()

    @property
    def closed(self) -> tuple[Message, ...]:
        return (Message("user", self.question),)

    @property
    def open(self) -> tuple[Message, ...]:
        """With the context in the layout that the product serves."""
        return (Message("system", render(Blocks(recall=self.context))), Message("user", self.question))


def correct(probe: Probe, answer: str) -> bool:
    """Whether `answer` gives the value, whole: 401 is not in 4010. Case, white space and backticks do not count."""
    if probe.value is None:
        return says_not_recorded(answer)
    return gives(probe.value, answer)


def gives(words: str, text: str) -> bool:
    """Whether `text` has `words`, whole: case, white space and backticks do not count."""
    return re.search(rf"(?<![\w]){re.escape(_bare(words))}(?![\w])", _bare(text)) is not None


def of_facts(facts: Sequence[Fact], seed: int) -> list[Probe]:
    """For every trainable fact EACH questions in KNOWN and in NOVEL wordings, its text among others as context."""
    asked = [fact for fact in facts if trainable(fact)]
    found = []
    for fact in asked:
        assert fact.subject
        assert fact.relation
        assert fact.value  # `trainable` said so
        rng = random.Random(f"{seed}/probe/{fact.id}")
        others = [other.text for other in asked if other.id != fact.id]
        for pool in (Pool.KNOWN, Pool.NOVEL):
            for question in wordings.questions(fact.subject, fact.relation, pool, rng, EACH):
                context = [fact.text, *rng.sample(others, min(BESIDE, len(others)))]
                rng.shuffle(context)
                found.append(
                    Probe("fact", fact.id, str(fact.kind), str(pool), question,
                          wordings.answer(fact.subject, fact.relation, fact.value), fact.value, tuple(context))
                )  # fmt: skip
    return found


def of_fresh(facts: Sequence[Fact], seed: int) -> list[Probe]:
    """Facts made up for this evaluation, asked with their text in context."""
    rng = random.Random(f"{seed}/fresh")
    made = _made_up(facts, rng)
    found = []
    for fact in made:
        others = [wordings.claim(o.subject, o.relation, o.value) for o in made if o is not fact]
        context = [wordings.claim(fact.subject, fact.relation, fact.value), *rng.sample(others, BESIDE)]
        rng.shuffle(context)
        question = wordings.question(fact.subject, fact.relation, Pool.KNOWN, rng)
        expected = wordings.answer(fact.subject, fact.relation, fact.value)
        found.append(Probe("fresh", None, None, str(Pool.KNOWN), question, expected, fact.value, tuple(context)))
    return found


def of_unknowns(facts: Sequence[Fact], seed: int) -> list[Probe]:
    """Questions about what was never said: the right answer is that it is not recorded."""
    rng = random.Random(f"{seed}/nobody")
    return [
        Probe("unknown", None, None, str(Pool.KNOWN), wordings.question(f.subject, f.relation, Pool.KNOWN, rng),
              NOT_RECORDED, None)
        for f in _made_up(facts, rng)
    ]  # fmt: skip


def _made_up(facts: Sequence[Fact], rng: random.Random) -> list[names.Made]:
    taken = {plain(fact.subject) for fact in facts if fact.subject}
    return [made for made in names.several(rng, MADE_UP) if plain(made.subject) not in taken]


def _bare(text: str) -> str:
    return plain(text.replace("`", ""))
