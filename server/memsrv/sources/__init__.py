"""One agent's log format a module, behind one Protocol: a line of bytes in, Events out. Pure: no store, no redaction.

A reader keeps the little it must know between lines (open tool calls, tokens already counted) in a JSON-ready state, so
that reading goes on at any stored offset. What it does not understand it counts by name; it never raises for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from memsrv.records import Event


class UnreadableLineError(ValueError):
    """These bytes are no record of this agent; `str(error)` says why, without quoting them."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the lines read so far tell about their session as a whole."""

    cwd: str | None = None
    branch: str | None = None
    title: str | None = None
    started: str | None = None
    ended: str | None = None
    version: str | None = None
    parent: str | None = None


class Reader(Protocol):
    """Reads one file's lines in order."""

    @property
    def facts(self) -> LogFacts: ...

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


class Source(Protocol):
    """One agent."""

    @property
    def name(self) -> str: ...

    def owns(self, path: Path, head: bytes) -> bool:
        """Whether the file at `path`, which begins with `head`, is a session log of this agent."""
        ...

    def discover(self, root: Path) -> Sequence[Path]:
        """The session logs under the agent's own folder `root`."""
        ...

    def session_id(self, path: Path) -> str: ...

    def reader(self, path: Path, state: Mapping[str, Any]) -> Reader:
        """A reader that starts at the file's beginning (`state` empty), or goes on where `state` was taken."""
        ...


def sources() -> tuple[Source, ...]:
    """Every agent that memsrv can read."""
    from memsrv.sources.claude_code import ClaudeCode

    return (ClaudeCode(),)


SOURCES: tuple[Source, ...] = sources()
