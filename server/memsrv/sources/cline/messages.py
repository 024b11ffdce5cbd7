"""The API's messages, as Cline and Roo keep them, to Events. One message may be several events, or none."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import calls, endings
from memsrv.sources.cline import endings as cline_endings
from memsrv.sources.cline import markup, said
from memsrv.sources.cline.shown import Shown
from memsrv.sources.fields import content_text, instant, mapping, name, plain, string, words, written
from memsrv.sources.marks import Occurrences

_SILENT = words("thinking redacted_thinking reasoning image image_url document file tool_reference server_tool_use")
_DIRECTORY = re.compile(r"^# Current (?:Working|Workspace) Directory \((.+?)\) Files", re.MULTILINE)
_CLOCK = re.compile(
    r"^# Current Time\n(\d{1,2}/\d{1,2}/\d{4}, \d{1,2}:\d\d:\d\d [AP]M) \([^,()]*, UTC([+-]?)(\d{1,2}):(\d\d)\)",
    re.MULTILINE,
)
_ISO_CLOCK = re.compile(r"^Current time in ISO 8601 UTC format: (\S{10,40})", re.MULTILINE)
_FAILED = re.compile(r"\s*\[ERROR\]\s*")
_STOPPED = re.compile(r"\[Response interrupted by (user|API Error)\]\s*\Z")


@dataclass(frozen=True, slots=True)
class _Open:
    """A call that waits for its result."""

    tool: str
    id: str | None
    command: str
    titles: tuple[str, ...]


class Messages:
    """Reads the messages of one task in their order."""

    def __init__(self, seed: str, session: str, cwd: str | None, shown: Shown, *, native: bool) -> None:
        self._seed, self._session, self._shown, self._native = seed, session, shown, native
        self._names = Occurrences()
        self._open: list[_Open] = []
        self.cwd = cwd
        self.title: str | None = None
        self.times: list[str] = []
        self.events: list[Event] = []
        self.unknown: Counter[str] = Counter()

    def add(self, place: int, message: Mapping[str, Any]) -> None:
        role = string(message.get("role")) or string(message.get("type"))
        content = message.get("content", message.get("text"))
        if role == "reasoning" or message.get("type") == "reasoning":
            return
        self.unknown.update(f"field:{name(field)}" for field in message if field not in _FIELDS)
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list):
            self.unknown[f"content:{type(content).__name__}"] += 1
            return
        blocks = [part for part in parts if isinstance(part, Mapping)]
        human = role in ("user", "human", "tool")
        time = instant(message.get("ts")) or instant(message.get("timestamp")) or self._shown.time(place, human=human)
        blank = Event(
            id="",
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=time or (_clock(blocks) if human else None),
            cwd=self.cwd,
        )
        if message.get("isTruncationMarker") is True:
            found = iter([replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text="truncation")])
        elif message.get("isSummary") is True:
            found = _summary(content_text(parts), blank)
        elif human:
            found = self._user(blocks, blank, foreign=isinstance(content, str) and role != "tool")
        elif role in ("assistant", "model"):
            found = self._assistant(message, blocks, blank)
        else:
            self.unknown[f"role:{name(role)}"] += 1
            return
        self._take(self._names.name(self._seed, role, content, message.get("ts")), found)

    def _take(self, id: str, found: Iterator[Event]) -> None:
        parent = self.events[-1].id if self.events else None
        for place, event in enumerate(found):
            own = f"{id}#{place}" if place else id
            call = event.call.replace(_OWN, id) if event.call else None
            self.events.append(replace(event, id=own, parent=id if place else parent, cwd=self.cwd, call=call))
            if event.time:
                self.times.append(event.time)
            if event.type is EventType.PROMPT and self.title is None:
                self.title = " ".join(event.text.split())[:200] or None
        self._open = [replace(call, id=call.id.replace(_OWN, id)) if call.id else call for call in self._open]

    # What stands under the user's role

    def _user(self, blocks: list[Mapping[str, Any]], blank: Event, *, foreign: bool) -> Iterator[Event]:
        made: list[Event] = []
        headed: _Open | None = None  # a header whose result is the next block
        for block in blocks:
            kind = block.get("type")
            if kind in ("tool_result", "tool-result"):
                made += self._returned(block, blank)
            elif kind == "text" or (kind is None and "text" in block):
                text = plain(string(block.get("text")) or "")
                if _DIRECTORY.search(text) and text.lstrip().startswith("<environment_details>"):
                    self.cwd = self.cwd or next(found[1] for found in _DIRECTORY.finditer(text))
                if headed is not None:
                    silent = text.lstrip().startswith("<environment_details>")
                    made += self._result(headed, "" if silent else text, blank)
                    headed = None
                    if not silent:
                        continue
                call, rest = self._headed(text)
                if call is None:
                    self._spoken(text, made, blank, foreign=foreign)
                elif rest.strip():
                    made += self._result(call, rest, blank)
                else:
                    headed = call
            elif name(kind) not in _SILENT:
                self.unknown[f"block:{name(kind)}"] += 1
        if headed is not None:
            made += self._result(headed, "", blank)
        return iter(made)

    def _headed(self, text: str) -> tuple[_Open | None, str]:
        """The call whose result the block is, and what stands behind the header."""
        for call in self._open:
            for title in call.titles:
                found = said.header(text, title, call.tool)
                if found and found[:2] == (call.tool, title):
                    self._open.remove(call)
                    return call, text[found[2] :]
        found = said.header(text, None, None)
        if found is None:
            return None, text
        waiting = next((call for call in self._open if call.tool == found[0]), None)
        if waiting is not None:
            self._open.remove(waiting)
        return waiting or _Open(found[0], None, found[1] if calls.shell(found[0]) else "", ()), text[found[2] :]

    def _returned(self, block: Mapping[str, Any], blank: Event) -> list[Event]:
        id = string(block.get("tool_use_id")) or string(block.get("toolCallId"))
        call = next((call for call in self._open if call.id == id and id), None)
        call = call or _Open(string(block.get("toolName")) or "?", id, "", ())
        self._open = [other for other in self._open if other is not call]
        given = block.get("output")
        output = mapping(given)
        value = output.get("value") if output else given
        text = plain(content_text(block.get("content")) or content_text(value) or (written(value) if value else ""))
        headed = said.header(text, None, None) if text.startswith("[") else None
        if headed and headed[0] == call.tool:
            text = text[headed[2] :]
        failed = block.get("is_error") is True or str(output.get("type") or "").startswith("error")
        if block.get("type") == "tool-result" and (marked := _FAILED.match(text)):  # where the part has no field for it
            text, failed = text[marked.end() :], True
        return self._result(call, text, blank, is_error=failed)

    def _result(self, call: _Open, body: str, blank: Event, *, is_error: bool = False) -> list[Event]:
        tool = None if call.tool == "?" else call.tool
        event = replace(blank, tool=tool, call=call.id)
        made: list[Event] = []
        for part in said.result(tool, body, self._shown.heard):
            if part.speaker == "refusal":
                refused = replace(event, type=EventType.REJECTION, trust=Trust.HUMAN, text=part.text)
                made.append(replace(refused, outcome=Outcome.REJECTED, grounds="user rejected"))
            elif part.speaker == "human":
                made.append(
                    replace(event, type=EventType.PROMPT, trust=Trust.HUMAN, text=part.text, tool=None, call=None)
                )
            elif part.speaker == "answer":
                made.append(replace(event, type=EventType.TOOL_RESULT, trust=Trust.HUMAN, text=part.text))
            else:
                ended = cline_endings.ending(tool, part.text, is_error=is_error, asking=endings.asks(call.command))
                made.append(
                    replace(
                        event,
                        type=EventType.TOOL_RESULT,
                        trust=calls.result_trust(tool),
                        text=ended.text,
                        outcome=ended.outcome,
                        grounds=ended.grounds,
                        exit_code=ended.exit_code,
                        error=ended.error,
                    )
                )
        return made

    def _spoken(self, text: str, made: list[Event], blank: Event, *, foreign: bool) -> None:
        found = said.block(text)
        refused = made[-1] if made and made[-1].type is EventType.REJECTION else None
        if found.speaker == "human" and refused and not refused.text and said.is_refusal_feedback(text):
            made[-1] = replace(refused, text=found.text)
        elif found.speaker == "human" or (found.speaker == "unknown" and foreign):
            made.append(replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=found.text.strip()))
        elif found.speaker == "summary":
            made += _summary(found.text, blank)
        elif found.speaker == "cut":
            made.append(replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text="truncation"))
        elif found.speaker == "unknown":
            self.unknown["text:unmarked"] += 1
            made.append(replace(blank, text=found.text))

    # What the model said

    def _assistant(self, message: Mapping[str, Any], blocks: list[Mapping[str, Any]], blank: Event) -> Iterator[Event]:
        self._open = []
        model = string(mapping(message.get("modelInfo")).get("modelId"))
        tokens = mapping(mapping(message.get("metrics")).get("tokens")).get("completion")
        counted = tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 < tokens < 2**40 else None
        blank = replace(blank, trust=Trust.ASSISTANT, model=model)
        for event in self._replied(blocks, blank):
            yield replace(event, tokens=counted) if event.type is not EventType.INTERRUPT else event
            counted = None

    def _replied(self, blocks: list[Mapping[str, Any]], blank: Event) -> Iterator[Event]:
        made = 0
        for block in blocks:
            kind = block.get("type")
            if kind in ("tool_use", "tool-call"):
                tool = (string(block.get("name")) or string(block.get("toolName")) or "?")[:100]
                id = string(block.get("id")) or string(block.get("toolCallId"))
                yield self._call(tool, mapping(block.get("input")), id, blank)
                made += 1
            elif kind == "text" or (kind is None and "text" in block):
                text = plain(string(block.get("text")) or "")
                stopped = _STOPPED.search(text)
                text = text[: stopped.start()] if stopped else text
                for piece in [markup.without_thoughts(text)] if self._native else markup.pieces(text):
                    if isinstance(piece, markup.Asked):
                        yield self._call(piece.tool, piece.arguments, f"{_OWN}.{made}", blank)
                        made += 1
                    elif piece.strip():
                        yield replace(blank, type=EventType.REPLY, text=piece.strip())
                        made += 1
                if stopped and stopped[1] == "user":
                    yield replace(blank, type=EventType.INTERRUPT, trust=Trust.HUMAN, model=None)
            elif name(kind) not in _SILENT:
                self.unknown[f"block:{name(kind)}"] += 1

    def _call(self, tool: str, arguments: Mapping[str, Any], id: str | None, blank: Event) -> Event:
        made = calls.call(tool, {key: value for key, value in arguments.items() if key != "task_progress"})
        titles = tuple(value for key in _TITLES for value in (arguments.get(key),) if isinstance(value, str) and value)
        self._open.append(_Open(tool, id, made.command or "", titles))
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


_TITLES = ("command", "path", "question", "regex", "url", "server_name", "query", "action")
#: Stands for the message's id, which is known when its events are.
_OWN = "\x00message\x00"
_FIELDS = words(
    """
    role content ts timestamp text type id modelInfo metrics isSummary condenseId condenseParent truncationId
    truncationParent isTruncationMarker reasoning_content reasoning_details reasoning summary encrypted_content
    providerOptions
    """
)


def _summary(text: str, blank: Event) -> Iterator[Event]:
    yield replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text="condense")
    if text.strip():
        yield replace(blank, type=EventType.SUMMARY, trust=Trust.TOOL, text=plain(text))


def _clock(blocks: list[Mapping[str, Any]]) -> str | None:
    """The time that the harness told the model, in UTC; other writings of it than the American one tell none."""
    for block in reversed(blocks):
        text = string(block.get("text")) or ""
        if not text.lstrip().startswith("<environment_details>"):
            continue
        if iso := _ISO_CLOCK.search(text):
            return instant(iso[1])
        if read := _CLOCK.search(text):
            try:
                local = datetime.strptime(read[1], "%m/%d/%Y, %I:%M:%S %p")
                offset = timedelta(hours=int(read[3]), minutes=int(read[4])) * (-1 if read[2] == "-" else 1)
                return instant(local.replace(tzinfo=timezone(offset)).astimezone(UTC).isoformat())
            except ValueError:
                return None
    return None
