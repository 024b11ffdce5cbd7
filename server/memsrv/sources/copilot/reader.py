"""Copilot CLI's events to Events: an envelope `{type, id, parentId, timestamp, data}`, or, from hooks, bare fields.

`success` says that a tool did its work, not that a command went well: how a shell command ended stands in its last
line, `<exited with exit code N>`, which the harness adds. What a subagent did carries its `agentId`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, calls, endings
from memsrv.sources.copilot import endings as copilot_endings
from memsrv.sources.copilot.vocabulary import BARE_TYPES, FIELDS, known
from memsrv.sources.copilot.workspace import remote
from memsrv.sources.fields import instant, mapping, name, plain, records, string
from memsrv.sources.marks import digest

_REMEMBERED = 512  # how many open calls and chain links a state holds at most


class CopilotReader:
    def __init__(self, *, session: str, facts: LogFacts, state: Mapping[str, Any]) -> None:
        self._session: str = state.get("session", session)
        self._sessions: dict[str, LogFacts] = {
            id: LogFacts(**told) for id, told in state.get("sessions", {self._session: asdict(facts)}).items()
        }
        self._beside = facts
        self._place: int = state.get("place", 0)  # records read so far
        self._model: str | None = state.get("model")
        self._cwd: str | None = state.get("cwd", facts.cwd)
        self._branch: str | None = state.get("branch", facts.branch)
        self._calls: dict[str, list[Any]] = dict(state.get("calls", {}))  # open call → [tool, command]
        self._asked: dict[str, str] = dict(state.get("asked", {}))  # permission request → call
        self._denied: dict[str, str] = dict(state.get("denied", {}))  # call that the user refused → their words
        self._links: dict[str, str | None] = dict(state.get("links", {}))  # record without events → its parent
        self._unknown: Counter[str] = Counter(state.get("unknown", {}))

    @property
    def facts(self) -> LogFacts:
        return self._sessions[self._session]

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        others = {id: facts for id, facts in self._sessions.items() if id != self._session}
        return {**others, self._session: self.facts}

    @property
    def unknown(self) -> Mapping[str, int]:
        return dict(self._unknown)

    @property
    def state(self) -> dict[str, Any]:
        return {
            "session": self._session,
            "sessions": {id: asdict(facts) for id, facts in self.sessions.items()},
            "place": self._place,
            "model": self._model,
            "cwd": self._cwd,
            "branch": self._branch,
            "calls": dict(list(self._calls.items())[-_REMEMBERED:]),
            "asked": dict(list(self._asked.items())[-64:]),
            "denied": dict(list(self._denied.items())[-64:]),
            "links": dict(list(self._links.items())[-_REMEMBERED:]),
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        return [event for record in records(line.replace(b"\x00", b"")) for event in self._record(record)]

    def _record(self, record: Mapping[str, Any]) -> list[Event]:
        self._place += 1
        kind, data = record.get("type"), record.get("data")
        if not isinstance(data, Mapping):
            kind, data = BARE_TYPES.get(str(kind), kind), _enveloped(record)
        else:
            self._unknown.update(f"field:{name(field)}" for field in record if field not in FIELDS)
        if not known(kind):
            self._unknown[f"type:{name(kind)}"] += 1
        self._learn(str(kind), record, data)
        read: Callable[[Mapping[str, Any], Event], Iterator[Event]] | None = {
            "user.message": self._user,
            "assistant.message": self._assistant,
            "tool.user_requested": self._ran,
            "tool.execution_start": self._started,
            "tool.execution_complete": self._completed,
            "permission.requested": self._permission,
            "permission.completed": self._permission,
            "abort": _aborted,
            "session.error": _error,
            "session.truncation": _truncated,
            "session.compaction_complete": _compacted,
            "session.handoff": _handed_over,
        }.get(str(kind))
        id = string(record.get("id")) or digest(self._place, record)
        above = string(record.get("parentId"))
        parent = self._links.get(above, above) if above else None
        blank = Event(
            id=id,
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=instant(record.get("timestamp")),
            cwd=self._cwd,
            branch=self._branch,
            parent=parent,
            sidechain=bool(record.get("agentId") or data.get("parentToolCallId")),
            model=string(data.get("model")) or self._model,
        )
        found = [
            event if not place else replace(event, id=f"{id}#{place}", parent=id)
            for place, event in enumerate(read(data, blank) if read else ())
        ]
        if not found and string(record.get("id")):
            self._links[id] = parent
        return found

    def _learn(self, kind: str, record: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        session = string(data.get("sessionId")) if kind == "session.start" else string(record.get("session_id"))
        if session and session != self._session:
            before = self._sessions.pop(self._session) if self._place == 1 else self._beside
            self._session = session
            self._sessions.setdefault(session, before)
        told = mapping(data.get("context")) or (data if kind == "session.context_changed" else record)
        self._cwd = string(told.get("cwd")) or self._cwd
        self._branch = string(told.get("branch")) or self._branch
        self._model = string(data.get("newModel")) or string(data.get("selectedModel")) or self._model
        facts, time = self.facts, instant(record.get("timestamp"))
        if time is not None:
            facts = replace(facts, started=min(facts.started or time, time), ended=max(facts.ended or time, time))
        title = string(data.get("title")) if kind == "session.title_changed" else None
        self._sessions[self._session] = replace(
            facts,
            cwd=facts.cwd or self._cwd,
            branch=self._branch or facts.branch,
            version=string(data.get("copilotVersion")) or facts.version,
            title=" ".join(title.split())[:200] if title else facts.title,
            remote=remote(string(told.get("repository")), string(told.get("repositoryHost"))) or facts.remote,
        )

    # Records of the conversation

    def _user(self, data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        text = plain(string(data.get("content")) or "").strip()
        if not text:
            return
        said = replace(blank, model=None, text=text)
        by_human = (data.get("source") or "user") in ("user", "human") and "inputOrigin" not in data
        by_human = by_human and data.get("isAutopilotContinuation") is not True
        if blank.sidechain or "inputOrigin" in data:  # one agent's words to another
            yield replace(said, trust=Trust.ASSISTANT)
        elif not by_human:
            yield replace(said, trust=Trust.TOOL)
        elif data.get("agentMode") == "shell":
            yield replace(said, type=EventType.COMMAND, trust=Trust.COMMAND, command=text.removeprefix("!").strip())
        else:
            yield replace(said, type=EventType.PROMPT, trust=Trust.HUMAN, paths=_attached(data))

    def _assistant(self, data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        tokens = data.get("outputTokens")
        if not isinstance(tokens, int) or isinstance(tokens, bool) or not 0 < tokens < 2**40:
            tokens = None
        text = plain(string(data.get("content")) or "")
        if text.strip():
            yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text, tokens=tokens)
            tokens = None
        requests = data.get("toolRequests")
        for request in requests if isinstance(requests, list) else []:
            if isinstance(request, Mapping):
                yield replace(self._call(request, request.get("name"), blank), tokens=tokens)
                tokens = None

    def _started(self, data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        if string(data.get("toolCallId")) not in self._calls:
            yield self._call(data, data.get("toolName"), blank)

    def _ran(self, data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        call = self._call(data, data.get("toolName"), blank)
        yield replace(call, type=EventType.COMMAND, trust=Trust.COMMAND, model=None)

    def _call(self, data: Mapping[str, Any], tool: Any, blank: Event) -> Event:
        tool = (string(tool) or "?")[:100]
        given = data.get("arguments")
        made = calls.call(tool, given if isinstance(given, Mapping) else {"input": given} if given else {})
        id = string(data.get("toolCallId"))
        if id:
            self._calls[id] = [tool, made.command, bool(data.get("mcpServerName"))]
        return replace(
            blank,
            type=EventType.TOOL_CALL,
            trust=calls.call_trust(tool),
            text=plain(made.text),
            tool=tool,
            call=id,
            command=made.command,
            paths=made.paths,
            edits=made.edits,
            spans=made.spans,
        )

    def _completed(self, data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        id = string(data.get("toolCallId"))
        tool, command, foreign = self._calls.pop(id, [None, None, False]) if id else (None, None, False)
        event = replace(blank, tool=tool, call=id)
        words = copilot_endings.refusal(data, self._denied.pop(id or "", None))
        if words is not None and not event.sidechain:
            yield replace(
                event,
                type=EventType.REJECTION,
                trust=Trust.HUMAN,
                text=words,
                outcome=Outcome.REJECTED,
                grounds="user rejected",
            )
            return
        asking = endings.asks(command or "")
        ended = copilot_endings.ending(data, shell=copilot_endings.runs(tool), asking=asking)
        answered = tool == "ask_user" and ended.outcome is Outcome.SUCCESS and not event.sidechain
        yield replace(
            event,
            type=EventType.TOOL_RESULT,
            trust=Trust.HUMAN if answered else Trust.TOOL if foreign else calls.result_trust(tool),
            text=plain(ended.text),
            outcome=ended.outcome,
            exit_code=ended.exit_code,
            error=ended.error,
            grounds=ended.grounds,
        )

    def _permission(self, data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        """What the user said to a request; it is told with the result of the call that it was for."""
        request = string(data.get("requestId")) or ""
        call = string(mapping(data.get("permissionRequest")).get("toolCallId"))
        if call:
            self._asked[request] = call
        result = mapping(data.get("result"))
        call = self._asked.get(request) or string(data.get("toolCallId"))
        if call and result.get("kind") == "denied-interactively-by-user":
            self._denied[call] = string(result.get("feedback")) or ""
        yield from ()


def _enveloped(record: Mapping[str, Any]) -> Mapping[str, Any]:
    for field in ("prompt", "output", "result", "content", "text", "message"):
        if isinstance(record.get(field), str):
            return {**record, "content": record[field]}
    return record


def _attached(data: Mapping[str, Any]) -> tuple[str, ...]:
    given = data.get("attachments")
    named = (
        [item.get("path") or item.get("filePath") for item in given or () if isinstance(item, Mapping)]
        if isinstance(given, list)
        else []
    )
    return tuple(dict.fromkeys(path for path in named if isinstance(path, str) and path))


def _aborted(data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    reason = string(data.get("reason")) or "user"
    if "user" in reason:
        yield replace(blank, type=EventType.INTERRUPT, trust=Trust.HUMAN, model=None)
    else:
        yield replace(blank, text=f"aborted: {reason}"[:200])


def _error(data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    text = plain(string(data.get("message")) or "")
    if text:
        yield replace(
            blank, text=text, error=name(data.get("errorType")), outcome=Outcome.FAILURE, grounds="session.error"
        )


def _truncated(data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    yield replace(
        blank,
        type=EventType.COMPACTION,
        trust=Trust.COMMAND,
        text=_cut("truncation", data, "preTruncationTokensInMessages"),
    )


def _compacted(data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    if data.get("success") is False:
        return
    text = _cut(string(data.get("trigger")) or "unknown", data, "preCompactionTokens")
    yield replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text=text)
    yield from _handed_over({"summary": data.get("summaryContent")}, blank)


def _handed_over(data: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    summary = plain(string(data.get("summary")) or "")
    if summary.strip():
        yield replace(blank, type=EventType.SUMMARY, trust=Trust.TOOL, text=summary)


def _cut(trigger: str, data: Mapping[str, Any], field: str) -> str:
    tokens = data.get(field)
    return f"{trigger}, {tokens} tokens before" if isinstance(tokens, int) else trigger
