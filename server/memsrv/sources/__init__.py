"""One agent's log format a module, behind one interface: bytes in, Events out. Pure: no store, no redaction.

Agents keep their sessions in two ways. Some append lines to a file: a LineSource reads them one by one and can go on
at any stored offset. Others rewrite a document, or keep a database: a SnapshotSource gives each session whole, as it
stands now, with a mark that tells whether it changed. What a source does not understand it counts by name; it never
raises for it.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

from memsrv.project import without_credentials
from memsrv.records import Event
from memsrv.sources.machine import Machine


class UnreadableLineError(ValueError):
    """These bytes are no record of this agent; `str(error)` says why, without quoting them."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What was read so far tells about one session as a whole."""

    cwd: str | None = None
    branch: str | None = None
    title: str | None = None
    started: str | None = None
    ended: str | None = None
    version: str | None = None  # the agent's
    parent: str | None = None  # the session whose subagent, or fork, this is
    remote: str | None = None  # the git remote's URL, where the log carries one: it outlives the folder
    original: str | None = None  # the session, perhaps of another agent, that this is an export of

    def __post_init__(self) -> None:
        if self.remote is not None:  # whatever a source gives, and keeps in its state
            object.__setattr__(self, "remote", without_credentials(self.remote))


class Reader(Protocol):
    """Reads one file's lines in order."""

    @property
    def facts(self) -> LogFacts:
        """Of the session that is being read now."""
        ...

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        """Of every session that this reader gave events of, and of the one that is being read now, which is last."""
        ...

    @property
    def unknown(self) -> Mapping[str, int]:
        """What was not understood, by name, since the file's first line."""
        ...

    @property
    def state(self) -> dict[str, Any]:
        """All that is needed to go on after the last line: JSON-ready."""
        ...

    def read(self, line: bytes) -> Sequence[Event]:
        """The events of one line. UnreadableLineError changes nothing in the reader."""
        ...


@dataclass(frozen=True, slots=True)
class Lost:
    """A record that could not be read: a number that finds it again in its log, and why, without quoting it."""

    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One session as its document or database holds it now.

    Event ids are stable: an event that grew (a call that has a result by now) keeps its id. Events that an earlier
    snapshot had and this one has not were undone by the user: they stay, off the main path.
    """

    session: str
    mark: str  # another one whenever the session changed
    facts: LogFacts
    events: tuple[Event, ...] = ()
    unknown: Mapping[str, int] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()
    of_log: bool = False  # of no session: only what of the log as a whole was lost, or not understood


class Source(ABC):
    """One agent."""

    #: As in `memsrv ingest --agent NAME`.
    name: ClassVar[str]

    @abstractmethod
    def folders(self, machine: Machine) -> Sequence[Path]:
        """Where the agent keeps its logs on this machine, whether they are there or not."""

    def within(self, project: Path) -> Sequence[Path]:
        """The logs that it keeps inside a project's own folder, if they are there."""
        return ()

    @abstractmethod
    def discover(self, root: Path) -> Sequence[Path]:
        """The session logs below one of its own folders, or below the folder around these; no other file is opened."""

    @abstractmethod
    def owns(self, path: Path, head: bytes) -> bool:
        """Whether the file at `path`, which begins with `head` (at most 64 KiB), is a session log of this agent."""

    def log_of(self, path: Path) -> Path:
        """The log that changed when the file at `path` did: a database's write-ahead log is no log of its own."""
        return path

    def signature(self, log: Path) -> tuple[int, ...]:
        """Numbers that are others whenever the log has changed. OSError where it is gone."""
        status = log.stat()
        return (status.st_size, status.st_mtime_ns, status.st_ino)


class LineSource(Source):
    """Of an agent that appends to its logs."""

    @abstractmethod
    def session_id(self, path: Path) -> str: ...

    @abstractmethod
    def reader(self, path: Path, state: Mapping[str, Any]) -> Reader:
        """A reader that starts at the file's beginning (`state` empty), or goes on where `state` was taken."""


class SnapshotSource(Source):
    """Of an agent that rewrites its documents, or keeps its sessions in a database."""

    @abstractmethod
    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        """Every session of the log at `path` whose mark is not the one in `marks` (session → mark).

        UnreadableLineError where the log as a whole is none, or is only half written; OSError where it cannot be
        opened. One record that cannot be read is `Lost`, and the others are given.
        """


@cache
def sources() -> tuple[Source, ...]:
    """Every agent that memsrv can read. The first that owns a file reads it."""
    from memsrv.sources.aider import Aider
    from memsrv.sources.antigravity import Antigravity
    from memsrv.sources.claude_code import ClaudeCode, ClaudeCodeHistory
    from memsrv.sources.cline import Cline, ClineSessions, Roo
    from memsrv.sources.codex import Codex, CodexHistory
    from memsrv.sources.continue_dev import Continue
    from memsrv.sources.copilot import Copilot, CopilotHistory
    from memsrv.sources.cursor import CursorAgent, CursorEditor, CursorTexts, CursorTranscripts
    from memsrv.sources.gemini import Gemini
    from memsrv.sources.opencode import OpenCode
    from memsrv.sources.pi import Pi
    from memsrv.sources.specstory import SpecStory
    from memsrv.sources.vscode import VSCode

    return (
        ClaudeCode(),
        ClaudeCodeHistory(),
        Codex(),
        CodexHistory(),
        CursorAgent(),
        CursorEditor(),
        CursorTranscripts(),
        CursorTexts(),
        Gemini(),
        OpenCode(),
        Copilot(),
        CopilotHistory(),
        Cline(),
        ClineSessions(),
        Roo(),
        VSCode(),
        Continue(),
        Aider(),
        SpecStory(),
        Pi(),
        Antigravity(),
    )


SOURCES: tuple[Source, ...] = sources()


def folders(machine: Machine | None = None) -> dict[str, tuple[Path, ...]]:
    """Where each agent keeps its logs on this machine, by the agent's name."""
    here = machine or Machine.this()
    found: dict[str, tuple[Path, ...]] = {}
    for source in SOURCES:  # an agent that keeps its sessions in several ways has a source for each
        found[source.name] = tuple(dict.fromkeys((*found.get(source.name, ()), *source.folders(here))))
    return found


def source_table() -> list[tuple[str, str]]:
    """(agent, what is read of it) of every source, in order: the README's table."""
    opening = {source: (sys.modules[type(source).__module__].__doc__ or "").partition("\n")[0] for source in SOURCES}
    return list(dict.fromkeys((source.name, line) for source, line in opening.items()))
