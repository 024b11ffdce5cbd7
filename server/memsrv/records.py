"""The nouns, frozen: Event, Session, Evidence, Memory, Step, Trajectory, Episode, Fact, Conversation.

Data at rest; behaviour is elsewhere. `to_dict` and `from_dict` give the one JSON form that files, `--json` and MCP
share. Times are ISO 8601 in UTC with a `Z`, as the agents write them; `None` where a log carries none.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar


class Kind(StrEnum):
    PROCEDURAL = "procedural"  # how to do it right: error → fix
    SEMANTIC = "semantic"  # how this user wants things done
    EPISODIC = "episodic"  # what is true of this project


class Trust(StrEnum):
    """Whose words these are (design §4). The first three may be trained on."""

    HUMAN = "human"
    ASSISTANT = "assistant"
    COMMAND = "command"  # what the harness records of a local command: command, path, exit code, error class
    TOOL = "tool"
    WEB = "web"
    FILE = "file"

    @property
    def trainable(self) -> bool:
        return self in (Trust.HUMAN, Trust.ASSISTANT, Trust.COMMAND)


class Outcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class EventType(StrEnum):
    PROMPT = "prompt"  # a human's own words, steering included
    REPLY = "reply"  # the assistant's prose
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    REJECTION = "rejection"  # the human refused a tool call; `text` is what they said, "" if nothing
    INTERRUPT = "interrupt"  # the human stopped the agent
    COMMAND = "command"  # the human ran a command themselves (`!cmd`, a slash command)
    COMPACTION = "compaction"  # the host cut its context here
    SUMMARY = "summary"  # the host's own summary of what it cut: never evidence
    NOTE = "note"  # harness context worth keeping, not anybody's words


#: The grounds of a NOTE that the human rewound to its parent, where a log says so before they go on from there.
REWOUND = "rewound"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a session. `id` is unique per agent and stable over copies of the log."""

    id: str
    session: str
    type: EventType
    trust: Trust
    text: str = ""
    time: str | None = None
    outcome: Outcome = Outcome.UNKNOWN
    grounds: str | None = None  # what the outcome rests on: "exit code 1", "is_error", "status: cancelled", …
    tool: str | None = None
    call: str | None = None  # joins a tool call to its result or rejection
    command: str | None = None  # the shell command of a Bash-like tool
    paths: tuple[str, ...] = ()  # files read, written or edited
    edits: tuple[tuple[str, str, str], ...] = ()  # (path, old text, new text), cut to 2 kB each
    spans: tuple[tuple[str, int, int], ...] = ()  # (path, first line, last line) that were read or written, 1-based
    exit_code: int | None = None
    error: str | None = None  # error class: "ModuleNotFoundError", "tool misuse", "interrupted", …
    cwd: str | None = None
    branch: str | None = None
    parent: str | None = None  # the event before it in the conversation graph
    on_main_path: bool = True  # False: a rewound branch
    sidechain: bool = False  # a subagent's
    child: str | None = None  # the subagent's session that this call started
    echo: bool = False  # what memsrv itself gave the agent: never evidence
    model: str | None = None  # as the log names it; an adapter version of ours under its exact name
    tokens: int | None = None  # output tokens of the API response, counted once
    turn: int = -1  # place within the session, given by the store


_FIELDS = {field.name: place for place, field in enumerate(fields(Event))}
_values = attrgetter(*_FIELDS)


def changed(event: Event, **changes: Any) -> Event:
    """What `dataclasses.replace` gives, in half the time: every event that is read is changed some times on its way."""
    values = list(_values(event))
    for name, value in changes.items():
        values[_FIELDS[name]] = value
    return Event(*values)


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation of one agent. `project` is its identity (design §3), not a path slug."""

    id: str
    agent: str
    project: str
    path: str  # the log file it was read from
    cwd: str | None = None
    branch: str | None = None
    title: str | None = None
    started: str | None = None
    ended: str | None = None
    version: str | None = None  # the agent's version, last seen
    parent: str | None = None  # the session whose subagent this is
    original: str | None = None  # the session that this tells again: an export's, or that of prompts kept elsewhere


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words that stand literally in the log: `quote` occurs in turn `turn` of `session`."""

    session: str
    turn: int
    quote: str


