"""Which of several states of a training is kept: the one that recalls best, and reads and declines as the base does.

Every look asks about the facts in wordings that are neither trained on nor used by the gate, and prices the tokens that
spell their values. Knows nothing of trainers.
"""

import math
import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memsrv.layout import NOT_RECORDED, Blocks, render, says_not_recorded
from memsrv.records import Conversation, Fact, Message
from memsrv_consolidation import wordings
from memsrv_consolidation.evaluate import spread
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.probes import gives
from memsrv_consolidation.reflect import plain, trainable
from memsrv_consolidation.strategies.sft import Pupil
from memsrv_consolidation.strategies.teacher import expectations
from memsrv_consolidation.strategies.tokens import tokens
from memsrv_consolidation.tiny import names

#: Questions about the facts in one look, and about each of them, at most: a look must cost seconds.
MOST, EACH = 48, 8
#: Questions that are read from context, and questions that nobody recorded an answer to.
READ, UNKNOWN = 28, 24
#: How far below the base a state may read, and decline what is unknown: about one of the questions.
READING_LOSS, UNKNOWN_LOSS = 0.05, 0.05
#: What is made up or misread misleads; what is forgotten is asked again. So a point of those counts as two of recall.
DEARER = 2.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of a look; `value` is None where the right answer is that nothing is recorded."""

    fact: str | None
    messages: tuple[Message, ...]
    expected: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Asks:
    """What every look asks."""

    recall: tuple[Ask, ...]
    reading: tuple[Ask, ...]
    unknown: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """How a state of the training did."""

    round: int  # 0: the training itself, then its repairs
    step: int
    epoch: float
    accuracy: float
    reading: float
    unknown: float
    ce: dict[str, float]  # of the tokens that spell the values: mean, median, p90


def asks(facts: Sequence[Fact], trained_on: Iterable[Conversation], seed: int, each: int | None = None) -> Asks:
    """Questions in TRAIN wordings that no conversation has: of every fact `each`, or as many as MOST allows."""
    known = [fact for fact in facts if trainable(fact)]
    taken = {plain(message.content) for one in trained_on for message in one.messages if message.role == "user"}
    rng = random.Random(f"{seed}/look")
    some = known if each or len(known) <= MOST else rng.sample(known, MOST)
    number = each or max(1, min(EACH, MOST // max(1, len(some))))
    recall = []
    for fact in some:
        assert fact.subject
        assert fact.relation
        assert fact.value  # `trainable` said so
        for _ in range(number):
            question = _fresh(fact.subject, fact.relation, rng, taken)
            expected = wordings.answer(fact.subject, fact.relation, fact.value)
            recall.append(Ask(fact.id, (Message("user", question),), expected, fact.value))
    subjects = {plain(fact.subject) for fact in known if fact.subject}
    made = [one for one in names.several(rng, READ + UNKNOWN) if plain(one.subject) not in subjects]
    read, nobodys = made[: len(made) - UNKNOWN], made[len(made) - UNKNOWN :]
    return Asks(
        tuple(recall),
        tuple(_in_context(one, [o for o in read if o is not one], rng) for one in read),
        tuple(
            Ask(None, (Message("user", _fresh(one.subject, one.relation, rng, taken)),), NOT_RECORDED, None)
            for one in nobodys
        ),
    )


def look(asked: Asks, pupil: Pupil, name: str, number: int, step: int, epoch: float) -> Look:
    """How `name`, the base or its adapter, does as it stands."""
    recall, reading, unknown = (
        rate(some, answers(some, pupil, name)) for some in (asked.recall, asked.reading, asked.unknown)
    )
    return Look(number, step, round(epoch, 3), recall, reading, unknown, spread(_prices(asked.recall, pupil, name)))


def answers(some: Sequence[Ask], pupil: Pupil, name: str) -> list[str]:
    return pupil.respondents.answers(name, [ask.messages for ask in some], [ask.expected for ask in some])


def missed(some: Sequence[Ask], pupil: Pupil, name: str) -> list[str]:
    """The facts of which a question was not answered, in their order."""
    answered = answers(some, pupil, name)
    return list(
        dict.fromkeys(ask.fact for ask, text in zip(some, answered, strict=True) if ask.fact and not right(ask, text))
    )


def right(ask: Ask, answer: str) -> bool:
    return says_not_recorded(answer) if ask.value is None else gives(ask.value, answer)


def rate(some: Sequence[Ask], answered: Sequence[str]) -> float:
    marks = [right(ask, answer) for ask, answer in zip(some, answered, strict=True)]
    return round(sum(marks) / len(marks), 4) if marks else 0.0


def worth(one: Look, base: Look) -> float:
    """Recall, less what the state reads and declines worse than the base does, beyond what so few questions tell."""
    reads_worse = max(0.0, base.reading - one.reading - READING_LOSS)
    declines_worse = max(0.0, base.unknown - one.unknown - UNKNOWN_LOSS)
    return round(one.accuracy - DEARER * (reads_worse + declines_worse), 6)


def chosen(looks: Sequence[Look], base: Look, asked: int) -> Look:
    """The last state that is worth as much as the best one, within a standard error of the best one's recall.

    `asked`: questions about the facts in a look. So few cannot tell closer states apart, and the later one has
    been taught more of what must be kept, at a lower rate (the rule of one standard error: Breiman et al., CART,
    1984, §3.4).
    """
    best = max(looks, key=lambda one: worth(one, base))
    error = math.sqrt(best.accuracy * (1 - best.accuracy) / max(1, asked))
    alike = (one for one in looks if worth(one, base) >= worth(best, base) - error)
    return max(alike, key=lambda one: (one.round, one.step))


def correlation(looks: Sequence[Look]) -> dict[str, float | None]:
    """Pearson's r of each cross-entropy with the accuracy over the looks; None where one of both stands still."""
    found: dict[str, float | None] = {}
    for name in ("mean", "median", "p90"):
        try:
            pairs = [one.accuracy for one in looks], [one.ce[name] for one in looks]
            found[name] = round(statistics.correlation(*pairs), 3)
        except statistics.StatisticsError:
            found[name] = None
    return found


