"""What the agent did for a task, a step for each call: joined to its result, and judged by it. Stores nothing."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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


class Taken(NamedTuple):
    """A step and the event that tells how it ended."""

    step: Step
    result: Event | None

    @property
    def changes(self) -> bool:
        """Whether it changed files: some logs name the file, and not what was changed in it."""
        if self.step.outcome in (Outcome.FAILURE, Outcome.REJECTED):
            return False
        return bool(self.step.edits) or (bool(self.step.paths) and _EDITOR.search(self.step.tool or "") is not None)


_EDITOR = re.compile(r"(?i)edit|write|patch|replace|create_?file|insert|^(?:diff|whole|udiff)$")
_SLASH = re.compile(r"/[a-z-]+(?:\s|$)")


def taken(events: Sequence[Event], ended: Mapping[str, Event]) -> list[Taken]:
    """Each step among `events`, the human's own commands and the harness' own checks included.

    `ended` are the results of the whole session, by call.
    """
    found: list[Taken] = []
    joined: set[str] = set()  # results without a call that belong to the command before them
    for place, event in enumerate(events):
        if event.type is EventType.TOOL_CALL:
            found.append(_step(event, ended.get(event.call or "")))
        elif event.type is EventType.COMMAND and event.command:
            following = events[place + 1] if place + 1 < len(events) else None
            result = ended.get(event.call) if event.call else None
            if result is None and following is not None and following.type is EventType.TOOL_RESULT:
                result = following if not following.call else None
                joined.add(following.id)
            if undoes(event.command) or commits(event.command) or not _SLASH.match(event.command):
                found.append(_step(event, result or event))
        elif event.type is EventType.TOOL_RESULT and not event.call and event.tool and event.id not in joined:
            found.append(_step(event, event))  # the harness ran it unasked: a linter after an edit
    return found


def undoes(command: str) -> bool:
    """Whether `command` is an agent's own way to take back its last change."""
    return re.match(r"/(?:undo|rewind|restore|revert)\b", command) is not None


def commits(command: str) -> bool:
    """Whether `command` is an agent's own way to commit."""
    return re.match(r"/com(?:mit)?\b", command) is not None


def _step(call: Event, result: Event | None) -> Taken:
    outcome, grounds = (Outcome.UNKNOWN, None) if result is None else judged(call.command, result)
    if result is not None and result.type is EventType.REJECTION:
        outcome, grounds = Outcome.REJECTED, result.grounds or "user rejected"
    printed = result is not None and result.type is not EventType.COMMAND
    step = Step(
        call.turn,
        call.time,
        call.cwd,
        call.branch,
        call.tool,
        call.command,
        call.paths,
        call.edits,
        _brief(result.text) if result is not None and printed else "",
        outcome,
        grounds,
    )
    return Taken(step, result if printed else None)


def _brief(text: str) -> str:
    """The beginning and the end: what ran, and how it ended."""
    line = one_line(text[: _SHOWN * 4] + " " + text[-_SHOWN * 4 :] if len(text) > _SHOWN * 8 else text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN // 3]} … {line[-_SHOWN * 2 // 3 :]}"
