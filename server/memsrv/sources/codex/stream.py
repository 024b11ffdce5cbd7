"""What `codex exec --json` prints, kept by whoever ran it: one thread's items, without prompts, times and folder."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, endings
from memsrv.sources.codex import threads, tools
from memsrv.sources.codex.results import exited
from memsrv.sources.fields import content_text, mapping, name, plain, records, string
from memsrv.sources.marks import digest

LINES = frozenset(
    {
        "thread.started",
        "turn.started",
        "turn.completed",
        "turn.failed",
        "item.started",
        "item.updated",
        "item.completed",
        "error",
    }
)
_ITEMS = frozenset(
    {
        "agent_message",
        "reasoning",
        "command_execution",
        "file_change",
        "mcp_tool_call",
        "collab_tool_call",
        "web_search",
        "todo_list",
        "error",
    }
)
_OUTCOMES = {"completed": Outcome.SUCCESS, "failed": Outcome.FAILURE, "declined": Outcome.REJECTED}


def is_line(record: Mapping[str, Any]) -> bool:
    """Whether this is a line of such a stream: its first names the thread."""
    return record.get("type") == "thread.started" and "thread_id" in record


class StreamReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._session = threads.thread_of(path)
        self._facts = LogFacts(**state.get("facts", {}))
        self._thread: str = state.get("thread", "")
        self._turns: int = state.get("turns", 0)
        self._begun: list[str] = list(state.get("begun", []))  # items whose call was told when it started
        self._head: str | None = state.get("head")
        self._unknown: Counter[str] = Counter(state.get("unknown", {}))

    @property
    def facts(self) -> LogFacts:
        return self._facts

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        return {self._session: self._facts}

    @property
    def unknown(self) -> Mapping[str, int]:
        return dict(self._unknown)

    @property
    def state(self) -> dict[str, Any]:
        return {
            "facts": asdict(self._facts),
            "thread": self._thread,
            "turns": self._turns,
            "begun": self._begun[-256:],
            "head": self._head,
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        return [event for record in records(line) for event in self._record(record)]

    def _record(self, record: Mapping[str, Any]) -> Iterator[Event]:
        kind, item = record.get("type"), mapping(record.get("item"))
        if not isinstance(kind, str) or kind not in LINES:
            self._unknown[f"type:{name(kind)}"] += 1
        elif kind == "thread.started":
            self._thread = string(record.get("thread_id")) or ""
        elif kind == "turn.started":
            self._turns += 1
            self._begun = []
        elif kind == "turn.completed":
            count = mapping(record.get("usage")).get("output_tokens")
            if type(count) is int and 0 < count < 2**40:
                yield replace(self._event(EventType.NOTE, Trust.COMMAND, kind, ""), tokens=count, grounds=kind)
        elif kind.startswith("item."):
            yield from self._item(item, kind.removeprefix("item."))

    def _item(self, item: Mapping[str, Any], stage: str) -> Iterator[Event]:
        kind, id = item.get("type", item.get("item_type")), string(item.get("id")) or ""
        if not isinstance(kind, str) or kind not in _ITEMS:
            self._unknown[f"item:{name(kind)}"] += 1
            return
        if kind == "agent_message" and stage == "completed":
            text = plain(string(item.get("text")) or "")
            if text.strip():
                yield self._event(EventType.REPLY, Trust.ASSISTANT, id, text)
            return
        made = _call(kind, item)
        if made is None or stage == "updated":
            return
        call = f"{self._turns}:{id}"
        if call not in self._begun:
            self._begun.append(call)
            event = self._event(EventType.TOOL_CALL, made.trust, id, plain(made.text))
            yield replace(event, tool=made.tool, call=call, command=made.command, paths=made.paths)
        if stage == "completed":
            yield self._result(item, made, call, id)

    def _result(self, item: Mapping[str, Any], made: tools.Call, call: str, id: str) -> Event:
        status, code = string(item.get("status")), item.get("exit_code")
        error = string(mapping(item.get("error")).get("message"))
        given = item.get("aggregated_output") or error or content_text(mapping(item.get("result")).get("content"))
        text = plain(given if isinstance(given, str) else "")
        outcome = _OUTCOMES.get(status or "", Outcome.UNKNOWN)
        event = self._event(EventType.TOOL_RESULT, tools.result_trust(made.tool), f"{id} result", text)
        event = replace(event, tool=made.tool, call=call)
        if outcome is Outcome.REJECTED:
            return replace(
                event,
                type=EventType.REJECTION,
                trust=Trust.HUMAN,
                text="",
                outcome=outcome,
                grounds=f"status: {status}",
            )
        if type(code) is int:
            ended = exited(text, code, endings.asks(made.command or ""))
            return replace(event, outcome=ended.outcome, grounds=ended.grounds, exit_code=code, error=ended.error)
        return replace(
            event,
            outcome=outcome,
            grounds=f"status: {status}" if outcome is not Outcome.UNKNOWN else None,
            error=endings.error_class(text) if outcome is Outcome.FAILURE else None,
        )

    def _event(self, type: EventType, trust: Trust, item: str, text: str) -> Event:
        id = digest(self._thread or self._session, self._turns, str(type), item, text)
        event = Event(id, self._session, type, trust, text, parent=self._head)
        self._head = id
        return event


def _call(kind: str, item: Mapping[str, Any]) -> tools.Call | None:
    if kind == "command_execution":
        return tools.Call("", "shell", Trust.COMMAND, command=tools.command_line(item.get("command")))
    if kind == "file_change":
        changes = item.get("changes")
        paths = tuple(
            str(change["path"])
            for change in (changes if isinstance(changes, list) else [])
            if isinstance(change, Mapping) and string(change.get("path"))
        )
        return tools.Call(" ".join(paths), "apply_patch", paths=paths)
    if kind in ("mcp_tool_call", "collab_tool_call"):
        tool = "__".join(filter(None, (string(item.get("server")), string(item.get("tool"))))) or "?"
        return replace(tools.function_call(tool, item.get("arguments", {})), tool=tool[:100])
    if kind == "web_search":
        return tools.Call(string(item.get("query")) or "", "web_search")
    return None
