"""Aider's chat history: one file of many sessions, whose words are told apart by marks alone."""

from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import Snapshot
from memsrv.sources.aider import Aider
from memsrv.sources.machine import Machine

SOURCE = Aider()
START = "\n# aider chat started at 2025-03-04 05:06:07\n\n"
HEADER = "> aider --model sonnet  \n> Aider v0.75.1  \n> Main model: sonnet with diff edit format  \n"
EDIT = """
I use a list.

shop/cart.py
```python
<<<<<<< SEARCH
items = ()
=======
items = []
>>>>>>> REPLACE
```

"""


def prompt(*lines: str) -> str:
    return "\n" + "".join(f"#### {line}  \n" for line in lines)


def prints(*lines: str) -> str:
    return "".join(f"> {line}  \n" for line in lines)


def reply(text: str) -> str:
    return f"\n{text.strip()}\n\n"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder / ".aider.chat.history.md"


def snapshots(history: Path, text: str | None = None) -> list[Snapshot]:
    if text is not None:
        history.write_text(text)
    return list(SOURCE.snapshots(history, {}))


def events(history: Path, *parts: str) -> list[Event]:
    return [event for one in snapshots(history, START + HEADER + "".join(parts)) for event in one.events]


def told(found: list[Event]) -> list[tuple[EventType, str]]:
    return [(event.type, event.text) for event in found]


def test_lines_typed_together_are_one_prompt_blank_ones_included(history: Path) -> None:
    (event,) = events(history, prompt("use pnpm", "", "never npm"))

    assert (event.type, event.trust, event.text) == (EventType.PROMPT, Trust.HUMAN, "use pnpm\n\nnever npm")
    assert event.cwd == str(history.parent)
    assert event.time == "2025-03-04T05:06:07.000Z"


def test_headings_and_quotations_of_a_reply_are_the_models_words(history: Path) -> None:
    said = "Here is why.  \n#### Wrapped  \n> twice  \n\n#### A heading\n\n> a quotation\n\n```md\n\n#### in code\n```"
    found = events(history, prompt("why?"), reply(said), prints("Tokens: 1.2k sent, 3,400 received. Cost: $0.01"))

    assert told(found) == [(EventType.PROMPT, "why?"), (EventType.REPLY, said)]
    assert (found[1].tokens, found[1].model) == (3400, "sonnet")


def test_a_history_whose_trailing_spaces_were_stripped_is_read_by_blank_lines_and_fences(history: Path) -> None:
    text = START + prompt("why?", "", "and how?") + reply("So:\n\n```md\n\n#### in code\n```") + prompt("thanks")
    stripped = "\n".join(line.rstrip() for line in text.split("\n"))

    found = snapshots(history, stripped)[0].events

    assert told(list(found)) == [
        (EventType.PROMPT, "why?\n\nand how?"),
        (EventType.REPLY, "So:\n\n```md\n\n#### in code\n```"),
        (EventType.PROMPT, "thanks"),
    ]


def test_an_edit_is_a_call_and_what_became_of_it_its_result(history: Path) -> None:
    found = events(history, prompt("a list"), EDIT, prints("Applied edit to shop/cart.py", "Commit abc1234 fix: list"))

    call, result, commit = found[2:]
    assert found[1].text == "I use a list."
    assert (call.type, call.tool, call.paths) == (EventType.TOOL_CALL, "diff", ("shop/cart.py",))
    assert call.edits == (("shop/cart.py", "items = ()", "items = []"),)
    assert (result.call, result.outcome, result.grounds) == (call.call, Outcome.SUCCESS, "Applied edit")
    assert (commit.type, commit.text) == (EventType.NOTE, "Commit abc1234 fix: list")


def test_an_edit_that_fits_nowhere_has_failed(history: Path) -> None:
    failure = "## SearchReplaceNoExactMatch: This SEARCH block failed to exactly match lines in shop/cart.py"
    found = events(history, prompt("a list"), EDIT, prints("The LLM did not conform to the edit format.", failure))

    assert found[-1].outcome is Outcome.FAILURE
    assert found[-1].error == "SearchReplaceNoExactMatch"
    assert found[-1].call == found[-2].call


