"""Claude Code's `history.jsonl`: what was typed, in every project. It outlives the transcripts, which are deleted.

A prompt counts here only where its session's transcript is not there. Older entries name no session: they count where
no transcript of their project was being written at their time. Each is told with the entry after it, because the first
prompt of a session stands here before its transcript does.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LogFacts
from memsrv.sources.claude_code import prompt
from memsrv.sources.fields import instant, mapping, name, plain, records, string
from memsrv.sources.marks import digest

_FIELDS = frozenset({"display", "pastedContents", "timestamp", "project", "sessionId"})
_PASTED = re.compile(r"\[Pasted text #(\d+)(?: \+\d+ lines)?\]")
_REMEMBERED = 64
_SLUG = 200


class HistoryReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._projects = path.parent / "projects"
        self._own = path.stem
        self._waiting: Mapping[str, Any] | None = state.get("waiting")
        self._facts = {id: LogFacts(**facts) for id, facts in state.get("facts", {}).items()}
        self._heads: dict[str, str] = dict(state.get("heads", {}))
        self._last: str | None = state.get("last")
        self._unknown: Counter[str] = Counter(state.get("unknown", {}))
        self._times: dict[str, list[tuple[str, float]]] = {}  # by project: when its transcripts were written

    @property
    def facts(self) -> LogFacts:
        return self._facts.get(self._last or "", LogFacts())

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        return dict(self._facts) or {self._own: LogFacts()}

    @property
    def unknown(self) -> Mapping[str, int]:
        return dict(self._unknown)

    @property
    def state(self) -> dict[str, Any]:
        kept = list(self._facts)[-_REMEMBERED:]
        return {
            "waiting": self._waiting,
            "facts": {id: asdict(self._facts[id]) for id in kept},
            "heads": {id: self._heads[id] for id in kept if id in self._heads},
            "last": self._last,
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        events: list[Event] = []
        for record in records(line):
            self._unknown.update(f"field:{name(key)}" for key in record if key not in _FIELDS)
            if self._waiting is not None and (event := self._prompt(self._waiting)) is not None:
                events.append(event)
            self._waiting = _kept(record)
        return events

    def _prompt(self, entry: Mapping[str, Any]) -> Event | None:
        said = prompt.of_text(plain(entry["text"]))
        project, session, time = entry["project"], entry["session"], instant(entry["time"])
        if said.speaker != "human" or said.text.startswith(("/", "!")):
            return None  # a command of the program: only its transcript tells what came of it
        if session is None and (time is None or project is None):
            return None
        if self._stands_in_a_transcript(session, project, entry["time"]):
            return None
        session = session or f"history-{digest(project)[:12]}"
        known = self._facts.pop(session, LogFacts(cwd=project))
        times = [moment for moment in (known.started, known.ended, time) if moment]
        self._facts[session] = replace(known, started=min(times, default=None), ended=max(times, default=None))
        self._last = session
        id = digest("history", session, entry["time"], said.text)
        event = Event(id, session, EventType.PROMPT, Trust.HUMAN, said.text, time=time, cwd=project)
        event = replace(event, parent=self._heads.get(session))
        self._heads[session] = id
        return event

    def _stands_in_a_transcript(self, session: str | None, project: str | None, time: Any) -> bool:
        if session is not None:
            return re.fullmatch(r"[\w-]{1,80}", session) is None or any(self._projects.glob(f"*/{session}.jsonl"))
        if project not in self._times:
            self._times[project or ""] = _written(self._projects / _slug(project or ""))
        moment = instant(time) or ""
        return any(began <= moment and float(time) / 1000 <= ended for began, ended in self._times[project or ""])


def _kept(record: Mapping[str, Any]) -> dict[str, Any] | None:
    text = string(record.get("display"))
    if text is None:
        return None
    pasted = mapping(record.get("pastedContents"))

    def put_back(found: re.Match[str]) -> str:
        return string(mapping(pasted.get(found[1])).get("content")) or found[0]

    time = record.get("timestamp")
    return {
        "text": _PASTED.sub(put_back, text)[:64_000],
        "time": time if isinstance(time, int | float) and not isinstance(time, bool) else None,
        "project": string(record.get("project")),
        "session": string(record.get("sessionId")),
    }


def _slug(project: str) -> str:
    """The folder of a project's transcripts; one with a longer name ends in a hash that is not needed to find it."""
    return re.sub(r"[^A-Za-z0-9]", "-", unicodedata.normalize("NFC", project))[:_SLUG]


def _written(folder: Path) -> list[tuple[str, float]]:
    """From when to when each transcript was written."""
    found = []
    folders = [folder, *folder.parent.glob(f"{folder.name}-*")] if len(folder.name) == _SLUG else [folder]
    for place in folders:
        for path in place.glob("*.jsonl"):
            try:
                found.append((_first_time(path), path.stat().st_mtime))
            except OSError:
                continue
    return found


def _first_time(path: Path) -> str:
    with path.open("rb") as lines:
        for _, line in zip(range(50), lines, strict=False):
            try:
                time = instant(mapping(json.loads(line)).get("timestamp"))
            except (ValueError, RecursionError):
                continue
            if time is not None:
                return time
    return ""
