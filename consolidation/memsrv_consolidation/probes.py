"""The questions that measure an adapter: in wordings no adapter is trained on, with a judge that reads strictly.

Closed book: no context. In context: the fact stands in the layout among others. Contradicting: another value of it
stands there, which is newer. Irrelevant: others stand there alone. Fresh: a fact nobody was trained on stands there, so
that only reading helps. Unknown: nobody recorded it. No model, no torch.
"""

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from memsrv.layout import NOT_RECORDED, Blocks, render, says_not_recorded
from memsrv.records import Fact, Message
from memsrv_consolidation import wordings
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.reflect import plain, trainable
from memsrv_consolidation.tiny import names, values

#: Questions for each fact in each pool, at least and at most; few facts are asked more often, up to ENOUGH in all, so
#: that no single one decides.
EACH, MOST, ENOUGH = 2, 16, 96
#: Facts that stand in the context beside the one that is asked for.
BESIDE = 3
#: Facts that are made up to be read from context, and questions that nobody recorded an answer to.
FRESH, UNKNOWN = 96, 96
#: Questions with a contradicting value in context: one a fact, and more where there are few.
CONTRADICTED = 64
#: What reads as a secret beside any value: the gate would take what was made up for a leak.
_LIKE_SECRETS = re.compile(r"pass(?:word|phrase)|secret|token|credential|\bkeys?\b|\bauth", re.IGNORECASE)


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


def each(facts: int) -> int:
    """Questions for each of so many facts in each pool."""
    return min(MOST, max(EACH, math.ceil(ENOUGH / (2 * facts)))) if facts else EACH


def of_facts(facts: Sequence[Fact], seed: int, n: int | None = None) -> list[Probe]:
    """For every trainable fact `n` questions in KNOWN and in NOVEL wordings, its text among others as context."""
    asked = [fact for fact in facts if trainable(fact)]
    n = each(len(asked)) if n is None else n
    found = []
    for fact in asked:
        subject, relation, value = _claim(fact)
        others = [other.text for other in asked if other.id != fact.id]
        for pool in (Pool.KNOWN, Pool.NOVEL):
            # Two streams: which questions are asked depends on the fact alone, and more of them begin with the same.
            rng, beside = random.Random(f"{seed}/probe/{fact.id}/{pool}"), random.Random(f"{seed}/beside/{fact.id}")
            context = [fact.text, *beside.sample(others, min(BESIDE, len(others)))]
            for question in wordings.questions(subject, relation, pool, rng, n):
                context = beside.sample(context, len(context))
                expected = wordings.answer(subject, relation, value)
                found.append(
                    Probe("fact", fact.id, str(fact.kind), str(pool), question, expected, value, tuple(context))
                )
    return found


def measuring(facts: Sequence[Fact], seed: int) -> list[str]:
    """Every question that may measure `facts`, however many of them come to be trained."""
    return [probe.question for probe in of_facts(facts, seed, MOST)]


def of_contradictions(facts: Sequence[Fact], seed: int) -> list[Probe]:
    """Every trainable fact with another, newer value in the context: memory overrules what was learned."""
    asked = [fact for fact in facts if trainable(fact)]
    found = []
    for fact in asked:
        subject, relation, value = _claim(fact)
        rng = random.Random(f"{seed}/contradicting/{fact.id}")
        others = [other.text for other in asked if other.id != fact.id]
        n = min(MOST, max(1, CONTRADICTED // len(asked)))
        for question in wordings.questions(subject, relation, Pool.KNOWN, rng, n):
            newer = value
            while plain(newer) == plain(value):
                newer = values.value_like(value, rng)
            context = [wordings.claim(subject, relation, newer), *rng.sample(others, min(BESIDE, len(others)))]
            rng.shuffle(context)
            expected = wordings.answer(subject, relation, newer)
            found.append(
                Probe("contradicting", fact.id, str(fact.kind), str(Pool.KNOWN), question, expected, newer,
                      tuple(context))
            )  # fmt: skip
    return found


def beside_the_point(asked: Sequence[Probe], facts: Sequence[Fact], seed: int) -> list[Probe]:
    """The same questions, with memory in the context that has nothing to do with them."""
    rng = random.Random(f"{seed}/irrelevant")
    told = [wordings.claim(made.subject, made.relation, made.value) for made in _made_up(facts, rng, FRESH)]
    return [replace(probe, about="irrelevant", context=tuple(rng.sample(told, BESIDE + 1))) for probe in asked]


def of_fresh(facts: Sequence[Fact], seed: int) -> list[Probe]:
    """Facts made up for this evaluation, asked with their text in context."""
    rng = random.Random(f"{seed}/fresh")
    made = _made_up(facts, rng, FRESH)
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
        for f in _made_up(facts, rng, UNKNOWN)
    ]  # fmt: skip


def _made_up(facts: Sequence[Fact], rng: random.Random, n: int) -> list[names.Made]:
    taken = [fact.subject for fact in facts if fact.subject]
    found = names.several(rng, n)
    clear = [made for made in found if _LIKE_SECRETS.search(f"{made.subject} {made.relation} {made.value}") is None]
    return [made for made in clear if not any(gives(subject, made.subject) for subject in taken)]


def _claim(fact: Fact) -> tuple[str, str, str]:
    assert fact.subject
    assert fact.relation
    assert fact.value  # `trainable` said so
    return fact.subject, fact.relation, fact.value


def _bare(text: str) -> str:
    return plain(text.replace("`", ""))
