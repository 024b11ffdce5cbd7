"""Conversations with a memory before the question, in the layout that the product serves: what a base learns to do
with memory once it knows things by itself.

Present: what stands there is read. Irrelevant: something else stands there, and the weights answer, or nothing does.
Contradicting: a newer value stands there, and wins over the weights. Several questions share one memory, which costs
less for each. Made-up facts stand beside real ones, so that the skill is learned and not the lines. No model.
"""

import random
from collections.abc import Iterator, Sequence

from memsrv.layout import NOT_RECORDED, Blocks, render
from memsrv.records import Conversation, Fact, Message
from memsrv_consolidation import lessons, wordings
from memsrv_consolidation.frames import Pool, Shape, shape
from memsrv_consolidation.reflect import plain
from memsrv_consolidation.tiny import corpus, names, values
from memsrv_consolidation.tiny.names import Made

#: Lines that stand in a memory beside what is asked for, at most.
BESIDE = 2


def present(facts: Sequence[Fact], recorded: Sequence[Fact], n: int, each: int, seed: int) -> list[Conversation]:
    """`n` questions, `each` to a memory, for what stands there: half about `facts`, half about made-up ones."""
    rng = random.Random(f"{seed}/present")
    readable = _readable(facts)
    found = []
    for place, questions in enumerate(_parts(n, each)):
        real = rng.sample(readable, min((questions + place % 2) // 2, len(readable)))
        made = _made(recorded, questions - len(real) + rng.randint(0, BESIDE), rng)
        asked = [_as_made(fact) for fact in real] + made[: questions - len(real)]
        lines = corpus.lines([*(_as_made(fact) for fact in real), *made], rng, asides=0.0)
        rng.shuffle(lines)
        rng.shuffle(asked)
        turns = [message for one in asked for message in _turn(one, one.value, rng)]
        found.append(_document("present", place, lines, turns, real, rng))
    return found


def irrelevant(facts: Sequence[Fact], recorded: Sequence[Fact], n: int, each: int, seed: int) -> list[Conversation]:
    """`n` questions for `facts` and, every third, for what nobody `recorded`, after a memory of other things."""
    rng = random.Random(f"{seed}/irrelevant")
    readable = _readable(facts)
    found: list[Conversation] = []
    count = 0
    for place, questions in enumerate(_parts(n, each)):
        strange = sum((count + step) % 3 == 2 for step in range(questions))
        count += questions
        asked = rng.sample(readable, min(questions - strange, len(readable)))
        strange = questions - len(asked)
        others = [fact for fact in readable if not any(_alike(fact, one) for one in asked)]
        beside = [_as_made(fact) for fact in rng.sample(others, min(rng.randint(0, BESIDE), len(others)))]
        beside += _made(recorded, rng.randint(1, BESIDE), rng)
        lines = corpus.lines(beside, rng, asides=0.0)
        turns = [_turn(_as_made(fact), fact.value, rng) for fact in asked]
        for _ in range(strange):
            turns.append(_turn(_unknown(beside, recorded, rng), None, rng))
        rng.shuffle(turns)
        read = [*lines, *(fact.text for fact in asked)]
        rng.shuffle(read)
        messages = [message for turn in turns for message in turn]
        found.append(_document("irrelevant", place, lines, messages, asked, rng, tuple(read)))
    return found


def contradicting(facts: Sequence[Fact], recorded: Sequence[Fact], n: int, each: int, seed: int) -> list[Conversation]:
    """`n` questions for `facts` of which memory has a newer value: it wins. The older one may stand beside it."""
    rng = random.Random(f"{seed}/contradicting")
    # What is to be avoided adds up, and a lesson is not outdated by another: neither contradicts.
    changing = [fact for fact in facts if shape(fact.relation or "") in (Shape.ATTRIBUTE, Shape.USE)]
    found: list[Conversation] = []
    for place, questions in enumerate(_parts(n, min(each, len(changing)))):
        asked = rng.sample(changing, questions)
        lines: list[str] = []
        turns: list[Message] = []
        for fact in asked:
            before = _as_made(fact)
            after = Made(before.subject, before.relation, newer(fact, rng))
            day = corpus.date(rng)
            lines.append(corpus.line(after, rng, corpus.date(rng, after=day)))
            if rng.random() < 0.4:
                mark = " (superseded)" if rng.random() < 0.6 else ""
                lines.append(corpus.line(before, rng, day) + mark)
            turns += _turn(after, after.value, rng)
        lines += corpus.lines(_made(recorded, rng.randint(0, BESIDE), rng), rng, asides=0.0)
        rng.shuffle(lines)
        found.append(_document("contradicting", place, lines, turns, asked, rng))
    return found


def newer(fact: Fact, rng: random.Random) -> str:
    """A made-up value of the kind that `fact` has."""
    assert fact.value  # `trainable` said so
    while True:
        value = values.choice_of_style(rng) if fact.relation == "use" else values.value_like(fact.value, rng)
        if plain(value) != plain(fact.value):
            return value


def _readable(facts: Sequence[Fact]) -> list[Fact]:
    """Those whose answer, as the base words it, shows no mistake."""
    return [fact for fact in facts if not lessons.shows_mistake(fact, _answer(_as_made(fact)))]


def _as_made(fact: Fact) -> Made:
    assert fact.subject
    assert fact.relation
    assert fact.value  # `trainable` said so
    return Made(fact.subject, fact.relation, fact.value)


def _alike(one: Fact, other: Fact) -> bool:
    return (plain(one.subject or ""), plain(one.relation or "")) == (
        plain(other.subject or ""),
        plain(other.relation or ""),
    )


def _made(recorded: Sequence[Fact], n: int, rng: random.Random) -> list[Made]:
    """`n` made-up facts, none about what is `recorded`."""
    taken = {plain(fact.subject or "") for fact in recorded}
    found: list[Made] = []
    while len(found) < n:
        some = names.several(rng, n + 2)
        found = [made for made in some if plain(made.subject) not in taken]
    return found[:n]


def _unknown(lines: Sequence[Made], recorded: Sequence[Fact], rng: random.Random) -> Made:
    """Something that neither `lines` say nor anybody `recorded`, often nearly."""
    taken = {(plain(one.subject or ""), plain(one.relation or "")) for one in recorded}
    while True:
        made = corpus.unknown(lines, rng)
        if (plain(made.subject), plain(made.relation)) not in taken:
            return made


def _answer(fact: Made) -> str:
    return wordings.answer(fact.subject, fact.relation, fact.value)


def _turn(fact: Made, value: str | None, rng: random.Random) -> list[Message]:
    """A question for `fact`, and its answer; without a value there is none."""
    asked = wordings.question(fact.subject, fact.relation, Pool.TRAIN, rng)
    reply = NOT_RECORDED if value is None else _answer(Made(fact.subject, fact.relation, value))
    return [Message("user", asked), Message("assistant", reply)]


def _document(
    about: str,
    place: int,
    lines: Sequence[str],
    turns: Sequence[Message],
    facts: Sequence[Fact],
    rng: random.Random,
    evidence: tuple[str, ...] = (),
) -> Conversation:
    roll = rng.random()
    blocks = Blocks(recall=lines) if roll < 0.7 else Blocks(short_term=lines) if roll < 0.9 else Blocks(long_term=lines)
    messages = (Message("system", render(blocks)), *turns)
    ids = tuple(sorted({fact.id for fact in facts}))
    return Conversation(f"{about}-{place:03d}", about, "memory", messages, ids, evidence)


def _parts(n: int, each: int) -> Iterator[int]:
    """`n` in parts of `each`."""
    while n > 0 and each > 0:
        yield min(n, each)
        n -= each
