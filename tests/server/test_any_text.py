"""Whatever is asked for, in whatever characters, is answered or refused in a sentence: no error of SQL or FTS."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mcp import Client

from memsrv import mcp
from memsrv.app import App
from memsrv.errors import NotFound, UsageError
from memsrv.home import Home
from memsrv.records import Event, EventType, Kind, Session, Trust
from memsrv.remember import remember
from memsrv.settings import Settings
from memsrv.store import FileState

_SPEC = importlib.util.spec_from_file_location("naughty", Path(__file__).with_name("naughty.py"))
assert _SPEC
assert _SPEC.loader
naughty = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(naughty)

#: What FTS5, SQL, JSON and people write, in any order.
_PIECES = st.sampled_from(
    ["port", "staging", '"', "(", ")", "*", "^", ":", "NEAR(", "AND", "OR", "NOT", "text:", "{text", "'", "--", ";",
     "\x00", "\ud800", "😍", " ", "\n", "%", "_", "mem_", "a.b", "../", "\\"]
)  # fmt: skip
QUERIES = st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=14).map("".join), st.lists(_PIECES).map(" ".join))
ASKED_OFTEN = settings(
    max_examples=1000, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
PORT = "The staging server listens on port 8080."


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("any")
    made = App(Home(root), Settings(), root)
    said = [PORT, "Always use pnpm, never npm.", *naughty.STRINGS]
    events = [
        Event(f"s:{turn}", "s", EventType.PROMPT, Trust.HUMAN, text, time="2026-11-02T09:00:00Z", turn=turn)
        for turn, text in enumerate(said)
    ]
    file = FileState("/logs/s.jsonl", "claude-code", "s", 1, 2, "0", 1, offset=1)
    made.store.append(
        file, Session("s", "claude-code", "demo", "/logs/s.jsonl", started="2026-11-02T09:00:00Z"), events
    )
    remember(made.store)
    yield made
    made.close()


def ask(app: App, text: str) -> None:
    """Every way to ask for something by words or by name; a sentence may refuse it."""
    for kinds in ((), (Kind.EPISODIC,)):
        app.search(text, project="*", kinds=kinds, limit=3)
    for asked in (app.search, partial(app.search, project=text or None), app.show):
        with suppress(NotFound):
            asked(text)
    with suppress(NotFound):
        app.memories(project=text or None)
    app.store.search_memories(text, project=text)


def test_there_are_515_and_no_two_are_one() -> None:
    assert len(set(naughty.STRINGS)) == 515


@pytest.mark.parametrize("part", range(5))
def test_every_naughty_string_is_a_query_a_project_and_an_id(app: App, part: int) -> None:
    for text in naughty.STRINGS[part::5]:
        ask(app, text)


def test_a_naughty_string_around_a_word_hides_it_from_no_search(app: App) -> None:
    lost = [
        text
        for text in naughty.STRINGS
        if not any(PORT in one.text for one in app.search(f"staging {text[:20]} 8080", project="*", limit=25).results)
    ]

    assert len(lost) <= len(naughty.STRINGS) // 50, lost


def test_naughty_strings_are_saved_or_refused_with_a_sentence_and_given_back(app: App) -> None:
    for text in naughty.STRINGS:
        with suppress(UsageError):
            saved = app.save(text, kind=Kind.EPISODIC, project="naughty")
            assert app.show(saved.id).id == saved.id
    app.conflicts(project="naughty")
    app.audit(project="naughty")
    app.memories(project="naughty", as_of=datetime.now(UTC))


def test_over_mcp_no_string_is_a_bug_of_ours(app: App) -> None:
    async def all_of_them() -> list[str]:
        broken = []
        async with Client(mcp.build(app)) as client:
            for text in naughty.STRINGS[::3]:
                plain = text.encode("utf-8", "replace").decode("utf-8")
                for tool, given in (("memory_search", {"query": plain}), ("memory_open", {"ids": [plain]})):
                    result = await client.call_tool(tool, given)
                    said = " ".join(getattr(part, "text", "") for part in result.content)
                    if any(word in said for word in ("sqlite", "fts5", "syntax error", "Traceback")):
                        broken.append((plain, said))
        return [repr(one) for one in broken]

    assert anyio.run(all_of_them) == []


@ASKED_OFTEN
@given(QUERIES)
@example("")
def test_a_thousand_generated_queries_are_answered(app: App, query: str) -> None:
    found = app.search(query, project="*", limit=5).results

    assert len(found) <= 5


@ASKED_OFTEN
@given(QUERIES, st.sampled_from(["memories", "show", "conflicts", "as of", "kinds"]))
def test_a_thousand_generated_names_are_answered_or_refused(app: App, text: str, verb: str) -> None:
    ways: dict[str, Callable[[], Any]] = {
        "memories": lambda: app.memories(project=text or None, superseded=True),
        "show": lambda: app.show(text),
        "conflicts": lambda: app.conflicts(project=text or None),
        "as of": lambda: app.search(text, project="*", as_of=datetime(2026, 11, 10, tzinfo=UTC)),
        "kinds": lambda: app.search(text, project=text or None, kinds=[Kind.SEMANTIC]),
    }
    with suppress(NotFound, UsageError):
        ways[verb]()
