"""Cursor's agent transcripts: lines without ids, times or results, and the texts that they were before."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from memsrv.records import Event, EventType, Trust
from memsrv.sources import SOURCES, folders
from memsrv.sources.claude_code import ClaudeCode
from memsrv.sources.cursor import CursorAgent, CursorEditor, CursorTexts, CursorTranscripts
from memsrv.sources.machine import Machine

LINES = CursorTranscripts()
TEXTS = CursorTexts()


@pytest.fixture
def path(tmp_path: Path, cursor_files: ModuleType) -> Path:
    made = cursor_files.transcript(tmp_path)
    assert isinstance(made, Path)
    return made


def read(path: Path, *lines: bytes) -> list[Event]:
    reader = LINES.reader(path, {})
    return [event for line in lines for event in reader.read(line)]


def told(events: list[Event]) -> list[tuple[EventType, str]]:
    return [(event.type, event.text) for event in events]


def conversation(cursor_files: ModuleType) -> list[bytes]:
    return [
        cursor_files.typed("use pnpm"),
        cursor_files.line("assistant", cursor_files.words("[REDACTED]"), cursor_files.words("I will.\n[REDACTED]")),
        cursor_files.line("assistant", cursor_files.used("Shell", {"command": "pnpm i", "description": "Install"})),
        cursor_files.line("assistant", cursor_files.used("Shell", {"command": "pnpm i", "description": "Install"})),
        b'{"type":"turn_ended","status":"aborted"}',
    ]


def test_what_was_said_and_called_is_told_and_nothing_of_results(path: Path, cursor_files: ModuleType) -> None:
    prompt, reply, call, again, stopped = read(path, *conversation(cursor_files))

    assert (prompt.type, prompt.text, prompt.trust) == (EventType.PROMPT, "use pnpm", Trust.HUMAN)
    assert prompt.time == "2026-05-08T00:35:00.000Z"
    assert (reply.type, reply.text) == (EventType.REPLY, "I will.")
    assert (call.tool, call.command, call.text, call.trust) == ("Shell", "pnpm i", "Install", Trust.COMMAND)
    assert again.id != call.id
    assert stopped.type is EventType.INTERRUPT


def test_a_transcript_keeps_what_every_source_keeps(path: Path, cursor_files: ModuleType, contract: ModuleType) -> None:
    lines = [*conversation(cursor_files), cursor_files.typed("use pnpm")]

    contract.goes_on_from_any_line(LINES, path, lines)
    contract.ids_are_stable_and_unique(LINES, path, lines)
    strange = [record for line in lines[:3] for record in cursor_files.strange(json.loads(line))]
    for line in (
        *(json.dumps(record).encode() for record in strange),
        b"[]",
        b'{"role":"user"}',
        b'{"role":1,"message":[]}',
        b'{"role":"assistant","message":{"content":[1,{}]}}',
    ):
        contract.survives(LINES, path, line)


@pytest.mark.parametrize(
    "text",
    [
        "<user_query>Implement the plan</user_query>",
        "<user_info>\nOS\n</user_info>",
        "<system_reminder>\nx\n</system_reminder>",
        "no tag at all",
    ],
)
def test_what_cursor_says_in_the_humans_place_is_no_prompt(path: Path, cursor_files: ModuleType, text: str) -> None:
    assert read(path, cursor_files.line("user", cursor_files.words(text))) == []


def test_only_what_stands_in_the_query_is_the_humans(path: Path, cursor_files: ModuleType) -> None:
    around = "<attached_files>\nx\n</attached_files>\n{}\n<system_reminder>y</system_reminder>"
    text = around.format("<user_query>\nfix\nthis\n</user_query>")

    assert told(read(path, cursor_files.line("user", cursor_files.words(text)))) == [(EventType.PROMPT, "fix\nthis")]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("Friday, May 8, 2026, 6:05 AM (UTC+5:30)", "2026-05-08T00:35:00.000Z"),
        ("Tuesday, Sep 1, 2026, 11:59 PM (UTC-7)", "2026-09-02T06:59:00.000Z"),
        ("Friday, May 8, 2026, 6:05 AM (UTC)", "2026-05-08T06:05:00.000Z"),
        ("yesterday", None),
    ],
)
def test_a_prompts_time_is_the_moment_that_it_names(
    path: Path, cursor_files: ModuleType, written: str, instant: str | None
) -> None:
    assert [event.time for event in read(path, cursor_files.typed("x", written))] == [instant]


def test_a_patch_that_is_given_as_text_is_told_with_its_files_and_edits(path: Path, cursor_files: ModuleType) -> None:
    patch = (
        "*** Begin Patch\n*** Add File: a.py\n+x = 1\n*** Update File: b.py\n@@ -3,2 +3,2 @@\n-old\n+new\n*** End Patch"
    )

    (call,) = read(path, cursor_files.line("assistant", cursor_files.used("ApplyPatch", patch)))

    assert call.paths == ("a.py", "b.py")
    assert call.edits == (("a.py", "", "x = 1"), ("b.py", "old", "new"))
    assert call.spans == (("b.py", 3, 4),)


def test_a_turn_that_ended_in_an_error_is_noted(path: Path) -> None:
    ended = {"type": "turn_ended", "status": "error", "error": "Connection refused"}

    (event,) = read(path, json.dumps(ended).encode())

    assert (event.type, event.text, event.error) == (EventType.NOTE, "Connection refused", "connection refused")


def test_what_is_not_understood_is_counted_by_name(path: Path, cursor_files: ModuleType) -> None:
    reader = LINES.reader(path, {})
    for line in (
        cursor_files.line("assistant", {"type": "novelty"}),
        cursor_files.line("user", cursor_files.words("no tag")),
        b'{"type":"turn_ended","status":"paused"}',
        b'{"type":"sidebar"}',
    ):
        reader.read(line)

    assert reader.unknown == {"block:novelty": 1, "user:untagged": 1, "status:paused": 1, "type:sidebar": 1}


def test_the_folder_is_the_one_that_the_human_trusts(path: Path, cursor_files: ModuleType) -> None:
    trusted = path.parents[2] / ".workspace-trusted"
    trusted.write_text('{"trustedAt": "2026-05-08T00:35:00Z", "workspacePath": "/work/shop"}')

    assert LINES.reader(path, {}).facts.cwd == "/work/shop"


@pytest.mark.parametrize(
    ("project", "folder"), [("work-shop", "/work/shop"), ("home-me-my-app", "/home/me/my_app"), ("other", None)]
)
def test_a_path_tells_the_folder_if_the_projects_name_is_made_of_it(
    tmp_path: Path, cursor_files: ModuleType, project: str, folder: str | None
) -> None:
    path = cursor_files.transcript(tmp_path, project)
    reader = LINES.reader(path, {})
    for place in ("/work/shop/src/a.py", "/home/me/my_app/b.py"):
        reader.read(cursor_files.line("assistant", cursor_files.used("Read", {"path": place})))

    assert reader.facts.cwd == folder


def test_a_subagents_transcript_tells_no_prompts_and_names_its_parent(path: Path, cursor_files: ModuleType) -> None:
    child = path.parent / "subagents" / "0e9d2c52-6f0e-4f6e-9a52-6d3f0f9a1b2c.jsonl"

    reader = LINES.reader(child, {})
    (event,) = reader.read(cursor_files.typed("look for x"))

    assert reader.facts.parent == cursor_files.SESSION
    assert (event.type, event.trust, event.sidechain) == (EventType.NOTE, Trust.ASSISTANT, True)


# Texts


TEXT = """user:
<user_query>
use pnpm
assistant:
is a word here
</user_query>

