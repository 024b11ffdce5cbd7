"""An OpenCode session as Events, from whichever form it was held in; reasoning is dropped.

An event's id is its part's: a call keeps it when it gets its result, whose id is made of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, Snapshot
from memsrv.sources.fields import instant, mapping, plain, string
from memsrv.sources.opencode import drift, tools
from memsrv.sources.opencode.held import Held, event_id
from memsrv.sources.opencode.paths import path_of
from memsrv.sources.opencode.second import BY_HAND

_UNNAMED = ("New session - ", "Child session - ")


def snapshot(held: Held) -> Snapshot:
    unknown: Counter[str] = Counter(held.unknown)
    unknown.update(drift.session(held.info))
    for info, parts in held.messages:
        unknown.update(drift.message(info))
        for part in parts:
            unknown.update(drift.part(part))
    return Snapshot(
        session=held.session,
        mark=held.mark,
        facts=_facts(held),
        events=tuple(_Telling(held).events()),
        unknown=dict(unknown),
        lost=held.lost,
    )


def _facts(held: Held) -> LogFacts:
    info, time = held.info, mapping(held.info.get("time"))
    folders = (string(mapping(message.get("path")).get("cwd")) for message, _ in held.messages)
    times = [moment for message, _ in held.messages for moment in _times(message)]
    title = string(info.get("title"))
    return LogFacts(
        cwd=string(info.get("directory")) or next(filter(None, folders), None),
        title=None if title is None or title.startswith(_UNNAMED) else " ".join(title.split())[:200],
        started=instant(time.get("created")) or min(times, default=None),
        ended=max(filter(None, [*times, instant(time.get("updated"))]), default=None),
        version=string(info.get("version")),
        parent=string(info.get("parentID")),
    )


def _times(message: Mapping[str, Any]) -> Iterator[str]:
    time = mapping(message.get("time"))
    for key in ("created", "completed"):
        moment = instant(time.get(key))
        if moment:
            yield moment


class _Telling:
    def __init__(self, held: Held) -> None:
        self._held = held
        self._cwd = _facts(held).cwd
        self._subagent = string(held.info.get("parentID")) is not None
        self._by_hand: set[str] = set()  # messages after which the human ran a command
        self._last: str | None = None
        self._undone = False  # from here on the user took it back

    def events(self) -> Iterator[Event]:
        for info, parts in self._held.messages:
            before = self._last
            for event in self._message(info, parts):
                yield replace(event, parent=before)
                before = event.id
                if event.on_main_path:
                    self._last = event.id

    def _message(self, info: Mapping[str, Any], parts: tuple[Mapping[str, Any], ...]) -> list[Event]:
        revert = mapping(self._held.info.get("revert"))
        from_part = string(revert.get("partID"))
        self._undone |= from_part is None and string(revert.get("messageID")) == info.get("id") is not None
        blank = Event(
            id=f"{self._held.session}/{string(info.get('id')) or '?'}",
            session=self._held.session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=instant(mapping(info.get("time")).get("created")),
            cwd=string(mapping(info.get("path")).get("cwd")) or self._cwd,
            sidechain=self._subagent,
            model=string(info.get("modelID")) if info.get("role") == "assistant" else None,
        )
        found: list[Event] = []
        for place, part in enumerate(parts):
            self._undone |= from_part is not None and part.get("id") == from_part
            id = event_id(self._held.session, info, part, place)
            here = replace(blank, id=id, on_main_path=not self._undone)
            if info.get("role") == "user":
                found += self._user(info, part, parts, here)
            elif info.get("role") == "assistant":
                found += self._assistant(info, part, here)
        found = _changed(found, parts)
        if info.get("role") == "assistant":
            found += _failed(info, replace(blank, on_main_path=not self._undone))
            found[:1] = [replace(event, tokens=_output_tokens(info, parts)) for event in found[:1]]
        return found

    def _user(
        self, info: Mapping[str, Any], part: Mapping[str, Any], parts: tuple[Mapping[str, Any], ...], blank: Event
    ) -> Iterator[Event]:
        kind, text = part.get("type"), plain(string(part.get("text")) or "").strip()
        if kind == "text" and text == BY_HAND and part.get("synthetic") is True:
            self._by_hand.add(str(info.get("id")))
        elif kind == "text" and text and not _inserted(part):
            named = tuple(dict.fromkeys(path for other in parts if (path := path_of(other))))
            if self._subagent:  # one agent's words to another
                yield replace(blank, trust=Trust.ASSISTANT, text=text, paths=named)
            else:
                yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=text, paths=named)
        elif kind == "subtask":
            command = string(part.get("command"))
            asked = f"/{command}" if command else plain(string(part.get("prompt")) or "")
            yield replace(blank, type=EventType.COMMAND, trust=Trust.HUMAN, text=asked, command=asked)
        elif kind == "compaction":
            yield from _compaction(part, blank)

    def _assistant(self, info: Mapping[str, Any], part: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        kind, text = part.get("type"), plain(string(part.get("text")) or "").strip()
        if kind == "text" and text and not _inserted(part):
            time = instant(mapping(part.get("time")).get("start")) or blank.time
            if info.get("summary") is True:
                yield replace(blank, type=EventType.SUMMARY, trust=Trust.TOOL, text=text, time=time)
            else:
                yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text, time=time)
        elif kind == "tool":
            yield from self._tool(info, part, blank)
        elif kind == "compaction":
            yield from _compaction(part, blank)

    def _tool(self, info: Mapping[str, Any], part: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        tool = (string(part.get("tool")) or string(part.get("name")) or "?")[:100]
        state = mapping(part.get("state"))
        time, details = mapping(state.get("time")), mapping(state.get("metadata"))
        made = tools.call(tool, mapping(state.get("input")))
        asked = replace(
            blank,
            type=EventType.TOOL_CALL,
            trust=tools.call_trust(tool),
            time=instant(time.get("start")) or blank.time,
            text=plain(made.text),
            tool=tool,
            call=string(part.get("callID")) or string(part.get("id")) or blank.id,
            command=made.command,
            paths=made.paths,
            edits=made.edits,
            spans=made.spans,
            child=(string(details.get("sessionId")) or string(details.get("sessionID")))
            if tool in tools.SUBAGENTS
            else None,
            cwd=string(mapping(state.get("input")).get("workdir")) or blank.cwd,
        )
        if str(info.get("parentID")) in self._by_hand and tools.is_shell(tool):
            asked = replace(asked, type=EventType.COMMAND, text="")
        yield asked
        ended = tools.ending(tool, state, made.command)
        if ended is not None:
            yield _ended(ended, asked, instant(time.get("end")) or asked.time)


def _child(details: Mapping[str, Any]) -> str | None:
    return string(details.get("sessionId")) or string(details.get("sessionID"))


def _inserted(part: Mapping[str, Any]) -> bool:
    """OpenCode's own words, or such that the model does not get to see."""
    return part.get("synthetic") is True or part.get("ignored") is True


