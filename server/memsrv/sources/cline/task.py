"""A task's documents as one session. Knows which files there are; what messages mean is `messages.py`."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memsrv.sources import LogFacts, Lost, Snapshot, UnreadableLineError
from memsrv.sources.calls import path_of
from memsrv.sources.cline.lines import line_events
from memsrv.sources.cline.messages import Messages
from memsrv.sources.cline.shown import Shown, about, shown
from memsrv.sources.fields import document, instant, mapping, string
from memsrv.sources.marks import beside, digest, mark

_SHOWN = ("ui_messages.json", "claude_messages.json")


class Task:
    def __init__(self, log: Path) -> None:
        self._log = log

    def snapshots(self, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        content = self._log.read_bytes()
        messages, lines = self._messages(content)
        seed = digest(_first(messages) if messages else _first(lines.lines))
        task = self._session(seed)
        session = f"shown-{task}" if self._log.name in _SHOWN else task  # the log itself may still come
        metadata, item = beside(self._metadata()), beside(self._log.with_name("history_item.json"))
        changed = mark([content, self._shown_bytes(), metadata, item])
        if marks.get(session) == changed:
            return
        told, history = about(metadata), about(item)
        cwd = path_of(history.get("workspace")) or path_of(history.get("cwdOnTaskInitialization"))
        native = any(_calls(message) for message in messages)
        reading = Messages(seed, session, cwd, lines, native=native)
        lost: list[Lost] = []
        # Some writers keep messages in the API's form among the shown ones.
        roles = [line for line in lines.lines if "role" in line]
        for message in roles:
            reading.add(-1, message)
        for place, message in enumerate(messages):
            if isinstance(message, Mapping):
                reading.add(place, message)
            else:
                lost.append(Lost(place, f"a JSON {type(message).__name__}, not an object"))
        events, unknown = tuple(reading.events), Counter(reading.unknown)
        if not messages and _answered(lines.lines):
            from_lines = line_events(seed, session, lines.lines)
            events, unknown = (*events, *from_lines.events), unknown + from_lines.unknown
        facts = replace(_facts(reading, lines, told, history), original=task if task != session else None)
        yield Snapshot(session, changed, facts, events, dict(unknown), tuple(lost))

    def _messages(self, content: bytes) -> tuple[list[Any], Shown]:
        """The log's messages, and what its user was shown."""
        whole = document(content)
        if isinstance(whole, Mapping):
            whole = whole.get("messages")
        if not isinstance(whole, list):
            raise UnreadableLineError("not a task of Cline: no list of messages")
        if self._log.name in _SHOWN:
            return [], shown(content)
        return whole, shown(self._shown_bytes())

    def _shown_bytes(self) -> bytes:
        if self._log.name != "api_conversation_history.json":
            return b""
        return next((found for found in (beside(self._log.with_name(name)) for name in _SHOWN) if found), b"")

    def _metadata(self) -> Path:
        if self._log.name in ("api_conversation_history.json", *_SHOWN):
            return self._log.with_name("task_metadata.json")
        return self._log.with_name(f"{self._log.stem}_metadata{self._log.suffix}")

    def _session(self, seed: str) -> str:
        """The task's id, which is its folder's name; a log that was taken out of its folder is named after itself."""
        if self._log.name in ("api_conversation_history.json", *_SHOWN) and self._log.parent.parent.name == "tasks":
            return self._log.parent.name
        return f"task-{seed[:16]}"


def _first(messages: Any) -> Any:
    first = next((message for message in messages if isinstance(message, Mapping)), None)
    return None if first is None else [first.get(key) for key in ("role", "type", "content", "text", "ts", "timestamp")]


def _calls(message: Any) -> bool:
    content = mapping(message).get("content")
    kinds = [mapping(block).get("type") for block in content] if isinstance(content, list) else []
    return "tool_use" in kinds or "tool-call" in kinds


def _answered(lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the model has answered: by then the log itself would be there, if this agent still wrote one."""
    said = [line.get("say") or line.get("ask") for line in lines]
    asked = said.index("api_req_started") if "api_req_started" in said else len(said)
    return any(kind in ("text", "completion_result", "tool", "command", "followup") for kind in said[asked:])


def _facts(reading: Messages, lines: Shown, told: Mapping[str, Any], history: Mapping[str, Any]) -> LogFacts:
    times = sorted([*reading.times, *(time for line in lines.lines for time in (instant(line.get("ts")),) if time)])
    environments = told.get("environment_history")
    last = mapping(environments[-1]) if isinstance(environments, list) and environments else {}
    title = string(history.get("title")) or string(told.get("title")) or reading.title
    return LogFacts(
        cwd=reading.cwd or _asked_in(lines),
        title=" ".join(title.split())[:200] if title else None,
        started=times[0] if times else None,
        ended=times[-1] if times else None,
        version=string(last.get("cline_version")),
        parent=string(history.get("parentTaskId")),
    )


def _asked_in(lines: Shown) -> str | None:
    """The folder that the first request told the model of."""
    for line in lines.lines:
        if line.get("say") == "api_req_started":
            try:
                request = mapping(json.loads(string(line.get("text")) or "{}")).get("request")
            except (ValueError, RecursionError):
                continue
            found = string(request) or ""
            _, _, after = found.partition("# Current Working Directory (")
            if after:
                return after.partition(") Files")[0] or None
    return None
