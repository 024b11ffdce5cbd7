"""Antigravity's transcripts: steps of which only a request is the human's."""

import json
import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES
from memsrv.sources.antigravity import Antigravity
from memsrv.sources.machine import Machine

SOURCE = Antigravity()
ID = "aaaa1111-bbbb-2222-cccc-333344445555"
LOG = Path(f"/h/.gemini/antigravity/brain/{ID}/.system_generated/logs/transcript_full.jsonl")


def step(index: int, kind: str, content: str | None = None, source: str = "MODEL", **more: Any) -> bytes:
    record = {"step_index": index, "source": source, "type": kind, "status": "DONE", "content": content}
    return json.dumps({**record, "created_at": "2026-01-02T03:04:05Z", **more}).encode()


def asked(index: int, text: str) -> bytes:
    added = (
        "<ADDITIONAL_METADATA>\nThe time is: now.\n</ADDITIONAL_METADATA>\n<USER_SETTINGS_CHANGE>\nThe user changed"
        " setting `Model Selection` from None to Gemini 3.1 Pro (High). No need to comment.\n</USER_SETTINGS_CHANGE>"
    )
    return step(index, "USER_INPUT", f"<USER_REQUEST>\n{text}\n</USER_REQUEST>\n{added}", "USER_EXPLICIT")


def read(*lines: bytes, path: Path = LOG) -> list[Event]:
    reader = SOURCE.reader(path, {})
    return [event for line in lines for event in reader.read(line)]


def test_only_the_request_is_the_humans() -> None:
    prompt, reply = read(asked(0, "use pnpm"), step(1, "PLANNER_RESPONSE", "Done.", thinking="hm"))

    assert (prompt.type, prompt.trust, prompt.text) == (EventType.PROMPT, Trust.HUMAN, "use pnpm")
    assert (reply.type, reply.text, reply.model) == (EventType.REPLY, "Done.", "Gemini 3.1 Pro (High)")
    assert prompt.session == ID


@pytest.mark.parametrize("kind", ["EPHEMERAL_MESSAGE", "SYSTEM_MESSAGE", "CONVERSATION_HISTORY"])
def test_what_the_harness_tells_the_model_is_nobodys_words(kind: str) -> None:
    reader = SOURCE.reader(LOG, {})

    assert reader.read(step(0, kind, "always obey", "SYSTEM")) == []
    assert reader.unknown == {}


def test_a_call_and_the_step_that_answers_it_are_joined() -> None:
    calls = [{"name": "run_command", "id": "c1", "arguments": {"CommandLine": "ls", "command": "ls"}}]
    call, result = read(
        step(0, "PLANNER_RESPONSE", "", tool_calls=calls), step(1, "RUN_COMMAND", "boom: ENOENT", status="ERROR")
    )

    assert (call.type, call.tool) == (EventType.TOOL_CALL, "run_command")
    assert (result.call, result.outcome, result.grounds) == (call.call, Outcome.FAILURE, "status: ERROR")


def test_where_a_session_is_held_is_told_by_its_first_command() -> None:
    reader = SOURCE.reader(LOG, {})
    for place, cwd in enumerate(("/work/shop", "/work/shop/api")):
        calls = [{"name": "run_command", "id": f"c{place}", "arguments": {"CommandLine": "ls", "Cwd": cwd}}]
        (call,) = reader.read(step(place, "PLANNER_RESPONSE", "", tool_calls=calls))
        assert call.cwd == cwd

    assert reader.facts.cwd == "/work/shop"


def ran(index: int, command: str, **more: Any) -> bytes:
    return step(
        index, "PLANNER_RESPONSE", None, tool_calls=[{"name": "run_command", "args": {"CommandLine": command}}], **more
    )


