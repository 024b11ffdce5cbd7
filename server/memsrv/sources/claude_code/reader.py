"""Claude Code's lines to Events. One line may be several events, or none; several lines may be one API response.

How a tool use is told: TOOL_CALL (what was asked for; of a shell the `command`, trust `command`), then either REJECTION
(the human's words) or TOOL_RESULT: its `text` is what the tool printed (trust tool, web or file), while `outcome`,
`exit_code` and `error` are the harness's record and may be relied on like trust `command`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust, changed
from memsrv.sources import LogFacts, endings
from memsrv.sources.claude_code import drift, prompt, tools
from memsrv.sources.claude_code.beside import Beside
from memsrv.sources.claude_code.queued import Queue
from memsrv.sources.fields import blocks, content_text, instant, mapping, plain, records, string

KNOWN_TYPES = drift.TYPES

#: An event of the record that is being read, as far as the record itself tells.
Begun = partial[Event]

_REMEMBERED = 512  # how many open calls and chain links a state holds at most


class ClaudeReader:
    def __init__(
        self, *, session: str, subagent: bool, parent: str | None, aside: bool, beside: Beside, state: Mapping[str, Any]
    ) -> None:
        self._session = session
        self._subagent = subagent
        self._aside = aside
        self._beside = beside
        self._queue = Queue(state.get("queue", {}))
        self._facts = LogFacts(**state.get("facts", {"parent": parent}))
        self._started, self._ended = self._facts.started, self._facts.ended  # they change with every line
        if subagent and self._facts.title is None:
            self._facts = replace(self._facts, title=beside.title())
        self._titled: int = state.get("titled", 0)
        self._calls: dict[str, list[Any]] = dict(state.get("calls", {}))  # open call → [tool, exit 1 is an answer]
        self._links: dict[str, str | None] = dict(
            state.get("links", {})
        )  # record without events → its event-bearing parent
        self._tokens: dict[str, int] = dict(state.get("tokens", {}))  # API response → output tokens counted so far
        self._summaries: dict[str, str] = dict(
            state.get("summaries", {})
        )  # leaf record → title, until the leaf is seen
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
            "titled": self._titled,
            "calls": dict(list(self._calls.items())[-_REMEMBERED:]),
            "links": dict(list(self._links.items())[-_REMEMBERED:]),
            "tokens": dict(list(self._tokens.items())[-16:]),
            "summaries": dict(list(self._summaries.items())[-64:]),
            "queue": self._queue.state,
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        events: list[Event] = []
        for record in records(line):
            events += self._record(record, line)
        self._forget()
        return [] if self._aside else events

    def _forget(self) -> None:
        """What a state would not hold either, so that a log of any length is read in the same memory."""
        held: dict[str, Any]
        for held in (self._calls, self._links, self._tokens, self._summaries):
            while len(held) > 2 * _REMEMBERED:
                del held[next(iter(held))]

    def _record(self, record: Mapping[str, Any], line: bytes) -> list[Event]:
        kind = record.get("type")
        for name in drift.unknown(record):
            self._unknown[name] += 1
        time = instant(record.get("timestamp"))
        self._learn(record, time)
        read: Callable[[Mapping[str, Any], Begun], Iterator[Event]] | None = {
            "user": self._user,
            "assistant": self._assistant,
            "system": self._system,
            "attachment": self._attachment,
        }.get(kind if isinstance(kind, str) else "")
        if read is None:
            self._metadata(record)
        id = string(record.get("uuid")) or hashlib.sha256(line).hexdigest()[:32]
        raw_parent = string(record.get("parentUuid"))
        parent = self._links.get(raw_parent, raw_parent) if raw_parent else None
        found: list[Event] = []
        if read is not None:
            begun = partial(
                Event,
                id=id,
                session=self._session,
                time=time,
                cwd=string(record.get("cwd")),
                branch=string(record.get("gitBranch")),
                parent=parent,
                sidechain=self._subagent or record.get("isSidechain") is True,
            )
            for place, event in enumerate(read(record, begun)):
                found.append(event if not place else changed(event, id=f"{id}#{place}", parent=id))
        if not found and string(record.get("uuid")):
            self._links[id] = parent
        return found

    def _learn(self, record: Mapping[str, Any], time: str | None) -> None:
        facts = self._facts
        changes: dict[str, str | None] = {}
        if time is not None and string(record.get("type")) in drift.CHAINED:
            self._started = min(self._started or time, time)
            self._ended = max(self._ended or time, time)
        for name, value in (("branch", record.get("gitBranch")), ("version", record.get("version"))):
            if string(value) and value != getattr(facts, name):
                changes[name] = string(value)
        cwd = string(record.get("cwd")) or string(record.get("workspace"))
        if facts.cwd is None and cwd:
            changes["cwd"] = cwd
        if self._subagent and facts.parent is None and string(record.get("sessionId")) not in (None, self._session):
            changes["parent"] = string(record.get("sessionId"))
        if changes:
            self._facts = replace(facts, **changes)
        summary = self._summaries.pop(string(record.get("uuid")) or "", None)
        if summary is not None:
            self._title(summary, 1)

    def _title(self, title: str, weight: int) -> None:
        """What the user called a session stands over what the model called it, that over a summary."""
        if weight >= self._titled and title.strip():
            self._facts = replace(self._facts, title=" ".join(title.split())[:200])
            self._titled = weight

    def _metadata(self, record: Mapping[str, Any]) -> None:
        kind = record.get("type")
        if kind == "queue-operation":
            self._queue.operate(record.get("operation"), record.get("content"))
        elif kind == "custom-title":
            self._title(string(record.get("customTitle")) or string(record.get("title")) or "", 3)
        elif kind == "ai-title":
            self._title(string(record.get("aiTitle")) or string(record.get("title")) or "", 2)
        elif kind == "summary" and string(record.get("leafUuid")):  # it may speak of another file's session
            self._summaries[str(record["leafUuid"])] = (string(record.get("summary")) or "")[:200]

    # Records of the conversation

    def _user(self, record: Mapping[str, Any], begun: Begun) -> Iterator[Event]:
        parts = blocks(record)
        results = [block for block in parts if block.get("type") == "tool_result"]
        if results:
            for block in results:
                yield self._tool_result(record, block, begun)
            return
        text = "\n".join(block["text"] for block in parts if isinstance(block.get("text"), str))
        yield from self._heard(prompt.said(record, plain(text), subagent=self._subagent), begun)

    def _heard(self, said: prompt.Said, begun: Begun) -> Iterator[Event]:
        """What was said, and behind it what was taken back before: a copy without the queue has the same ids."""
        yield from _spoken(said, begun)
        for text in self._queue.said(said.text) if said.speaker == "human" else ():
            yield from _spoken(prompt.of_text(text), begun)

    def _assistant(self, record: Mapping[str, Any], begun: Begun) -> Iterator[Event]:
        message = mapping(record.get("message"))
        model = string(message.get("model"))
        if model == "<synthetic>" or record.get("isApiErrorMessage") is True:
            return
        tokens = self._new_tokens(message)
        begun = partial(begun, model=model)
        for block in blocks(record):
            event = self._said_by_model(block, partial(begun, tokens=tokens))
            if event is not None:
                yield event
                tokens = None
        if tokens:  # a response that only thought: its tokens are counted with the response's next line
            id = string(message.get("id"))
            if id in self._tokens:
                self._tokens[id] -= tokens

    def _said_by_model(self, block: Mapping[str, Any], begun: Begun) -> Event | None:
        kind = block.get("type")
        if kind == "text" and string(block.get("text")) and str(block["text"]).strip():
            return begun(type=EventType.REPLY, trust=Trust.ASSISTANT, text=plain(block["text"]))
        if kind in ("tool_use", "server_tool_use"):
            tool = (string(block.get("name")) or "?")[:100]
            made = tools.call(tool, mapping(block.get("input")))
            id = string(block.get("id"))
            if id:
                self._calls[id] = [tool, endings.asks(made.command or "")]
            return begun(
                type=EventType.TOOL_CALL,
                trust=tools.call_trust(tool),
                text=plain(made.text),
                tool=tool,
                call=id,
                command=made.command,
                paths=made.paths,
                edits=made.edits,
                child=self._beside.child(id) if id and tool in tools.SPAWNS else None,
            )
        if kind in ("web_search_tool_result", "web_fetch_tool_result"):
            return self._tool_result({}, block, begun)
        return None

    def _new_tokens(self, message: Mapping[str, Any]) -> int | None:
        """Output tokens not counted yet: every line of a response repeats the response's usage."""
        id, count = string(message.get("id")), mapping(message.get("usage")).get("output_tokens")
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count < 2**40:
            return None
        if id is None:
            return count
        new = count - self._tokens.get(id, 0)
        if new <= 0:
            return None
        self._tokens[id] = count
        return new

    def _tool_result(self, record: Mapping[str, Any], block: Mapping[str, Any], begun: Begun) -> Event:
        id = string(block.get("tool_use_id"))
        tool, asking = self._calls.pop(id, [None, False]) if id else (None, False)
        text = plain(self._beside.whole(content_text(block.get("content"))))
        is_error = block.get("is_error") is True
        by_human = not begun.keywords["sidechain"]  # nobody is asked there
        if by_human:
            words = tools.refusal(record, tool, text, is_error=is_error)
            if words is not None:
                return begun(
                    type=EventType.REJECTION,
                    trust=Trust.HUMAN,
                    text=words,
                    tool=tool,
                    call=id,
                    outcome=Outcome.REJECTED,
                    grounds="rejected by user",
                )
        detail = record.get("toolUseResult")
        ended = tools.ending(tool, text, is_error=is_error, detail=detail, asking=asking)
        path = string(mapping(detail).get("filePath")) or string(mapping(mapping(detail).get("file")).get("filePath"))
        answered = tool == "AskUserQuestion" and ended.outcome is Outcome.SUCCESS and by_human
        return begun(
            tool=tool,
            call=id,
            type=EventType.TOOL_RESULT,
            trust=Trust.HUMAN
            if answered
            else tools.result_trust(tool or block.get("type", "").removesuffix("_tool_result")),
            text=text,
            outcome=ended.outcome,
            exit_code=ended.exit_code,
            error=ended.error,
            paths=(path,) if path else (),
            grounds=ended.grounds,
            spans=tools.spans(detail),
            child=tools.child(detail) if tool in tools.SPAWNS else None,
        )

    def _system(self, record: Mapping[str, Any], begun: Begun) -> Iterator[Event]:
        subtype = record.get("subtype")
        if subtype == "compact_boundary":
            data = mapping(record.get("compactMetadata")) or mapping(record.get("compact_metadata"))
            trigger = string(data.get("trigger")) or "unknown"
            tokens = data.get("preTokens", data.get("pre_tokens"))
            text = trigger if not isinstance(tokens, int) else f"{trigger}, {tokens} tokens before"
            yield begun(type=EventType.COMPACTION, trust=Trust.COMMAND, text=text)
        elif subtype == "local_command":
            said = prompt.of_text(plain(string(record.get("content")) or ""))
            if said.speaker in ("command", "shell", "output"):
                yield from _spoken(said, begun)

    def _attachment(self, record: Mapping[str, Any], begun: Begun) -> Iterator[Event]:
        data = mapping(record.get("attachment"))
        if data.get("type") == "queued_command" and data.get("commandMode") != "task-notification":
            steering = data.get("prompt")
            text = content_text(steering)
            yield from self._heard(prompt.said(record, plain(text), subagent=self._subagent), begun)
        elif data.get("type") == "edited_text_file":
            path = string(data.get("filename"))
            snippet = plain(string(data.get("snippet")) or "")
            yield begun(type=EventType.NOTE, trust=Trust.FILE, text=snippet, paths=(path,) if path else ())


def _spoken(said: prompt.Said, begun: Begun) -> Iterator[Event]:
    text = said.text
    if said.speaker == "human":
        yield begun(type=EventType.PROMPT, trust=Trust.HUMAN, text=text)
    elif said.speaker == "summary":
        yield begun(type=EventType.SUMMARY, trust=Trust.TOOL, text=text)
    elif said.speaker == "agent" and text:  # one agent's words to another
        yield begun(type=EventType.NOTE, trust=Trust.ASSISTANT, text=text)
    elif said.speaker == "command":
        yield begun(type=EventType.COMMAND, trust=Trust.HUMAN, text=text, command=text)
    elif said.speaker == "shell":
        yield begun(type=EventType.COMMAND, trust=Trust.COMMAND, tool="Bash", command=text)
    elif said.speaker == "output" and text:
        yield begun(type=EventType.TOOL_RESULT, trust=Trust.TOOL, tool="Bash", text=text)
    elif said.speaker == "interrupt":
        yield begun(type=EventType.INTERRUPT, trust=Trust.HUMAN)
        if text:
            yield begun(type=EventType.PROMPT, trust=Trust.HUMAN, text=text)
