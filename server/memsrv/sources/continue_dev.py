"""Continue: `~/.continue/sessions/<id>.json`, one document for a session; `sessions.json` beside them is their index.

It tells no times but when a session was begun, which stands in the index, and nothing of what a command printed apart
from what the model was given. The user may edit an earlier message: what followed it is then gone from the document.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, Lost, Snapshot, SnapshotSource, UnreadableLineError, calls, endings
from memsrv.sources.calls import path_of
from memsrv.sources.fields import content_text, document, instant, mapping, name, plain, string, words
from memsrv.sources.heads import outline
from memsrv.sources.machine import Machine
from memsrv.sources.marks import Occurrences, beside, mark

__all__ = ["Continue"]

_FIELDS = words(
    """
    message contextItems editorState modifiers promptLogs toolCallStates toolCallState isGatheringContext reasoning
    appliedRules conversationSummary id
    """
)
_SILENT = words("system thinking developer")
_EXITED = re.compile(r"Command (?:failed with|exited with|completed with) (?:exit )?code:? (-?\d{1,10})", re.I)


class Continue(SnapshotSource):
    name = "continue"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.named("CONTINUE_GLOBAL_DIR", machine.home / ".continue") / "sessions",)

    def discover(self, root: Path) -> Sequence[Path]:
        folder = root if root.name == "sessions" else root / "sessions"
        if not (folder / "sessions.json").is_file() and folder.parent.name != ".continue":
            return ()  # other agents name a folder so
        return sorted(path for path in folder.glob("*.json") if path.name != "sessions.json" and path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        seen = outline(head)
        return (
            path.suffix == ".json"
            and seen.opening == "{"
            and "sessionId" in seen.keys
            and bool({"workspaceDirectory", "history"} & seen.keys)
            and not {"timeline", "chatMessages", "workspacePath", "requests"} & seen.keys
        )

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        content = path.read_bytes()
        whole = document(content)
        if not isinstance(whole, Mapping) or not isinstance(whole.get("history"), list):
            raise UnreadableLineError("not a session of Continue: no object with a history")
        session = string(whole.get("sessionId")) or path.stem
        began = _began(beside(path.with_name("sessions.json")), session)
        changed = mark([content, (began or "").encode()])
        if marks.get(session) == changed:
            return
        reading = _Reading(session, path_of(whole.get("workspaceDirectory")), string(whole.get("chatModelTitle")))
        for place, item in enumerate(whole["history"]):
            reading.add(place, item)
        title = string(whole.get("title"))
        facts = LogFacts(cwd=reading.cwd, title=" ".join(title.split())[:200] if title else None, started=began)
        yield Snapshot(session, changed, facts, tuple(reading.events), dict(reading.unknown), tuple(reading.lost))


class _Reading:
    def __init__(self, session: str, cwd: str | None, model: str | None) -> None:
        self._session, self._model = session, model
        self._names = Occurrences()
        self._turn, self._step = self._names.name(session, "start"), 0
        self._told: dict[str, str] = {}  # call → its tool
        self._ended: set[str] = set()  # calls whose state told how they ended
        self._commands: dict[str, str] = {}
        self.cwd = cwd
        self.events: list[Event] = []
        self.unknown: Counter[str] = Counter()
        self.lost: list[Lost] = []

    def add(self, place: int, item: Any) -> None:
        message = mapping(mapping(item).get("message"))
        if not isinstance(item, Mapping) or not message:
            self.lost.append(Lost(place, "an entry of the history without a message"))
            return
        self.unknown.update(f"field:{name(field)}" for field in item if field not in _FIELDS)
        role, text = message.get("role"), plain(content_text(message.get("content")))
        if role == "user":
            self._turn, self._step = self._names.name(self._session, text), 0
        blank = Event(
            id=self._turn, session=self._session, type=EventType.NOTE, trust=Trust.TOOL, cwd=self.cwd, model=self._model
        )
        if role == "user":
            self._take(_asked(item, text, replace(blank, model=None)))
        elif role == "assistant":
            self._take(self._replied(item, message, text, blank))
        elif role == "tool":
            self._take(self._returned(message, text, blank))
        elif not (isinstance(role, str) and role in _SILENT):
            self.unknown[f"role:{name(role)}"] += 1
        summary = plain(string(item.get("conversationSummary")) or "")
        if summary.strip():
            cut = replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, text="summary", model=None)
            self._take(iter([cut, replace(cut, type=EventType.SUMMARY, trust=Trust.TOOL, text=summary)]))

    def _take(self, found: Iterator[Event]) -> None:
        for event in found:
            own = f"{event.id}/{self._step}" if self._step else event.id
            self._step += 1
            self.events.append(replace(event, id=own, parent=self.events[-1].id if self.events else None))

    def _replied(self, item: Mapping[str, Any], message: Mapping[str, Any], text: str, blank: Event) -> Iterator[Event]:
        tokens = mapping(message.get("usage")).get("completionTokens")
        tokens = tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 < tokens < 2**40 else None
        logs = item.get("promptLogs")
        last = mapping(logs[-1]) if isinstance(logs, list) and logs else {}
        blank = replace(blank, model=string(last.get("modelTitle")) or blank.model)
        if text.strip():
            yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text.strip(), tokens=tokens)
            tokens = None
        states = _states(item)
        asked = message.get("toolCalls")
        seen = {string(mapping(state).get("toolCallId")) for state in states}
        # A call that is still being written has no state yet.
        for call in asked if isinstance(asked, list) else []:
            if isinstance(call, Mapping) and string(call.get("id")) not in seen:
                states.append({"toolCallId": call.get("id"), "toolCall": call})
        for state in states:
            for event in self._used(state, blank):
                yield replace(event, tokens=tokens)
                tokens = None

    def _used(self, state: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        call, id = mapping(state.get("toolCall")), string(state.get("toolCallId"))
        function = mapping(call.get("function"))
        tool = (string(function.get("name")) or "?")[:100]
        given = state.get("parsedArgs")
        made = calls.call(tool, given if isinstance(given, Mapping) else _arguments(function.get("arguments")))
        if id:
            self._told[id] = tool
            self._commands[id] = made.command or ""
        yield replace(
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
        event = _ended(state, replace(blank, tool=tool, call=id, model=None), made.command)
        if event is not None:
            self._ended.add(id or "")
            yield event

    def _returned(self, message: Mapping[str, Any], text: str, blank: Event) -> Iterator[Event]:
        id = string(message.get("toolCallId"))
        if id in self._ended:
            return  # the call's state has told it
        tool = self._told.get(id or "")
        yield replace(
            blank, type=EventType.TOOL_RESULT, trust=calls.result_trust(tool), text=text, tool=tool, call=id, model=None
        )


def _asked(item: Mapping[str, Any], text: str, blank: Event) -> Iterator[Event]:
    given = item.get("contextItems")
    found = []
    for context in given if isinstance(given, list) else []:
        place = mapping(mapping(context).get("uri"))
        path = path_of(place.get("value")) if place.get("type") == "file" else None
        if path:
            found.append(path)
    if text.strip():
        paths = tuple(dict.fromkeys(found))
        yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=text.strip(), paths=paths)


def _states(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = item.get("toolCallStates")
    states = [state for state in given if isinstance(state, Mapping)] if isinstance(given, list) else []
    one = item.get("toolCallState")
    return states or ([one] if isinstance(one, Mapping) else [])


def _ended(state: Mapping[str, Any], event: Event, command: str | None) -> Event | None:
    """How a call ended; None while it has not."""
    status, output = state.get("status"), state.get("output")
    items = [item for item in output if isinstance(item, Mapping)] if isinstance(output, list) else []
    text = plain("\n".join(content for item in items for content in (string(item.get("content")),) if content))
    event = replace(event, type=EventType.TOOL_RESULT, trust=calls.result_trust(event.tool), text=text)
    if status == "canceled" and not items:
        refused = replace(event, type=EventType.REJECTION, trust=Trust.HUMAN)
        return replace(refused, outcome=Outcome.REJECTED, grounds="status: canceled")
    if status == "canceled":
        return replace(event, outcome=Outcome.PARTIAL, grounds="status: canceled", error="interrupted")
    if status == "errored":
        failed = replace(event, outcome=Outcome.FAILURE, grounds="status: errored")
        return replace(failed, error=endings.error_class(text))
    if status != "done":
        return None
    if command is None:
        return replace(event, outcome=Outcome.SUCCESS, grounds="status: done")
    return _exited(items, event, command)


def _exited(items: Sequence[Mapping[str, Any]], event: Event, command: str) -> Event:
    told = next((status for item in items for status in (string(item.get("status")),) if status), "")
    exited = _EXITED.search(told)
    if exited is None and told.strip().lower() != "command completed":
        return event  # it goes on in the background, or nobody says how it ended
    code = int(exited[1]) if exited else 0
    if code == 0:
        return replace(event, outcome=Outcome.SUCCESS, grounds="exit code 0", exit_code=0)
    if code == 1 and endings.asks(command) and not event.text.strip():
        return replace(event, outcome=Outcome.PARTIAL, grounds="exit code 1", exit_code=1)
    failed = replace(event, outcome=Outcome.FAILURE, grounds=f"exit code {code}", exit_code=code)
    return replace(failed, error=endings.error_class(event.text, code))


def _arguments(given: Any) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    try:
        return mapping(json.loads(given)) if isinstance(given, str) else {}
    except (ValueError, RecursionError):
        return {"input": given}


def _began(index: bytes, session: str) -> str | None:
    try:
        listed = document(index) if index else []
    except UnreadableLineError:
        return None
    for entry in listed if isinstance(listed, list) else []:
        if mapping(entry).get("sessionId") == session:
            date = entry.get("dateCreated")
            milliseconds = isinstance(date, str) and date.isdecimal() and len(date) < 16
            return instant(int(date) if milliseconds else date)
    return None
