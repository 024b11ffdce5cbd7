"""Long-term memory as one document: four sections in fixed order within a budget, made by rules from the ledger.

Always made anew, never from the document before it, and the same ledger gives the same bytes: no clock is read. What
has no room is listed with the reason, and stays in the ledger. Knows neither the store nor which day it is.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from memsrv.layout import Item, one_line, tokens
from memsrv.lenses.claim import SENTENCES
from memsrv.principles import Principle
from memsrv.records import Kind, Memory

SECTIONS = ("Project facts", "Conventions and preferences", "How to", "Principles")
#: Tokens of the document where nobody says otherwise.
BUDGET = 2_000

_SECTION_OF = {Kind.EPISODIC: SECTIONS[0], Kind.SEMANTIC: SECTIONS[1], Kind.PROCEDURAL: SECTIONS[2]}
_ANSWERED = "Known to the adapter: "
#: Words that carry nothing where two claims are compared.
_PLAIN = frozenset(("a", "an", "for", "in", "is", "of", "the", "this", "to", "use", "when"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: the memories that say it, or the facts that a principle is."""

    text: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """`answered` are those that the served adapter answers: one line names what they are about."""

    name: str
    entries: tuple[Entry, ...] = ()
    answered: tuple[Entry, ...] = ()

    @property
    def lines(self) -> Iterator[Item]:
        """As they stand in a list block, under the section's name; nothing where there is nothing."""
        if self.entries or self.answered:
            yield Item(f"{self.name}:")
        yield from (Item(entry.text, entry.ids[0]) for entry in self.entries)
        yield from map(Item, _known(self))


@dataclass(frozen=True, slots=True)
class Untold:
    """What has no place in the document, and why. It is in the ledger all the same."""

    ids: tuple[str, ...]
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """The sections are always the four, in their order, the best of each first."""

    budget: int
    tokens: int
    sections: tuple[Section, ...]
    left_out: tuple[Untold, ...]

    @property
    def items(self) -> list[Item]:
        return [line for section in self.sections for line in section.lines]

    @property
    def ids(self) -> frozenset[str]:
        """Every record that it tells, as a line or by name."""
        told = (entry for section in self.sections for entry in (*section.entries, *section.answered))
        return frozenset(id for entry in told for id in entry.ids)

    def without(self, ids: Collection[str]) -> "Document":
        """The same without what only `ids` say: nothing moves up, so that all before it stays as it is."""

        def kept(entries: Iterable[Entry]) -> tuple[Entry, ...]:
            rest = [(entry, tuple(id for id in entry.ids if id not in ids)) for entry in entries]
            return tuple(Entry(entry.text, left) for entry, left in rest if left)

        sections = tuple(Section(one.name, kept(one.entries), kept(one.answered)) for one in self.sections)
        left_out = tuple(one for one in self.left_out if not set(one.ids) <= set(ids))
        return Document(self.budget, self.tokens, sections, left_out)

    @property
    def markdown(self) -> str:
        parts = []
        for section in self.sections:
            lines = [f"- {one_line(item.text)}" for item in list(section.lines)[1:]] or ["(nothing yet)"]
            parts.append("\n".join((f"## {section.name}", *lines)))
        return "\n\n".join(parts) + "\n"


@dataclass(slots=True)
class _Candidate:
    text: str
    ids: tuple[str, ...]
    stub: str
    worth: tuple[int, int]  # the higher the better: how often it helped, in how many sessions it was said
    since: str
    answered: bool


def document(
    memories: Iterable[Memory],
    *,
    budget: int = BUDGET,
    answered: Collection[str] = (),
    helped: Mapping[str, int] | None = None,
    principles: Sequence[Principle] = (),
    wordings: Mapping[str, tuple[str, str]] | None = None,
    count: Callable[[str], int] = tokens,
) -> Document:
    """The document of those `memories` that hold.

    `answered`: ids that the served adapter answers reliably. `helped`: in how many more tasks a memory was given that
    succeeded than failed. `wordings`: by id, the rules' words and others for them; where the first still stand.
    """
    left_out: list[Untold] = []
    found: dict[str, list[_Candidate]] = {name: [] for name in SECTIONS}
    for memory in sorted(memories, key=lambda one: one.id):
        if memory.valid_to is not None or memory.superseded_by is not None:
            continue
        if memory.trust.trainable:
            found[_SECTION_OF[memory.kind]].append(_of_memory(memory, answered, helped or {}))
        else:  # it may be quoted where it is asked for, and is never put before an agent unasked
            left_out.append(Untold((memory.id,), memory.text, f"stated by a {memory.trust} alone"))
    found[SECTIONS[3]] = [_of_principle(one, answered) for one in sorted(principles, key=lambda one: one.id)]
    ranked = {name: _once(_ranked(candidates)) for name, candidates in found.items()}
    for one in (one for candidates in ranked.values() for one in candidates):
        written = (wordings or {}).get(one.ids[0])
        one.text = written[1] if written is not None and written[0] == one.text else one.text
    sections, used = _chosen(ranked, budget, count, left_out)
    return Document(budget, used, sections, tuple(left_out))


