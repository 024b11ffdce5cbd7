"""The messages of a Gemini CLI conversation as Events; thoughts are dropped.

An event's id is its message's, a call's has the call's after it: a message that grows keeps the ids that it had.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources.fields import instant, mapping, plain, string
from memsrv.sources.gemini import tools
from memsrv.sources.gemini.conversation import Conversation, Message
from memsrv.sources.gemini.prompt import Said, said, texts

_CANCELLED = re.compile(r"Request cancelled\b", re.I)
_OPENING = re.compile(r"Got it\. Thanks for the (?:additional )?context!?\s*\Z")


def events(conversation: Conversation, cwd: str | None, *, subagent: bool) -> tuple[Event, ...]:
    told = _Telling(conversation, cwd, subagent=subagent)
    return tuple(event for message in conversation.messages for event in told.message(message))


class _Telling:
    def __init__(self, conversation: Conversation, cwd: str | None, *, subagent: bool) -> None:
        self._session = conversation.session
        self._cwd = cwd
        self._subagent = subagent
        self._last: dict[str, str | None] = {}  # message → the last event of it, or of the ones before it
        self._calls: dict[str, tuple[str, str | None]] = {}  # call that only the API's part tells → tool, command
        self._recorded = {id for message in conversation.messages for id in _recorded(message.record)}

    def message(self, message: Message) -> list[Event]:
        record = message.record
        before = self._last.get(message.after) if message.after else None
        blank = Event(
            id=message.id,
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=instant(record.get("timestamp")),
            cwd=self._cwd,
            on_main_path=message.live,
            sidechain=self._subagent,
        )
        found: list[Event] = []
        for event in self._events(record, blank):
            found.append(replace(event, parent=found[-1].id if found else before))
        self._last[message.id] = found[-1].id if found else before
        return found

    def _events(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        kind = record.get("type")
        if kind == "user":
            yield from self._user(record, blank)
        elif kind in ("gemini", "model"):
            yield from self._gemini(record, blank)
        elif kind == "info" and _CANCELLED.match("\n".join(texts(record.get("content"))).strip()):
            yield replace(blank, type=EventType.INTERRUPT, trust=Trust.HUMAN)
        elif kind == "error":
            text = plain("\n".join(texts(record.get("content")))).strip()
            if text:
                yield replace(blank, text=text)

    def _user(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        for place, one in enumerate(said(record)):
            event = _spoken(one, blank, subagent=self._subagent)
            yield event if not place else replace(event, id=f"{blank.id}#{place}")
            if one.speaker == "summary":  # the host cut its context: what follows builds on this
                yield replace(blank, id=f"{blank.id}/cut", type=EventType.COMPACTION, trust=Trust.COMMAND)
        yield from self._api_parts(record, blank)

    def _gemini(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        blank = replace(blank, model=string(record.get("model")))
        output = mapping(record.get("tokens")).get("output")
        tokens = output if isinstance(output, int) and not isinstance(output, bool) and 0 <= output < 2**40 else None
        for event in self._said_by_model(record, blank):
            yield replace(event, tokens=tokens)
            tokens = None

    def _said_by_model(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        text = plain("\n".join(texts(record.get("content")))).strip()
        if text and not _OPENING.match(text):
            yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text)
        calls = record.get("toolCalls")
        named: set[str] = set()
        for place, call in enumerate(calls if isinstance(calls, list) else []):
            if isinstance(call, Mapping):
                name = string(call.get("id")) or str(place)
                name = f"{name}#{place}" if name in named else name
                named.add(name)
                yield from self._call(call, f"{blank.id}/{name}", blank)
        yield from self._api_parts(record, blank)

    def _call(self, call: Mapping[str, Any], id: str, blank: Event) -> Iterator[Event]:
        tool = (string(call.get("name")) or "?")[:100]
        arguments = mapping(call.get("args"))
        made = tools.call(tool, arguments)
        asked = replace(
            blank,
            id=id,
            type=EventType.TOOL_CALL,
            trust=tools.call_trust(tool),
            text=plain(made.text),
            tool=tool,
            call=string(call.get("id")) or id,
            command=made.command,
            paths=made.paths,
            edits=made.edits,
            spans=made.spans,
            child=string(call.get("agentId")),
            cwd=_ran_in(self._cwd, tool, arguments),
        )
        yield asked
        ended = tools.ending(tool, call, made.command)
        if ended is not None:
            yield _ended(ended, asked, instant(call.get("timestamp")) or blank.time)

    def _api_parts(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        """Calls and results that stand in the content alone, as a saved checkpoint has them."""
        content = record.get("content")
        for place, part in enumerate(content if isinstance(content, list) else []):
            asked, answered = mapping(mapping(part).get("functionCall")), mapping(mapping(part).get("functionResponse"))
            key = string(asked.get("id")) or string(answered.get("id")) or string((asked or answered).get("name"))
            if key is None or key in self._recorded:
                continue
            if asked:
                made = {"id": key, "name": asked.get("name"), "args": asked.get("args")}
                for event in self._call(made, f"{blank.id}/{place}", blank):
                    self._calls[key] = (event.tool or "?", event.command)
                    yield event
            else:
                tool, command = self._calls.get(key, (string(answered.get("name")) or "?", None))
                ended = tools.of_response(tool, mapping(answered.get("response")), command)
                yield _ended(ended, replace(blank, id=f"{blank.id}/{place}", tool=tool, call=key), blank.time)


def _recorded(record: Mapping[str, Any]) -> Iterator[str]:
    calls = record.get("toolCalls")
    for call in calls if isinstance(calls, list) else []:
        id = string(mapping(call).get("id"))
        if id:
            yield id


def _ran_in(cwd: str | None, tool: str, arguments: Mapping[str, Any]) -> str | None:
    """The folder of a shell command, which may be named from the session's."""
    named = string(arguments.get("dir_path")) or string(arguments.get("directory"))
    if tool != tools.SHELL or named is None:
        return cwd
    if PurePath(named).is_absolute():
        return named
    return str(PurePath(cwd) / named) if cwd and ".." not in PurePath(named).parts else cwd


