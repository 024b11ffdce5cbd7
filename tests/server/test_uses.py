"""What an agent took up of what it was given, as its log tells: that is useful, and nothing that it passed over."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from memsrv import mcp
from memsrv.app import App
from memsrv.home import Home
from memsrv.records import Kind, Outcome, Trust
from memsrv.settings import Settings
from memsrv.store import Use

HOST = "mcp__memsrv__"
SAID = {"sessionId": "s-used", "version": "2.1.30"}


@pytest.fixture
def app(tmp_path: Path) -> App:
    """One with two memories that match the same question equally well."""
    app = App(Home(tmp_path / "home"), Settings(), tmp_path)
    for pier in ("north", "south"):
        app.save(f"The crane is oiled at the {pier} pier.", kind=Kind.EPISODIC, project="tide", trust=Trust.HUMAN)
    return app


def ranked(app: App) -> list[str]:
    found = app.search("crane oiled pier", project="tide").results
    return [result.id for result in found if result.kind != "turn"]


def asked(app: App, tool: str, **arguments: Any) -> str:
    """What a real client of MCP is answered."""

    async def once() -> str:
        async with Client(mcp.build(app)) as client:
            return str((await client.call_tool(tool, arguments)).content[0].text)

    return anyio.run(once)


def worked(app: App, folder: Path, steps: Sequence[tuple[str, Any]]) -> None:
    """A session of Claude Code: `says` a person, `replies` the agent, or it calls a tool and gets an answer."""
    lines: list[dict[str, Any]] = []

    def add(type: str, content: Any) -> None:
        place = len(lines)
        time = f"2026-11-20T10:00:{place:02}.000Z"
        parent = f"u{place - 1}" if place else None
        row = {**SAID, "cwd": "/w/tide", "type": type, "uuid": f"u{place}", "parentUuid": parent, "timestamp": time}
        lines.append({**row, "message": {"role": type, "id": f"m{place}", "content": content}})

    for number, (step, given) in enumerate(steps):
        if step == "says":
            add("user", given)
        elif step == "replies":
            add("assistant", [{"type": "text", "text": given}])
        else:
            arguments, answer = given
            add("assistant", [{"type": "tool_use", "id": f"c{number}", "name": step, "input": arguments}])
            add("user", [{"type": "tool_result", "tool_use_id": f"c{number}", "content": answer}])
    path = folder / ".claude/projects/-w-tide/s-used.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    app.ingest([path])


def search(app: App) -> tuple[str, Any]:
    given = {"query": "crane oiled pier", "project": "tide"}
    return f"{HOST}memory_search", (given, asked(app, "memory_search", **given))


def test_what_was_opened_comes_first_the_next_time(app: App, tmp_path: Path) -> None:
    first, second = ranked(app)
    opening = ({"ids": [second]}, asked(app, "memory_open", ids=[second]))

    worked(app, tmp_path, [("says", "Where is it oiled?"), search(app), (f"{HOST}memory_open", opening)])

    assert ranked(app) == [second, first]
    assert app.search("crane oiled pier", project="tide").results[0].why[-1] == "was useful"


def test_what_was_only_listed_counts_as_given_and_as_no_more(app: App, tmp_path: Path) -> None:
    before = ranked(app)

    worked(app, tmp_path, [("says", "Where is it oiled?"), search(app), ("replies", "I looked."), ("says", "Perfect!")])

    assert ranked(app) == before
    assert {id: counted.given for id, counted in app.store.counters().items()} == dict.fromkeys(before, 1)
    assert app.store.usefulness(before) == {}


def test_what_the_agent_names_was_taken_up(app: App, tmp_path: Path) -> None:
    first, second = ranked(app)

    worked(app, tmp_path, [("says", "Where is it oiled?"), search(app), ("replies", f"South, says {second}.")])

    assert ranked(app) == [second, first]


def test_whose_value_the_agent_went_by_was_taken_up_though_it_named_nothing(app: App, tmp_path: Path) -> None:
    port = app.save("The port of the tide database is 5434.", kind=Kind.EPISODIC, project="tide", trust=Trust.HUMAN)
    given = {"query": "port tide database crane", "project": "tide"}
    answer = asked(app, "memory_search", **given)

    ran = ({"command": "psql -p 5434"}, "connected")
    worked(app, tmp_path, [("says", "Connect."), (f"{HOST}memory_search", (given, answer)), ("Bash", ran)])

    assert set(app.store.usefulness([port.id, *ranked(app)])) == {port.id}


def test_a_failed_task_speaks_against_what_it_took_up_alone(app: App) -> None:
    first, second = ranked(app)
    app.store.keep_uses("a", [Use(first, "a", 1, Outcome.FAILURE), Use(second, "a", 1, Outcome.FAILURE, taken=False)])
    app.store.keep_uses("b", [Use(first, "b", 1, Outcome.SUCCESS), Use(second, "b", 1, Outcome.SUCCESS)])

    worth = app.store.usefulness([first, second])

    assert worth[second] > worth[first] > 0
    assert app.store.counters()[second].failure == 0


def test_what_memsrv_ended_by_the_agents_wish_was_not_opened(app: App, tmp_path: Path) -> None:
    before = ranked(app)
    ending = ({"ids": [before[1]], "confirm": "x"}, f"Nothing has changed yet: {before[1]}")

    worked(app, tmp_path, [("says", "That is wrong."), search(app), (f"{HOST}memory_forget", ending)])

    assert app.store.usefulness(before) == {}
