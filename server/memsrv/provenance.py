"""Whose words an agent saves: what a tool printed, a page or a file said is theirs, though the agent says it again.

Told by runs of words alone: said in other words it is the agent's own. Knows neither rules nor SQL.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from memsrv.records import Event, Kind, Trust
from memsrv.store import Store

_WORD = re.compile(r"\w+")
_RUN = 3  # words in a row
_FEW = 4  # fewer words are nobody's in particular
_QUOTED = 0.6  # share of the runs that stand in one turn
_LOOKED_AT = 40  # turns


@dataclass(frozen=True, slots=True)
class Source:
    """The turn that said it first."""

    session: str
    turn: int
    trust: Trust


def source(store: Store, text: str, project: str) -> Source | None:
    """Where an agent has `text` from, if that is neither itself nor a person who said as much of it."""
    runs = _runs(text)
    if len(_WORD.findall(text)) < _FEW:
        return None
    turns = [hit.event for hit in store.search_turns(text, project=project, limit=_LOOKED_AT) if hit.event]
    shares = {event.id: _share(runs, event) for event in turns if not event.echo}
    spoken = max((shares[event.id] for event in turns if event.trust is Trust.HUMAN and event.id in shares), default=0)
    quoted = [
        event
        for event in turns
        if not event.trust.trainable and shares.get(event.id, 0) >= _QUOTED and shares[event.id] > spoken
    ]
    first = min(quoted, key=lambda event: (event.time or "", event.session, event.turn), default=None)
    return Source(first.session, first.turn, first.trust) if first else None


def judge_again(store: Store, sessions: Iterable[str], when: str) -> None:
    """What agents saved before the log was read that they had it from: a preference ends, the rest is a quote."""
    for id in sessions:
        session = store.session(id)
        for memory in store.saved_by_agents(session.project, session.started or ""):
            found = source(store, memory.text, memory.project)
            if found is not None and memory.kind is Kind.SEMANTIC:
                store.retire(memory.id, when, who="rules")
            elif found is not None:
                store.distrust(memory.id, found.trust)


def _share(runs: frozenset[tuple[str, ...]], event: Event) -> float:
    return len(runs & _runs(event.text)) / len(runs) if runs else 0.0


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = [word.casefold() for word in _WORD.findall(text)]
    return frozenset(zip(*(words[start:] for start in range(_RUN)), strict=False))
