"""A session that is forgotten stays so, whatever its log is: lines, a document, a database, also when it goes on."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from memsrv.app import App, open_app
from memsrv.home import Home
from memsrv.settings import Settings

LINES = ("ClaudeCode", "Codex", "Copilot", "Pi", "Antigravity", "CursorTranscripts")
WHOLE = (
    "Continue", "OpenCode", "CursorEditor", "CursorAgent", "Gemini", "VSCode", "Cline", "CopilotHistory", "SpecStory",
    "Aider",
)  # fmt: skip
Samples = Callable[[Path], dict[str, Path]]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = open_app(Home(tmp_path / "memsrv"), Settings(), tmp_path)
    yield app
    app.close()


def forget_all(app: App) -> None:
    for session in [session.id for session in app.store.sessions(twice=True)]:
        shown = app.forget(session=session, erase=True)
        app.forget(session=session, erase=True, confirm=shown.confirm)


def holding(app: App, word: bytes) -> list[str]:
    app.close()  # what is in the write-ahead log goes into the file
    return [str(file) for file in app.home.root.rglob("*") if file.is_file() and word in file.read_bytes()]


@pytest.mark.parametrize("name", [*LINES, *WHOLE])
def test_a_look_at_its_log_does_not_bring_it_back(name: str, samples: Samples, app: App, tmp_path: Path) -> None:
    log = samples(tmp_path / "agents")[name]
    app.ingest([log])
    assert app.store.sessions(twice=True)

    forget_all(app)
    os.utime(log, (2_000_000_000, 2_000_000_000))
    app.ingest([log])

    assert app.store.sessions(twice=True) == []
    assert holding(app, b"fix it") == []


def codex(log: Path, cursor_files: ModuleType) -> None:
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "fix it again"}]}
    line = {"timestamp": "2026-01-02T04:04:05.678Z", "type": "response_item", "payload": said}
    with log.open("a") as file:
        file.write(json.dumps(line) + "\n")


def resumed(log: Path, cursor_files: ModuleType) -> None:
    held = json.loads(log.read_text())
    held["history"].append({"message": {"role": "user", "content": "fix it again"}, "contextItems": []})
    log.write_text(json.dumps(held))


def opencode(log: Path, cursor_files: ModuleType) -> None:
    db = sqlite3.connect(log, isolation_level=None)
    db.execute("INSERT INTO message SELECT 'msg_2', session_id, time_created + 1, time_updated + 1, data FROM message")
    part = json.dumps({"type": "text", "text": "fix it again"})
    db.execute("INSERT INTO part SELECT 'prt_2', 'msg_2', session_id, time_created, time_updated, ? FROM part", [part])
    db.execute("UPDATE session SET time_updated = time_updated + 1")
    db.close()


def editor(log: Path, cursor_files: ModuleType) -> None:
    with cursor_files.Editor(log.parents[4]) as editor:
        bubbles = [cursor_files.asked("b1", "fix it"), cursor_files.asked("b3", "fix it again")]
        editor.composer("composer-1", bubbles)


@pytest.mark.parametrize(
    ("name", "go_on"), [("Codex", codex), ("Continue", resumed), ("OpenCode", opencode), ("CursorEditor", editor)]
)
def test_nor_does_its_going_on(
    name: str, go_on: Callable[[Path, ModuleType], None], samples: Samples, app: App, cursor_files: ModuleType,
    tmp_path: Path,
) -> None:  # fmt: skip
    log = samples(tmp_path / "agents")[name]
    app.ingest([log])
    forget_all(app)
    before = log.read_bytes()

    go_on(log, cursor_files)
    app.ingest([log])

    assert log.read_bytes() != before
    assert app.store.sessions(twice=True) == []
    assert holding(app, b"fix it") == []
