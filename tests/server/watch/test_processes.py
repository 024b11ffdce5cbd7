"""Several processes of one home: one watches, another takes over, and an end leaves nothing locked."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client, StdioServerParameters

MEMSRV = [sys.executable, "-I", "-m", "memsrv"]
PATIENCE = 60

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}

Until = Callable[..., Any]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def environment(place: Any) -> dict[str, str]:
    return {
        **os.environ,
        "MEMSRV_HOME": str(place.home.root),
        "CLAUDE_CONFIG_DIR": str(place.agent.folder.parent),
    }


Process = subprocess.Popen[bytes]
Start = Callable[..., Process]


@pytest.fixture
def start(place: Any) -> Iterator[Start]:
    """Starts `memsrv` with the place's home; what still runs at the end is killed."""
    started: list[Process] = []

    def run(*arguments: str) -> Process:
        started.append(
            subprocess.Popen(
                [*MEMSRV, *arguments],
                env=environment(place),
                cwd=place.outside.cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
            pipe.close()
        process.wait(PATIENCE)


def test_when_the_watching_server_is_killed_another_takes_over(place: Any, until: Until, events_only: str) -> None:
    """Two IDE windows, each with a client; the clients ask whichever server they have."""
    place.configure(events_only)
    place.agent.folder.mkdir(parents=True)
    server = StdioServerParameters(
        command=MEMSRV[0], args=[*MEMSRV[1:], "serve"], env=environment(place), cwd=place.outside.cwd
    )

    async def finds(client: Client, words: str) -> None:
        with anyio.fail_after(PATIENCE):
            while True:
                found = await client.call_tool("memory_search", {"query": words, "project": "*"})
                if any(words in hit["text"] for hit in found.structured_content["results"]):
                    return
                await anyio.sleep(0.01)

    async def sitting() -> None:
        async with Client(server) as first, Client(server) as second:
            await anyio.to_thread.run_sync(lambda: until(place.has_looked))
            place.agent.says("The zeppelin needs helium.")
            await finds(first, "zeppelin")
            await finds(second, "zeppelin")
            holder = place.standing().pid

            psutil.Process(holder).kill()
            place.agent.says("The submarine needs ballast.")

            left = first if await alive(first) else second
            await finds(left, "submarine")
            assert place.standing().pid not in (None, holder)

    async def alive(client: Client) -> bool:
        try:
            with anyio.fail_after(5):
                await client.call_tool("memory_status", {})
        except Exception:  # noqa: BLE001  # whatever a client says whose server was killed
            return False
        return True

    anyio.run(sitting)
    assert place.outside.store.counts().events == 2


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_foreground_watch_says_what_it_does_and_ends_on_a_signal(
    place: Any, start: Start, until: Until, events_only: str, ending: signal.Signals
) -> None:
    place.configure(events_only)
    place.agent.folder.mkdir(parents=True)
    process = start("watch")
    assert process.stderr
    until(place.has_looked)
    log = place.agent.says("The zeppelin needs helium.")
    assert process.stderr.readline().decode() == f"watching {place.agent.folder}\n"
    assert process.stderr.readline().decode() == f"{log}: 1 new event\n"

    process.send_signal(ending)
    out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert (out, err) == (b"", b"")
    assert not place.standing().watching
    assert not place.home.watch.exists()


def test_the_foreground_watch_tells_what_went_wrong_in_a_sentence_and_logs_it(
    place: Any, start: Start, until: Until, events_only: str
) -> None:
    place.configure(events_only)
    process = start("watch")
    assert process.stderr
    until(place.has_looked)
    process.stderr.readline()

    place.configure("[watch\n")
    told = process.stderr.readline().decode()

    assert "config.toml is not valid TOML" in told
    until(lambda: "config.toml is not valid TOML" in (place.home.logs / "watch.log").read_text())


def test_a_server_over_http_watches_too_and_frees_the_lease_when_it_is_ended(
    place: Any, start: Start, until: Until, events_only: str
) -> None:
    place.configure(events_only)
    process = start("serve", "--http", "--port", "0")
    until(place.has_looked)
    place.agent.says("The zeppelin needs helium.")
    until(lambda: place.knows("zeppelin"))
    assert place.standing().pid == process.pid

    process.terminate()
    process.wait(PATIENCE)

    assert not place.standing().watching
    assert not place.home.watch.exists()


def test_a_second_watch_says_that_it_waits_and_takes_over(
    place: Any, start: Start, until: Until, events_only: str
) -> None:
    place.configure(events_only)
    first, second = start("watch"), start("watch")
    holder = until(lambda: place.standing().pid)
    watching, waiting = (first, second) if holder == first.pid else (second, first)
    assert waiting.stderr
    assert f"process {holder} watches" in waiting.stderr.readline().decode()

    watching.kill()
    place.agent.says("The zeppelin needs helium.")
    until(lambda: place.knows("zeppelin"))

    assert until(lambda: place.standing().pid) == waiting.pid


def test_while_who_watches_is_suspended_another_stands_in(
    place: Any, start: Start, until: Until, events_only: str
) -> None:
    """Ctrl-Z in one terminal: the other windows go on being read, and the watch goes back when it continues."""
    place.configure(events_only)
    first, second = start("watch"), start("watch")
    holder = until(lambda: place.standing().pid)
    watching, waiting = (first, second) if holder == first.pid else (second, first)
    until(place.has_looked)

    watching.send_signal(signal.SIGSTOP)
    place.agent.says("The zeppelin needs helium.")
    until(lambda: place.knows("zeppelin"))
    assert place.standing().pid == waiting.pid

    watching.send_signal(signal.SIGCONT)
    until(lambda: place.standing().pid == watching.pid)
    place.agent.says("The submarine needs ballast.")
    until(lambda: place.knows("submarine"))
    assert place.outside.store.counts().events == 2

    watching.send_signal(signal.SIGSTOP)
    until(lambda: place.standing().pid == waiting.pid)
    watching.kill()
    place.agent.says("The balloon needs sand.")
    until(lambda: place.knows("balloon"))
    until(lambda: not (place.home.root / "watch-deputy.json").exists() and place.standing().pid == waiting.pid)


@pytest.mark.parametrize("ending", ["closed stdin", signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_ends_while_it_reads_harms_no_transaction_and_leaves_no_lock(
    place: Any, start: Start, until: Until, events_only: str, ending: Any
) -> None:
    place.configure(events_only)
    log = place.agent.says("first")
    with log.open("ab") as file:
        for n in range(4_000):
            file.write(place.agent.line(f"{n} " + "word " * 400))
    process = start("serve")
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    until(lambda: place.outside.store.counts().events)
    if ending == "closed stdin":
        process.stdin.close()
    else:
        process.send_signal(ending)
    assert process.wait(PATIENCE) == {"closed stdin": 0, signal.SIGTERM: 130, signal.SIGKILL: -9}[ending]

    assert not place.standing().watching
    assert place.outside.store.counts().events < 4_001
    place.outside.read_logs([log])
    assert place.outside.store.counts().events == 4_001
    with sqlite3.connect(place.home.database) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_no_server_watches_where_watching_is_turned_off(place: Any, start: Start, until: Until) -> None:
    place.configure("[watch]\nenabled = false\n")
    place.agent.says("The zeppelin needs helium.")
    start("serve")
    asked = start("watch")

    assert until(lambda: place.standing().pid) == asked.pid