def _ended(ended: tools.Ending, asked: Event, time: str | None) -> Event:
    event = replace(
        asked,
        id=f"{asked.id}/result",
        time=time,
        outcome=ended.outcome,
        grounds=ended.grounds,
        command=None,
        paths=() if ended.refusal is not None else asked.paths[:1],
        edits=(),
        spans=ended.spans,
        child=None,
        tokens=None,
    )
    if ended.refusal is not None:
        return replace(event, type=EventType.REJECTION, trust=Trust.HUMAN, text=ended.refusal)
    return replace(
        event,
        type=EventType.TOOL_RESULT,
        trust=ended.trust,
        text=ended.text,
        exit_code=ended.exit_code,
        error=ended.error,
    )


def _spoken(one: Said, blank: Event, *, subagent: bool) -> Event:
    if one.speaker == "summary":
        return replace(blank, type=EventType.SUMMARY, trust=Trust.TOOL, text=one.text)
    if subagent:  # one agent's words to another
        return replace(blank, type=EventType.NOTE, trust=Trust.ASSISTANT, text=one.text)
    if one.speaker == "command":
        return replace(blank, type=EventType.COMMAND, trust=Trust.HUMAN, text=one.text, command=one.text)
    if one.speaker == "shell":
        return replace(blank, type=EventType.COMMAND, trust=Trust.COMMAND, tool=tools.SHELL, command=one.text)
    if one.speaker == "output":
        return replace(
            blank,
            type=EventType.TOOL_RESULT,
            trust=Trust.TOOL,
            tool=tools.SHELL,
            text=one.text,
            outcome=Outcome.UNKNOWN,
        )
    return replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=one.text, paths=one.paths)
