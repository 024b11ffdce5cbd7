"""Answers, and the endpoint."""

from pathlib import Path

from memsrv.tables.cells import Json
from memsrv.terminal import err, say


def answer(result: Json) -> None:
    say(result["answer"])
    say(f"— {result['model']}" + ("" if result["known"] else ", which does not know (no fact it learned says so)"))
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
