"""Text between tags, found in one pass however many tags are never closed; no nesting is understood."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tagged:
    name: str
    inside: str
    start: int  # of the opening tag
    end: int  # behind the closing tag


def tagged(text: str, opening: re.Pattern[str]) -> Iterator[Tagged]:
    """What stands between each tag that `opening` finds (its first group is the name) and the next that closes it."""
    unclosed: set[str] = set()
    place = 0
    while opened := opening.search(text, place):
        name, closing = opened[1], f"</{opened[1]}>"
        end = -1 if name in unclosed else text.find(closing, opened.end())
        if end < 0:
            unclosed.add(name)
            place = opened.end()
            continue
        place = end + len(closing)
        yield Tagged(name, text[opened.end() : end], opened.start(), place)


def without(text: str, opening: re.Pattern[str]) -> str:
    """`text` without what stands between such tags."""
    kept, place = [], 0
    for found in tagged(text, opening):
        kept.append(text[place : found.start])
        place = found.end
    return "".join((*kept, text[place:]))
