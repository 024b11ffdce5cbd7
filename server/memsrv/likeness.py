"""Which memories say nearly the same, and which nearly the same but for the point: by their words alone, no model.

Deterministic, and quick for tens of thousands: only those that share one of their rarer words are compared. Knows no
store; what to do about a pair is for a person to say.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from memsrv.records import Memory
from memsrv.store import STOPWORDS

_WORD = re.compile(r"\w+(?:[.:/@-]\w+)*")
_NUMBER = re.compile(r"[\d.:/-]*\d[\d.:/-]*")
_NAME = re.compile(r"[\d./:@_]")
#: Words that turn a sentence round.
_AGAINST = frozenset({"not", "never", "no", "avoid", "without", "stop", "don", "isn", "cannot", "instead", "forbidden"})
_EMPTY = STOPWORDS | frozenset({"always", "must", "please", "only", "prefer", "user", "want", "wants", "that"})
_ALIKE = 0.75  # of all words that either has, both have
_ENOUGH = 3  # words; fewer are alike by chance
_MORE = 4  # words of its own; fewer are another way to say the same
_COMMON = 200  # memories that a rare word is in; of more only the newest are compared
_SERIES = 3  # what seems to contradict more than so many others is one of a series: "step 1 …", "step 2 …"


class Likeness(StrEnum):
    DUPLICATE = "duplicate"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two memories that are alike, the older first."""

    likeness: Likeness
    one: Memory
    other: Memory
    shared: float  # share of the words


@dataclass(frozen=True, slots=True)
class _Said:
    memory: Memory
    words: frozenset[str]
    against: bool
    names: frozenset[str]  # paths, identifiers, versions of things: two that differ speak of two things
    numbers: frozenset[str]


def pairs(memories: Iterable[Memory]) -> list[Pair]:
    """All pairs of `memories` of one project that are alike, in the order of `memories`."""
    said = [one for memory in memories if len((one := _read(memory)).words | one.names) >= _ENOUGH]
    held = Counter(word for one in said for word in one.words)
    places: dict[tuple[str, str, frozenset[str]], list[int]] = defaultdict(list)
    found: list[Pair] = []
    for place, one in enumerate(said):
        rare = _rarest(one.words, held)
        near = {other for word in rare for other in places[one.memory.project, word, one.names][-_COMMON:]}
        found += filter(None, (_compared(said[other], one) for other in sorted(near)))
        for word in rare:
            places[one.memory.project, word, one.names].append(place)
    against = Counter(
        id for pair in found if pair.likeness is Likeness.CONTRADICTION for id in (pair.one.id, pair.other.id)
    )
    return [
        pair
        for pair in found
        if max(against[pair.one.id], against[pair.other.id]) <= _SERIES or pair.likeness is Likeness.DUPLICATE
    ]


def alike(one: Memory, other: Memory) -> Likeness | None:
    pair = _compared(_read(one), _read(other))
    return pair.likeness if pair else None


def adds(text: str, known: Memory) -> bool:
    """Whether `text` says more than `known` does: another number or name, or several words of its own."""
    told = (known.text, known.subject, known.relation, known.value, *(quote.quote for quote in known.evidence))
    there = {_stem(word) for words in told if words for word in _words(words)}
    own = {word for word in _words(text) if _stem(word) not in there and word not in _EMPTY}
    return len(own) >= _MORE or any(_NAME.search(word) for word in own)


def _compared(one: _Said, other: _Said) -> Pair | None:
    union = one.words | other.words
    shared = len(one.words & other.words) / len(union) if union else 0.0
    if shared < _ALIKE or one.names != other.names:
        return None
    share = round(shared, 3)
    if one.against == other.against and one.numbers == other.numbers:
        return Pair(Likeness.DUPLICATE, one.memory, other.memory, share)
    differs = one.against != other.against or (one.numbers and other.numbers)
    return Pair(Likeness.CONTRADICTION, one.memory, other.memory, share) if differs and _same(one, other) else None


def _same(one: _Said, other: _Said) -> bool:
    """Whether both speak of one thing, as far as rules could tell: things to avoid add up, and so do fixes."""
    subjects = {" ".join((said.memory.subject or "").casefold().split()) for said in (one, other)} - {""}
    return len(subjects) < 2


def _rarest(words: frozenset[str], held: Counter[str]) -> Sequence[str]:
    """So many of the rarest words that whatever is alike has one of them, too."""
    ordered = sorted(words, key=lambda word: (held[word], word))
    return ordered[: len(ordered) - ceil(_ALIKE * len(ordered)) + 1]


def _read(memory: Memory) -> _Said:
    words = list(_words(memory.text))
    numbers = frozenset(word for word in words if _NUMBER.fullmatch(word))
    names = frozenset(word for word in words if _NAME.search(word)) - numbers
    kept = frozenset(_stem(word) for word in words if word not in _EMPTY | _AGAINST | numbers and len(word) > 1)
    return _Said(memory, kept, any(word in _AGAINST for word in words), names, numbers)


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text.casefold()):
        yield match[0]


def _stem(word: str) -> str:
    """ "tests" and "test", "naming" and "name" are one word here."""
    for end in ("ing", "ed", "es", "s", "e"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word
