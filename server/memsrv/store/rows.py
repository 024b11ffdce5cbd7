"""What rows mean: records to columns and back, and the small values the store hands out. Knows no SQL."""

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from memsrv.records import Event, Evidence, Memory, Session, from_dict, to_dict

EVENT_COLUMNS = tuple(f.name for f in fields(Event))
SESSION_COLUMNS = tuple(f.name for f in fields(Session))
MEMORY_COLUMNS = tuple(f.name for f in fields(Memory) if f.name != "evidence")

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FileState:
    """How far one log file has been read, and by what it is recognised when it moved, shrank or was rewritten."""

    path: str
    agent: str
    session: str
    dev: int
    inode: int
    head: str  # sha256 of the first `head_size` bytes
    head_size: int
    offset: int = 0  # every byte before it is stored
    generation: int = 0  # counts rewrites of the file
    state: Mapping[str, Any] = field(default_factory=dict)  # the source's own, to go on parsing at `offset`
    unknown: Mapping[str, int] = field(default_factory=dict)  # what was not understood, by name


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read: where it starts, and why."""

    path: str
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Appended:
    added: int
    duplicates: int
    stale: bool = False  # another process had read further: nothing was written; load the FileState again


@dataclass(frozen=True, slots=True)
class Remembered:
    added: int  # memories that were not there before
    updated: int  # known ones that gained evidence, or whose validity changed
    superseded: int  # older ones that newer words replaced


class Stated(NamedTuple):
    """What a memory says, alone: quick to read of every memory that there is."""

    id: str
    text: str
    subject: str | None
    relation: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of a full-text search. Lower `bm25` is better. Exactly one of `memory` and `event` is set."""

    id: str  # of the memory or the event
    project: str
    text: str
    snippet: str  # the words around the match, matched words in [brackets]
    bm25: float
    session: str | None
    turn: int | None
    agent: str | None
    time: str | None
    memory: Memory | None = None
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A log file as `status` shows it."""

    path: str
    agent: str
    session: str
    offset: int
    size: int | None  # None: the file is gone (agents delete old logs)
    lag: int  # bytes not yet read
    unreadable: int
    unknown: Mapping[str, int]
    changed: float | None = None  # when the file changed last, in seconds since the epoch
    read_to: str | None = None  # the time of the last turn that was read


@dataclass(frozen=True, slots=True)
class Counts:
    sessions: int
    events: int
    memories: int  # live ones
    retired: int
    files: int
    unreadable: int
    projects: int


def plain(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 file can hold."""
    return _SURROGATE.sub("\ufffd", text)


def key_of(memory: Memory) -> str | None:
    """What two claims must share for the newer to supersede the older (docs/contracts.md, "Relations of a claim")."""
    if memory.subject is None or memory.relation is None:
        return None
    own = memory.value or "" if memory.relation == "avoid" else ""  # things to avoid add up
    return "\x1f".join(" ".join(part.casefold().split()) for part in (memory.subject, memory.relation, own))


def event_values(event: Event, agent: str, turn: int) -> dict[str, Any]:
    values = {name: _column(value) for name, value in to_dict(event).items()}
    return {**values, "agent": agent, "turn": turn}


def session_values(session: Session) -> dict[str, Any]:
    return {name: _column(value) for name, value in to_dict(session).items()}


def memory_values(memory: Memory) -> dict[str, Any]:
    values = {name: _column(value) for name, value in to_dict(memory).items() if name != "evidence"}
    return {**values, "key": key_of(memory)}


def event_of(row: sqlite3.Row) -> Event:
    values = {name: row[name] for name in EVENT_COLUMNS}
    values["paths"] = json.loads(values["paths"])
    values["edits"] = json.loads(values["edits"])
    values["spans"] = json.loads(values["spans"])
    values["echo"] = bool(values["echo"])
    values["on_main_path"] = bool(values["on_main_path"])
    values["sidechain"] = bool(values["sidechain"])
    return from_dict(Event, values)


def session_of(row: sqlite3.Row) -> Session:
    return from_dict(Session, {name: row[name] for name in SESSION_COLUMNS})


def memory_of(row: sqlite3.Row, evidence: tuple[Evidence, ...]) -> Memory:
    values = {name: row[name] for name in MEMORY_COLUMNS}
    return from_dict(Memory, {**values, "evidence": to_dict(evidence)})


def file_of(row: sqlite3.Row) -> FileState:
    values = {f.name: row[f.name] for f in fields(FileState)}
    values["state"] = json.loads(values["state"])
    values["unknown"] = json.loads(values["unknown"])
    return FileState(**values)


def file_values(file: FileState) -> dict[str, Any]:
    values = {f.name: getattr(file, f.name) for f in fields(FileState)}
    values["state"] = json.dumps(file.state, ensure_ascii=True)
    values["unknown"] = json.dumps(file.unknown, ensure_ascii=True, sort_keys=True)
    return values


def _column(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return plain(json.dumps(value, ensure_ascii=False))
    if isinstance(value, bool):
        return int(value)
    return value
