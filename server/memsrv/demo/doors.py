"""The two doors as strangers use them: MCP's own client over stdio, and the official `openai` client over HTTP.

Each speaks to a process that is started for it and ended with it, however the demo ends.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import psutil
from mcp import Client, StdioServerParameters

from memsrv import address
from memsrv.errors import EndpointUnavailable, MissingExtra
from memsrv.home import Home
from memsrv.settings import Settings
from memsrv_adapters.client import PROCESS, wait_until_ready

LOADING_SECONDS = 120.0
ENDING_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Overheard:
    """What went over MCP: the tools that were offered, and what one of them gave back."""

    tools: tuple[str, ...]
    results: tuple[dict[str, Any], ...]


def search_over_mcp(home: Home, claude: Path, folder: Path, query: str) -> Overheard:
    """Start `memsrv serve` as an IDE with `folder` open would, ask for memories, and end it.

    The logs that it watches are those in `claude`, and not the ones of who looks at the demo.
    """
    server = StdioServerParameters(
        command=sys.executable,
        args=["-I", "-m", "memsrv", "serve"],
        env={"MEMSRV_HOME": str(home.root), "CLAUDE_CONFIG_DIR": str(claude)},
        cwd=folder,
    )

    async def search() -> Overheard:
        async with Client(server) as client:
            offered = await client.list_tools()
            found = await client.call_tool("memory_search", {"query": query, "limit": 3})
            results = (found.structured_content or {}).get("results", [])
            return Overheard(tuple(tool.name for tool in offered.tools), tuple(results))

    return anyio.run(search)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One that can answer."""

    url: str
    token: str
    process: psutil.Process

    def mib(self) -> float:
        """Its memory now."""
        used: int = self.process.memory_info().rss
        return used / 2**20


@contextmanager
def endpoint(home: Home, settings: Settings, project: str) -> Iterator[Endpoint]:
    """The endpoint's process, as a child of this one: a Ctrl-C on the terminal reaches both."""
    command = [sys.executable, "-I", "-m", PROCESS, str(home.root), "--project", project]
    command += ["--base", settings.base, "--port", str(settings.port), "--threads", str(settings.cpu_threads)]
    home.logs.mkdir(parents=True, exist_ok=True)
    with address.endpoint(home).log.open("ab") as log:
        process = subprocess.Popen(command, cwd=home.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        state = wait_until_ready(home, LOADING_SECONDS)
        if state.url is None:
            raise EndpointUnavailable(f"the endpoint ended before it was asked; see {address.endpoint(home).log}")
        yield Endpoint(state.url, address.token(home), psutil.Process(process.pid))
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask `process` to end, and see to it that it does."""
    process.terminate()
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stream(endpoint: Endpoint, model: str, question: str) -> Iterator[tuple[str, str]]:
    """(exact model name, piece of the answer), as the official client receives them."""
    try:
        from openai import DefaultHttpxClient, OpenAI, OpenAIError
    except ImportError as error:
        raise MissingExtra('the openai client is not installed; run `pip install "memsrv[dev]"`') from error
    try:
        direct = DefaultHttpxClient(trust_env=False)  # a proxy has no business between us and loopback
        with OpenAI(base_url=f"{endpoint.url}/v1", api_key=endpoint.token, max_retries=0, http_client=direct) as client:
            asked: Any = [{"role": "user", "content": question}]
            for chunk in client.chat.completions.create(model=model, messages=asked, stream=True):
                for choice in chunk.choices:
                    yield chunk.model, choice.delta.content or ""
    except OpenAIError as error:
        raise EndpointUnavailable(f"{endpoint.url} refused the question ({error}); see `memsrv status`") from error
