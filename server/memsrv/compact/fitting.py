"""What goes into a budget: every section gets its share before any gets more, and what has no room is counted.

Knows candidates and sections, and not what they are about.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from memsrv import echo

CHARS_PER_TOKEN = 4  # an approximation, close for English and code; a budget is kept in these tokens
MIN_BUDGET = 100


@dataclass(frozen=True, slots=True)
class Item:
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """`short` is what to say where the whole does not fit. Of a section, those of more weight come first.

    `parts` are the exact words it stands on, uncut: whoever knows them all knows the item.
    """

    section: str
    turn: int
    text: str
    short: str
    weight: int = 0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """`share`: how much of the budget it may take before the others have had their turn."""

    name: str
    heading: str
    share: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """The items of each section by turn, the text they make, and how many of each section had no room."""

    items: Mapping[str, tuple[Item, ...]]
    text: str
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        return math.ceil(len(self.text) / CHARS_PER_TOKEN)


def fit(
    head: str, candidates: Iterable[Candidate], sections: Sequence[Section], priority: Sequence[str], budget: int
) -> Fitted:
    """`head` and as much of `candidates` as `budget` tokens hold, `priority` first, then weight, then the newest."""
    queue = sorted(candidates, key=lambda c: (priority.index(c.section), -c.weight, -c.turn))
    kept, left_out = _chosen(queue, sections, budget * CHARS_PER_TOKEN - echo.FENCE - len(head) - 1)
    items = {one.name: tuple(sorted(kept.get(one.name, ()), key=lambda item: item.turn)) for one in sections}
    return Fitted(items, echo.fence(_text(head, sections, items)), left_out)


def _chosen(
    queue: Sequence[Candidate], sections: Sequence[Section], room: int
) -> tuple[dict[str, list[Item]], dict[str, int]]:
    share = {one.name: int(one.share * room) for one in sections}
    headings = {one.name: len(one.heading) + 5 for one in sections}
    kept: dict[str, list[Item]] = {}
    waiting: list[Candidate] = []
    spent = dict.fromkeys(share, 0)

    def take(candidate: Candidate, limit: float) -> bool:
        nonlocal room
        for text in dict.fromkeys((candidate.text, candidate.short)):
            cost = len(_line(Item(candidate.turn, text))) + 1
            cost += 0 if candidate.section in kept else headings[candidate.section]
            if cost <= room and spent[candidate.section] + cost <= limit:
                kept.setdefault(candidate.section, []).append(Item(candidate.turn, text))
                spent[candidate.section] += cost
                room -= cost
                return True
        return False

    for candidate in queue:
        if not take(candidate, share[candidate.section]):
            waiting.append(candidate)
    left_out: dict[str, int] = {}
    for candidate in waiting:
        if not take(candidate, math.inf):
            left_out[candidate.section] = left_out.get(candidate.section, 0) + 1
    return kept, left_out


def _text(head: str, sections: Sequence[Section], items: Mapping[str, Sequence[Item]]) -> str:
    lines = [head]
    for one in sections:
        if items[one.name]:
            lines.append(f"\n## {one.heading}")
            lines += [_line(item) for item in items[one.name]]
    return "\n".join(lines)


def _line(item: Item) -> str:
    return f"- [t{item.turn}] {item.text}"
