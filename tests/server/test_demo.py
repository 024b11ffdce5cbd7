"""The demo's made-up week is in the format of real logs, and holds what real logs hold."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from memsrv.app import App
from memsrv.demo.logs import write_logs
from memsrv.demo.story import FAKE_TOKEN, SITTINGS
from memsrv.home import Home
from memsrv.records import Memory
from memsrv.settings import Settings

CWD = "/home/ana/quayside"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return write_logs(SITTINGS, tmp_path, CWD)


def _records(path: Path) -> list[dict[str, Any]]:
    records = []
    for line in path.read_text("utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def _all(files: list[Path]) -> list[dict[str, Any]]:
    return [record for path in files for record in _records(path)]


def test_the_same_story_gives_the_same_bytes(tmp_path: Path) -> None:
    once, again = (write_logs(SITTINGS, tmp_path / name, CWD) for name in ("once", "again"))

    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_an_ingest_that_was_killed_before_remembering_is_made_up_for(files: list[Path], tmp_path: Path) -> None:
    app = App(Home(tmp_path / "home"), Settings(), tmp_path)
    app.read_logs(files)  # the part before the kill: events are stored, memories are not made

    again = app.ingest(files)

    assert (again.events, again.memories) == (0, 21)
    assert app.ingest(files).memories == 0


def test_logs_lie_where_claude_code_puts_them(files: list[Path], tmp_path: Path) -> None:
    places = [path.relative_to(tmp_path).parts for path in files]

    assert {parts[:2] for parts in places} == {("projects", "-home-ana-quayside")}
    assert sum(parts[3:4] == ("subagents",) for parts in places) == 1


def test_every_record_follows_one_that_is_there(files: list[Path]) -> None:
    for path in files:
        known = {record["uuid"] for record in _records(path) if "uuid" in record}
        parents = {record["parentUuid"] for record in _records(path) if record.get("parentUuid")}

        assert parents <= known


def test_a_resumed_session_repeats_the_records_of_the_earlier_one(files: list[Path]) -> None:
    copies = Counter(record["uuid"] for record in _all(files) if "uuid" in record)

    assert Counter(copies.values())[2] > 20
    assert max(copies.values()) == 2


def test_one_reply_takes_several_lines_that_repeat_its_usage(files: list[Path]) -> None:
    replies = [record["message"] for record in _records(files[0]) if record["type"] == "assistant"]
    shared = Counter(reply["id"] for reply in replies)

    assert max(shared.values()) == 2
    assert all(len(reply["content"]) == 1 for reply in replies)


def test_the_week_holds_what_real_weeks_hold(files: list[Path]) -> None:
    text = "".join(path.read_text("utf-8") for path in files)

    assert '"subtype":"compact_boundary"' in text
    assert '"isCompactSummary":true' in text
    assert "To tell you how to proceed, the user said:" in text
    assert "[Request interrupted by user]" in text
    assert '"isSidechain":true' in text
    assert FAKE_TOKEN in text


def test_one_line_was_left_half_written(files: list[Path]) -> None:
    unreadable = [len(path.read_text("utf-8").splitlines()) - len(_records(path)) for path in files]

    assert sum(unreadable) == 1


def test_an_endpoint_of_the_demo_ends_with_an_interrupt(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal, pathlib; from memsrv.demo.doors import endpoint\n"
        "from memsrv.home import Home; from memsrv.settings import Settings\n"
        "with endpoint(Home(pathlib.Path(sys.argv[1])), Settings(), 'quayside') as running:\n"
        "    print(running.process.pid, flush=True); os.kill(os.getpid(), signal.SIGINT)"
    )
    run = subprocess.run([sys.executable, "-I", "-c", code, str(tmp_path)], capture_output=True, text=True)

    assert "KeyboardInterrupt" in run.stderr
    assert not psutil.pid_exists(int(run.stdout))


@pytest.fixture
def app(files: list[Path], tmp_path: Path) -> App:
    app = App(Home(tmp_path / "home"), Settings(), Path(CWD))
    app.ingest([tmp_path / "projects"])
    return app


def _memories(app: App, superseded: bool = False) -> list[Memory]:
    return list(app.memories(superseded=superseded).memories)


def test_the_week_leaves_enough_to_learn(app: App) -> None:
    assert sum(memory.value is not None for memory in _memories(app)) >= 14


def test_the_correction_supersedes_what_was_said_on_monday(app: App) -> None:
    ports = {m.value: m.valid_to for m in _memories(app, superseded=True) if m.subject == "the staging server"}

    assert ports["8443"] is None
    assert ports["8080"] is not None


def test_tasks_questions_and_the_hosts_summary_become_no_memories(app: App) -> None:
    texts = " ".join(memory.text for memory in _memories(app, superseded=True))

    for word in ("changelog", "tariffs endpoint", "harbour report", "whole suite", "smoke test", "Node", "pnpm"):
        assert word not in texts


def test_the_pasted_token_is_nowhere_in_the_home(app: App, tmp_path: Path) -> None:
    kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]

    assert kept
    assert not any(FAKE_TOKEN.encode() in content for content in kept)


@pytest.mark.soak
def test_the_whole_demo_ends_with_the_corrected_port_from_the_adapter(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-I", "-m", "memsrv", "demo", "--home", str(tmp_path / "demo")], capture_output=True, text=True
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "8443" in run.stdout.partition("5  The endpoint")[2].partition("memsrv/quayside@v1")[0]
