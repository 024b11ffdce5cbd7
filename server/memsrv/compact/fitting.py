"""What goes into a budget: first every item in its shortest form, then the more important ones in longer ones.

Every section gets its share before any gets more, and what has no room is counted and said. Knows candidates and
sections, and not what they are about.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from memsrv import echo
from memsrv.layout import CHARS_PER_TOKEN, tokens

MIN_BUDGET = 100
_Key = tuple[str, str, str]
#: What stands between parts of one item.
JOINT = " · "
#: Room for the line that says what was left out.
_SAYING_SO = 240
#: What is shorter is not worth more for its length: it lacks words, not ballast.
_LEAST = 50


@dataclass(frozen=True, slots=True)
class Item:
    """`session` is set where the item is of an earlier one than the brief is of."""

    turn: int
    text: str
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text`, `middle` and `short`, longest first, are what to say as room allows. Those of more weight come first.

    Candidates of one section that share a `group` make one item, headed by `lead`, in the order of their `place`.
    `parts` are the exact words it stands on, uncut: whoever knows them all knows it. `values` is what it is worth
    having for: where what was taken before holds them all, it is said already.
    """

    section: str
    turn: int
    text: str
    short: str
    weight: float = 0
    parts: tuple[str, ...] = ()
    middle: str = ""
    group: str = ""
    lead: str = ""
    place: int = 0
    values: tuple[str, ...] = ()
    session: str | None = None

    @property
    def forms(self) -> tuple[str, ...]:
        """The shortest first."""
        return tuple(dict.fromkeys(filter(None, (self.short, self.middle, self.text))))


@dataclass(frozen=True, slots=True)
class Section:
    """`share`: how much of the budget it may take before the others have had their turn.

    `dense`: what is short for its weight comes first, as there is more of it than there will ever be room for.
    """

    name: str
    heading: str
    share: float
    dense: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """The items of each section by turn, the text they make, and how many of each section had no room."""

    items: Mapping[str, tuple[Item, ...]]
    text: str
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        return tokens(self.text)


def fit(
    head: str,
    candidates: Iterable[Candidate],
    sections: Sequence[Section],
    priority: Sequence[str],
    budget: int,
    *,
    newest_first: bool = False,
) -> Fitted:
    """`head` and as much of `candidates` as `budget` tokens hold, `priority` first, then weight, then the newest.

    Sections that are named in one string of `priority` are equals.
    """
    order = {name: place for place, names in enumerate(priority) for name in names.split()}
    dense = {one.name for one in sections if one.dense}

    def rank(one: Candidate) -> tuple[int, float, int, int]:
        weight = one.weight / max(len(one.short), _LEAST) if one.section in dense else one.weight
        return order[one.section], -weight, -one.turn, -one.place

    whole = budget * CHARS_PER_TOKEN - echo.FENCE - len(head) - 1
    filling = _Filling(sections, whole - min(_SAYING_SO, whole // 8))
    left_out = filling.take(sorted(candidates, key=rank))
    items = filling.items(sections)
    if newest_first:
        items = {name: found[::-1] for name, found in items.items()}
    text = _text(head, sections, items)
    said = _said(left_out, sections)
    if left_out and len(text) + len(said) + 2 + echo.FENCE <= budget * CHARS_PER_TOKEN:
        text = f"{text}\n\n{said}"
    return Fitted(items, echo.fence(text), left_out)


class _Filling:
    """What was taken so far, each in one of its forms, and the room that is left."""

    def __init__(self, sections: Sequence[Section], room: int) -> None:
        self._room = room
        self._shares = {one.name: int(one.share * room) for one in sections}
        self._headings = {one.name: len(one.heading) + 5 for one in sections}
        self._spent: Counter[str] = Counter()
        self._forms: dict[int, tuple[Candidate, str]] = {}
        self._groups: dict[_Key, list[int]] = {}
        self._known: dict[str, set[str]] = {}

    def take(self, queue: Sequence[Candidate]) -> dict[str, int]:
        """Take what fits; how much of each section did not."""
        waiting = [n for n, one in enumerate(queue) if not self._add(n, one, self._shares[one.section])]
        for n in list(self._forms):
            self._lengthen(n, self._shares[self._forms[n][0].section])
        waiting = [n for n in waiting if not self._add(n, queue[n], self._room + self._spent[queue[n].section])]
        for n in sorted(self._forms):
            self._lengthen(n, self._room + self._spent[self._forms[n][0].section])
        return dict(Counter(queue[n].section for n in waiting))

    def items(self, sections: Sequence[Section]) -> dict[str, tuple[Item, ...]]:
        found: dict[str, list[Item]] = {one.name: [] for one in sections}
        for (section, session, _), members in self._groups.items():
            taken = sorted((self._forms[n] for n in members), key=lambda one: one[0].place)
            lead = taken[0][0].lead
            text = lead + JOINT.join(form for _, form in taken)
            found[section].append(Item(max(one.turn for one, _ in taken), text, session or None))
        return {name: tuple(sorted(items, key=_order)) for name, items in found.items()}

    def _add(self, n: int, one: Candidate, limit: int) -> bool:
        known = self._known.setdefault(one.section, set())
        if one.values and known.issuperset(one.values):
            return True  # said already
        key = one.section, one.session or "", one.group or f"{one.turn} {n}"
        form, group = one.short, self._groups.get(key)
        cost = len(form) + len(JOINT)
        if group is None:
            cost = len(_line(Item(one.turn, one.lead + form, one.session))) + 2
            cost += 0 if self._spent[one.section] else self._headings[one.section]
        if cost > min(self._room, limit - self._spent[one.section]):
            return False
        self._groups.setdefault(key, []).append(n)
        self._forms[n] = one, form
        self._pay(one.section, cost)
        known.update(one.values)
        return True

    def _lengthen(self, n: int, limit: int) -> None:
        """The longest of its forms for which there is room."""
        one, now = self._forms[n]
        for form in reversed(one.forms):
            more = len(form) - len(now)
            if 0 < more <= min(self._room, limit - self._spent[one.section]):
                self._forms[n] = one, form
                self._pay(one.section, more)
                return

    def _pay(self, section: str, cost: int) -> None:
        self._room -= cost
        self._spent[section] += cost


def _order(item: Item) -> tuple[bool, str, int]:
    """Those of earlier sessions first."""
    return item.session is None, item.session or "", item.turn


def _text(head: str, sections: Sequence[Section], items: Mapping[str, Sequence[Item]]) -> str:
    lines = [head]
    for one in sections:
        if items[one.name]:
            lines.append(f"\n## {one.heading}")
            lines += [_line(item) for item in items[one.name]]
    return "\n".join(lines)


def _line(item: Item) -> str:
    of = f"{item.session}:" if item.session else ""
    return f"- [{of}t{item.turn}] {item.text}"


def _said(left_out: Mapping[str, int], sections: Sequence[Section]) -> str:
    told = (
        f"{left_out[one.name]} of {one.heading[0].lower()}{one.heading[1:]}" for one in sections if one.name in left_out
    )
    return f"Left out, as there was no room: {', '.join(told)}."
