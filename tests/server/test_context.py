"""`memsrv context`: what would stand before an agent, and what does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memsrv import echo
from memsrv.app import App
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.errors import NothingConsented, UsageError
from memsrv.home import Home
from memsrv.layout import BLOCKS, least, tokens
from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.settings import load
from memsrv.store import Store

PORT = "What is the port of the staging server?"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """The made-up week of the demo, read and remembered."""
    root = tmp_path_factory.mktemp("context")
    (root / PROJECT).mkdir()
    write_logs(SITTINGS, root / "claude", str(root / PROJECT))
    app = App(Home(root / "home"), load(Home(root / "home")), root / PROJECT)
    app.ingest([root / "claude"])
    return app


def test_the_blocks_stand_in_their_order_within_the_budget(app: App) -> None:
    laid = app.context(PORT, budget=600)

    assert [block.name for block in laid.blocks] == list(BLOCKS)
    assert tokens(laid.text) <= laid.tokens <= 600
    assert laid.blocks[-1].items[0].text == PORT


def test_what_an_agent_is_given_is_fenced_and_a_quote_has_its_date_and_who_said_it(app: App) -> None:
    laid = app.context(PORT)

    assert laid.text == echo.fence(laid.text)
    assert all(item.text.startswith("2026-") for item in laid.blocks[3].items)
    assert 'user: "' in laid.text
    assert echo.outside(laid.text) == echo.LEFT_OUT


def test_what_holds_now_is_not_recalled_a_second_time(app: App) -> None:
    laid = app.context(PORT)

    standing = {item.id for item in laid.blocks[1].items} - {None}
    assert standing
    assert not standing & {item.id for item in laid.blocks[3].items}
    assert "stands in long_term already" in {one.why for one in laid.left_out}


def test_without_a_query_nothing_is_recalled_and_the_prefix_is_the_same(app: App) -> None:
    asked, unasked = app.context(PORT), app.context()

    assert [len(block.items) for block in unasked.blocks[3:]] == [0, 0]
    assert asked.text.partition("<recall>")[0] == unasked.text.partition("<recall>")[0]


def test_a_small_budget_says_what_it_left_out(app: App) -> None:
    small, whole = app.context(PORT, budget=160), app.context(PORT, budget=100_000)

    lost = {one.id for one in small.left_out if "tokens" in one.why}
    assert lost
    assert lost <= {item.id for block in whole.blocks for item in block.items}


def test_a_budget_that_holds_nothing_is_refused_with_one_that_does(app: App) -> None:
    with pytest.raises(UsageError, match="give at least"):
        app.context(PORT, budget=least())


def test_a_context_is_of_one_project(app: App) -> None:
    with pytest.raises(UsageError, match="one project"):
        app.context(PORT, project="*")


def test_a_project_that_may_not_be_given_back_has_no_context(app: App) -> None:
    home = Home(app.home.root.parent / "closed")
    home.root.mkdir()
    home.config.write_text(f"[projects.{PROJECT}]\nrecall = false\n")

    with pytest.raises(NothingConsented):
        App(home, load(home), app.cwd).context(PORT)


def test_what_a_tool_stated_is_only_ever_a_quote(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    stated = Memory(
        "mem_tool", "shop", Kind.EPISODIC, "The port of billing is 4010.", Trust.TOOL, (Evidence("s1", 1, "4010"),)
    )
    with Store.open(home.database) as store:
        store.remember([stated])
    laid = App(home, load(home), tmp_path).context("port of billing", project="shop")

    assert laid.blocks[2].items == ()
    (quote,) = laid.blocks[3].items
    assert (quote.id, "A tool states, and nobody has checked:" in quote.text) == ("mem_tool", True)


def test_the_command_gives_the_same_as_json_and_as_text(app: App) -> None:
    def memsrv(*more: str) -> str:
        return subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", "context", "--query", PORT, "--budget", "300", *more],
            env={**os.environ, "MEMSRV_HOME": str(app.home.root)},
            cwd=app.cwd,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    told = json.loads(memsrv("--json"))

    assert [block["name"] for block in told["blocks"]] == list(BLOCKS)
    assert told["left_out"]
    assert told["text"] in memsrv()
