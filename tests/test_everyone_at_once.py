"""Editor windows, a browser's client, a shell, agents that write logs and a consolidation, all on one home at once.

Nobody hears of a lock, and what was acknowledged is there afterwards. Everything is real: processes, sockets, weights.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from memsrv import address
from memsrv.app import open_app
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.home import Home
from memsrv.settings import load
from memsrv.store import Store
from memsrv.watch import standing

PATIENCE = 180
MEMSRV = [sys.executable, "-I", "-m", "memsrv"]
WAL_LIMIT = 64 << 20


@dataclass
class Crowd:
    """All who use one home, what they were promised, and what went wrong for any of them."""

    root: Path
    base: str
    until: float = 0.0
    saved: list[str] = field(default_factory=list)  # ids of memories
    written: list[str] = field(default_factory=list)  # words that stand in the logs, a line each
    wrong: list[str] = field(default_factory=list)
    calls: int = 0
    largest_wal: int = 0

    def __post_init__(self) -> None:
        self.home = Home(self.root / "home")
        self.folder = self.root / PROJECT
        self.claude = self.root / "claude"
        self.folder.mkdir()
        self.home.root.mkdir()
        config = f'base = "{self.base}"\nthreads = 1\nany_base = true\n'
        config += f"[watch]\nquiet_seconds = 1\n[projects.{PROJECT}]\ntrain = true\n"
        self.home.config.write_text(config, "utf-8")
        self.environment = {
            **os.environ,
            "MEMSRV_HOME": str(self.home.root),
            "CLAUDE_CONFIG_DIR": str(self.claude),
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*MEMSRV, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    def blame(self, who: str, what: object) -> None:
        self.wrong.append(f"{who}: {what}")

    # Those who use it

    async def client(self, name: str, open_client: Callable[[], Any]) -> None:
        rng = random.Random(name)
        async with open_client() as client:
            turn = 0
            while self.goes_on():
                turn += 1
                words = f"The owner of module {name}m{turn} is Kim."
                saved = await self.call(client, name, "memory_save", text=words, kind="episodic")
                if saved:
                    self.saved.append(saved["id"])
                    await self.call(client, name, "memory_open", ids=[saved["id"]])
                await self.call(client, name, "memory_search", query=rng.choice(("port", "owner of module", "staging")))
                if turn % 5 == 0:
                    await self.call(client, name, "memory_status")
                    await self.call(client, name, "session_compact")
                await anyio.sleep(rng.random() / 10)

    async def call(self, client: Client, who: str, tool: str, **arguments: Any) -> dict[str, Any] | None:
        answer = await client.call_tool(tool, arguments)
        self.calls += 1
        if answer.is_error:
            self.blame(f"{who} {tool}", answer.content)
            return None
        return answer.structured_content

    def agent(self, name: str) -> None:
        """Writes its log, and does not know of memsrv."""
        rng = random.Random(name)
        log = self.claude / "projects" / "-crowd" / f"{name}.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        turn = 0
        while self.goes_on():
            turn += 1
            word = f"{name}w{turn}"
            record = {
                "type": "user", "uuid": f"{name}-{turn}", "parentUuid": None, "sessionId": name,
                "timestamp": f"2026-11-20T10:{turn // 60 % 60:02}:{turn % 60:02}.000Z", "cwd": str(self.folder),
                "version": "2.1.30", "message": {"role": "user", "content": f"Please look at {word} once more."},
            }  # fmt: skip
            with log.open("ab") as file:
                file.write(json.dumps(record).encode() + b"\n")
            self.written.append(word)
            time.sleep(rng.random() / 5)

    def shell(self) -> None:
        turn = 0
        while self.goes_on():
            turn += 1
            save = ("save", f"The owner of module shell{turn} is Kim.", "--kind", "episodic", "--json")
            for command in (save, ("ingest", "--json"), ("search", "owner", "--json"), ("status", "--json")):
                found = self.run(*command)
                if command is save and found:
                    self.saved.append(found["id"])

    def consolidation(self) -> None:
        """Whether its adapter is any good is not the question here: a gate may say no."""
        self.run("consolidate", "--yes", "--json", fine=(0, 3), patience=4 * PATIENCE)

    def run(self, *command: str, fine: tuple[int, ...] = (0,), patience: float = PATIENCE) -> Any:
        process = self.start(*command)
        try:
            out, err = process.communicate(timeout=patience)
        finally:
            process.terminate()
        self.calls += 1
        if process.returncode not in fine or "lock" in err:
            self.blame(f"memsrv {command[0]}", f"exit code {process.returncode}: {err}")
            return None
        return json.loads(out)

    def gauge(self) -> None:
        wal = self.home.database.with_name(f"{self.home.database.name}-wal")
        while self.goes_on():
            if wal.exists():
                self.largest_wal = max(self.largest_wal, wal.stat().st_size)
            time.sleep(0.05)

    # Doors

    def over_stdio(self) -> Client:
        return Client(
            StdioServerParameters(command=MEMSRV[0], args=[*MEMSRV[1:], "serve"], env=self.environment, cwd=self.folder)
        )

    @asynccontextmanager
    async def over_http(self) -> Any:
        at = address.mcp(self.home).address()
        assert at is not None
        known = {"authorization": f"Bearer {self.home.token.read_text()}"}
        async with (
            httpx2.AsyncClient(headers=known, trust_env=False, timeout=PATIENCE) as http,
            Client(streamable_http_client(f"{at.url}/mcp", http_client=http)) as client,
        ):
            yield client

    # All of them

    async def meet(self, clients: int, seconds: float, *, consolidate: bool) -> None:
        works: list[Callable[[], None]] = [self.shell, self.gauge, self.kill_who_watches]
        works += [lambda name=name: self.agent(name) for name in ("ada", "grace", "edsger")]  # type: ignore[misc]
        works += [self.consolidation] if consolidate else []
        self.until = time.monotonic() + seconds
        threads = [threading.Thread(target=self.blamed, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        async with anyio.create_task_group() as group:
            group.start_soon(self.client, "web", self.over_http)
            for n in range(clients):
                group.start_soon(self.client, f"c{n}", self.over_stdio)
        for thread in threads:
            await anyio.to_thread.run_sync(thread.join)

    def blamed(self, work: Callable[[], None]) -> None:
        """What goes wrong in a thread goes wrong for the test."""
        try:
            work()
        except Exception as error:  # noqa: BLE001
            self.blame(getattr(work, "__name__", "agent"), repr(error))

    def kill_who_watches(self) -> None:
        """A watch in a terminal, which is closed with force at half-time."""
        half = (self.until + time.monotonic()) / 2
        watch = self.start("watch")
        while time.monotonic() < half:
            time.sleep(0.05)
        watch.kill()
        watch.communicate()

    def found(self, store: Store, word: str) -> bool:
        return any(word in hit.text for hit in store.search_turns(word, limit=3))


def wait_until(true: Callable[[], Any], what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < limit, what
        time.sleep(0.1)


@pytest.fixture
def crowd(tmp_path: Path, random_base: Path) -> Iterator[Crowd]:
    made = Crowd(tmp_path, str(random_base))
    write_logs(SITTINGS, made.claude, str(made.folder))
    with closing(open_app(made.home, load(made.home), made.folder)) as app:
        app.ingest([made.claude])
    web = made.start("serve", "--http", "--port", "0")
    try:
        wait_until(lambda: address.mcp(made.home).runs() and address.mcp(made.home).address(), "no server over HTTP")
        yield made
    finally:
        web.kill()
        web.communicate()


def meet_and_look(crowd: Crowd, clients: int, seconds: float, *, consolidate: bool) -> None:
    anyio.run(lambda: crowd.meet(clients, seconds, consolidate=consolidate))

    assert crowd.wrong == []
    with Store.open(crowd.home.database) as store:
        known = {memory.id for memory in store.memories(include_retired=True)}
        assert [id for id in crowd.saved if id not in known] == []
        wait_until(lambda: standing(crowd.home).watching, "nobody watches any more")
        for word in crowd.written:
            wait_until(lambda word=word: crowd.found(store, word), f"{word} was never read")  # type: ignore[misc]
        assert store.unsound() is None
    assert crowd.largest_wal < WAL_LIMIT
    print(
        f"{crowd.calls} calls, {len(crowd.saved)} saved, {len(crowd.written)} lines, "
        f"WAL at most {crowd.largest_wal / (1 << 20):.1f} MiB"
    )


def test_nobody_hears_of_a_lock_and_nothing_acknowledged_is_lost(crowd: Crowd) -> None:
    meet_and_look(crowd, clients=3, seconds=10, consolidate=False)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_nor_do_eight_windows_in_two_minutes_beside_a_consolidation(crowd: Crowd) -> None:
    meet_and_look(crowd, clients=8, seconds=120, consolidate=True)