assistant:
[Thinking] The user wants pnpm.
I will use it.
[Tool call] Shell
  command: pnpm i
  description: Install
[Tool call] Write
  path: a.py
  contents: x = 1
y = 2

[Tool result] Shell

[Tool result] Write

assistant:
Done.
"""


@pytest.fixture
def text(path: Path, cursor_files: ModuleType) -> Path:
    made = path.parent.parent / f"{cursor_files.SESSION}.txt"
    path.parent.rmdir()
    made.write_text(TEXT)
    return made


def test_a_text_is_told_without_its_thoughts(text: Path, cursor_files: ModuleType) -> None:
    (snapshot,) = TEXTS.snapshots(text, {})

    assert told(list(snapshot.events)) == [
        (EventType.PROMPT, "use pnpm\nassistant:\nis a word here"),
        (EventType.REPLY, "I will use it."),
        (EventType.TOOL_CALL, "Install"),
        (EventType.TOOL_CALL, "a.py"),
        (EventType.REPLY, "Done."),
    ]
    _, _, ran, wrote, _ = snapshot.events
    assert (ran.tool, ran.command) == ("Shell", "pnpm i")
    assert wrote.edits == (("a.py", "", "x = 1\ny = 2"),)
    assert (snapshot.session, snapshot.facts.original) == (f"text-{cursor_files.SESSION}", cursor_files.SESSION)


def test_a_text_that_grew_keeps_the_ids_of_what_it_had(text: Path) -> None:
    (before,) = TEXTS.snapshots(text, {})
    assert list(TEXTS.snapshots(text, {before.session: before.mark})) == []

    text.write_text(TEXT + "\nuser:\n<user_query>\nthanks\n</user_query>\n")
    (after,) = TEXTS.snapshots(text, {before.session: before.mark})

    assert after.events[: len(before.events)] == before.events
    assert after.events[-1].text == "thanks"


# All four


def test_each_file_has_one_owner_that_finds_it_in_its_own_folder(
    path: Path, tmp_path: Path, cursor_files: ModuleType
) -> None:
    path.write_bytes(cursor_files.typed("x"))
    text = path.parent.parent / "0e9d2c52-6f0e-4f6e-9a52-6d3f0f9a1b2c.txt"
    text.write_text(TEXT)
    terminal = path.parents[2] / "terminals" / "1.txt"
    terminal.parent.mkdir()
    terminal.write_text("user:\n")
    with cursor_files.Editor(tmp_path) as editor, cursor_files.Store(tmp_path, "/work/shop", "s1") as store:
        here = Machine(tmp_path, "linux", {})
        for source, log in (
            (LINES, path),
            (TEXTS, text),
            (CursorEditor(), editor.path),
            (CursorAgent(), store.path),
        ):
            found = [one for folder in source.folders(here) for one in source.discover(folder)]
            owners = [one for one in SOURCES if one.owns(log, log.read_bytes()[: 1 << 16])]

            assert found == [log]
            assert [type(one) for one in owners] == [type(source)]
        assert set(folders(here)["cursor"]) == {
            tmp_path / ".config/Cursor/User/globalStorage",
            tmp_path / ".config/Cursor/User/workspaceStorage",
            tmp_path / ".cursor/projects",
            tmp_path / ".cursor/chats",
        }


def test_a_transcript_is_not_taken_for_claude_codes_nor_the_other_way_round(
    path: Path, cursor_files: ModuleType
) -> None:
    theirs = b'{"type":"user","message":{"role":"user","content":"x"},"sessionId":"s","uuid":"u","parentUuid":null}\n'

    assert not ClaudeCode().owns(path, cursor_files.typed("x"))
    assert not LINES.owns(path, theirs)
    assert not LINES.owns(
        path, theirs.replace(b'"content":"x"', b'"content":[]').replace(b'{"type', b'{"role":"user","type')
    )
