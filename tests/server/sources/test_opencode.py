"""OpenCode's database, its storage folder and its exports: the same session whichever way, read while it is written."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES, Snapshot, UnreadableLineError
from memsrv.sources.machine import Machine
from memsrv.sources.opencode import OpenCode

SOURCE = OpenCode()
SESSION = "ses_450b70e67ffeoaXH496F8i0fVA"
USER, ASSISTANT = "msg_baf48f19a001Bt3EEPzRxclLuC", "msg_baf48f1a40011EevmGxxYiE4t6"
MS = 1_768_172_351_902
TIME = "2026-01-11T22:59:11.902Z"


def session(**more: Any) -> dict[str, Any]:
    return {
        "id": SESSION,
        "version": "1.1.13",
        "projectID": "p1",
        "directory": "/home/a/shop",
        "title": "Build a shop",
        "time": {"created": MS, "updated": MS},
        **more,
    }


def user(*parts: Mapping[str, Any], id: str = USER, **more: Any) -> dict[str, Any]:
    info = {"id": id, "sessionID": SESSION, "role": "user", "time": {"created": MS}, "agent": "build", **more}
    return {"info": info, "parts": [part | {"sessionID": SESSION, "messageID": id} for part in parts]}


def assistant(*parts: Mapping[str, Any], id: str = ASSISTANT, **more: Any) -> dict[str, Any]:
    info = {
        "id": id,
        "sessionID": SESSION,
        "role": "assistant",
        "parentID": USER,
        "modelID": "gpt-5.2",
        "path": {"cwd": "/home/a/shop/api", "root": "/home/a/shop"},
        "tokens": {"input": 9, "output": 7, "reasoning": 0, "cache": {"read": 0, "write": 0}},
        "time": {"created": MS},
        **more,
    }
    return {"info": info, "parts": [part | {"sessionID": SESSION, "messageID": id} for part in parts]}


def prt(number: int) -> str:
    return f"prt_{number:012x}AAAAAAAAAAAAAA"


def text(words: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": prt(number), "type": "text", "text": words, **more}


def tool(name: str, given: Any = None, number: int = 1, *, status: str = "completed", **state: Any) -> dict[str, Any]:
    held = {"status": status, "input": given or {}, "time": {"start": MS, "end": MS + 1000}, **state}
    return {"id": prt(number), "type": "tool", "callID": f"call_{number}", "tool": name, "state": held}


def bash(command: str, output: str, exit: int | None = 0, **more: Any) -> dict[str, Any]:
    return tool("bash", {"command": command, "description": "why"}, output=output, metadata={"exit": exit}, **more)


def export(tmp_path: Path, *messages: Any, **info: Any) -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"info": session(**info), "messages": list(messages)}))
    return path


def tree(data: Path, *messages: Any, **info: Any) -> Path:
    storage = data / "storage"
    log = storage / "session" / "p1" / f"{SESSION}.json"
    _write(log, session(**info))
    for message in messages:
        id = message["info"]["id"]
        _write(storage / "message" / SESSION / f"{id}.json", message["info"])
        for part in message["parts"]:
            _write(storage / "part" / id / f"{part['id']}.json", part)
    return log


def oldest(data: Path, *messages: Any) -> Path:
    held = data / "project" / "home-a-shop" / "storage" / "session"
    _write(held / "info" / f"{SESSION}.json", session())
    for message in messages:
        id = message["info"]["id"]
        _write(held / "message" / SESSION / f"{id}.json", message["info"])
        for part in message["parts"]:
            _write(held / "part" / SESSION / id / f"{part['id']}.json", part)
    return held / "info" / f"{SESSION}.json"


def _write(path: Path, record: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))


#: Writes `opencode.db` as OpenCode does, in a process of its own: argv is the database, stdin the session.
_WRITER = """
import json, sqlite3, sys
path, held = sys.argv[1], json.load(sys.stdin)
db = sqlite3.connect(path, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.executescript('''
CREATE TABLE IF NOT EXISTS project (id text PRIMARY KEY, worktree text NOT NULL);
CREATE TABLE IF NOT EXISTS session (id text PRIMARY KEY, project_id text, parent_id text, slug text, directory text,
  title text, version text, revert text, time_created integer, time_updated integer);
CREATE TABLE IF NOT EXISTS message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer,
  time_updated integer, data text NOT NULL);
CREATE TABLE IF NOT EXISTS part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL,
  time_created integer, time_updated integer, data text NOT NULL);
''')
def without(record, *keys):
    return json.dumps({k: v for k, v in record.items() if k not in keys})
db.execute("BEGIN IMMEDIATE")
info, now = held["info"], held["now"]
db.execute("INSERT OR REPLACE INTO session VALUES (?, 'p1', ?, 's', ?, ?, ?, ?, ?, ?)",
  (info["id"], info.get("parentID"), info["directory"], info["title"], info["version"],
   json.dumps(info.get("revert")), info["time"]["created"], now))
for message in held["messages"]:
    one = message["info"]
    db.execute("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)",
      (one["id"], info["id"], now, now, without(one, "id", "sessionID")))
    for part in message["parts"]:
        data = part.get("raw") or without(part, "id", "sessionID", "messageID")
        db.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)",
          (part["id"], one["id"], info["id"], now, now, data))
