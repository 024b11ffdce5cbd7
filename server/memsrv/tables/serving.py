"""Answers, and where the two HTTP servers are."""

import json
from pathlib import Path

from memsrv.address import Address
from memsrv.tables.cells import Json
from memsrv.terminal import err, say


def answer(result: Json) -> None:
    say(result["answer"])
    doubt = "" if result["known"] else ", which does not know (no fact that it learned or was given says so)"
    say(f"— {result['model']}{doubt}")
    if result.get("given"):
        say(f"Before the question stood {len(result['given'])} records of memory.")
    if result.get("memories"):
        say("What stands in memory, and overrides it:")
        for memory in result["memories"]:
            say(f"  {memory['text']} ({memory['id']})")


def endpoint(address: str, token_file: Path, model: str) -> None:
    """On stderr: the foreground endpoint's own lines go there, too."""
    err().print(
        f"The endpoint answers at {address} (Ctrl-C ends it). Its token is in {token_file}.\n\n"
        "    from openai import OpenAI\n"
        f'    client = OpenAI(base_url="{address}/v1", api_key=open("{token_file}").read().strip())\n'
        f'    client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "…"}}])\n',
        markup=False,
    )


def mcp(address: Address, token_file: Path) -> None:
    """On stderr, like the endpoint's. The token itself is shown nowhere."""
    url = f"{address.url}/mcp"
    server = {"memsrv": {"url": url, "headers": {"Authorization": f"Bearer <what {token_file} holds>"}}}
    err().print(
        f"MCP answers at {url} (Ctrl-C ends it). Its token is in {token_file}.\n\n"
        "Claude Code:\n"
        f'    claude mcp add --transport http memsrv {url} --header "Authorization: Bearer $(cat {token_file})"\n\n'
        "Cursor, in ~/.cursor/mcp.json or the project's .cursor/mcp.json:\n"
        f"    {json.dumps({'mcpServers': server})}\n",
        markup=False,
    )