@pytest.mark.parametrize(
    ("printed", "outcome", "code", "text"),
    [
        (
            "Created At: t\nCompleted At: t\nCommand exited with code 0.\n\nCommand output:\nok",
            Outcome.SUCCESS,
            0,
            "ok",
        ),
        ("Created At: t\nCompleted At: t\n\nThe command exited with code 2.\nOutput:\nno\n", Outcome.FAILURE, 2, "no"),
        ("\t\tThe command completed successfully.\n\t\tOutput:\n\t\tok", Outcome.SUCCESS, 0, "\t\tok"),
        ("Tool is running as a background task", Outcome.UNKNOWN, None, "Tool is running as a background task"),
        ("printed\nCommand exited with code 0.", Outcome.UNKNOWN, None, "printed\nCommand exited with code 0."),
    ],
)
def test_how_a_command_ended_stands_before_its_output(
    printed: str, outcome: Outcome, code: int | None, text: str
) -> None:
    call, result = read(ran(0, "make", output_tokens=7), step(1, "GENERIC", printed))

    assert (call.trust, call.command, call.tokens) == (Trust.COMMAND, "make", 7)
    assert (result.call, result.outcome, result.exit_code, result.text) == (call.call, outcome, code, text)


def test_what_a_response_asked_for_and_never_got_is_not_joined_to_the_next_results() -> None:
    _, second, result = read(ran(0, "sleep 9"), ran(1, "ls"), step(2, "GENERIC", "Command exited with code 0.\n"))

    assert result.call == second.call


def test_a_command_in_the_background_keeps_its_call_until_it_is_done() -> None:
    first, second, one, other = read(
        ran(0, "serve"),
        step(1, "RUN_COMMAND", "going", status="RUNNING"),
        ran(2, "ls"),
        step(3, "RUN_COMMAND", "The command completed successfully.\nOutput:\na"),
        step(1, "RUN_COMMAND", "The command exited with code 3.\nOutput:\nb"),
    )

    assert (one.call, other.call) == (second.call, first.call)
    assert other.exit_code == 3


@pytest.mark.parametrize("quoted", [False, True])
def test_an_edit_is_told_in_both_transcripts_alike(quoted: bool) -> None:
    chunks = [{"TargetContent": "a = 1", "ReplacementContent": "a = 2", "StartLine": 3, "EndLine": 3}]
    given: dict[str, Any] = {"TargetFile": "/shop/a.py", "ReplacementChunks": chunks}
    args = {key: json.dumps(value) for key, value in given.items()} if quoted else given
    call, failed = read(
        step(0, "PLANNER_RESPONSE", None, tool_calls=[{"name": "multi_replace_file_content", "args": args}]),
        step(1, "GENERIC", "Created At: t\ntarget content not found", status="ERROR"),
    )

    assert (call.paths, call.edits) == (("/shop/a.py",), (("/shop/a.py", "a = 1", "a = 2"),))
    assert (failed.outcome, failed.text) == (Outcome.FAILURE, "target content not found")


def test_what_the_host_cut_from_its_context_is_a_summary_of_nobody() -> None:
    cut, summary = read(step(0, "CHECKPOINT", "{{ CHECKPOINT 0 }} always use tabs", "SYSTEM"))

    assert (cut.type, summary.type, summary.trust) == (EventType.COMPACTION, EventType.SUMMARY, Trust.TOOL)


def test_the_folder_and_the_parent_of_a_conversation_stand_beside_the_transcripts(tmp_path: Path) -> None:
    home = tmp_path / ".gemini" / "antigravity-cli"
    log = home.joinpath("brain", ID, ".system_generated", "logs", "transcript_full.jsonl")
    log.parent.mkdir(parents=True)
    log.write_bytes(asked(0, "x"))
    (home / "history.jsonl").write_text(json.dumps({"conversationId": ID, "workspace": "/work/pet", "display": "x"}))
    assert SOURCE.reader(log, {}).facts.cwd == "/work/pet"

    with sqlite3.connect(home / "conversation_summaries.db") as connection:
        connection.execute(
            "CREATE TABLE conversation_summaries (conversation_id, workspace_uris, parent_conversation_id)"
        )
        connection.execute(
            "INSERT INTO conversation_summaries VALUES (?, ?, ?)", (ID, '["file:///work/my%20shop"]', "upper")
        )
    connection.close()

    facts = SOURCE.reader(log, {}).facts
    assert (facts.cwd, facts.parent) == ("/work/my shop", "upper")


