"""The five context blocks, in their fixed order: one builder for MCP, the endpoint, evaluation and training.

system · long-term memory · short-term memory · recall · working. Empty blocks are kept, so that the system and
long-term prefix stays byte-stable between nights and prefix caches hold. Content can never close a block: any
delimiter inside it is escaped. `render` writes blocks as they are, `lay_out` what of them fits a budget, in the same
form. Knows nothing of stores or models.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

BLOCKS = ("system", "long_term", "short_term", "recall", "working")

SYSTEM = "You are the memory of a coding project. Answer from what you know. If it is not recorded, say so."

#: What the product answers, and teaches its adapters to answer, when a question has no recorded answer.
NOT_RECORDED = "That is not recorded."

#: Control characters (an escape sequence begins with one), and what turns the direction of text around.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: What chat templates end a message with, by family: `<|im_end|>`, `<｜User｜>`, `</s>`, `<end_of_turn>`, `[/INST]`.
_CONTROL = r"[|｜][^\s<>|｜]+[|｜]|/?s|bos|eos|pad|unk|(?:start|end)_of_turn|</?sys>"
#: A block's delimiter, also as a sloppy reader would take it, and a chat template's control tokens.
_DELIMITER = re.compile(rf"<(\s*/?\s*(?:{'|'.join(BLOCKS)})(?:\s[^<>]*|/)?|{_CONTROL})>", re.IGNORECASE)
_INSTRUCTION = re.compile(r"\[(/?INST)\]")
CHARS_PER_TOKEN = 4
#: What each list block may take of the room that there is beside the system block; what one leaves, the next may have.
SHARES = {"long_term": 0.35, "short_term": 0.30, "recall": 0.30, "working": 0.05}


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
    return _INSTRUCTION.sub(r"‹\1›", _DELIMITER.sub(r"‹\1›", content))


def one_line(content: str) -> str:
    """`content` as a single line: what stands in a list block is one claim or quote a line."""
    return " ".join(content.split())


def printable(content: str) -> str:
    """`content` as it may be shown: nothing in it moves a cursor, sets a title, or reads other than it stands."""
    return _UNSEEN.sub("", content)


def render(blocks: Blocks) -> str:
    """The five blocks as the text of one system message."""
    lists = (_framed(name, "".join(_line(item) for item in getattr(blocks, name))) for name in BLOCKS[1:])
    return "\n".join((_framed("system", f"{escape(blocks.system)}\n"), *lists))


def _framed(name: str, body: str) -> str:
    return f"<{name}>\n{body}</{name}>"


def _line(item: str) -> str:
    return f"- {escape(one_line(item))}\n"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a block, and the id of the record that it gives."""

    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """What one block holds, how many tokens it may take with its delimiters, and how many it does."""

    name: str
    items: tuple[Item, ...]
    budget: int
    tokens: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    block: str
    id: str | None
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Layout:
    blocks: tuple[Block, ...]
    left_out: tuple[LeftOut, ...]
    text: str

    @property
    def tokens(self) -> int:
        return sum(block.tokens for block in self.blocks)


def tokens(text: str) -> int:
    """An estimate; who has a tokenizer counts with that."""
    return -(-len(text) // CHARS_PER_TOKEN)


def least(system: str = SYSTEM, count: Callable[[str], int] = tokens) -> int:
    """The budget below which not even the empty blocks fit."""
    return sum(_frames(system, count).values())


def lay_out(
    items: Mapping[str, Sequence[Item]], budget: int, *, system: str = SYSTEM, count: Callable[[str], int] = tokens
) -> Layout:
    """What of `items`, by block and best first, fits `budget`, and why the rest does not.

    A block's room depends on those before it alone: whatever changes in one, all that stands before it stays as it is.
    A record that stands in one block is not given again in a later one. ValueError below `least`.
    """
    frames = _frames(system, count)
    if (free := budget - sum(frames.values())) < 0:
        raise ValueError(f"{budget} tokens do not hold the empty blocks; {budget - free} do")
    blocks = [Block("system", (Item(system),), frames["system"], frames["system"])]
    left_out: list[LeftOut] = []
    stands: dict[str, str] = {}
    carried = 0
    for name in BLOCKS[1:]:
        room = carried + int(free * SHARES[name])
        kept, used = [], 0
        for item in items.get(name, ()):
            cost = count(_line(item.text))
            if item.id is not None and item.id in stands:
                left_out.append(LeftOut(name, item.id, item.text, f"stands in {stands[item.id]} already"))
            elif used + cost > room:
                left_out.append(LeftOut(name, item.id, item.text, f"takes {cost} tokens, and {room - used} are left"))
            else:
                kept.append(item)
                used += cost
                stands |= {item.id: name} if item.id is not None else {}
        blocks.append(Block(name, tuple(kept), frames[name] + room, frames[name] + used))
        carried = room - used
    lists = {block.name: [item.text for item in block.items] for block in blocks[1:]}
    return Layout(tuple(blocks), tuple(left_out), render(Blocks(system, **lists)))


def room(name: str, budget: int, *, system: str = SYSTEM, count: Callable[[str], int] = tokens) -> int:
    """What a list block may take of `budget` at least, whatever those before it leave."""
    return max(0, int((budget - least(system, count)) * SHARES[name]))


def _frames(system: str, count: Callable[[str], int]) -> dict[str, int]:
    """What each block takes before anything is put in, with the line end after it."""
    whole = {name: count(_framed(name, "") + "\n") for name in BLOCKS[1:]}
    return {"system": count(_framed("system", f"{escape(system)}\n") + "\n"), **whole}


def says_not_recorded(answer: str) -> bool:
    """Whether `answer` declines for want of a record (`memory_ask` and the gate read this)."""
    return "not recorded" in answer.casefold()