def _of_memory(memory: Memory, answered: Collection[str], helped: Mapping[str, int]) -> _Candidate:
    sessions = len({said.session for said in memory.evidence}) + (memory.origin == "saved")
    worth = (helped.get(memory.id, 0), sessions)
    return _Candidate(
        one_line(memory.text), (memory.id,), _stub(memory), worth, memory.valid_from or "", memory.id in answered
    )


def _of_principle(one: Principle, answered: Collection[str]) -> _Candidate:
    tries = one.worked + one.failed
    told = f"worked {one.worked} of {tries} times" if one.failed else f"worked {one.worked} times"
    worth = (one.worked - one.failed, one.sessions)
    return _Candidate(
        one_line(f"{one.text.rstrip('.')} ({told})."), (one.id,), one.subject, worth, one.last, one.id in answered
    )


def _stub(memory: Memory) -> str:
    """What a memory is about, without what it says."""
    if memory.subject is None or memory.relation is None:
        words = one_line(memory.text).split()
        return " ".join(words[:6]) + ("…" if len(words) > 6 else "")
    return memory.subject if memory.relation in SENTENCES else f"{memory.relation} of {memory.subject}"


def _ranked(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """The most useful first, then what most sessions said, then the newest; no place depends on the day."""
    newest = sorted(candidates, key=lambda one: one.since, reverse=True)
    return sorted(newest, key=lambda one: one.worth, reverse=True)


def _once(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Each claim once, in the words of the best that says it; whoever else says it is named with it."""
    kept: dict[tuple[str, ...], _Candidate] = {}
    for one in candidates:
        words = re.findall(r"[^\W_]+(?:[./:@_-][^\W_]+)*", one.text.casefold())
        said = tuple(word for word in words if word not in _PLAIN)
        first = kept.setdefault(said or one.ids, one)
        if first is not one:
            first.ids += one.ids
            first.answered = first.answered or one.answered
    return list(kept.values())


def _chosen(
    ranked: Mapping[str, Sequence[_Candidate]], budget: int, count: Callable[[str], int], left_out: list[Untold]
) -> tuple[tuple[Section, ...], int]:
    """The best of every section, then the second of every section, and so on, as far as the budget goes."""
    told: dict[str, Section] = {name: Section(name) for name in SECTIONS}
    used = 0
    for place in range(max(map(len, ranked.values()), default=0)):
        for name in SECTIONS:
            if place >= len(ranked[name]):
                continue
            one = ranked[name][place]
            before = told[name]
            if one.answered:
                after = Section(name, before.entries, (*before.answered, Entry(one.stub, one.ids)))
            else:
                after = Section(name, (*before.entries, Entry(one.text, one.ids)), before.answered)
            cost = _added(before, after, count)
            if used + cost <= budget:
                told[name], used = after, used + cost
            else:
                why = f"takes {cost} tokens, and {budget - used} are left"
                left_out.append(Untold(one.ids, one.text, why))
    return tuple(told.values()), used


def _added(before: Section, after: Section, count: Callable[[str], int]) -> int:
    """What `after`, which has one entry more, takes beyond `before`."""

    def cost(lines: Iterable[str]) -> int:
        return sum(count(f"- {line}\n") for line in lines)

    new = [] if before.entries or before.answered else [f"{after.name}:"]
    if len(after.entries) > len(before.entries):
        return cost([*new, after.entries[-1].text])
    return cost([*new, *_known(after)]) - cost(_known(before))


def _known(section: Section) -> list[str]:
    return [_ANSWERED + "; ".join(entry.text for entry in section.answered) + "."] if section.answered else []