@dataclass(frozen=True, slots=True)
class Memory:
    """One self-contained claim with its evidence. `subject`, `relation`, `value` are set where rules could tell."""

    id: str
    project: str
    kind: Kind
    text: str
    trust: Trust
    evidence: tuple[Evidence, ...] = ()
    subject: str | None = None
    relation: str | None = None
    value: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None  # set when superseded or retired
    superseded_by: str | None = None
    origin: str = "rules"  # "rules", or "saved" by a person or agent


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the agent did for a task, and how it ended: `outcome` may rest on what was printed."""

    turn: int
    time: str | None = None
    cwd: str | None = None
    branch: str | None = None
    tool: str | None = None
    command: str | None = None
    paths: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()
    result: str = ""  # what came back, on one line
    outcome: Outcome = Outcome.UNKNOWN
    grounds: str | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """Something seen that speaks for one outcome of a task; no quotation."""

    turn: int
    seen: str
    says: Outcome


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One task of a session: what was asked for, what the agent did, and how it ended as far as anything tells.

    `outcome` is UNKNOWN, and `confidence` 0, where there is no sign of one.
    """

    session: str
    turn: int  # where it was asked for
    last: int  # the last turn that belongs to it
    task: str
    steps: tuple[Step, ...] = ()
    outcome: Outcome = Outcome.UNKNOWN
    confidence: float = 0.0
    evidence: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """What a run gets to see of a session: all that happened, and the tasks that it falls into."""

    session: Session
    steps: tuple[Event, ...]
    trajectories: tuple[Trajectory, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """What reflection made of episodes and memory. Without subject and value it is not synthesised, and is counted."""

    id: str
    kind: Kind
    text: str
    trust: Trust
    evidence: tuple[Evidence, ...]
    subject: str | None = None
    relation: str | None = None
    value: str | None = None
    approved: bool = False  # a person read it and said that it may be trained on


@dataclass(frozen=True, slots=True)
class Review:
    """A person's word on one fact. `edited` brings the words that stand instead, and approves them."""

    fact: str
    verdict: str  # "approved", "rejected", "edited"
    time: str
    text: str | None = None
    subject: str | None = None
    relation: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    role: str  # "system", "user", "assistant"
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A short exchange to rehearse: a fact, something unknown, or an old skill."""

    id: str
    about: str  # "fact", "unknown", "rehearsal"
    style: str
    messages: tuple[Message, ...]
    facts: tuple[str, ...] = ()  # ids
    evidence: tuple[str, ...] = ()  # the recall block of a teacher, in place of the student's system message if any
    sources: tuple[Evidence, ...] = ()  # the turns that it replays word by word, and those its memory rests on


Record = TypeVar("Record")


def to_dict(record: object) -> Any:
    """`record` as JSON-ready values: dataclasses become dicts, tuples lists, enums their word."""
    if is_dataclass(record) and not isinstance(record, type):
        return {f.name: to_dict(getattr(record, f.name)) for f in fields(record)}
    if isinstance(record, StrEnum):
        return str(record)
    if isinstance(record, list | tuple):
        return [to_dict(item) for item in record]
    if isinstance(record, Mapping):
        return {str(key): to_dict(value) for key, value in record.items()}
    return record


def from_dict(cls: type[Record], data: Mapping[str, Any]) -> Record:
    """The inverse of `to_dict`; unknown keys are ignored (a newer memsrv wrote them), missing ones take defaults.

    Raises KeyError-like TypeError where a required key is missing, ValueError for a word outside an enum.
    """
    hints = _hints(cls)  # type: ignore[arg-type]  # mypy does not see that a class is hashable
    return cls(**{name: _value(hints[name], data[name]) for name in hints if name in data})


@cache
def _hints(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls)}


def _value(hint: Any, value: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _value(next(a for a in typing.get_args(hint) if a is not type(None)), value)
    if origin is tuple:
        args = typing.get_args(hint)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_value(args[0], item) for item in value)
        return tuple(_value(arg, item) for arg, item in zip(args, value, strict=True))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    if isinstance(hint, type) and is_dataclass(hint):
        return from_dict(hint, value)
    return value
