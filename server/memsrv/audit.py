"""What is wrong with a memory as a whole, each finding with its evidence and the command that mends it; mends nothing.

Duplicates, loops (learned from what memsrv itself had said), junk, secrets, and what no agent was ever given; and how
often people had to say a thing again, week by week. Knows no SQL.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from memsrv import conflicts, repeats
from memsrv.echo import Given, is_repetition
from memsrv.lenses.scope import is_passing
from memsrv.records import Event, Evidence, Memory
from memsrv.redact import Redactor
from memsrv.repeats import Week
from memsrv.store import Store

_SHORT = 3  # words of a claim that rules could not take apart
_UNUSED = timedelta(days=30)
_REPEATED = 0.6  # share of the words


class Sort(StrEnum):
    SECRET = "secret"
    LOOP = "loop"
    JUNK = "junk"
    CONTRADICTION = "contradiction"
    OVERRULED = "overruled"
    DUPLICATE = "duplicate"
    NEVER_RECALLED = "never recalled"


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` and the quotes are redacted, whatever is stored."""

    sort: Sort
    id: str  # of the memory, or of the turn
    text: str
    why: str
    evidence: tuple[Evidence, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class Audit:
    """`counts` has every sort, also those of which there is nothing."""

    project: str | None
    memories: int
    sessions: int
    turns: int  # that were looked at
    given: int  # live memories that an agent was given at least once
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    weeks: tuple[Week, ...]
    said: int
    repeated: int


def audit(store: Store, redactor: Redactor, project: str | None, now: datetime) -> Audit:
    """Of `project`, or of all. Reads every turn once, for secrets."""
    every = store.memories(project, include_retired=True)
    live = [memory for memory in every if memory.valid_to is None and memory.superseded_by is None]
    sessions = store.sessions(project, twice=True)
    reading = _Reading(store, redactor)
    findings = [finding for session in sessions for finding in reading.turns(session.id)]
    findings += reading.memories(every, live)
    findings += _alike(store, project)
    used = store.counters()
    findings += _never_recalled(live, set(used), now)
    kept = {session.id for session in sessions}
    said = [one for one in store.said_by_people(project) if one[1] in kept]
    weeks = repeats.weeks({memory.id: memory for memory in every}, said, sessions)
    counts = Counter(str(finding.sort) for finding in findings)
    return Audit(
        project=project,
        memories=len(live),
        sessions=len(sessions),
        turns=reading.count,
        given=sum(memory.id in used for memory in live),
        counts={str(sort): counts[str(sort)] for sort in Sort},
        findings=tuple(
            _redacted(one, redactor) for one in sorted(findings, key=lambda one: list(Sort).index(one.sort))
        ),
        weeks=tuple(weeks),
        said=sum(week.said for week in weeks),
        repeated=sum(week.repeated for week in weeks),
    )


class _Reading:
    """Goes through every turn once, and keeps of each session what its memories are judged by."""

    def __init__(self, store: Store, redactor: Redactor) -> None:
        self._store = store
        self._redactor = redactor
        self._given: dict[str, Given] = {}
        self.count = 0

    def turns(self, session: str) -> Iterator[Finding]:
        events = self._store.events(session)
        self.count += len(events)
        if any(event.echo for event in events):
            self._given[session] = Given.of(events)
        for event in events:
            found = sum(self._redactor.redact(words)[1] for words in (event.text, event.command or "") if words)
            if found:
                yield Finding(
                    Sort.SECRET, event.id, f"turn {event.turn} of session {session}",
                    f"a rule of redaction knows {found} secrets in it that were stored before there was this rule",
                    (Evidence(session, event.turn, event.text[:200]),),
                    "change the secret where it is used, then `memsrv forget --erase --words SECRET`",
                )  # fmt: skip

    def memories(self, every: Sequence[Memory], live: Iterable[Memory]) -> Iterator[Finding]:
        for memory in every:
            words = (memory.text, *(quote.quote for quote in memory.evidence))
            if any(self._redactor.redact(text)[1] for text in words):
                yield _of(Sort.SECRET, memory, "a rule of redaction knows a secret in it", erase=True)
        for memory in live:
            if self._is_loop(memory):
                yield _of(Sort.LOOP, memory, "all that speaks for it was said after memsrv had told the agent the same")
            elif (why := self._junk(memory)) is not None:
                yield _of(Sort.JUNK, memory, why)

    def _is_loop(self, memory: Memory) -> bool:
        return bool(memory.evidence) and all(self._says_again(quote) for quote in memory.evidence)

    def _says_again(self, quote: Evidence) -> bool:
        given = self._given.get(quote.session)
        if given is None or (event := self._event(quote)) is None:
            return False
        return event.echo or (is_repetition(event) and given.repeated(quote.turn, quote.quote) >= _REPEATED)

    def _junk(self, memory: Memory) -> str | None:
        if memory.origin == "rules" and not memory.evidence:
            return "nothing speaks for it any more: what it was read from is gone"
        if memory.evidence and not any(self._stands(quote) for quote in memory.evidence):
            return "its quotes stand in none of the turns that they were read from"
        if memory.relation is None and len(re.findall(r"\w+", memory.text)) <= _SHORT:
            return "too short to mean anything by itself"
        if memory.relation is None and memory.origin == "saved" and is_passing(memory.text):
            return "it speaks of one piece of work, a moment or a guess"
        return None

    def _stands(self, quote: Evidence) -> bool:
        event = self._event(quote)
        return event is not None and (quote.quote in event.text or quote.quote in (event.command or ""))

    def _event(self, quote: Evidence) -> Event | None:
        return next(iter(self._store.turns_around(quote.session, quote.turn, 0)), None)


def _rank(finding: Finding) -> int:
    return list(Sort).index(finding.sort)


def _alike(store: Store, project: str | None) -> Iterator[Finding]:
    for one in conflicts.conflicts(store, project):
        why = {
            "duplicate": f"says what {one.other.id} says: {one.other.text}",
            "contradiction": f"contradicts {one.other.id}, and both hold: {one.other.text}",
            "overruled": f"a person said it; {one.other.id}, which no person said, ended it: {one.other.text}",
        }[one.sort]
        yield Finding(Sort(one.sort), one.one.id, one.one.text, why, one.one.evidence + one.other.evidence, one.remedy)


def _never_recalled(live: Iterable[Memory], used: set[str], now: datetime) -> Iterator[Finding]:
    """Where agents ask at all: what was never among what they were given, though it has long been there."""
    asked: dict[str, bool] = defaultdict(bool)
    live = list(live)
    for memory in live:
        asked[memory.project] |= memory.id in used
    for memory in live:
        old = _moment(memory.valid_from)
        if asked[memory.project] and memory.id not in used and old is not None and now - old > _UNUSED:
            yield _of(Sort.NEVER_RECALLED, memory, f"no agent was given it in the {(now - old).days} days since")


def _of(sort: Sort, memory: Memory, why: str, *, erase: bool = False) -> Finding:
    remedy = f"memsrv forget {memory.id}" + (" --erase" if erase else "")
    return Finding(sort, memory.id, memory.text, why, memory.evidence, remedy)


def _redacted(finding: Finding, redactor: Redactor) -> Finding:
    def clean(text: str) -> str:
        return redactor.redact(text)[0]

    quotes = tuple(Evidence(quote.session, quote.turn, clean(quote.quote)) for quote in finding.evidence)
    return Finding(finding.sort, finding.id, clean(finding.text), clean(finding.why), quotes, finding.remedy)


def _moment(time: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(time) if time else None
    except ValueError:
        return None
