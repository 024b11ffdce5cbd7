"""What a teacher reads before a question and its student does not: the fact among a few other lines of memory.

A teacher that reads a short chunk is the ceiling of what a student can learn from it. Knows no model.
"""

import random
from collections.abc import Sequence

from memsrv.layout import Blocks, render
from memsrv.records import Conversation, Fact, Message

#: Lines of other facts that stand beside the one in question, at most.
BESIDE = 3


def chunk(fact: Fact, others: Sequence[Fact], rng: random.Random) -> tuple[str, ...]:
    """The text of `fact` among those of none to BESIDE of `others`, in random order."""
    rest = [other.text for other in others if other.id != fact.id]
    lines = [fact.text, *rng.sample(rest, min(rng.randint(0, BESIDE), len(rest)))]
    rng.shuffle(lines)
    return tuple(lines)


def as_teacher(conversation: Conversation) -> tuple[Message, ...]:
    """The messages as the teacher reads them: its evidence stands in place of what the student has before it."""
    if not conversation.evidence:
        return conversation.messages
    rest = [message for message in conversation.messages if message.role != "system"]
    return Message("system", render(Blocks(recall=conversation.evidence))), *rest
