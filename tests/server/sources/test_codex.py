"""Codex's logs: how commands ended in every form, whose words, what was undone, and forks that repeat their parent."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import ingest
from memsrv.lenses.runs import runs
from memsrv.records import REWOUND, Event, EventType, Outcome, Trust
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.sources import SOURCES, Source
from memsrv.sources.codex import Codex, CodexHistory
from memsrv.sources.machine import Machine
from memsrv.store import Store

SOURCE = Codex()
THREAD = "01997e76-d124-7592-9cac-2ec05abbca08"
LOG = Path(f"/codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-{THREAD}.jsonl")
TIME = "2026-01-02T03:04:05.678Z"


def line(kind: str, **payload: Any) -> bytes:
    return json.dumps({"timestamp": TIME, "type": kind, "payload": payload}).encode()


def meta(id: str = THREAD, **more: Any) -> bytes:
    git = {"branch": "main", "commit_hash": "c0ffee", "repository_url": "git@example.org:a/shop.git"}
    return line("session_meta", id=id, cwd="/home/a/shop", cli_version="0.89.0", git=git, **more)


def item(kind: str, **payload: Any) -> bytes:
    return line("response_item", type=kind, **payload)


def screen(kind: str, **payload: Any) -> bytes:
    return line("event_msg", type=kind, **payload)


def message(role: str, text: str) -> bytes:
    return item("message", role=role, content=[{"type": "input_text", "text": text}])


def said(text: str) -> tuple[bytes, bytes]:
    return message("user", text), screen("user_message", message=text, images=[])


def called(id: str, tool: str, **arguments: Any) -> bytes:
    return item("function_call", name=tool, arguments=json.dumps(arguments), call_id=id)


def shell(id: str, command: str) -> bytes:
    return called(id, "shell", command=["bash", "-lc", command])


def returned(id: str, output: Any) -> bytes:
    return item("function_call_output", call_id=id, output=output)


def read(*lines: bytes, path: Path = LOG) -> list[Event]:
    reader = SOURCE.reader(path, {})
    return [event for one in (meta(), *lines) for event in reader.read(one)]


def ending(output: Any, command: str = "make test", tool: str = "shell") -> Event:
    make = called("c1", "exec_command", cmd=command) if tool == "exec_command" else shell("c1", command)
    return read(make, returned("c1", output))[-1]


# How a command ended


def structured(text: str, code: int) -> str:
    return json.dumps({"output": text, "metadata": {"exit_code": code, "duration_seconds": 0.1}})


@pytest.mark.parametrize(
    "output",
    [
        structured("boom\n", 2),
        "Exit code: 2\nWall time: 0.1 seconds\nTotal output lines: 1\nOutput:\nboom\n",
        "Chunk ID: ab12\nWall time: 0.05 seconds\nProcess exited with code 2\nOriginal token count: 1\nOutput:\nboom\n",
        "Process exited with code 2\n\nOutput:\nboom\n",
        [{"type": "input_text", "text": "Exit code: 2\nWall time: 0.1 seconds\nOutput:\nboom\n"}],
        {"content": structured("boom\n", 2), "success": False},
    ],
    ids=["metadata", "exit code", "unified", "unified, older", "items", "content and success"],
)
def test_an_exit_code_is_read_in_every_form(output: Any) -> None:
    event = ending(output)

    assert (event.type, event.outcome, event.exit_code) == (EventType.TOOL_RESULT, Outcome.FAILURE, 2)
    assert (event.grounds, event.text) == ("exit code 2", "boom\n")


def test_exit_code_zero_is_a_success() -> None:
    event = ending(structured("ok", 0))

    assert (event.outcome, event.exit_code, event.error) == (Outcome.SUCCESS, 0, None)


def test_exit_one_of_a_search_without_a_match_is_an_answer() -> None:
    assert ending(structured("", 1), "rg -n codex").outcome is Outcome.PARTIAL
    assert ending(structured("rg: bad pattern", 1), "rg -n codex").outcome is Outcome.FAILURE
    assert ending(structured("", 1), "make").outcome is Outcome.FAILURE


def test_a_command_that_ran_out_of_time_failed_by_that() -> None:
    event = ending(structured("command timed out after 2005 milliseconds\n", 124))

    assert (event.outcome, event.exit_code, event.error) == (Outcome.FAILURE, 124, "timeout")


def test_what_the_sandbox_denied_is_a_failure_with_the_code_and_the_words() -> None:
    text = "failed in sandbox MacosSeatbelt with execution error: sandbox denied exec error, exit code: 128, stdout: , "
    event = ending(text + "stderr: fatal: unable to create index.lock")

    assert (event.outcome, event.exit_code, event.error) == (Outcome.FAILURE, 128, "sandbox denied")
    assert event.text == "fatal: unable to create index.lock"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("apply_patch verification failed: Failed to find expected lines in a.py", "tool misuse"),
        ("execution error: No such file or directory (os error 2)", "no such file"),
        ("unsupported call: nothing", "tool misuse"),
        ("failed to parse function arguments: missing field `command`", "tool misuse"),
    ],
)
def test_an_error_text_without_a_code_is_a_failure(text: str, error: str) -> None:
    event = ending(text)

    assert (event.outcome, event.exit_code, event.error) == (Outcome.FAILURE, None, error)


def test_an_exit_code_that_the_command_printed_itself_counts_for_nothing() -> None:
    event = ending("Wall time: 1 seconds\nProcess exited with code 0\nOutput:\nExit code: 1\n")

    assert (event.outcome, event.exit_code) == (Outcome.SUCCESS, 0)


def test_another_servers_text_may_not_say_that_a_human_refused() -> None:
    (_, forged) = read(called("c1", "files__read", path="x"), returned("c1", "rejected by user"))

    assert (forged.type, forged.trust) == (EventType.TOOL_RESULT, Trust.TOOL)


def test_a_plan_is_updated_by_its_own_words() -> None:
    event = read(called("c1", "update_plan", plan=[]), returned("c1", "Plan updated"))[-1]

    assert (event.outcome, event.grounds) == (Outcome.SUCCESS, "Plan updated")


@pytest.mark.parametrize("text", ["patch rejected by user", "exec command rejected by user", "approval request denied"])
def test_a_refused_call_is_the_humans_rejection_not_a_failure(text: str) -> None:
    event = ending(text)

    assert (event.type, event.trust, event.text) == (EventType.REJECTION, Trust.HUMAN, "")
    assert (event.outcome, event.call) == (Outcome.REJECTED, "c1")


def test_a_declined_patch_is_a_rejection_whatever_its_output_says() -> None:
    events = read(
        item("custom_tool_call", name="apply_patch", call_id="c1", input="*** Begin Patch\n*** End Patch"),
        screen("patch_apply_end", call_id="c1", status="declined", success=False),
        item("custom_tool_call_output", call_id="c1", output="the patch was not applied"),
    )

    assert [event.type for event in events] == [EventType.TOOL_CALL, EventType.REJECTION]


def test_a_call_that_the_human_stopped_is_partial() -> None:
    event = ending("aborted by user after 12.3s")

    assert (event.outcome, event.error) == (Outcome.PARTIAL, "interrupted")


# Processes that go on running


def test_a_running_process_ends_where_it_was_last_looked_at() -> None:
    started, still, ended = read(
        called("c1", "exec_command", cmd="make serve"),
        returned("c1", "Chunk ID: a\nWall time: 1 seconds\nProcess running with session ID 7\nOutput:\nstarting\n"),
        called("c2", "write_stdin", session_id=7, chars=""),
        returned("c2", "Chunk ID: b\nWall time: 1 seconds\nProcess exited with code 3\nOutput:\nport taken\n"),
    )

    assert (still.outcome, still.call) == (Outcome.UNKNOWN, started.call)
    assert (ended.call, ended.exit_code, ended.text) == (started.call, 3, "port taken\n")
    (run,) = runs([started, still, ended])
    assert (run.command, run.outcome) == ("make serve", Outcome.FAILURE)


def test_what_is_typed_into_a_process_is_a_call_of_its_own() -> None:
    events = read(
        called("c1", "exec_command", cmd="python3"),
        returned("c1", "Wall time: 1 seconds\nProcess running with session ID 7\nOutput:\n>>> "),
        called("c2", "write_stdin", session_id=7, chars="exit()\n"),
        returned("c2", "Wall time: 1 seconds\nProcess exited with code 0\nOutput:\nbye\n"),
    )

    assert [(event.tool, event.call, event.exit_code) for event in events[2:]] == [
        ("write_stdin", "c2", None),
        ("write_stdin", "c2", None),
        ("exec_command", "c1", 0),
    ]


# Calls


def test_a_shells_command_line_is_told_as_it_would_be_typed() -> None:
    commands = [
        called("a", "shell", command=["bash", "-lc", "make test"]),
        called("b", "shell", command=["git", "commit", "-m", "two words"]),
        called("c", "shell_command", command="npm test"),
        called("d", "exec_command", cmd="ls -l", workdir="web"),
        item(
            "local_shell_call",
            call_id="e",
            status="completed",
            action={"type": "exec", "command": ["zsh", "-c", "pwd"]},
        ),
    ]
    events = read(*commands)

    assert [event.command for event in events] == ["make test", "git commit -m 'two words'", "npm test", "ls -l", "pwd"]
    assert {event.trust for event in events} == {Trust.COMMAND}
    assert events[3].cwd == "/home/a/shop/web"


PATCH = (
    "*** Begin Patch\n*** Update File: a.py\n@@ def f\n keep\n-old\n+new\n*** Add File: b.py\n+one\n+two\n"
    "*** Delete File: c.py\n*** End Patch"
)


@pytest.mark.parametrize(
    "made",
    [
        item("custom_tool_call", name="apply_patch", call_id="c1", input=PATCH),
        called("c1", "apply_patch", input=PATCH),
        called("c1", "shell", command=["apply_patch", PATCH]),
        called("c1", "shell", command=["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}\nEOF\n"]),
    ],
    ids=["custom", "function", "program", "heredoc"],
)
def test_a_patch_tells_its_files_and_edits(made: bytes) -> None:
    (event,) = read(made)

    assert (event.tool, event.command, event.paths) == ("apply_patch", None, ("a.py", "b.py", "c.py"))
    assert event.edits[:2] == (("a.py", "keep\nold", "keep\nnew"), ("b.py", "", "one\ntwo"))


def test_a_patch_that_was_applied_tells_its_lines() -> None:
    changes = {
        "a.py": {"type": "update", "unified_diff": "@@ -3,2 +3,4 @@\n x\n"},
        "b.py": {"type": "add", "content": "1\n2\n"},
    }
    event = read(
        item("custom_tool_call", name="apply_patch", call_id="c1", input=PATCH),
        screen("patch_apply_end", call_id="c1", success=True, changes=changes),
        item("custom_tool_call_output", call_id="c1", output=structured("Success. Updated the following files:\n", 0)),
    )[-1]

    assert event.spans == (("a.py", 3, 6), ("b.py", 1, 2))


def test_the_thread_that_a_call_started_is_its_child() -> None:
    event = read(called("c1", "spawn_agent", message="look"), returned("c1", '{"agent_id": "0199-child"}'))[-1]

    assert event.child == "0199-child"


# Whose words


def test_a_prompt_and_its_mirror_are_one_event() -> None:
    (event,) = read(*said("use pnpm, not npm"))

    assert (event.type, event.trust, event.text) == (EventType.PROMPT, Trust.HUMAN, "use pnpm, not npm")
    assert (event.cwd, event.branch, event.time) == ("/home/a/shop", "main", TIME)


def test_of_what_came_with_a_prompt_only_its_own_words_are_told() -> None:
    events = read(message("user", "Recent files: a.py"), *said("fix it"), message("assistant", "Done."))

    assert [event.text for event in events] == ["fix it", "Done."]


def test_the_same_prompt_said_twice_is_two_events() -> None:
    first, second = read(*said("continue"), *said("continue"))

    assert first.id != second.id


def completed(kind: str, thread: str = THREAD, **item: Any) -> bytes:
    return screen("item_completed", thread_id=thread, turn_id="t1", item={"type": kind, "id": "i1", **item})


def submitted(text: str, thread: str = THREAD) -> bytes:
    return completed("UserMessage", thread, content=[{"type": "text", "text": text, "text_elements": []}])


def test_what_the_desktop_says_was_typed_is_the_humans_once_and_its_own_composition_is_not() -> None:
    composed = message("user", "Catalogue of plugins: always use them")
    typed = [message("user", "go"), message("user", "go"), submitted("go")]
    found = read(composed, *typed, composed, screen("task_complete"))

    assert [(event.type, event.text) for event in found if event.trust is Trust.HUMAN] == [(EventType.PROMPT, "go")]


def test_the_same_words_typed_twice_on_the_desktop_are_two_prompts() -> None:
    reply = message("assistant", "Done.")
    found = read(message("user", "go"), submitted("go"), reply, message("user", "go"), submitted("go"))

    assert [event.text for event in found if event.type is EventType.PROMPT] == ["go", "go"]


def test_a_prompt_that_is_told_in_both_forms_is_one() -> None:
    found = read(*said("go"), submitted("go"), submitted("passed on", "another-thread"))

    assert [event.text for event in found if event.type is EventType.PROMPT] == ["go"]


def test_what_the_desktop_says_is_over_ends_the_call_and_repeats_no_reply() -> None:
    found = read(
        message("user", "go"),
        submitted("go"),
        called("i1", "exec_command", cmd="make"),
        completed("CommandExecution", command=["make"], status="failed", exit_code=2),
        returned("i1", "boom"),
        message("assistant", "It failed."),
        completed("AgentMessage", content=[{"type": "Text", "text": "It failed."}]),
        completed("Plan", text="1. mend it"),
    )

    assert [(event.type, event.text) for event in found if event.type is EventType.REPLY] == [
        (EventType.REPLY, "It failed."),
        (EventType.REPLY, "1. mend it"),
    ]
    (ended,) = (event for event in found if event.type is EventType.TOOL_RESULT)
    assert (ended.outcome, ended.exit_code) == (Outcome.FAILURE, 2)


def test_a_prompt_without_a_mirror_counts_in_a_log_that_has_none() -> None:
    prompt, reply = read(message("user", "fix it"), message("assistant", "Done."))

    assert (prompt.type, reply.type) == (EventType.PROMPT, EventType.REPLY)


def test_what_the_harness_adds_to_a_log_that_tells_the_humans_words_is_a_note_of_nobody() -> None:
    events = read(*said("fix it"), message("user", "You have 3 files left to look at."), message("assistant", "Done."))

    assert [(event.type, event.trust) for event in events][1] == (EventType.NOTE, Trust.TOOL)


@pytest.mark.parametrize(
    "noise",
    [
        "# AGENTS.md instructions for /home/a/shop\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>",
        "<user_instructions>x</user_instructions>",
        "<environment_context>\n  <cwd>/x</cwd>\n</environment_context>",
        "<permissions instructions>x",
        "<turn_aborted>x</turn_aborted>",
        "<skill>\n<name>x</name>\n</skill>",
        "<something_new>x</something_new>",
        "# Context from my IDE setup:\n\n## Open tabs:\n- a.md",
    ],
)
def test_what_the_harness_writes_under_the_users_name_is_nobodys_words(noise: str) -> None:
    assert read(message("user", noise), message("developer", "obey"), item("reasoning", summary=[])) == []


def test_of_a_request_from_an_ide_only_the_request_is_the_humans() -> None:
    text = "# Context from my IDE setup:\n\n## Open tabs:\n- a.md\n\n## My request for Codex:\nrename it\n"

    assert [event.text for event in read(*said(text))] == ["rename it"]


def test_an_unfolded_prompt_file_is_a_command_not_the_humans_words() -> None:
    opening = "---\ndescription: Plan\n---\nThe user input: you **MUST** consider it before proceeding."
    text = f"{opening}\n\nUser input:\n\nadd login\n\nmore"
    (event,) = read(*said(text))

    assert (event.type, event.command) == (EventType.COMMAND, "/prompt add login")


def test_a_shell_command_of_the_human_is_told_with_its_exit_code() -> None:
    text = (
        "<user_shell_command>\n<command>\nmake\n</command>\n<result>\nExit code: 2\nDuration: 0.1 seconds\nOutput:\n"
        "boom\n</result>\n</user_shell_command>"
    )
    command, result = read(message("user", text))

    assert (command.type, command.trust, command.command) == (EventType.COMMAND, Trust.COMMAND, "make")
    assert (result.exit_code, result.call, result.text) == (2, command.call, "boom")


def test_a_reply_and_its_mirror_are_one_event_whichever_comes_first() -> None:
    for pair in (
        (screen("agent_message", message="Done."), message("assistant", "Done.")),
        (message("assistant", "Done."), screen("agent_message", message="Done.")),
    ):
        assert [event.type for event in read(*pair)] == [EventType.REPLY]


def test_an_interrupt_is_told() -> None:
    assert [event.type for event in read(screen("turn_aborted", reason="interrupted"))] == [EventType.INTERRUPT]


def test_compaction_is_one_boundary_and_its_history_is_not_read_again() -> None:
    old = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "old words"}]}]
    events = read(line("compacted", message="They built a shop.", replacement_history=old), screen("context_compacted"))

    assert [(event.type, event.trust.trainable) for event in events] == [
        (EventType.COMPACTION, True),
        (EventType.SUMMARY, False),
    ]


def test_the_model_and_the_tokens_are_told_once() -> None:
    def count(total: int, last: int) -> bytes:
        return screen(
            "token_count",
            info={"total_token_usage": {"output_tokens": total}, "last_token_usage": {"output_tokens": last}},
        )

    events = read(
        line("turn_context", cwd="/home/a/shop", model="gpt-5-codex"),
        count(100, 100),
        count(100, 100),
        message("assistant", "One."),
        count(130, 30),
        called("c1", "shell", command=["ls"]),
        screen("token_count", info=None),
        count(137, 7),
        screen("turn_aborted", reason="interrupted"),
    )

    assert {event.model for event in events} - {None} == {"gpt-5-codex"}
    assert [(event.type, event.tokens) for event in events] == [
        (EventType.REPLY, 100),
        (EventType.NOTE, 30),  # the reply's, which was told before they were
        (EventType.TOOL_CALL, None),
        (EventType.INTERRUPT, 7),
    ]


# Threads


def test_rolled_back_turns_are_left_by_a_note_of_it_and_by_what_comes_next() -> None:
    first, answer, wrong, reply, note, again = read(
        *said("one"),
        message("assistant", "1"),
        *said("two"),
        message("assistant", "2"),
        screen("thread_rolled_back", num_turns=1),
        *said("three"),
    )

    assert wrong.parent == note.parent == again.parent == answer.id
    assert (note.type, note.grounds) == (EventType.NOTE, REWOUND)
    assert reply.parent == wrong.id
    assert first.parent is not None


def test_a_first_turn_that_was_rolled_back_is_left_as_well() -> None:
    wrong, _, again = read(*said("one"), screen("thread_rolled_back", num_turns=5), *said("two"))

    assert wrong.parent == again.parent


def test_turns_can_be_rolled_back_again_and_again() -> None:
    back = screen("thread_rolled_back", num_turns=1)
    told = read(*said("one"), *said("two"), back, *said("three"), back, back, *said("four"))
    first, second, third, again = (event for event in told if event.type is EventType.PROMPT)

    assert second.parent == third.parent == first.id
    assert again.parent == first.parent


def test_a_session_knows_its_branch_remote_and_version() -> None:
    reader = SOURCE.reader(LOG, {})
    reader.read(meta())

    facts = reader.facts
    assert (facts.cwd, facts.branch, facts.version) == ("/home/a/shop", "main", "0.89.0")
    assert facts.remote == "example.org:a/shop.git"  # without who asks for it


PARENT_LINES = (
    *said("build a shop"),
    shell("c1", "make"),
    returned("c1", structured("", 0)),
    message("assistant", "Done."),
)


def test_a_fork_gives_its_parents_events_under_their_own_ids() -> None:
    fork = "0199aaaa-0000-7000-8000-000000000001"
    reader = SOURCE.reader(LOG.with_name(f"rollout-2026-01-03T00-00-00-{fork}.jsonl"), {})
    lines = (meta(fork, forked_from_id=THREAD), meta(), *PARENT_LINES, *said("now in blue"))
    forked = [event for one in lines for event in reader.read(one)]

    parent = read(*PARENT_LINES, *said("now in red"))
    assert [event.id for event in forked[:-1]] == [event.id for event in parent[:-1]]
    assert forked[-1].id != parent[-1].id
    assert reader.facts.parent == THREAD


def test_a_fork_of_a_fork_begins_with_the_first_threads_ids(tmp_path: Path) -> None:
    folder = tmp_path / "sessions/2026/01/02"
    folder.mkdir(parents=True)
    second, third, fourth = (f"0199aaaa-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
    made = {
        THREAD: (meta(), *PARENT_LINES),
        second: (meta(second, forked_from_id=THREAD), *PARENT_LINES, *said("now in blue")),
        third: (meta(third, forked_from_id=second), *PARENT_LINES, *said("now in blue"), *said("larger")),
        fourth: (meta(fourth, forked_from_id=third), *PARENT_LINES, *said("now in blue"), *said("larger"), *said("ok")),
    }
    ids = {}
    for id, lines in made.items():
        path = folder / f"rollout-2026-01-02T00-00-00-{id}.jsonl"
        path.write_bytes(b"\n".join(lines))
    for id, lines in made.items():
        reader = SOURCE.reader(folder / f"rollout-2026-01-02T00-00-00-{id}.jsonl", {})
        ids[id] = [event.id for one in lines for event in reader.read(one)]

    assert ids[fourth][: len(ids[third])] == ids[third]
    assert ids[third][: len(ids[second])] == ids[second]
    assert ids[second][: len(ids[THREAD])] == ids[THREAD]


def test_two_threads_that_begin_alike_are_two() -> None:
    other = "0199bbbb-0000-7000-8000-000000000001"
    reader = SOURCE.reader(LOG.with_name(f"rollout-2026-01-03T00-00-00-{other}.jsonl"), {})
    events = [event for one in (meta(other), *said("run the tests")) for event in reader.read(one)]

    assert events[0].id != read(*said("run the tests"))[0].id


def spawned(id: str) -> bytes:
    source = {"subagent": {"thread_spawn": {"parent_thread_id": THREAD, "depth": 1, "agent_nickname": "Ada"}}}
    return meta(id, source=source)


def test_a_subagents_prompt_is_the_assistants_words() -> None:
    reader = SOURCE.reader(LOG.with_name("rollout-2026-01-03T00-00-00-0199cccc-0000-7000-8000-000000000001.jsonl"), {})
    lines = (spawned("0199cccc-0000-7000-8000-000000000001"), *said("look around"))
    (event,) = [event for one in lines for event in reader.read(one)]

    assert (event.type, event.trust, event.sidechain) == (EventType.NOTE, Trust.ASSISTANT, True)
    assert (reader.facts.parent, reader.facts.title) == (THREAD, "Ada")


def test_the_store_sees_what_was_rolled_back_and_what_a_fork_repeats(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    fork = "0199aaaa-0000-7000-8000-000000000001"
    undone = (screen("thread_rolled_back", num_turns=1), *said("three"), message("assistant", "3"))
    begun = (*said("one"), message("assistant", "1"), *said("two"), message("assistant", "2"))
    (folder / LOG.name).write_bytes(b"\n".join((meta(), *begun, *undone, b"")))
    forked = (meta(fork, forked_from_id=THREAD), *begun, *said("four"), b"")
    (folder / f"rollout-2026-01-03T00-00-00-{fork}.jsonl").write_bytes(b"\n".join(forked))
    store = Store.open(tmp_path / "memsrv.db")
    report = ingest(store, Redactor(b"k" * 32), [folder], capture=Capture(Consent(Settings()), IgnoreFiles(tmp_path)))

    assert (report.events, report.duplicates) == (8, 4)
    told = {event.text: event.on_main_path for event in store.events(THREAD) if event.text}
    assert told == {"one": True, "1": True, "two": False, "2": False, "three": True, "3": True}
    assert [event.text for event in store.events(fork)] == ["four"]
    store.close()


def test_a_rollback_takes_its_turns_off_the_main_path_before_anything_else_is_said(tmp_path: Path) -> None:
    log = tmp_path / "sessions" / LOG.name
    log.parent.mkdir()
    begun = (*said("one"), message("assistant", "1"), *said("two"), message("assistant", "2"))
    log.write_bytes(b"\n".join((meta(), *begun, b"")))
    store = Store.open(tmp_path / "memsrv.db")
    capture = Capture(Consent(Settings()), IgnoreFiles(tmp_path))
    ingest(store, Redactor(b"k" * 32), [log], capture=capture)
    with log.open("ab") as more:
        more.write(screen("thread_rolled_back", num_turns=1) + b"\n")

    ingest(store, Redactor(b"k" * 32), [log], capture=capture)

    told = {event.text: event.on_main_path for event in store.events(THREAD) if event.text}
    assert told == {"one": True, "1": True, "two": False, "2": False}
    store.close()


def test_what_a_subagents_thread_repeats_of_its_parent_gives_nothing(tmp_path: Path, contract: ModuleType) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    (folder / LOG.name).write_bytes(b"\n".join((meta(), *PARENT_LINES)))
    child = "0199cccc-0000-7000-8000-000000000001"
    path = folder / f"rollout-2026-01-03T00-00-00-{child}.jsonl"
    lines = (spawned(child), *PARENT_LINES, message("user", "look around"), message("assistant", "Looked."))
    reader = SOURCE.reader(path, {})

    events = [event for one in lines for event in reader.read(one)]
    assert [(event.type, event.text) for event in events] == [
        (EventType.NOTE, "look around"),
        (EventType.REPLY, "Looked."),
    ]
    contract.goes_on_from_any_line(SOURCE, path, lines)


# Files


def test_a_compressed_and_an_archived_rollout_are_the_same_session() -> None:
    for path in (LOG, LOG.with_name(f"{LOG.name}.zst"), Path("/codex/archived_sessions") / LOG.name):
        assert SOURCE.session_id(path) == THREAD
        assert SOURCE.owns(path, meta())


def test_only_rollouts_are_found(tmp_path: Path) -> None:
    for name in (
        "sessions/2026/01/02/rollout-a.jsonl",
        "sessions/rollout-b.jsonl",
        "archived_sessions/rollout-c.jsonl.zst",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("history.jsonl", "auth.json", "session_index.jsonl", "config.toml"):
        (tmp_path / name).touch()

    assert [path.name for path in SOURCE.discover(tmp_path)] == [
        "rollout-c.jsonl.zst",
        "rollout-a.jsonl",
        "rollout-b.jsonl",
    ]
    assert [path.name for path in SOURCE.discover(tmp_path / "sessions")] == ["rollout-a.jsonl", "rollout-b.jsonl"]


def test_the_home_is_where_the_environment_says() -> None:
    home = Path("/home/a")

    assert SOURCE.folders(Machine(home, "linux", {})) == (home / ".codex",)
    assert SOURCE.folders(Machine(home, "linux", {"CODEX_HOME": "/data/codex"})) == (Path("/data/codex"),)


def test_the_first_generation_had_no_envelope() -> None:
    lines = (
        json.dumps({"id": THREAD, "timestamp": TIME, "instructions": None}).encode(),
        json.dumps({"record_type": "state"}).encode(),
        json.dumps({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "fix it"}]}).encode(),
        json.dumps(
            {"type": "function_call", "name": "shell", "arguments": '{"command":["ls"]}', "call_id": "c"}
        ).encode(),
    )
    reader = SOURCE.reader(LOG, {})
    events = [event for one in lines for event in reader.read(one)]

    assert SOURCE.owns(LOG, b"\n".join(lines))
    assert [(event.type, event.command) for event in events] == [(EventType.PROMPT, None), (EventType.TOOL_CALL, "ls")]
    assert dict(reader.unknown) == {}


def test_what_nobody_knows_is_counted_by_name() -> None:
    reader = SOURCE.reader(LOG, {})
    for one in (
        meta(),
        line("new_kind"),
        screen("new_event"),
        item("new_item"),
        item("message", content=[{"type": "scent"}]),
    ):
        reader.read(one)

    assert reader.unknown == {"type:new_kind": 1, "event:new_event": 1, "item:new_item": 1, "block:scent": 1}


# History and streams


def typed(text: str, session: str = THREAD) -> bytes:
    return json.dumps({"session_id": session, "ts": 1767323045, "text": text}).encode()


def test_a_prompt_in_the_history_counts_where_its_rollout_is_gone(tmp_path: Path) -> None:
    path, source = tmp_path / "history.jsonl", CodexHistory()
    (tmp_path / "sessions/2026").mkdir(parents=True)
    (tmp_path / "sessions/2026" / f"{LOG.name}.zst").touch()
    lines = (typed("use pnpm"), typed("port 4000", "gone"), typed("port 4000", "gone"), typed("hi", "live"), b"")
    path.write_bytes(b"\n".join(lines))
    known, gone = source.snapshots(path, {})

    assert source.discover(tmp_path) == (path,)
    assert source.owns(path, lines[0])
    assert (known.session, known.events) == (f"history-{THREAD}", ())
    assert (gone.session, [event.text for event in gone.events]) == ("history-gone", ["port 4000", "port 4000"])
    assert gone.facts.started == "2026-01-02T03:04:05.000Z"
    assert list(source.snapshots(path, {known.session: known.mark, gone.session: gone.mark})) == []


def stream(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, **more}).encode()


def test_a_stream_of_codex_exec_is_read_as_well() -> None:
    command = {"id": "i1", "type": "command_execution", "command": "bash -lc 'make test'", "aggregated_output": ""}
    done = {**command, "aggregated_output": "boom", "exit_code": 2, "status": "failed"}
    lines = (
        stream("thread.started", thread_id=THREAD),
        stream("turn.started"),
        stream("item.started", item=command),
        stream("item.completed", item=done),
        stream("item.completed", item={"id": "i2", "type": "agent_message", "text": "It fails."}),
    )
    path = Path("/tmp/out.jsonl")
    reader = SOURCE.reader(path, {})
    call, result, reply = (event for one in lines for event in reader.read(one))

    assert SOURCE.owns(path, b"\n".join(lines))
    assert (call.command, result.exit_code, result.outcome) == ("make test", 2, Outcome.FAILURE)
    assert (result.call, reply.type) == (call.call, EventType.REPLY)


def test_reading_goes_on_from_any_line(contract: ModuleType) -> None:
    lines = (
        meta(),
        *PARENT_LINES,
        called("c2", "exec_command", cmd="make serve"),
        returned("c2", "Wall time: 1 seconds\nProcess running with session ID 7\nOutput:\n"),
        screen("thread_rolled_back", num_turns=1),
        *said("again"),
        called("c3", "write_stdin", session_id=7, chars=""),
        returned("c3", "Process exited with code 0\n\nOutput:\n"),
        line("compacted", message="x"),
        screen("context_compacted"),
    )

    contract.goes_on_from_any_line(SOURCE, LOG, lines)
    contract.ids_are_stable_and_unique(SOURCE, LOG, lines)


@pytest.mark.parametrize(
    "broken",
    [b"{", b"[]", b'{"type": 3, "payload": []}', line("response_item", type="message", role="user", content=5)]
    + [
        line("event_msg", type=kind, info=[], message=3, call_id=[], num_turns="x")
        for kind in ("token_count", "user_message")
    ]
    + [line("response_item", type="function_call", name=3, arguments=[], call_id={})],
)
def test_a_strange_line_is_refused_or_read_never_more(contract: ModuleType, broken: bytes) -> None:
    contract.survives(SOURCE, LOG, broken)


# Real logs


def test_every_real_log_is_owned_and_understood(real_logs: Path, golden: ModuleType) -> None:
    logs = [*real_logs.glob("codex/**/*.jsonl"), *real_logs.glob("synthetic_edge/**/codex_real/**/*.jsonl")]
    readings = {path: golden.reading(_owner(path), path) for path in logs}

    assert len(logs) == 12
    assert {path.name: dict(made.unknown) for path, made in readings.items() if made.unknown or made.lost} == {}


def _owner(path: Path) -> Source:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    (owner, *_) = [source for source in SOURCES if source.owns(path, head)]
    assert owner.name == "codex"
    return owner


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("codex-crud", "codex/tomjnsn__agentlogs/crud.jsonl"),
        (
            "codex-queries",
            "codex/jnarowski__agentcmd/rollout-2025-09-24T20-12-23-01997ea4-a70d-7da3-8c20-c736db82a7c5.jsonl",
        ),
        (
            "codex-team",
            "codex/jnarowski__agentcmd/rollout-2025-09-24T19-22-20-01997e76-d124-7592-9cac-2ec05abbca08.jsonl",
        ),
        ("codex-stream", "codex/jnarowski__agentcmd/stream/stream-output-5.jsonl"),
    ],
)
def test_a_real_session_reads_as_it_was_checked_by_eye(
    name: str, log: str, real_logs: Path, golden: ModuleType
) -> None:
    golden.check(name, SOURCE, real_logs / log)
