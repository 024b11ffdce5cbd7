"""Agent transcripts, `~/.cursor/projects/<project>/agent-transcripts/<session>/<session>.jsonl`, and their subagents'.

They tell what was said and which tools were called, but neither times (but those in prompts) nor results. The editor's
database or the agent's store may tell the session too: a transcript is a session of its own that names it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LineSource, LogFacts, UnreadableLineError
from memsrv.sources.cursor import messages, projects
from memsrv.sources.cursor.composer import title
from memsrv.sources.endings import error_class
from memsrv.sources.fields import instant, mapping, name, plain, records, string
from memsrv.sources.machine import Machine
from memsrv.sources.marks import digest

_FIELDS = frozenset({"role", "message", "type", "status", "error", "timestamp", "id", "uuid"})
_ENDINGS = frozenset({"success", "aborted", "error"})


class CursorTranscripts(LineSource):
    name = "cursor"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.home / ".cursor" / "projects",)

    def discover(self, root: Path) -> Sequence[Path]:
        return found_below(root, ".jsonl")

    def owns(self, path: Path, head: bytes) -> bool:
        if path.suffix != ".jsonl":
            return False
        for line in head.split(b"\n")[:50]:
            try:
                found = records(line)
            except UnreadableLineError:
                continue
            if found:
                return _is_ours(found[0])
        # A first line longer than the head.
        return head.startswith((b'{"role":"user","message":{"content":', b'{"role":"assistant","message":{"content":'))

    def session_id(self, path: Path) -> str:
        return f"transcript-{projects.session_of(path)}"

    def reader(self, path: Path, state: Mapping[str, Any]) -> "TranscriptReader":
        return TranscriptReader(path, state)


def found_below(root: Path, ending: str) -> Sequence[Path]:
    """The transcripts below Cursor's folder, its projects, or one of them."""
    if root.name == ".cursor":
        root = root / "projects"
    below = "" if root.name == projects.TRANSCRIPTS else f"{projects.TRANSCRIPTS}/"
    below = f"*/{below}" if root.name == "projects" and root.absolute().parent.name == ".cursor" else below
    if not below and root.name != projects.TRANSCRIPTS:
        return ()
    found = {path for depth in ("", "*/", "*/subagents/") for path in root.glob(f"{below}{depth}*{ending}")}
    return sorted(path for path in found if path.is_file())


def _is_ours(record: Mapping[str, Any]) -> bool:
    if record.get("type") == "turn_ended":
        return "status" in record and "payload" not in record and "data" not in record
    message = record.get("message")
    return (
        record.get("role") in ("user", "assistant")
        and isinstance(message, Mapping)
        and isinstance(message.get("content"), list)
        and "type" not in record
    )


class TranscriptReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._path = path
        original, parent = projects.session_of(path), projects.parent_of(path)
        self._session = f"transcript-{original}"
        self._sidechain = parent is not None
        self._facts = LogFacts(**state.get("facts", {"parent": parent, "original": original}))
        if self._facts.cwd is None:
            self._facts = replace(self._facts, cwd=projects.trusted(path))
        self._line: int = state.get("line", 0)
        self._last: str | None = state.get("last")
        self._asked: Counter[str] = Counter(state.get("asked", {}))
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
            "facts": asdict(self._facts),
            "line": self._line,
            "last": self._last,
            "asked": dict(self._asked),
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        found = records(line)
        self._line += 1
        # Equal lines are equal only in what they say: each is an event of its own.
        id = digest(self._session, self._line, line.strip().decode("utf-8", "replace"))
        told = (event for record in found for event in self._record(record, id))
        events = list(messages.linked(told, id, self._last))
        self._last = events[-1].id if events else self._last
        return events

    def _record(self, record: Mapping[str, Any], id: str) -> Iterator[Event]:
        self._unknown.update(f"field:{name(field)}" for field in record if field not in _FIELDS)
        blank = Event(
            id=id,
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=instant(record.get("timestamp")),
            cwd=self._facts.cwd,
            sidechain=self._sidechain,
        )
        role, kind = record.get("role"), record.get("type")
        content = mapping(record.get("message")).get("content", record.get("content"))
        if role == "user":
            words, text = messages.asked(content)
            blank = replace(blank, time=words.time or blank.time)
            self._learn(blank.time, words.text)
            yield from messages.prompts(words, text, blank, self._unknown, self._asked)
        elif role == "assistant":
            for event in messages.answers(content, blank, self._unknown):
                if self._facts.cwd is None:
                    paths = (*event.paths, *((event.cwd,) if event.cwd else ()))
                    self._facts = replace(self._facts, cwd=projects.folder_among(self._path, paths))
                yield replace(event, cwd=event.cwd or self._facts.cwd)
        elif kind == "turn_ended":
            yield from self._ended(record, blank)
        else:
            self._unknown[f"type:{name(kind if kind is not None else role)}"] += 1

    def _ended(self, record: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        status = string(record.get("status"))
        if status == "aborted":
            yield replace(blank, type=EventType.INTERRUPT, trust=Trust.HUMAN)
        elif status == "error":
            words = plain(string(record.get("error")) or string(mapping(record.get("error")).get("message")) or "")
            yield replace(blank, text=words, error=error_class(words))
        elif status not in _ENDINGS:
            self._unknown[f"status:{name(record.get('status'))}"] += 1

    def _learn(self, time: str | None, words: str) -> None:
        facts = self._facts
        if time is not None:
            facts = replace(facts, started=min(facts.started or time, time), ended=max(facts.ended or time, time))
        if facts.title is None and words and not self._sidechain:
            facts = replace(facts, title=title(words.splitlines()[0]))
        self._facts = facts
