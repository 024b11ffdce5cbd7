"""One session as each agent writes it, in the place where it keeps it: what is said, printed and named is given.

`FORMS` has a writer for each way in which any agent keeps sessions; `agent` tells whose it is.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

ID = "11111111-2222-4333-8444-555555555555"
TIME = "2026-01-02T03:04:05.678Z"
MS = 1_772_359_200_000


@dataclass(frozen=True)
class Told:
    """What a session tells: prompts, commands with what they printed and files with what is in them, in this order."""

    cwd: str
    prompts: tuple[str, ...] = ("fix it",)
    commands: tuple[tuple[str, str], ...] = (("make", "ok"),)
    files: tuple[tuple[str, str], ...] = ()
    reply: str = "Done."
    title: str = "Fix it"
    branch: str = "main"
    remote: str = "https://git.example.org/ana/shop.git"
    session: str = ID
    strange: str = "something_new"  # a name that no agent has: of a record, a block, a field
    hold: Callable[[Any], None] = field(default=lambda connection: None)  # given a database that is still open


Write = Callable[[Path, Told, ModuleType], Path]


def _put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _lines(path: Path, records: list[Any]) -> Path:
    return _put(path, "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in records))


def _id(told: Told, *said: Any) -> str:
    """An id that stays when a log is written anew with more in it."""
    return f"{told.session}-{hashlib.md5(json.dumps(said).encode()).hexdigest()[:12]}"


def claude_code(home: Path, told: Told, _: ModuleType) -> Path:
    about = {"sessionId": told.session, "timestamp": TIME, "cwd": told.cwd, "gitBranch": told.branch, "version": "2.1"}
    made: list[Any] = []

    def add(kind: str, content: Any, **more: Any) -> None:
        message = {"role": kind, "content": content}
        made.append({"type": kind, "uuid": _id(told, kind, content), "message": message, **about, **more})

    for prompt in told.prompts:
        add("user", prompt)
    for number, (command, printed) in enumerate(told.commands):
        add("assistant", [{"type": "tool_use", "id": f"c{number}", "name": "Bash", "input": {"command": command}}])
        add("user", [{"type": "tool_result", "tool_use_id": f"c{number}", "content": printed}])
    for number, (path, text) in enumerate(told.files):
        add("assistant", [{"type": "tool_use", "id": f"f{number}", "name": "Read", "input": {"file_path": path}}])
        add("user", [{"type": "tool_result", "tool_use_id": f"f{number}", "content": text}])
    add("assistant", [{"type": "text", "text": told.reply}])
    made += [{"type": "custom-title", "customTitle": told.title, "sessionId": told.session}]
    made += [{"type": told.strange, told.strange: 1}, f"not JSON {told.strange}"]
    return _lines(home / f".claude/projects/-w-shop/{told.session}.jsonl", made)


def claude_history(home: Path, told: Told, _: ModuleType) -> Path:
    (home / ".claude/projects").mkdir(parents=True, exist_ok=True)
    typed = [
        {"display": prompt, "pastedContents": {}, "timestamp": MS, "project": told.cwd, "sessionId": "gone",
         told.strange: 1}
        for prompt in told.prompts
    ]  # fmt: skip
    last = {"display": "x", "pastedContents": {}, "timestamp": MS + 9, "project": told.cwd, "sessionId": "last"}
    return _lines(home / ".claude/history.jsonl", [*typed, f"not JSON {told.strange}", last])


def codex(home: Path, told: Told, _: ModuleType) -> Path:
    git = {"branch": told.branch, "commit_hash": "c0ffee", "repository_url": told.remote}

    def line(kind: str, **payload: Any) -> dict[str, Any]:
        return {"timestamp": TIME, "type": kind, "payload": payload}

    made: list[Any] = [line("session_meta", id=told.session, cwd=told.cwd, cli_version="0.89.0", git=git)]
    for prompt in told.prompts:
        made += [
            line("response_item", type="message", role="user", content=[{"type": "input_text", "text": prompt}]),
            line("event_msg", type="user_message", message=prompt, images=[]),
        ]
    shown = [*told.commands, *((f"cat {path}", text) for path, text in told.files)]
    for number, (command, printed) in enumerate(shown):
        given = json.dumps({"command": ["bash", "-lc", command]})
        output = json.dumps({"output": printed, "metadata": {"exit_code": 0, "duration_seconds": 0.1}})
        made += [
            line("response_item", type="function_call", name="shell", arguments=given, call_id=f"c{number}"),
            line("response_item", type="function_call_output", call_id=f"c{number}", output=output),
        ]
    answer = [{"type": "output_text", "text": told.reply}]
    made.append(line("response_item", type="message", role="assistant", content=answer))
    made += [line("response_item", type=told.strange), line(told.strange, x=1), f"not JSON {told.strange}"]
    return _lines(home / f".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-{told.session}.jsonl", made)


def codex_history(home: Path, told: Told, _: ModuleType) -> Path:
    (home / ".codex/sessions").mkdir(parents=True, exist_ok=True)
    asked = [{"session_id": "gone", "ts": 1_767_323_045, "text": prompt, told.strange: 1} for prompt in told.prompts]
    last = {"session_id": "last", "ts": 1_767_323_046, "text": "x"}
    return _lines(home / ".codex/history.jsonl", [*asked, f"not JSON {told.strange}", last])


def _slug(cwd: str) -> str:
    """What Cursor calls the folder of a project."""
    return "".join(letter if letter.isalnum() else "-" for letter in cwd).strip("-")


def cursor_editor(home: Path, told: Told, cursor: ModuleType) -> Path:
    bubbles = [cursor.asked(f"p{n}", text, **{told.strange: 1}) for n, text in enumerate(told.prompts)]
    bubbles += [cursor.ran(f"c{n}", command, 0, printed) for n, (command, printed) in enumerate(told.commands)]
    bubbles += [
        cursor.tool(f"f{n}", "read_file", {"target_file": path}, {"contents": text})
        for n, (path, text) in enumerate(told.files)
    ]
    bubbles += [cursor.tool("s", told.strange, {}, {"x": 1}), cursor.said("r", told.reply)]
    with cursor.Editor(home) as editor:
        editor.composer(told.session, bubbles, name=told.title, createdOnBranch=told.branch)
        editor.put(f"bubbleId:{told.session}:torn", f"not JSON {told.strange}")
        headers = [{"bubbleId": one["bubbleId"], "type": one["type"]} for one in bubbles]
        editor.composer(
            told.session, bubbles, name=told.title, createdOnBranch=told.branch,
            fullConversationHeadersOnly=[*headers, {"bubbleId": "torn", "type": 1}],
        )  # fmt: skip
        name = hashlib.md5(told.cwd.encode()).hexdigest()
        editor.window(name, Path(told.cwd).as_uri(), {"allComposers": [{"composerId": told.session}]})
        told.hold(editor.connection)
        path: Path = editor.path
    return path


def cursor_agent(home: Path, told: Told, cursor: ModuleType) -> Path:
    with cursor.Store(home, told.cwd, told.session) as store:
        ids = [store.message(cursor.query(prompt)) for prompt in told.prompts]
        for n, (command, printed) in enumerate(told.commands):
            call = cursor.answer(cursor.called(f"c{n}", "Shell", command=command))
            ended = {"success": {"exitCode": 0, "stdout": printed}}
            ids += [store.message(call), store.message(cursor.gave(f"c{n}", "Shell", printed, ended))]
        for n, (path, text) in enumerate(told.files):
            call = cursor.answer(cursor.called(f"f{n}", "Read", path=path))
            ended = {"success": {"content": text}}
            ids += [store.message(call), store.message(cursor.gave(f"f{n}", "Read", text, ended))]
        ids.append(store.message(cursor.answer(cursor.words(told.reply), {"type": told.strange})))
        ids.append(store.message({"role": told.strange, "content": "x"}))
        store.root(ids, Path(told.cwd).as_uri(), name=told.title)
        told.hold(store.connection)
        made: Path = store.path
    return made


def cursor_transcript(home: Path, told: Told, cursor: ModuleType) -> Path:
    path: Path = cursor.transcript(home, _slug(told.cwd), told.session)
    lines = [cursor.typed(prompt) for prompt in told.prompts]
    used = [cursor.used("Shell", {"command": command, "working_directory": told.cwd}) for command, _ in told.commands]
    used += [cursor.used("Read", {"path": place}) for place, _ in told.files]
    lines += [cursor.line("assistant", one) for one in used]
    lines += [cursor.line("assistant", cursor.words(told.reply), {"type": told.strange})]
    path.write_bytes(b"".join(lines) + f"not JSON {told.strange}\n".encode())
    return path


def cursor_text(home: Path, told: Told, cursor: ModuleType) -> Path:
    place = cursor.transcript(home, _slug(told.cwd)).parent.parent / f"{told.session}.txt"
    asked = "".join(f"user:\n<user_query>\n{prompt}\n</user_query>\n\n" for prompt in told.prompts)
    calls = [("Shell", f"  command: {command}\n  working_directory: {told.cwd}") for command, _ in told.commands]
    calls += [("Read", f"  path: {path}") for path, _ in told.files]
    made = "".join(f"[Tool call] {tool}\n{given}\n\n[Tool result] {tool}\n\n" for tool, given in calls)
    return _put(place, f"{asked}assistant:\n{made}{told.reply}\n")


def _gemini(told: Told) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    head = {
        "sessionId": told.session, "projectHash": hashlib.sha256(told.cwd.encode()).hexdigest(), "startTime": TIME,
        "lastUpdated": TIME, "summary": told.title, "directories": [told.cwd],
    }  # fmt: skip
    own = hashlib.md5(told.session.encode()).hexdigest()[:12]
    made: list[dict[str, Any]] = [
        {"id": f"u{n}-{own}", "timestamp": TIME, "type": "user", "content": [{"text": prompt}]}
        for n, prompt in enumerate(told.prompts)
    ]

    def call(id: str, tool: str, given: Mapping[str, Any], output: str) -> dict[str, Any]:
        result = [{"functionResponse": {"id": id, "name": tool, "response": {"output": output}}}]
        return {"id": id, "name": tool, "args": given, "status": "success", "timestamp": TIME, "result": result}

    calls = [call(f"c{n}-{own}", "run_shell_command", {"command": c}, out) for n, (c, out) in enumerate(told.commands)]
    calls += [call(f"f{n}-{own}", "read_file", {"absolute_path": p}, text) for n, (p, text) in enumerate(told.files)]
    made.append(
        {"id": f"g-{own}", "timestamp": TIME, "type": "gemini", "content": told.reply, "model": "g", "toolCalls": calls}
    )
    made.append({"id": f"s-{own}", "timestamp": TIME, "type": told.strange, "content": "x", told.strange: 1})
    return head, made


def _gemini_folder(home: Path, told: Told) -> Path:
    _put(home / ".gemini/projects.json", json.dumps({"projects": {told.cwd: "shop"}}))
    _put(home / ".gemini/tmp/shop/.project_root", told.cwd)
    return home / ".gemini/tmp/shop/chats"


def gemini_json(home: Path, told: Told, _: ModuleType) -> Path:
    head, messages = _gemini(told)
    path = _gemini_folder(home, told) / f"session-2026-01-02T03-04-{told.session[-8:]}.json"
    return _put(path, json.dumps({**head, "messages": messages}))


def gemini_jsonl(home: Path, told: Told, _: ModuleType) -> Path:
    head, messages = _gemini(told)
    path = _gemini_folder(home, told) / f"session-2026-01-02T03-04-{told.session[-8:]}.jsonl"
    return _lines(path, [head, *messages, f"not JSON {told.strange}"])


def _opencode(told: Told) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    id = f"ses_{hashlib.md5(told.session.encode()).hexdigest()}"
    info = {
        "id": id, "version": "1.1", "projectID": "p1", "directory": told.cwd, "title": told.title,
        "time": {"created": MS, "updated": MS},
    }  # fmt: skip
    made: list[dict[str, Any]] = []

    def add(role: str, parts: list[dict[str, Any]], **more: Any) -> None:
        id = f"msg_{len(made):012x}"
        about = {"id": id, "sessionID": info["id"], "role": role, "time": {"created": MS}, **more}
        held = [{"id": f"prt_{len(made):06x}{n:06x}", "sessionID": info["id"], "messageID": id, **p}
                for n, p in enumerate(parts)]  # fmt: skip
        made.append({"info": about, "parts": held})

    def tool(id: str, name: str, given: Mapping[str, Any], output: str, **metadata: Any) -> dict[str, Any]:
        state = {"status": "completed", "input": given, "time": {"start": MS, "end": MS}, "output": output,
                 "metadata": metadata, "title": told.title}  # fmt: skip
        return {"type": "tool", "callID": id, "tool": name, "state": state}

    for prompt in told.prompts:
        add("user", [{"type": "text", "text": prompt}])
    parts = [tool(f"c{n}", "bash", {"command": c}, out, exit=0) for n, (c, out) in enumerate(told.commands)]
    parts += [tool(f"f{n}", "read", {"filePath": p}, text) for n, (p, text) in enumerate(told.files)]
    add("assistant", [*parts, {"type": "text", "text": told.reply}, {"type": told.strange, told.strange: 1}],
        modelID="m", path={"cwd": told.cwd, "root": told.cwd})  # fmt: skip
    return info, made


def opencode_tree(home: Path, told: Told, _: ModuleType) -> Path:
    info, messages = _opencode(told)
    storage = home / ".local/share/opencode/storage"
    for message in messages:
        id = message["info"]["id"]
        _put(storage / "message" / info["id"] / f"{id}.json", json.dumps(message["info"]))
        for part in message["parts"]:
            _put(storage / "part" / id / f"{part['id']}.json", json.dumps(part))
    _put(storage / "message" / info["id"] / "msg_fffffffffff0.json", f"not JSON {told.strange}")
    return _put(storage / "session/p1" / f"{info['id']}.json", json.dumps(info))


def opencode_database(home: Path, told: Told, _: ModuleType) -> Path:
    info, messages = _opencode(told)
    path = home / ".local/share/opencode/opencode.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(
        "CREATE TABLE IF NOT EXISTS project (id text PRIMARY KEY, worktree text);"
        "CREATE TABLE IF NOT EXISTS session (id text PRIMARY KEY, project_id text, parent_id text, slug text,"
        " directory text, title text, version text, revert text, time_created integer, time_updated integer);"
        "CREATE TABLE IF NOT EXISTS message (id text PRIMARY KEY, session_id text, time_created integer,"
        " time_updated integer, data text);"
        "CREATE TABLE IF NOT EXISTS part (id text PRIMARY KEY, message_id text, session_id text, time_created integer,"
        " time_updated integer, data text);"
    )
    now = MS + len(messages)
    db.execute(
        "INSERT OR REPLACE INTO session VALUES (?, 'p1', NULL, 's', ?, ?, '1.1', NULL, ?, ?)",
        [info["id"], info["directory"], info["title"], MS, now],
    )
    for message in messages:
        one = message["info"]
        about = {key: value for key, value in one.items() if key not in ("id", "sessionID")}
        db.execute("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)",
                   [one["id"] + info["id"][-4:], info["id"], now, now, json.dumps(about)])  # fmt: skip
        for part in message["parts"]:
            held = {key: value for key, value in part.items() if key not in ("id", "sessionID", "messageID")}
            db.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)",
                       [part["id"] + info["id"][-4:], one["id"] + info["id"][-4:], info["id"], now, now,
                        json.dumps(held)])  # fmt: skip
    told.hold(db)
    db.close()
    return path


def copilot(home: Path, told: Told, _: ModuleType) -> Path:
    context = {"cwd": told.cwd, "gitRoot": told.cwd, "branch": told.branch, "repository": told.remote}
    made: list[Any] = []

    def add(kind: str, **data: Any) -> None:
        made.append({"type": kind, "data": data, "id": _id(told, kind, data), "timestamp": TIME})

    add("session.start", sessionId=told.session, version=1, producer="copilot-agent", startTime=TIME, context=context)
    for prompt in told.prompts:
        add("user.message", content=prompt, attachments=[])
    shown = [("bash", {"command": c, "description": "Try"}, out) for c, out in told.commands]
    shown += [("view", {"path": p}, text) for p, text in told.files]
    for n, (tool, given, output) in enumerate(shown):
        request = {"toolCallId": f"c{n}", "name": tool, "arguments": given}
        add("assistant.message", messageId=f"m{n}", content="", toolRequests=[request])
        add("tool.execution_start", toolCallId=f"c{n}", toolName=tool, arguments=given)
        add("tool.execution_complete", toolCallId=f"c{n}", success=True, result={"content": output})
    add("assistant.message", messageId="m", content=told.reply)
    add("session.title_changed", title=told.title)
    add(told.strange, x=1)
    path = home / f".copilot/session-state/{told.session}/events.jsonl"
    about = f"id: {told.session}\ncwd: {told.cwd}\nrepository: {told.remote}\nsummary: {told.title}\n"
    _put(path.with_name("workspace.yaml"), about)
    return _lines(path, [*made, f"not JSON {told.strange}"])


def copilot_history(home: Path, told: Told, _: ModuleType) -> Path:
    timeline = [{"type": "user", "text": prompt, "id": f"t{n}", "timestamp": TIME}
                for n, prompt in enumerate(told.prompts)]  # fmt: skip
    chat = [{"role": "user", "content": prompt} for prompt in told.prompts]
    document = {"sessionId": told.session, "startTime": TIME, "chatMessages": chat, "timeline": timeline}
    path = home / f".copilot/history-session-state/{told.session}.json"
    return _put(path, json.dumps(document | {told.strange: 1, "name": told.title}))


def vscode(home: Path, told: Told, _: ModuleType) -> Path:
    response: list[dict[str, Any]] = []
    rounds, results = [], {}
    shown = [("run_in_terminal", {"command": c}, out) for c, out in told.commands]
    shown += [("copilot_readFile", {"filePath": p}, text) for p, text in told.files]
    for n, (tool, given, output) in enumerate(shown):
        data = {"kind": "terminal", "commandLine": {"original": given["command"]}, "language": "sh",
                "terminalCommandOutput": {"text": output}} if "command" in given else None  # fmt: skip
        response.append(
            {"kind": "toolInvocationSerialized", "toolCallId": f"c{n}", "toolId": tool, "isComplete": True,
             "isConfirmed": {"type": 4}, "invocationMessage": {"value": "Using it"},
             **({"toolSpecificData": data} if data else {})}
        )  # fmt: skip
        rounds.append({"id": f"r{n}", "response": "",
                       "toolCalls": [{"id": f"c{n}", "name": tool, "arguments": json.dumps(given)}]})  # fmt: skip
        results[f"c{n}"] = {"$mid": 20, "content": [{"$mid": 21, "value": output}]}
    response += [{"value": told.reply}, {"kind": told.strange}]
    requests = [
        {
            "requestId": f"request_{n}", "timestamp": MS + n, "message": {"text": prompt, "parts": []},
            "variableData": {"variables": []}, "agent": {"id": "github.copilot.editsAgent"}, "modelId": "m",
            "modelState": {"value": 1}, "response": response if not n else [], told.strange: 1,
            "result": {"metadata": {"toolCallRounds": rounds, "toolCallResults": results}} if not n else {},
        }
        for n, prompt in enumerate(told.prompts)
    ]  # fmt: skip
    chat = {
        "version": 3, "sessionId": told.session, "creationDate": MS, "responderUsername": "GitHub Copilot",
        "initialLocation": "panel", "requests": requests, "customTitle": told.title,
        "repoData": {"remoteUrl": told.remote, "workspacePath": told.cwd, "branchName": told.branch},
    }  # fmt: skip
    place = home / ".config/Code/User/workspaceStorage" / hashlib.md5(told.cwd.encode()).hexdigest()
    _put(place / "workspace.json", json.dumps({"folder": Path(told.cwd).as_uri()}))
    return _put(place / f"chatSessions/{told.session}.json", json.dumps(chat))


def _task(told: Told, *, roo: bool) -> list[dict[str, Any]]:
    where = (
        f"<environment_details>\n# Current Working Directory ({told.cwd}) Files\na.py\n\n"
        "# Current Mode\nACT MODE\n</environment_details>"
    )

    def said(*texts: str) -> dict[str, Any]:
        return {"role": "user", "content": [{"type": "text", "text": text} for text in (*texts, where)]}

    made = [said(f"<task>\n{told.prompts[0]}\n</task>")]
    shown = [("execute_command", "command", c, f"Command executed.\nOutput:\n{out}") for c, out in told.commands]
    shown += [("read_file", "path", path, text) for path, text in told.files]
    for n, (tool, key, given, output) in enumerate(shown):
        use = {"type": "tool_use", "id": f"toolu_{n}", "name": tool, "input": {key: given}}
        made.append({"role": "assistant", "content": [use], "modelInfo": {"modelId": "m"}})
        made.append(said(f"[{tool} for '{given}'] Result:\n{output}"))
    for prompt in told.prompts[1:]:
        use = {"type": "tool_use", "id": "done", "name": "attempt_completion", "input": {"result": told.reply}}
        made.append({"role": "assistant", "content": [use]})
        made.append(said("[attempt_completion] Result: Done", f"<feedback>\n{prompt}\n</feedback>"))
    made.append({"role": "assistant", "content": [{"type": "text", "text": told.reply}, {"type": told.strange}]})
    made.append({"role": told.strange, "content": "x", told.strange: 1})
    return made


def _cline(storage: Path, told: Told, *, roo: bool) -> Path:
    folder = storage / "tasks" / (told.session if roo else str(MS + sum(told.session.encode())))
    shown = [{"ts": MS, "type": "say", "say": "text", "text": told.prompts[0]}]
    _put(folder / "ui_messages.json", json.dumps(shown))
    return _put(folder / "api_conversation_history.json", json.dumps(_task(told, roo=roo)))


def cline(home: Path, told: Told, _: ModuleType) -> Path:
    return _cline(home / ".config/Code/User/globalStorage/saoudrizwan.claude-dev", told, roo=False)


def cline_session(home: Path, told: Told, _: ModuleType) -> Path:
    made: list[dict[str, Any]] = []
    asked = [("run_commands", {"commands": [command]}, printed) for command, printed in told.commands]
    asked += [("read_files", {"files": [{"path": path}]}, text) for path, text in told.files]
    for prompt in told.prompts:
        made.append({"role": "user", "content": f'<user_input mode="act">{prompt}</user_input>', "ts": MS})
    for number, (tool, given, answer) in enumerate(asked):
        use = {"type": "tool_use", "id": f"c{number}", "name": tool, "input": given}
        told_back = {"type": "tool_result", "tool_use_id": f"c{number}", "name": tool, "is_error": False}
        made.append({"role": "assistant", "content": [use]})
        entries = [{"query": "q", "result": answer, "success": True}]
        made.append({"role": "user", "content": [{**told_back, "content": entries}]})
    made.append({"role": "assistant", "content": [{"type": "text", "text": told.reply}, {"type": told.strange}]})
    made.append({"role": told.strange, "content": "x", told.strange: 1})
    for message in made:
        message["id"] = _id(told, message)
    folder = home / ".cline/data/sessions" / told.session
    about = {"session_id": told.session, "started_at": TIME, "cwd": told.cwd, "metadata": {"title": told.title}}
    _put(folder / f"{told.session}.json", json.dumps({"version": 1, **about}))
    whole = {"version": 1, "updated_at": TIME, "agent": "lead", "sessionId": told.session, "messages": made}
    return _put(folder / f"{told.session}.messages.json", json.dumps(whole))


def roo(home: Path, told: Told, _: ModuleType) -> Path:
    return _cline(home / ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline", told, roo=True)


def continue_dev(home: Path, told: Told, _: ModuleType) -> Path:
    history: list[dict[str, Any]] = [
        {"message": {"role": "user", "content": prompt}, "contextItems": []} for prompt in told.prompts
    ]
    shown = [("builtin_run_terminal_command", {"command": c}, out) for c, out in told.commands]
    shown += [("builtin_read_file", {"filepath": p}, text) for p, text in told.files]
    for n, (tool, given, output) in enumerate(shown):
        call = {"id": f"c{n}", "type": "function", "function": {"name": tool, "arguments": json.dumps(given)}}
        state = {"toolCallId": f"c{n}", "toolCall": call, "status": "done", "parsedArgs": given,
                 "output": [{"name": "x", "description": "x", "content": output}]}  # fmt: skip
        message = {"role": "assistant", "content": "", "toolCalls": [call]}
        history.append({"message": message, "contextItems": [], "toolCallStates": [state]})
    history.append({"message": {"role": "assistant", "content": told.reply}, "contextItems": [], told.strange: 1})
    history.append({"message": {"role": told.strange, "content": "x"}, "contextItems": []})
    session = {"sessionId": told.session, "title": told.title, "workspaceDirectory": Path(told.cwd).as_uri()}
    log = home / f".continue/sessions/{told.session}.json"
    _put(log.with_name("sessions.json"), json.dumps([{**session, "dateCreated": str(MS)}]))
    return _put(log, json.dumps(session | {"history": history}))


def aider(home: Path, told: Told, _: ModuleType) -> Path:
    asked = "".join(
        "\n" + "".join(f"#### {line}  \n" for line in prompt.split("\n")) + f"\n{told.reply}\n\n"
        for prompt in told.prompts
    )
    ran = "".join(
        f"\n#### /run {command}  \n" + "".join(f"> {line}  \n" for line in printed.split("\n"))
        for command, printed in told.commands
    )
    text = f"\n# aider chat started at 2026-01-02 03:04:05\n\n> Aider v0.75.1  \n> {told.strange}  \n{asked}{ran}"
    return _put(Path(told.cwd) / ".aider.chat.history.md", text)


def specstory(home: Path, told: Told, _: ModuleType) -> Path:
    text = (
        f"<!-- Generated by SpecStory, Markdown v2.1.0 -->\n\n# {told.title}\n\n"
        f"<!-- Claude Code Session {told.session} (2026-01-02 03:04:05Z) -->\n\n"
    )
    for prompt in told.prompts:
        text += f"_**User (2026-01-02 03:04:05Z)**_\n\n{prompt}\n\n---\n\n"
    shown = [("shell", "Bash", f"Run it\n\n`{c}`\n\n```text\n{out}\n```") for c, out in told.commands]
    shown += [("read", "Read", f"`{p}`\n\n```text\n{out}\n```") for p, out in told.files]
    for kind, name, body in shown:
        use = (
            f'<tool-use data-tool-type="{kind}" data-tool-name="{name}"><details>\n'
            f"<summary>Tool use: **{name}**</summary>\n{body}\n</details></tool-use>"
        )
        text += f"_**Agent (m 2026-01-02 03:05:00Z)**_\n\n{use}\n\n"
    text += f"_**Agent (m 2026-01-02 03:05:00Z)**_\n\n{told.reply}\n\n"
    return _put(Path(told.cwd) / f".specstory/history/2026-01-02_03-04-05Z-{told.session[:8]}.md", text)


def pi(home: Path, told: Told, _: ModuleType) -> Path:
    made: list[Any] = [{"type": "session", "id": told.session, "timestamp": TIME, "version": 3, "cwd": told.cwd}]

    def add(role: str, content: Any, **more: Any) -> None:
        message = {"role": role, "content": content, **more}
        made.append(
            {"type": "message", "id": _id(told, role, content), "parentId": None, "timestamp": TIME, "message": message}
        )

    for prompt in told.prompts:
        add("user", prompt)
    shown = [("bash", {"command": c}, out) for c, out in told.commands]
    shown += [("read", {"path": p}, text) for p, text in told.files]
    for n, (tool, given, output) in enumerate(shown):
        add("assistant", [{"type": "toolCall", "id": f"c{n}", "name": tool, "arguments": given}], model="m")
        content = [{"type": "text", "text": output}]
        add("toolResult", content, toolCallId=f"c{n}", toolName=tool, isError=False)
    add("assistant", [{"type": "text", "text": told.reply}, {"type": told.strange}], model="m")
    made += [{"type": "session_info", "id": "n", "parentId": None, "timestamp": TIME, "name": told.title}]
    made += [{"type": told.strange, "id": "s", "parentId": None, "timestamp": TIME}, f"not JSON {told.strange}"]
    name = f"2026-01-02T03-04-05-678Z_{told.session}.jsonl"
    return _lines(home / ".pi/agent/sessions/--w-shop--" / name, made)


def antigravity(home: Path, told: Told, _: ModuleType) -> Path:
    made: list[Any] = []

    def step(kind: str, content: str, source: str = "MODEL", **more: Any) -> None:
        made.append({"step_index": len(made), "source": source, "type": kind, "status": "DONE", "created_at": TIME,
                     "content": content, **more})  # fmt: skip

    def asked(prompts: tuple[str, ...]) -> None:
        for prompt in prompts:
            step("USER_INPUT", f"<USER_REQUEST>\n{prompt}\n</USER_REQUEST>", "USER_EXPLICIT")

    asked(told.prompts[:2])
    for command, printed in told.commands:
        given = {"CommandLine": command, "Cwd": told.cwd}
        step("PLANNER_RESPONSE", "", tool_calls=[{"name": "run_command", "id": f"c{len(made)}", "arguments": given}])
        step("RUN_COMMAND", printed)
    for path, text in told.files:
        step("VIEW_FILE", f"File Path: `file://{path}`\n{text}")
    step("PLANNER_RESPONSE", told.reply)
    asked(told.prompts[2:])  # steps have numbers
    step(told.strange, "x", told.strange)
    logs = home / ".gemini/antigravity/brain" / told.session / ".system_generated/logs"
    return _lines(logs / "transcript_full.jsonl", [*made, f"not JSON {told.strange}"])


FORMS: dict[str, tuple[str, Write]] = {
    "claude-code": ("claude-code", claude_code),
    "claude-code, history": ("claude-code", claude_history),
    "codex": ("codex", codex),
    "codex, history": ("codex", codex_history),
    "cursor, editor": ("cursor", cursor_editor),
    "cursor, agent": ("cursor", cursor_agent),
    "cursor, transcript": ("cursor", cursor_transcript),
    "cursor, text": ("cursor", cursor_text),
    "gemini, json": ("gemini", gemini_json),
    "gemini, jsonl": ("gemini", gemini_jsonl),
    "opencode, tree": ("opencode", opencode_tree),
    "opencode, database": ("opencode", opencode_database),
    "copilot": ("copilot", copilot),
    "copilot, history": ("copilot", copilot_history),
    "vscode": ("vscode", vscode),
    "cline": ("cline", cline),
    "cline, session": ("cline", cline_session),
    "roo": ("roo", roo),
    "continue": ("continue", continue_dev),
    "aider": ("aider", aider),
    "specstory": ("specstory", specstory),
    "pi": ("pi", pi),
    "antigravity": ("antigravity", antigravity),
}
