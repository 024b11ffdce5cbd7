"""A session cut into tasks: where a human asks for something new, and what follows from it until the next.

Answers, steering, corrections and reactions stay with the task that they are about. Knows no outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from memsrv.records import Event, EventType, Trust
from memsrv.trajectories.reactions import Heard, Reaction, goes_on, reaction

_WORK = (EventType.TOOL_CALL, EventType.REPLY)
_STOPPED = (EventType.INTERRUPT, EventType.REJECTION)


@dataclass(slots=True)
class Task:
    """`events` are its own; `heard` the human's messages after the first, with how each takes what was done.

    `after` is how the message that begins the next task takes this one.
    """

    opening: Event
    events: list[Event] = field(default_factory=list)
    heard: list[tuple[Event, Heard]] = field(default_factory=list)
    after: tuple[Event, Heard] | None = None
    undone: bool = False  # the human rewound the conversation to before it


def tasks(events: Sequence[Event]) -> list[Task]:
    """The tasks of one session, in their order; what happened before anybody asked for anything belongs to none."""
    found: list[Task] = []
    for main in (True, False):
        found += _cut([event for event in events if event.on_main_path is main and not event.echo], undone=not main)
    return sorted(found, key=lambda task: task.opening.turn)


def _cut(events: Sequence[Event], *, undone: bool) -> list[Task]:
    found: list[Task] = []
    worked = stopped = asked = False  # since the human last spoke
    subagent = all(event.sidechain for event in events)
    for event in events:
        spoken = _is_spoken(event, found, subagent)
        if not found:
            if spoken:
                found.append(Task(event, [event], undone=undone))
            continue
        if not spoken:
            found[-1].events.append(event)
            worked = worked or (event.type in _WORK and (subagent or not event.sidechain))
            stopped = stopped or event.type in _STOPPED
            if event.type is EventType.REPLY:
                asked = event.text.rstrip(" \n*_`)").endswith("?")
            elif event.type is EventType.TOOL_CALL:
                asked = False
            continue
        heard = reaction(event.text) if worked or stopped else Heard(Reaction.NONE)
        if not worked or stopped or _stays(event, heard, asked):
            found[-1].events.append(event)
            found[-1].heard.append((event, heard))
        else:
            found[-1].after = (event, heard)
            found.append(Task(event, [event], undone=undone))
        worked = stopped = asked = False
    return found


def _is_spoken(event: Event, found: Sequence[Task], subagent: bool) -> bool:
    if event.type is EventType.PROMPT:
        return bool(event.text.strip()) and (event.trust is Trust.HUMAN or (subagent and not found))
    if event.type is EventType.NOTE and subagent and not found:
        return bool(event.text.strip())  # what a subagent was asked for
    # `/plan the crane`: a command of the agent's own, with words; `!make` is run by the human, and asks for nothing.
    return event.type is EventType.COMMAND and event.command is None and event.text.startswith("/")


def _stays(event: Event, heard: Heard, asked: bool) -> bool:
    if event.type is EventType.COMMAND:
        return False
    if heard.reaction is Reaction.ACCEPTS:
        return not heard.more
    if heard.reaction is not Reaction.NONE:
        return True
    return goes_on(event.text, asked)
