"""What speaks for one candidate of a search, each from 0 to 1, with a word for the reader.

Words come from the store's ranking; here are who said it, when, which exact names it has, and what kind of sentence it
is. Knows no weights and no other candidate.
"""

import re
from collections.abc import Mapping, Sequence
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
_READ = 6_000  # characters of a turn that are looked into


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
    question: Question, hit: Hit, *, names: Sequence[str], words: float, meaning: float = 0.0, newest: str | None
) -> Candidate:
    """`hit` with all that speaks for it; `words` and `meaning` are how well those match, `names` are exact ones to look
    for, `newest` its rivals' time."""
    said = words_of_hit(hit)
    folded = said.casefold()
    terms = question.terms_in(folded[:_READ])
    found: dict[str, tuple[float, str | None]] = {
        "meaning": (meaning, "meaning" if meaning > 0.4 or (meaning and not words) else None),
        "names": _names(names, folded),
        "date": _date(question, hit),
        "recent": _recent(hit, newest),
        "project": (1.0, f"project {hit.project}") if question.names_of(hit.project) else (0.0, None),
    }
    if hit.memory is not None:
        found["memory"] = (1.0, "memory")
    if hit.event is not None:
        found |= _of_event(question, hit, hit.event, said)
    if words:
        found["words"] = (words, "words" if hit.event is None or terms else "neighbour")
    strengths = {name: strength for name, (strength, _) in found.items() if strength}
    first = ("memory", "words", "meaning")
    order = [*(name for name in first if name in found), *(name for name in found if name not in first)]
    return Candidate(hit, said, strengths, tuple(why for name in order if (why := found[name][1])), terms)


def words_of_hit(hit: Hit) -> str:
    """All that may be matched, on one line."""
    if hit.memory is not None:
        return " ".join([hit.memory.text, *(one_line(quote.quote) for quote in hit.memory.evidence)])
    return words_of(hit.event) if hit.event is not None else hit.text


def _of_event(question: Question, hit: Hit, event: Event, said: str) -> dict[str, tuple[float, str | None]]:
    head = said[:_READ]
    asked = head.split(" [", 1)[0].rstrip().endswith("?")
    return {
        "speaker": _speaker(question, hit, event, head),
        "person": (1.0 if _is_persons(event) else 0.0, None),
        "question": (1.0 if asked else 0.0, None),
        "when": (1.0, "says when") if question.asks_when and _TIME.search(head) else (0.0, None),
    }


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
    day = day_of(hit.time) if question.days else None
    if day is None:
        return 0.0, None
    near = max(when.nearness(day) for when in question.days)
    return near, f"of {day}" if near else None


def _recent(hit: Hit, newest: str | None) -> tuple[float, str | None]:
    """Ages are taken from the newest hit, so that no clock is needed."""
    kind = str(hit.memory.kind) if hit.memory else "turn"
    half_life, day, last = HALF_LIFE_DAYS.get(kind), day_of(hit.time), day_of(newest)
    if half_life is None:
        return 1.0, None
    if day is None or last is None:
        return 0.0, None
    share = exp2(-max(0, (last - day).days) / half_life)
    return share, "recent" if share > 0.8 else None


def _is_persons(event: Event) -> bool:
    return event.type in (EventType.PROMPT, EventType.REJECTION) and event.trust is Trust.HUMAN


def trusted_as(memory: Memory) -> str:
    return "user" if memory.trust is Trust.HUMAN else str(memory.trust)