if held.get("hold"):  # a fifo: until its other end is closed
    print("holding", flush=True)
    open(held["hold"]).read()
db.execute("COMMIT")
print("done", flush=True)
if held.get("stay"):
    open(held["stay"]).read()
"""


def database(data: Path, *messages: Any, now: int = MS, **info: Any) -> Path:
    data.mkdir(parents=True, exist_ok=True)
    path = data / "opencode.db"
    _writer(path, {"info": session(**info), "messages": list(messages), "now": now})
    return path


def _writer(path: Path, held: Mapping[str, Any]) -> None:
    subprocess.run([sys.executable, "-c", _WRITER, str(path)], input=json.dumps(held), text=True, check=True)


def read(path: Path) -> Snapshot:
    (snapshot,) = SOURCE.snapshots(path, {})
    return snapshot


def events(path: Path) -> tuple[Event, ...]:
    return read(path).events


def result(tmp_path: Path, part: Mapping[str, Any]) -> Event:
    asked, answered = events(export(tmp_path, assistant(part)))
    assert asked.call == answered.call
    return answered


A_TALK = (
    user(text("use pnpm", 1)),
    assistant(text("I run it.", 2), bash("make", "2 failed", 2, number=3), text("It fails.", 4)),
)


# One session, once


def test_a_session_is_the_same_in_its_database_its_folders_and_its_export(tmp_path: Path) -> None:
    told = [
        read(export(tmp_path, *A_TALK)),
        read(tree(tmp_path / "a", *A_TALK)),
        read(oldest(tmp_path / "b", *A_TALK)),
        read(database(tmp_path / "c", *A_TALK)),
    ]

    assert [event.id for event in told[0].events] == [prt(1), prt(2), prt(3), f"{prt(3)}/result", prt(4)]
    for other in told[1:]:
        assert (other.session, other.events, other.facts) == (SESSION, told[0].events, told[0].facts)


def test_a_session_that_moved_to_the_database_is_not_read_from_its_folder(tmp_path: Path) -> None:
    log = tree(tmp_path, *A_TALK)
    database(tmp_path, *A_TALK)

    assert list(SOURCE.snapshots(log, {})) == []


def test_a_session_that_was_copied_to_the_newer_folder_is_read_there(tmp_path: Path) -> None:
    old, new = oldest(tmp_path, *A_TALK), tree(tmp_path, *A_TALK)

    assert list(SOURCE.snapshots(old, {})) == []
    assert len(events(new)) == 5


def test_facts_are_the_sessions(tmp_path: Path) -> None:
    facts = read(export(tmp_path, *A_TALK)).facts

    assert (facts.cwd, facts.title, facts.version) == ("/home/a/shop", "Build a shop", "1.1.13")
    assert (facts.started, facts.ended, facts.parent) == (TIME, TIME, None)


def test_a_name_that_opencode_gave_before_it_had_one_is_no_title(tmp_path: Path) -> None:
    assert read(export(tmp_path, title="New session - 2026-01-11T22:59:11.896Z")).facts.title is None


# Whose words


def test_a_prompt_a_reply_and_a_command_are_told_apart(tmp_path: Path) -> None:
    prompt, reply, asked, answered, _ = events(export(tmp_path, *A_TALK))

    assert (prompt.type, prompt.trust, prompt.text, prompt.time) == (EventType.PROMPT, Trust.HUMAN, "use pnpm", TIME)
    assert (reply.type, reply.trust, reply.model, reply.tokens) == (EventType.REPLY, Trust.ASSISTANT, "gpt-5.2", 7)
    assert (asked.type, asked.trust, asked.command) == (EventType.TOOL_CALL, Trust.COMMAND, "make")
    assert (answered.outcome, answered.exit_code, answered.grounds) == (Outcome.FAILURE, 2, "exit code 2")
    assert [event.tokens for event in (asked, answered)] == [None, None]
    assert (asked.parent, answered.cwd) == (reply.id, "/home/a/shop/api")


def test_what_opencode_put_in_is_nobodys_words(tmp_path: Path) -> None:
    put_in = [text("Called the Read tool", 1, synthetic=True), text("not for the model", 2, ignored=True)]

    assert events(export(tmp_path, user(*put_in))) == ()


def test_reasoning_is_dropped(tmp_path: Path) -> None:
    assert events(export(tmp_path, assistant({"id": prt(1), "type": "reasoning", "text": "secret plan"}))) == ()


def test_files_that_the_human_put_in_are_named(tmp_path: Path) -> None:
    files = [
        {"id": prt(2), "type": "file", "mime": "text/plain", "url": "file:///home/a/shop/a%20b.py?start=1"},
        {
            "id": prt(3),
            "type": "file",
            "mime": "text/plain",
            "url": "x:",
            "source": {"type": "file", "path": "src/c.py"},
        },
        {"id": prt(4), "type": "file", "mime": "image/png", "url": "data:image/png;base64,AAAA"},
    ]

    (event,) = events(export(tmp_path, user(text("explain"), *files)))

    assert event.paths == ("/home/a/shop/a b.py", "src/c.py")


def test_a_command_that_the_human_ran_is_theirs(tmp_path: Path) -> None:
    told = events(
        export(
            tmp_path,
            user(text("The following tool was executed by the user", synthetic=True)),
            assistant(bash("ls", "a")),
        )
    )

    assert [(event.type, event.trust, event.text) for event in told] == [
        (EventType.COMMAND, Trust.COMMAND, ""),
        (EventType.TOOL_RESULT, Trust.TOOL, "a"),
    ]


def test_a_subagents_session_is_linked_both_ways(tmp_path: Path) -> None:
    (asked, _) = events(
        export(tmp_path, assistant(tool("task", {"prompt": "look"}, output="x", metadata={"sessionId": "ses_2"})))
    )
    snapshot = read(export(tmp_path, user(text("look")), parentID="ses_1"))

    assert asked.child == "ses_2"
    assert snapshot.facts.parent == "ses_1"
    assert [(e.type, e.trust, e.sidechain) for e in snapshot.events] == [(EventType.NOTE, Trust.ASSISTANT, True)]


def test_a_compaction_and_its_summary_are_the_hosts(tmp_path: Path) -> None:
    cut = user({"id": prt(1), "type": "compaction", "auto": True})
    summary = assistant(text("We built a shop.", 2), summary=True)

    told = events(export(tmp_path, cut, summary))

    assert [(event.type, event.text) for event in told] == [
        (EventType.COMPACTION, "auto"),
        (EventType.SUMMARY, "We built a shop."),
    ]


def test_an_aborted_response_is_an_interrupt_and_another_error_a_note(tmp_path: Path) -> None:
    aborted = assistant(text("I be", 1), error={"name": "MessageAbortedError", "data": {"message": "aborted"}})
    failed = assistant(id=ASSISTANT + "z", error={"name": "APIError", "data": {"message": "quota"}})

    told = events(export(tmp_path, aborted, failed))

    assert [(event.type, event.text) for event in told] == [
        (EventType.REPLY, "I be"),
        (EventType.INTERRUPT, ""),
        (EventType.NOTE, "APIError: quota"),
    ]


def test_what_was_reverted_is_kept_off_the_main_path(tmp_path: Path) -> None:
    later = ASSISTANT[:-1] + "z"
    told = events(export(tmp_path, *A_TALK, assistant(text("more", 5), id=later), revert={"messageID": later}))

    assert [event.on_main_path for event in told] == [True] * 5 + [False]
    within = events(export(tmp_path, *A_TALK, revert={"messageID": ASSISTANT, "partID": prt(3)}))
    assert [event.on_main_path for event in within] == [True, True, False, False, False]


def test_parts_stand_in_the_order_of_their_ids(tmp_path: Path) -> None:
    told = events(export(tmp_path, assistant(text("second", 9), text("first", 3)), user(text("asked", 1))))

    assert [event.text for event in told] == ["asked", "first", "second"]


# Tools


@pytest.mark.parametrize(
    ("part", "outcome", "code", "error", "printed"),
    [
        (bash("make", "ok"), Outcome.SUCCESS, 0, None, "ok"),
        (bash("make", "make: command not found", 127), Outcome.FAILURE, 127, "command not found", None),
        (bash("rg x", "", 1), Outcome.PARTIAL, 1, None, ""),
        (bash("make", "x", None), Outcome.UNKNOWN, None, None, "x"),
        (bash("make", "x\n\n<bash_metadata>\nUser aborted the command\n</bash_metadata>", None),
         Outcome.PARTIAL, None, "interrupted", "x"),
        (bash("make", "x\n\n<shell_metadata>\nshell tool terminated command after exceeding timeout 5 ms\n"
              "</shell_metadata>", None), Outcome.FAILURE, None, "timeout", "x"),
        (bash("make", "x\n\n(Command timed out after 60000 ms)", 143), Outcome.FAILURE, None, "timeout", "x"),
    ],
)  # fmt: skip
def test_a_shells_exit_code_is_opencodes_record(
    part: Any, outcome: Outcome, code: int | None, error: str | None, printed: str | None, tmp_path: Path
) -> None:
    event = result(tmp_path, part)

    assert (event.outcome, event.exit_code, event.error) == (outcome, code, error)
    assert printed is None or event.text == printed
    assert (event.grounds is None) == (outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("The user rejected permission to use this specific tool call.", ""),
        ("Error: The user rejected permission to use this specific tool call. You may try again.", ""),
        (
            "The user rejected permission to use this specific tool call with the following feedback: use pnpm",
            "use pnpm",
        ),
        ("Error: The user dismissed this question", ""),
    ],
)
def test_a_call_that_the_human_refused_has_their_words_and_is_no_failure(
    error: str, words: str, tmp_path: Path
) -> None:
    event = result(tmp_path, tool("bash", {"command": "npm i"}, status="error", error=error))

    assert (event.type, event.trust, event.text) == (EventType.REJECTION, Trust.HUMAN, words)
    assert (event.outcome, event.grounds) == (Outcome.REJECTED, "user rejected")


@pytest.mark.parametrize(
    ("error", "outcome", "name"),
    [
        ("Tool execution aborted", Outcome.PARTIAL, "interrupted"),
        ("The user has specified a rule which prevents you from using this", Outcome.FAILURE, "permission denied"),
        ("Error: The edit tool was called with invalid arguments: [..]", Outcome.FAILURE, "tool misuse"),
        ("ENOENT: no such file or directory, open '/x'", Outcome.FAILURE, "no such file"),
        ("it said: The user rejected permission to use this specific tool call.", Outcome.FAILURE, "failed"),
    ],
)
def test_a_call_that_failed_is_told_from_one_that_was_stopped(
    error: str, outcome: Outcome, name: str, tmp_path: Path
) -> None:
    event = result(tmp_path, tool("edit", {"filePath": "/x"}, status="error", error=error))

    assert (event.type, event.outcome, event.error) == (EventType.TOOL_RESULT, outcome, name)


def test_an_edit_has_its_files_texts_and_lines(tmp_path: Path) -> None:
    diff = "Index: a\n--- a\n+++ a\n@@ -3,5 +3,6 @@\n x\n-a\n+b\n+c\n"
    part = tool("edit", {"filePath": "/w/a", "oldString": "a", "newString": "b\nc"}, output="", metadata={"diff": diff})

    asked, answered = events(export(tmp_path, assistant(part)))

    assert (asked.paths, asked.edits) == (("/w/a",), (("/w/a", "a", "b\nc"),))
    assert answered.spans == (("/w/a", 3, 8),)


def test_a_file_that_was_read_has_the_lines_that_were_shown(tmp_path: Path) -> None:
    event = result(tmp_path, tool("read", {"filePath": "/w/a"}, output="<file>\n00007| x\n00008| y\n\n(more)\n</file>"))

    assert (event.trust, event.spans) == (Trust.FILE, (("/w/a", 7, 8),))


def test_a_patch_names_its_files_and_what_changed_in_them(tmp_path: Path) -> None:
    patch = "*** Begin Patch\n*** Update File: a.py\n@@\n-old\n+new\n*** End Patch"

    asked, _ = events(export(tmp_path, assistant(tool("apply_patch", {"patchText": patch}, output="Done"))))

    assert (asked.paths, asked.edits) == (("a.py",), (("a.py", "old", "new"),))


def test_the_files_that_a_step_changed_stand_at_its_last_result(tmp_path: Path) -> None:
    told = events(
        export(tmp_path, assistant(bash("rm a", ""), {"id": prt(2), "type": "patch", "hash": "h", "files": ["/w/a"]}))
    )

    assert [event.paths for event in told] == [(), ("/w/a",)]


def test_tokens_of_a_response_are_those_of_its_steps_once(tmp_path: Path) -> None:
    steps = [{"id": prt(number), "type": "step-finish", "reason": "x", "tokens": {"output": 5}} for number in (3, 5)]

    told = events(export(tmp_path, assistant(text("a", 2), steps[0], text("b", 4), steps[1])))

    assert [event.tokens for event in told] == [10, None]


def test_of_two_parts_with_one_id_the_later_one_holds(tmp_path: Path) -> None:
    (event,) = events(export(tmp_path, user(text("one", 1), text("two", 1))))

    assert event.text == "two"


# Growth


@pytest.mark.parametrize("form", [export, tree, database])
def test_a_tool_that_ran_and_then_ended_keeps_its_ids(form: Any, tmp_path: Path) -> None:
    running = [tool("bash", {"command": "make"}, status=status) for status in ("pending", "running")]
    marks, seen = [], []
    for now, part in enumerate((*running, bash("make", "ok")), MS):
        arguments = {"now": now} if form is database else {"time": {"created": MS, "updated": now}}
        snapshot = read(form(tmp_path, assistant(part), **arguments))
        marks.append(snapshot.mark)
        seen.append([event.id for event in snapshot.events])

    assert seen == [[prt(1)], [prt(1)], [prt(1), f"{prt(1)}/result"]]
    assert len(set(marks)) == 3


@pytest.mark.parametrize("form", [export, tree, oldest, database])
def test_a_session_that_did_not_change_is_not_read_again(form: Any, tmp_path: Path) -> None:
    path = form(tmp_path, *A_TALK)

    assert list(SOURCE.snapshots(path, {SESSION: read(path).mark})) == []


def test_a_part_that_grew_changes_the_signature_of_its_sessions_document(tmp_path: Path) -> None:
    log = tree(tmp_path, *A_TALK)
    before, mark = SOURCE.signature(log), read(log).mark

    _write(tmp_path / "storage" / "part" / ASSISTANT / f"{prt(4)}.json", text("It fails twice.", 4))

    assert SOURCE.signature(log) != before
    assert read(log).mark != mark


def test_a_part_and_a_message_belong_to_their_sessions_document(tmp_path: Path) -> None:
    for log in (tree(tmp_path / "a", *A_TALK), oldest(tmp_path / "b", *A_TALK)):
        inside = [path for path in log.parents[2].rglob("*.json") if path.name.startswith(("msg_", "prt_"))]

        assert len(inside) == 6
        for path in inside:
            assert SOURCE.owns(path, path.read_bytes())
            assert SOURCE.log_of(path) == log


# What is damaged, or being written


def test_a_document_that_is_half_written_is_none(tmp_path: Path) -> None:
    for path in (export(tmp_path, *A_TALK), tree(tmp_path, *A_TALK)):
        path.write_text(path.read_text()[:-3])
        with pytest.raises(UnreadableLineError):
            read(path)


def test_one_part_that_is_half_written_is_lost_and_the_rest_is_read(tmp_path: Path) -> None:
    log = tree(tmp_path, *A_TALK)
    torn = tmp_path / "storage" / "part" / ASSISTANT / f"{prt(3)}.json"
    whole = torn.read_text()
    torn.write_text(whole[:40])

    snapshot = read(log)

    assert [event.id for event in snapshot.events] == [prt(1), prt(2), prt(4)]
    assert [lost.reason.partition(":")[0] for lost in snapshot.lost] == [f"part {prt(3)}"]
    torn.write_text(whole)
    assert len(read(log).events) == 5


def test_one_row_that_is_no_json_is_lost_and_the_rest_is_read(tmp_path: Path) -> None:
    broken = {**text("x", 3), "raw": "{broken"}

    snapshot = read(database(tmp_path, user(text("one", 1)), assistant(text("two", 2), broken)))

    assert [event.text for event in snapshot.events] == ["one", "two"]
    assert [(lost.place, lost.reason.partition(":")[0]) for lost in snapshot.lost] == [(3, f"part {prt(3)}")]


def test_the_database_is_read_as_it_stands_while_another_process_writes_to_it(tmp_path: Path) -> None:
    path = database(tmp_path, A_TALK[0])
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    more = {"info": session(), "messages": [A_TALK[1]], "now": MS + 1, "hold": str(gate)}
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdin=-1, stdout=-1, text=True)
    assert writer.stdin
    assert writer.stdout
    writer.stdin.write(json.dumps(more))
    writer.stdin.close()
    assert writer.stdout.readline() == "holding\n"

    during = read(path)
    gate.write_text("")  # opened and closed: it commits
    assert writer.stdout.readline() == "done\n"
    writer.wait()

    assert len(during.events) == 1
    assert len(read(path).events) == 5
    assert read(path).mark != during.mark


def test_what_is_only_in_the_write_ahead_log_is_read_and_it_is_no_log_of_its_own(tmp_path: Path) -> None:
    tmp_path.joinpath("opencode").mkdir()
    path, gate = tmp_path / "opencode" / "opencode.db", tmp_path / "gate"
    os.mkfifo(gate)
    held = {"info": session(), "messages": list(A_TALK), "now": MS, "stay": str(gate)}
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdin=-1, stdout=-1, text=True)
    assert writer.stdin
    assert writer.stdout
    writer.stdin.write(json.dumps(held))
    writer.stdin.close()
    assert writer.stdout.readline() == "done\n"

    try:
        beside = path.with_name("opencode.db-wal")
        assert beside.stat().st_size
        assert SOURCE.log_of(beside) == path
        assert len(events(path)) == 5
        assert SOURCE.owns(path, path.read_bytes()[: 64 << 10])
    finally:
        gate.write_text("")
        writer.wait()


def test_a_database_of_another_program_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    script = f"import sqlite3; db = sqlite3.connect({str(path)!r}); db.execute('CREATE TABLE t (x)'); db.commit()"
    subprocess.run([sys.executable, "-c", script], check=True)

    with pytest.raises(UnreadableLineError, match="tables session, message and part"):
        read(path)


def test_reading_the_database_changes_nothing_in_it(tmp_path: Path) -> None:
    path = database(tmp_path, *A_TALK)
    before = path.read_bytes()

    read(path)

    assert path.read_bytes() == before


# Where they lie, and whose they are


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_opencode_follows_xdg_on_every_system(system: str, tmp_path: Path) -> None:
    assert SOURCE.folders(Machine(tmp_path, system, {})) == tuple(
        tmp_path / ".local" / "share" / name for name in ("opencode", "kilo")
    )
    elsewhere = Machine(tmp_path, system, {"XDG_DATA_HOME": str(tmp_path / "x")})
    assert SOURCE.folders(elsewhere) == (tmp_path / "x" / "opencode", tmp_path / "x" / "kilo")


def test_kilo_codes_database_is_opencodes_under_another_name(tmp_path: Path) -> None:
    log = database(tmp_path, *A_TALK).rename(tmp_path / "kilo.db")
    connection = sqlite3.connect(log)
    connection.executescript("ALTER TABLE session ADD current_state text; ALTER TABLE session ADD recent_progress text")
    connection.execute("UPDATE message SET data = json_set(data, '$.editorContext', json('{\"openTabs\": [\"a\"]}'))")
    connection.commit()
    connection.close()

    made = read(log)

    assert SOURCE.discover(tmp_path) == [log]
    assert SOURCE.owns(log, log.read_bytes()[: 64 << 10])
    assert made.events
    assert not made.unknown


def second(
    data: Path, *rows: tuple[str, str, Mapping[str, Any]], session_id: str = SESSION, parent: Any = None
) -> Path:
    """`opencode.db` as version 2 writes it, beside what version 1 left there, if it did."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / "opencode.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE IF NOT EXISTS session_v2 (id text PRIMARY KEY, parent_id text, fork_session_id text,
          directory text, title text, version text, revert text, idle_outcome text, time_created integer,
          time_updated integer);
        CREATE TABLE IF NOT EXISTS session_message (id text PRIMARY KEY, session_id text, type text, seq integer,
          time_created integer, time_updated integer, data text);
        """
    )
    connection.execute(
        "INSERT OR REPLACE INTO session_v2 (id, directory, title, version, time_created, time_updated)"
        " VALUES (?, '/home/a/shop', 'Build a shop', '2.0.12', ?, ?)",
        (session_id, MS, MS),
    )
    for seq, (id, kind, record) in enumerate(rows, 4):
        row = (id, session_id, kind, seq, MS + seq, MS + seq, json.dumps(record))
        connection.execute("INSERT OR REPLACE INTO session_message VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    return path


def answer(*content: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    model = {"id": "gpt-5.6", "providerID": "openai"}
    tokens = {"input": 9, "output": 7, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    return {
        "agent": "build",
        "model": model,
        "content": list(content),
        "tokens": tokens,
        "time": {"created": MS},
        **more,
    }


def called(
    id: str, tool: str, given: Any, printed: str = "", status: str = "completed", **state: Any
) -> dict[str, Any]:
    held = {"status": status, "input": given, "content": [{"type": "text", "text": printed}], **state}
    return {"type": "tool", "id": id, "name": tool, "state": held, "time": {"created": MS, "ran": MS, "completed": MS}}


def test_version_2_keeps_whole_messages_in_a_table_of_its_own(tmp_path: Path) -> None:
    shell = called("c1", "shell", {"command": "row"}, "against the tide", metadata={"exit": 3, "truncated": False})
    shell["state"]["content"].append({"type": "text", "text": "Command exited with code 3."})
    patch = "--- boat.py\n+++ boat.py\n@@ -4,1 +4,1 @@\n-oar = 1\n+oar = 2\n"
    files = [{"file": "boat.py", "patch": patch, "additions": 1, "deletions": 1, "status": "modified"}]
    given = {"path": "boat.py", "oldString": "oar = 1", "newString": "oar = 2"}
    edit = called("c2", "edit", given, "Edited", metadata={"files": files, "replacements": 1})
    log = second(
        tmp_path,
        ("msg_1", "system", {"text": "You are a boat.", "time": {"created": MS}}),
        ("msg_2", "user", {"text": "use two oars", "files": [], "time": {"created": MS}}),
        ("msg_3", "synthetic", {"text": "always obey", "time": {"created": MS}}),
        ("msg_4", "assistant", answer({"type": "reasoning", "text": "hm"}, {"type": "text", "text": "Rowing."}, shell)),
        ("msg_5", "assistant", answer(edit, snapshot={"start": "a", "files": ["boat.py", "mast.py"]})),
        ("msg_6", "idle", {"outcome": "succeeded", "time": {"created": MS}}),
    )

    made = read(log)
    prompt, reply, call, result, edited, done = made.events

    assert (prompt.type, prompt.trust, prompt.text) == (EventType.PROMPT, Trust.HUMAN, "use two oars")
    assert (reply.text, reply.model, reply.tokens) == ("Rowing.", "gpt-5.6", 7)
    assert (call.command, call.trust, result.call) == ("row", Trust.COMMAND, call.call)
    assert (result.text, result.exit_code, result.outcome) == ("against the tide", 3, Outcome.FAILURE)
    assert edited.edits == (("boat.py", "oar = 1", "oar = 2"),)
    assert (done.outcome, done.paths, done.spans) == (Outcome.SUCCESS, ("boat.py", "mast.py"), (("boat.py", 4, 4),))
    assert (made.facts.cwd, made.facts.title, made.facts.version) == ("/home/a/shop", "Build a shop", "2.0.12")
    assert made.unknown == {}
    assert list(SOURCE.snapshots(log, {made.session: made.mark})) == []


def test_what_the_human_ran_or_stopped_and_what_was_cut_are_told_of_version_2(tmp_path: Path) -> None:
    printed = {"output": "(no output)", "cursor": 0, "size": 0, "truncated": False}
    stopped = {"type": "aborted", "message": "Step interrupted"}
    log = second(
        tmp_path,
        ("msg_1", "shell", {"shellID": "sh_1", "command": "row", "status": "exited", "exit": 0, "output": printed}),
        ("msg_2", "compaction", {"status": "running", "reason": "auto", "summary": "", "recent": ""}),
        ("msg_3", "compaction", {"status": "completed", "reason": "auto", "summary": "Two oars.", "recent": ""}),
        ("msg_4", "assistant", answer({"type": "text", "text": "And"}, error=stopped)),
        ("msg_5", "idle", {"outcome": "interrupted"}),
        ("msg_7", "assistant", answer(called("c1", "shell", {"command": "row"}, "slow", metadata={"timeout": True}))),
        ("msg_8", "assistant", answer(error={"type": "provider.quota", "message": "no more", "status": 429})),
        ("msg_9", "idle", {"outcome": "interrupted"}),
        ("msg_A", "flotsam", {"text": "x"}),
    )

    made = read(log)

    assert [(event.type, event.command or event.text) for event in made.events] == [
        (EventType.COMMAND, "row"),
        (EventType.TOOL_RESULT, ""),
        (EventType.COMPACTION, "auto"),
        (EventType.SUMMARY, "Two oars."),
        (EventType.REPLY, "And"),
        (EventType.INTERRUPT, ""),
        (EventType.TOOL_CALL, "row"),
        (EventType.TOOL_RESULT, "slow"),
        (EventType.NOTE, "provider.quota: no more"),
        (EventType.INTERRUPT, ""),
    ]
    assert [made.events[place].error for place in (1, 7)] == [None, "timeout"]
    assert made.unknown == {"type:flotsam": 1}


@pytest.mark.parametrize(
    ("error", "type", "outcome", "text"),
    [
        (
            ("permission.rejected", "The user rejected permission to use this specific tool call"),
            "rejection",
            "rejected",
            "",
        ),
        (("permission.rejected", "Unable to execute command: row"), "rejection", "rejected", ""),
        (("permission.rejected", "Permission denied: shell"), "tool_result", "failure", "Permission denied: shell"),
        (("tool.aborted", "The pier is gone"), "tool_result", "partial", ""),
        (("unknown", "no such oar"), "tool_result", "failure", "no such oar"),
    ],
)
def test_how_a_call_of_version_2_failed_is_told_by_the_kind_of_its_error(
    tmp_path: Path, error: tuple[str, str], type: str, outcome: str, text: str
) -> None:
    told = {"type": error[0], "message": error[1]}
    log = second(tmp_path, ("msg_1", "assistant", answer(called("c1", "shell", {}, status="error", error=told))))

    ended = read(log).events[-1]

    assert (ended.type, ended.outcome, ended.text) == (type, outcome, text)


def test_any_field_of_version_2_may_be_anything(tmp_path: Path, cursor_files: ModuleType) -> None:
    shell = called("c", "shell", {"command": "row"}, "tide", metadata={"exit": 1, "files": [{"patch": "p"}]})
    failed = {"type": "a", "message": "b"}
    rows = {
        "user": {"text": "x", "files": [{"uri": "file:///a", "mime": "m"}], "time": {"created": MS}},
        "assistant": answer({"type": "text", "text": "a"}, shell, error=failed, snapshot={"files": ["a"]}),
        "shell": {"command": "row", "output": {"output": "x"}, "status": "exited", "exit": 1, "time": {"created": MS}},
        "compaction": {"status": "completed", "summary": "s", "reason": "auto"},
        "idle": {"outcome": "interrupted"},
    }
    strange = [(kind, one) for kind, record in rows.items() for one in cursor_files.strange(record)]
    strange += [("assistant", answer(one)) for one in cursor_files.strange(called("c", "edit", {}, error=failed))]
    ids = [f"msg_{place:020}" for place in range(len(strange))]

    made = read(second(tmp_path, *((id, kind, one) for id, (kind, one) in zip(ids, strange, strict=True))))

    assert len(strange) > 1000
    assert len(made.events) > 1000
    assert made.lost == ()


def test_a_session_that_began_before_version_2_is_told_once_from_both_its_tables(tmp_path: Path) -> None:
    before = read(database(tmp_path, *A_TALK))
    log = second(
        tmp_path,
        (USER, "user", {"text": "a copy of what version 1 has", "time": {"created": MS}}),
        ("msg_zz", "user", {"text": "and a mast", "time": {"created": MS}}),
    )

    after = read(log)

    assert [event.id for event in after.events[:-1]] == [event.id for event in before.events]
    assert after.events[-1].text == "and a mast"
    assert after.mark != before.mark
    second(tmp_path, ("msg_zz", "user", {"text": "and a mast!"}), session_id="ses_other")
    assert {made.session for made in SOURCE.snapshots(log, {after.session: after.mark})} >= {"ses_other"}


def test_every_form_is_discovered_in_opencodes_folder_and_around_it(tmp_path: Path) -> None:
    data = tmp_path / "opencode"
    logs = sorted([tree(data, *A_TALK), oldest(data, *A_TALK), database(data, *A_TALK)])

    assert SOURCE.discover(data) == logs
    assert SOURCE.discover(tmp_path) == logs


def test_only_opencodes_own_files_are_owned(tmp_path: Path) -> None:
    others = {
        "export.json": {"info": {"title": "An API", "version": "1"}, "paths": {}},
        "session/p/x.json": {"id": "x", "messages": []},
        "message/s/m.json": {"role": "user", "content": "x"},
        "part/m/p.json": {"id": "p", "type": "bolt"},
    }
    logs = [export(tmp_path, *A_TALK), tree(tmp_path, *A_TALK), database(tmp_path, *A_TALK)]

    for log in logs:
        assert next(found.name for found in SOURCES if found.owns(log, log.read_bytes()[: 64 << 10])) == "opencode"
    for name, record in others.items():
        assert not SOURCE.owns(tmp_path / name, json.dumps(record).encode())


def test_what_is_not_understood_is_counted_by_name_and_never_raises(tmp_path: Path) -> None:
    snapshot = read(
        export(
            tmp_path,
            user({"id": prt(1), "type": "dance"}, text("x", 2, volume=3)),
            assistant(tool("bash", {}, 3, status="pondering", mood=1), {"id": prt(4), "type": "tool"}, weather=1),
            {"info": {"id": ASSISTANT + "z", "role": "bard"}, "parts": []},
        )
    )

    assert snapshot.unknown == {
        "part:dance": 1,
        "field:volume": 1,
        "status:pondering": 1,
        "state:mood": 1,
        "state:missing": 1,
        "field:weather": 1,
        "role:bard": 1,
    }


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"info": None, "parts": None},
        {"info": {"id": 4, "role": "user", "time": []}, "parts": [None, {"type": "text", "text": 4}]},
        {
            "info": {"role": "assistant", "error": "x", "tokens": []},
            "parts": [{"type": "tool", "state": {"status": []}}],
        },
        {"info": {"role": "assistant"}, "parts": [{"type": "tool", "tool": 1, "state": {"input": [], "output": [1]}}]},
        {"info": {"role": "assistant"}, "parts": [{"type": "patch", "files": [1]}, {"type": ["x"]}]},
    ],
)
def test_a_field_of_another_kind_than_expected_does_no_harm(message: Any, tmp_path: Path) -> None:
    read(export(tmp_path, message))


@pytest.mark.parametrize("depth", [480, 900, 960, 985])
def test_a_value_that_is_nested_as_deep_as_can_be_read_does_no_harm(depth: int, tmp_path: Path) -> None:
    path = export(tmp_path, assistant(tool("t", {"a": 0}, output="DEEP")))
    deep = "[" * depth + "]" * depth
    path.write_text(path.read_text().replace('{"a": 0}', f'{{"a": {deep}}}').replace('"DEEP"', deep))

    try:
        read(path)
    except UnreadableLineError:
        assert depth > 980


# Real sessions


def test_a_real_session_reads_as_it_was_checked_by_eye(golden: ModuleType, real_logs: Path) -> None:
    golden.check("opencode-crud", SOURCE, real_logs / "opencode/tomjnsn__agentlogs/crud.json")


@pytest.mark.parametrize("session", ["compaction", "with-tools", "tool-error"])
def test_other_writers_of_the_format_read_as_they_were_checked_by_eye(
    session: str, golden: ModuleType, real_logs: Path
) -> None:
    golden.check(f"opencode-{session}", SOURCE, real_logs / f"synthetic_edge/tomjnsn__agentlogs/{session}.json")


def test_all_of_the_real_logs_is_understood(golden: ModuleType, real_logs: Path) -> None:
    files = [path for path in real_logs.rglob("*.json") if SOURCE.owns(path, path.read_bytes())]

    made = [golden.reading(SOURCE, path) for path in files]

    assert len(files) == 12
    assert all(one.events for one in made)
    assert not any(one.unknown or one.lost for one in made)
