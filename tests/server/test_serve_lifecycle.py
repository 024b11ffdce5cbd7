"""`memsrv serve` ends with its host: closed stdin, SIGTERM, SIGINT, a dead parent; a garbled line is no end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

SERVE = [sys.executable, "-I", "-m", "memsrv", "serve"]
PATIENCE = 60

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server that has answered once: its signal handlers are in place."""
    environment = {**os.environ, "MEMSRV_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        SERVE, env=environment, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(line(INITIALIZE))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "memsrv"
        yield process
        process.kill()


def test_closed_stdin_ends_it(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin
    server.stdin.close()

    assert server.wait(PATIENCE) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_though_stdin_stays_open(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    server.send_signal(number)

    assert server.wait(PATIENCE) == 130


def test_a_garbled_line_does_not_end_it(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin
    assert server.stdout
    server.stdin.write(b"\xff{not json\n" + line({"jsonrpc": "2.0", "id": 2, "method": "ping"}))
    server.stdin.flush()

    assert json.loads(server.stdout.readline()) == {"jsonrpc": "2.0", "id": 2, "result": {}}


# The host of this test: starts the server with the test's pipe as stdin, tells its pid, and waits to be killed.
HOST = f"""
import subprocess, sys
child = subprocess.Popen({SERVE!r}, stdin=0, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the parent's pid says less on Windows")
def test_a_dead_parent_ends_it_though_stdin_stays_open(tmp_path: Path) -> None:
    environment = {**os.environ, "MEMSRV_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        [sys.executable, "-I", "-c", HOST], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as host:
        assert host.stdin
        assert host.stdout
        host.stdin.write(line(INITIALIZE))
        host.stdin.flush()
        server = psutil.Process(int(host.stdout.readline()))

        host.kill()
        host.wait(PATIENCE)

        gone, alive = psutil.wait_procs([server], timeout=PATIENCE)
        for process in alive:
            process.kill()
        assert gone == [server]
