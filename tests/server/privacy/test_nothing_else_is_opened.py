"""Keys and passwords lie beside agents' logs. Neither reading them all nor watching them opens anything but logs."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

#: What agents and editors keep beside their sessions, and is none of ours; in every folder that has logs in it, too.
BESIDE = (
    ".claude/.credentials.json", ".claude/settings.json", ".claude.json", ".codex/auth.json", ".codex/config.toml",
    ".codex/history-backup.jsonl", ".codex/secrets.jsonl", ".codex/.env", ".gemini/oauth_creds.json",
    ".gemini/google_accounts.json", ".gemini/.env", ".gemini/settings.json", ".gemini/antigravity/auth.json",
    ".gemini/antigravity/mcp_config.json", ".gemini/tmp/shop/.env", ".gemini/tmp/shop/notes.json",
    ".gemini/antigravity-cli/credentials.jsonl",
    ".local/share/opencode/auth.json", ".local/share/opencode/mcp-auth.json", ".local/share/opencode/log/dev.log",
    ".local/share/opencode/storage/secrets.json", ".config/opencode/opencode.json", ".copilot/config.json",
    ".copilot/mcp-config.json", ".copilot/session-state/token.json", ".continue/config.json", ".continue/config.yaml",
    ".continue/.env", ".continue/sessions/.env", ".pi/agent/auth.json", ".pi/agent/models.json",
    ".pi/agent/sessions/auth.json", ".cursor/mcp.json", ".cursor/projects/auth.json", ".cursor/chats/auth.json",
    ".config/Code/User/settings.json", ".config/Code/User/globalStorage/state.vscdb",
    ".config/Code/User/globalStorage/storage.json", ".config/Code/User/workspaceStorage/0a/state.vscdb",
    ".config/Code/User/workspaceStorage/0a/keys.json", ".config/Cursor/User/settings.json",
    ".config/Cursor/User/globalStorage/storage.json", ".config/Cursor/User/globalStorage/keys.json",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/secrets.json",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/auth.json",
    ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
    ".cline/data/secrets.json", ".cline/data/tasks/secrets.json", ".ssh/id_ed25519", ".env", ".netrc",
    ".aws/credentials",
)  # fmt: skip
#: What tells of a session beside its log: the folder it was held in, its title, what its user typed.
COMPANIONS = {
    "workspace.json", "workspace.yaml", "ui_messages.json", "task_metadata.json", "history_item.json", "sessions.json",
    "projects.json", ".project_root", ".workspace-trusted", ".aider.input.history", ".memsrvignore", "config", "HEAD",
}  # fmt: skip

_OPENED = """
import os, sys
seen = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def hook(event, arguments):
    if event in ("open", "sqlite3.connect"):
        os.write(seen, (os.fsdecode(arguments[0]) if not isinstance(arguments[0], int) else "").encode() + b"\\n")
sys.addaudithook(hook)
from memsrv.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def agents(place: Any) -> Any:
    """A home in which all agents have worked, and have left their keys."""
    for number, form in enumerate(place.everywhere.FORMS):
        place.write(form, place.project(f"shop{number}"), session=f"{number:08}-2222-4333-8444-555555555555")
    for name in BESIDE:
        _write(place.home / name)
    for number in range(len(place.everywhere.FORMS)):
        _write(place.project(f"shop{number}") / ".env")
    return place


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write('{"type": "user", "sessionId": "x", "token": "never to be read"}\n')


@pytest.fixture
def start(place: Any) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    running = []

    def begin(told: Path, *arguments: str) -> "subprocess.Popen[bytes]":
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", _OPENED, str(told), *arguments],
                env=place.environment,
                cwd=place.root,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def opened(place: Any, told: Path) -> set[Path]:
    """What of the person's own was opened."""
    names = {line.removeprefix("file:").split("?")[0] for line in told.read_text().splitlines() if line}
    mine = (place.home, place.root / "work")
    return {Path(name) for name in names if any(Path(name).is_relative_to(one) for one in mine)}


def none_of_ours(place: Any, told: Path) -> list[str]:
    decoys = {place.home / name for name in BESIDE} | set((place.root / "work").glob("*/.env"))
    return sorted(str(path.relative_to(place.root)) for path in opened(place, told) & decoys)


def strangers(place: Any, told: Path, logs: set[Path]) -> list[str]:
    """What was opened and is neither a log nor says whose a log is."""
    known = {path for path in opened(place, told) if path in logs or path.name in COMPANIONS}
    return sorted(str(path) for path in opened(place, told) - known if path.is_file())


def _logs(place: Any) -> set[Path]:
    """All that the agents wrote of their sessions."""
    return {path for root in (place.home, place.root / "work") for path in root.rglob("*") if path.is_file()}


def test_reading_all_agents_opens_their_logs_and_nothing_else(
    agents: Any, start: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    decoys = {agents.home / name for name in BESIDE} | set((agents.root / "work").glob("*/.env"))
    told = agents.root / "opened.txt"

    ended = start(told, "ingest").wait(120)
    again = start(told, "ingest", str(agents.home)).wait(120)

    assert (ended, again) == (0, 0)
    assert agents.home / ".codex/history.jsonl" in opened(agents, told)
    assert none_of_ours(agents, told) == []
    assert strangers(agents, told, _logs(agents) - decoys) == []


def test_a_key_that_changes_while_logs_are_watched_is_not_opened(
    agents: Any, start: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    (agents.memory / "config.toml").write_text("[watch]\nrescan_seconds = 3600\nquiet_seconds = 0.1\n")
    told = agents.root / "opened.txt"
    watching = start(told, "watch")
    log = agents.home / ".claude/projects/-w-shop/00000000-2222-4333-8444-555555555555.jsonl"
    _until(agents, watching, lambda: _turns(agents, "fix it") > 10 and "scanned" in _said(agents))

    for name in BESIDE:
        _write(agents.home / name)
        _write((agents.home / name).with_name(f"new-{Path(name).name}"))
    with log.open("a") as file:
        file.write(
            log.read_text().splitlines()[0].replace("fix it", "the last word").replace('"uuid": "', '"uuid": "last-')
            + "\n"
        )
    _until(agents, watching, lambda: _turns(agents, "the last word") == 1)

    assert none_of_ours(agents, told) == []
    assert [str(path) for path in opened(agents, told) if path.name.startswith("new-")] == []


def _said(place: Any) -> str:
    files = place.memory.glob("watch*.json")
    return "".join(path.read_text() for path in files if path.is_file())


def _turns(place: Any, text: str) -> int:
    if not (place.memory / "memsrv.db").exists():
        return 0
    connection = sqlite3.connect(place.memory / "memsrv.db")
    try:
        return int(connection.execute("SELECT count(*) FROM events WHERE text = ?", [text]).fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return 0
    finally:
        connection.close()


def _until(place: Any, process: "subprocess.Popen[bytes]", true: Callable[[], bool]) -> None:
    """Looks again when something was written below memsrv's home."""
    limit, changed, heard = time.monotonic() + 60, threading.Event(), FileSystemEventHandler()
    for happened in ("on_modified", "on_created", "on_moved"):  # a look itself only opens
        setattr(heard, happened, lambda event: changed.set())
    observer = Observer()
    observer.schedule(heard, str(place.memory), recursive=True)
    observer.start()
    try:
        while not true():
            assert process.poll() is None, "the watch ended"
            assert time.monotonic() < limit, "it did not come true in time"
            changed.wait(1)
            changed.clear()
    finally:
        observer.stop()
        observer.join()
