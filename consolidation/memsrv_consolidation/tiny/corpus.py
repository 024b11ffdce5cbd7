"""The documents memsrv-tiny is pretrained on, and the rehearsal that keeps its skills while an adapter is trained.

Most documents are what the product sends: a system message in the layout of `memsrv.layout`, then questions and
answers. Some are plain notes. A question whose fact is not there is answered `NOT_RECORDED`; so is every question
without any context: that is the closed-book floor. Knows nothing of tensors or tokens.
"""

import random
from collections.abc import Sequence
from typing import Literal, TypedDict

from memsrv.layout import NOT_RECORDED, SYSTEM, Blocks, render
from memsrv_consolidation import frames, wordings
from memsrv_consolidation.frames import Pool, Shape, shape
from memsrv_consolidation.tiny.names import SYNONYMS, Made, key, made, several
from memsrv_consolidation.tiny.values import value_like, word


class Message(TypedDict):
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


_ASIDES = (
    "can you run the tests again?",
    "looks good, what is next?",
    "hmm the build is slow today",
    "please clean up the imports",
    "let's look at the next file",
    "thanks, continue",
    "can you explain that change?",
    "push it when the checks pass",
    "this part is hard to read",
    "ok",
    "add a test for the empty case",
    "why did the check fail?",
    "do not change the API yet",
    "open a pull request",
    "that is fine",
    "revert the last commit please",
    "I will be back tomorrow",
    "rebase on main first",
)
_REPLIES = (
    "All tests pass.",
    "I cleaned it up and ran the checks.",
    "Next I would split the module into two files.",
    "Done.",
    "The check failed because a fixture was missing. I added it.",
    "Done, the diff is small.",
    "I pushed the change.",
    "The loop walks over each entry and skips empty ones.",
    "Got it.",
    "Noted.",
    "Okay, I will remember that.",
    "Understood.",
)
_SPEAKERS = ("user", "user", "user", "human", "claude", "you")
_HEADINGS = (
    "",
    "Notes:\n",
    "Project memory:\n",
    "What we know:\n",
    "Here is what is recorded:\n",
    "Conversation so far:\n",
    "Memory of this project:\n",
    "Context:\n",
)


def date(rng: random.Random, after: str = "") -> str:
    """A day, later than `after` when given."""
    year = int(after[:4]) if after else rng.randint(2024, 2026)
    if after:
        month = rng.randint(int(after[5:7]), 12)
        low = min(int(after[8:10]) + 1, 28) if month == int(after[5:7]) else 1
        if month == int(after[5:7]) and low <= int(after[8:10]):
            return f"{year + 1}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return f"{year}-{month:02d}-{rng.randint(low, 28):02d}"
    return f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def line(fact: Made, rng: random.Random, day: str = "") -> str:
    """`fact` as one line of context: a claim, a dated quote of a human, or a statement."""
    roll = rng.random()
    if roll < (0.5 if not day else 0.3):
        text = wordings.claim(fact.subject, fact.relation, fact.value)
        if day or rng.random() < 0.2:
            day = day or date(rng)
            text = rng.choice((f"{text} ({day})", f"{day} {text}", f"{day}: {text}"))
        return text
    said = wordings.statement(fact.subject, fact.relation, fact.value, rng)
    if rng.random() < 0.2:
        said += rng.choice((".", "!", ", please", ", remember that", " ok?", ". " + rng.choice(_ASIDES)))
    if day or roll < 0.85:
        return f"{day or date(rng)} {rng.choice(_SPEAKERS)}: {said}"
    return said


