"""Exit codes and the one sentence on stderr: whatever goes wrong, it says what to do, and stdout stays clean."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

MEMSRV = [sys.executable, "-I", "-m", "memsrv"]

Ended = subprocess.CompletedProcess[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def memsrv(home: Path, *arguments: str, stdout: int = subprocess.PIPE) -> Ended:
    cwd = home.parent / "shop"
    cwd.mkdir(exist_ok=True)
    environment = {**os.environ, "MEMSRV_HOME": str(home)}
    return subprocess.run(
        [*MEMSRV, *arguments],
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def sentence(ended: Ended) -> str:
    """The one line on stderr."""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("memsrv: ")
    return line


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "anything"],
        ["memories"],
        ["facts"],
        ["runs"],
        ["adapters"],
        ["status"],
        ["statusline"],
        ["endpoint", "--stop"],
        ["save", "The port of the database is 5433.", "--kind", "episodic"],
        ["--help"],
    ],
)
def test_on_a_fresh_home_these_are_done(home: Path, arguments: list[str]) -> None:
    assert memsrv(home, *arguments).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["show", "m-none"], 2, "memsrv search"),
        (["runs", "show", "20200101-000000-none"], 2, "memsrv runs"),
        (["adapters", "show", "v9"], 2, "memsrv adapters"),
        (["adapters", "promote", "v9"], 2, "memsrv adapters"),
        (["adapters", "rollback"], 1, "memsrv adapters"),
        (["adapters", "diff", "v1", "v2"], 2, "memsrv adapters"),
        (["ask", "Which port?"], 1, "memsrv consolidate"),
        (["consolidate"], 1, "--yes"),
        (["consolidate", "--yes", "--teacher", "oracle"], 2, "rules"),
        (["consolidate", "--yes", "--base", "no/such-model"], 2, "no/such-model"),
        (["consolidate", "--resume", "20200101-000000-none"], 2, "memsrv runs"),
        (["memories", "--kinds", "gossip"], 2, "procedural"),
        (["memories", "--project", "a", "--all-projects"], 2, "--all-projects"),
        (["compact", "--session", "none"], 2, "session"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(home: Path, arguments: list[str], code: int, says: str) -> None:
    ended = memsrv(home, *arguments)

    assert (ended.returncode, ended.stdout) == (code, "")
    assert says in sentence(ended)


@pytest.mark.parametrize("arguments", [["serch"], ["search"], ["save", "x"], ["save", "x", "--kind", "gossip"]])
def test_wrong_usage_is_2(home: Path, arguments: list[str]) -> None:
    assert memsrv(home, *arguments).returncode == 2


def test_an_empty_folder_is_not_a_success(home: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    ended = memsrv(home, "ingest", str(tmp_path / "empty"))

    assert ended.returncode == 1
    assert "empty" in sentence(ended)


def test_a_folder_that_is_not_there_is_named(home: Path, tmp_path: Path) -> None:
    ended = memsrv(home, "ingest", str(tmp_path / "nowhere"))

    assert ended.returncode in (1, 2)
    assert "nowhere" in sentence(ended)


def test_settings_that_are_wrong_name_the_key(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("thraeds = 3\n")

    ended = memsrv(home, "status")

    assert ended.returncode == 2
    assert "thraeds" in sentence(ended)


def test_a_home_that_is_a_file_is_named(home: Path) -> None:
    home.write_text("")

    ended = memsrv(home, "search", "x")

    assert ended.returncode in (1, 2)
    assert str(home) in sentence(ended)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_in_a_sentence(home: Path) -> None:
    with open("/dev/full", "w") as full:
        ended = memsrv(home, "status", "--json", stdout=full.fileno())

    assert ended.returncode == 1
    assert "free some space" in sentence(ended)


def test_a_reader_that_stops_reading_is_no_error(home: Path) -> None:
    environment = {**os.environ, "MEMSRV_HOME": str(home)}
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [*MEMSRV, "status", "--json"], env=environment, stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_one_consolidation_at_a_time(home: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (base / name).write_text("{}")
    (home / "runs").mkdir(parents=True)

    with FileLock(home / "runs" / "running.lock"):
        ended = memsrv(home, "consolidate", "--yes", "--base", str(base))

    assert ended.returncode == 1
    assert "memsrv runs" in sentence(ended) or "memsrv status" in sentence(ended)


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ended = memsrv(home, "endpoint", "--port", str(port))

    assert ended.returncode == 1
    assert str(port) in sentence(ended)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_is_130(home: Path, number: signal.Signals) -> None:
    assert memsrv(home, "status").returncode == 0
    environment = {**os.environ, "MEMSRV_HOME": str(home)}
    with (
        FileLock(home / "writer.lock"),
        subprocess.Popen(
            [*MEMSRV, "save", "x is y", "--kind", "episodic", "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as waiting,
    ):
        process = psutil.Process(waiting.pid)
        while not any(file.path.endswith("memsrv.db") for file in process.open_files()):
            assert waiting.poll() is None
        waiting.send_signal(number)
        out, _ = waiting.communicate(timeout=60)

    assert (waiting.returncode, out) == (130, b"")


def test_an_error_leaves_json_readers_an_empty_stdout(home: Path) -> None:
    ended = memsrv(home, "show", "m-none", "--json")

    assert (ended.stdout, ended.returncode) == ("", 2)


def test_a_note_for_a_person_does_not_spoil_the_json(home: Path) -> None:
    ended = memsrv(home, "search", "anything", "--json")

    assert json.loads(ended.stdout)["results"] == []
    assert "memsrv ingest" in ended.stderr
