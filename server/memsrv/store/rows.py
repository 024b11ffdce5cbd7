"""What rows mean: records to columns and back, and the small values the store hands out. Knows no SQL."""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from memsrv.records import Event, EventType, Evidence, Memory, Outcome, Session, Trust, from_dict, to_dict

EVENT_COLUMNS = tuple(f.name for f in fields(Event))
SESSION_COLUMNS = tuple(f.name for f in fields(Session))
MEMORY_COLUMNS = tuple(f.name for f in fields(Memory) if f.name != "evidence")

_SURROGATE = re.compile("[\ud800-\udfff]")
#: A failure that is told by nothing but the command, or its exit code.
_UNNAMED = re.compile(r"\bfails?(?: with exit code \d+)?$")
#: What a turn keeps of a long text and of an edit; all of it is in the archive.
_TEXT_CHARS = 64_000
_EDIT_CHARS = 2_000


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
    size: int = 0  # bytes that the log had when it was last looked at; of a compressed one, unpacked
    signature: tuple[int, ...] = ()  # of the log as it was read to `size`; empty: it is to be looked into again


class LossKind(StrEnum):
    UNREADABLE = "unreadable"  # these bytes are no record
    TOO_LONG = "too long"  # one line of more than memsrv holds
    DAMAGED = "damaged"  # a document that is no whole one, and stays so
    UNFINISHED = "unfinished"  # a last line that nobody has gone on writing
    REWRITTEN = "rewritten"  # bytes that were there and had not been read, when the file was cut or replaced
    GONE = "gone"  # the file went before it was read to its end
    UNOPENED = "unopened"


@dataclass(frozen=True, slots=True)
class Loss:
    """Something in a log that is not in the store: where it starts, why, how many bytes. Never what it says."""

    path: str
    offset: int
    reason: str
    kind: LossKind = LossKind.UNREADABLE
    bytes: int = 0
    session: str = ""  # of a log that tells whole sessions: which


@dataclass(frozen=True, slots=True)
class Raw:
    """A record that its source did not understand, as redacted text: a later version may."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Marked:
    """What a whole session was taken from: the source's name of it, its mark, and what was not understood in it."""

    session: str
    mark: str
    unknown: Mapping[str, int] = field(default_factory=dict)
    torn: bool = False  # some of it could not be read: what is missing may be there, so nothing was undone


@dataclass(frozen=True, slots=True)
class Appended:
    added: int
    duplicates: int
    stale: bool = False  # another process had read further: nothing was written; load the FileState again
    revised: int = 0  # stored events that say something else by now
    undone: int = 0  # stored events that the log no longer holds
    sessions: tuple[str, ...] = ()  # that gained, or changed


@dataclass(frozen=True, slots=True)
class Archived:
    """One line of a session's archive: an event with all its words, or a record that was not understood."""

    turn: int | None
    event: Event | None = None
    raw: Raw | None = None


