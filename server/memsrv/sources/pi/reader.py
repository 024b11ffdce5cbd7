"""Pi's entries to Events: messages, what the human ran, compactions, and the branches of its tree.

An entry's id is unique in its session only, and a fork copies entries with theirs; id and time together name an entry
in all files alike. A branch that was left is known by the prompt that took its place under the same parent.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, calls, endings
from memsrv.sources.fields import content_text, instant, mapping, name, plain, records, string
from memsrv.sources.marks import digest

_REMEMBERED = 1024  # how many entries' events, and open calls, a state holds at most
_KNOWN = frozenset(("session", "message", "model_change", "thinking_level_change", "compaction", "branch_summary"))
_PASSED_BY = frozenset(("custom", "label", "session_info", "custom_message", "usage", "context_edit"))
_EXITED = re.compile(r"(?:\A|\n)\s*Command exited with code (\d+)\s*\Z")
_STOPPED = re.compile(r"(?:\A|\n)\s*(?:Command|Operation|Request) (?:was )?aborted\s*\Z")
#: Up to the last tag that closes it: a skill's text, or a file's, may hold one, too.
_SKILL = re.compile(r'\s*<skill name="([^"\n]+)" location="[^"\n]*">\n.*\n</skill>(?:\n\n(.+))?\s*\Z', re.DOTALL)
_FILES = re.compile(r'\s*<file name="[^"\n]+">.*</file>\n', re.DOTALL)
_FILE = re.compile(r'(?:\A\s*|</file>\n)<file name="([^"\n]+)">')
_ADDED = re.compile(r"^\+ *(\d+) ", re.MULTILINE)


class PiReader:
    def __init__(self, *, session: str, state: Mapping[str, Any]) -> None:
        self._session: str = state.get("session", session)
        self._facts = LogFacts(**state.get("facts", {}))
        self._model: str | None = state.get("model")
        self._place: int = state.get("place", 0)  # entries read so far
        self._names: dict[str, str | None] = dict(state.get("names", {}))  # entry → its event, or its parent's
        self._calls: dict[str, list[Any]] = dict(state.get("calls", {}))  # open call → [command, path]
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
            "names": dict(list(self._names.items())[-_REMEMBERED:]),
            "calls": dict(list(self._calls.items())[-_REMEMBERED:]),
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        return [event for record in records(line.replace(b"\x00", b"")) for event in self._entry(record)]

    def _entry(self, record: Mapping[str, Any]) -> list[Event]:
        self._place += 1
        kind = string(record.get("type"))
        time = instant(record.get("timestamp"))
        if kind == "session":
            self._header(record, time)
            return []
        if kind not in _KNOWN and kind not in _PASSED_BY:
            self._unknown[f"type:{name(record.get('type'))}"] += 1
        if time:
            self._facts = replace(self._facts, started=self._facts.started or time, ended=time)
        entry, above = string(record.get("id")), string(record.get("parentId"))
        id = f"{entry}-{digest(record.get('timestamp'))[:10]}" if entry else digest(self._session, self._place, record)
        parent = self._names.get(above) if above else None
        blank = Event(
            id=id,
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=time,
            cwd=self._facts.cwd,
            parent=parent,
        )
        found = [
            event if not place else replace(event, id=f"{id}#{place}", parent=id)
            for place, event in enumerate(self._events(record, blank))
        ]
        if entry:
            self._names[entry] = id if found else parent
        return found

    def _header(self, record: Mapping[str, Any], time: str | None) -> None:
        self._session = string(record.get("id")) or self._session
        origin = string(record.get("parentSession"))  # the file that this one was forked from
        self._facts = replace(
            self._facts,
            cwd=string(record.get("cwd")) or self._facts.cwd,
            started=time or self._facts.started,
            parent=re.split(r"[\\/]", origin)[-1].removesuffix(".jsonl").split("_", 1)[-1] if origin else None,
        )

    def _events(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        kind = record.get("type")
        if kind == "message":
            yield from self._message(mapping(record.get("message")), blank)
        elif kind == "compaction":
            before = record.get("tokensBefore")
            text = f"{before} tokens before" if isinstance(before, int) else ""
            yield replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text=text)
            yield from _summary(record, blank)
        elif kind == "branch_summary":
            yield from _summary(record, blank)
        elif kind == "custom_message" and (words := content_text(record.get("content"))).strip():
            yield replace(blank, text=plain(words))  # an extension's
        elif kind == "model_change":
            self._model = string(record.get("modelId")) or self._model
        elif kind == "session_info" and (title := string(record.get("name"))):
            self._facts = replace(self._facts, title=" ".join(title.split())[:200])

    def _message(self, message: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        role = message.get("role")
        if role == "user":
            yield from _asked(plain(content_text(message.get("content"))), blank)
        elif role == "assistant":
            yield from self._reply(message, blank)
        elif role == "toolResult":
            yield self._result(message, blank)
        elif role == "bashExecution":
            yield from _ran(message, blank)
        elif role in ("branchSummary", "compactionSummary"):
            yield from _summary(message, blank)
        elif role in ("custom", "hookMessage"):
            if (words := plain(content_text(message.get("content")))).strip():
                yield replace(blank, text=words)
        else:
            self._unknown[f"role:{name(role)}"] += 1

    def _reply(self, message: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        self._model = string(message.get("model")) or self._model
        blank = replace(blank, model=self._model)
        output = mapping(message.get("usage")).get("output")
        tokens = output if isinstance(output, int) and not isinstance(output, bool) and 0 < output < 2**40 else None
        content = message.get("content")
        for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:
            event = self._block(mapping(block), blank)
            if event is not None:
                yield replace(event, tokens=tokens)
                tokens = None
        if message.get("stopReason") == "aborted":
            yield replace(blank, type=EventType.INTERRUPT, trust=Trust.HUMAN, model=None)

    def _block(self, block: Mapping[str, Any], blank: Event) -> Event | None:
        kind = block.get("type")
        if kind == "text":
            text = plain(string(block.get("text")) or "").strip()
            return replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text) if text else None
        if kind == "toolCall":
            tool = (string(block.get("name")) or "?")[:100]
            made = calls.call(tool, mapping(block.get("arguments")))
            id = string(block.get("id"))
            if id:
                self._calls[id] = [made.command, made.paths[0] if made.paths else None]
            return replace(
                blank,
                type=EventType.TOOL_CALL,
                trust=calls.call_trust(tool),
                text=plain(made.text),
                tool=tool,
                call=id,
                command=plain(made.command) if made.command else None,
                paths=made.paths,
                edits=tuple((path, plain(old), plain(new)) for path, old, new in made.edits),
                spans=made.spans,
            )
        if kind not in ("thinking", "image"):
            self._unknown[f"block:{name(kind)}"] += 1
        return None

    def _result(self, message: Mapping[str, Any], blank: Event) -> Event:
        id = string(message.get("toolCallId"))
        command, path = self._calls.pop(id, [None, None]) if id else (None, None)
        tool = (string(message.get("toolName")) or "?")[:100]
        text = plain(content_text(message.get("content")))
        event = replace(
            blank,
            type=EventType.TOOL_RESULT,
            trust=calls.result_trust(tool),
            text=text,
            tool=tool,
            call=id,
            paths=(path,) if path else (),
            spans=_written(path, mapping(message.get("details")).get("diff")),
        )
        shell = calls.shell(tool)
        if message.get("isError") is False:
            grounds = "exit code 0" if shell else "isError: false"
            return replace(event, outcome=Outcome.SUCCESS, exit_code=0 if shell else None, grounds=grounds)
        if message.get("isError") is not True:
            return event
        if _STOPPED.search(text):
            return replace(event, outcome=Outcome.PARTIAL, error="interrupted", grounds="the command was aborted")
        exited = _EXITED.search(text) if shell else None
        if exited is None or len(exited[1]) > 9:
            return replace(event, outcome=Outcome.FAILURE, error=endings.error_class(text), grounds="isError: true")
        return _exited(event, text[: exited.start()], int(exited[1]), command)


def _asked(text: str, blank: Event) -> Iterator[Event]:
    """The human's words, without the files that `pi @file` put before them and what `/skill:name` was replaced by."""
    put_in = _FILES.match(text)
    paths = dict.fromkeys(_FILE.findall(put_in[0])) if put_in else {}
    text = text[put_in.end() :] if put_in else text
    skill = _SKILL.match(text)
    words = (skill[2] or "" if skill else text).strip()
    if words:
        yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=words, paths=tuple(paths))
    elif skill:
        command = f"/skill:{skill[1]}"
        yield replace(blank, type=EventType.COMMAND, trust=Trust.HUMAN, text=command, command=command)


