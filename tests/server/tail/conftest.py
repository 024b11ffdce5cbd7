"""Logs of two agents that append, written as badly as files can be, and a store that reads them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import IngestReport, ingest
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.sources import SOURCES, LineSource, Source
from memsrv.sources.machine import Machine
from memsrv.store import Store

REDACTOR = Redactor(b"k" * 32)
ALL = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))
HERE = Machine(Path("/nowhere"), "linux", {})
ID = "11111111-2222-4333-8444-555555555555"
TIME = "2026-01-02T03:04:05.678Z"
AN_AGE = 4e9  # seconds: long after any file was written


def claude(text: str, uuid: str, **more: Any) -> dict[str, Any]:
    said = {"type": "user", "uuid": uuid, "sessionId": ID, "timestamp": TIME, "cwd": "/w/shop"}
    return said | {"message": {"role": "user", "content": text}} | more


def codex(text: str, uuid: str, **more: Any) -> dict[str, Any]:
    """Codex gives its records no ids."""
    payload = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return {"timestamp": TIME, "type": "response_item", "payload": payload} | more


@dataclass
class Log:
    """One agent's log, and the lines that its agent would write."""

    agent: str
    path: Path
    record: Callable[..., dict[str, Any]]
    beginning: bytes = b""
    source: LineSource = field(init=False)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True)
        self.path.write_bytes(self.beginning)
        (self.source,) = (
            one for one in SOURCES if one.name == self.agent and isinstance(one, LineSource)
        )  # fmt: skip

    def line(self, text: str, uuid: str = "", **more: Any) -> bytes:
        return json.dumps(self.record(text, uuid or f"u-{text}", **more)).encode() + b"\n"

    def add(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


def _claude(root: Path) -> Log:
    return Log("claude-code", root / "claude-code" / f"{ID}.jsonl", claude)


def _codex(root: Path) -> Log:
    meta = {"timestamp": TIME, "type": "session_meta", "payload": {"id": ID, "cwd": "/w/shop", "cli_version": "0.89.0"}}
    path = root / "codex" / f"rollout-2026-01-02T03-04-05-{ID}.jsonl"
    return Log("codex", path, codex, json.dumps(meta).encode() + b"\n")


AGENTS = {"claude-code": _claude, "codex": _codex}


@pytest.fixture(params=AGENTS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    return AGENTS[request.param](tmp_path)


@pytest.fixture(scope="session")
def new_log() -> Callable[[str, Path], Log]:
    """A log of an agent in a folder."""
    return lambda agent, root: AGENTS[agent](root)


class Tail:
    """A store, and what it has read."""

    def __init__(self, home: Path) -> None:
        self.path = home / "memsrv.db"
        self.store = Store.open(self.path)

    def read(self, log: Log, path: Path | None = None) -> IngestReport:
        """The log alone, as the watch reads it."""
        return self.read_as(log.source, path or log.path)

    def read_as(self, source: Source, path: Path) -> IngestReport:
        known = {path: source}
        return ingest(self.store, REDACTOR, [path], capture=ALL, machine=HERE, known=known, now=lambda: AN_AGE)

    def look(self, *paths: Path, **more: Any) -> IngestReport:
        """All that is found at `paths`."""
        return ingest(self.store, REDACTOR, paths, capture=ALL, machine=HERE, **{"now": lambda: AN_AGE} | more)

    def texts(self) -> list[str]:
        """Of all sessions, in the order of their turns."""
        return [event.text for session in self.store.sessions() for event in self.store.events(session.id)]

    def again(self) -> None:
        """Ended and started again."""
        self.store.close()
        self.store = Store.open(self.path)


@pytest.fixture(scope="session")
def tail_class() -> type[Tail]:
    return Tail


@pytest.fixture
def new_tail() -> Iterator[Callable[[Path], Tail]]:
    opened: list[Tail] = []

    def make(home: Path) -> Tail:
        opened.append(Tail(home))
        return opened[-1]

    yield make
    for tail in opened:
        tail.store.close()


@pytest.fixture
def tail(new_tail: Callable[[Path], Tail], tmp_path: Path) -> Tail:
    return new_tail(tmp_path / "home")
