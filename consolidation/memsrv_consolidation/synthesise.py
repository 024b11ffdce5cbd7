"""Facts in, conversations to rehearse out: twenty short ones a fact in the paper's styles, the same for the same seed.

What a teacher worded is taken first; frames fill up to the same number, and without a teacher do it alone. Where the
recipe of the base asks for it, questions that nobody recorded an answer to, and old skills, are mixed in.
Only TRAIN wordings: what measures an adapter is never trained on. No model is asked here, no torch.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memsrv.layout import NOT_RECORDED
from memsrv.records import Conversation, Fact, Message
from memsrv.redact import Redactor
from memsrv_consolidation import wordings
from memsrv_consolidation.frames import Pool, Shape, shape
from memsrv_consolidation.paraphrase import Paraphrase
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.reflect import plain, trainable
from memsrv_consolidation.styles import SHARES, exchange, shares
from memsrv_consolidation.tiny import corpus, names


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The conversations, and how many facts were dropped because a secret showed in one of theirs."""

    conversations: tuple[Conversation, ...]
    secret: int


def synthesise(
    facts: Sequence[Fact],
    recipe: Recipe,
    seed: int,
    redactor: Redactor,
    worded: Mapping[str, Sequence[Paraphrase]] | None = None,
) -> Synthesis:
    """The training conversations of every trainable fact, in the order of the facts, then unknowns and rehearsal.

    `worded` is what a teacher worded about each fact, by its id.
    """
    about_facts: list[Conversation] = []
    secret = 0
    for fact in filter(trainable, facts):
        taught = (worded or {}).get(fact.id, ())
        made = rehearse(fact, recipe.conversations_per_fact, seed, recipe.varied_answers, taught)
        if any(redactor.redact(message.content)[1] for one in made for message in one.messages):
            secret += 1
        else:
            about_facts += made
    count = len(about_facts)
    return Synthesis(
        (
            *about_facts,
            *unknowns(facts, round(count * recipe.unknown), seed),
            *rehearsals(round(count * recipe.rehearsal), seed),
        ),
        secret,
    )


def rehearse(
    fact: Fact, n: int, seed: int, varied: bool = True, taught: Sequence[Paraphrase] = ()
) -> list[Conversation]:
    """`n` distinct conversations about `fact`, in shares of the styles; of each style, those of a teacher first."""
    assert fact.subject
    assert fact.relation
    assert fact.value  # `trainable` said so
    rng = random.Random(f"{seed}/{fact.id}")
    styles = [style for style, number in shares(n).items() for _ in range(number)]
    asked: set[str] = set()
    worded = {style: [one for one in taught if one.style == style] for style in SHARES}
    conversations = []
    for place, style in enumerate(styles):
        if worded[style]:
            one = worded[style].pop(0)
            # Where one wording is wanted, the teacher varies the questions alone.
            reply = one.answer if varied else wordings.answer(fact.subject, fact.relation, fact.value)
            question = one.question
        else:
            question, reply = exchange(fact.subject, fact.relation, fact.value, style, rng, varied)
        while question in asked:
            question, reply = exchange(fact.subject, fact.relation, fact.value, style, rng, varied)
        asked.add(question)
        conversations.append(
            Conversation(f"{fact.id}-{place:02d}", "fact", style, _turn(question, reply), facts=(fact.id,))
        )
    return conversations


def unknowns(facts: Sequence[Fact], n: int, seed: int) -> list[Conversation]:
    """`n` questions for what no fact says, half of them about a subject that is known for something else."""
    rng = random.Random(f"{seed}/unknown")
    taken = {(plain(f.subject), plain(f.relation)) for f in facts if f.subject and f.relation}
    subjects = sorted({f.subject for f in facts if trainable(f) and f.subject})
    found: list[Conversation] = []
    while len(found) < n:
        made = names.made(rng)
        subject = (
            rng.choice(subjects)
            if subjects and shape(made.relation) is Shape.ATTRIBUTE and rng.random() < 0.5
            else made.subject
        )
        if (plain(subject), plain(made.relation)) in taken:
            continue
        question = wordings.question(subject, made.relation, Pool.TRAIN, rng)
        found.append(Conversation(f"unknown-{len(found):03d}", "unknown", "direct", _turn(question, NOT_RECORDED)))
    return found


def rehearsals(n: int, seed: int) -> list[Conversation]:
    """`n` conversations that read an answer from their own context: the skill that training on facts wears away."""
    documents = corpus.rehearsal(n, _number(f"{seed}/rehearsal"), most=6)
    return [
        Conversation(
            f"rehearsal-{place:03d}", "rehearsal", "reading", tuple(Message(m["role"], m["content"]) for m in document)
        )
        for place, document in enumerate(documents)
    ]


def _turn(question: str, reply: str) -> tuple[Message, ...]:
    return Message("user", question), Message("assistant", reply)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
