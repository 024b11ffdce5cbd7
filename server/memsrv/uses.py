"""What an agent made of the memories that it was given: which it took up, and how that task ended.

Taken up is what it opened, named by id, or went by: the value that the memory says stands in what it then said or ran.
Read from what the agents' logs keep of memsrv's answers. Knows nothing of ranking.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from memsrv.records import Event, EventType, Outcome, Trajectory
from memsrv.store import Store, Use
from memsrv.trajectories import trajectories

_ID = re.compile(r"\bmem_[0-9a-f]{12}\b")
#: What opens a record, under any host's naming, by its address or on the command line.
_OPENS = re.compile(r"memory_open|memory://record/|\bmemsrv\s+show\b")
_SHORT = 3  # characters; a value of fewer stands in anything
_TOLD = (EventType.REPLY, EventType.TOOL_CALL)


def count(store: Store, sessions: Iterable[str]) -> None:
    """Note for each of `sessions` what it was given; counted again, it replaces what was noted."""
    for session in sessions:
        if store.was_told(session):
            events = store.events(session)
            given = store.memories_called(sorted({id for event in events if _gives(event) for id in _ids(event)}))
            # Who names what is to be avoided may be doing it.
            values = {memory.id: memory.value or "" for memory in given if memory.relation != "avoid"}
            store.keep_uses(session, uses(events, values))


def uses(events: Sequence[Event], values: Mapping[str, str] | None = None) -> Iterator[Use]:
    """Each memory once for every task that it was given in. `values` has what the point of each is, where known."""
    tasks = trajectories(events)
    seen: set[tuple[str, int]] = set()
    for event in events:
        if not _gives(event):
            continue
        task = next((task for task in tasks if task.turn <= event.turn <= task.last), None)
        place = task.turn if task else event.turn
        for id in _ids(event):
            if (id, place) not in seen:
                seen.add((id, place))
                taken = _is_taken(id, (values or {}).get(id, ""), _of(task, events, event), event.turn)
                yield Use(id, event.session, event.turn, task.outcome if task else Outcome.UNKNOWN, taken)


def _gives(event: Event) -> bool:
    return event.echo and event.type is not EventType.TOOL_CALL


def _ids(event: Event) -> Iterable[str]:
    return dict.fromkeys(_ID.findall(event.text))


def _of(task: Trajectory | None, events: Sequence[Event], given: Event) -> Sequence[Event]:
    """All that was done in `task`; without one, the call that was answered and what followed."""
    if task is not None:
        return [event for event in events if task.turn <= event.turn <= task.last]
    return [event for event in events if event.turn > given.turn or (event.call and event.call == given.call)]


def _is_taken(id: str, value: str, done: Iterable[Event], given: int) -> bool:
    """Whether the agent opened it, or, once it was `given`, named it or went by its `value`."""
    says = re.compile(rf"(?i)(?<!\w){re.escape(value)}(?!\w)") if len(value) >= _SHORT else None
    for event in done:
        words = f"{event.tool or ''} {event.command or ''} {event.text}"
        if event.echo:
            if event.type is EventType.TOOL_CALL and id in words and _OPENS.search(words):
                return True
        elif event.turn > given and event.type in _TOLD and (id in words or (says and says.search(words))):
            return True
    return False
