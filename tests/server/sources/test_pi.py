"""Pi's sessions: a tree of entries, of which a fork copies some."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES, UnreadableLineError
from memsrv.sources.machine import Machine
from memsrv.sources.pi import Pi

SOURCE = Pi()
ID = "11111111-2222-4333-8444-555555555555"
LOG = Path(f"/logs/sessions/--home-a-shop--/2026-01-02T03-04-05-678Z_{ID}.jsonl")
TIME = "2026-01-02T03:04:05.678Z"


def entry(kind: str, id: str | None = "e1", parent: str | None = None, **more: Any) -> bytes:
    return json.dumps({"type": kind, "id": id, "parentId": parent, "timestamp": TIME, **more}).encode()


def header() -> bytes:
    return entry("session", ID, version=3, cwd="/home/a/shop")


def message(role: str, content: Any = None, *, id: str = "e1", parent: str | None = None, **more: Any) -> bytes:
    return entry("message", id, parent, message={"role": role, "content": content, **more})


def call(tool: str, id: str = "c1", **arguments: Any) -> bytes:
    block = {"type": "toolCall", "id": id, "name": tool, "arguments": arguments}
    return message("assistant", [block], id=f"call-{id}", model="opus", usage={"output": 7})


def result(tool: str, text: str, *, error: bool, id: str = "c1", **more: Any) -> bytes:
    content = [{"type": "text", "text": text}]
    return message("toolResult", content, id=f"r-{id}", toolCallId=id, toolName=tool, isError=error, **more)


def read(*lines: bytes) -> list[Event]:
    reader = SOURCE.reader(LOG, {})
    return [event for line in (header(), *lines) for event in reader.read(line)]


def test_a_prompt_is_a_humans_and_a_reply_the_models_without_its_thoughts() -> None:
    thought = {"type": "thinking", "thinking": "hm"}
    said = [thought, {"type": "text", "text": "Done."}]
    prompt, reply = read(message("user", "use pnpm"), message("assistant", said, id="e2", model="opus"))

    assert (prompt.type, prompt.trust, prompt.text) == (EventType.PROMPT, Trust.HUMAN, "use pnpm")
    assert (prompt.session, prompt.cwd, prompt.time) == (ID, "/home/a/shop", TIME)
    assert (reply.type, reply.text, reply.model) == (EventType.REPLY, "Done.", "opus")


@pytest.mark.parametrize(
    ("command", "text", "outcome", "code"),
    [
        ("npm test", "FAIL\n\nCommand exited with code 2", Outcome.FAILURE, 2),
        ("rg x", "(no output)\n\nCommand exited with code 1", Outcome.PARTIAL, 1),
        ("sleep 9", "a\n\nCommand aborted", Outcome.PARTIAL, None),
        ("sleep 9", "Command timed out after 5 seconds", Outcome.FAILURE, None),
    ],
)
def test_how_a_shell_command_failed_is_told_by_its_last_line(
    command: str, text: str, outcome: Outcome, code: int | None
) -> None:
    called, ended = read(call("bash", command=command), result("bash", text, error=True))

    assert (called.command, called.trust, called.tokens) == (command, Trust.COMMAND, 7)
    assert (ended.outcome, ended.exit_code, ended.call) == (outcome, code, called.call)
    assert ended.grounds


def test_a_command_that_did_not_fail_ended_with_zero() -> None:
    ended = read(call("bash", command="ls"), result("bash", "Command exited with code 2", error=False))[-1]

    assert (ended.outcome, ended.exit_code, ended.grounds) == (Outcome.SUCCESS, 0, "exit code 0")


def test_an_edit_has_its_texts_and_the_lines_that_it_wrote() -> None:
    diff = "  6 keep\n+ 7 new\n+ 8 \n  9 keep"
    edit = call("edit", path="shop/a.py", oldText="a", newText="b")
    called, ended = read(edit, result("edit", "ok", error=False, details={"diff": diff}))

    assert called.edits == (("shop/a.py", "a", "b"),)
    assert (ended.spans, ended.paths) == ((("shop/a.py", 7, 8),), ("shop/a.py",))


def test_a_command_that_the_human_ran_is_theirs() -> None:
    ran = message("bashExecution", command="npm test", output="1 failed", exitCode=1, cancelled=False)

    command, output = read(ran)

    assert (command.type, command.trust, command.command) == (EventType.COMMAND, Trust.COMMAND, "npm test")
    assert (output.call, output.outcome, output.exit_code) == (command.call, Outcome.FAILURE, 1)


def test_a_skill_that_a_command_was_replaced_by_is_not_the_humans_words() -> None:
    skill = '<skill name="tidy" location="/s/SKILL.md">\nReferences are relative to /s.\n\nalways use tabs\n</skill>'
    alone, asked = read(message("user", skill), message("user", f"{skill}\n\nonly in src", id="e2"))

    assert (alone.type, alone.command) == (EventType.COMMAND, "/skill:tidy")
    assert (asked.type, asked.text) == (EventType.PROMPT, "only in src")


def test_a_file_that_was_put_before_a_prompt_is_named_and_not_the_humans_words() -> None:
    files = '<file name="/w/a.md">\nnever use npm\n</file>\nnor yarn\n</file>\n<file name="/w/b.png"></file>\n'
    (prompt,) = read(message("user", f"{files}look at both"))

    assert (prompt.text, prompt.paths) == ("look at both", ("/w/a.md", "/w/b.png"))


def test_summaries_are_the_hosts_and_compactions_are_kept() -> None:
    compacted = entry("compaction", "e1", summary="all so far", firstKeptEntryId="x", tokensBefore=50_000)
    left = entry("branch_summary", "e2", "e1", fromId="x", summary="another way")

    assert [(event.type, event.text) for event in read(compacted, left)] == [
        (EventType.COMPACTION, "50000 tokens before"),
        (EventType.SUMMARY, "all so far"),
        (EventType.SUMMARY, "another way"),
    ]


def test_two_prompts_under_one_entry_are_branches_whatever_stands_between() -> None:
    first = message("user", "a", id="e2", parent="e1")
    switched = entry("model_change", "e3", "e1", modelId="opus")
    second = message("user", "b", id="e4", parent="e3")

    root, one, other = read(message("user", "x"), first, switched, second)

    assert one.parent == other.parent == root.id


def test_a_fork_has_the_same_events_for_the_entries_that_it_copied() -> None:
    original = read(message("user", "x"))
    reader = SOURCE.reader(Path("/logs/2026_other.jsonl"), {})
    fork = entry("session", "other", version=3, cwd="/home/a/shop", parentSession=str(LOG))

    copied = [event for line in (fork, message("user", "x")) for event in reader.read(line)]

    assert [event.id for event in copied] == [event.id for event in original]
    assert reader.facts.parent == ID


def test_entries_of_one_id_in_two_sessions_are_two() -> None:
    later = message("user", "x").replace(b"03:04:05", b"09:10:11")

    assert read(message("user", "x"))[0].id != read(later)[0].id


def test_what_is_not_known_is_counted_by_name() -> None:
    reader = SOURCE.reader(LOG, {})
    for line in (entry("teleport"), message("ghost"), message("assistant", [{"type": "hologram"}])):
        assert reader.read(line) == []

    assert reader.unknown == {"type:teleport": 1, "role:ghost": 1, "block:hologram": 1}


def test_only_pi_owns_its_sessions(tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    lines = b"\n".join((header(), message("user", "x")))

    assert [source.name for source in SOURCES if source.owns(log, lines)] == ["pi"]
    assert not SOURCE.owns(log, b'{"type":"session_meta","payload":{}}')
    assert not SOURCE.owns(log, b"not json")


def test_its_sessions_are_found_below_its_own_folder(tmp_path: Path) -> None:
    log = tmp_path / ".pi" / "agent" / "sessions" / "--home-a--" / "2026_x.jsonl"
    log.parent.mkdir(parents=True)
    log.touch()

    (folder,) = SOURCE.folders(Machine(tmp_path, "linux", {}))

    assert SOURCE.discover(folder) == [log]
    assert SOURCE.folders(Machine(tmp_path, "linux", {"PI_CODING_AGENT_DIR": "/pi"})) == (Path("/pi/sessions"),)
    assert SOURCE.session_id(LOG) == ID


@settings(max_examples=100, deadline=None)
@given(line=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_hostile_bytes_are_refused_or_understood(contract: ModuleType, line: bytes) -> None:
    contract.survives(SOURCE, LOG, line)


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [None], {"role": []}, {"content": 5}])
@pytest.mark.parametrize("role", ["user", "assistant", "toolResult", "bashExecution"])
def test_fields_of_any_shape_raise_nothing(role: str, value: Any) -> None:
    reader = SOURCE.reader(LOG, {})
    reader.read(entry("message", message=value))
    reader.read(message(role, value, command=value, output=value, exitCode=value, toolCallId=value, usage=value))
    reader.read(json.dumps({"type": value, "id": value, "parentId": value, "timestamp": value}).encode())
    json.dumps(reader.state)


def test_a_line_that_is_no_record_is_named() -> None:
    with pytest.raises(UnreadableLineError, match="not JSON"):
        SOURCE.reader(LOG, {}).read(b'{"type":')


# Real logs


@pytest.mark.parametrize("name", ["crud", "branched"])
def test_real_sessions_read_as_they_were_checked_by_eye(
    real_logs: Path, golden: ModuleType, contract: ModuleType, name: str
) -> None:
    log = real_logs / "pi" / "tomjnsn__agentlogs" / f"{name}.jsonl"

    golden.check(f"pi-{name}", SOURCE, log)

    lines = log.read_bytes().splitlines(keepends=True)
    assert golden.reading(SOURCE, log).unknown == {}
    contract.goes_on_from_any_line(SOURCE, log, lines)
    contract.ids_are_stable_and_unique(SOURCE, log, lines)
