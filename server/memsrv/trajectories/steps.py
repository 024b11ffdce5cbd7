"""What the agent did for a task, a step for each call: joined to its result, and judged by it. Stores nothing."""

from collections.abc import Mapping, Sequence

from memsrv.layout import one_line
from memsrv.lenses.runs import judged
from memsrv.records import Event, EventType, Outcome, Step

_SHOWN = 240  # characters of a result


def results(events: Sequence[Event]) -> dict[str, Event]:
    """By call: its result, or how it was refused."""
    found: dict[str, Event] = {}
    for event in events:
        if event.call and event.type in (EventType.TOOL_RESULT, EventType.REJECTION):
            found.setdefault(event.call, event)
    return found


def steps(events: Sequence[Event], ended: Mapping[str, Event]) -> list[Step]:
    """Each call among `events`, the human's own commands included; `ended` are the results of the whole session."""
    found = []
    for place, event in enumerate(events):
        if event.type is EventType.TOOL_CALL:
            found.append(_step(event, ended.get(event.call or "")))
        elif event.type is EventType.COMMAND and event.command:
            following = events[place + 1] if place + 1 < len(events) else None
            printed = following is not None and following.type is EventType.TOOL_RESULT and not following.call
            found.append(_step(event, following if printed else event))
    return found


def _step(call: Event, result: Event | None) -> Step:
    outcome, grounds = (Outcome.UNKNOWN, None) if result is None else judged(call.command, result)
    if result is not None and result.type is EventType.REJECTION:
        outcome, grounds = Outcome.REJECTED, result.grounds or "user rejected"
    return Step(
        call.turn,
        call.time,
        call.cwd,
        call.branch,
        call.tool,
        call.command,
        call.paths,
        call.edits,
        _brief(result.text) if result is not None and result is not call else "",
        outcome,
        grounds,
    )


def _brief(text: str) -> str:
    """The beginning and the end: what ran, and how it ended."""
    line = one_line(text[: _SHOWN * 4] + " " + text[-_SHOWN * 4 :] if len(text) > _SHOWN * 8 else text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN // 3]} … {line[-_SHOWN * 2 // 3 :]}"
