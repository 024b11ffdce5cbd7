"""Fact cards: everything that is known of one subject, told at once. They tie together what single questions ask apart.

No model.
"""

import random
from collections.abc import Sequence

from memsrv.records import Conversation, Fact, Message
from memsrv_consolidation import lessons
from memsrv_consolidation.reflect import plain

#: Facts on one card, at most: a card is a note, not a document.
MOST = 5

_ASKED = (
    "Tell me everything about {s}.", "What do you know about {s}?", "Sum up {s}.", "Write a short note on {s}.",
    "List what is settled for {s}.", "What is there to know about {s}?", "Brief me on {s}.", "{s}, in full?",
    "Give me all you have on {s}.", "I start to work on {s}. Tell me what holds.",
)  # fmt: skip


def cards(facts: Sequence[Fact], n: int, seed: int) -> list[Conversation]:
    """`n` cards, those with the most facts first; none about what a lesson says failed."""
    rng = random.Random(f"{seed}/cards")
    by_subject: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.subject and not lessons.failing(fact):
            by_subject.setdefault(plain(fact.subject), []).append(fact)
    piles = sorted(by_subject.values(), key=len, reverse=True)
    found: list[Conversation] = []
    while piles and len(found) < n:
        pile = piles[len(found) % len(piles)]
        told = rng.sample(pile, len(pile))[:MOST]
        asked = rng.choice(_ASKED).format(s=pile[0].subject)
        found.append(
            Conversation(
                f"card-{len(found):03d}",
                "fact",
                "card",
                (Message("user", asked), Message("assistant", " ".join(map(lessons.answer, told)))),
                tuple(fact.id for fact in told),
                tuple(fact.text for fact in told),
            )
        )
    return found
