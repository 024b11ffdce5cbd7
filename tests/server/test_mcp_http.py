"""MCP over loopback HTTP: both wires of the protocol, for whoever knows the token and comes by the right name."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import psutil
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from memsrv import __version__, address
from memsrv.guard import BODY_LIMIT, loopback_hosts, loopback_origins
from memsrv.home import Home
from memsrv.mcp.http import PATH, application

TOKEN = "a-token-for-tests"
WIRES = ["legacy", "2026-07-28"]
PATIENCE = 60

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPTS = {"accept": "application/json, text/event-stream"}


@dataclass
class Verbs:
    """Finds nothing, as slowly as it is told to."""

    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    heard: list[str] = field(default_factory=list)
    projects: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def search(self, query: str, *, project: str | None = None, **_: object) -> dict[str, object]:
        self.heard.append(query)
        self.projects.append(project)
        self.begun.set()
        assert self.gate.wait(PATIENCE)
        return {"results": [], "engine": "fts5"}

    def how_to_begin(self) -> str | None:
        return f"heard {len(self.heard)}"


@dataclass(frozen=True)
class Running:
    verbs: Verbs
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def client(self, wire: str, **headers: str) -> AsyncIterator[Client]:
        known = {"authorization": f"Bearer {TOKEN}", **headers}
        async with (
            httpx2.AsyncClient(headers=known, trust_env=False, timeout=PATIENCE) as http,
            Client(streamable_http_client(f"{self.url}{PATH}", http_client=http), mode=wire) as client,
        ):
            yield client


@contextmanager
def serving() -> Iterator[Running]:
    verbs = Verbs()
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen()
    port = bound.getsockname()[1]
    own = loopback_hosts(port), loopback_origins(port)
    app = application(verbs, token=TOKEN, hosts=own[0], origins=own[1])  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield Running(verbs, port)
    finally:
        verbs.gate.set()
        server.should_exit = True
        thread.join(PATIENCE)


@pytest.fixture
def running() -> Iterator[Running]:
    with serving() as one:
        yield one


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    """One for all tests of the guard."""
    with serving() as one:
        yield one


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=PATIENCE, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        yield client


def sitting(running: Running, wire: str, what: Callable[[Client], Awaitable[Any]]) -> Any:
    async def once() -> Any:
        async with running.client(wire) as client:
            return await what(client)

    return anyio.run(once)


def said(result: Any) -> str:
    """The words of a result, without the fence that says whose they are."""
    return str(result.content[0].text).removeprefix("<memsrv-recall>\n").removesuffix("\n</memsrv-recall>")


# Both wires


@pytest.mark.parametrize("wire", WIRES)
def test_a_real_client_lists_and_calls_the_tools(running: Running, wire: str) -> None:
    async def what(client: Client) -> Any:
        return (await client.list_tools()).tools, await client.call_tool("memory_search", {"query": "port"})

    tools, result = sitting(running, wire, what)

    assert [tools[0].name, tools[-1].name] == ["memory_search", "memory_ask"]
    assert (said(result), running.verbs.heard) == ("heard 1", ["port"])


@pytest.mark.parametrize("wire", WIRES)
def test_the_wire_that_was_asked_for_is_the_one_that_is_spoken(running: Running, wire: str) -> None:
    async def what(client: Client) -> Any:
        return client.protocol_version

    assert sitting(running, wire, what) == {"legacy": "2025-11-25"}.get(wire, wire)


@pytest.mark.parametrize("wire", WIRES)
def test_sixty_four_calls_at_once_all_come_back(running: Running, wire: str) -> None:
    found: list[str] = []

    async def what(client: Client) -> None:
        async def one(place: int) -> None:
            result = await client.call_tool("memory_search", {"query": f"q{place}"})
            found.append(said(result))

        async with anyio.create_task_group() as group:
            for place in range(64):
                group.start_soon(one, place)

    sitting(running, wire, what)

    assert len(found) == 64
    assert sorted(running.verbs.heard) == sorted(f"q{place}" for place in range(64))


@pytest.mark.parametrize("wire", WIRES)
def test_a_client_that_hangs_up_mid_call_leaves_the_server_whole(
    running: Running, http: httpx.Client, wire: str
) -> None:
    headers = ACCEPTS | ({"mcp-session-id": _session(running, http)} if wire == "legacy" else {})
    running.verbs.gate.clear()
    body = _search("slow") if wire == "legacy" else _modern(_search("slow"))
    caller = threading.Thread(target=_ask_and_hang_up, args=(running, headers | _wire(wire), body), daemon=True)
    caller.start()
    assert running.verbs.begun.wait(PATIENCE)
    caller.join(PATIENCE)
    running.verbs.gate.set()

    async def what(client: Client) -> Any:
        return await client.call_tool("memory_search", {"query": "after"})

    assert said(sitting(running, wire, what)).startswith("heard")
    assert running.verbs.heard == ["slow", "after"]


@pytest.mark.parametrize("wire", WIRES)
def test_a_client_may_say_in_a_header_which_project_its_calls_are_about(running: Running, wire: str) -> None:
    """One process serves the editors of many folders, and each of them may be configured with its own."""

    async def once() -> None:
        async with running.client(wire, **{"memsrv-project": "shop"}) as client:
            await client.call_tool("memory_search", {"query": "port"})
            await client.call_tool("memory_search", {"query": "port", "project": "tax"})
        async with running.client(wire) as client:
            await client.call_tool("memory_search", {"query": "port"})

    anyio.run(once)

    assert running.verbs.projects == ["shop", "tax", None]


# Sessions, of the wire that has them


def test_a_session_is_named_at_random_and_ends_when_the_client_says_so(running: Running, http: httpx.Client) -> None:
    first, second = _session(running, http), _session(running, http)
    known = ACCEPTS | {"mcp-session-id": first}
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}

    alive = http.post(f"{running.url}{PATH}", json=ping, headers=known)
    ended = http.delete(f"{running.url}{PATH}", headers=known)
    gone = http.post(f"{running.url}{PATH}", json=ping, headers=known)

    assert first != second
    assert len(first) >= 32
    assert (alive.status_code, ended.status_code, gone.status_code) == (200, 200, 404)


def test_a_session_that_was_never_given_is_not_found(running: Running, http: httpx.Client) -> None:
    ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}

    reply = http.post(f"{running.url}{PATH}", json=ping, headers=ACCEPTS | {"mcp-session-id": "f" * 32})

    assert reply.status_code == 404


def test_a_stream_of_news_passes_the_guard(running: Running, http: httpx.Client) -> None:
    headers = {"accept": "text/event-stream", "mcp-session-id": _session(running, http)}

    with http.stream("GET", f"{running.url}{PATH}", headers=headers) as reply:
        status, kind = reply.status_code, reply.headers["content-type"]

    assert (status, kind.partition(";")[0]) == (200, "text/event-stream")


# The guard


def _routes() -> list[tuple[str, str]]:
    """Every method of every route there is: a route that is added later is tested without anybody thinking of it."""
    app = application(Verbs(), token="t", hosts=frozenset())  # type: ignore[arg-type]
    return [
        (method, route.path)  # type: ignore[attr-defined]
        for route in app.routes
        for method in sorted(getattr(route, "methods", None) or ("DELETE", "GET", "POST"))
    ]


def test_there_are_two_routes() -> None:
    assert {path for _, path in _routes()} == {PATH, "/health"}


@pytest.mark.parametrize(
    "given",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"x-api-key": f"{TOKEN}x"}, {"x-api-key": "é"}],
    ids=["none", "wrong", "bare", "longer", "not ascii"],
)
def test_every_route_but_health_needs_the_token(guarded: Running, given: dict[str, str]) -> None:
    headers = {name.encode(): value.encode() for name, value in given.items()}
    with httpx.Client(trust_env=False, headers={"content-type": "application/json"}) as http:
        codes = {
            (method, path): http.request(method, f"{guarded.url}{path}", headers=headers).status_code
            for method, path in _routes()
        }

    assert {route: code for route, code in codes.items() if (code == 401) == (route[1] == "/health")} == {}


@pytest.mark.parametrize("given", [{"authorization": f"Bearer {TOKEN}"}, {"x-api-key": TOKEN}])
def test_the_token_opens_every_route(guarded: Running, given: dict[str, str]) -> None:
    with httpx.Client(trust_env=False, headers=given | {"content-type": "application/json"}) as http:
        codes = [http.request(method, f"{guarded.url}{path}").status_code for method, path in _routes()]

    assert 401 not in codes
    assert 403 not in codes


def test_health_says_that_it_lives_and_which_version_and_nothing_else(guarded: Running) -> None:
    assert httpx.get(f"{guarded.url}/health", trust_env=False).json() == {"status": "ok", "version": __version__}


HOSTS = {"127.0.0.1:{port}": True, "localhost:{port}": True, "127.0.0.1:evil.com": False, "evil.example:{port}": False}
ORIGINS = {None: True, "http://localhost:{port}": True, "http://localhost:3000": False, "null": False}


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("host", HOSTS)
def test_only_the_exact_names_pass(guarded: Running, host: str, origin: str | None) -> None:
    """Any other port of localhost is somebody else's page, too: the SDK's own check would let it in."""
    headers = {"host": host.format(port=guarded.port), "authorization": f"Bearer {TOKEN}"} | ACCEPTS
    headers |= {"origin": origin.format(port=guarded.port)} if origin else {}
    reply = httpx.post(f"{guarded.url}{PATH}", json=INITIALIZE, headers=headers, trust_env=False)

    assert reply.status_code == (200 if HOSTS[host] and ORIGINS[origin] else 403)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_a_web_page_could_send_unasked_is_refused(guarded: Running, http: httpx.Client, kind: str) -> None:
    reply = http.post(f"{guarded.url}{PATH}", content=json.dumps(INITIALIZE), headers={"content-type": kind})

    assert reply.status_code == 415


def test_a_body_beyond_the_limit_is_refused_and_a_deep_one_too(guarded: Running, http: httpx.Client) -> None:
    kind = ACCEPTS | {"content-type": "application/json"}

    large = http.post(f"{guarded.url}{PATH}", content=b" " * (BODY_LIMIT + 1), headers=kind)
    deep = http.post(f"{guarded.url}{PATH}", content=b"[" * 100_000, headers=kind)

    assert (large.status_code, deep.status_code) == (413, 400)


def test_no_answer_allows_other_origins(guarded: Running, http: httpx.Client) -> None:
    replies = [http.options(f"{guarded.url}{PATH}"), http.get(f"{guarded.url}/health")]

    assert not any(name.startswith("access-control") for reply in replies for name in reply.headers)


# The process


@dataclass(frozen=True)
class Process:
    home: Home
    ran: "subprocess.Popen[str]"
    at: address.Address

    def read(self) -> str:
        assert self.ran.stderr
        return self.ran.stderr.read()


def _memsrv(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "memsrv", *arguments],
        env={**os.environ, "MEMSRV_HOME": str(root / "home")},
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    home = Home(tmp_path / "home")
    with _memsrv(tmp_path, "serve", "--http", "--port", "0") as ran:
        try:
            assert ran.stderr
            told = iter(ran.stderr.readline, "")
            assert any("MCP answers at" in line for line in told)
            at = address.mcp(home).address()
            assert at is not None
            yield Process(home, ran, at)
        finally:
            ran.kill()


def test_the_process_says_where_it_is_and_serves_only_there(process: Process) -> None:
    token = process.home.token.read_text()
    reply = httpx.post(
        f"{process.at.url}{PATH}",
        json=INITIALIZE,
        headers=ACCEPTS | {"authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=PATIENCE,
    )
    listening = {c.laddr.ip for c in psutil.Process(process.ran.pid).net_connections() if c.status == "LISTEN"}
    process.ran.send_signal(signal.SIGINT)
    told = process.read()

    assert (process.at.pid, reply.status_code) == (process.ran.pid, 200)
    assert listening == {"127.0.0.1"}
    assert "claude mcp add --transport http" in told
    assert '"mcpServers"' in told
    assert token not in told


def test_a_second_one_is_refused_with_the_address_of_the_first(process: Process) -> None:
    with _memsrv(process.home.root.parent, "serve", "--http", "--port", "0") as second:
        _, told = second.communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert f"{process.at.url}{PATH}" in told
    assert "Traceback" not in told
    assert address.mcp(process.home).address() == process.at


def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with _memsrv(tmp_path, "serve", "--http", "--port", str(port)) as ran:
            _, told = ran.communicate(timeout=PATIENCE)

    assert ran.returncode == 1
    assert f"port {port} of 127.0.0.1 cannot be bound" in told
    assert "Traceback" not in told


def test_a_port_without_http_is_wrong_usage(tmp_path: Path) -> None:
    with _memsrv(tmp_path, "serve", "--port", "1") as ran:
        _, told = ran.communicate(timeout=PATIENCE)

    assert (ran.returncode, "add --http" in told) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_ends_it_in_order_though_a_client_still_listens(process: Process, name: str) -> None:
    known = {"authorization": f"Bearer {process.home.token.read_text()}"}
    with httpx.Client(trust_env=False, headers=known, timeout=PATIENCE) as http:
        session = http.post(f"{process.at.url}{PATH}", json=INITIALIZE, headers=ACCEPTS).headers["mcp-session-id"]
        news = {"accept": "text/event-stream", "mcp-session-id": session}
        with http.stream("GET", f"{process.at.url}{PATH}", headers=news):
            process.ran.send_signal(getattr(signal, name))
            process.ran.wait(PATIENCE)

    assert process.ran.returncode == (0 if name == "SIGHUP" else 130)
    assert "Traceback" not in process.read()
    assert not address.mcp(process.home).file.exists()
    assert not address.mcp(process.home).runs()


def test_what_a_killed_one_left_behind_is_not_taken_for_one(process: Process) -> None:
    process.ran.kill()
    process.ran.wait(PATIENCE)

    assert address.mcp(process.home).address() == process.at
    assert not address.mcp(process.home).runs()


def _session(running: Running, http: httpx.Client) -> str:
    return str(http.post(f"{running.url}{PATH}", json=INITIALIZE, headers=ACCEPTS).headers["mcp-session-id"])


def _search(query: str) -> dict[str, Any]:
    params = {"name": "memory_search", "arguments": {"query": query}}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


def _modern(message: dict[str, Any]) -> dict[str, Any]:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {**message, "params": {**message["params"], "_meta": meta}}


def _wire(wire: str) -> dict[str, str]:
    if wire == "legacy":
        return {"mcp-protocol-version": "2025-11-25"}
    return {"mcp-protocol-version": wire, "mcp-method": "tools/call", "mcp-name": "memory_search"}


def _ask_and_hang_up(running: Running, headers: dict[str, str], body: dict[str, Any]) -> None:
    """Send the call, wait until the server works on it, and close the connection."""
    known = headers | {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    lines = [f"POST {PATH} HTTP/1.1", f"host: 127.0.0.1:{running.port}", *(f"{k}: {v}" for k, v in known.items())]
    data = json.dumps(body).encode()
    head = "\r\n".join([*lines, f"content-length: {len(data)}", "", ""]).encode()
    with socket.create_connection(("127.0.0.1", running.port)) as caller:
        caller.sendall(head + data)
        running.verbs.begun.wait(PATIENCE)
