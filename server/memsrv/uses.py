"""What an agent made of the memories that it was given: which stand in an answer of ours, and how that task ended.

Read from what the agents' logs keep of memsrv's answers. Knows nothing of ranking.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from memsrv.records import Event, EventType, Outcome
from memsrv.store import Store, Use
from memsrv.trajectories import trajectories

_ID = re.compile(r"\bmem_[0-9a-f]{12}\b")


def count(store: Store, sessions: Iterable[str]) -> None:
    """Note for each of `sessions` what it was given; counted again, it replaces what was noted."""
    for session in sessions:
        if store.was_told(session):
            store.keep_uses(session, uses(store.events(session)))


def uses(events: Sequence[Event]) -> Iterator[Use]:
    """Each memory once for every task that it was given in."""
    tasks = trajectories(events)
    seen: set[tuple[str, int]] = set()
    for event in events:
        if event.echo and event.type is not EventType.TOOL_CALL:
            task = next((task for task in tasks if task.turn <= event.turn <= task.last), None)
            place = task.turn if task else event.turn
            for id in dict.fromkeys(_ID.findall(event.text)):
                if (id, place) not in seen:
                    seen.add((id, place))
                    yield Use(id, event.session, event.turn, task.outcome if task else Outcome.UNKNOWN)
