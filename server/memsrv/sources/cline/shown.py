"""`ui_messages.json`: what Cline showed its user, each line with its time. Knows nothing of the API's messages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from memsrv.sources import UnreadableLineError
from memsrv.sources.fields import document, instant, mapping, string


@dataclass(frozen=True, slots=True)
class Shown:
    """What can be told from it about the messages of the log beside it."""

    lines: Sequence[Mapping[str, Any]] = ()
    heard: frozenset[str] = frozenset()  # what the user typed, word for word
    first: Mapping[int, str] = field(default_factory=dict)  # messages in the log then → the first line's time
    last: Mapping[int, str] = field(default_factory=dict)  # … → the last line's time

    def time(self, message: int, *, human: bool) -> str | None:
        """When the log's message number `message` was written: a reply as it began, a user's turn as it ended."""
        return (self.last if human else self.first).get(message - 1)


def shown(content: bytes) -> Shown:
    """What `content` tells; nothing where it is no list, or only half written."""
    try:
        lines = [line for line in document(content) if isinstance(line, Mapping)] if content else []
    except (UnreadableLineError, TypeError):
        return Shown()
    first: dict[int, str] = {}
    last: dict[int, str] = {}
    for line in lines:
        index, time = line.get("conversationHistoryIndex"), instant(line.get("ts"))
        if isinstance(index, int) and time is not None:
            first.setdefault(index, time)
            last[index] = time
    heard = frozenset(text.strip() for text in _typed(lines))
    return Shown(lines, heard, first, last)


def _typed(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for line in lines:
        if line.get("type") == "say" and line.get("say") in ("user_feedback", "task"):
            yield string(line.get("text")) or ""


def span(lines: Sequence[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """The first and the last time."""
    times = [time for line in lines for time in (instant(line.get("ts") or line.get("timestamp")),) if time]
    return min(times, default=None), max(times, default=None)


def about(content: bytes) -> Mapping[str, Any]:
    """A companion that holds one object; an empty one where it does not."""
    try:
        return mapping(document(content)) if content else {}
    except UnreadableLineError:
        return {}
