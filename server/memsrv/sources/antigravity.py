"""Antigravity: `brain/<conversation>/.system_generated/logs/transcript_full.jsonl`, one line for each step.

The transcripts are all that can be read: `conversations/<conversation>.db` and `.pb` hold the same steps as protobuf
without a published schema. `transcript.jsonl` is the same with long texts cut, and is read where it stands alone.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LineSource, LogFacts, calls, endings
from memsrv.sources.fields import instant, mapping, name, plain, records, string
from memsrv.sources.machine import Machine
from memsrv.sources.marks import digest

_LOGS = (".system_generated", "logs")
_FULL, _CUT = "transcript_full.jsonl", "transcript.jsonl"
#: What the harness tells the model.
_HARNESS = frozenset(
    ("CONVERSATION_HISTORY", "EPHEMERAL_MESSAGE", "SYSTEM_MESSAGE", "KNOWLEDGE_ARTIFACTS", "TASK_BOUNDARY")
)
_UNFINISHED = frozenset(("PENDING", "RUNNING", "GENERATING", "WAITING", "QUEUED"))
_REQUEST = re.compile(r"<USER_REQUEST>\s*(.*?)\s*</USER_REQUEST>", re.DOTALL)
_ADDED = re.compile(r"<(ADDITIONAL_METADATA|USER_SETTINGS_CHANGE|EPHEMERAL_MESSAGE)>.*?(?:</\1>|\Z)", re.DOTALL)
_MODEL = re.compile(r"setting `Model Selection` from .{0,100}? to ([^\n]{1,80}?)\. ")
_PATH = re.compile(r"File Path: `([^`\n]+)`")
_WEB = re.compile(r"URL|WEB|BROWSER|INTERNET")
_TYPE = re.compile(r"[A-Z][A-Z_]{2,50}")


class Antigravity(LineSource):
    name = "antigravity"

    def folders(self, machine: Machine) -> Sequence[Path]:
        """The editor's and the command line's."""
        return (machine.home / ".gemini" / "antigravity", machine.home / ".gemini" / "antigravity-cli")

    def discover(self, root: Path) -> Sequence[Path]:
        brain = root if root.name == "brain" else root / "brain"
        folders = (folder.joinpath(*_LOGS) for folder in sorted(brain.glob("*")))
        return [log for folder in folders if (log := _transcript(folder)) is not None]

    def owns(self, path: Path, head: bytes) -> bool:
        if path.name != _FULL and (path.name != _CUT or path.with_name(_FULL).exists()):
            return False
        try:
            record = json.loads(head.split(b"\n", 1)[0])
        except (ValueError, RecursionError):
            return b'"step_index"' in head[:200]  # a first line longer than the head
        return isinstance(record, dict) and {"step_index", "type", "source"} <= record.keys()

    def log_of(self, path: Path) -> Path:
        """A conversation's database changes with its transcript."""
        if path.parent.name != "conversations":
            return path
        return _transcript(path.parent.parent.joinpath("brain", path.name.split(".")[0], *_LOGS)) or path

    def session_id(self, path: Path) -> str:
        parts = path.parts
        return parts[-4] if len(parts) > 3 and parts[-3:-1] == _LOGS else f"{path.parent.name}-{path.stem}"

    def reader(self, path: Path, state: Mapping[str, Any]) -> "Steps":
        return Steps(session=self.session_id(path), placed=path.parts[-3:-1] == _LOGS, state=state)


def _transcript(folder: Path) -> Path | None:
    return next((log for log in (folder / _FULL, folder / _CUT) if log.is_file()), None)


