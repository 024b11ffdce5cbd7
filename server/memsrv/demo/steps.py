"""What can happen in a sitting with a coding agent, as plain data: the vocabulary that the demo's story is written in.

Knows nothing of log formats; `logs.py` turns these into Claude Code's records.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Says:
    """The human types this."""

    text: str


@dataclass(frozen=True, slots=True)
class Replies:
    """The assistant says this."""

    text: str


@dataclass(frozen=True, slots=True)
class Runs:
    """The assistant runs a shell command; `exit_code` is what it ended with."""

    command: str
    output: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Edits:
    """The assistant replaces `old` by `new` in a file of the project."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The assistant wants to run a command; the human says no, and how to go on instead."""

    command: str
    words: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The human stops the assistant."""


@dataclass(frozen=True, slots=True)
class Delegates:
    """The assistant hands a task to a subagent, which has a log of its own."""

    task: str
    steps: tuple["Step", ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Compacts:
    """The host cuts its context and goes on from its own summary."""

    summary: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """A line that a crash left half-written."""


Step = Says | Replies | Runs | Edits | Refused | Interrupted | Delegates | Compacts | Garbled


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session of the agent. `resumes` names the sitting whose records its log starts with a copy of."""

    name: str
    title: str
    started: str  # ISO 8601, UTC
    steps: tuple[Step, ...]
    branch: str = "main"
    version: str = "2.1.226"
    resumes: str | None = None
