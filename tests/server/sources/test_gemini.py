"""Gemini CLI's documents and mutation logs: one session whichever way it is kept, and how its tools ended."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES, Snapshot, UnreadableLineError
from memsrv.sources.gemini import Gemini
from memsrv.sources.machine import Machine

SOURCE = Gemini()
SESSION = "11111111-2222-4333-8444-555555555555"
TIME = "2026-01-02T03:04:05.678Z"
HEADER = {"sessionId": SESSION, "projectHash": "0" * 64, "startTime": TIME, "lastUpdated": TIME}


def user(text: Any, id: str = "u1", **more: Any) -> dict[str, Any]:
    return {"id": id, "timestamp": TIME, "type": "user", "content": text, **more}


def gemini(text: str = "", *calls: Mapping[str, Any], id: str = "g1", **more: Any) -> dict[str, Any]:
    made = {"id": id, "timestamp": TIME, "type": "gemini", "content": text, "model": "gemini-3-pro", **more}
    return {**made, "toolCalls": list(calls)} if calls else made


def call(tool: str, args: Any, response: Any = None, *, id: str = "c1", status: str = "success", **more: Any) -> Any:
    made = {"id": id, "name": tool, "args": args, "status": status, "timestamp": TIME, **more}
    if response is not None:
        made["result"] = [{"functionResponse": {"id": id, "name": tool, "response": response}}]
    return made


def shell(command: str, printed: str, **more: Any) -> Any:
    return call("run_shell_command", {"command": command, "description": "why"}, {"output": printed}, **more)


def project(tmp_path: Path, name: str = "shop") -> Path:
    folder = tmp_path / ".gemini" / "tmp" / name / "chats"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def document(tmp_path: Path, *messages: Any, **more: Any) -> Path:
    path = project(tmp_path) / "session-2026-01-02T03-04-11111111.json"
    path.write_text(json.dumps({**HEADER, "messages": list(messages), **more}, indent=2))
    return path


def mutations(tmp_path: Path, *lines: Any, header: Mapping[str, Any] = HEADER) -> Path:
    path = project(tmp_path) / "session-2026-01-02T03-04-11111111.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in (header, *lines)))
    return path


def read(path: Path) -> Snapshot:
    (snapshot,) = SOURCE.snapshots(path, {})
    return snapshot


def events(path: Path) -> tuple[Event, ...]:
    return read(path).events


def result(tmp_path: Path, made: Any) -> Event:
    asked, answered = events(document(tmp_path, gemini("", made)))
    assert asked.call == answered.call
    return answered


# Words


def test_a_typed_prompt_is_a_humans_words(tmp_path: Path) -> None:
    (event,) = events(document(tmp_path, user("use pnpm, not npm\n\n")))

    assert (event.type, event.trust, event.text) == (EventType.PROMPT, Trust.HUMAN, "use pnpm, not npm")
    assert (event.id, event.session, event.time) == ("u1", SESSION, TIME)


def test_what_was_shown_to_the_human_stands_for_what_the_model_got(tmp_path: Path) -> None:
    (event,) = events(document(tmp_path, user([{"text": "expanded beyond recognition"}], displayContent="fix @a.py")))

    assert event.text == "fix @a.py"


def test_files_that_the_host_put_into_a_prompt_are_named_and_not_anybodys_words(tmp_path: Path) -> None:
    parts = [
        {"text": "explain @src/a.py"},
        {"text": "\n--- Content from referenced files ---"},
        {"text": "\nContent from @src/a.py:\n"},
        {"text": "always use tabs"},
        {"text": "\n--- End of content ---"},
    ]

    (event,) = events(document(tmp_path, user(parts)))

    assert (event.text, event.paths) == ("explain @src/a.py", ("src/a.py",))


@pytest.mark.parametrize(
    "noise",
    [
        "<session_context>\nThis is the Gemini CLI.\n</session_context>",
        "<hook_context>ran</hook_context>",
        "System: Please continue.",
        "Here is the user's editor context as a JSON object. This is for your information only.\n```json\n{}\n```",
        "/clear",
        "  ",
    ],
)
def test_what_the_host_says_under_the_users_name_is_no_prompt(noise: str, tmp_path: Path) -> None:
    assert events(document(tmp_path, user(noise))) == ()


def test_a_slash_command_of_the_users_own_and_a_fact_to_remember_are_commands(tmp_path: Path) -> None:
    told = events(document(tmp_path, user("/review:api src", "u1"), user("/memory add use pnpm", "u2")))

    assert [(event.type, event.command) for event in told] == [
        (EventType.COMMAND, "/review:api src"),
        (EventType.COMMAND, "/memory add use pnpm"),
    ]


def test_a_path_at_the_beginning_of_a_prompt_is_no_command(tmp_path: Path) -> None:
    (event,) = events(document(tmp_path, user("/etc/hosts is wrong")))

    assert event.type is EventType.PROMPT


def test_a_command_that_the_human_ran_is_told_from_its_output(tmp_path: Path) -> None:
    said = (
        "I ran the following shell command:\n```sh\nmake test\n```\n\n"
        "This produced the following result:\n```\n2 failed\n```"
    )

    ran, printed = events(document(tmp_path, user([{"text": said}])))

    assert (ran.type, ran.trust, ran.command) == (EventType.COMMAND, Trust.COMMAND, "make test")
    assert (printed.type, printed.trust, printed.text) == (EventType.TOOL_RESULT, Trust.TOOL, "2 failed")


def test_thoughts_are_dropped_and_output_tokens_are_counted_once(tmp_path: Path) -> None:
    thoughts = [{"subject": "s", "description": "secret plan", "timestamp": TIME}]
    tokens = {"input": 9, "output": 7, "cached": 0, "thoughts": 5, "tool": 0, "total": 21}

    told = events(document(tmp_path, gemini("I look.", shell("ls", "Output: a"), thoughts=thoughts, tokens=tokens)))

    assert [(event.type, event.tokens, event.model) for event in told] == [
        (EventType.REPLY, 7, "gemini-3-pro"),
        (EventType.TOOL_CALL, None, "gemini-3-pro"),
        (EventType.TOOL_RESULT, None, "gemini-3-pro"),
    ]
    assert not any("secret plan" in event.text for event in told)


def test_the_hosts_summary_of_a_cut_context_is_no_evidence_and_the_cut_is_marked(tmp_path: Path) -> None:
    snapshot = "<state_snapshot>\n<overall_goal>ship</overall_goal>\n</state_snapshot>"
    opening = gemini("Got it. Thanks for the additional context!", id="g9")

    told = events(document(tmp_path, user(snapshot), opening))

    assert [event.type for event in told] == [EventType.SUMMARY, EventType.COMPACTION]


def test_a_cancelled_request_is_an_interrupt_and_an_error_a_note(tmp_path: Path) -> None:
    info = {**user("Request cancelled.", "i1"), "type": "info"}
    warning = {**user("Slow.", "i2"), "type": "warning"}
    error = {**user("[API Error: quota]", "i3"), "type": "error"}

    told = events(document(tmp_path, info, warning, error))

    assert [(event.id, event.type) for event in told] == [("i1", EventType.INTERRUPT), ("i3", EventType.NOTE)]


# Tools


@pytest.mark.parametrize(
    ("command", "printed", "outcome", "code", "error", "text"),
    [
        ("make", "Command: make\nDirectory: (root)\nOutput: ok\nError: (none)\nExit Code: 0\nSignal: 0\n"
         "Background PIDs: (none)\nProcess Group PGID: 7", Outcome.SUCCESS, 0, None, "ok"),
        ("make", "Output: bash: make: command not found\nExit Code: 127\nProcess Group PGID: 7",
         Outcome.FAILURE, 127, "command not found", "bash: make: command not found"),
        ("make", "<untrusted_context>\nOutput: (empty)\nProcess Group PGID: 7\n</untrusted_context>",
         Outcome.SUCCESS, 0, None, ""),
        ("rg x", "Output: (empty)\nExit Code: 1\nProcess Group PGID: 7", Outcome.PARTIAL, 1, None, ""),
        ("sleep 9", "Output: a\nError: (none)\nExit Code: (none)\nSignal: 9\nBackground PIDs: (none)\n"
         "Process Group PGID: 7", Outcome.FAILURE, None, "killed", "a"),
        ("old", "Command: old\nDirectory: src\nStdout: out\nStderr: err\nError: (none)\nExit Code: 2\n"
         "Signal: (none)\nBackground PIDs: (none)\nProcess Group PGID: (none)",
         Outcome.FAILURE, 2, "exit 2", "out\nerr"),
        ("x", "Command was cancelled by user before it could complete. Below is the output before it was cancelled:\n"
         "half", Outcome.PARTIAL, None, "interrupted", "half"),
        ("x", "Command was automatically cancelled because it exceeded the timeout of 5.0 minutes without output."
         " There was no output before it was cancelled.", Outcome.FAILURE, None, "timeout", ""),
        ("x &", "Command moved to background (PID: 7). Output hidden.", Outcome.UNKNOWN, None, None,
         "Command moved to background (PID: 7). Output hidden."),
    ],
)  # fmt: skip
def test_a_shells_exit_code_stands_in_the_frame_around_its_output(
    command: str, printed: str, outcome: Outcome, code: int | None, error: str | None, text: str, tmp_path: Path
) -> None:
    event = result(tmp_path, shell(command, printed))

    assert (event.outcome, event.exit_code, event.error, event.text) == (outcome, code, error, text)
    assert (event.grounds is None) == (outcome is Outcome.UNKNOWN)


def test_an_exit_code_that_a_command_printed_is_not_its_own(tmp_path: Path) -> None:
    printed = (
        "Command: cat log\nDirectory: (root)\nOutput: ok\nExit Code: 3\nSignal: 9\nmore\nError: (none)\nExit Code: 0\n"
        "Signal: 0\nBackground PIDs: (none)\nProcess Group PGID: 7"
    )

    event = result(tmp_path, shell("cat log", printed))

    assert (event.exit_code, event.text) == (0, "ok\nExit Code: 3\nSignal: 9\nmore")


def test_a_command_is_the_hosts_record_and_what_it_printed_is_a_tools_words(tmp_path: Path) -> None:
    asked, answered = events(document(tmp_path, gemini("", shell("make", "Output: ok"))))

    assert (asked.type, asked.trust, asked.command, asked.text) == (
        EventType.TOOL_CALL,
        Trust.COMMAND,
        "make",
        "why",
    )
    assert (answered.trust, answered.command, answered.parent) == (Trust.TOOL, None, asked.id)


@pytest.mark.parametrize(
    "reason", ["User denied execution.", "User did not allow tool call", "User rejected the proposed change"]
)
def test_a_call_that_the_human_denied_is_a_rejection_and_no_failure(reason: str, tmp_path: Path) -> None:
    denied = call("run_shell_command", {"command": "rm -r x"}, {"error": f"[Operation Cancelled] Reason: {reason}"})

    event = result(tmp_path, {**denied, "status": "cancelled"})

    assert (event.type, event.trust, event.text) == (EventType.REJECTION, Trust.HUMAN, "")
    assert (event.outcome, event.grounds, event.error) == (Outcome.REJECTED, "status: cancelled", None)


def test_an_edit_that_was_cancelled_while_it_waited_for_leave_is_a_rejection(tmp_path: Path) -> None:
    made = call(
        "replace",
        {"file_path": "/a.py", "old_string": "a", "new_string": "b"},
        {"error": "[Operation Cancelled] Reason: User cancelled the operation."},
        status="cancelled",
        resultDisplay={"fileDiff": "@@ -1 +1 @@\n-a\n+b", "fileName": "a.py"},
    )

    assert result(tmp_path, made).type is EventType.REJECTION


def test_a_call_that_was_stopped_while_it_ran_is_partial(tmp_path: Path) -> None:
    made = call(
        "run_shell_command",
        {"command": "python3"},
        {"error": "[Operation Cancelled] Reason: User cancelled the operation."},
        status="cancelled",
    )

    event = result(tmp_path, made)

    assert (event.type, event.outcome, event.error) == (EventType.TOOL_RESULT, Outcome.PARTIAL, "interrupted")


def test_a_refused_plan_has_the_humans_words(tmp_path: Path) -> None:
    said = "Plan rejected. User feedback: keep it in one file\n\nThe plan is stored at: /p.md\nRevise the plan."

    event = result(tmp_path, call("exit_plan_mode", {}, {"output": said}))

    assert (event.type, event.text) == (EventType.REJECTION, "keep it in one file")


def test_an_edit_has_its_files_texts_and_lines(tmp_path: Path) -> None:
    diff = "--- a.py\n+++ a.py\n@@ -3,2 +3,3 @@\n x\n-a\n+b\n+c\n"
    made = call(
        "replace",
        {"file_path": "/w/a.py", "old_string": "a", "new_string": "b\nc", "instruction": "more"},
        {"output": "Successfully modified file"},
        resultDisplay={"fileDiff": diff, "fileName": "a.py"},
    )

    asked, answered = events(document(tmp_path, gemini("", made)))

    assert (asked.paths, asked.edits) == (("/w/a.py",), (("/w/a.py", "a", "b\nc"),))
    assert answered.spans == (("/w/a.py", 3, 5),)


def test_a_file_written_whole_has_all_its_lines(tmp_path: Path) -> None:
    asked, _ = events(
        document(tmp_path, gemini("", call("write_file", {"file_path": "/w/a", "content": "1\n2\n"}, {"output": "ok"})))
    )

    assert (asked.edits, asked.spans) == ((("/w/a", "", "1\n2\n"),), (("/w/a", 1, 2),))


@pytest.mark.parametrize(
    ("tool", "trust"),
    [("read_file", Trust.FILE), ("web_fetch", Trust.WEB), ("github__search", Trust.TOOL), ("ask_user", Trust.HUMAN)],
)
def test_what_a_tool_gives_back_is_as_trusted_as_where_it_comes_from(tool: str, trust: Trust, tmp_path: Path) -> None:
    assert result(tmp_path, call(tool, {}, {"output": "words"})).trust is trust


def test_a_subagents_session_is_named_by_the_call_that_started_it(tmp_path: Path) -> None:
    asked, _ = events(document(tmp_path, gemini("", call("codebase_investigator", {}, {"output": "x"}, agentId="a-1"))))

    assert asked.child == "a-1"


def test_a_subagents_words_are_an_agents_and_it_names_its_parent(tmp_path: Path) -> None:
    path = project(tmp_path) / SESSION / "a-1.jsonl"
    path.parent.mkdir()
    header = {**HEADER, "sessionId": "a-1", "kind": "subagent"}
    path.write_text(json.dumps(header) + "\n" + json.dumps(user("look into it")) + "\n")

    snapshot = read(path)

    (event,) = snapshot.events
    assert (snapshot.session, snapshot.facts.parent) == ("a-1", SESSION)
    assert (event.type, event.trust, event.sidechain) == (EventType.NOTE, Trust.ASSISTANT, True)


# The mutation log


def test_a_message_written_again_is_the_same_message_grown(tmp_path: Path) -> None:
    asked = gemini("", call("run_shell_command", {"command": "make"}, status="executing"))
    before = events(mutations(tmp_path, user("go"), asked))
    after = events(mutations(tmp_path, user("go"), asked, gemini("", shell("make", "Output: ok"))))

    assert [event.id for event in before] == ["u1", "g1/c1"]
    assert [event.id for event in after] == ["u1", "g1/c1", "g1/c1/result"]


def test_two_calls_under_one_id_are_two(tmp_path: Path) -> None:
    told = events(document(tmp_path, gemini("", shell("make", "Output: a"), shell("make", "Output: b"))))

    assert len({event.id for event in told}) == 4


def test_what_was_rewound_is_kept_off_the_main_path(tmp_path: Path) -> None:
    told = events(
        mutations(
            tmp_path,
            user("first", "u1"),
            gemini("one", id="g1"),
            user("wrong", "u2"),
            gemini("two", id="g2"),
            {"$rewindTo": "u2"},
            user("right", "u3"),
        )
    )

    assert [(event.id, event.parent, event.on_main_path) for event in told] == [
        ("u1", None, True),
        ("g1", "u1", True),
        ("u2", "g1", False),
        ("g2", "u2", False),
        ("u3", "g1", True),
    ]


def test_a_rewind_to_a_message_that_is_not_known_takes_all_back(tmp_path: Path) -> None:
    told = events(mutations(tmp_path, user("first", "u1"), {"$rewindTo": "?"}, user("again", "u2")))

    assert [(event.id, event.on_main_path) for event in told] == [("u1", False), ("u2", True)]


def test_what_the_host_compressed_away_did_happen(tmp_path: Path) -> None:
    summary = user([{"text": "<state_snapshot>goal</state_snapshot>"}], "s1")

    told = events(mutations(tmp_path, user("first", "u1"), {"$set": {"messages": [summary]}}, user("next", "u2")))

    assert [(event.type, event.on_main_path) for event in told] == [
        (EventType.PROMPT, True),
        (EventType.SUMMARY, True),
        (EventType.COMPACTION, True),
        (EventType.PROMPT, True),
    ]


def test_an_output_that_was_masked_later_stays_as_it_was_printed(tmp_path: Path) -> None:
    masked = gemini("", shell("make", "<tool_output_masked>\n9 MB\n</tool_output_masked>"))

    told = events(mutations(tmp_path, gemini("", shell("make", "Output: ok")), {"$set": {"messages": [masked]}}))

    assert told[-1].text == "ok"


def test_metadata_of_the_log_is_the_sessions(tmp_path: Path) -> None:
    facts = read(mutations(tmp_path, user("go"), {"$set": {"summary": "Build a  shop", "lastUpdated": TIME}})).facts

    assert (facts.title, facts.started, facts.ended) == ("Build a shop", TIME, TIME)


def test_a_bad_line_is_lost_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    snapshot = read(mutations(tmp_path, user("one", "u1"), "{broken", "[1]", user("two", "u2")))

    assert [event.id for event in snapshot.events] == ["u1", "u2"]
    first = len(json.dumps(HEADER)) + 1 + len(json.dumps(user("one", "u1"))) + 1
    assert [lost.place for lost in snapshot.lost] == [first, first + len("{broken") + 1]
    assert "broken" not in snapshot.lost[0].reason


def test_a_line_that_is_still_being_written_is_no_loss(tmp_path: Path) -> None:
    path = mutations(tmp_path, user("one", "u1"))
    with path.open("a") as file:
        file.write('{"id": "u2", "timest')

    snapshot = read(path)

    assert (len(snapshot.events), snapshot.lost) == (1, ())


def test_every_cut_of_a_mutation_log_gives_a_beginning_of_its_events(tmp_path: Path) -> None:
    path = mutations(tmp_path, user("one", "u1"), gemini("two", shell("ls", "Output: a"), id="g1"), user("x", "u2"))
    whole, ids = path.read_bytes(), [event.id for event in events(path)]

    for end in range(len(json.dumps(HEADER)) + 1, len(whole)):
        path.write_bytes(whole[:end])
        found = [event.id for event in events(path)]
        assert found == ids[: len(found)]


def test_a_document_that_is_half_written_is_none(tmp_path: Path) -> None:
    path = document(tmp_path, user("one"))
    path.write_text(path.read_text()[:-5])

    with pytest.raises(UnreadableLineError):
        read(path)


# One session, once


def test_a_migrated_session_is_one_session_with_the_same_ids(tmp_path: Path) -> None:
    messages = [user("one", "u1"), gemini("two", id="g1")]
    old = document(tmp_path, *messages)
    before = events(old)
    log = mutations(tmp_path, *messages, user("three", "u2"))

    assert SOURCE.discover(tmp_path / ".gemini" / "tmp") == [log]
    assert SOURCE.log_of(old) == log
    assert list(SOURCE.snapshots(old, {})) == list(SOURCE.snapshots(log, {}))
    assert [event.id for event in events(log)] == [*(event.id for event in before), "u2"]


def test_a_migration_that_is_only_half_done_loses_nothing(tmp_path: Path) -> None:
    document(tmp_path, user("one", "u1"), gemini("two", id="g1"))

    assert [event.id for event in events(mutations(tmp_path, user("one", "u1")))] == ["u1", "g1"]


def test_a_document_of_another_session_beside_a_log_is_not_mixed_in(tmp_path: Path) -> None:
    document(tmp_path, user("other", "o1"), sessionId="other")

    snapshot = read(mutations(tmp_path, user("one", "u1")))

    assert (snapshot.session, [event.id for event in snapshot.events]) == (SESSION, ["u1"])


def test_a_session_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    path = document(tmp_path, user("one"))
    marks = {SESSION: read(path).mark}

    assert list(SOURCE.snapshots(path, marks)) == []
    document(tmp_path, user("one"), user("two", "u2"))
    assert len(list(SOURCE.snapshots(path, marks))) == 1


def test_prompts_are_read_where_no_session_has_them(tmp_path: Path) -> None:
    document(tmp_path, user("one"))
    entries = [
        {"sessionId": id, "messageId": 0, "type": "user", "message": f"of {id}", "timestamp": TIME}
        for id in ("older-session", SESSION, "just-begun")
    ]
    log = project(tmp_path).parent / "logs.json"
    log.write_text(json.dumps(entries))

    assert SOURCE.owns(log, log.read_bytes())
    assert [(found.session, found.events[0].text) for found in SOURCE.snapshots(log, {})] == [
        ("history-older-session", "of older-session")
    ]


def test_a_checkpoint_is_read_where_no_sessions_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / ".gemini" / "tmp" / "shop"
    folder.mkdir(parents=True)
    log = folder / "checkpoint-before.json"
    asked = {"functionCall": {"name": "run_shell_command", "args": {"command": "make"}}}
    answered = {"functionResponse": {"name": "run_shell_command", "response": {"output": "Output: x\nExit Code: 2"}}}
    history = [("user", {"text": "build it"}), ("model", asked), ("user", answered), ("model", {"text": "It fails."})]
    log.write_text(json.dumps([{"role": role, "parts": [part]} for role, part in history]))

    assert SOURCE.owns(log, log.read_bytes())
    assert [(event.type, event.outcome, event.exit_code) for event in events(log)] == [
        (EventType.PROMPT, Outcome.UNKNOWN, None),
        (EventType.TOOL_CALL, Outcome.UNKNOWN, None),
        (EventType.TOOL_RESULT, Outcome.FAILURE, 2),
        (EventType.REPLY, Outcome.UNKNOWN, None),
    ]

    (folder / "chats").mkdir()
    assert list(SOURCE.snapshots(log, {})) == []


# Whose folder


def test_the_folder_is_told_by_the_marker_beside_it(tmp_path: Path) -> None:
    path = document(tmp_path, user("one"))
    (path.parents[1] / ".project_root").write_text("/home/a/shop\n")

    snapshot = read(path)

    assert snapshot.facts.cwd == snapshot.events[0].cwd == "/home/a/shop"


def test_the_folder_is_told_by_the_registry(tmp_path: Path) -> None:
    path = document(tmp_path, user("one"))
    registry = {"projects": {"/home/a/other": "other", "/home/a/shop": "shop"}}
    (tmp_path / ".gemini" / "projects.json").write_text(json.dumps(registry))

    assert read(path).facts.cwd == "/home/a/shop"


def test_the_folder_is_found_from_its_hash_among_those_that_the_tools_worked_in(tmp_path: Path) -> None:
    hashed = hashlib.sha256(b"/home/a/shop").hexdigest()
    made = call("read_file", {"absolute_path": "/home/a/shop/src/deep/a.py"}, {"output": "x"})

    assert read(document(tmp_path, gemini("", made), projectHash=hashed)).facts.cwd == "/home/a/shop"


def test_a_folder_that_cannot_be_told_is_not_guessed(tmp_path: Path) -> None:
    made = call("read_file", {"absolute_path": "/home/a/shop/a.py"}, {"output": "x"})

    assert read(document(tmp_path, gemini("", made))).facts.cwd is None


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_sessions_lie_below_the_home_folder_or_where_the_environment_says(system: str, tmp_path: Path) -> None:
    assert SOURCE.folders(Machine(tmp_path, system, {})) == (tmp_path / ".gemini" / "tmp",)
    elsewhere = Machine(tmp_path, system, {"GEMINI_CLI_HOME": str(tmp_path / "x")})
    assert SOURCE.folders(elsewhere) == (tmp_path / "x" / ".gemini" / "tmp",)


# What is not known


def test_what_is_not_understood_is_counted_by_name_and_never_raises(tmp_path: Path) -> None:
    strange = {**user("x", "s1"), "type": "poem"}
    odd = gemini("", {**call("read_file", {}, {"output": "x"}, status="pondering"), "mood": 1}, id="g1")
    snapshot = read(
        mutations(tmp_path, strange, odd, {**user("a", "u2"), "likes": 3}, {"$set": {"weather": 1}}, {"z": 1})
    )

    assert snapshot.unknown == {
        "type:poem": 1,
        "status:pondering": 1,
        "call:mood": 1,
        "field:likes": 1,
        "field:weather": 1,
        "line:z": 1,
    }


@pytest.mark.parametrize(
    "record",
    [
        {"id": "x", "type": "gemini", "toolCalls": "none", "tokens": 3, "content": {"text": 1}},
        {
            "id": "x",
            "type": "gemini",
            "toolCalls": [None, {"id": 1, "args": [], "result": {"a": 1}, "status": "success"}],
        },
        {"id": "x", "type": "user", "content": [1, [None], {"functionResponse": []}], "timestamp": {}},
        {"id": "x", "type": "user", "content": None, "displayContent": 4},
        {"id": "x", "type": ["user"]},
    ],
)
def test_a_field_of_another_kind_than_expected_does_no_harm(record: Any, tmp_path: Path) -> None:
    read(mutations(tmp_path, record))


@pytest.mark.parametrize("depth", [480, 900, 960, 985])
def test_a_value_that_is_nested_as_deep_as_can_be_read_does_no_harm(depth: int, tmp_path: Path) -> None:
    deep = "[" * depth + "]" * depth
    made = {**gemini("", call("t", {"a": 0}, id="c1")), "id": None}

    read(mutations(tmp_path, user("x"), json.dumps(made).replace('{"a": 0}', f'{{"a": {deep}}}, "result": {deep}')))


def test_only_geminis_own_files_are_owned(tmp_path: Path) -> None:
    document_, log = document(tmp_path, user("x")), mutations(tmp_path, user("x"))
    others = {
        "a.jsonl": {"type": "user", "message": {"role": "user", "content": "x"}, "sessionId": "s", "uuid": "u"},
        "b.jsonl": {"id": "1", "timestamp": TIME, "type": "message", "content": "x"},
        "package.json": {"name": "shop", "version": "1"},
        "checkpoint-x.json": {"step": 3},
        "logs.json": [{"level": "info"}],
    }

    for path in (document_, log):
        assert next(source.name for source in SOURCES if source.owns(path, path.read_bytes())) == "gemini"
    for name, record in others.items():
        assert not SOURCE.owns(tmp_path / name, json.dumps(record).encode())


def test_the_head_of_a_document_of_megabytes_tells_whose_it_is(tmp_path: Path) -> None:
    path = document(tmp_path, user("x" * 200_000))

    assert SOURCE.owns(path, path.read_bytes()[: 64 << 10])


# Real sessions

_REAL = "gemini/jnarowski__agentcmd"


@pytest.mark.parametrize(
    "session", ["2025-10-27T19-55-981c87cb", "2025-10-29T10-36-453aa339", "2025-10-29T10-36-9c9a14e1"]
)
def test_real_sessions_read_as_they_were_checked_by_eye(session: str, golden: ModuleType, real_logs: Path) -> None:
    golden.check(f"gemini-{session}", SOURCE, real_logs / _REAL / f"session-{session}.json")


def test_a_real_message_cut_out_of_its_session_reads_as_it_does_there_and_takes_nothing_from_it(
    real_logs: Path,
) -> None:
    there = {event.id: event for path in (real_logs / _REAL).glob("session-*.json") for event in events(path)}

    for path in sorted((real_logs / _REAL / "individual").glob("*.json")):
        assert SOURCE.owns(path, path.read_bytes())
        for event in events(path):
            whole = there[event.id.removeprefix("message-")]
            assert (event.type, event.text, event.outcome) == (whole.type, whole.text, whole.outcome)
            assert event.id not in there


def test_all_of_the_real_logs_is_understood_and_their_folders_are_found(golden: ModuleType, real_logs: Path) -> None:
    logs = [path for path in real_logs.rglob("*.json") if SOURCE.owns(path, path.read_bytes())]

    read_ = [golden.reading(SOURCE, path) for path in logs]

    assert len(logs) >= 14
    assert not any(made.unknown or made.lost for made in read_)
    sessions = [path for path in logs if path.name.startswith("session-2025")]
    assert all(read(path).facts.cwd for path in sessions)
