"""Chats in VS Code: documents and logs of changes, in the form that VS Code's own source writes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import SOURCES, Lost, Snapshot, UnreadableLineError
from memsrv.sources.machine import Machine
from memsrv.sources.vscode import VSCode
from memsrv.sources.vscode.mutations import replayed

URI = {"$mid": 1, "fsPath": "/w/app/a.py", "external": "file:///w/app/a.py", "path": "/w/app/a.py", "scheme": "file"}


def _request(number: int = 0, *response: Any, **more: Any) -> dict[str, Any]:
    return {
        "requestId": f"request_{number}",
        "timestamp": 1772359200000 + number * 60_000,
        "message": {"text": "fix the build", "parts": []},
        "variableData": {"variables": []},
        "response": list(response),
        "agent": {"id": "github.copilot.editsAgent", "extensionVersion": "0.40.1"},
        "modelId": "copilot/gpt-5.2",
        "modelState": {"value": 1, "completedAt": 1772359260000},
        **more,
    }


def _chat(*requests: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": 3,
        "sessionId": "0fb1b9c7-9892-48c1-996a-b6de7726603c",
        "creationDate": 1772359100000,
        "responderUsername": "GitHub Copilot",
        "initialLocation": "panel",
        "requests": list(requests),
        **more,
    }


def _tool(call: str, tool: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "toolInvocationSerialized",
        "toolCallId": call,
        "toolId": tool,
        "isComplete": True,
        "isConfirmed": {"type": 4},
        "invocationMessage": {"value": "Using it"},
        **more,
    }


def _terminal(command: str, output: str | None = None, **state: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": "terminal", "commandLine": {"original": command}, "language": "sh"}
    if output is not None:
        data["terminalCommandOutput"] = {"text": output}
    return _tool(
        "c1", "run_in_terminal", toolSpecificData={**data, **({"terminalCommandState": state} if state else {})}
    )


def _rounds(*calls: tuple[str, str, dict[str, Any]], **results: Any) -> dict[str, Any]:
    made = [{"id": id, "name": name, "arguments": json.dumps(given)} for id, name, given in calls]
    told = {id: {"$mid": 20, "content": [{"$mid": 21, "value": value}]} for id, value in results.items()}
    return {"metadata": {"toolCallRounds": [{"id": "r", "response": "", "toolCalls": made}], "toolCallResults": told}}


def _kept(root: Path, chat: Any, name: str = "x.json") -> Path:
    log = root / "workspaceStorage" / "abc" / "chatSessions" / name
    log.parent.mkdir(parents=True, exist_ok=True)
    log.parent.with_name("workspace.json").write_text(json.dumps({"folder": "file:///w/my%20app"}))
    lines = chat if isinstance(chat, list) else [chat]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return log


def _snapshot(root: Path, chat: Any, name: str = "x.json") -> Snapshot:
    (snapshot,) = VSCode().snapshots(_kept(root, chat, name), {})
    return snapshot


def _events(root: Path, *response: Any, **more: Any) -> list[Event]:
    """What is made of a response."""
    return list(_snapshot(root, _chat(_request(0, *response, **more))).events)[1:]


# The conversation


def test_a_request_is_a_prompt_and_what_was_shown_of_its_response(tmp_path: Path) -> None:
    parts = [{"value": "I'll read "}, {"kind": "inlineReference", "inlineReference": URI}, {"value": " first."}]

    snapshot = _snapshot(tmp_path, _chat(_request(0, *parts, {"kind": "thinking", "value": "hm"})))

    assert [(event.type, event.trust, event.text) for event in snapshot.events] == [
        (EventType.PROMPT, Trust.HUMAN, "fix the build"),
        (EventType.REPLY, Trust.ASSISTANT, "I'll read /w/app/a.py first."),
    ]


def test_the_model_is_told_with_the_reply(tmp_path: Path) -> None:
    (reply,) = _events(tmp_path, {"value": "Done."}, result={"usage": {"completionTokens": 50}})

    assert (reply.model, reply.tokens) == ("copilot/gpt-5.2", 50)


def test_a_tool_is_a_call_and_its_result_with_what_the_model_asked(tmp_path: Path) -> None:
    result = _rounds(("c1", "read_file", {"filePath": "/w/a.py", "startLine": 3, "endLine": 9}), c1="x = 1")

    call, gave = _events(tmp_path, _tool("c1", "copilot_readFile"), result=result)

    assert (call.tool, call.paths, call.spans, call.call) == ("read_file", ("/w/a.py",), (("/w/a.py", 3, 9),), "c1")
    assert (gave.text, gave.trust, gave.outcome, gave.call) == ("x = 1", Trust.FILE, Outcome.SUCCESS, "c1")


def test_a_result_may_be_a_tree_of_elements(tmp_path: Path) -> None:
    leaves = [{"type": 2, "text": "edited:"}, {"type": 2, "text": "/w/a.py", "lineBreakBefore": True}]
    tree = {"node": {"type": 1, "ctorName": "qy", "children": [{"type": 1, "children": leaves}]}}

    _, gave = _events(tmp_path, _tool("c1", "x"), result=_rounds(("c1", "read_file", {}), c1=tree))

    assert gave.text == "edited:\n/w/a.py"


def test_a_command_has_its_exit_code(tmp_path: Path) -> None:
    call, gave = _events(tmp_path, _terminal("make", "\x1b[31mboom\x1b[0m\r\n", exitCode=2, duration=5))

    assert (call.command, call.trust) == ("make", Trust.COMMAND)
    assert (gave.text, gave.exit_code, gave.outcome, gave.grounds) == ("boom\n", 2, Outcome.FAILURE, "exit code 2")


def test_a_command_that_the_user_changed_is_told_as_it_was_run(tmp_path: Path) -> None:
    part = _terminal("npm i", "", exitCode=0)
    part["toolSpecificData"]["commandLine"]["userEdited"] = "pnpm i"

    assert _events(tmp_path, part)[0].command == "pnpm i"


def test_a_command_of_which_no_exit_is_told_has_no_outcome(tmp_path: Path) -> None:
    assert _events(tmp_path, _terminal("make", "ok"))[1].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("confirmed", [False, {"type": 0}, {"type": 5}])
def test_what_the_user_refused_is_a_rejection(tmp_path: Path, confirmed: Any) -> None:
    _, refusal = _events(tmp_path, {**_terminal("rm -rf ."), "isConfirmed": confirmed})

    assert (refusal.type, refusal.trust, refusal.outcome) == (EventType.REJECTION, Trust.HUMAN, Outcome.REJECTED)


def test_a_call_that_is_not_complete_has_no_result_yet(tmp_path: Path) -> None:
    (call,) = _events(tmp_path, {**_tool("c1", "x"), "isComplete": False}, modelState={"value": 0})

    assert call.type is EventType.TOOL_CALL


def test_an_edit_group_tells_its_lines(tmp_path: Path) -> None:
    edit = {
        "text": "x = 1\ny = 2\n",
        "range": {"startLineNumber": 4, "startColumn": 1, "endLineNumber": 4, "endColumn": 1},
    }

    (call,) = _events(tmp_path, {"kind": "textEditGroup", "uri": URI, "edits": [[edit], []], "done": True})

    assert (call.paths, call.edits) == (("/w/app/a.py",), (("/w/app/a.py", "", "x = 1\ny = 2\n"),))
    assert call.spans == (("/w/app/a.py", 4, 5),)


def test_an_edit_group_and_the_call_that_made_it_are_one_call(tmp_path: Path) -> None:
    given = {"filePath": "/w/app/a.py", "oldString": "x = 0", "newString": "x = 1"}
    fence = [{"value": "\n```\n"}, {"kind": "codeblockUri", "uri": URI, "isEdit": True}]
    group = {"kind": "textEditGroup", "uri": URI, "edits": [[{"text": "x = 1", "range": {"startLineNumber": 2}}]]}

    result = _rounds(("t", "replace_string_in_file", given), t="edited")
    call, gave = _events(tmp_path, *fence, group, {"value": "\n```\n"}, result=result)[:2]

    assert (call.tool, call.call, call.edits) == ("replace_string_in_file", "t", (("/w/app/a.py", "x = 0", "x = 1"),))
    assert (call.spans, gave.text) == ((("/w/app/a.py", 2, 2),), "edited")


def test_a_call_that_was_not_shown_is_told_all_the_same(tmp_path: Path) -> None:
    calls = _rounds(("c1", "read_file", {"filePath": "a"}), ("c2", "list_dir", {"path": "b"}), c2="x")

    events = _events(tmp_path, _tool("c1", "copilot_readFile"), result=calls)

    assert [event.call for event in events if event.type is EventType.TOOL_CALL] == ["c1", "c2"]


def test_a_request_that_was_stopped_ends_in_an_interrupt(tmp_path: Path) -> None:
    for told in ({"isCanceled": True}, {"modelState": {"value": 2}}):
        assert _events(tmp_path, {"value": "I will"}, **told)[-1].type is EventType.INTERRUPT


def test_a_request_that_was_undone_is_off_the_main_path(tmp_path: Path) -> None:
    chat = _chat(_request(0, {"value": "a"}, shouldBeRemovedOnSend={"requestId": "request_0"}), _request(1))

    assert [event.on_main_path for event in _snapshot(tmp_path, chat).events] == [False, False, True]


def test_a_notice_of_the_system_is_no_prompt(tmp_path: Path) -> None:
    snapshot = _snapshot(tmp_path, _chat(_request(0, isSystemInitiated=True)))

    assert (snapshot.events[0].type, snapshot.events[0].trust) == (EventType.NOTE, Trust.TOOL)


def test_what_a_strangers_server_gives_back_is_a_tools_word(tmp_path: Path) -> None:
    part = _tool("c1", "read_page", source={"type": "mcp", "label": "x"}, resultDetails={"input": "{}", "output": "hi"})

    assert _events(tmp_path, part)[1].trust is Trust.TOOL


def test_a_tool_that_says_it_failed_has_failed(tmp_path: Path) -> None:
    part = _tool("c1", "x", resultDetails={"input": "{}", "output": "no such file", "isError": True})

    assert (_events(tmp_path, part)[1].outcome, _events(tmp_path, part)[1].grounds) == (Outcome.FAILURE, "isError")


def test_what_nobody_looked_at_is_counted_by_name(tmp_path: Path) -> None:
    snapshot = _snapshot(tmp_path, _chat(_request(0, {"kind": "hologram"}, mood="calm"), colour="red"))

    assert snapshot.unknown == {"field:colour": 1, "field:mood": 1, "part:hologram": 1}


@pytest.mark.parametrize("kind", [[], {}, 7])
def test_a_part_of_a_strange_kind_is_counted(tmp_path: Path, kind: Any) -> None:
    assert _snapshot(tmp_path, _chat(_request(0, {"kind": kind}))).unknown == {"part:unnameable": 1}


# The session


def test_the_folder_is_the_windows(tmp_path: Path) -> None:
    facts = _snapshot(tmp_path, _chat(_request(), customTitle="Build fix")).facts

    assert (facts.cwd, facts.title, facts.version) == ("/w/my app", "Build fix", "0.40.1")
    assert facts.started == "2026-03-01T09:58:20.000Z"


def test_a_chat_that_did_not_change_is_not_told_again(tmp_path: Path) -> None:
    log = _kept(tmp_path, _chat(_request()))
    (snapshot,) = VSCode().snapshots(log, {})

    assert list(VSCode().snapshots(log, {snapshot.session: snapshot.mark})) == []


def test_a_copy_under_another_name_is_the_same_session(tmp_path: Path) -> None:
    first = _snapshot(tmp_path, _chat(_request(0, {"value": "a"})))
    second = _snapshot(tmp_path, _chat(_request(0, {"value": "a"})), "copy.json")

    assert (first.session, first.events) == (second.session, second.events)


def test_a_chat_that_grows_keeps_its_ids(tmp_path: Path) -> None:
    before = _events(tmp_path, {"value": "I will"}, {**_tool("c1", "x"), "isComplete": False})
    after = _events(
        tmp_path, {"value": "I will look"}, _tool("c1", "x"), {"value": "Done"}, result=_rounds(("c1", "x", {}))
    )

    assert [event.id for event in before] == [event.id for event in after][:2]
    assert len({event.id for event in after}) == len(after)


def test_a_document_that_is_half_written_is_refused(tmp_path: Path) -> None:
    log = _kept(tmp_path, _chat(_request()))
    log.write_bytes(log.read_bytes()[:-9])

    with pytest.raises(UnreadableLineError, match="not JSON"):
        list(VSCode().snapshots(log, {}))


def test_a_request_that_is_none_is_lost_alone(tmp_path: Path) -> None:
    chat = _chat(_request())
    chat["requests"].insert(0, 7)

    snapshot = _snapshot(tmp_path, chat)

    assert ([lost.place for lost in snapshot.lost], len(snapshot.events)) == ([0], 1)


# The log of changes


LOG: list[Any] = [
    {"kind": 0, "v": _chat(customTitle=None)},
    {"kind": 2, "k": ["requests"], "v": [_request()]},
    {"kind": 2, "k": ["requests", 0, "response"], "v": [{"value": "Looking "}, {"value": "at it."}]},
    {"kind": 2, "k": ["requests"], "v": [_request(1)]},
    {"kind": 2, "k": ["requests"], "v": [_request(2)], "i": 1},
    {"kind": 1, "k": ["customTitle"], "v": "Build fix"},
    {"kind": 3, "k": ["requests", 1, "modelId"]},
]


def test_the_log_is_read_as_it_stands_after_its_last_line(tmp_path: Path) -> None:
    snapshot = _snapshot(tmp_path, LOG, "x.jsonl")

    assert [event.id for event in snapshot.events] == ["request_0", "request_0/reply0", "request_2"]
    assert (snapshot.facts.title, snapshot.events[1].text) == ("Build fix", "Looking at it.")


def test_every_beginning_of_a_log_is_a_log(tmp_path: Path) -> None:
    log = _kept(tmp_path, LOG, "x.jsonl")
    content, whole = log.read_bytes(), len(json.dumps(LOG[0])) + 1
    for end in range(whole, len(content) + 1):
        lost: list[Lost] = []
        replayed(content[:end], lost)

        assert lost == []


def test_a_log_of_which_the_object_is_half_written_is_refused(tmp_path: Path) -> None:
    log = _kept(tmp_path, LOG[:1], "x.jsonl")
    log.write_bytes(log.read_bytes()[:-9])

    with pytest.raises(UnreadableLineError):
        list(VSCode().snapshots(log, {}))


@pytest.mark.parametrize(
    "line",
    [
        b"{broken\n",
        b'{"kind":1,"k":["requests",9,"modelId"],"v":1}\n',
        b'{"kind":2,"k":["sessionId"],"v":[1]}\n',
        b'{"kind":9,"k":["x"]}\n',
        b'{"kind":1,"k":[],"v":{}}\n',
        b"[]\n",
    ],
)
def test_a_change_that_cannot_be_made_is_lost_alone(tmp_path: Path, line: bytes) -> None:
    log = _kept(tmp_path, LOG[:2], "x.jsonl")
    log.write_bytes(log.read_bytes() + line + json.dumps(LOG[2]).encode())

    (snapshot,) = VSCode().snapshots(log, {})

    assert [lost.place for lost in snapshot.lost] == [3]
    assert snapshot.events[-1].text == "Looking at it."


# Finding


@pytest.mark.parametrize(
    ("system", "folder"),
    [
        ("linux", "/h/.config/Code/User/workspaceStorage"),
        ("darwin", "/h/Library/Application Support/Code - Insiders/User/workspaceStorage"),
        ("win32", "/h/AppData/Roaming/VSCodium/User/globalStorage/emptyWindowChatSessions"),
        ("linux", "/h/.vscode-server/data/User/workspaceStorage"),
    ],
)
def test_its_folders_are_found_on_every_system(system: str, folder: str) -> None:
    assert Path(folder) in VSCode().folders(Machine(Path("/h"), system, {}))


@pytest.mark.parametrize("below", ["", "User", "User/workspaceStorage", "User/workspaceStorage/abc/chatSessions"])
def test_discovery_finds_chats_and_nothing_else(tmp_path: Path, below: str) -> None:
    log = _kept(tmp_path / "User", _chat(_request()))
    (log.parents[1] / "state.json").write_text("{}")

    assert VSCode().discover(tmp_path / below) == [log]


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_its_chats_are_owned_by_what_they_hold(tmp_path: Path, name: str) -> None:
    log = _kept(tmp_path, LOG if name.endswith("l") else _chat(_request()), name)

    assert [source.name for source in SOURCES if source.owns(log, log.read_bytes())] == ["vscode"]
    assert [source.name for source in SOURCES if source.owns(tmp_path / name, log.read_bytes())] == ["vscode"]
