"""The two doors as strangers use them: MCP's own client over stdio, and the official `openai` client over HTTP.

Nothing here reaches into memsrv: both speak to another process.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from memsrv.errors import EndpointUnavailable, MissingExtra


@dataclass(frozen=True, slots=True)
class Overheard:
    """What went over MCP: the tools that were offered, and what one of them gave back."""

    tools: tuple[str, ...]
    results: tuple[dict[str, Any], ...]


def search_over_mcp(home: Path, folder: Path, query: str) -> Overheard:
    """Start `memsrv serve` as an IDE with `folder` open would, ask for memories, and end it."""
    server = StdioServerParameters(
        command=sys.executable, args=["-I", "-m", "memsrv", "serve"], env={"MEMSRV_HOME": str(home)}, cwd=folder
    )

    async def search() -> Overheard:
        async with Client(server) as client:
            offered = await client.list_tools()
            found = await client.call_tool("memory_search", {"query": query, "limit": 3})
            results = (found.structured_content or {}).get("results", [])
            return Overheard(tuple(tool.name for tool in offered.tools), tuple(results))

    return anyio.run(search)


def stream_from_endpoint(address: str, token: str, model: str, question: str) -> Iterator[tuple[str, str]]:
    """(exact model name, piece of the answer), as the official client receives them."""
    try:
        from openai import OpenAI, OpenAIError
    except ImportError as error:
        raise MissingExtra('the openai client is not installed; run `pip install "memsrv[dev]"`') from error
    try:
        with OpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0) as client:
            asked: Any = [{"role": "user", "content": question}]
            for chunk in client.chat.completions.create(model=model, messages=asked, stream=True):
                for choice in chunk.choices:
                    yield chunk.model, choice.delta.content or ""
    except OpenAIError as error:
        raise EndpointUnavailable(f"{address} refused the question ({error}); see `memsrv status`") from error
