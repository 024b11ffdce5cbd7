"""One record opened: its words whole, its evidence, what superseded what, the turns around it."""

import re
from dataclasses import dataclass, replace

from memsrv.errors import NotFound
from memsrv.principles import Principle
from memsrv.recall.results import words_of
from memsrv.records import Event, Evidence, Memory, Session, Trajectory
from memsrv.store import Change, Counters, Store
from memsrv.titles import titled
from memsrv.trajectories import trajectories


@dataclass(frozen=True, slots=True)
class Shown:
    """A record opened: its evidence word for word, its supersession chain oldest first, the turns around it.

    Of a memory also what became of it, and how the tasks ended that it was given in; of a session its first and last
    turns, and the tasks that it falls into. Of a principle the tries that bear it out.
    """

    id: str
    kind: str
    text: str
    record: Memory | Event | Session | Principle
    evidence: tuple[Evidence, ...]
    chain: tuple[Memory, ...]
    turns: tuple[Event, ...]
    trajectories: tuple[Trajectory, ...] = ()
    changes: tuple[Change, ...] = ()
    counters: Counters | None = None


def show(store: Store, id: str, *, around: int = 2) -> Shown:
    """The memory, event or session called `id`, or a session's turn, `SESSION:t12`. NotFound where there is none."""
    if id.startswith("mem_"):
        memory = store.memory(id)
        chain = tuple(store.memory_chain(id))
        first = memory.evidence[0] if memory.evidence else None
        turns = store.turns_around(first.session, first.turn, around) if first else []
        became, given = tuple(store.changes([id])), store.counters().get(id)
        return Shown(id, memory.kind, memory.text, memory, memory.evidence, chain, tuple(turns), (), became, given)
    try:
        event = _event(store, id)
    except NotFound:
        (session,) = titled(store, [store.session(id)])
        events = store.events(id)
        ends = events if len(events) <= 2 * around + 1 else events[: around + 1] + events[len(events) - around :]
        return Shown(id, "session", session.title or id, session, (), (), tuple(ends), trajectories(events))
    turns = store.turns_around(event.session, event.turn, around)
    if (whole := store.whole_event(event.session, event.turn)) is not None:  # a turn keeps a long text cut
        event = replace(event, text=whole.text, edits=whole.edits)
    return Shown(id, "turn", words_of(event), event, (), (), tuple(turns))


_TURN = re.compile(r"(.+):t(\d{1,9})")


def _event(store: Store, id: str) -> Event:
    try:
        return store.event_by_id(id)
    except NotFound:
        if (place := _TURN.fullmatch(id)) is None:
            raise
        return store.event(place[1], int(place[2]))