def _ended(ended: tools.Ending, asked: Event, time: str | None) -> Event:
    event = replace(
        asked,
        id=f"{asked.id}/result",
        time=time,
        outcome=ended.outcome,
        grounds=ended.grounds,
        command=None,
        paths=() if ended.refusal is not None else asked.paths,
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


def _compaction(part: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    text = "" if part.get("auto") is None else "auto" if part.get("auto") is True else "manual"
    yield replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text=text)
    summary = plain(string(part.get("summary")) or "")
    if summary:
        yield replace(blank, id=f"{blank.id}/summary", type=EventType.SUMMARY, trust=Trust.TOOL, text=summary)


def _failed(info: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    error = mapping(info.get("error"))
    name = string(error.get("name"))
    if name == "MessageAbortedError":
        yield replace(blank, id=f"{blank.id}/interrupt", type=EventType.INTERRUPT, trust=Trust.HUMAN)
    elif name is not None:
        said = string(mapping(error.get("data")).get("message"))
        yield replace(blank, id=f"{blank.id}/error", text=plain(f"{name}: {said}" if said else name), error=name[:60])


def _changed(found: list[Event], parts: tuple[Mapping[str, Any], ...]) -> list[Event]:
    """The files that a step changed, as the host saw, at the last result: a command does not say which."""
    files: dict[str, None] = {}
    for part in parts:
        named = part.get("files") if part.get("type") == "patch" else None
        files |= dict.fromkeys(file for file in (named if isinstance(named, list) else []) if isinstance(file, str))
    for place in range(len(found) - 1, -1, -1) if files else ():
        event = found[place]
        if event.type is EventType.TOOL_RESULT and event.outcome is not Outcome.REJECTED:
            found[place] = replace(event, paths=tuple(dict.fromkeys((*event.paths, *files))))
            break
    return found


def _output_tokens(info: Mapping[str, Any], parts: tuple[Mapping[str, Any], ...]) -> int | None:
    """Of the whole response, counted once: those of its steps, or the message's own."""
    steps = [_output(part) for part in parts if part.get("type") == "step-finish"]
    counts = [count for count in steps if count is not None]
    return sum(counts) if counts else _output(info)


def _output(record: Mapping[str, Any]) -> int | None:
    count = mapping(record.get("tokens")).get("output")
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**40 else None
