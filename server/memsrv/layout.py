"""The five context blocks, in their fixed order: one builder for MCP, the endpoint, evaluation and training.

system · long-term memory · short-term memory · recall · working. Empty blocks are kept, so that the system and
long-term prefix stays byte-stable between nights and prefix caches hold. Content can never close a block: any
delimiter inside it is escaped. Knows nothing of stores or models.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

BLOCKS = ("system", "long_term", "short_term", "recall", "working")

SYSTEM = "You are the memory of a coding project. Answer from what you know. If it is not recorded, say so."

#: What the product answers, and teaches its adapters to answer, when a question has no recorded answer.
NOT_RECORDED = "That is not recorded."

#: Control characters (an escape sequence begins with one), and what turns the direction of text around.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DELIMITER = re.compile(r"<(/?)(" + "|".join(BLOCKS) + r")>")


@dataclass(frozen=True, slots=True)
class Blocks:
    """The content of each block; items of a list block are one line each, best first."""

    system: str = SYSTEM
    long_term: Sequence[str] = ()
    short_term: Sequence[str] = ()
    recall: Sequence[str] = ()
    working: Sequence[str] = ()


def escape(content: str) -> str:
    """`content` with every block delimiter defused (`<recall>` becomes `‹recall›`)."""
    return _DELIMITER.sub(lambda m: f"‹{m[1]}{m[2]}›", content)


def one_line(content: str) -> str:
    """`content` as a single line: what stands in a list block is one claim or quote a line."""
    return " ".join(content.split())


def printable(content: str) -> str:
    """`content` as it may be shown: nothing in it moves a cursor, sets a title, or reads other than it stands."""
    return _UNSEEN.sub("", content)


def render(blocks: Blocks) -> str:
    """The five blocks as the text of one system message."""
    parts = [f"<system>\n{escape(blocks.system)}\n</system>"]
    for name in BLOCKS[1:]:
        items: Sequence[str] = getattr(blocks, name)
        body = "".join(f"- {escape(one_line(item))}\n" for item in items)
        parts.append(f"<{name}>\n{body}</{name}>")
    return "\n".join(parts)


def says_not_recorded(answer: str) -> bool:
    """Whether `answer` declines for want of a record (`memory_ask` and the gate read this)."""
    return "not recorded" in answer.casefold()