def test_whole_files_and_unified_diffs_are_edits_where_the_session_uses_them(history: Path) -> None:
    whole = HEADER.replace("diff", "whole") + prompt("x") + reply("Done.\n\nshop/a.py\n```python\nx = 1\n```")
    diff = "```diff\n--- shop/a.py\n+++ shop/a.py\n@@ ... @@\n keep\n-x = 1\n+x = 2\n```"
    unified = HEADER.replace("diff", "udiff") + prompt("x") + reply(f"Done.\n\n{diff}")

    (first,) = snapshots(history, START + whole)
    (second,) = snapshots(history, START + unified)

    assert first.events[-1].edits == (("shop/a.py", "", "x = 1"),)
    assert second.events[-1].edits == (("shop/a.py", "keep\nx = 1", "keep\nx = 2"),)


@pytest.mark.parametrize("options", ["", " (y/n)", " [Y/n]", " (Y)es/(N)o [Yes]:"])
def test_a_no_to_a_command_that_the_model_suggested_is_a_rejection(history: Path, options: str) -> None:
    asked = prints("npm install", f"Run shell command?{options} n")
    found = events(history, prompt("x"), reply("Run this."), asked)

    assert (found[-2].type, found[-2].command) == (EventType.TOOL_CALL, "npm install")
    assert (found[-1].type, found[-1].trust, found[-1].call) == (EventType.REJECTION, Trust.HUMAN, found[-2].call)


def test_the_exit_status_that_aider_prints_is_the_commands(history: Path) -> None:
    ran = prints("Run shell command? y", "Running npm test", "Command 'npm test' exited with status 2")
    found = events(history, prompt("x"), reply("Run this."), prints("npm test"), ran)

    assert (found[-1].outcome, found[-1].exit_code, found[-1].grounds) == (Outcome.FAILURE, 2, "exit code 2")
    assert found[-1].call == found[-2].call


def test_a_question_is_told_once_though_aider_writes_it_twice(history: Path) -> None:
    found = events(history, prompt("/ask why a tuple?"), prompt(" why a tuple?"), reply("No reason."))

    assert told(found) == [(EventType.PROMPT, "why a tuple?"), (EventType.REPLY, "No reason.")]


def test_an_architects_plan_is_not_the_humans_though_it_is_written_as_a_prompt(history: Path) -> None:
    found = events(history, prompt("plan it"), reply("First this.\nThen that."), prompt("First this.", "Then that."))

    assert [event.type for event in found] == [EventType.PROMPT, EventType.REPLY]


def test_lint_errors_and_help_pages_written_as_prompts_are_nobodys_words(history: Path) -> None:
    lint = prompt("# Fix any errors below, if possible.", "", "a.py:1: F401 unused import")
    pages = prompt("# Question: how?", "", "# Relevant docs:", "", "<doc>")
    found = events(history, lint, prompt("/help how?"), pages, prompt("<blank>"))

    assert [(event.type, event.trust) for event in found] == [
        (EventType.TOOL_RESULT, Trust.TOOL),
        (EventType.PROMPT, Trust.HUMAN),
    ]
    assert found[0].outcome is Outcome.FAILURE


@pytest.mark.parametrize(("typed", "command"), [("/run npm test", "npm test"), ("!npm test", "npm test")])
def test_what_a_command_of_the_humans_printed_is_no_reply(history: Path, typed: str, command: str) -> None:
    output = "> FAIL cart\n    \nexpected [] \n> got ()\n1 failed  \n"
    found = events(history, prompt(typed), output, prints("Add the output to the chat? n"), prompt("fix it"))

    assert [event.type for event in found] == [EventType.COMMAND, EventType.TOOL_RESULT, EventType.PROMPT]
    assert (found[0].command, found[0].trust) == (command, Trust.COMMAND)
    assert (found[1].trust, found[1].call) == (Trust.TOOL, found[0].call)
    assert found[1].text.endswith("> got ()\n1 failed")


def test_a_failed_test_is_added_to_the_chat_and_answered(history: Path) -> None:
    output = "> FAIL cart\n1 failed  \n" + prints("FAIL cart", "1 failed")
    found = events(history, prompt("/test npm test"), output, reply("I see."))

    assert [event.type for event in found] == [EventType.COMMAND, EventType.TOOL_RESULT, EventType.REPLY]
    assert (found[1].outcome, found[1].text) == (Outcome.FAILURE, "FAIL cart\n1 failed")


