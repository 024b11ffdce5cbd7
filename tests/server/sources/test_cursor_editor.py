"""Cursor's editor: conversations in a database that it holds open and writes to while they are read."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES, Snapshot, UnreadableLineError
from memsrv.sources.cursor import CursorEditor
from memsrv.sources.machine import Machine

SOURCE = CursorEditor()
SHOP = {"workspaceIdentifier": {"id": "w1", "uri": {"fsPath": "/work/shop", "scheme": "file"}}}


@pytest.fixture
def editor(tmp_path: Path, cursor_files: ModuleType) -> Iterator[Any]:
    with cursor_files.Editor(tmp_path) as made:
        yield made


def look(path: Path, marks: dict[str, str] | None = None) -> list[Snapshot]:
    """What a look finds; `marks` are kept as the store keeps them."""
    marks = {} if marks is None else marks
    found = list(SOURCE.snapshots(path, marks))
    marks |= {one.session: one.mark for one in found}
    return found


def only(path: Path) -> tuple[Event, ...]:
    (snapshot,) = look(path)
    assert not snapshot.lost
    return snapshot.events


def told(events: tuple[Event, ...]) -> list[tuple[EventType, str]]:
    return [(event.type, event.text) for event in events]


def test_a_conversation_is_told_in_the_order_that_its_composer_lists(editor: Any, cursor_files: ModuleType) -> None:
    bubbles = [
        cursor_files.asked("zz", "use pnpm here", createdAt="2026-08-09T10:00:05.000Z"),
        cursor_files.said("bb", "", thinking={"text": "the user wants pnpm"}),
        cursor_files.said("aa", "I will.", tokenCount={"inputTokens": 900, "outputTokens": 12}),
    ]
    editor.composer("c1", bubbles, name="Use pnpm", **SHOP)

    (snapshot,) = look(editor.path)

    assert told(snapshot.events) == [(EventType.PROMPT, "use pnpm here"), (EventType.REPLY, "I will.")]
    prompt, reply = snapshot.events
    assert (prompt.trust, prompt.time) == (Trust.HUMAN, "2026-08-09T10:00:05.000Z")
    assert (reply.model, reply.tokens, reply.parent) == (cursor_files.MODEL, 12, prompt.id)
    assert (snapshot.facts.cwd, snapshot.facts.title, prompt.cwd) == ("/work/shop", "Use pnpm", "/work/shop")
    assert not snapshot.unknown


def test_a_command_is_told_with_its_exit_code(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer("c1", [cursor_files.ran("b1", "pytest -q", 1, "ModuleNotFoundError: No module named 'x'")])

    call, result = only(editor.path)

    assert (call.type, call.tool, call.command) == (EventType.TOOL_CALL, "run_terminal_cmd", "pytest -q")
    assert (call.trust, result.trust, result.call) == (Trust.COMMAND, Trust.TOOL, call.call)
    assert (result.outcome, result.exit_code, result.grounds) == (Outcome.FAILURE, 1, "exit code 1")
    assert result.error == "ModuleNotFoundError"


@pytest.mark.parametrize(
    ("bubble", "outcome", "grounds", "code"),
    [
        (("ls", 0, "a"), Outcome.SUCCESS, "exit code 0", 0),
        (("rg nothing", 1, ""), Outcome.PARTIAL, "exit code 1", 1),
        (("ls", None, "a"), Outcome.SUCCESS, "status: completed", None),
    ],
)
def test_how_a_command_ended_rests_on_what_the_editor_recorded(
    editor: Any, cursor_files: ModuleType, bubble: Any, outcome: Outcome, grounds: str, code: int | None
) -> None:
    editor.composer("c1", [cursor_files.ran("b1", *bubble)])

    result = only(editor.path)[-1]

    assert (result.outcome, result.grounds, result.exit_code) == (outcome, grounds, code)


def test_a_call_that_completed_and_says_beside_it_that_it_failed_has_failed(
    editor: Any, cursor_files: ModuleType
) -> None:
    failed = {"additionalData": {"status": "error"}}
    bubbles = [
        cursor_files.tool(
            "b1", "run_terminal_command_v2", {"command": "make"}, {"output": "keel: No such file or directory"}
        ),
        cursor_files.tool("b2", "web_fetch", {"url": "https://tide.example"}, {"output": "timed out"}),
        cursor_files.tool("b3", "read_file_v2", {"path": "a"}, status="started"),
    ]
    for bubble in bubbles[:2]:
        bubble["toolFormerData"] |= failed
    editor.composer("c1", bubbles)

    _, shell, _, web, waiting = only(editor.path)

    assert (shell.outcome, shell.error) == (Outcome.FAILURE, "no such file")
    assert (web.outcome, web.grounds) == (Outcome.FAILURE, "additional status: error")
    assert waiting.type is EventType.TOOL_CALL


def test_a_command_in_the_background_has_not_succeeded_yet(editor: Any, cursor_files: ModuleType) -> None:
    arguments = {"command": "npm run dev", "is_background": True}
    editor.composer("c1", [cursor_files.tool("b1", "run_terminal_cmd", arguments, {"output": "ready"})])

    assert only(editor.path)[-1].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "how",
    [
        {"userDecision": "rejected", "status": "cancelled"},
        {"result": '{"rejected": true}'},
        {"status": "completed", "additionalData": {"status": "rejected"}},
        {"status": "rejected"},
        {"status": "skipped"},
        {"status": "cancelled", "error": '{"clientVisibleErrorMessage": "Edit rejected: User chose to skip"}'},
    ],
)
def test_a_call_that_the_human_refused_is_a_rejection_and_no_failure(
    editor: Any, cursor_files: ModuleType, how: dict[str, str]
) -> None:
    bubble = cursor_files.tool("b1", "run_terminal_cmd", {"command": "rm -rf build"})
    bubble["toolFormerData"] |= how
    editor.composer("c1", [bubble])

    call, refusal = only(editor.path)

    assert (refusal.type, refusal.trust, refusal.call) == (EventType.REJECTION, Trust.HUMAN, call.call)
    assert (refusal.outcome, refusal.grounds, refusal.error) == (Outcome.REJECTED, "user rejected", None)


def test_a_call_that_failed_tells_the_editors_words_and_one_that_was_stopped_is_no_failure(
    editor: Any, cursor_files: ModuleType
) -> None:
    error = json.dumps(
        {"clientVisibleErrorMessage": "x", "modelVisibleErrorMessage": "Could not find file: no such file"}
    )
    editor.composer(
        "c1",
        [
            cursor_files.tool("b1", "read_file", {"target_file": "a.py"}, status="error", error=error),
            cursor_files.tool("b2", "codebase_search", {"query": "x"}, status="cancelled"),
        ],
    )

    _, failed, _, stopped = only(editor.path)

    assert (failed.outcome, failed.text) == (Outcome.FAILURE, "Could not find file: no such file")
    assert (stopped.outcome, stopped.error, stopped.grounds) == (Outcome.PARTIAL, "interrupted", "status: cancelled")


def test_reads_and_edits_are_told_with_their_files_and_lines(editor: Any, cursor_files: ModuleType) -> None:
    lines = {"target_file": "a.py", "start_line_one_indexed": 3, "end_line_one_indexed_inclusive": 9}
    swap = {"file_path": "/work/shop/a.py", "old_string": "x = 1", "new_string": "x = 2"}
    patch = "*** Begin Patch\n*** Update File: b.py\n@@\n keep\n-old\n+new\n*** End Patch"
    bubbles = [
        cursor_files.tool("b1", "read_file", lines, {"contents": "def a(): ..."}),
        cursor_files.tool("b2", "search_replace", swap, {}),
        cursor_files.tool("b3", "apply_patch", {}, {}),
    ]
    bubbles[2]["toolFormerData"]["rawArgs"] = patch
    editor.composer("c1", bubbles)

    read, contents, edited, _, patched, _ = only(editor.path)

    assert (read.paths, read.spans) == (("a.py",), (("a.py", 3, 9),))
    assert (contents.text, contents.trust) == ("def a(): ...", Trust.FILE)
    assert edited.edits == (("/work/shop/a.py", "x = 1", "x = 2"),)
    assert (patched.paths, patched.edits) == (("b.py",), (("b.py", "keep\nold", "keep\nnew"),))


EMPTY, TWO, THREE, LONG = (f"composer.content.{digit * 64}" for digit in "0123")


@pytest.mark.parametrize(
    ("before", "after", "edit", "span"),
    [
        (TWO, THREE, ("oar = 1", "oar = 2\nrow()"), (2, 3)),
        (EMPTY, TWO, ("", "tide\noar = 1\nmast"), (1, 3)),
        (THREE, EMPTY, ("tide\noar = 2\nrow()\nmast", ""), None),
    ],
)
def test_an_edit_is_told_from_the_file_before_and_after_it(
    editor: Any, cursor_files: ModuleType, before: str, after: str, edit: Any, span: Any
) -> None:
    for key, value in ((EMPTY, ""), (TWO, "tide\noar = 1\nmast\n"), (THREE, "tide\noar = 2\nrow()\nmast\n")):
        editor.put(key, value)
    ids = {"beforeContentId": before, "afterContentId": after}
    bubble = cursor_files.tool("b1", "edit_file_v2", {}, ids)
    bubble["toolFormerData"]["params"] = json.dumps(
        {"relativeWorkspacePath": "/work/shop/boat.py", "noCodeblock": True}
    )
    editor.composer("c1", [bubble])

    call, result = only(editor.path)

    assert (call.paths, call.edits) == (("/work/shop/boat.py",), (("/work/shop/boat.py", *edit),))
    assert call.spans == ((("/work/shop/boat.py", *span),) if span else ())
    assert (result.text, result.outcome) == ("", Outcome.SUCCESS)


@pytest.mark.parametrize("key", ["composer.content.lost", LONG, "cursorAuth/accessToken"])
def test_an_edit_whose_file_is_not_kept_names_the_file_alone(editor: Any, cursor_files: ModuleType, key: str) -> None:
    editor.put(EMPTY, "")
    editor.put(LONG, "a long tide " * 200_000)
    editor.put("cursorAuth/accessToken", "not a file")
    ids = {"beforeContentId": EMPTY, "afterContentId": key}
    editor.composer("c1", [cursor_files.tool("b1", "edit_file_v2", {"relativeWorkspacePath": "boat.py"}, ids)])

    call = only(editor.path)[0]

    assert (call.paths, call.edits, call.spans) == (("boat.py",), (), ())


def test_a_bubble_that_marks_a_summary_cuts_the_context_and_one_for_display_says_nothing(
    editor: Any, cursor_files: ModuleType
) -> None:
    bubbles = [
        cursor_files.asked("b1", "bail the boat"),
        cursor_files.said("b2", "", capabilityType=22),
        cursor_files.asked("b3", "drawn only", isDisplayOnly=True),
        cursor_files.asked("b4", "for a moment", isEphemeral=True),
        cursor_files.said("b5", "Bailed."),
    ]
    editor.composer("c1", bubbles, modelConfig={"modelName": "default"})

    events = only(editor.path)

    assert [event.type for event in events] == [EventType.PROMPT, EventType.COMPACTION, EventType.REPLY]
    assert events[-1].model is None  # the editor chose, and does not say which


def test_a_tool_that_has_only_its_number_has_a_name_and_one_in_params_alone_its_arguments(
    editor: Any, cursor_files: ModuleType
) -> None:
    bubble = cursor_files.tool("b1", "", {}, {"output": "ok", "exitCodeV2": 0})
    bubble["toolFormerData"] |= {"name": None, "tool": 15, "rawArgs": "", "params": {"command": "make"}}
    editor.composer("c1", [bubble])

    assert [(event.tool, event.command) for event in only(editor.path)] == [
        ("run_terminal_cmd", "make"),
        ("run_terminal_cmd", None),
    ]


def test_a_conversation_that_grew_is_read_again_and_no_other(editor: Any, cursor_files: ModuleType) -> None:
    first = [cursor_files.asked("a1", "one")]
    editor.composer("c1", first, **SHOP)
    editor.composer("c2", [cursor_files.asked("b1", "two")], **SHOP)
    marks: dict[str, str] = {}
    before = look(editor.path, marks)

    editor.composer("c1", [*first, cursor_files.said("a2", "done")], **SHOP)
    (after,) = look(editor.path, marks)

    assert after.session == "c1"
    assert after.events[0] == next(one for one in before if one.session == "c1").events[0]
    assert look(editor.path, marks) == []


@pytest.mark.parametrize("replaces", [True, False])
def test_a_call_that_was_running_has_its_result_when_it_ends(
    tmp_path: Path, cursor_files: ModuleType, *, replaces: bool
) -> None:
    with cursor_files.Editor(tmp_path, replaces=replaces) as editor:
        editor.composer(
            "c1", [cursor_files.tool("b1", "run_terminal_cmd", {"command": "make"}, status="loading")], **SHOP
        )
        marks: dict[str, str] = {}
        (running,) = look(editor.path, marks)
        assert look(editor.path, marks) == []

        ended = cursor_files.ran("b1", "make", 0, "built")
        editor.connection.execute("UPDATE cursorDiskKV SET value = ? WHERE key = 'bubbleId:c1:b1'", [json.dumps(ended)])
        (done,) = look(editor.path, marks)

        assert [event.type for event in running.events] == [EventType.TOOL_CALL]
        assert done.events[0] == running.events[0]
        assert (done.events[1].outcome, done.events[1].text) == (Outcome.SUCCESS, "built")
        assert look(editor.path, marks) == []


def test_what_is_written_and_not_yet_in_the_database_itself_is_read(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer("c1", [cursor_files.asked("a1", "still in the log")])

    assert editor.path.with_name("state.vscdb-wal").stat().st_size > 0
    assert told(only(editor.path)) == [(EventType.PROMPT, "still in the log")]


def test_while_cursor_writes_what_was_there_before_is_read(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer("c1", [cursor_files.asked("a1", "before")])
    editor.connection.execute("BEGIN IMMEDIATE")
    editor.composer("c1", [cursor_files.asked("a1", "before"), cursor_files.said("a2", "not yet")])

    assert told(only(editor.path)) == [(EventType.PROMPT, "before")]

    editor.connection.execute("COMMIT")
    assert told(only(editor.path))[-1] == (EventType.REPLY, "not yet")


def test_a_database_that_is_locked_is_for_the_next_look(
    tmp_path: Path, cursor_files: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memsrv.sources.databases._BUSY_MS", 1)
    with cursor_files.Editor(tmp_path, wal=False) as editor:
        editor.composer("c1", [cursor_files.asked("a1", "before")])
        editor.connection.execute("BEGIN EXCLUSIVE")

        with pytest.raises(OSError, match="locked"):
            look(editor.path)

        editor.connection.execute("COMMIT")
        assert told(only(editor.path)) == [(EventType.PROMPT, "before")]


def test_reading_holds_no_lock_between_conversations(tmp_path: Path, cursor_files: ModuleType) -> None:
    with cursor_files.Editor(tmp_path, wal=False) as editor:
        for number in range(3):
            editor.composer(f"c{number}", [cursor_files.asked("a1", "x")])
        looking = SOURCE.snapshots(editor.path, {})
        next(looking)

        editor.connection.execute("PRAGMA busy_timeout = 0")
        editor.composer("c3", [cursor_files.asked("a1", "y")])

        assert len(list(looking)) == 2


def test_a_conversation_that_was_deleted_is_no_longer_told_and_costs_nothing(
    editor: Any, cursor_files: ModuleType
) -> None:
    editor.composer("c1", [cursor_files.asked("a1", "one")])
    editor.composer("c2", [cursor_files.asked("b1", "two")])
    marks: dict[str, str] = {}
    look(editor.path, marks)

    editor.connection.execute("DELETE FROM cursorDiskKV WHERE key LIKE '%c1%'")

    assert look(editor.path, marks) == []
    assert [one.session for one in look(editor.path)] == ["c2"]


def test_one_bubble_that_is_no_json_is_lost_and_the_others_are_read(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer(
        "c1", [cursor_files.asked("a1", "one"), cursor_files.said("a2", "x"), cursor_files.asked("a3", "three")]
    )
    editor.put("bubbleId:c1:a2", '{"type": 2, "text": "to')

    (snapshot,) = look(editor.path)

    assert [event.text for event in snapshot.events] == ["one", "three"]
    (lost,) = snapshot.lost
    row = editor.connection.execute("SELECT key FROM cursorDiskKV WHERE rowid = ?", [lost.place]).fetchone()
    assert row == ("bubbleId:c1:a2",)
    assert "not JSON" in lost.reason


def test_a_composer_that_is_no_json_is_lost_and_its_bubbles_are_read_as_they_were_written(
    editor: Any, cursor_files: ModuleType
) -> None:
    times = ["2026-08-09T10:00:05.000Z", "2026-08-09T10:00:04.000Z"]
    editor.composer("c1", [cursor_files.asked(f"a{n}", time, createdAt=time) for n, time in enumerate(times)])
    editor.put("composerData:c1", "{")

    (snapshot,) = look(editor.path)

    assert [event.text for event in snapshot.events] == sorted(times)
    assert len(snapshot.lost) == 1


def test_a_database_that_is_torn_in_half_is_a_loss_with_its_reason(editor: Any, cursor_files: ModuleType) -> None:
    for number in range(40):
        editor.composer(f"c{number:02}", [cursor_files.asked(f"a{n}", "word " * 400) for n in range(5)])
    editor.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    editor.connection.close()
    whole = editor.path.read_bytes()
    editor.path.write_bytes(whole[: len(whole) // 2])

    reasons = []
    try:
        reasons = [lost.reason for one in look(editor.path) for lost in one.lost]
    except UnreadableLineError as error:
        reasons = [str(error)]

    assert reasons
    assert all("malformed" in reason for reason in reasons)
    assert SOURCE.owns(editor.path, whole[: 1 << 16])


def test_bubbles_that_a_restored_checkpoint_undid_are_off_the_main_path(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer("c1", [cursor_files.asked("a1", "one"), cursor_files.asked("a2", "undone")])
    editor.composer("c1", [cursor_files.asked("a1", "one")])

    assert [(event.text, event.on_main_path) for event in only(editor.path)] == [("one", True), ("undone", False)]


def test_a_subagents_composer_tells_no_prompts_and_names_its_parent(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer("c2", [cursor_files.asked("a1", "look for x")], subagentInfo={"parentComposerId": "c1"})

    (snapshot,) = look(editor.path)

    assert snapshot.facts.parent == "c1"
    assert [(event.type, event.trust, event.sidechain) for event in snapshot.events] == [
        (EventType.NOTE, Trust.ASSISTANT, True)
    ]


def test_the_editors_own_summary_is_no_evidence_and_marks_where_the_context_was_cut(
    editor: Any, cursor_files: ModuleType
) -> None:
    summary = {"lastBubbleId": "a1", "summary": {"summary": "The user wants pnpm."}}
    bubbles = [cursor_files.asked("a1", "use pnpm"), cursor_files.said("a2", "done")]
    editor.composer("c1", bubbles, latestConversationSummary=summary)

    assert [event.type for event in only(editor.path)] == [
        EventType.PROMPT,
        EventType.COMPACTION,
        EventType.SUMMARY,
        EventType.REPLY,
    ]


def test_a_turn_that_the_human_stopped_ends_in_an_interrupt(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer("c1", [cursor_files.asked("a1", "one")], status="aborted")

    assert only(editor.path)[-1].type is EventType.INTERRUPT


def test_the_first_form_of_composers_holds_its_bubbles_inline(editor: Any, cursor_files: ModuleType) -> None:
    bubbles = [cursor_files.asked("a1", "one"), cursor_files.said("a2", "two")]
    editor.put("composerData:c1", {"composerId": "c1", "_v": 1, "conversation": bubbles})

    assert told(only(editor.path)) == [(EventType.PROMPT, "one"), (EventType.REPLY, "two")]


@pytest.mark.parametrize("how", ["a list of composers", "the composers in view", "a pane", "a table", "the bubbles"])
def test_the_folder_is_known_from_the_window_that_a_composer_belongs_to(
    editor: Any, cursor_files: ModuleType, how: str
) -> None:
    here = "file:///work/my%20shop"
    window: dict[str, Any] = {}
    values: dict[str, Any] = {}
    bubble = cursor_files.asked("a1", "one")
    if how == "a list of composers":
        window = {"allComposers": [{"composerId": "c1", "name": "x"}]}
    elif how == "the composers in view":
        window = {"selectedComposerIds": ["c1"]}
    elif how == "a pane":
        values = {"workbench.panel.composerChatViewPane.p1": {"workbench.panel.aichat.view.c1": {"isHidden": False}}}
    elif how == "a table":
        editor.connection.execute("CREATE TABLE composerHeaders (composerId TEXT, workspaceId TEXT, value TEXT)")
        editor.connection.execute("INSERT INTO composerHeaders VALUES ('c1', 'w7', '{}')")
    else:
        bubble["workspaceUris"] = [here]
    editor.window("w7", here if how != "the bubbles" else "file:///elsewhere", window, **values)
    editor.composer("c1", [bubble])

    (snapshot,) = look(editor.path)

    assert snapshot.facts.cwd == "/work/my shop"


def test_a_conversation_is_read_again_when_its_window_is_known(editor: Any, cursor_files: ModuleType) -> None:
    editor.composer("c1", [cursor_files.asked("a1", "one")])
    marks: dict[str, str] = {}
    (before,) = look(editor.path, marks)
    assert look(editor.path, marks) == []

    editor.window("w7", "file:///c%3A/Users/me/shop", {"selectedComposerIds": ["c1"]})
    (after,) = look(editor.path, marks)

    assert (before.facts.cwd, after.facts.cwd) == (None, "c:\\Users\\me\\shop")
    assert look(editor.path, marks) == []


def test_what_is_not_understood_is_counted_by_name(editor: Any, cursor_files: ModuleType) -> None:
    odd = {"bubbleId": "a2", "type": 9, "text": "x", "novelty": 1, "not a name!": 2}
    editor.composer(
        "c1", [cursor_files.asked("a1", "one"), odd, cursor_files.tool("a3", "read_file", {}, status="paused")]
    )
    editor.connection.execute("DELETE FROM cursorDiskKV WHERE key = 'bubbleId:c1:a9'")

    (snapshot,) = look(editor.path)

    assert snapshot.unknown == {"field:novelty": 1, "field:unnameable": 1, "bubble:9": 1, "status:paused": 1}


def test_any_field_may_be_anything_and_costs_no_other_conversation(editor: Any, cursor_files: ModuleType) -> None:
    patch = "*** Begin Patch\n*** Update File: a\n@@ -1 +1 @@\n-a\n+b\n*** End Patch"
    bubbles = [
        cursor_files.asked("a1", "", createdAt="2026-08-09T10:00:05.000Z", richText='{"root": {"children": [1]}}'),
        cursor_files.said(
            "a2", "x", tokenCount={"outputTokens": 3}, timingInfo={"clientStartTime": 1}, workspaceUris=["x"]
        ),
        cursor_files.ran("a3", "ls", 0, "x"),
        cursor_files.tool("a4", "apply_patch", patch, {"error": {"error": {"message": "m"}}}, params={"path": "x"}),
        cursor_files.tool("a5", "task_v2", {}, additionalData={"subagentComposerId": "c2"}, error={"message": "m"}),
    ]
    composer = {
        "conversation": [
            cursor_files.said("a1", "x", codeBlocks=[{"uri": {"external": "u", "fsPath": "/a"}, "version": 0}])
        ],
        "codeBlockData": {"u": [{"version": 0, "status": "accepted", "content": "x"}]},
        "fullConversationHeadersOnly": [{"bubbleId": "b1"}],
        "latestConversationSummary": {"summary": {"summary": "s"}, "lastBubbleId": "b1"},
        "workspaceIdentifier": {"id": "w1", "uri": {"fsPath": "/w", "scheme": "file"}},
        "trackedGitRepos": [{"branches": [{"branchName": "main"}]}],
        "subagentInfo": {"parentComposerId": "c2"},
        "modelConfig": {"modelName": "m"},
        "status": "completed",
        "createdAt": 1,
    }
    editor.connection.execute("BEGIN")
    for number, one in enumerate(one for bubble in bubbles for one in cursor_files.strange(bubble)):
        editor.composer(f"bubble-{number}", [cursor_files.asked("b1", "one")], conversation=[one])
    for number, one in enumerate(cursor_files.strange(composer)):
        editor.put(f"composerData:composer-{number}", one)
        editor.put(f"bubbleId:composer-{number}:b1", cursor_files.asked("b1", "one"))
    editor.connection.execute("COMMIT")

    found = look(editor.path)

    assert len(found) > 1000
    assert all(any(event.text == "one" for event in one.events) for one in found)


def test_drafts_without_a_word_are_no_sessions(editor: Any) -> None:
    editor.composer("c1", [])

    assert look(editor.path) == []


def test_its_parts_belong_to_the_database_and_change_with_it(editor: Any, cursor_files: ModuleType) -> None:
    before = SOURCE.signature(editor.path)
    editor.composer("c1", [cursor_files.asked("a1", "one")])

    assert SOURCE.log_of(editor.path.with_name("state.vscdb-wal")) == editor.path
    assert SOURCE.log_of(editor.path.with_name("state.vscdb-shm")) == editor.path
    assert SOURCE.signature(editor.path) != before


def test_only_cursors_databases_are_found_and_owned(editor: Any, tmp_path: Path, cursor_files: ModuleType) -> None:
    window = editor.window("w1", "file:///work/shop", {})
    other = tmp_path / ".config" / "Code" / "User" / "globalStorage" / "state.vscdb"
    other.parent.mkdir(parents=True)
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
    connection.close()

    found = {path for root in (editor.user, editor.user.parent) for path in SOURCE.discover(root)}

    assert found == {editor.path, window}
    assert SOURCE.discover(other.parents[1]) == ()
    assert SOURCE.owns(editor.path, editor.path.read_bytes()[: 1 << 16])
    assert not SOURCE.owns(other, other.read_bytes())


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("linux", {}, ".config/Cursor/User"),
        ("darwin", {}, "Library/Application Support/Cursor/User"),
        ("win32", {}, "AppData/Roaming/Cursor/User"),
    ],
)
def test_the_editor_keeps_its_data_where_the_system_says(system: str, environment: dict[str, str], folder: str) -> None:
    home = Path("/home/me")

    assert SOURCE.folders(Machine(home, system, environment)) == (
        home / folder / "globalStorage",
        home / folder / "workspaceStorage",
    )


# Conversations of 2024


def exchange(cursor_files: ModuleType, number: int, question: str, reply: str) -> list[dict[str, Any]]:
    return [cursor_files.asked(f"q{number}", question), cursor_files.said(f"r{number}", reply)]


def test_an_exchange_that_was_copied_is_told_once_and_the_copy_goes_on_from_it(
    editor: Any, cursor_files: ModuleType
) -> None:
    first = {"composerId": "c1", "createdAt": 1, "conversation": exchange(cursor_files, 1, "a page", "Here it is.")}
    copied = [*exchange(cursor_files, 2, "a page", "Here it is."), *exchange(cursor_files, 3, "now a menu", "Done.")]
    again = {"composerId": "c2", "createdAt": 2, "conversation": copied}
    chat = {
        "tabId": "t1",
        "bubbles": [{"type": "user", "id": "u", "text": "a page"}, {"type": "ai", "id": "i", "text": "Here it is."}],
    }
    values = {"workbench.panel.aichat.view.aichat.chatdata": {"tabs": [chat]}}
    window = editor.window("w1", "file:///work/shop", {"allComposers": [again, first]}, **values)

    one, two = look(window)

    assert [event.text for event in one.events] == ["a page", "Here it is."]
    assert [event.text for event in two.events] == ["now a menu", "Done."]
    assert (two.facts.parent, two.events[0].parent) == ("c1", one.events[-1].id)
    assert one.facts.cwd == "/work/shop"


def test_the_same_question_with_another_answer_is_another_attempt(editor: Any, cursor_files: ModuleType) -> None:
    composers = [
        {"composerId": f"c{n}", "createdAt": n, "conversation": exchange(cursor_files, n, "fix it", f"Attempt {n}")}
        for n in (1, 2)
    ]
    window = editor.window("w1", "file:///work/shop", {"allComposers": composers})

    assert [len(one.events) for one in look(window)] == [2, 2]


def test_prompts_of_which_only_the_words_were_kept_are_told_unless_a_conversation_has_them(
    editor: Any, cursor_files: ModuleType
) -> None:
    composer = {"composerId": "c1", "conversation": exchange(cursor_files, 1, "a page", "Here.")}
    prompts = [{"text": "a page"}, {"text": "rename x to y"}, {"text": "rename x to y"}]
    window = editor.window("w1", "file:///work/shop", {"allComposers": [composer]}, **{"aiService.prompts": prompts})

    one, alone = look(window)

    assert one.session == "c1"
    assert told(alone.events) == [(EventType.PROMPT, "rename x to y")] * 2
    assert len({event.id for event in alone.events}) == 2


@pytest.mark.parametrize("listed", [{"allComposers": [{"composerId": "c1"}]}, {"selectedComposerIds": ["c1"]}])
def test_the_prompts_of_conversations_that_are_kept_elsewhere_are_not_told_here(
    editor: Any, listed: dict[str, Any]
) -> None:
    values = {"aiService.prompts": [{"text": "a page"}]}
    window = editor.window("w1", "file:///work/shop", listed, **values)

    assert look(window) == []


def test_a_composer_that_moved_to_the_editors_database_is_told_from_there(
    editor: Any, cursor_files: ModuleType
) -> None:
    bubbles = exchange(cursor_files, 1, "a page", "Here.")
    window = editor.window("w1", "file:///work/shop", {"allComposers": [{"composerId": "c1", "conversation": bubbles}]})
    assert [one.session for one in look(window)] == ["c1"]

    editor.composer("c1", bubbles)

    assert look(window) == []
    assert [one.session for one in look(editor.path)] == ["c1"]


def test_what_became_of_a_suggested_edit_is_its_outcome(editor: Any, cursor_files: ModuleType) -> None:
    def block(name: str) -> dict[str, Any]:
        return {"uri": {"fsPath": f"/work/shop/{name}", "external": f"file:///work/shop/{name}"}, "version": 0}

    states = {
        f"file:///work/shop/{status}": [{"version": 0, "content": "x", "status": status}]
        for status in ("accepted", "rejected", "cancelled", "outdated")
    }
    reply = cursor_files.said("r1", "Here.", codeBlocks=[block(status.rpartition("/")[2]) for status in states])
    composer = {"composerId": "c1", "conversation": [cursor_files.asked("q1", "x"), reply], "codeBlockData": states}
    window = editor.window("w1", "file:///work/shop", {"allComposers": [composer]})

    events = only(window)

    assert [(event.type, event.outcome) for event in events[2:] if event.type is not EventType.TOOL_CALL] == [
        (EventType.TOOL_RESULT, Outcome.SUCCESS),
        (EventType.REJECTION, Outcome.REJECTED),
        (EventType.TOOL_RESULT, Outcome.PARTIAL),
    ]
    assert events[2].edits == (("/work/shop/accepted", "", "x"),)


def test_a_value_that_is_no_json_is_lost_and_the_windows_other_conversations_are_read(editor: Any) -> None:
    chats = {"tabs": [{"tabId": "t1", "bubbles": [{"type": "user", "id": "u", "text": "hello"}]}]}
    values = {"workbench.panel.aichat.view.aichat.chatdata": chats}
    window = editor.window("w1", "file:///work/shop", '{"allComposers": [', **values)

    chat, damage = look(window)

    assert told(chat.events) == [(EventType.PROMPT, "hello")]
    assert "composer.composerData is not JSON" in damage.lost[0].reason


# The real database of 2024


@pytest.fixture
def real(real_logs: Path) -> Path:
    return real_logs / "cursor" / "slevin48__cursor-history" / "state.vscdb"


def test_a_real_database_of_2024_is_read_as_somebody_checked_by_eye(real: Path, golden: ModuleType) -> None:
    golden.check("cursor-2024", SOURCE, real)


def test_of_a_real_database_each_conversation_is_told_once_and_no_record_is_unknown(real: Path) -> None:
    found = look(real)

    prompts = [event for one in found for event in one.events if event.type is EventType.PROMPT]
    assert {one.facts.cwd is not None for one in found} == {True}
    assert len({event.id for one in found for event in one.events}) == sum(len(one.events) for one in found)
    assert not any(one.unknown or one.lost for one in found)
    assert (len(found), len(prompts)) == (24, 37)
    assert next(one for one in SOURCES if one.owns(real, real.read_bytes()[: 1 << 16])).name == "cursor"


def test_a_real_database_that_did_not_change_tells_nothing_again(real: Path) -> None:
    marks: dict[str, str] = {}
    look(real, marks)

    assert look(real, marks) == []
