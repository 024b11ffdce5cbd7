"""Codex's rollouts to Events, line by line: whose words, which calls, how they ended, what was undone.

Codex writes most things twice, as an item of the conversation and as a message to its own screen; each is told once,
the human's words from the screen's. An event's id is made of the thread that it was first said in, of the prompts
before it and of what it says: a fork repeats its parent's lines with times of its own, and gives equal ids for them.
Turns that were rolled back are left by the parent chain: a note of it, and the next event, hang on what stood before.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memsrv.records import REWOUND, Event, EventType, Trust
from memsrv.sources import LogFacts, endings
from memsrv.sources.codex import drift, prompt, results, threads
from memsrv.sources.codex.calls import Calls, Told, result
from memsrv.sources.fields import content_text, instant, mapping, plain, records, string
from memsrv.sources.marks import digest

#: What may carry the tokens of a response; behind a reply, which mostly ends one, a note does.
_SPENT = frozenset({EventType.REPLY, EventType.TOOL_CALL, EventType.INTERRUPT})
_USAGE = "token_count"
_REMEMBERED = 256  # how many turns to go back to a state holds at most


class RolloutReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._path = path
        self._session = threads.thread_of(path)
        self._facts = LogFacts(**state.get("facts", {}))
        self._started, self._ended = self._facts.started, self._facts.ended  # they change with every line
        self._origin: str | None = state.get("origin")
        self._began: bool = state.get("began", False)  # a session_meta was read
        self._agents: bool = state.get("agents", False)  # a subagent's thread
        self._chain: str = state.get("chain", "")  # of the prompts so far
        self._turn: Counter[str] = Counter(state.get("turn", {}))  # events of this turn, by type
        self._head: str | None = state.get("head")  # the event that the next one hangs on
        self._turns: list[str | None] = list(state.get("turns", []))  # what each prompt hangs on
        self._calls = Calls(state.get("calls", {}))
        self._model: str | None = state.get("model")
        self._cwd: str | None = state.get("cwd")
        self._branch: str | None = state.get("branch")
        self._counted: int = state.get("counted", 0)  # output tokens that were counted, of the thread's total
        self._owed: int = state.get("owed", 0)  # counted, and not told with an event yet
        self._answered: bool = state.get("answered", False)  # the last thing told was a reply
        self._speaks: str | bool = state.get("speaks", False)  # the event by which this file tells the human's words
        self._waiting: list[list[Any]] = list(state.get("waiting", []))  # user items whose message may follow
        self._mirrors: dict[str, str] = dict(state.get("mirrors", {}))  # replies told once → by which kind of line
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
            "facts": asdict(self.facts),
            "origin": self._origin,
            "began": self._began,
            "agents": self._agents,
            "chain": self._chain,
            "turn": dict(self._turn),
            "head": self._head,
            "turns": self._turns[-_REMEMBERED:],
            "calls": self._calls.state,
            "model": self._model,
            "cwd": self._cwd,
            "branch": self._branch,
            "counted": self._counted,
            "owed": self._owed,
            "answered": self._answered,
            "speaks": self._speaks,
            "waiting": self._waiting,
            "mirrors": dict(list(self._mirrors.items())[-16:]),
            "cut": self._cut,
            "unknown": dict(self._unknown),
        }

    @property
    def is_agents(self) -> bool:
        """Whether this is a subagent's thread."""
        return self._agents

    def stand_for(self, thread: str) -> None:
        """Read what follows as `thread`'s own."""
        self._origin, self._began = threads.origin(self._path, thread), True

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
        if self._origin is None:
            self._origin = hashlib.sha256(line).hexdigest()[:32]
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
        if told.type is EventType.PROMPT:
            self._turns.append(self._parent())
        self._turn[str(told.type)] += 1
        id = digest(self._origin, self._chain, str(told.type), self._turn[str(told.type)], told.key, told.text)
        said: dict[str, Any] = {
            "cwd": self._cwd,
            "branch": self._branch,
            "parent": self._parent(),
            "sidechain": self._agents,
            "model": self._model if told.trust is Trust.ASSISTANT or told.type is EventType.TOOL_CALL else None,
            **(told.more or {}),
        }
        if self._owed and (told.type in _SPENT or said.get("grounds") == _USAGE):
            said["tokens"], self._owed = self._owed, 0
        event = Event(id, self._session, told.type, told.trust, told.text, time, **said)
        if told.type is EventType.PROMPT or (told.type is EventType.NOTE and self._agents and told.text):
            self._chain, self._turn = digest(self._chain, told.text), Counter()
            self._mirrors = {}
        if event.grounds != REWOUND:
            self._head = id
        self._answered = told.type is EventType.REPLY
        self._cut = told.type is EventType.COMPACTION or (self._cut and told.type is EventType.SUMMARY)
        return event

    def _parent(self) -> str:
        return self._head or digest(self._origin, "beginning")

    # What a thread is

    def _meta(self, meta: Mapping[str, Any]) -> Iterator[Told]:
        id = string(meta.get("id")) or string(meta.get("session_id"))
        if self._began:  # of the thread that this one repeats
            if id and id != self._session and not self._agents:
                self._origin = threads.origin(self._path, string(meta.get("forked_from_id")) or id)
            return
        self._began = True
        source, git = meta.get("source"), mapping(meta.get("git"))
        sub = mapping(source).get("subagent", mapping(source).get("sub_agent"))
        spawned = mapping(mapping(sub).get("thread_spawn"))
        self._agents = bool(sub) or bool(string(meta.get("parent_thread_id")))
        forked = string(meta.get("forked_from_id"))
        parent = forked or string(meta.get("parent_thread_id")) or string(spawned.get("parent_thread_id"))
        if id:
            self._origin = threads.origin(self._path, forked) if forked and not self._agents else id
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
            yield from self._user_item(item)
            return
        if kind == "message" and item.get("role") != "assistant":
            return
        yield from self._settled()
        if kind == "message":
            yield from self._replied(content_text(item.get("content")), "item")
        elif kind in ("function_call", "local_shell_call", "custom_tool_call", "mcp_tool_call"):
            yield from self._calls.called(item, self._cwd)
        elif kind in ("function_call_output", "custom_tool_call_output", "mcp_tool_call_output", "tool_search_output"):
            yield from self._calls.returned(item, agents=self._agents)
        elif kind in ("web_search_call", "tool_search_call", "image_generation_call"):
            action = mapping(item.get("action"))
            asked = action.get("query") or action.get("url") or item.get("arguments") or item.get("revised_prompt")
            text = asked if isinstance(asked, str) else content_text(asked)
            if kind == "tool_search_call" and string(item.get("call_id")):
                self._calls.awaited(str(item["call_id"]), "tool_search")
            call = string(item.get("call_id")) or string(item.get("id"))
            more = {"tool": str(kind).removesuffix("_call"), "call": call}
            yield Told(EventType.TOOL_CALL, Trust.ASSISTANT, plain(text), key=call or "", more=more)

    def _user_item(self, item: Mapping[str, Any]) -> Iterator[Told]:
        text = plain(content_text(item.get("content")))
        said = prompt.said(text)
        if said.speaker == "shell":
            yield from self._ran(said)
        elif said.speaker in ("human", "command"):
            self._waiting.append([said.speaker, said.text])
            if not self._began:  # first generation: nothing else tells the human's words
                yield from self._settled()

    def _settled(self) -> Iterator[Told]:
        """User items that no `user_message` followed: the human's in a log that has none, else the harness's."""
        waiting, self._waiting = self._waiting, []
        for speaker, text in waiting:
            if self._mirrors.pop(_key(text), None) == "user":
                continue
            if self._speaks:
                yield Told(EventType.NOTE, Trust.TOOL, text, more={"sidechain": self._agents})
            else:
                yield self._spoken(speaker, text)

    def _spoken(self, speaker: str, text: str) -> Told:
        if self._agents:  # one agent's words to another
            return Told(EventType.NOTE, Trust.ASSISTANT, text)
        if speaker == "command":
            return Told(EventType.COMMAND, Trust.HUMAN, text, more={"command": text})
        return Told(EventType.PROMPT, Trust.HUMAN, text)

    def _ran(self, said: prompt.Said) -> Iterator[Told]:
        call = f"user-{digest(self._chain, said.text, self._turn.total())[:12]}"
        yield Told(
            EventType.COMMAND,
            Trust.COMMAND,
            key=said.text,
            more={"tool": "user_shell", "command": said.text, "call": call},
        )
        if said.output:
            ended = results.ending(said.output, shell=True, asking=endings.asks(said.text))
            yield result(ended, call, "user_shell", agents=self._agents)

    def _replied(self, text: str, line: str) -> Iterator[Told]:
        text = plain(text)
        if not text.strip():
            return
        key = _key(text)
        if self._mirrors.get(key, line) != line:
            del self._mirrors[key]
            return
        self._mirrors[key] = line
        yield Told(EventType.REPLY, Trust.ASSISTANT, text)

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
        yield from self._settled()
        if kind == "agent_message":
            yield from self._replied(string(message.get("message")) or "", "screen")
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
        yield from self._settled()
        if kind in ("AgentMessage", "Plan"):
            yield from self._replied(string(item.get("text")) or _texts(item.get("content")), "screen")
        elif kind in ("CommandExecution", "FileChange", "McpToolCall"):
            result = mapping(item.get("result"))
            failed = item.get("status") == "failed" or bool(item.get("error")) or result.get("isError") is True
            success = None if kind == "CommandExecution" else not failed
            self._calls.ended({**item, "call_id": item.get("id"), "success": success, "result": None})
        elif kind == "ContextCompaction" and not self._cut:
            yield Told(EventType.COMPACTION, Trust.COMMAND)

    def _user_message(self, message: Mapping[str, Any], *, form: str = "user_message") -> Iterator[Told]:
        if message.get("kind") not in (None, "plain") or self._speaks not in (False, True, form):
            return
        self._speaks = form
        said = prompt.said(plain(string(message.get("message")) or ""))
        self._waiting = []
        if said.speaker == "shell":
            yield from self._ran(said)
        elif said.speaker in ("human", "command"):
            yield self._spoken(said.speaker, said.text)
            self._mirrors[_key(said.text)] = "user"  # its item may still come

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
        count = min(_natural(turns), len(self._turns))
        if count:
            self._head = self._turns[-count]
            del self._turns[-count:]
            yield Told(EventType.NOTE, Trust.COMMAND, more={"grounds": REWOUND})

    def _compacted(self, compacted: Mapping[str, Any]) -> Iterator[Told]:
        yield from self._settled()
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


def _key(text: str) -> str:
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:12]


def _natural(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else 0
