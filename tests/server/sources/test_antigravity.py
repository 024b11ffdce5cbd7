"""Antigravity's transcripts: steps of which only a request is the human's."""

import json
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
