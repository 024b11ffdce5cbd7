"""What a lens says it saw: one claim with the words that carry it, and the five shapes a readable claim can take.

Knows events; knows no store, no project and no ids: those are given when a claim becomes a Memory or a Fact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from memsrv.records import Event, Evidence, Kind, Trust

#: `relation` words with a fixed sentence; every other relation is an attribute's noun (docs/contracts.md).
SENTENCES = {
    "use": "For {subject}, use {value}.",
    "avoid": "For {subject}, avoid {value}.",
    "fix": "When {subject}: {value}.",
    "replacement": "Use {value} instead of {subject}.",
}
KINDS = {
    "use": Kind.SEMANTIC,
    "avoid": Kind.SEMANTIC,
    "fix": Kind.PROCEDURAL,
    "replacement": Kind.PROCEDURAL,
}
THIS_PROJECT = "this project"


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence as subject, relation, value."""

    subject: str
    relation: str
    value: str

    @property
    def kind(self) -> Kind:
        return KINDS.get(self.relation, Kind.EPISODIC)

    @property
    def text(self) -> str:
        sentence = SENTENCES.get(self.relation)
        if sentence is not None:
            return sentence.format(subject=self.subject, value=self.value)
        return f"The {self.relation} of {self.subject} is {self.value}."


@dataclass(frozen=True, slots=True)
class Claim:
    """One self-contained statement. Each evidence quote stands literally in its event's text or command."""

    kind: Kind
    text: str
    trust: Trust
    evidence: tuple[Evidence, ...]
    time: str | None = None
    subject: str | None = None
    relation: str | None = None
    value: str | None = None


Lens = Callable[[Sequence[Event]], Iterator[Claim]]


def evidence(event: Event, quote: str) -> Evidence:
    """`quote` as evidence from `event`. The caller took it from the event; a quote that is not there is a bug."""
    if quote not in event.text and quote not in (event.command or ""):
        raise ValueError(f"quote is not in event {event.id}: {quote[:80]!r}")
    return Evidence(event.session, event.turn, quote)


def claim(reading: Reading, trust: Trust, quotes: Sequence[Evidence], time: str | None) -> Claim:
    return Claim(
        kind=reading.kind,
        text=reading.text,
        trust=trust,
        evidence=tuple(quotes),
        time=time,
        subject=reading.subject,
        relation=reading.relation,
        value=reading.value,
    )


def in_own_words(words: str, trust: Trust, quotes: Sequence[Evidence], time: str | None, kind: Kind) -> Claim:
    """A claim that rules could not take apart: the words themselves, on one line."""
    return Claim(kind=kind, text=" ".join(words.split()), trust=trust, evidence=tuple(quotes), time=time)