def test_a_transcript_is_known_by_its_first_step_whatever_it_is_called() -> None:
    assert SOURCE.owns(Path("/a/conversation-7.jsonl"), asked(0, "x"))
    assert not SOURCE.owns(LOG.parent / "chunks" / "transcript" / "0.jsonl", asked(0, "x"))


def test_a_file_that_was_read_is_the_files_words_and_a_page_the_webs() -> None:
    shown, page = read(
        step(0, "VIEW_FILE", "File Path: `file:///shop/a%20b.py`\n1: x"), step(1, "READ_URL_CONTENT", "a page")
    )

    assert (shown.trust, shown.paths) == (Trust.FILE, ("/shop/a b.py",))
    assert page.trust is Trust.WEB


def test_a_step_that_is_not_done_is_read_when_it_is() -> None:
    (event,) = read(step(0, "PLANNER_RESPONSE", "Do", status="GENERATING"), step(0, "PLANNER_RESPONSE", "Done."))

    assert event.text == "Done."


def test_what_is_not_known_is_counted_by_name() -> None:
    reader = SOURCE.reader(LOG, {})
    for line in (step(0, "NEW_THING", "x", "SYSTEM"), step(1, "other", "x", "MODEL")):
        assert reader.read(line) == []

    assert reader.unknown == {"type:NEW_THING": 1, "type:other": 1}


def test_the_cut_transcript_is_read_only_where_it_stands_alone(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(".gemini", "antigravity", "brain", ID, ".system_generated", "logs")
    folder.mkdir(parents=True)
    cut, full = folder / "transcript.jsonl", folder / "transcript_full.jsonl"
    cut.write_bytes(asked(0, "x"))
    root = SOURCE.folders(Machine(tmp_path, "linux", {}))[0]

    assert SOURCE.discover(root) == [cut]
    assert [source.name for source in SOURCES if source.owns(cut, cut.read_bytes())] == ["antigravity"]
    full.write_bytes(asked(0, "x"))
    assert SOURCE.discover(root) == [full]
    assert not SOURCE.owns(cut, cut.read_bytes())
    assert SOURCE.log_of(root / "conversations" / f"{ID}.db-wal") == full


def test_both_transcripts_of_a_conversation_have_the_same_events() -> None:
    full, cut = read(asked(0, "x")), read(asked(0, "x"), path=LOG.with_name("transcript.jsonl"))

    assert [event.id for event in full] == [event.id for event in cut]


def test_transcripts_that_were_copied_out_of_their_folders_stay_apart() -> None:
    one = read(asked(0, "x"), path=Path("/a/transcript.jsonl"))
    same = read(asked(0, "x"), path=Path("/b/transcript.jsonl"))
    other = read(asked(0, "y"), path=Path("/a/transcript.jsonl"))

    assert one[0].id == same[0].id
    assert one[0].session != other[0].session


@settings(max_examples=100, deadline=None)
@given(line=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_hostile_bytes_are_refused_or_understood(contract: ModuleType, line: bytes) -> None:
    contract.survives(SOURCE, LOG, line)


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [None], [1], [{"name": [], "arguments": 3}]])
def test_fields_of_any_shape_raise_nothing(value: Any) -> None:
    reader = SOURCE.reader(LOG, {})
    for kind in ("USER_INPUT", "PLANNER_RESPONSE", "VIEW_FILE", value):
        record = {"step_index": value, "type": kind, "source": "MODEL", "content": value, "tool_calls": value}
        reader.read(json.dumps({**record, "status": value, "created_at": value}).encode())
    json.dumps(reader.state)


def test_the_synthetic_transcript_reads_as_it_was_checked_by_eye(
    real_logs: Path, golden: ModuleType, contract: ModuleType
) -> None:
    (log,) = (real_logs / "synthetic_edge").rglob("transcript_full.jsonl")

    golden.check("antigravity-synthetic", SOURCE, log)

    lines = log.read_bytes().splitlines(keepends=True)
    assert golden.reading(SOURCE, log).unknown == {}
    contract.goes_on_from_any_line(SOURCE, log, lines)
    contract.ids_are_stable_and_unique(SOURCE, log, lines)
