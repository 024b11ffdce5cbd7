import json
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from memsrv import address
from memsrv.errors import EndpointUnavailable, NoAdapterYet, NotFound, UsageError
from memsrv.home import Home
from memsrv.settings import Settings
from memsrv_adapters.base import Base
from memsrv_adapters.client import (
    Answer,
    Warming,
    ask,
    endpoint_state,
    start_endpoint,
    stop_endpoint,
    wait_until_ready,
)

LONG = 120.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    yield home
    stop_endpoint(home, LONG)
    # One that ended by itself has given up its lock, and may still be on its way out.
    psutil.wait_procs([p for p in psutil.Process().children() if str(home.root) in _command(p)], timeout=LONG)


@pytest.fixture
def settings(base: Base) -> Settings:
    return Settings(base=str(base.path), threads=1)


def test_a_project_from_first_question_to_the_end(home: Home, settings: Settings, stored: Any) -> None:
    """One process for all of it: starting one takes seconds."""
    stored.live(seed=1)
    assert endpoint_state(home).state == "stopped"

    assert ask(home, "What is the port?", settings=settings, project="demo") == Warming()
    assert ask(home, "What is the port?", settings=settings, project="demo") == Warming()

    ready = wait_until_ready(home, LONG)
    written = json.loads(home.endpoint.read_text())
    assert set(written) == {"pid", "host", "port", "started"}
    assert f"http://{written['host']}:{written['port']}" == ready.url

    first = ask(home, "What is the port?", settings=settings, project="demo")
    assert isinstance(first, Answer)
    assert (first.model, first.adapter, first.known) == ("memsrv/demo@v1", "demo@v1", True)

    stored.live(seed=2)
    second = ask(home, "What is the port?", settings=settings, project="demo")
    base = ask(home, "What is the port?", settings=settings, model="memsrv/base")
    previous = ask(home, "What is the port?", settings=settings, model="memsrv/demo:previous")
    assert isinstance(second, Answer)
    assert isinstance(base, Answer)
    assert (second.adapter, base.adapter) == ("demo@v2", "base")
    assert previous == Answer(first.answer, "memsrv/demo@v1", "demo@v1", True)
    assert len({first.answer, second.answer, base.answer}) == 3
    with pytest.raises(NotFound, match="v9"):
        ask(home, "What is the port?", settings=settings, model="memsrv/demo@v9")

    another = subprocess.run(
        [sys.executable, "-I", "-m", "memsrv_adapters", str(home.root)], capture_output=True, text=True, timeout=LONG
    )
    assert another.returncode == 0
    assert "runs_already" in address.endpoint(home).log.read_text("utf-8")
    assert endpoint_state(home) == ready

    assert ready.pid is not None
    process = psutil.Process(ready.pid)
    assert {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"} == {"127.0.0.1"}
    assert httpx.get(f"{ready.url}/v1/models", trust_env=False).status_code == 401

    body = {"model": "memsrv/demo", "messages": [{"role": "user", "content": "x"}], "stream": True, "max_tokens": 300}
    known = {"authorization": f"Bearer {address.token(home)}"}
    with (
        httpx.Client(trust_env=False, timeout=LONG, headers=known) as http,
        http.stream("POST", f"{ready.url}/v1/chat/completions", json=body) as reply,
    ):
        lines = reply.iter_lines()
        next(lines)
        process.terminate()
        assert [line for line in lines if line][-1] == "data: [DONE]", "an answer under way was cut off"
    assert process.wait(LONG) in (0, None)
    assert endpoint_state(home).state == "stopped"
    assert {p.name for p in home.root.iterdir()} - {"endpoint.lock"} == {
        "adapters",
        "logs",
        "models",
        "redaction.key",
        "token",
    }
    assert not address.endpoint(home).failure.exists()
    assert not stop_endpoint(home)


def test_an_endpoint_that_nobody_asks_ends_by_itself(home: Home, settings: Settings) -> None:
    soon = settings.model_copy(update={"idle_minutes": 0.001})
    start_endpoint(home, soon)

    held = _when_it_runs(home)
    held.acquire(timeout=LONG)  # the process's own lock is free only once it is gone
    held.release()

    assert not home.endpoint.exists()
    assert "endpoint.idle" in address.endpoint(home).log.read_text()


def test_a_base_that_is_not_here_is_told_once_and_then_tried_again(home: Home, settings: Settings) -> None:
    missing = settings.model_copy(update={"base": "Acme/Nowhere-1B"})
    assert ask(home, "What?", settings=missing) == Warming()

    with pytest.raises(EndpointUnavailable, match="hf download Acme/Nowhere-1B"):
        wait_until_ready(home, LONG)
    _gone(home)

    assert ask(home, "What?", settings=settings, wait_seconds=LONG) != Warming()


def test_a_port_in_use_is_told_in_a_sentence(home: Home, settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "memsrv_adapters", str(home.root), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=LONG,
        )

    assert ended.returncode == 1
    logged = address.endpoint(home).log.read_text("utf-8")
    assert f"port {port}" in logged
    assert "Traceback" not in logged + ended.stderr
    with pytest.raises(EndpointUnavailable, match=f"port {port}"):
        ask(home, "What?", settings=settings)


def test_what_a_killed_endpoint_left_behind_is_not_taken_for_one(home: Home, settings: Settings) -> None:
    start_endpoint(home, settings)
    ready = wait_until_ready(home, LONG)
    psutil.Process(ready.pid).kill()
    _gone(home)
    assert home.endpoint.exists()

    assert endpoint_state(home).state == "stopped"
    start_endpoint(home, settings)

    assert wait_until_ready(home, LONG).pid != ready.pid


def test_nothing_is_started_for_a_project_without_an_adapter(home: Home, settings: Settings, stored: Any) -> None:
    stored.put()  # staged only

    with pytest.raises(NoAdapterYet, match="memsrv consolidate"):
        ask(home, "What is the port?", settings=settings, project="demo")
    with pytest.raises(UsageError):
        ask(home, "What is the port?", settings=settings, project="../demo")

    assert endpoint_state(home).state == "stopped"
    assert not home.logs.exists()


def test_the_token_is_made_once_for_its_owner_only(home: Home) -> None:
    first = address.token(home)

    assert address.token(home) == first
    assert len(first) >= 43
    assert stat.S_IMODE(home.token.stat().st_mode) == 0o600
    assert [p.name for p in home.root.iterdir()] == ["token"]


def test_a_token_that_others_can_read_is_not_used(home: Home) -> None:
    address.token(home)
    home.token.chmod(0o644)

    with pytest.raises(EndpointUnavailable, match="read by others"):
        address.token(home)


def _when_it_runs(home: Home) -> Any:
    """The endpoint's lock, once the process that was started has written its first line."""
    log = address.endpoint(home).log
    while "endpoint.ready" not in (log.read_text() if log.exists() else ""):
        assert endpoint_state(home) is not None
    return address.endpoint(home).lock()


def _gone(home: Home) -> None:
    held = address.endpoint(home).lock()
    held.acquire(timeout=LONG)
    held.release()


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