def test_commands_that_steer_aider_are_no_news_and_those_that_change_the_work_are(history: Path) -> None:
    found = events(
        history, *map(prompt, ("/tok", "/ex", "/clear", "/add shop/a.py shop/b.py", "/undo", "/usr/lib is full"))
    )

    assert told(found) == [
        (EventType.COMMAND, "/add shop/a.py shop/b.py"),
        (EventType.COMMAND, "/undo"),
        (EventType.PROMPT, "/usr/lib is full"),
    ]
    assert found[0].paths == ("shop/a.py", "shop/b.py")


def test_stopping_a_reply_is_an_interrupt_and_leaving_is_none(history: Path) -> None:
    stopped = prompt("x") + prints("", "^C again to exit") + reply("I wi")
    left = prints("Tokens: 10 sent, 5 received.", "^C again to exit", "^C KeyboardInterrupt")
    found = events(history, stopped, prompt("y"), reply("Done."), left)

    assert [event.type for event in found] == [
        EventType.PROMPT,
        EventType.INTERRUPT,
        EventType.REPLY,
        EventType.PROMPT,
        EventType.REPLY,
    ]


def test_a_session_is_the_same_in_a_copy_a_moved_folder_and_a_file_without_its_beginning(
    history: Path, tmp_path: Path
) -> None:
    first, second = START + HEADER + prompt("x"), START.replace("05:06", "09:10") + HEADER + prompt("y")
    whole = snapshots(history, first + second)
    copy = tmp_path / "chat.md"
    copy.write_text(second)

    (moved,) = SOURCE.snapshots(copy, {})

    assert SOURCE.owns(copy, copy.read_bytes())
    assert moved.session == whole[1].session
    assert [event.id for event in moved.events] == [event.id for event in whole[1].events]
    assert len({one.session for one in whole}) == 2


def test_only_sessions_that_changed_are_given_again(history: Path) -> None:
    first, second = START + HEADER + prompt("x"), START.replace("05:06", "09:10") + HEADER + prompt("y")
    marks = {one.session: one.mark for one in snapshots(history, first + second)}
    history.write_text(first + second + reply("Yes."))

    (again,) = SOURCE.snapshots(history, marks)

    assert [event.text for event in again.events] == ["y", "Yes."]
    assert again.session in marks


def test_the_last_prompt_and_reply_are_given_and_half_of_a_line_or_edit_is_not(history: Path) -> None:
    text = START + HEADER + prompt("use a list", "not a tuple") + EDIT
    whole = {event.id: event for event in events(history, text.removeprefix(START + HEADER))}
    seen = set()

    for end in range(len(text)):
        for event in (event for one in snapshots(history, text[:end]) for event in one.events):
            assert event.type is whole[event.id].type
            assert whole[event.id].text.startswith(event.text)
            seen.add(event.type)

    assert seen == {EventType.PROMPT, EventType.REPLY}
    assert [event.type for event in whole.values()] == [EventType.PROMPT, EventType.REPLY, EventType.TOOL_CALL]


def test_two_sessions_of_one_second_are_two(history: Path) -> None:
    one = START + HEADER + prompt("hi")

    found = snapshots(history, one + one + prompt("more"))

    assert len({snapshot.session for snapshot in found}) == 2


def test_prompts_alone_are_read_where_no_chat_history_stands_beside_them(history: Path) -> None:
    typed = history.with_name(".aider.input.history")
    typed.write_text("\n# 2025-03-04 05:06:07.123456\n+use pnpm\n+never npm\n\n# 2025-03-04 05:07:00.1\n+y\n")

    (found,) = SOURCE.snapshots(typed, {})

    assert SOURCE.within(history.parent) == (typed,)
    assert SOURCE.owns(typed, typed.read_bytes())
    assert told(list(found.events)) == [(EventType.PROMPT, "use pnpm\nnever npm")]
    history.write_text(START)
    assert SOURCE.within(history.parent) == (history,)
    assert not SOURCE.owns(typed, typed.read_bytes())