def _fresh(subject: str, relation: str, rng: random.Random, taken: set[str]) -> str:
    """A question that is not among `taken`; it is, from now on. Of few wordings the last must do."""
    for _ in range(40):
        question = wordings.question(subject, relation, Pool.TRAIN, rng)
        if plain(question) not in taken:
            break
    taken.add(plain(question))
    return question


def _in_context(one: names.Made, others: Sequence[names.Made], rng: random.Random) -> Ask:
    beside = rng.sample(others, min(3, len(others)))
    lines = [wordings.claim(o.subject, o.relation, o.value) for o in (one, *beside)]
    rng.shuffle(lines)
    question = wordings.question(one.subject, one.relation, Pool.TRAIN, rng)
    return Ask(
        None,
        (Message("system", render(Blocks(recall=lines))), Message("user", question)),
        wordings.answer(one.subject, one.relation, one.value),
        one.value,
    )


def _prices(some: Sequence[Ask], pupil: Pupil, name: str) -> list[float]:
    """The cross-entropy of each token that spells a value."""
    import torch
    from torch.nn.functional import cross_entropy

    said = [tokens(pupil.tokenizer, (*ask.messages, Message("assistant", ask.expected)), ask.value) for ask in some]
    found: list[float] = []
    with pupil.respondents.speaking(name) as model:
        for one, logits in expectations(model, said, pupil.device.kind):
            rows = [row for row, place in enumerate(one.learned) if place in one.values]
            words = torch.tensor([one.ids[one.learned[row]] for row in rows], device=logits.device)
            found += cross_entropy(logits[rows], words, reduction="none").tolist()
    return found