@dataclass(frozen=True, slots=True)
class ArchiveSize:
    """Bytes in the database, bytes unpacked, and how many batches."""

    bytes: int
    unpacked: int
    batches: int


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
    """One row of a search. Lower `bm25` is better; 0: no word found it. Exactly one of `memory` and `event` is set."""

    id: str  # of the memory or the event
    project: str
    text: str
    bm25: float
    session: str | None
    turn: int | None
    agent: str | None
    time: str | None
    memory: Memory | None = None
    event: Event | None = None
    n: int = 0  # its row


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A log file as `status` shows it."""

    path: str
    agent: str
    session: str
    offset: int
    size: int | None  # None: the file is gone (agents delete old logs)
    lag: int  # bytes not yet read
    unreadable: int  # records
    unknown: Mapping[str, int]
    changed: float | None = None  # when the file changed last, in seconds since the epoch
    read_to: str | None = None  # the time of the last turn that was read
    lost: int = 0  # losses of any other kind


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
    try:
        text.encode()  # ten times as fast as looking for them, and nearly never in vain
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def adds_up(subject: str, relation: str) -> bool:
    """Whether claims of the same subject and relation hold beside each other.

    Things to avoid do; so do fixes of a failure of which nothing is known: two such need not be the same failure.
    """
    return relation == "avoid" or (relation == "fix" and _UNNAMED.search(subject) is not None)


def key_of(memory: Memory) -> str | None:
    """What two claims must share for the newer to supersede the older (docs/contracts.md, "Relations of a claim")."""
    if memory.subject is None or memory.relation is None:
        return None
    own = memory.value or "" if adds_up(memory.subject, memory.relation) else ""
    return "\x1f".join(" ".join(part.casefold().split()) for part in (memory.subject, memory.relation, own))


def cut(event: Event) -> Event:
    """`event` as a turn keeps it. Only what is redacted may be cut: half a secret is no longer recognised."""
    text, edits = event.text, event.edits
    if len(text) > _TEXT_CHARS:
        first, last = _TEXT_CHARS * 3 // 4, _TEXT_CHARS // 4
        text = f"{text[:first]}\n[… {len(text) - first - last} characters cut …]\n{text[-last:]}"
    if edits and any(len(old) > _EDIT_CHARS or len(new) > _EDIT_CHARS for _, old, new in edits):
        edits = tuple((path, old[:_EDIT_CHARS], new[:_EDIT_CHARS]) for path, old, new in edits)
    return event if text is event.text and edits is event.edits else replace(event, text=text, edits=edits)


_as_json = json.JSONEncoder(ensure_ascii=False).encode
_columns = attrgetter(*EVENT_COLUMNS)


def event_row(event: Event) -> list[Any]:
    """`event` as the values of EVENT_COLUMNS. Called once for every event that is read: no detours."""
    return [value if value is None or type(value) is int else _column(value) for value in _columns(event)]


def session_values(session: Session) -> dict[str, Any]:
    return {name: _column(value) for name, value in to_dict(session).items()}


def memory_values(memory: Memory) -> dict[str, Any]:
    values = {name: _column(value) for name, value in to_dict(memory).items() if name != "evidence"}
    return {**values, "key": key_of(memory)}


def event_of(row: sqlite3.Row) -> Event:
    return Event(*[row[name] if read is None else read(row[name]) for name, read in _READ])


def _tuple(column: str) -> tuple[Any, ...]:
    if column == "[]":
        return ()
    return tuple(tuple(item) if isinstance(item, list) else item for item in json.loads(column))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "type": {str(one): one for one in EventType}.__getitem__, "trust": {str(one): one for one in Trust}.__getitem__,
    "outcome": {str(one): one for one in Outcome}.__getitem__, "echo": bool, "on_main_path": bool, "sidechain": bool,
    "paths": _tuple, "edits": _tuple, "spans": _tuple,
}  # fmt: skip
_READ = tuple((name, _READERS.get(name)) for name in EVENT_COLUMNS)
_READ_AT = tuple((place, read) for place, (_, read) in enumerate(_READ) if read is not None)

#: What a search reads of a turn `e`, for `found_event`: not what was edited, which is long and ranks nothing.
FOUND_COLUMNS = ", ".join(f"'[]' AS {name}" if name in ("edits", "spans") else f"e.{name}" for name in EVENT_COLUMNS)


def found_event(row: Sequence[Any]) -> Event:
    """The turn of a row that begins with FOUND_COLUMNS: read by place, by the hundred for every search."""
    values = list(row[: len(EVENT_COLUMNS)])
    for place, read in _READ_AT:
        values[place] = read(values[place])
    return Event(*values)


def session_of(row: sqlite3.Row) -> Session:
    return from_dict(Session, {name: row[name] for name in SESSION_COLUMNS})


def memory_of(row: sqlite3.Row, evidence: tuple[Evidence, ...]) -> Memory:
    values = {name: row[name] for name in MEMORY_COLUMNS}
    return from_dict(Memory, {**values, "evidence": to_dict(evidence)})


def file_of(row: sqlite3.Row) -> FileState:
    values = {f.name: row[f.name] for f in fields(FileState)}
    for name in ("state", "unknown"):
        values[name] = json.loads(values[name])
    return FileState(**values | {"signature": tuple(json.loads(values["signature"]))})


def file_values(file: FileState) -> dict[str, Any]:
    values = {f.name: getattr(file, f.name) for f in fields(FileState)}
    values["state"] = json.dumps(file.state, ensure_ascii=True)
    values["unknown"] = json.dumps(file.unknown, ensure_ascii=True, sort_keys=True)
    values["signature"] = json.dumps(file.signature)
    return values


def _column(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else plain(value)
    if kind is tuple or kind is list:
        return plain(_as_json(value)) if value else "[]"
    if kind is bool:
        return 1 if value else 0
    return str(value) if isinstance(value, StrEnum) else value
