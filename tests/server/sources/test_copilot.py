"""Copilot CLI: its events, and the documents of the versions before, in the form that its vendor's types describe."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES, UnreadableLineError
from memsrv.sources.copilot import Copilot, CopilotHistory
from memsrv.sources.machine import Machine

SESSION = "0b5e3d1c-1f0a-4c0e-9b39-6c1d5a0f7e11"


def _event(number: int, kind: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "data": data,
        "id": f"00000000-0000-4000-8000-{number:012}",
        "timestamp": f"2026-03-01T10:00:{number:02}.000Z",
        "parentId": f"00000000-0000-4000-8000-{number - 1:012}" if number else None,
        **more,
    }


def _session(*after: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    start = {
        "sessionId": SESSION,
        "version": 1,
        "producer": "copilot-agent",
        "copilotVersion": "1.0.24",
        "startTime": "2026-03-01T10:00:00.000Z",
        "selectedModel": "claude-sonnet-4.5",
        "context": {"cwd": "/w/app", "gitRoot": "/w/app", "branch": "main", "repository": "acme/app"},
    }
    return [_event(number, kind, data) for number, (kind, data) in enumerate([("session.start", start), *after])]


def _shell(call: str, command: str, **complete: Any) -> list[tuple[str, dict[str, Any]]]:
    request = {"toolCallId": call, "name": "bash", "arguments": {"command": command, "description": "Try it"}}
    start = {"toolCallId": call, "toolName": "bash", "arguments": request["arguments"]}
    return [
        ("assistant.message", {"messageId": f"m-{call}", "content": "", "toolRequests": [request]}),
        ("tool.execution_start", start),
        ("tool.execution_complete", {"toolCallId": call, **complete}),
    ]


def _lines(records: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(record).encode() + b"\n" for record in records]


def _read(records: list[dict[str, Any]], path: Path = Path("session-state/x/events.jsonl")) -> list[Event]:
    reader = Copilot().reader(path, {})
    return [event for line in _lines(records) for event in reader.read(line)]


def _result(**complete: Any) -> Event:
    return _read(_session(*_shell("c1", complete.pop("command", "make"), **complete)))[-1]


# The conversation


def test_a_turn_is_a_prompt_a_reply_a_call_and_its_result() -> None:
    said = (
        "user.message",
        {"content": "fix the build", "transformedContent": "<now/>fix the build", "attachments": []},
    )
    reply = ("assistant.message", {"messageId": "m1", "content": "Looking.", "outputTokens": 12})
    ran = _shell("c1", "make", success=True, result={"content": "ok\n<exited with exit code 0>"})

    events = _read(_session(said, reply, *ran))

    assert [(event.type, event.text) for event in events] == [
        (EventType.PROMPT, "fix the build"),
        (EventType.REPLY, "Looking."),
        (EventType.TOOL_CALL, "Try it"),
        (EventType.TOOL_RESULT, "ok"),
    ]


def test_a_call_is_joined_to_its_result_and_told_once() -> None:
    events = _read(_session(*_shell("c1", "make", success=True, result={"content": "<exited with exit code 0>"})))

    assert [(event.call, event.tool, event.command) for event in events] == [
        ("c1", "bash", "make"),
        ("c1", "bash", None),
    ]


def test_the_reply_names_its_model_and_counts_its_tokens() -> None:
    changed = ("session.model_change", {"previousModel": "claude-sonnet-4.5", "newModel": "gpt-5.2"})

    (reply,) = _read(_session(changed, ("assistant.message", {"messageId": "m", "content": "Hi", "outputTokens": 7})))

    assert (reply.model, reply.tokens) == ("gpt-5.2", 7)


def test_what_the_harness_says_under_the_users_name_is_no_prompt() -> None:
    (skill,) = _read(_session(("user.message", {"content": "Use the pdf skill", "source": "skill-pdf"})))

    assert (skill.type, skill.trust) == (EventType.NOTE, Trust.TOOL)


def test_a_prompt_that_the_autopilot_gave_itself_is_no_humans() -> None:
    (told,) = _read(_session(("user.message", {"content": "Go on until it is done", "isAutopilotContinuation": True})))

    assert (told.type, told.trust) == (EventType.NOTE, Trust.TOOL)


def test_what_a_subagent_is_told_is_no_prompt_of_a_human() -> None:
    records = _session()
    records.append(_event(1, "user.message", {"content": "Inspect it"}, agentId="agent-1"))

    (told,) = _read(records)

    assert (told.type, told.trust, told.sidechain) == (EventType.NOTE, Trust.ASSISTANT, True)


def test_thinking_is_dropped() -> None:
    assert _read(_session(("assistant.reasoning", {"reasoningId": "r", "content": "hm"}))) == []


# How things ended


def test_a_tool_that_did_its_work_may_have_run_a_command_that_failed() -> None:
    result = _result(success=True, result={"content": "make: *** No rule\n<exited with exit code 2>"})

    assert (result.outcome, result.exit_code, result.grounds) == (Outcome.FAILURE, 2, "exit code 2")


def test_an_exit_code_that_a_command_printed_is_not_its_own() -> None:
    result = _result(success=True, result={"content": "<exited with exit code 0>\nboom\n<exited with exit code 3>"})

    assert result.exit_code == 3


def test_a_command_that_goes_on_in_the_background_has_no_outcome() -> None:
    result = _result(success=True, result={"content": "<command with id: 0 is still running>"})

    assert (result.outcome, result.exit_code, result.grounds) == (Outcome.UNKNOWN, None, None)


def test_a_search_that_found_nothing_is_an_answer() -> None:
    result = _result(command="grep -r foo .", success=True, result={"content": "\n<exited with exit code 1>"})

    assert (result.outcome, result.exit_code) == (Outcome.PARTIAL, 1)


def test_the_newer_form_tells_the_exit_code_in_a_block() -> None:
    block = {"type": "terminal", "text": "boom", "exitCode": 4, "cwd": "/w"}

    assert _result(success=True, result={"content": "boom", "contents": [block]}).exit_code == 4


def test_an_exit_code_beside_the_result_counts_where_the_result_was_cut() -> None:
    result = _result(success=True, result={"content": "boom"}, shellExecution={"exitCode": 3})

    assert (result.outcome, result.exit_code, result.grounds) == (Outcome.FAILURE, 3, "exit code 3")


def test_a_refusal_is_the_humans_and_no_failure() -> None:
    result = _result(success=False, error={"message": "The user rejected this tool call.", "code": "rejected"})

    assert (result.type, result.trust, result.outcome) == (EventType.REJECTION, Trust.HUMAN, Outcome.REJECTED)


def test_a_refusal_carries_what_the_human_said() -> None:
    asked = ("permission.requested", {"requestId": "p1", "permissionRequest": {"kind": "shell", "toolCallId": "c1"}})
    denied = {"kind": "denied-interactively-by-user", "feedback": "use pnpm"}
    call, start, complete = _shell("c1", "npm i", success=False, error={"message": "no", "code": "rejected"})

    events = _read(
        _session(call, start, asked, ("permission.completed", {"requestId": "p1", "result": denied}), complete)
    )

    assert (events[-1].type, events[-1].text) == (EventType.REJECTION, "use pnpm")


def test_what_a_rule_forbids_is_no_refusal_of_a_human() -> None:
    result = _result(success=False, error={"message": "denied by policy", "code": "denied"})

    assert (result.type, result.outcome, result.error) == (EventType.TOOL_RESULT, Outcome.FAILURE, "permission denied")


def test_the_answer_to_a_question_is_a_humans_word() -> None:
    ask = {"toolCallId": "q", "toolName": "ask_user", "arguments": {"question": "Which?"}}
    done = {"toolCallId": "q", "success": True, "result": {"content": "the second"}}

    events = _read(_session(("tool.execution_start", ask), ("tool.execution_complete", done)))

    assert (events[-1].trust, events[-1].text) == (Trust.HUMAN, "the second")


def test_an_abort_is_an_interrupt() -> None:
    (stopped,) = _read(_session(("abort", {"reason": "user initiated"})))

    assert (stopped.type, stopped.trust) == (EventType.INTERRUPT, Trust.HUMAN)


def test_a_compaction_is_a_boundary_and_its_summary_no_evidence() -> None:
    done = {"success": True, "preCompactionTokens": 90000, "summaryContent": "They built it.", "checkpointPath": "c"}

    events = _read(_session(("session.compaction_complete", done)))

    assert [(event.type, event.text) for event in events] == [
        (EventType.COMPACTION, "unknown, 90000 tokens before"),
        (EventType.SUMMARY, "They built it."),
    ]


def test_an_edit_tells_its_file_and_both_texts() -> None:
    given = {"path": "/w/a.py", "old_str": "x = 0", "new_str": "x = 1"}

    (call,) = _read(_session(("tool.execution_start", {"toolCallId": "e", "toolName": "edit", "arguments": given})))

    assert (call.paths, call.edits) == (("/w/a.py",), (("/w/a.py", "x = 0", "x = 1"),))


def test_a_view_tells_its_lines_and_gives_back_a_files_words() -> None:
    given = {"path": "/w/a.py", "view_range": [3, 9]}
    done = {"toolCallId": "v", "success": True, "result": {"content": "3. x"}}

    call, result = _read(
        _session(
            ("tool.execution_start", {"toolCallId": "v", "toolName": "view", "arguments": given}),
            ("tool.execution_complete", done),
        )
    )

    assert (call.spans, result.trust) == ((("/w/a.py", 3, 9),), Trust.FILE)


# The session


def test_the_session_is_what_its_first_event_says(tmp_path: Path) -> None:
    reader = Copilot().reader(tmp_path / "copy.jsonl", {})
    reader.read(_lines(_session())[0])

    assert list(reader.sessions) == [SESSION]
    assert (reader.facts.cwd, reader.facts.branch, reader.facts.version) == ("/w/app", "main", "1.0.24")
    assert reader.facts.remote == "https://github.com/acme/app"


def test_the_workspace_beside_tells_what_the_events_do_not(tmp_path: Path) -> None:
    (tmp_path / "workspace.yaml").write_text("id: x\ncwd: /w/app\nbranch: main\nsummary: 'Fix the build'\n")

    facts = Copilot().reader(tmp_path / "events.jsonl", {}).facts

    assert (facts.cwd, facts.branch, facts.title) == ("/w/app", "main", "Fix the build")


def test_records_that_nobody_looked_at_are_counted_by_name() -> None:
    reader = Copilot().reader(Path("x.jsonl"), {})
    for line in _lines([_event(0, "session.dreamt", {}, mood="calm")]):
        reader.read(line)

    assert reader.unknown == {"type:session.dreamt": 1, "field:mood": 1}


def _all() -> list[dict[str, Any]]:
    ran = _shell("c1", "make", success=True, result={"content": "boom\n<exited with exit code 2>"})
    return _session(
        ("user.message", {"content": "go"}), *ran, ("assistant.message", {"messageId": "z", "content": "Done"})
    )


def test_reading_goes_on_from_any_line(contract: ModuleType, tmp_path: Path) -> None:
    contract.goes_on_from_any_line(Copilot(), tmp_path / "events.jsonl", _lines(_all()))


def test_a_copy_has_the_same_ids(contract: ModuleType, tmp_path: Path) -> None:
    contract.ids_are_stable_and_unique(Copilot(), tmp_path / "events.jsonl", _lines(_all()))


def test_two_equal_records_without_ids_are_two_events() -> None:
    bare = {"session_id": "s", "type": "userpromptsubmitted", "prompt": "again", "timestamp": 1700000000000}

    first, second = _read([bare, bare])

    assert first.id != second.id


def test_nul_bytes_that_a_crash_left_are_passed_by() -> None:
    reader = Copilot().reader(Path("events.jsonl"), {})

    assert reader.read(b"\x00" * 200 + _lines(_session(("user.message", {"content": "go"})))[1])[0].text == "go"


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"user.message","data":7}',
        b'{"type":7,"data":{}}',
        b'{"type":"abort","data":{"reason":[]}}',
        b"[]",
        b"{",
        b'{"type":"tool.execution_complete","data":{"toolCallId":{},"success":"no","result":[1]}}',
        b'{"type":"assistant.message","data":{"content":[],"toolRequests":{"a":1},"outputTokens":true}}',
        b'{"type":"session.start","data":{"sessionId":[],"context":"x"},"id":5,"timestamp":1e400}',
    ],
)
def test_a_strange_line_is_read_or_refused(contract: ModuleType, line: bytes) -> None:
    contract.survives(Copilot(), Path("events.jsonl"), line)


# The older documents


def _history(**more: Any) -> dict[str, Any]:
    told = [
        {"id": "1", "timestamp": "2025-10-01T10:00:00Z", "type": "user", "text": "list files"},
        {"id": "2", "type": "copilot", "text": "Sure."},
        {"id": "3", "type": "tool_call_requested", "callId": "c", "name": "bash", "arguments": {"command": "ls"}},
        {
            "id": "4",
            "type": "tool_call_completed",
            "callId": "c",
            "result": {"type": "success", "log": "a\n<exited with exit code 0>"},
        },
    ]
    return {"sessionId": SESSION, "startTime": "2025-10-01T09:59:00Z", "chatMessages": [], "timeline": told, **more}


def test_a_document_of_the_older_kind_is_a_session(tmp_path: Path) -> None:
    log = tmp_path / "session_x.json"
    log.write_text(json.dumps(_history()))

    (snapshot,) = CopilotHistory().snapshots(log, {})

    assert snapshot.session == SESSION
    assert [event.type for event in snapshot.events] == [
        EventType.PROMPT,
        EventType.REPLY,
        EventType.TOOL_CALL,
        EventType.TOOL_RESULT,
    ]
    assert snapshot.events[-1].exit_code == 0


def test_a_document_that_did_not_change_is_not_told_again(tmp_path: Path) -> None:
    log = tmp_path / "session_x.json"
    log.write_text(json.dumps(_history()))
    (snapshot,) = CopilotHistory().snapshots(log, {})

    assert list(CopilotHistory().snapshots(log, {snapshot.session: snapshot.mark})) == []


def test_a_document_that_is_half_written_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "session_x.json"
    log.write_text(json.dumps(_history())[:-20])

    with pytest.raises(UnreadableLineError, match="not JSON"):
        list(CopilotHistory().snapshots(log, {}))


# Finding


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_its_folders_are_in_the_home_folder_on_every_system(system: str) -> None:
    found = Copilot().folders(Machine(Path("/h"), system, {}))

    assert found == (Path("/h/.copilot/session-state"), Path("/h/.copilot/history-session-state"))


def test_an_environment_variable_moves_them() -> None:
    assert Copilot().folders(Machine(Path("/h"), "linux", {"COPILOT_HOME": "/c"}))[0] == Path("/c/session-state")


def test_discovery_finds_both_kinds_of_events_and_nothing_else(tmp_path: Path) -> None:
    for name in ("session-state/a/events.jsonl", "session-state/b.jsonl", "session-state/a/plan.md", "logs/x.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")

    found = [path.relative_to(tmp_path).as_posix() for path in Copilot().discover(tmp_path)]

    assert found == ["session-state/a/events.jsonl", "session-state/b.jsonl"]


def test_its_logs_are_owned_by_what_they_hold(tmp_path: Path) -> None:
    head = b"".join(_lines(_all()))

    owners = [source.name for source in SOURCES if source.owns(tmp_path / "any.jsonl", head)]

    assert owners == ["copilot"]


# Real shapes


def test_the_samples_read_as_they_were_checked_by_eye(real_logs: Path, golden: ModuleType) -> None:
    folder = real_logs / "synthetic_edge/Dicklesworthstone__coding_agent_session_search/copilot"

    golden.check("copilot-unicode", Copilot(), folder / "cli_prompt_output_unicode.events.jsonl")
    golden.check("copilot-truncated", Copilot(), folder / "cli_truncated_resume.events.jsonl")
    golden.check("copilot-legacy", CopilotHistory(), folder / "legacy_history_human.json")


def test_a_line_that_a_crash_cut_is_lost_alone(real_logs: Path, golden: ModuleType) -> None:
    folder = real_logs / "synthetic_edge/Dicklesworthstone__coding_agent_session_search/copilot"

    made = golden.reading(Copilot(), folder / "cli_truncated_resume.events.jsonl")

    assert [lost.place for lost in made.lost] == [2]
    assert len(made.events) == 2
