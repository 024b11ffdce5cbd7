"""MCP over stdio measured: from starting a server until the host has its tools, and a call; beside a bare `MCPServer`.

Both are processes of their own, take turns, and are spoken to line by line, so that no SDK's client is measured with
them. The bare one has a single tool that says a word again: what it takes is the protocol's own share.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import IO, Any

from memsrv.bench.sessions import write_sessions
from memsrv.environment import child_environment
from memsrv.errors import MemsrvError
from memsrv.home import Home

BARE = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
def echo(text: str) -> str:
    "Say it again."
    return text
server.run("stdio")
"""
COMMANDS = {"memsrv": ["-I", "-m", "memsrv", "serve"], "bare": ["-I", "-c", BARE]}
CALLS = {
    "memsrv": {"name": "memory_search", "arguments": {"query": "which test failed, and what fixed it"}},
    "bare": {"name": "echo", "arguments": {"text": "which test failed, and what fixed it"}},
}
_BEGIN = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}


@dataclass(frozen=True, slots=True)
class Server:
    """Milliseconds: from its start to the list of tools, the first call after that, and the calls that follow."""

    name: str
    cold_p50_ms: float
    cold_min_ms: float
    first_call_ms: float
    call_p50_ms: float
    call_p95_ms: float
    tools: int
    definition_bytes: int  # the answer to tools/list, as it is sent


@dataclass(frozen=True, slots=True)
class McpBench:
    """`ratio`: ours to a bare server's cold start, of one round each, the median."""

    rounds: int
    calls: int
    megabytes: float  # of made-up sessions that memsrv's calls search
    servers: tuple[Server, ...]
    ratio: float


@dataclass(frozen=True, slots=True)
class _Run:
    cold: float
    first: float
    calls: tuple[float, ...]
    tools: int
    bytes: int


def serving(*, rounds: int = 10, calls: int = 50, mib: float = 4) -> McpBench:
    """Start each server `rounds` times, and call each `calls` times in every round."""
    with tempfile.TemporaryDirectory(prefix="memsrv-bench-") as made:
        folder = Path(made)
        home = Home(folder / "home")
        home.root.mkdir()
        write_sessions(folder / "logs", int(mib * (1 << 20)))
        reading = [sys.executable, "-I", "-m", "memsrv", "ingest", str(folder / "logs"), "--yes"]
        subprocess.run(reading, env=_environment(home, folder), cwd=folder, check=True, capture_output=True)
        size = sum(path.stat().st_size for path in (folder / "logs").rglob("*.jsonl"))
        runs = [{name: _run(name, home, folder, calls) for name in COMMANDS} for _ in range(rounds + 1)][1:]
    return McpBench(
        rounds=rounds,
        calls=calls,
        megabytes=round(size / 1e6, 1),
        servers=tuple(_server(name, [run[name] for run in runs]) for name in COMMANDS),
        ratio=round(median(run["memsrv"].cold / run["bare"].cold for run in runs), 3),
    )


def _run(name: str, home: Home, folder: Path, calls: int) -> _Run:
    began = time.perf_counter()
    with _started(name, home, folder) as (said, heard):
        _ask(said, heard, 1, "initialize", _BEGIN)
        said.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        listed, line = _ask(said, heard, 2, "tools/list", {})
        cold = time.perf_counter() - began
        took = [_timed(said, heard, 3 + number, CALLS[name]) for number in range(calls + 1)]
    return _Run(cold, took[0], tuple(took[1:]), len(listed["tools"]), len(line))


@contextmanager
def _started(name: str, home: Home, folder: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    process = subprocess.Popen(
        [sys.executable, *COMMANDS[name]],
        env=_environment(home, folder),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if process.stdin is None or process.stdout is None:
            raise MemsrvError(f"the server `{name}` has no pipes; run it again")
        yield process.stdin, process.stdout
    finally:
        process.kill()
        process.communicate()


def _environment(home: Home, folder: Path) -> dict[str, str]:
    """No agent of this machine has logs there: a server that watches would read them."""
    system = {name: value for name, value in child_environment().items() if name in ("PATH", "SYSTEMROOT", "TMPDIR")}
    return system | {"MEMSRV_HOME": str(home.root), "HOME": str(folder), "USERPROFILE": str(folder)}


def _ask(said: IO[bytes], heard: IO[bytes], id: int, method: str, params: object) -> tuple[Any, bytes]:
    said.write(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode() + b"\n")
    said.flush()
    line = heard.readline()
    answer = json.loads(line or b"{}")
    if answer.get("id") != id or "error" in answer or answer["result"].get("isError"):
        raise MemsrvError(f"a server answered {method} with {line[:300]!r}; run `memsrv doctor`")
    return answer["result"], line


def _timed(said: IO[bytes], heard: IO[bytes], id: int, call: object) -> float:
    began = time.perf_counter()
    _ask(said, heard, id, "tools/call", call)
    return time.perf_counter() - began


def _server(name: str, runs: Sequence[_Run]) -> Server:
    each = [seconds for run in runs for seconds in run.calls]
    return Server(
        name=name,
        cold_p50_ms=_ms(median(run.cold for run in runs)),
        cold_min_ms=_ms(min(run.cold for run in runs)),
        first_call_ms=_ms(median(run.first for run in runs)),
        call_p50_ms=_ms(median(each)),
        call_p95_ms=_ms(quantiles(each, n=20, method="inclusive")[18] if len(each) > 1 else each[0]),
        tools=runs[0].tools,
        definition_bytes=runs[0].bytes,
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
