"""The CLI as a person meets it: consent on a terminal, the endpoint in the foreground, help for every command."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from memsrv import cli
from memsrv.home import Home
from memsrv.settings import load
from memsrv_adapters import client

MEMSRV = [sys.executable, "-I", "-m", "memsrv"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def environment(home: Home) -> dict[str, str]:
    return {**os.environ, "MEMSRV_HOME": str(home.root)}


def test_every_command_has_a_line_of_help() -> None:
    table = cli.command_table()

    assert {name for name, help in table if not help or "\n" in help} == set()
    assert {name for name, _ in table} >= {
        "ingest", "search", "show", "memories", "save", "facts", "compact", "consolidate", "runs", "adapters", "ask",
        "serve", "endpoint", "status", "statusline", "demo",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
@pytest.mark.parametrize(
    ("answer", "code", "allowed"), [("n", 1, {}), ("", 1, {}), ("y", 2, {"shop": True}), ("never", 1, {"shop": False})]
)
def test_training_is_asked_for_once_and_remembered(
    home: Home, tmp_path: Path, answer: str, code: int, allowed: dict[str, bool]
) -> None:
    (tmp_path / "shop").mkdir()
    mine, theirs = os.openpty()
    with subprocess.Popen(
        [*MEMSRV, "consolidate", "--base", "no/such-model"],
        env=environment(home),
        cwd=tmp_path / "shop",
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as asked:
        os.close(theirs)
        os.write(mine, f"{answer}\n".encode())
        said = b"".join(iter(lambda: _read(mine), b"")).decode()
    os.close(mine)

    assert "May the sessions of shop be trained on" in said
    projects = {name: said.train for name, said in load(home).projects.items()}
    assert (asked.returncode, projects) == (code, allowed)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux's way to say that the other side has closed
        return b""


@pytest.fixture
def foreground(home: Home, tmp_path: Path, random_base: Path) -> Iterator["subprocess.Popen[str]"]:
    home.root.mkdir()
    home.config.write_text(f'base = "{random_base}"\nthreads = 1\nany_base = true\n')
    with subprocess.Popen(
        [*MEMSRV, "endpoint"], env=environment(home), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()
    client.stop_endpoint(home)


def first_line(stream: IO[str] | None) -> str:
    assert stream
    return stream.readline()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_endpoint_stays_until_it_is_interrupted_and_goes_with_its_terminal(
    home: Home, foreground: "subprocess.Popen[str]"
) -> None:
    line = first_line(foreground.stderr)
    while_it_stays = client.endpoint_state(home)
    foreground.send_signal(signal.SIGINT)
    code = foreground.wait(60)

    assert while_it_stays.url
    assert while_it_stays.url in line
    assert str(home.token) in line
    assert (code, client.endpoint_state(home).state) == (130, "stopped")
