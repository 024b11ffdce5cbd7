"""Episodes as a teacher reads them: compact, with turn numbers, in passages that stay the same while a session grows.

Subagents, rewound branches, host summaries, what the harness adds and what memsrv gave are left out. Knows no teacher.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from memsrv.echo import teaches
from memsrv.layout import one_line
from memsrv.records import Episode, Event, EventType, Outcome, Trust

#: Characters of each kind of turn that are shown; who wants more must say it shorter.
_SHOWN = {EventType.PROMPT: 3_000, EventType.REPLY: 800, EventType.TOOL_RESULT: 300}
_SHOWN_OTHERWISE = 600

#: Nobody's words: the host's own summaries, and what the harness puts in.
_NOT_SHOWN = (EventType.SUMMARY, EventType.COMPACTION, EventType.NOTE, EventType.INTERRUPT)


@dataclass(frozen=True, slots=True)
class Passage:
    """Turns that are read at once. Only what stands in `turns` can be evidence."""

    text: str
    turns: tuple[Event, ...]

    @property
    def fence(self) -> str:
        """A word that the text cannot hold, for it is made of the text: nothing in there can end the quotation."""
        return "log-" + hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:12]


def passages(episode: Episode, most_bytes: int) -> Iterator[Passage]:
    """`episode` in passages of at most `most_bytes`; a single turn is cut to what fits."""
    lines: list[str] = []
    turns: list[Event] = []
    size = 0
    for event in episode.steps:
        line = _line(event)
        if line is None:
            continue
        line = line.encode("utf-8", "replace")[: most_bytes - 1].decode("utf-8", "ignore")
        length = len(line.encode()) + 1
        if lines and size + length > most_bytes:
            yield Passage("\n".join(lines), tuple(turns))
            lines, turns, size = [], [], 0
        lines.append(line)
        turns.append(event)
        size += length
    if lines:
        yield Passage("\n".join(lines), tuple(turns))


def _line(event: Event) -> str | None:
    if event.sidechain or not event.on_main_path or not teaches(event) or event.type in _NOT_SHOWN:
        return None
    who, words = _said(event)
    if not words.strip():
        return None
    most = _SHOWN.get(event.type, _SHOWN_OTHERWISE)
    return f"[{event.turn}] {who}: {words if len(words) <= most else words[:most] + ' …'}"


def _said(event: Event) -> tuple[str, str]:
    if event.type is EventType.PROMPT:
        return "user", event.text
    if event.type is EventType.REPLY:
        return "assistant", event.text
    if event.type is EventType.REJECTION:
        return "user, refusing", event.text
    if event.type is EventType.COMMAND:
        return "user ran", event.command or event.text
    if event.type is EventType.TOOL_CALL:
        return "ran", event.command or ""
    if event.trust is Trust.HUMAN:
        return "user, answering", event.text
    ended = [str(event.outcome)] if event.outcome is not Outcome.UNKNOWN else []
    ended += [f"exit {event.exit_code}"] if event.exit_code else []
    return " ".join(["output", *(f"({part})" for part in ended)]), one_line(event.text) if event.text else ""
