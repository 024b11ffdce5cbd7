"""What a question asks for, beside its words: exact names, days, who said it, whether it wants to know when.

Knows no store and no ranking.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache

from memsrv.recall import dates
from memsrv.store import STOPWORDS

_TICKED = re.compile(r"`([^`]+)`")
_OF_A_NAME = re.compile(r"[_/\\@#=-]|\w\.\w|\d|[a-z][A-Z]|::")
_CAPITALS = re.compile(r"\b[A-Z]{3,}\b")
_WORD = re.compile(r"\w+")
_WHEN = re.compile(r"^\W*(?:when|since when|how long|(?:in |on )?(?:what|which) (?:date|day|month|year|time))\b", re.I)
_SAYING = r"(?:say|said|ask|asked|tell|told|want|wanted|decide|decided|mention|mentioned|prefer|preferred|choose|chose)"
_I_SAID = re.compile(
    rf"\b(?:did|do|have|had) I (?:ever )?{_SAYING}\b|\bI (?:have |had )?{_SAYING}\b|\bthe user\b", re.I
)
_AGENT_SAID = re.compile(
    rf"\b(?:did|do|have|had) you (?:ever )?{_SAYING}\b|\byou {_SAYING}\b|\b(?:the|an?) (?:agent|assistant|model)\b",
    re.I,
)


@lru_cache(10_000)
def stem(word: str) -> str:
    """Enough of a stem to compare: `ports`, `porting` and `port` meet."""
    for ending in ("ings", "ing", "ies", "ers", "ed", "es", "er", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def exact_names(query: str) -> list[str]:
    """The identifiers in a query: paths, flags, error codes, versions, what stands in backticks."""
    names = (name.strip(".,;:?!()'\"`").casefold() for name in _names(query))
    return list(dict.fromkeys(name for name in names if len(name) > 1))


def _names(query: str) -> Iterator[str]:
    # Word by word: one expression for all of it took a minute for a word of 120 kB.
    for place, part in enumerate(_TICKED.split(query)):
        if place % 2:
            yield part
            continue
        for word in part.split():
            yield from [word] if _OF_A_NAME.search(word) else _CAPITALS.findall(word)


@lru_cache(1_000)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.casefold()))


@dataclass(frozen=True)
class Question:
    text: str
    today: date | None = None
    _named: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The stems of its words."""
        words = [word for word in _WORD.findall(self.text.casefold()) if len(word) > 1]
        return frozenset(stem(word) for word in words if word not in STOPWORDS) or frozenset(map(stem, words))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(exact_names(self.text))

    @cached_property
    def words(self) -> frozenset[str]:
        """As they stand, for names of people, agents and projects."""
        return frozenset(_WORD.findall(self.text.casefold()))

    @cached_property
    def days(self) -> tuple[dates.When, ...]:
        return dates.named(self.text, self.today)

    @cached_property
    def asks_when(self) -> bool:
        return _WHEN.search(self.text) is not None

    @cached_property
    def said_by(self) -> str | None:
        """ "user" or "assistant", where it asks for what one of them said."""
        if _I_SAID.search(self.text):
            return "user"
        return "assistant" if _AGENT_SAID.search(self.text) else None

    def names_of(self, name: str) -> bool:
        """Whether it names `name`, a person, an agent or a project, in any spelling."""
        if name not in self._named:
            parts = _parts(name)
            self._named[name] = bool(parts) and self.words.issuperset(parts)
        return self._named[name]

    def terms_in(self, folded: str) -> frozenset[str]:
        """Those of its words that the case-folded text has."""
        return frozenset(term for term in self.terms if term in folded and _begins(term, folded))

    def about(self, projects: Iterable[str]) -> frozenset[str]:
        """Its words without the names of `projects`: those say where to look, not what for."""
        return (self.terms - self._parts_of(projects)) or self.terms

    def without(self, projects: Iterable[str]) -> str:
        """Its text without the names of `projects`, each as one piece; whole where it asks for nothing else."""
        named = [project for project in projects if self.names_of(project)]
        if not named or not self.terms - self._parts_of(named):
            return self.text
        pieces = ("\\W+".join(map(re.escape, _parts(project))) for project in named)
        return re.sub(rf"(?i)\b(?:{'|'.join(pieces)})\b", " ", self.text)

    def _parts_of(self, projects: Iterable[str]) -> set[str]:
        return {stem(word) for project in projects if self.names_of(project) for word in _parts(project)}


def _begins(term: str, text: str) -> bool:
    """Whether a word of `text` begins with `term`; to compile a pattern for each word of a question takes longer."""
    place = text.find(term)
    while place > 0 and (text[place - 1].isalnum() or text[place - 1] == "_"):
        place = text.find(term, place + 1)
    return place >= 0
