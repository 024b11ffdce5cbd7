"""Whether a text says something: by its exact values, and by the words around them.

A summary never repeats a sentence; what it must repeat to be of use are values (a port, a path, a flag, a version) and
enough of the words beside them to know what they are values of. Knows texts only.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise

#: Share of a sentence's own words that one passage must have; fewer where exact values carry it.
SHARE, SHARE_WITH_VALUES = 0.6, 0.3
#: Words are compared without an ending and by so many first letters: crude, and at home in any language with letters.
LETTERS = 5

_TOKEN = re.compile(r"[^\s`\"'“”‘’«»()\[\]{}<>,;|*]+")
_TRIMMED = ".:!?…"
_NUMBER = re.compile(r"v?(\d+(?:\.\d+)*)([a-z%]{0,5})")
_VALUE = re.compile(r"\d|[/\\_=@#$]|^--?[a-z]|\w\.\w|\w:\w|[a-z][A-Z]", re.ASCII)
_ABBREVIATION = re.compile(r"(?i)(?:[a-z]\.)+[a-z]?|and/or|[^\W\d_]+/[^\W\d_]+")  # e.g., i.e., read/write: no paths
_PLACE_IN_FILE = re.compile(r"(?::\d+){1,2}$")
_LIST_MARK = re.compile(r"(?m)^\s*(?:\d{1,2}[.)]|[-*•#]+)\s+")
_PASSAGE = re.compile(r"\n+|(?<=[.!?])\s+")
_WORD = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s|e)$")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_UNITS = {"s": "second", "sec": "second", "ms": "milli", "m": "minut", "min": "minut", "h": "hour", "d": "day"}
_FAILING = re.compile(
    r"(?i)\b(?:fail\w*|error\w*|exit(?:s|ed)?(?: code| status)? [1-9]\d*|broke\w*|red|crash\w*|exception)\b"
)
_NUMERALS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "twelve": "12", "twenty": "20", "thirty": "30", "sixty": "60", "hundred": "100", "thousand": "1000",
}  # fmt: skip
_EMPTY = frozenset(
    _WORD.findall(
        "a about after all also am an and any are as at be because been before but by can could did do does done dont "
        "for from get go had has have he her here him his how i if in into is it its just let like me more my need no "
        "not now of ok okay on one or our out please so some still such than thanks that the their them then there "
        "these they thing this those to too us very want was we well were what when where which while who why will "
        "with would yes you your use used using make sure user assistant asked said ll ve re "
        "never always only avoid must should"
    )
)


@dataclass(frozen=True)
class Passage:
    """A sentence or line: its exact values, and the beginnings of its words."""

    text: str

    @cached_property
    def values(self) -> frozenset[str]:
        found = values(self.text)
        return frozenset(found).union(*(value.split("=") for value in found if "=" in value))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(words(self.text))

    @cached_property
    def tokens(self) -> frozenset[str]:
        return frozenset(plain(token) for token in _tokens(self.text))

    @cached_property
    def numerals(self) -> frozenset[str]:
        """Numbers written out, as digits."""
        return frozenset(_NUMERALS[word] for word in _WORD.findall(self.text.casefold()) if word in _NUMERALS)

    @cached_property
    def pairs(self) -> frozenset[str]:
        """Neighbours written as one: `python 3.11` says `python3.11`, `--port 80` says `--port=80`."""
        tokens = [plain(token) for token in _tokens(self.text)]
        return frozenset(joint.join(pair) for pair in pairwise(tokens) for joint in ("", "=", ":"))


class Told:
    """What some texts say: the host's summary, and what was said after it. Asked often, so every passage is indexed."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._passages = [Passage(part) for text in texts for part in _parts(text)]
        self._flat = f" {_flat(' '.join(passage.text for passage in self._passages))} "
        self._worded: dict[str, list[int]] = defaultdict(list)
        self._valued: dict[str, list[int]] = defaultdict(list)
        self._tailed: dict[str, list[tuple[str, int]]] = defaultdict(list)  # by the last part of a path
        self._tokened: dict[str, set[int]] = defaultdict(set)
        for place, passage in enumerate(self._passages):
            for word in passage.words:
                self._worded[word].append(place)
            for value in passage.values | passage.pairs | passage.numerals:
                self._valued[value].append(place)
            for value in filter(_is_path, passage.values):
                self._tailed[value.rpartition("/")[2]].append((value, place))
            for token in passage.tokens:
                self._tokened[token].add(place)

    def __bool__(self) -> bool:
        return bool(self._passages)

    def says(self, sentence: str) -> bool:
        """Whether a reader of the texts knows what `sentence` says."""
        if not (flat := _flat(sentence)) or f" {flat} " in self._flat:
            return True
        asked = Passage(sentence)
        if not asked.values and not asked.words:
            return True  # nothing is said that could be lost
        share = SHARE_WITH_VALUES if asked.values else SHARE
        return all(self._names_beside(value, asked.words) for value in asked.values) and (
            self._covers(asked.words, share)
        )

    def ran(self, command: str, failed_with: str | None = None) -> bool:
        """Whether the texts tell of `command`, all its words in one passage; and there, that it failed.

        `failed_with` is the class of its error, or "" where that is not known; None: how it ended does not matter.
        """
        wanted = [self._tokened.get(plain(token), set()) for token in _tokens(command)]
        for place in set.intersection(*wanted) if wanted else ():
            near = " ".join(passage.text for passage in self._passages[place : place + 2])
            if failed_with is None or _FAILING.search(near) or (failed_with and failed_with in near):
                return True
        return False

    def names(self, value: str) -> bool:
        """Whether `value` occurs, however it is written: with quotes, a longer path, separators in its digits."""
        if " " in value:
            return f" {_flat(value)} " in self._flat
        value = value.rpartition("=")[2] or value
        return plain(value) in self._tokened or any(True for _ in self._places(plain(value)))

    def names_beside(self, value: str, sentence: str) -> bool:
        """Whether `value` occurs beside a word of `sentence`: 8080 is many a port."""
        about, value = frozenset(words(sentence)), plain(value)
        return self._stand_beside(chain(self._places(value), self._tokened.get(value, ())), about)

    def covers(self, sentence: str) -> bool:
        """Whether one passage has enough of the words of `sentence`, whose values it has."""
        return self._covers(frozenset(words(sentence)), SHARE_WITH_VALUES)

    def has(self, text: str) -> bool:
        """Whether the numbers in `text` are named, whatever is said of them."""
        found = [value for value in values(text) if len(value) > 2 and re.search(r"\d{2}", value)]
        return bool(found) and all(map(self.names, found))

    def _places(self, value: str) -> Iterator[int]:
        yield from self._valued.get(value, ())
        if _is_path(value):  # `api/tariffs.py` names `/home/u/shop/api/tariffs.py`, and the other way round
            for other, place in self._tailed.get(value.rpartition("/")[2], ()):
                if other.endswith(f"/{value}") or value.endswith(f"/{other}"):
                    yield place

    def _names_beside(self, value: str, about: frozenset[str]) -> bool:
        """Whether a passage (or the one before or after it) has `value` and speaks of the same."""
        return self._stand_beside(self._places(value), about)

    def _stand_beside(self, places: Iterable[int], about: frozenset[str]) -> bool:
        return any(
            not about or any(about & near.words for near in self._passages[max(0, place - 1) : place + 2])
            for place in places
        )

    def _covers(self, asked: frozenset[str], share: float) -> bool:
        """Whether one passage has so many of these words, together with the one that follows it.

        It must then have one of the rarest: a word that stands everywhere is not looked for.
        """
        enough = math.ceil(share * len(asked))
        rarest = sorted(asked, key=lambda word: (len(self._worded.get(word, ())), word))[: len(asked) - enough + 1]
        places = {place for word in rarest for found in self._worded.get(word, ()) for place in (found, found - 1)}
        none: frozenset[str] = frozenset()
        for place in places:
            first = self._passages[place].words if place >= 0 else none
            second = self._passages[place + 1].words if place + 1 < len(self._passages) else none
            if len(asked & first) + len((asked - first) & second) >= enough:
                return True
        return not enough


