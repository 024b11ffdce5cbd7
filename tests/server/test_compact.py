"""A session in brief: what matters survives, each item has its turn, and the budget is never exceeded."""

import json
from typing import Any

import pytest

from memsrv.compact import CHARS_PER_TOKEN, Compact, compact
from memsrv.errors import NotFound, UsageError
from memsrv.records import EventType, Trust
from memsrv.store import Store


@pytest.fixture
def filled(store: Store, talk: Any) -> Store:
    told = talk("work").says("Add a GET /tariffs endpoint with a test. Money is always in cents.")
    told.runs("ls", "Makefile").edits("api/tariffs.py", "", "def tariffs():\n    return []\n")
    told.runs("pytest -q", "KeyError: 'berth_id'", 1).edits("api/tariffs.py", 'x["id"]', 'x["berth_id"]').runs(
        "pytest -q"
    )
    told.says("For money, always use Decimal.").replies("Changed to Decimal.")
    tasks = [
        {"content": "write the endpoint", "status": "completed"},
        {"content": "update the docs", "status": "pending"},
    ]
    told.hears(EventType.TOOL_CALL, Trust.ASSISTANT, json.dumps({"todos": tasks}), tool="TodoWrite", call="todo")
    told.hears(EventType.COMPACTION, Trust.COMMAND, "").hears(
        EventType.SUMMARY, Trust.TOOL, "A summary nobody checked."
    )
    told.runs("make ship", "permission denied", 1).says("Deploy it to staging.").replies("The deploy key is missing.")
    told.into(store)
    talk("older", started="2026-10-01T09:00:00").says("Something else.").into(store)
    return store


def items(made: Compact, section: str) -> str:
    return "\n".join(item.text for item in getattr(made, section))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("goal", "GET /tariffs"),
        ("messages", "Deploy it to staging."),
        ("decisions", "For money, use Decimal."),
        ("files", '`api/tariffs.py` (2 edits): -x["id"] +x["berth_id"]'),
        ("commands", "`pytest -q` → exit 1, KeyError, then exit 0"),
        ("commands", "`make ship` → exit 1, permission denied"),
        ("errors", "`make ship` → exit 1"),
        ("todo", "pending: update the docs"),
        ("last", "The deploy key is missing."),
    ],
)
def test_what_matters_survives(filled: Store, section: str, words: str) -> None:
    assert words in items(compact(filled, project="demo"), section)


@pytest.mark.parametrize(
    ("section", "words"),
    [("todo", "write the endpoint"), ("errors", "pytest"), ("commands", "`ls`"), ("messages", "summary")],
)
def test_what_is_settled_or_only_looked_is_left_out(filled: Store, section: str, words: str) -> None:
    assert words not in items(compact(filled, project="demo"), section)


def test_every_item_names_a_turn_of_the_session(filled: Store) -> None:
    made = compact(filled, project="demo")
    turns = {event.turn for event in filled.events("work")}

    for section in ("goal", "messages", "decisions", "todo", "files", "commands", "errors", "last"):
        assert {item.turn for item in getattr(made, section)} <= turns


@pytest.mark.parametrize("budget", [100, 150, 200, 300, 500, 1500, 8000])
def test_the_budget_is_never_exceeded(filled: Store, talk: Any, budget: int) -> None:
    long = talk("long", started="2026-12-01T09:00:00")
    for place in range(80):
        long.says(f"Step {place}: " + "look at the harbour report " * 30).runs(
            f"make step{place} " + "x" * 300, "", place % 2
        )
    long.into(filled)
    made = compact(filled, "long", budget=budget)

    assert made.tokens <= budget
    assert len(made.text) <= budget * CHARS_PER_TOKEN


def test_what_had_no_room_is_counted(filled: Store) -> None:
    assert sum(compact(filled, "work", budget=100).left_out.values()) > 0
    assert compact(filled, "work", budget=8000).left_out == {}


def test_the_goal_survives_the_smallest_budget(filled: Store) -> None:
    assert "GET /tariffs" in compact(filled, "work", budget=100).text


def test_the_newest_session_is_the_default(filled: Store) -> None:
    assert compact(filled, project="demo").session == "work"


def test_a_checkpoint_covers_what_followed_the_last_cut(filled: Store) -> None:
    made = compact(filled, "work", mode="checkpoint")

    assert "Deploy it to staging." in made.text
    assert "Decimal" not in made.text


def test_what_is_not_there_or_makes_no_sense_is_refused(filled: Store) -> None:
    with pytest.raises(NotFound):
        compact(filled, project="nowhere")
    with pytest.raises(NotFound):
        compact(filled, "nowhere")
    with pytest.raises(UsageError):
        compact(filled, "work", mode="summary")
    with pytest.raises(UsageError):
        compact(filled, "work", budget=10)


def test_a_command_tells_how_its_runs_ended_and_a_failure_what_solved_it(store: Store, talk: Any) -> None:
    told = talk().says("Fix the build.").runs("npm run build", "Error: Cannot find module 'vite'", 1)
    told.runs("npm ci").runs("npm run build").runs("npm run build").into(store)

    brief = compact(store, project="demo")

    assert any("`npm run build` → exit 1" in item.text and "then exit 0 ×2" in item.text for item in brief.commands)
    assert any("fails" in item.text and "npm ci" in item.text for item in brief.decisions)