class Steps:
    """A conversation's steps: what the human asked, what the model said, and what each of its tools gave back."""

    def __init__(self, *, session: str, placed: bool, state: Mapping[str, Any]) -> None:
        self._session: str = state.get("session", session)
        self._placed = placed  # its folder names the conversation; elsewhere its first step does
        self._facts = LogFacts(**state.get("facts", {}))
        self._model: str | None = state.get("model")
        self._place: int = state.get("place", 0)
        self._waiting: list[list[str]] = [list(call) for call in state.get("waiting", [])]  # calls: [id, tool]
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
            "waiting": self._waiting[-64:],
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        return [event for record in records(line.replace(b"\x00", b"")) for event in self._step(record)]

    def _step(self, record: Mapping[str, Any]) -> list[Event]:
        if not self._place and not self._placed:
            self._session = digest(record.get("created_at"), record.get("content"))
        self._place += 1
        time, index = instant(record.get("created_at")), record.get("step_index")
        if string(record.get("status")) in _UNFINISHED:
            return []  # written again when it is done
        if time:
            self._facts = replace(self._facts, started=self._facts.started or time, ended=time)
        step = index if isinstance(index, int) and not isinstance(index, bool) else f"line{self._place}"
        id = f"{self._session}#{step}"
        blank = Event(id=id, session=self._session, type=EventType.NOTE, trust=Trust.TOOL, time=time)
        return [
            event if not part else replace(event, id=f"{id}.{part}", parent=id)
            for part, event in enumerate(self._events(record, blank))
        ]

    def _events(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        kind, source = str(record.get("type")), record.get("source")
        text = plain(string(record.get("content")) or "")
        if kind == "USER_INPUT":
            yield from self._asked(text, blank)
        elif kind == "PLANNER_RESPONSE":
            if text.strip():
                yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text.strip(), model=self._model)
            yield from self._calls(record, blank)
        elif source == "SYSTEM" or kind in _HARNESS:
            if kind not in _HARNESS:
                self._unknown[f"type:{name(kind)}"] += 1
        elif _TYPE.fullmatch(kind) and source == "MODEL":
            yield from self._calls(record, blank)
            yield self._given(kind, text, record, blank)
        else:
            self._unknown[f"type:{name(kind)}"] += 1

    def _asked(self, text: str, blank: Event) -> Iterator[Event]:
        chosen = _MODEL.search(text)
        self._model = chosen[1] if chosen else self._model
        request = _REQUEST.search(text)
        words = request[1] if request else _ADDED.sub("", text).strip()
        if words:
            self._facts = replace(self._facts, title=self._facts.title or " ".join(words.split())[:200])
            yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=words)

    def _calls(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        given = record.get("tool_calls")
        for number, item in enumerate(given if isinstance(given, list) else []):
            call = mapping(item)
            tool = (string(call.get("name")) or "?")[:100]
            arguments = mapping(call.get("arguments")) or mapping(call.get("args"))
            made = calls.call(tool, arguments)
            cwd = (string(arguments.get("Cwd")) or "").strip('"')  # all that tells where the session is held
            if cwd:
                self._facts = replace(self._facts, cwd=self._facts.cwd or cwd)
            id = string(call.get("id")) or f"{blank.id}:{number}"
            self._waiting.append([id, tool])
            yield replace(
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
                cwd=cwd or None,
                model=self._model,
            )

    def _given(self, kind: str, text: str, record: Mapping[str, Any], blank: Event) -> Event:
        call, tool = self._waiting.pop(0) if self._waiting else (None, kind.lower())
        path = _PATH.search(text[:1000])
        named = calls.path_of(path[1]) if path else None
        outcome, error, grounds = _ended(record.get("status"), text)
        return replace(
            blank,
            type=EventType.TOOL_RESULT,
            trust=Trust.WEB if _WEB.search(kind) else calls.result_trust(tool),
            text=text,
            tool=tool,
            call=call,
            paths=(named,) if named else (),
            outcome=outcome,
            error=error,
            grounds=grounds,
        )


def _ended(status: Any, text: str) -> tuple[Outcome, str | None, str | None]:
    """`DONE` says that the step is over, not that it went well."""
    if status == "ERROR":
        return Outcome.FAILURE, endings.error_class(text), "status: ERROR"
    if status in ("CANCELED", "CANCELLED", "INTERRUPTED"):
        return Outcome.PARTIAL, "interrupted", f"status: {status}"
    return Outcome.UNKNOWN, None, None
