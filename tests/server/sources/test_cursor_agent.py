"""Cursor's command line agent: one database a session, of messages under their hashes, and lists that order them."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import Snapshot, UnreadableLineError
from memsrv.sources.cursor import CursorAgent
from memsrv.sources.machine import Machine

SOURCE = CursorAgent()
FOLDER = "/work/shop"
SESSION = "0f4d2c52-6f0e-4f6e-9a52-6d3f0f9a1b2c"


@pytest.fixture
def store(tmp_path: Path, cursor_files: ModuleType) -> Iterator[Any]:
    with cursor_files.Store(tmp_path, FOLDER, SESSION) as made:
        yield made


def look(path: Path, marks: dict[str, str] | None = None) -> list[Snapshot]:
    marks = {} if marks is None else marks
    found = list(SOURCE.snapshots(path, marks))
    marks |= {one.session: one.mark for one in found}
    return found


def only(path: Path) -> tuple[Event, ...]:
    (snapshot,) = look(path)
    return snapshot.events


def told(events: tuple[Event, ...]) -> list[tuple[EventType, str]]:
    return [(event.type, event.text) for event in events]


def test_messages_are_told_in_the_order_of_the_newest_list(store: Any, cursor_files: ModuleType) -> None:
    reply = store.message(cursor_files.answer(cursor_files.words("I will.")))
    system = store.message({"role": "system", "content": "You are an agent."})
    prompt = store.message(cursor_files.query("use pnpm"))
    store.root([system, prompt, reply], "file:///work/shop", name="Use pnpm")

    (snapshot,) = look(store.path)

    assert told(snapshot.events) == [(EventType.PROMPT, "use pnpm"), (EventType.REPLY, "I will.")]
    assert snapshot.events[1].model == cursor_files.MODEL
    assert (snapshot.session, snapshot.facts.cwd, snapshot.facts.title) == (
        f"cli-{SESSION}",
        FOLDER,
        "Use pnpm",
    )
    assert snapshot.facts.started == "2026-08-22T20:20:00.000Z"
    assert snapshot.events[0].cwd == FOLDER


def test_a_list_may_name_other_lists(store: Any, cursor_files: ModuleType) -> None:
    one, two = (store.message(cursor_files.query(text)) for text in ("one", "two"))
    store.root([store.blob(cursor_files.field(1, one)), two])

    assert [event.text for event in only(store.path)] == ["one", "two"]


@pytest.mark.parametrize("root", [None, "00" * 32])
def test_without_a_list_messages_are_told_as_they_were_stored(
    store: Any, cursor_files: ModuleType, root: str | None
) -> None:
    for text in ("one", "two"):
        store.message(cursor_files.query(text))
    store.blob(b"\x0a\x03abc")
    store.meta({"latestRootBlobId": root} if root else {})

    assert [event.text for event in only(store.path)] == ["one", "two"]


def test_what_cursor_puts_before_a_prompt_is_not_the_humans_but_names_the_folder(
    store: Any, cursor_files: ModuleType
) -> None:
    about = f"<user_info>\nOS Version: linux\nWorkspace Path: {FOLDER}\n</user_info>"
    injected = {"role": "user", "content": "<user_query>Go on with the plan</user_query>"}
    store.root([store.message(m) for m in ({"role": "user", "content": about}, cursor_files.query("hi"), injected)])

    (snapshot,) = look(store.path)

    assert told(snapshot.events) == [(EventType.PROMPT, "hi")]
    assert snapshot.facts.cwd == FOLDER
    assert snapshot.unknown == {"user_query:inline": 1}


def test_the_folder_is_the_one_that_the_sessions_folder_is_named_after(store: Any, cursor_files: ModuleType) -> None:
    about = f"<user_info>\nWorkspace Path: {FOLDER}\n</user_info>"
    messages = [{"role": "user", "content": about}, cursor_files.query("hi")]
    store.root([store.message(m) for m in messages], "file:///work/other")

    assert look(store.path)[0].facts.cwd == FOLDER


def test_the_hosts_own_summary_is_no_prompt(store: Any) -> None:
    summary = {"role": "user", "content": "[Previous conversation summary]: They use pnpm."}
    store.root([store.message(summary)])

    assert told(only(store.path)) == [(EventType.COMPACTION, ""), (EventType.SUMMARY, "They use pnpm.")]


def test_a_command_is_told_with_its_exit_code_and_what_it_printed(store: Any, cursor_files: ModuleType) -> None:
    result = "Exit code: 2\n\nCommand output:\nmake: *** No rule"
    messages = [
        cursor_files.answer(
            {"type": "reasoning", "text": "hm"},
            cursor_files.called("t1", "Shell", command="make", working_directory="/w"),
        ),
        cursor_files.gave("t1", "Shell", result, {"success": {"executionTime": 3}}),
    ]
    store.root([store.message(m) for m in messages])

    call, ended = only(store.path)

    assert (call.type, call.tool, call.command, call.cwd) == (EventType.TOOL_CALL, "Shell", "make", "/w")
    assert (ended.outcome, ended.exit_code, ended.grounds) == (Outcome.FAILURE, 2, "exit code 2")
    assert (ended.call, ended.trust, ended.text) == ("t1", Trust.TOOL, "Command output:\nmake: *** No rule")


@pytest.mark.parametrize(
    ("output", "error", "outcome", "grounds"),
    [
        ({"success": {}}, False, Outcome.SUCCESS, "output: success"),
        ({"error": {"message": "x"}}, False, Outcome.FAILURE, "output: error"),
        ({}, True, Outcome.FAILURE, "isError"),
        ({"rejected": {"reason": "not that file"}}, False, Outcome.REJECTED, "user rejected"),
    ],
)
def test_how_a_call_ended_rests_on_the_agents_record(
    store: Any, cursor_files: ModuleType, output: dict[str, Any], error: bool, outcome: Outcome, grounds: str
) -> None:
    messages = [
        cursor_files.answer(cursor_files.called("t1", "Read", path="a.py", offset=3, limit=4)),
        cursor_files.gave("t1", "Read", "x", output, error=error),
    ]
    store.root([store.message(m) for m in messages])

    call, ended = only(store.path)

    assert (call.paths, call.spans) == (("a.py",), (("a.py", 3, 6),))
    assert (ended.outcome, ended.grounds) == (outcome, grounds)
    assert (ended.type is EventType.REJECTION) == (outcome is Outcome.REJECTED)
    assert ended.text == ("not that file" if outcome is Outcome.REJECTED else "x")


def test_a_session_that_grew_keeps_the_ids_of_what_it_had(store: Any, cursor_files: ModuleType) -> None:
    go_on = store.message(cursor_files.query("go on"))
    done = store.message(cursor_files.answer(cursor_files.words("done")))
    store.root([go_on, done])
    marks: dict[str, str] = {}
    (before,) = look(store.path, marks)
    assert look(store.path, marks) == []

    store.root([go_on, done, go_on, done])
    (after,) = look(store.path, marks)

    assert after.events[:2] == before.events
    assert len({event.id for event in after.events}) == 4


def test_a_message_that_is_no_record_is_lost_and_one_that_was_cleared_is_counted(
    store: Any, cursor_files: ModuleType
) -> None:
    torn = store.blob(b'{"role": "user", "cont')
    store.root([torn, store.message(cursor_files.query("hi")), b"\x01" * 32])

    (snapshot,) = look(store.path)

    assert [event.text for event in snapshot.events] == ["hi"]
    assert len(snapshot.lost) == 1
    assert snapshot.unknown == {"message:missing": 1}


def test_any_field_may_be_anything(store: Any, cursor_files: ModuleType) -> None:
    messages = [
        cursor_files.query("hi"),
        cursor_files.answer(cursor_files.words("x"), cursor_files.called("t1", "Shell", command="ls")),
        cursor_files.gave("t1", "Shell", "Exit code: 0", {"success": {"exitCode": 0}}),
    ]
    strange = [store.message(one) for message in messages for one in cursor_files.strange(message)]
    last = store.message(cursor_files.query("still here"))
    store.root([*strange, last])

    (snapshot,) = look(store.path)

    assert len(strange) > 300
    assert snapshot.events[-1].text == "still here"
    assert not snapshot.lost


def test_a_database_that_is_torn_is_told_as_such(store: Any, cursor_files: ModuleType) -> None:
    store.root([store.message(cursor_files.query("word " * 4000))])
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.connection.close()
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:4096])

    with pytest.raises(UnreadableLineError, match="malformed"):
        look(store.path)


def test_what_the_agent_writes_meanwhile_is_for_the_next_look(store: Any, cursor_files: ModuleType) -> None:
    store.root([store.message(cursor_files.query("before"))])
    store.connection.execute("BEGIN IMMEDIATE")
    store.root([store.message(cursor_files.query("after"))])

    assert [event.text for event in only(store.path)] == ["before"]


def test_only_the_agents_stores_are_found_and_owned(store: Any, tmp_path: Path) -> None:
    assert SOURCE.folders(Machine(tmp_path, "linux", {})) == (tmp_path / ".cursor" / "chats",)
    for root in (tmp_path / ".cursor", tmp_path / ".cursor" / "chats"):
        assert SOURCE.discover(root) == [store.path]
    assert SOURCE.discover(tmp_path) == ()
    assert SOURCE.owns(store.path, store.path.read_bytes()[: 1 << 16])
    assert SOURCE.log_of(store.path.with_name("store.db-wal")) == store.path
