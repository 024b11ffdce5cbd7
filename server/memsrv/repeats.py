"""How often a person had to say again what they had said in an earlier session, week by week.

It is the number that memory exists to bring down. A correction counts once for each session. The same subject and
relation with another value is a change of mind, which nobody could have remembered; it is counted apart. Knows no clock
but the turns' own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from memsrv.records import Evidence, Memory, Session
from memsrv.revision import key, plain


@dataclass(frozen=True, slots=True)
class Again:
    """A correction that was said before: what, where now, and where first."""

    memory: str
    text: str
    said: Evidence
    first: Evidence


@dataclass(frozen=True, slots=True)
class Week:
    """`said`: lasting words of people, once a session each; `repeated` of them had been said in an earlier session."""

    week: str  # ISO: 2026-W47
    sessions: int
    said: int
    repeated: int
    changed: int
    again: tuple[Again, ...] = ()

    @property
    def share(self) -> float:
        return round(self.repeated / self.said, 3) if self.said else 0.0


def weeks(
    memories: Mapping[str, Memory], said: Iterable[tuple[str, str, int, str]], sessions: Iterable[Session]
) -> list[Week]:
    """Every week in which anything happened, oldest first. `said` is (memory, session, turn, time), oldest first."""
    held: dict[str, int] = defaultdict(int)
    for session in sessions:
        if session.parent is None and (week := _week(session.ended or session.started)):
            held[week] += 1
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    again: dict[str, list[Again]] = defaultdict(list)
    first: dict[tuple[str, str], Evidence] = {}
    values: dict[tuple[str, str], str] = {}
    heard: set[tuple[str, str, str]] = set()
    for id, session_id, turn, time in said:
        memory, week = memories.get(id), _week(time)
        if memory is None or week is None:
            continue
        about = (memory.project, key(memory) or plain(memory.text))
        value = plain(memory.value or memory.text)
        if (session_id, *about) in heard:
            continue
        heard.add((session_id, *about))
        here = _quote(memory, session_id, turn)
        counts[week][0] += 1
        if about in first and values[about] == value:
            counts[week][1] += 1
            again[week].append(Again(memory.id, memory.text, here, first[about]))
        elif about in first:
            counts[week][2] += 1
            first[about] = here
        first.setdefault(about, here)
        values[about] = value
    return [
        Week(week, held[week], said=counts[week][0], repeated=counts[week][1], changed=counts[week][2],
             again=tuple(again[week]))
        for week in sorted({*held, *counts})
    ]  # fmt: skip


def _quote(memory: Memory, session: str, turn: int) -> Evidence:
    found = (quote for quote in memory.evidence if (quote.session, quote.turn) == (session, turn))
    return next(found, Evidence(session, turn, memory.text))


def _week(time: str | None) -> str | None:
    try:
        year, week, _ = datetime.fromisoformat(time or "").isocalendar()
    except ValueError:
        return None
    return f"{year}-W{week:02}"