def test_a_history_that_the_environment_names_is_found(tmp_path: Path) -> None:
    elsewhere = tmp_path / "history.md"

    assert SOURCE.folders(Machine(tmp_path, "linux", {"AIDER_CHAT_HISTORY_FILE": str(elsewhere)})) == (elsewhere,)
    assert SOURCE.folders(Machine(tmp_path, "linux", {})) == ()


def test_notes_that_only_mention_aider_are_not_owned(tmp_path: Path) -> None:
    notes = b"# Notes\n\nIt writes `# aider chat started at 2025-03-04 05:06:07` first.\n"

    assert not SOURCE.owns(tmp_path / "notes.md", notes)
    assert not SOURCE.owns(tmp_path / "s.md", b"<!-- Generated by SpecStory -->\n" + START.encode())


_LINE = st.one_of(
    st.sampled_from(
        [
            START.strip(),
            "#### /run ls  ",
            "#### x  ",
            "> Tokens: 9k sent, 9..9 received.  ",
            "> Run shell command? n  ",
            "> Add X to the chat? [Y/n",
            "> ^C again to exit  ",
            "> Applied edit to a.py  ",
            "<<<<<<< SEARCH",
            "=======",
            ">>>>>>> REPLACE",
            "```diff",
            "```",
            "a.py",
            "",
        ]
    ),
    st.text(max_size=30),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_LINE, max_size=30))
def test_lines_in_any_order_are_read_once_each(history: Path, lines: list[str]) -> None:
    history.write_text("\n".join(lines), errors="replace")

    ids = [event.id for one in SOURCE.snapshots(history, {}) for event in one.events]

    assert len(set(ids)) == len(ids)


# Real logs


@pytest.fixture(scope="module")
def real(real_logs: Path) -> Path:
    return real_logs / "aider" / "Aider-AI__aider" / "chat-history.md"


def test_the_real_history_reads_as_it_was_checked(real: Path) -> None:
    found = snapshots(real)
    all_events = [event for one in found for event in one.events]
    applied = [event for event in all_events if event.grounds == "Applied edit"]

    # 1,133 starts, of which 681 have events. Of 1,768 blocks of `####` lines 895 are the human's requests and 331
    # commands of theirs; the others steer Aider, repeat a question or are Aider's own.
    assert len(found) == 681
    assert len({event.id for event in all_events}) == len(all_events)
    kinds = Counter(event.type for event in all_events)
    assert (kinds[EventType.PROMPT], kinds[EventType.COMMAND], kinds[EventType.REPLY]) == (895, 331, 874)
    assert len(applied) == 413
    assert sum(bool(event.call) for event in applied) >= 400
    assert sum((Counter(one.unknown) for one in found), Counter()).total() == 1


@pytest.mark.parametrize("start", ["2024-08-06 10:21:59", "2024-08-06 08:47:10", "2024-08-21 21:45:37"])
def test_real_sessions_read_as_they_were_checked_by_eye(
    real: Path, golden: ModuleType, tmp_path: Path, start: str
) -> None:
    sessions = real.read_bytes().split(b"\n# aider chat started at ")
    one = tmp_path / "chat.md"
    one.write_bytes(b"# aider chat started at " + next(part for part in sessions if part.startswith(start.encode())))

    golden.check(f"aider-{start.replace(' ', 'T').replace(':', '')}", SOURCE, one)


def test_no_prefix_of_a_real_session_tells_what_the_whole_does_not(real: Path, tmp_path: Path) -> None:
    parts = real.read_bytes().split(b"\n# aider chat started at ")[1:]
    one = tmp_path / "chat.md"
    for part in parts[::40]:
        lines = (b"# aider chat started at " + part).splitlines(keepends=True)
        one.write_bytes(b"".join(lines))
        whole = {event.id: event.type for snapshot in SOURCE.snapshots(one, {}) for event in snapshot.events}
        for end in range(1, len(lines), max(1, len(lines) // 60)):
            one.write_bytes(b"".join(lines[:end]))
            some = {event.id: event.type for snapshot in SOURCE.snapshots(one, {}) for event in snapshot.events}
            assert some.items() <= whole.items()
