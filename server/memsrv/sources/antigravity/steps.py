"""The steps of an Antigravity transcript to Events: what the human asked, the model said, and its tools gave back.

A call has no id: the steps behind a response of the model answer its calls, in their order. Knows no files.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, calls, endings
from memsrv.sources.antigravity import tools
from memsrv.sources.fields import instant, mapping, name, plain, records, string
from memsrv.sources.marks import digest

#: What the harness tells the model.
_HARNESS = frozenset(
    ("CONVERSATION_HISTORY", "EPHEMERAL_MESSAGE", "SYSTEM_MESSAGE", "KNOWLEDGE_ARTIFACTS", "TASK_BOUNDARY")
)
_UNFINISHED = frozenset(("PENDING", "RUNNING", "GENERATING", "WAITING", "QUEUED"))
_REQUEST = re.compile(r"<USER_REQUEST>\s*(.*?)\s*</USER_REQUEST>", re.DOTALL)
_ADDED = re.compile(r"<(ADDITIONAL_METADATA|USER_SETTINGS_CHANGE|EPHEMERAL_MESSAGE)>.*?(?:</\1>|\Z)", re.DOTALL)
_MODEL = re.compile(r"setting `Model Selection` from .{0,100}? to ([^\n]{1,80}?)\. ")
_PATH = re.compile(r"File Path: `([^`\n]+)`")
_TYPE = re.compile(r"[A-Z][A-Z_]{2,50}")


class Steps:
    """A conversation's steps: what the human asked, what the model said, and what each of its tools gave back."""

    def __init__(self, *, session: str, placed: bool, state: Mapping[str, Any]) -> None:
        self._session: str = state.get("session", session)
        self._placed = placed  # its folder names the conversation; elsewhere its first step does
        self._facts = LogFacts(**state.get("facts", {}))
        self._model: str | None = state.get("model")
        self._place: int = state.get("place", 0)
        self._waiting: list[list[Any]] = [list(call) for call in state.get("waiting", [])]  # calls: [id, tool, asking]
        self._running: dict[str, list[Any]] = dict(state.get("running", {}))  # step → the call that it answers
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
            "session": self._session,
            "facts": asdict(self._facts),
            "model": self._model,
            "place": self._place,
            "waiting": self._waiting[-64:],
            "running": dict(list(self._running.items())[-64:]),
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        return [event for record in records(line.replace(b"\x00", b"")) for event in self._step(record)]

    def _step(self, record: Mapping[str, Any]) -> list[Event]:
        if not self._place and not self._placed:
            self._session = digest(record.get("created_at"), record.get("content"))
        self._place += 1
        time, index = instant(record.get("created_at")), record.get("step_index")
        if string(record.get("status")) in _UNFINISHED:  # written again when it is done
            if record.get("type") != "PLANNER_RESPONSE" and str(index) not in self._running and self._waiting:
                self._running[str(index)] = self._waiting.pop(0)
            return []
        if time:
            self._facts = replace(self._facts, started=self._facts.started or time, ended=time)
        step = index if isinstance(index, int) and not isinstance(index, bool) else f"line{self._place}"
        id = f"{self._session}#{step}"
        blank = Event(
            id=id,
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=time,
            sidechain=self._facts.parent is not None,
        )
        return [
            event if not part else replace(event, id=f"{id}.{part}", parent=id)
            for part, event in enumerate(self._events(record, blank))
        ]

    def _events(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        kind, source = str(record.get("type")), record.get("source")
        text = plain(string(record.get("content")) or "")
        if kind == "USER_INPUT":
            yield from self._asked(text, blank)
        elif kind == "PLANNER_RESPONSE":
            self._waiting = []  # whatever the response before it asked for was never answered
            tokens = _count(record.get("output_tokens"))
            if text.strip():
                said = replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text.strip())
                yield replace(said, model=self._model, tokens=tokens)
                tokens = None
            for call in self._calls(record, blank):
                yield replace(call, tokens=tokens)
                tokens = None
        elif kind == "CHECKPOINT":
            cut = replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text="checkpoint")
            yield from (cut, replace(blank, type=EventType.SUMMARY, text=text)) if text.strip() else (cut,)
        elif kind == "TOOL_RESPONSE":
            yield self._given(kind, text, record, blank)
        elif source == "SYSTEM" or kind in _HARNESS:
            if kind not in _HARNESS:
                self._unknown[f"type:{name(kind)}"] += 1
        elif _TYPE.fullmatch(kind) and source == "MODEL":
            yield from self._calls(record, blank)
            yield self._given(kind, text, record, blank)
        else:
            self._unknown[f"type:{name(kind)}"] += 1

    def _asked(self, text: str, blank: Event) -> Iterator[Event]:
        chosen = _MODEL.search(text)
        self._model = chosen[1] if chosen else self._model
        request = _REQUEST.search(text)
        words = request[1] if request else _ADDED.sub("", text).strip()
        if words:
            self._facts = replace(self._facts, title=self._facts.title or " ".join(words.split())[:200])
            yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=words)

    def _calls(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        given = record.get("tool_calls")
        for number, item in enumerate(given if isinstance(given, list) else []):
            call = mapping(item)
            tool = (string(call.get("name")) or "?")[:100]
            arguments = mapping(call.get("arguments")) or mapping(call.get("args"))
            made = tools.call(tool, arguments)
            cwd = (string(arguments.get("Cwd")) or "").strip('"')
            if cwd:
                self._facts = replace(self._facts, cwd=self._facts.cwd or cwd)
            id = string(call.get("id")) or f"{blank.id}:{number}"
            self._waiting.append([id, tool, endings.asks(made.command or "")])
            yield replace(
                blank,
                type=EventType.TOOL_CALL,
                trust=tools.call_trust(tool),
                text=plain(made.text),
                tool=tool,
                call=id,
                command=plain(made.command) if made.command else None,
                paths=made.paths,
                edits=tuple((path, plain(old), plain(new)) for path, old, new in made.edits),
                spans=made.spans,
                cwd=cwd or None,
                model=self._model,
            )

    def _given(self, kind: str, text: str, record: Mapping[str, Any], blank: Event) -> Event:
        running = self._running.pop(str(record.get("step_index")), None)
        unasked: list[Any] = [None, kind.lower(), False]
        call, tool, asking = running or (self._waiting.pop(0) if self._waiting else unasked)
        path = _PATH.search(text[:1000])
        named = calls.path_of(path[1]) if path else None
        ended = tools.ending(tool, record.get("status"), text, asking=asking)
        event = replace(blank, tool=tool, call=call, outcome=ended.outcome, grounds=ended.grounds)
        if ended.outcome is Outcome.REJECTED:
            return replace(event, type=EventType.REJECTION, trust=Trust.HUMAN)
        return replace(
            event,
            type=EventType.TOOL_RESULT,
            trust=tools.result_trust(tool, kind),
            text=ended.text,
            paths=(named,) if named else (),
            exit_code=ended.exit_code,
            error=ended.error,
        )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**40 else None
