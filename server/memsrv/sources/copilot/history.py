"""The one document for a session that Copilot CLI wrote before it kept events, as Events."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, Lost, Snapshot, UnreadableLineError, calls
from memsrv.sources.copilot import endings
from memsrv.sources.fields import content_text, document, instant, mapping, name, plain, string
from memsrv.sources.marks import Occurrences, digest, mark

_HUMAN = ("human", "user")
_ASSISTANT = ("assistant", "copilot", "model")
_CALLED, _RETURNED = "tool_call_requested", "tool_call_completed"
_PASSED_BY = ("info", "system", "error", "warning", "intent", "reasoning")


def snapshots(path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
    content = path.read_bytes()
    whole = document(content)
    if not isinstance(whole, Mapping):
        raise UnreadableLineError("not a session of Copilot CLI: no object")
    told: list[Any] = next(
        (whole[key] for key in ("timeline", "chatMessages", "history") if isinstance(whole.get(key), list)), []
    )
    session = string(whole.get("sessionId")) or string(whole.get("session_id"))
    session = session or f"copilot-{digest(told[:1], whole.get('workspacePath'))[:16]}"
    changed = mark([content])
    if marks.get(session) == changed:
        return
    cwd = string(whole.get("workspacePath")) or string(whole.get("cwd"))
    reading = _Reading(session, cwd)
    for place, entry in enumerate(told):
        reading.add(place, entry)
    times = [event.time for event in reading.events if event.time]
    began = instant(whole.get("startTime"))
    facts = LogFacts(
        cwd=cwd,
        started=began or min(times, default=None),
        ended=max(times, default=began),
    )
    yield Snapshot(session, changed, facts, tuple(reading.events), dict(reading.unknown), tuple(reading.lost))


class _Reading:
    def __init__(self, session: str, cwd: str | None) -> None:
        self._session, self._cwd = session, cwd
        self._names = Occurrences()
        self._tools: dict[str, str] = {}
        self.events: list[Event] = []
        self.unknown: Counter[str] = Counter()
        self.lost: list[Lost] = []

    def add(self, place: int, entry: Any) -> None:
        if not isinstance(entry, Mapping):
            self.lost.append(Lost(place, f"a JSON {type(entry).__name__}, not an object"))
            return
        kind = string(entry.get("role")) or string(entry.get("type"))
        blank = Event(
            id=digest(self._session, entry["id"])
            if string(entry.get("id"))
            else self._names.name(self._session, entry),
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=instant(entry.get("time")) or instant(entry.get("timestamp")),
            cwd=self._cwd,
            parent=self.events[-1].id if self.events else None,
        )
        if kind in _HUMAN or kind in _ASSISTANT:
            text = plain(_text(entry)).strip()
            said, trust = (EventType.PROMPT, Trust.HUMAN) if kind in _HUMAN else (EventType.REPLY, Trust.ASSISTANT)
            if text:
                self.events.append(replace(blank, type=said, trust=trust, text=text))
            self._requested(entry, blank)
        elif kind == _CALLED:
            self.events.append(self._call(entry, blank))
        elif kind in (_RETURNED, "tool"):
            self.events.append(self._result(entry, blank))
        elif kind not in _PASSED_BY:
            self.unknown[f"type:{name(kind)}"] += 1

    def _requested(self, entry: Mapping[str, Any], blank: Event) -> None:
        """The calls that a message in the API's form asks for."""
        asked = entry.get("tool_calls")
        for number, call in enumerate(asked if isinstance(asked, list) else []):
            function = mapping(mapping(call).get("function"))
            made = {
                "callId": mapping(call).get("id"),
                "name": function.get("name"),
                "arguments": function.get("arguments"),
            }
            self.events.append(replace(self._call(made, blank), id=f"{blank.id}#{number + 1}"))

    def _call(self, entry: Mapping[str, Any], blank: Event) -> Event:
        tool = (string(entry.get("name")) or "?")[:100]
        id, given = string(entry.get("callId")), entry.get("arguments")
        if isinstance(given, str):
            try:
                given = document(given.encode("utf-8", "replace"))
            except UnreadableLineError:
                given = {"input": given}
        made = calls.call(tool, mapping(given))
        if id:
            self._tools[id] = tool
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

    def _result(self, entry: Mapping[str, Any], blank: Event) -> Event:
        id = string(entry.get("callId")) or string(entry.get("tool_call_id"))
        tool = self._tools.get(id or "")
        result = mapping(entry.get("result"))
        ended = str(result.get("type") or "")
        event = replace(blank, tool=tool, call=id)
        if ended in ("rejected", "denied"):
            return replace(
                event,
                type=EventType.REJECTION,
                trust=Trust.HUMAN,
                outcome=Outcome.REJECTED,
                grounds="user rejected",
            )
        success = {"success": True, "failure": False}.get(ended)
        printed = string(result.get("log")) or _text(entry)
        told = {"success": success, "result": {"content": printed}}
        found = endings.ending(told, shell=endings.runs(tool), asking=False)
        return replace(
            event,
            type=EventType.TOOL_RESULT,
            trust=calls.result_trust(tool),
            text=plain(found.text),
            outcome=found.outcome,
            exit_code=found.exit_code,
            error=found.error,
            grounds=found.grounds,
        )


def _text(entry: Mapping[str, Any]) -> str:
    for field in ("content", "text", "result", "output", "message", "prompt"):
        words = content_text(entry.get(field))
        if words:
            return words
    return ""
