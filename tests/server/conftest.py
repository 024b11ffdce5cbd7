"""Sessions told in a few lines: what a human said, what ran and how it ended, what was edited; in a real store."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memsrv.records import Event, EventType, Outcome, Session, Trust
from memsrv.store import FileState, Store


class Talk:
    """One session, written a step at a time; a minute passes with each."""

    def __init__(self, name: str = "talk", project: str = "demo", started: str = "2026-11-02T09:00:00") -> None:
        self.name, self.project, self.events = name, project, list[Event]()
        self._clock = datetime.fromisoformat(started).replace(tzinfo=UTC)

    def _add(self, type: EventType, trust: Trust, text: str = "", **rest: object) -> Event:
        self._clock += timedelta(minutes=1)
        turn = len(self.events)
        time = self._clock.strftime("%Y-%m-%dT%H:%M:%SZ")
        event = Event(f"{self.name}:{turn}", self.name, type, trust, text, time=time, turn=turn)
        self.events.append(replace(event, **rest))  # type: ignore[arg-type]
        return self.events[-1]

    def says(self, text: str) -> "Talk":
        self._add(EventType.PROMPT, Trust.HUMAN, text)
        return self

    def replies(self, text: str = "Done.") -> "Talk":
        self._add(EventType.REPLY, Trust.ASSISTANT, text)
        return self

    def runs(self, command: str, output: str = "", exit_code: int = 0, error: str | None = None) -> "Talk":
        call = f"call-{self.name}-{len(self.events)}"
        self._add(EventType.TOOL_CALL, Trust.COMMAND, tool="Bash", call=call, command=command)
        ended = Outcome.FAILURE if exit_code else Outcome.SUCCESS
        self._add(
            EventType.TOOL_RESULT,
            Trust.TOOL,
            output,
            tool="Bash",
            call=call,
            outcome=ended,
            exit_code=exit_code,
            error=error,
        )
        return self

    def edits(self, path: str, old: str, new: str) -> "Talk":
        call = f"call-{self.name}-{len(self.events)}"
        self._add(
            EventType.TOOL_CALL, Trust.ASSISTANT, path, tool="Edit", call=call, paths=(path,), edits=((path, old, new),)
        )
        self._add(EventType.TOOL_RESULT, Trust.TOOL, tool="Edit", call=call, outcome=Outcome.SUCCESS)
        return self

    def refuses(self, command: str, words: str) -> "Talk":
        call = f"call-{self.name}-{len(self.events)}"
        self._add(EventType.TOOL_CALL, Trust.COMMAND, tool="Bash", call=call, command=command)
        self._add(EventType.REJECTION, Trust.HUMAN, words, tool="Bash", call=call, outcome=Outcome.REJECTED)
        return self

    def hears(self, type: EventType, trust: Trust, text: str, **rest: object) -> "Talk":
        """Anything else that a log may hold: a summary, a tool's output, a file."""
        self._add(type, trust, text, **rest)
        return self

    def into(self, store: Store) -> "Talk":
        """Append the session to `store`, as its source would."""
        times = [event.time for event in self.events]
        session = Session(
            self.name, "claude-code", self.project, f"/logs/{self.name}.jsonl", started=times[0], ended=times[-1]
        )
        file = FileState(
            f"/logs/{self.name}.jsonl", "claude-code", self.name, 1, abs(hash(self.name)) % 10**9, "0", 1, offset=1
        )
        store.append(file, session, self.events)
        return self


@pytest.fixture
def talk() -> Callable[..., Talk]:
    return Talk


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "memsrv.db")
    yield opened
    opened.close()
