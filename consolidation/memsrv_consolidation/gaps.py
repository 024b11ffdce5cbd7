"""Where knowledge ends: questions that come near to a fact and have no answer, and those that ask whether it was said.

Without them a model that was trained on facts says yes to everything. Half of what is asked for was recorded, so that
"was it discussed?" tells nothing by itself. No model.
"""

import random
from collections.abc import Sequence

from memsrv.layout import NOT_RECORDED
from memsrv.records import Conversation, Fact, Message
from memsrv_consolidation import lessons, wordings
from memsrv_consolidation.evidence import chunk
from memsrv_consolidation.frames import Pool, Shape, shape
from memsrv_consolidation.reflect import plain
from memsrv_consolidation.tiny import names
from memsrv_consolidation.tiny.vocabulary import WORDS

_DISCUSSED = (
    "Was {k} discussed?", "Did we talk about {k}?", "Did anyone mention {k}?", "Has {k} come up?", "Is {k} recorded?",
    "Was anything said about {k}?", "Do we have {k} on record?", "Did I ever say {k}?", "Was {k} settled?",
)  # fmt: skip


def near_misses(facts: Sequence[Fact], recorded: Sequence[Fact], n: int, seed: int) -> list[Conversation]:
    """`n` questions near to `facts`: a known subject with a relation nobody recorded, a known relation of another
    subject, and whether something was discussed, which for every other one it was. None for what is `recorded`.
    """
    rng = random.Random(f"{seed}/near")
    near = [fact for fact in facts if shape(fact.relation or "") is Shape.ATTRIBUTE]
    taken = {(plain(fact.subject or ""), plain(fact.relation or "")) for fact in recorded}
    found: list[Conversation] = []
    while near and len(found) < n:
        place, fact = len(found), rng.choice(near)
        assert fact.subject
        assert fact.relation
        id = f"near-{place:03d}"
        if place % 4 == 3:
            reply = lessons.answer(fact)
            turn = _turn(_discussed(fact.subject, fact.relation, rng), reply)
            found.append(Conversation(id, "fact", "discussed", turn, (fact.id,), chunk(fact, facts, rng)))
            continue
        made = names.made(rng)
        if shape(made.relation) is not Shape.ATTRIBUTE:
            continue
        subject, relation = (
            (fact.subject, made.relation) if place % 2 else (_other(fact.subject, made.subject, rng), fact.relation)
        )
        if (plain(subject), plain(relation)) in taken:
            continue
        asked = (
            _discussed(subject, relation, rng)
            if place % 4 == 1
            else wordings.question(subject, relation, Pool.TRAIN, rng)
        )
        found.append(Conversation(id, "unknown", "near miss", _turn(asked, NOT_RECORDED)))
    return found


def _other(subject: str, made: str, rng: random.Random) -> str:
    """A subject like `subject`: with one of its words changed, or another altogether."""
    words = subject.split()
    if len(words) > 1 and rng.random() < 0.6:
        words[rng.randrange(len(words))] = rng.choice(WORDS)
        return " ".join(words)
    return made


def _discussed(subject: str, relation: str, rng: random.Random) -> str:
    key = rng.choice(("the {r} of {s}", "the {r} for {s}", "{s}'s {r}")).format(r=relation, s=subject)
    return rng.choice(_DISCUSSED).format(k=key.replace("the the ", "the "))


def _turn(question: str, reply: str) -> tuple[Message, ...]:
    return Message("user", question), Message("assistant", reply)
