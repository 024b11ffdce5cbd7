"""Codex's rollouts to Events, line by line: what a thread is, its items, and what its screen showed.

Words, calls and the place of an event are told by `words.py`, `calls.py` and `chain.py`. Turns that were rolled back
are left by the parent chain: a note of it, and the next event, hang on what stood before.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memsrv.records import REWOUND, Event, EventType, Trust
from memsrv.sources import LogFacts
from memsrv.sources.codex import drift, threads
from memsrv.sources.codex.calls import Calls, Told
from memsrv.sources.codex.chain import Chain
from memsrv.sources.codex.words import Words
from memsrv.sources.fields import content_text, instant, mapping, plain, records, string

#: What may carry the tokens of a response; behind a reply, which mostly ends one, a note does.
_SPENT = frozenset({EventType.REPLY, EventType.TOOL_CALL, EventType.INTERRUPT})
_USAGE = "token_count"


class RolloutReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._path = path
        self._session = threads.thread_of(path)
        self._facts = LogFacts(**state.get("facts", {}))
        self._started, self._ended = self._facts.started, self._facts.ended  # they change with every line
        self._chain = Chain(state)
        self._words = Words(state, self._chain)
        self._calls = Calls(state.get("calls", {}))
        self._began: bool = state.get("began", False)  # a session_meta was read
        self._model: str | None = state.get("model")
        self._cwd: str | None = state.get("cwd")
        self._branch: str | None = state.get("branch")
        self._counted: int = state.get("counted", 0)  # output tokens that were counted, of the thread's total
        self._owed: int = state.get("owed", 0)  # counted, and not told with an event yet
        self._answered: bool = state.get("answered", False)  # the last thing told was a reply
        self._cut: bool = state.get("cut", False)  # the last thing told was a compaction
        self._unknown: Counter[str] = Counter(state.get("unknown", {}))

    @property
    def facts(self) -> LogFacts:
        return replace(self._facts, started=self._started, ended=self._ended)

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        return {self._session: self.facts}

    @property
    def unknown(self) -> Mapping[str, int]:
        return dict(self._unknown)

    @property
    def state(self) -> dict[str, Any]:
        return {
            **self._chain.state,
            **self._words.state,
            "facts": asdict(self.facts),
            "began": self._began,
            "calls": self._calls.state,
            "model": self._model,
            "cwd": self._cwd,
            "branch": self._branch,
            "counted": self._counted,
            "owed": self._owed,
            "answered": self._answered,
            "cut": self._cut,
            "unknown": dict(self._unknown),
        }

    @property
    def is_agents(self) -> bool:
        """Whether this is a subagent's thread."""
        return self._chain.agents

    def stand_for(self, thread: str) -> None:
        """Read what follows as `thread`'s own."""
        self._chain.origin, self._began = threads.origin(self._path, thread), True

    def overhear(self, found: Sequence[Mapping[str, Any]]) -> None:
        """What another thread's lines tell about this one: the model, the folder, and what nobody understood."""
        for record in found:
            self._unknown.update(drift.unknown(record))
            if record.get("type") == "turn_context":
                list(self._context(mapping(record.get("payload"))))
            elif record.get("type") == "event_msg" and mapping(record.get("payload")).get("type") == "token_count":
                self._count(mapping(record.get("payload")))
                self._owed = 0

    def read(self, line: bytes) -> list[Event]:
        events: list[Event] = []
        for record in records(line):
            events += self._record(record, line)
        return events

    def _record(self, record: Mapping[str, Any], line: bytes) -> Iterator[Event]:
        for name in drift.unknown(record):
            self._unknown[name] += 1
        time = instant(record.get("timestamp"))
        if time is not None:
            self._started = min(self._started or time, time)
            self._ended = max(self._ended or time, time)
        if self._chain.origin is None:
            self._chain.origin = hashlib.sha256(line).hexdigest()[:32]
        kind, payload = record.get("type"), mapping(record.get("payload"))
        if "payload" not in record:  # the first generation had no envelope
            kind, payload = ("session_meta" if kind is None else "response_item"), record
        read: Callable[[Mapping[str, Any]], Iterator[Told]] | None = {
            "session_meta": self._meta,
            "turn_context": self._context,
            "response_item": self._item,
            "event_msg": self._screen,
            "compacted": self._compacted,
            "inter_agent_communication": self._from_agent,
        }.get(kind if isinstance(kind, str) else "")
        for told in read(payload) if read else ():
            yield self._event(told, time)

    def _event(self, told: Told, time: str | None) -> Event:
        id, parent = self._chain.place(told)
        said: dict[str, Any] = {
            "cwd": self._cwd,
            "branch": self._branch,
            "parent": parent,
            "sidechain": self._chain.agents,
            "model": self._model if told.trust is Trust.ASSISTANT or told.type is EventType.TOOL_CALL else None,
            **(told.more or {}),
        }
        if self._owed and (told.type in _SPENT or said.get("grounds") == _USAGE):
            said["tokens"], self._owed = self._owed, 0
        event = Event(id, self._session, told.type, told.trust, told.text, time, **said)
        if self._chain.begins_turn(told):
            self._words.turn_begun()
        self._answered = told.type is EventType.REPLY
        self._cut = told.type is EventType.COMPACTION or (self._cut and told.type is EventType.SUMMARY)
        return event

    # What a thread is

    def _meta(self, meta: Mapping[str, Any]) -> Iterator[Told]:
        id = string(meta.get("id")) or string(meta.get("session_id"))
        if self._began:  # of the thread that this one repeats
            if id and id != self._session and not self._chain.agents:
                self._chain.origin = threads.origin(self._path, string(meta.get("forked_from_id")) or id)
            return
        self._began = True
        source, git = meta.get("source"), mapping(meta.get("git"))
        sub = mapping(source).get("subagent", mapping(source).get("sub_agent"))
        spawned = mapping(mapping(sub).get("thread_spawn"))
        self._chain.agents = bool(sub) or bool(string(meta.get("parent_thread_id")))
        forked = string(meta.get("forked_from_id"))
        parent = forked or string(meta.get("parent_thread_id")) or string(spawned.get("parent_thread_id"))
        if id:
            self._chain.origin = threads.origin(self._path, forked) if forked and not self._chain.agents else id
        self._cwd = string(meta.get("cwd")) or self._cwd
        self._branch = string(git.get("branch")) or self._branch
        names = (string(spawned.get("agent_nickname")), string(spawned.get("agent_role")), string(sub))
        self._facts = replace(
            self._facts,
            cwd=self._facts.cwd or self._cwd,
            branch=self._branch,
            version=string(meta.get("cli_version")),
            parent=parent,
            remote=string(git.get("repository_url")),
            title=" · ".join(filter(None, names)) or self._facts.title,
        )
        yield from ()

    def _context(self, context: Mapping[str, Any]) -> Iterator[Told]:
        self._model = string(context.get("model")) or self._model
        cwd = string(context.get("cwd"))
        if cwd:
            self._cwd = cwd
        if cwd and self._facts.cwd is None:
            self._facts = replace(self._facts, cwd=cwd)
        yield from ()

    # The conversation's items

    def _item(self, item: Mapping[str, Any]) -> Iterator[Told]:
        kind = item.get("type")
        if kind == "message" and item.get("role") == "user":
            yield from self._words.item(plain(content_text(item.get("content"))), alone=not self._began)
            return
        if kind == "message" and item.get("role") != "assistant":
            return
        yield from self._words.settled()
        if kind == "message":
            yield from self._words.replied(content_text(item.get("content")), "item")
        elif kind in ("function_call", "local_shell_call", "custom_tool_call", "mcp_tool_call"):
            yield from self._calls.called(item, self._cwd)
        elif kind in ("function_call_output", "custom_tool_call_output", "mcp_tool_call_output", "tool_search_output"):
            yield from self._calls.returned(item, agents=self._chain.agents)
        elif kind in ("web_search_call", "tool_search_call", "image_generation_call"):
            action = mapping(item.get("action"))
            asked = action.get("query") or action.get("url") or item.get("arguments") or item.get("revised_prompt")
            text = asked if isinstance(asked, str) else content_text(asked)
            if kind == "tool_search_call" and string(item.get("call_id")):
                self._calls.awaited(str(item["call_id"]), "tool_search")
            call = string(item.get("call_id")) or string(item.get("id"))
            more = {"tool": str(kind).removesuffix("_call"), "call": call}
            yield Told(EventType.TOOL_CALL, Trust.ASSISTANT, plain(text), key=call or "", more=more)

    # What was shown on the screen

    def _screen(self, message: Mapping[str, Any]) -> Iterator[Told]:
        kind = message.get("type")
        if kind == "user_message":
            yield from self._user_message(message)
            return
        if kind == "item_completed":
            yield from self._completed(message)
            return
        if kind in ("token_count", "task_started", "turn_started", "error", "warning"):
            if kind == "token_count":
                self._count(message)
                if self._answered and self._owed:  # nothing of this response follows that could carry them
                    yield Told(EventType.NOTE, Trust.COMMAND, more={"grounds": _USAGE, "model": self._model})
            return
        yield from self._words.settled()
        if kind == "agent_message":
            yield from self._words.replied(string(message.get("message")) or "", "screen")
        elif kind == "turn_aborted":
            if message.get("reason") in ("interrupted", "replaced", None):
                yield Told(EventType.INTERRUPT, Trust.HUMAN)
        elif kind == "context_compacted":
            if not self._cut:
                yield Told(EventType.COMPACTION, Trust.COMMAND)
        elif kind == "thread_rolled_back":
            yield from self._roll_back(message.get("num_turns"))
        elif kind in ("patch_apply_end", "exec_command_end", "mcp_tool_call_end"):
            self._calls.ended(message)
        elif kind == "tool_call":
            item = {**message, "type": "function_call", "arguments": message.get("input")}
            yield from self._calls.called(item, self._cwd)

    def _completed(self, message: Mapping[str, Any]) -> Iterator[Told]:
        """The desktop's form, since 2026: one event for whatever is over, in place of those with names of their own."""
        item = mapping(message.get("item"))
        kind, thread = item.get("type"), string(message.get("thread_id"))
        if kind == "UserMessage":
            if thread in (None, self._session):  # else it was only passed on to this thread
                yield from self._user_message({"message": _texts(item.get("content"))}, form="item")
            return
        yield from self._words.settled()
        if kind in ("AgentMessage", "Plan"):
            yield from self._words.replied(string(item.get("text")) or _texts(item.get("content")), "screen")
        elif kind in ("CommandExecution", "FileChange", "McpToolCall"):
            result = mapping(item.get("result"))
            failed = item.get("status") == "failed" or bool(item.get("error")) or result.get("isError") is True
            success = None if kind == "CommandExecution" else not failed
            self._calls.ended({**item, "call_id": item.get("id"), "success": success, "result": None})
        elif kind == "ContextCompaction" and not self._cut:
            yield Told(EventType.COMPACTION, Trust.COMMAND)

    def _user_message(self, message: Mapping[str, Any], *, form: str = "user_message") -> Iterator[Told]:
        if message.get("kind") in (None, "plain"):
            yield from self._words.shown(plain(string(message.get("message")) or ""), form)

    def _count(self, message: Mapping[str, Any]) -> None:
        """Output tokens that were not counted yet: the same count is shown again and again."""
        info = mapping(message.get("info"))
        total = mapping(info.get("total_token_usage")).get("output_tokens")
        last = mapping(info.get("last_token_usage")).get("output_tokens")
        if not info and "output_tokens" in message:  # an older form, of one response alone
            self._owed += _natural(message["output_tokens"])
            return
        if not _natural(total):
            return
        new = _natural(total) - self._counted
        self._owed += new if new >= 0 else _natural(last)
        self._counted = _natural(total)

    def _roll_back(self, turns: Any) -> Iterator[Told]:
        """A note that hangs on what stood before the last `turns` prompts, where the store sees a rewind at once; what
        comes next hangs there too."""
        if self._chain.roll_back(_natural(turns)):
            yield Told(EventType.NOTE, Trust.COMMAND, more={"grounds": REWOUND})

    def _compacted(self, compacted: Mapping[str, Any]) -> Iterator[Told]:
        yield from self._words.settled()
        if not self._cut:
            yield Told(EventType.COMPACTION, Trust.COMMAND)
        summary = string(compacted.get("message"))
        if summary and summary.strip():
            yield Told(EventType.SUMMARY, Trust.TOOL, plain(summary))

    def _from_agent(self, message: Mapping[str, Any]) -> Iterator[Told]:
        text = content_text(message.get("content", message.get("message")))
        if text.strip():
            yield Told(EventType.NOTE, Trust.ASSISTANT, plain(text), more={"sidechain": True})


def _texts(content: Any) -> str:
    blocks = content if isinstance(content, list) else []
    return "".join(string(mapping(block).get("text")) or "" for block in blocks)


def _natural(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else 0
