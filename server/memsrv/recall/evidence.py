"""What speaks for one candidate of a search, each from 0 to 1, with a word for the reader.

Words come from the store's ranking; here are who said it, when, which exact names it has, and what kind of sentence it
is. Knows no weights and no other candidate.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp2

from memsrv.layout import one_line
from memsrv.recall.dates import day_of
from memsrv.recall.question import Question
from memsrv.recall.results import who, words_of
from memsrv.records import Event, EventType, Kind, Memory, Trust
from memsrv.store import Hit

#: In how many days what was said counts half as recent; what is not here is as good as new for ever.
HALF_LIFE_DAYS = {"turn": 45.0, str(Kind.EPISODIC): 45.0, str(Kind.SEMANTIC): 365.0}

_LABEL = re.compile(r"^\W{0,3}([A-Z][\w.-]*(?: [A-Z][\w.-]*)?): ")
_TIME = re.compile(
    r"\b(?:yesterday|today|tonight|recently|ago|since|last|next|weekend|weeks?|months?|years?|\d{4}|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|july|august|september|october|"
    r"november|december)\b",
    re.I,
)
READ = 6_000  # characters of a turn that are looked into


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hit with what speaks for it: strengths by the names of `fusion.Weights`, and reasons by strength's name."""

    hit: Hit
    said: str
    strengths: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    terms: frozenset[str] = frozenset()  # the words of the question that it has

    @property
    def place(self) -> tuple[str | None, int | None]:
        return self.hit.session, self.hit.turn

    @property
    def kind(self) -> str:
        return str(self.hit.memory.kind) if self.hit.memory else "turn"


def weighed(
    question: Question, hit: Hit, said: str, terms: frozenset[str], *, names: Sequence[str], words: float,
    meaning: float = 0.0, covered: float = 0.0, newest: str | None,
) -> Candidate:  # fmt: skip
    """`hit` with all that speaks for it: `said` are its words and `terms` those of the question among them.

    `words`, `meaning` and `covered` are how well those match, `names` are exact ones to look for, `newest` its rivals'
    time. Called for every hit of every search: no detours.
    """
    found: list[tuple[str, float, str | None]] = []
    if hit.memory is not None:
        found.append(("memory", 1.0, "memory"))
    if words:
        found.append(("words", words, "words" if hit.event is None or terms else "neighbour"))
    if meaning:
        found.append(("meaning", meaning, "meaning" if meaning > 0.4 or not words else None))
    if covered:
        found.append(("covered", covered, None))
    if names:
        found.append(("names", *_names(names, said.casefold())))
    if question.days:
        found.append(("date", *_date(question, hit)))
    found.append(("recent", *_recent(hit, newest)))
    if question.names_of(hit.project):
        found.append(("project", 1.0, f"project {hit.project}"))
    if hit.event is not None:
        found += _of_event(question, hit, hit.event, said[:READ])
    return Candidate(
        hit,
        said,
        {name: strength for name, strength, _ in found if strength},
        tuple(why for _, _, why in found if why),
        terms,
    )


def words_of_hit(hit: Hit) -> str:
    """All that may be matched, on one line."""
    if hit.memory is not None:
        return " ".join([hit.memory.text, *(one_line(quote.quote) for quote in hit.memory.evidence)])
    return words_of(hit.event) if hit.event is not None else hit.text


def _of_event(question: Question, hit: Hit, event: Event, head: str) -> Iterator[tuple[str, float, str | None]]:
    yield "speaker", *_speaker(question, hit, event, head)
    if _is_persons(event):
        yield "person", 1.0, None
    if head.partition(" [")[0].rstrip().endswith("?"):
        yield "question", 1.0, None
    if question.asks_when and _TIME.search(head):
        yield "when", 1.0, "says when"


def _speaker(question: Question, hit: Hit, event: Event, said: str) -> tuple[float, str | None]:
    label = _LABEL.match(said)
    if label and question.names_of(label[1]):
        return 1.0, f"said by {label[1]}"
    if question.said_by is not None and who(event) == question.said_by:
        return 1.0, f"said by {question.said_by}"
    if hit.agent and question.names_of(hit.agent):
        return 1.0, f"by {hit.agent}"
    return 0.0, None


def _names(names: Sequence[str], folded: str) -> tuple[float, str | None]:
    exact = [name for name in names if name in folded]
    return (len(exact) / len(names), f"names {', '.join(exact)}") if exact else (0.0, None)


def _date(question: Question, hit: Hit) -> tuple[float, str | None]:
    day = day_of(hit.time)
    if day is None:
        return 0.0, None
    near = max(when.nearness(day) for when in question.days)
    return near, f"of {day}" if near else None


def _recent(hit: Hit, newest: str | None) -> tuple[float, str | None]:
    """Ages are taken from the newest hit, so that no clock is needed."""
    half_life = HALF_LIFE_DAYS.get(hit.memory.kind if hit.memory is not None else "turn")
    if half_life is None:
        return 1.0, None
    day, last = day_of(hit.time), day_of(newest)
    if day is None or last is None:
        return 0.0, None
    share = exp2(-max(0, (last - day).days) / half_life)
    return share, "recent" if share > 0.8 else None


def _is_persons(event: Event) -> bool:
    return event.type in (EventType.PROMPT, EventType.REJECTION) and event.trust is Trust.HUMAN


def trusted_as(memory: Memory) -> str:
    return "user" if memory.trust is Trust.HUMAN else str(memory.trust)
