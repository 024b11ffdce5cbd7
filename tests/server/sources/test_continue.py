"""Continue's sessions, in the form that its own types describe."""

import json
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES, Snapshot, UnreadableLineError
from memsrv.sources.continue_dev import Continue
from memsrv.sources.machine import Machine

ID = "3f0c2b1e-9c35-4a3e-8f0e-2a6f6e5d9c11"


def _item(role: str, content: Any, **more: Any) -> dict[str, Any]:
    message = {"role": role, "content": content, **more.pop("message", {})}
    return {"message": message, "contextItems": more.pop("contextItems", []), **more}


def _used(status: str, *output: dict[str, Any], tool: str = "builtin_read_file", **given: Any) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": json.dumps(given)}}
    state = {"toolCallId": "call_1", "toolCall": call, "status": status, "parsedArgs": given, "output": list(output)}
    return _item("assistant", "", message={"toolCalls": [call]}, toolCallStates=[state])


def _ran(command: str, content: str, status: str) -> dict[str, Any]:
    output = {"name": "Terminal", "description": "Terminal command output", "content": content, "status": status}
    return _used("done", output, tool="builtin_run_terminal_command", command=command)


def _kept(root: Path, *history: Any, name: str = ID) -> Path:
    log = root / "sessions" / f"{name}.json"
    log.parent.mkdir(parents=True, exist_ok=True)
    session = {"sessionId": ID, "title": "Build", "workspaceDirectory": "file:///w/my%20app", "history": list(history)}
    log.write_text(json.dumps(session))
    index = [{"sessionId": ID, "title": "Build", "dateCreated": "1772359200000", "workspaceDirectory": "/w/my app"}]
    log.with_name("sessions.json").write_text(json.dumps(index))
    return log


def _snapshot(root: Path, *history: Any, name: str = ID) -> Snapshot:
    (snapshot,) = Continue().snapshots(_kept(root, *history, name=name), {})
    return snapshot


def _events(root: Path, *history: Any) -> list[Event]:
    return list(_snapshot(root, *history).events)


# The conversation


def test_a_turn_is_a_prompt_and_a_reply(tmp_path: Path) -> None:
    logs = [{"modelTitle": "Claude Sonnet", "prompt": "p", "completion": "c"}]
    reply = _item("assistant", "Sure.", promptLogs=logs, message={"usage": {"completionTokens": 9}})

    events = _events(tmp_path, _item("user", [{"type": "text", "text": "fix the build"}]), reply)

    assert [(event.type, event.trust, event.text) for event in events] == [
        (EventType.PROMPT, Trust.HUMAN, "fix the build"),
        (EventType.REPLY, Trust.ASSISTANT, "Sure."),
    ]
    assert (events[1].model, events[1].tokens) == ("Claude Sonnet", 9)


def test_a_prompt_names_the_files_that_were_given_with_it(tmp_path: Path) -> None:
    context = [{"name": "a.py", "content": "x = 1", "uri": {"type": "file", "value": "file:///w/a.py"}}]

    (prompt,) = _events(tmp_path, _item("user", "look", contextItems=context))

    assert prompt.paths == ("/w/a.py",)


def test_a_tool_is_a_call_and_its_result(tmp_path: Path) -> None:
    used = _used("done", {"name": "a.py", "content": "x = 1"}, filepath="a.py")
    repeated = _item("tool", "x = 1", message={"toolCallId": "call_1"})

    call, gave = _events(tmp_path, used, repeated)

    assert (call.type, call.tool, call.paths) == (EventType.TOOL_CALL, "builtin_read_file", ("a.py",))
    assert (gave.text, gave.trust, gave.outcome, gave.grounds) == ("x = 1", Trust.FILE, Outcome.SUCCESS, "status: done")
    assert call.call == gave.call == "call_1"


def test_a_result_without_a_state_stands_in_a_message_of_its_own(tmp_path: Path) -> None:
    call = {"id": "call_2", "type": "function", "function": {"name": "builtin_ls", "arguments": '{"dirPath": "src"}'}}
    asked = _item("assistant", "", message={"toolCalls": [call]})

    events = _events(tmp_path, asked, _item("tool", "a.py", message={"toolCallId": "call_2"}))

    assert [(event.type, event.call, event.outcome) for event in events] == [
        (EventType.TOOL_CALL, "call_2", Outcome.UNKNOWN),
        (EventType.TOOL_RESULT, "call_2", Outcome.UNKNOWN),
    ]


def test_a_command_has_its_exit_code_where_it_is_told(tmp_path: Path) -> None:
    call, gave = _events(tmp_path, _ran("make", "boom", "Command failed with exit code 2"))

    assert (call.command, call.trust) == ("make", Trust.COMMAND)
    assert (gave.exit_code, gave.outcome, gave.grounds) == (2, Outcome.FAILURE, "exit code 2")


def test_a_command_that_completed_ended_well(tmp_path: Path) -> None:
    gave = _events(tmp_path, _ran("make", "ok", "Command completed"))[1]

    assert (gave.exit_code, gave.outcome) == (0, Outcome.SUCCESS)


def test_a_command_in_the_background_has_no_outcome(tmp_path: Path) -> None:
    assert (
        _events(tmp_path, _ran("npm start", "", "Command is running in the background"))[1].outcome is Outcome.UNKNOWN
    )