def values(text: str) -> list[str]:
    """The exact values in `text`, in one spelling, each once: what must be repeated to the letter to be of use."""
    found = dict.fromkeys(plain(token) for token in _tokens(text) if _is_value(token))
    return [value for value in found if value]


def words(text: str) -> set[str]:
    """The beginnings of the words that say something."""
    rest = " ".join(token for token in _tokens(text) if not _is_value(token)) + " " + _units(text)
    found = {beginning(word) for word in _WORD.findall(rest.casefold()) if word not in _EMPTY and len(word) > 1}
    for run in _UNSPACED.findall(rest):
        found |= {run[place : place + 2] for place in range(len(run) - 1)}
    return found


@lru_cache(65_536)
def beginning(word: str) -> str:
    """What a word has in common with its other forms."""
    return _ENDING.sub("", word)[:LETTERS]


@lru_cache(65_536)
def plain(value: str) -> str:
    """One spelling of a value: no case, no separators in digits, no `v` of a version, no line after a path."""
    value = _PLACE_IN_FILE.sub("", value.strip(_TRIMMED).casefold().replace("\\", "/")).removesuffix("/")
    if (number := _NUMBER.fullmatch(value.replace(",", "").replace("_", ""))) is not None:
        return number[1]
    return value.removeprefix("./")


def _is_path(value: str) -> bool:
    return "/" in value or "." in value


def _parts(text: str) -> Iterator[str]:
    for part in _PASSAGE.split(_LIST_MARK.sub("", text)):
        if part.strip():
            yield part.strip()


@lru_cache(4_096)
def _tokens(text: str) -> tuple[str, ...]:
    """Asked for several times in a row."""
    return tuple(
        token for found in _TOKEN.findall(re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)) if (token := found.strip(_TRIMMED))
    )


@lru_cache(65_536)
def _is_value(token: str) -> bool:
    return bool(_VALUE.search(token)) and not _ABBREVIATION.fullmatch(token)


def _units(text: str) -> str:
    """The units that stand at numbers, as words: `30s` is 30, and a matter of seconds."""
    found = (_NUMBER.fullmatch(token.casefold()) for token in _tokens(text))
    return " ".join(_UNITS.get(one[2], one[2]) for one in found if one is not None)


def _flat(text: str) -> str:
    """`text` as words with single blanks, to find one in another whole."""
    return " ".join(token.casefold() for token in _tokens(text))