def _exited(event: Event, printed: str, code: int, command: str | None) -> Event:
    grounds = f"exit code {code}"
    if code == 0:
        return replace(event, outcome=Outcome.SUCCESS, exit_code=0, grounds=grounds)
    silent = printed.strip() in ("", "(no output)")
    if code == 1 and silent and endings.asks(command or ""):
        return replace(event, outcome=Outcome.PARTIAL, exit_code=1, grounds=grounds)
    error = endings.error_class(printed, code)
    return replace(event, outcome=Outcome.FAILURE, exit_code=code, error=error, grounds=grounds)


def _ran(message: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    """A command that the human ran: `!command`, and `!!command`, of which the model is not told."""
    command, output = plain(string(message.get("command")) or ""), plain(string(message.get("output")) or "")
    blank = replace(blank, tool="bash", call=blank.id)
    yield replace(blank, type=EventType.COMMAND, trust=Trust.COMMAND, command=command)
    result, code = replace(blank, type=EventType.TOOL_RESULT, text=output), message.get("exitCode")
    if message.get("cancelled") is True:
        yield replace(result, outcome=Outcome.PARTIAL, error="interrupted", grounds="cancelled")
    elif isinstance(code, int) and not isinstance(code, bool):
        yield _exited(result, output, code, command)
    else:
        yield result


def _summary(record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    text = plain(string(record.get("summary")) or "")
    if text:
        yield replace(blank, type=EventType.SUMMARY, text=text)


def _written(path: str | None, diff: Any) -> tuple[tuple[str, int, int], ...]:
    """The lines that an edit put into the file: Pi's diff numbers them."""
    lines = [int(line) for line in _ADDED.findall(diff) if len(line) < 10] if isinstance(diff, str) else []
    return ((path, min(lines), max(lines)),) if path and lines else ()