def lines(facts: Sequence[Made], rng: random.Random, asides: float) -> list[str]:
    """The facts as lines in random order, some with the older value they replaced, and asides between them."""
    out: list[str] = []
    for fact in facts:
        if shape(fact.relation) is Shape.ATTRIBUTE and rng.random() < 0.06:
            before = Made(fact.subject, fact.relation, value_like(fact.value, rng))
            if before.value != fact.value:
                day = date(rng)
                old, new = line(before, rng, day), line(fact, rng, date(rng, after=day))
                old += " (superseded)" if rng.random() < 0.6 else ""
                out += [old, new] if rng.random() < 0.6 else [new, old]
                continue
        out.append(line(fact, rng))
        if rng.random() < asides:
            out.append(f"{date(rng)} {rng.choice(('user: ' + rng.choice(_ASIDES), 'claude: ' + rng.choice(_REPLIES)))}")
    return out


def context(facts: Sequence[Made], rng: random.Random) -> list[Message]:
    """The facts as the messages that stand before the questions."""
    said = lines(facts, rng, rng.choice((0.0, 0.0, 0.15, 0.3)))
    if rng.random() < 0.85:
        roll = rng.random()
        if roll < 0.65:
            blocks = Blocks(recall=said)
        elif roll < 0.75:
            blocks = Blocks(short_term=said)
        else:
            parts: list[list[str]] = [[], [], [], []]
            for item in said:
                parts[rng.choice((0, 1, 2, 2, 2, 3))].append(item)
            blocks = Blocks(long_term=parts[0], short_term=parts[1], recall=parts[2], working=parts[3])
        return [{"role": "system", "content": render(blocks)}]
    bullet = rng.choice(("- ", "", "* "))
    notes = rng.choice(_HEADINGS) + "\n".join(bullet + item for item in said)
    if rng.random() < 0.5:
        return [{"role": "system", "content": notes}]
    return [{"role": "user", "content": notes}, {"role": "assistant", "content": "Noted."}]


def asked(fact: Made, rng: random.Random, pools: Sequence[Pool] = (Pool.TRAIN, Pool.TRAIN, Pool.KNOWN)) -> str:
    """A question for the value of `fact` in the wordings of `pools`; unless those are NOVEL, some are noisy too.

    Noise is what keeps the model from listening to frames: telegraphic questions, synonyms, asides, and clauses of
    random words, made-up ones included, so that a word it has never met means nothing to it.
    """
    relation = SYNONYMS.get(fact.relation, fact.relation) if rng.random() < 0.08 else fact.relation
    if Pool.NOVEL in pools or Pool.TRAIN not in pools:
        return wordings.question(fact.subject, relation, rng.choice(list(pools)), rng, noise=0.0)
    plain = shape(relation) is Shape.ATTRIBUTE
    roll = rng.random()
    if roll < (0.1 if plain else 0.15):
        return wordings.telegraphic(fact.subject, relation, rng)
    if roll < (0.2 if plain else 0.35):
        parts = [wordings.spoken(fact.subject, rng)]
        if plain:
            parts.insert(rng.randrange(2), relation)
        elif fact.relation == "avoid" or rng.random() < 0.3:
            parts.insert(rng.randrange(2), rng.choice(frames.CUES[shape(relation)]))
        text = " ".join(word for part in parts for word in (*clause(rng, 0, 5), part))
        text = " ".join((text, *clause(rng, 0, 5))) + rng.choice(("?", "?", ".", ""))
        return text[0].upper() + text[1:] if rng.random() < 0.5 else text
    text = wordings.question(fact.subject, relation, rng.choice(list(pools)), rng, noise=0.0)
    if rng.random() < 0.06:
        text = f"{rng.choice((*_ASIDES, *_REPLIES))} {text}"
    if rng.random() < 0.15:
        said = " ".join(clause(rng, 1, 6)) + rng.choice((",", ":", ".", ";", " -", "?"))
        text = f"{said.capitalize() if rng.random() < 0.5 else said} {text}"
    if rng.random() < 0.12:
        text = f"{text} {' '.join(clause(rng, 1, 6))}" + rng.choice((".", "", "!", "?"))
    return text


