"""Conversations as tokens: what is read, what is to be learned, and which of it spells the value of a fact.

An answer is tokenised apart from what leads to it, as it is when it is generated. Knows tokenizers, no models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memsrv.records import Message

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Tokens:
    """One conversation. `learned` are the places in `ids` of its answers, `values` those that spell a value."""

    ids: tuple[int, ...]
    learned: tuple[int, ...]
    values: frozenset[int]


def tokens(tokenizer: Any, messages: Sequence[Message], value: str | None = None, most: int | None = None) -> Tokens:
    """Every answer is learned, up to its end of turn; a template that rewrites earlier turns leaves the last one alone.

    What is longer than `most` loses its beginning.
    """
    turns = [{"role": message.role, "content": message.content} for message in messages]
    answers = [place for place, message in enumerate(messages) if message.role == "assistant"]
    whole = _text(tokenizer, turns)
    pieces: list[tuple[str, bool]] = []
    read = ""
    for place in answers:
        before = _text(tokenizer, turns[:place], opened=True)
        after = _text(tokenizer, turns[: place + 1])
        if not (before.startswith(read) and after.startswith(before) and whole.startswith(after)):
            if place == answers[-1]:
                pieces = [(before, False), (after.removeprefix(before), True)]
            continue
        pieces += [(before[len(read) :], False), (after[len(before) :], True)]
        read = after
    ids: list[int] = []
    learned: list[int] = []
    values: set[int] = set()
    for text, is_answer in pieces:
        part = tokenizer(text, add_special_tokens=False, return_offsets_mapping=is_answer and value is not None)
        start = len(ids)
        ids += part["input_ids"]
        if not is_answer:
            continue
        end = (
            part["input_ids"].index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in part["input_ids"] else None
        )
        learned += range(start, len(ids) if end is None else start + end)
        if value is not None:
            values |= {start + place for place in _spelling(text, value, part["offset_mapping"])}
    gone = max(0, len(ids) - most) if most is not None else 0
    return Tokens(
        tuple(ids[gone:]),
        tuple(place - gone for place in learned if place > gone),  # the first token has nothing to be told by
        frozenset(place - gone for place in values if place > gone),
    )


def padded(some: Sequence[Tokens], pad: int) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Their ids, as wide as the longest, and where those are no padding: conversations × tokens, int64 and bool."""
    import torch

    shape = len(some), max(len(one.ids) for one in some)
    ids, mask = torch.full(shape, pad), torch.zeros(shape, dtype=torch.bool)
    for row, one in enumerate(some):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        mask[row, : len(one.ids)] = True
    return ids, mask


def _spelling(text: str, value: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """The places of the tokens that overlap the last `value` in `text`: an answer names the key first."""
    start = text.casefold().rfind(value.casefold())
    if start < 0:
        return []
    return [place for place, (a, b) in enumerate(offsets) if a < start + len(value) and b > start]


def _text(tokenizer: Any, turns: Sequence[dict[str, str]], opened: bool = False) -> str:
    text = tokenizer.apply_chat_template(list(turns), tokenize=False, add_generation_prompt=opened)
    assert isinstance(text, str)
    return text
