"""Long-term memory as it is served: as of the last night, the same bytes all day, and never what no longer holds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client

from memsrv import echo, mcp
from memsrv.app import App, laying
from memsrv.errors import NotFound, NothingConsented, UsageError
from memsrv.home import Home
from memsrv.long_term import SECTIONS
from memsrv.principles import Principle
from memsrv.records import Evidence, Kind, to_dict
from memsrv.remember import remember
from memsrv.settings import load
from memsrv_consolidation.run import Order, Run, write_json

Told = Callable[..., Any]


@pytest.fixture
def app(tmp_path: Path, talk: Told) -> Iterator[App]:
    """What a human said three weeks ago, remembered."""
    home = Home(tmp_path / "home")
    home.root.mkdir()
    app = App(home, load(home), tmp_path)
    told = talk("s1", project=app.project()).says("The port of the crane is 4010.").replies("Noted.")
    told.says("Always use tabs for indentation.").replies("Noted.").into(app.store)
    remember(app.store)
    yield app
    app.close()


def listed(app: App, *options: str) -> "subprocess.CompletedProcess[str]":
    """`memsrv memories --long-term` in the project's folder."""
    command = [sys.executable, "-I", "-m", "memsrv", "memories", "--long-term", *options]
    env = {**os.environ, "MEMSRV_HOME": str(app.home.root)}
    return subprocess.run(command, env=env, cwd=app.cwd, capture_output=True, text=True, check=False)


def block(app: App, name: str) -> list[str]:
    (found,) = [one for one in app.context().blocks if one.name == name]
    return [item.text for item in found.items]


def night(app: App, created: str, **made: Any) -> Run:
    """The folder of a run of this project, with what its recompression wrote."""
    run = Run(app.home.runs / f"{created[:10].replace('-', '')}-030000-demo")
    run.folder.mkdir(parents=True)
    order = Order(run.folder.name, app.project(), "tiny", "paper", 7, 1, created)
    write_json(run.order_file, to_dict(order))
    write_json(run.long_term_file, {"principles": [], "wordings": {}} | made)
    return run


def test_what_held_before_today_is_long_term_and_what_is_new_is_short_term(app: App) -> None:
    app.save("The port of the quay is 4020.", kind=Kind.EPISODIC)

    assert "The port of the crane is 4010." in block(app, "long_term")
    assert block(app, "short_term") == ["The port of the quay is 4020."]


def test_all_day_the_bytes_before_short_term_stay_as_they_are(app: App) -> None:
    morning = app.context().text.partition("<short_term>")[0]

    for place in range(5):
        app.save(f"The port of the quay {place} is 402{place}.", kind=Kind.EPISODIC)

    assert app.context("quay").text.partition("<short_term>")[0] == morning


def test_what_ended_since_leaves_at_once_and_nothing_moves_up(app: App) -> None:
    app.save("The port of the crane is 4011.", kind=Kind.EPISODIC)

    assert block(app, "long_term") == ["Conventions and preferences:", "For indentation, use tabs."]
    assert block(app, "short_term") == ["The port of the crane is 4011."]


def test_a_run_of_today_takes_the_days_words_in(app: App) -> None:
    app.save("The port of the quay is 4020.", kind=Kind.EPISODIC)
    night(app, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    assert "The port of the quay is 4020." in block(app, "long_term")
    assert block(app, "short_term") == []


def test_the_night_is_the_newest_runs_of_this_day_or_its_beginning(app: App) -> None:
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    today, before = (Run(night(app, f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}").folder) for hours in (6, 30))

    assert laying.last_night(now, today) == "2026-11-21T03:00:00.999999Z"
    assert laying.last_night(now, before) == laying.last_night(now, None) == "2026-11-21T00:00:00Z"


def test_a_runs_wording_stands_while_its_memory_says_the_same(app: App) -> None:
    (port, tabs) = app.memories().memories
    night(app, "2026-11-05T03:00:00Z", wordings={port.id: [port.text, "crane: 4010"], tabs.id: ["Other words.", "x"]})

    assert block(app, "long_term")[1::2] == ["crane: 4010", tabs.text]


def principle(*sessions: str) -> dict[str, Any]:
    said = tuple(Evidence(session, 0, "npm ci") for session in sessions)
    told: dict[str, Any] = to_dict(
        Principle("pri_1", "`npm` fails with a missing module", "run `npm ci`", 2, 0, len(sessions), said)
    )
    return told


def test_a_runs_principle_is_told_while_two_sessions_bear_it_out(app: App, talk: Told) -> None:
    run = night(app, "2026-11-05T03:00:00Z", principles=[principle("s1", "s2")])

    assert "Principles:" not in block(app, "long_term")

    talk("s2", project=app.project()).says("Hello there").into(app.store)

    assert block(app, "long_term")[-1] == "When `npm` fails with a missing module: run `npm ci` (worked 2 times)."
    assert run.long_term_file.exists()


def test_a_principle_is_opened_with_the_tries_that_bear_it_out_and_only_while_two_sessions_do(
    app: App, talk: Told
) -> None:
    night(app, "2026-11-05T03:00:00Z", principles=[principle("s1", "s2")])

    with pytest.raises(NotFound, match="--long-term"):
        app.show("pri_1")
    talk("s2", project=app.project()).says("Hello there").into(app.store)

    opened = app.show("pri_1")

    assert (opened.kind, opened.text) == ("principle", "When `npm` fails with a missing module: run `npm ci`.")
    assert {quote.session for quote in opened.evidence} == {"s1", "s2"}
    assert opened.turns[0].text == "The port of the crane is 4010."


def test_a_principle_is_opened_by_an_agent_over_mcp_and_by_its_address(app: App, talk: Told) -> None:
    night(app, "2026-11-05T03:00:00Z", principles=[principle("s1", "s2")])
    talk("s2", project=app.project()).says("Hello there").into(app.store)

    async def read() -> tuple[str, str]:
        async with Client(mcp.build(app)) as client:
            result = await client.call_tool("memory_open", {"id": "pri_1"})
            there = await client.read_resource("memory://record/pri_1")
            return str(result.content[0].text), str(there.contents[0].text)

    for told in anyio.run(read):
        assert told.startswith("<memsrv-recall>")
        assert "run `npm ci`" in told


def test_what_has_no_room_is_listed_and_stays_in_the_ledger(app: App) -> None:
    told = app.long_term(budget=14)

    (lost,) = told.left_out
    assert "tokens" in lost.why
    assert lost.ids[0] in {memory.id for memory in app.memories().memories}
    assert told.tokens <= 14


def test_long_term_memory_is_of_one_project_that_may_be_recalled(app: App) -> None:
    with pytest.raises(UsageError, match="one project"):
        app.long_term(project="*")

    (app.home.config).write_text(f'[projects."{app.project()}"]\nrecall = false\n')

    with pytest.raises(NothingConsented):
        app.long_term()


def test_the_command_and_the_address_give_the_same_document(app: App) -> None:
    given = json.loads(listed(app, "--json").stdout)

    async def read() -> str:
        async with Client(mcp.build(app)) as client:
            return str((await client.read_resource("memory://long-term")).contents[0].text)  # type: ignore[union-attr]

    assert anyio.run(read) == given["text"] == echo.fence(given["text"])
    assert [section["name"] for section in given["sections"]] == [*SECTIONS]


@pytest.mark.parametrize("option", ["--short-term", "--superseded", "--as-of=2026-11-01", "--kinds=semantic"])
def test_a_document_is_not_cut_by_kinds_or_days(app: App, option: str) -> None:
    assert listed(app, option).returncode == 2