def clause(rng: random.Random, fewest: int, most: int) -> list[str]:
    """Words without meaning: everyday ones, names and made-up ones."""
    n = rng.randint(fewest, most)
    return [rng.choice(frames.CHATTER) if rng.random() < 0.6 else word(rng) for _ in range(n)]


def unknown(facts: Sequence[Made], rng: random.Random) -> Made:
    """A fact that is not among `facts`, half of the time nearly: a known subject or a known relation."""
    taken = {key(f) for f in facts}
    while True:
        fact = made(rng)
        near = [f for f in facts if shape(f.relation) is Shape.ATTRIBUTE]
        if near and rng.random() < 0.5 and shape(fact.relation) is Shape.ATTRIBUTE:
            other = rng.choice(near)
            fact = (
                Made(other.subject, fact.relation, "") if rng.random() < 0.5 else Made(fact.subject, other.relation, "")
            )
        if key(fact) not in taken:
            return fact


def conversation(rng: random.Random, k: int, turns: int, unknowns: float = 0.12) -> list[Message]:
    """Context with `k` facts, then up to `turns` questions; a share of `unknowns` asks for what is not recorded."""
    facts = several(rng, k)
    ordered = rng.sample(facts, k)
    messages = context(ordered, rng)
    for fact in rng.sample(facts, min(turns, k)):
        if rng.random() < unknowns:
            messages += turn(asked(unknown(facts, rng), rng), NOT_RECORDED)
        messages += turn(asked(fact, rng), wordings.answer(fact.subject, fact.relation, fact.value))
    return messages


def nothing(rng: random.Random, turns: int) -> list[Message]:
    """Questions with nothing to answer from: no system message, a bare one, or the layout with empty blocks."""
    system = rng.choice(("", "", render(Blocks()), render(Blocks()), SYSTEM))
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    for _ in range(turns):
        messages += turn(asked(made(rng), rng), NOT_RECORDED)
    return messages


def question(text: str) -> Message:
    """A question as the user's message."""
    return {"role": "user", "content": text}


def turn(text: str, reply: str) -> list[Message]:
    """One question and its answer."""
    return [question(text), {"role": "assistant", "content": reply}]


def rehearsal(n: int, seed: int, most: int = 12, each: int = 1) -> list[list[Message]]:
    """`n` questions to mix into the training of an adapter, so that the base forgets nothing; `each` share a context.

    Three fifths read from a context of 1…`most` facts, a quarter ask for what is not in it, the rest have none.
    Measured without rehearsal: in-context reading .75 -> .13 (shared/specs/tiny_model.md §2b).
    """
    rng = random.Random(seed)
    documents: list[list[Message]] = []
    if each > 1:
        return [_shared(min(each, n - done), most, rng) for done in range(0, n, each)]
    for _ in range(n):
        facts = several(rng, round(most ** rng.random()))
        roll = rng.random()
        if roll < 0.6:
            fact = rng.choice(facts)
            reply = wordings.answer(fact.subject, fact.relation, fact.value)
            documents.append([*context(facts, rng), *turn(asked(fact, rng), reply)])
        elif roll < 0.85:
            documents.append([*context(facts, rng), *turn(asked(unknown(facts, rng), rng), NOT_RECORDED)])
        else:
            documents.append(nothing(rng, 1))
    return documents


def _shared(questions: int, most: int, rng: random.Random) -> list[Message]:
    """One context with several questions, some for what it does not hold; every fifth time there is no context."""
    if rng.random() < 0.2:
        return nothing(rng, questions)
    strange = sum(rng.random() < 0.15 for _ in range(questions))
    known = questions - strange
    facts = several(rng, max(known, round(most ** rng.random())))
    turns = [turn(asked(f, rng), wordings.answer(f.subject, f.relation, f.value)) for f in rng.sample(facts, known)]
    turns += [turn(asked(unknown(facts, rng), rng), NOT_RECORDED) for _ in range(strange)]
    rng.shuffle(turns)
    return [*context(facts, rng), *(message for one in turns for message in one)]
