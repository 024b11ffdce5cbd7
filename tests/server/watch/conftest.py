"""A home, an agent's logs beside it, a watch in this process, and patience."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import App
from memsrv.home import Home
from memsrv.settings import load
from memsrv.watch import Watch, WatchStanding, standing

PATIENCE = 60


def wait_until(true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    limit = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < limit, "it did not come true in time"
        time.sleep(0.01)
    return found


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits for a condition, and gives what it came to."""
    return wait_until


class Agent:
    """Writes session logs as Claude Code does, a prompt a line."""

    def __init__(self, folder: Path, cwd: str = "/nowhere/shop") -> None:
        self.folder = folder
        self.cwd = cwd
        self.said = 0

    def log(self, session: str = "first") -> Path:
        return self.folder / "-nowhere-shop" / f"{session}.jsonl"

    def line(self, text: str, session: str = "first") -> bytes:
        self.said += 1
        record = {
            "type": "user",
            "uuid": f"{session}-{self.said}",
            "parentUuid": None,
            "sessionId": session,
            "timestamp": "2026-01-02T03:04:05.678Z",
            "cwd": self.cwd,
            "version": "2.1.30",
            "message": {"role": "user", "content": text},
        }
        return json.dumps(record).encode() + b"\n"

    def says(self, text: str, session: str = "first") -> Path:
        path = self.log(session)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(self.line(text, session))
        return path


class Place:
    """A home with its settings, the logs it watches, and a look into its store from outside."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home")
        self.agent = Agent(root / "claude" / "projects")
        self.outside = App(self.home, load(self.home), root)
        self._watches: list[Watch] = []

    def configure(self, text: str) -> None:
        self.home.root.mkdir(parents=True, exist_ok=True)
        part = self.home.root / "config.part"
        part.write_text(text, "utf-8")
        part.replace(self.home.config)

    def watch(self, verbs: type[App] = App, **chosen: Any) -> Watch:
        settings = load(self.home) if self.home.config.exists() else self.outside.settings
        made = Watch(
            self.home,
            verbs(self.home, settings, self.outside.cwd),
            folders={"claude-code": [self.agent.folder]},
            **chosen,
        )
        self._watches.append(made)
        made.start()
        return made

    def standing(self) -> WatchStanding:
        return standing(self.home)

    def has_looked(self) -> bool:
        return self.standing().scanned is not None

    def knows(self, words: str) -> bool:
        return bool(self.outside.store.search_turns(words))

    def end(self) -> None:
        for watch in self._watches:
            watch.stop()
        self.outside.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.end()


#: Nothing is found by looking at all logs again: what is found, events have told of.
EVENTS_ONLY = "[watch]\nrescan_seconds = 3600\nquiet_seconds = 0.2\n"
#: All logs are looked at again and again.
RESCANS = "[watch]\nrescan_seconds = 0.2\nquiet_seconds = 0.2\n"


@pytest.fixture
def events_only() -> str:
    return EVENTS_ONLY


@pytest.fixture
def rescans() -> str:
    return RESCANS