def test_what_the_user_refused_is_a_rejection(tmp_path: Path) -> None:
    refusal = _events(tmp_path, _used("canceled", filepath="a.py"))[1]

    assert (refusal.type, refusal.trust, refusal.outcome) == (EventType.REJECTION, Trust.HUMAN, Outcome.REJECTED)


def test_a_call_that_was_stopped_half_way_is_no_refusal(tmp_path: Path) -> None:
    gave = _events(tmp_path, _used("canceled", {"name": "x", "content": "half"}))[1]

    assert (gave.type, gave.outcome, gave.error) == (EventType.TOOL_RESULT, Outcome.PARTIAL, "interrupted")


def test_a_tool_that_failed_says_so(tmp_path: Path) -> None:
    gave = _events(tmp_path, _used("errored", {"name": "Tool Call Error", "content": "ENOENT"}))[1]

    assert (gave.outcome, gave.grounds, gave.error) == (Outcome.FAILURE, "status: errored", "no such file")


def test_a_summary_is_no_evidence(tmp_path: Path) -> None:
    events = _events(tmp_path, _item("user", "go"), _item("assistant", "ok", conversationSummary="They built it."))

    assert [event.type for event in events][2:] == [EventType.COMPACTION, EventType.SUMMARY]


def test_thinking_and_the_system_are_dropped(tmp_path: Path) -> None:
    assert _events(tmp_path, _item("system", "You are"), _item("thinking", "hm")) == []


def test_what_nobody_looked_at_is_counted_by_name(tmp_path: Path) -> None:
    snapshot = _snapshot(tmp_path, _item("oracle", "x", mood="calm"))

    assert snapshot.unknown == {"field:mood": 1, "role:oracle": 1}


# The document


def test_the_index_tells_when_a_session_began(tmp_path: Path) -> None:
    facts = _snapshot(tmp_path, _item("user", "go")).facts

    assert (facts.cwd, facts.title, facts.started) == ("/w/my app", "Build", "2026-03-01T10:00:00.000Z")


def test_a_session_that_grows_keeps_its_ids(tmp_path: Path) -> None:
    before = _events(tmp_path, _item("user", "go"), _item("assistant", "I wi"))
    after = _events(tmp_path, _item("user", "go"), _item("assistant", "I will"), _item("user", "go"))

    assert [event.id for event in before] == [event.id for event in after][:2]
    assert len({event.id for event in after}) == 3


def test_an_earlier_message_that_was_edited_is_another_one(tmp_path: Path) -> None:
    before = _events(tmp_path, _item("user", "use npm"), _item("assistant", "ok"))
    after = _events(tmp_path, _item("user", "use pnpm"), _item("assistant", "ok"))

    assert not {event.id for event in before} & {event.id for event in after}


def test_a_copy_under_another_name_is_the_same_session(tmp_path: Path) -> None:
    first = _snapshot(tmp_path, _item("user", "go"))
    second = _snapshot(tmp_path, _item("user", "go"), name="copy")

    assert (first.session, first.events) == (second.session, second.events)


def test_a_session_that_did_not_change_is_not_told_again(tmp_path: Path) -> None:
    log = _kept(tmp_path, _item("user", "go"))
    (snapshot,) = Continue().snapshots(log, {})

    assert list(Continue().snapshots(log, {snapshot.session: snapshot.mark})) == []


def test_a_document_that_is_half_written_is_refused(tmp_path: Path) -> None:
    log = _kept(tmp_path, _item("user", "go"))
    log.write_bytes(log.read_bytes()[:-9])

    with pytest.raises(UnreadableLineError, match="not JSON"):
        list(Continue().snapshots(log, {}))


@pytest.mark.parametrize("item", [7, {}, {"message": 7}])
def test_an_entry_that_is_none_is_lost_alone(tmp_path: Path, item: Any) -> None:
    snapshot = _snapshot(tmp_path, item, _item("user", "go"))

    assert ([lost.place for lost in snapshot.lost], len(snapshot.events)) == ([0], 1)


# Finding


def test_its_folder_may_be_moved() -> None:
    machine = Machine(Path("/h"), "linux", {"CONTINUE_GLOBAL_DIR": "/c"})

    assert Continue().folders(Machine(Path("/h"), "win32", {})) == (Path("/h/.continue/sessions"),)
    assert Continue().folders(machine) == (Path("/c/sessions"),)


def test_the_index_is_no_log(tmp_path: Path) -> None:
    log = _kept(tmp_path, _item("user", "go"))
    index = log.with_name("sessions.json")

    assert Continue().discover(tmp_path) == [log]
    assert not Continue().owns(index, index.read_bytes())


def test_its_sessions_are_owned_by_what_they_hold(tmp_path: Path) -> None:
    log = _kept(tmp_path, _item("user", "x" * 100_000))

    assert [source.name for source in SOURCES if source.owns(log, log.read_bytes()[: 1 << 16])] == ["continue"]


def test_a_history_without_a_session_is_anothers(tmp_path: Path) -> None:
    assert not Continue().owns(tmp_path / "x.json", b'{"history": [], "title": "x"}')


def test_another_agents_folder_of_that_name_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "rollout.json").write_text("{}")

    assert Continue().discover(tmp_path) == ()
