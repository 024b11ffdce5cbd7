"""A home in which every agent has kept one small session, where and as it keeps them; by the name of its source."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

ID = "11111111-2222-4333-8444-555555555555"
TIME = "2026-01-02T03:04:05.678Z"
MS = 1_772_359_200_000


def write(home: Path, cursor: ModuleType) -> dict[str, Path]:
    """The log of each source, by the name of its class; `cursor` writes Cursor's (`cursor_files`)."""
    made = _lines(home) | _documents(home) | _texts(home) | _cursor(home, cursor)
    made["OpenCode"] = _opencode(home / ".local/share/opencode/opencode.db")
    return made


def _lines(home: Path) -> dict[str, Path]:
    said = {"type": "user", "sessionId": ID, "timestamp": TIME, "cwd": "/w/shop", "version": "2.1.30"}
    call = {"type": "tool_use", "id": "c1", "name": "Bash", "input": {"command": "make"}}
    gave = {"type": "tool_result", "tool_use_id": "c1", "content": "Exit code 2\nboom", "is_error": True}
    claude = [
        said | {"uuid": "a", "parentUuid": None, "message": {"role": "user", "content": "fix it"}},
        said | {"uuid": "b", "parentUuid": "a", "type": "assistant", "message": {"content": [call]}},
        said | {"uuid": "c", "parentUuid": "b", "message": {"role": "user", "content": [gave]}},
    ]  # fmt: skip

    def item(kind: str, **payload: Any) -> dict[str, Any]:
        return {"timestamp": TIME, "type": "response_item", "payload": {"type": kind, **payload}}

    codex = [
        {"timestamp": TIME, "type": "session_meta", "payload": {"id": ID, "cwd": "/w/shop", "cli_version": "0.89.0"}},
        item("message", role="user", content=[{"type": "input_text", "text": "fix it"}]),
        item("function_call", name="shell", arguments='{"command": ["make"]}', call_id="c1"),
        item("function_call_output", call_id="c1", output='{"output": "boom", "metadata": {"exit_code": 2}}'),
    ]

    def event(number: int, kind: str, **data: Any) -> dict[str, Any]:
        return {"type": kind, "data": data, "id": f"id-{number}", "timestamp": TIME, "parentId": None}

    copilot = [
        event(0, "session.start", sessionId=ID, version=1, startTime=TIME, context={"cwd": "/w/shop"}),
        event(1, "user.message", content="fix it"),
        event(2, "assistant.message", messageId="m", content="Done."),
    ]
    pi = [
        {"type": "session", "id": ID, "timestamp": TIME, "version": 3, "cwd": "/w/shop"},
        {"type": "message", "id": "e1", "parentId": None, "timestamp": TIME,
         "message": {"role": "user", "content": "fix it"}},
    ]  # fmt: skip
    step = {"step_index": 0, "source": "USER_EXPLICIT", "type": "USER_INPUT", "status": "DONE", "created_at": TIME}
    antigravity = [step | {"content": "<USER_REQUEST>\nfix it\n</USER_REQUEST>"}]
    typed = [  # the last session may be about to have a log
        {"display": "fix it", "pastedContents": {}, "timestamp": MS, "project": "/w/dock", "sessionId": session}
        for session in ("gone", "last")
    ]
    asked = [{"session_id": session, "ts": 1_767_323_045, "text": "fix it"} for session in ("gone", "last")]
    brain = home / ".gemini/antigravity/brain" / ID / ".system_generated/logs"
    places: dict[str, tuple[Path, list[Any]]] = {
        "ClaudeCode": (home / f".claude/projects/-w-shop/{ID}.jsonl", claude),
        "ClaudeCodeHistory": (home / ".claude/history.jsonl", typed),
        "Codex": (home / f".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-{ID}.jsonl", codex),
        "CodexHistory": (home / ".codex/history.jsonl", asked),
        "Copilot": (home / f".copilot/session-state/{ID}/events.jsonl", copilot),
        "Pi": (home / f".pi/agent/sessions/--w-shop--/2026-01-02T03-04-05-678Z_{ID}.jsonl", pi),
        "Antigravity": (brain / "transcript_full.jsonl", antigravity),
    }
    return {
        source: _put(path, "".join(json.dumps(line) + "\n" for line in lines))
        for source, (path, lines) in places.items()
    }


def _documents(home: Path) -> dict[str, Path]:
    task = [{"role": "user", "content": [{"type": "text", "text": "<task>\nfix it\n</task>"}]}]
    request = {
        "requestId": "r1", "timestamp": MS, "message": {"text": "fix it", "parts": []},
        "variableData": {"variables": []},
        "response": [{"value": "Done."}], "agent": {"id": "github.copilot.editsAgent"}, "modelId": "copilot/gpt-5.2",
    }  # fmt: skip
    chat = {
        "version": 3, "sessionId": ID, "creationDate": MS, "responderUsername": "GitHub Copilot",
        "initialLocation": "panel", "requests": [request],
    }  # fmt: skip
    said = {"message": {"role": "user", "content": "fix it"}, "contextItems": []}
    resumed = {"sessionId": ID, "title": "Build", "workspaceDirectory": "file:///w/shop", "history": [said]}
    message = {"id": "u1", "timestamp": TIME, "type": "user", "content": "fix it"}
    gemini = {
        "sessionId": ID, "projectHash": "0" * 64, "startTime": TIME, "lastUpdated": TIME, "messages": [message]
    }  # fmt: skip
    timeline = [{"type": "user", "text": "fix it", "id": "t1", "timestamp": TIME}]
    copilot = {"sessionId": ID, "startTime": TIME, "chatMessages": [{"role": "user", "content": "fix it"}]}
    typed = [{"id": "m1", "role": "user", "content": "<user_input mode='act'>fix it</user_input>", "ts": MS}]
    session = {"version": 1, "updated_at": TIME, "agent": "lead", "sessionId": ID, "messages": typed}
    user = home / ".config/Code/User"
    tasks = "tasks/1770913324799/api_conversation_history.json"
    documents: dict[str, tuple[Path, Any]] = {
        "Cline": (user / "globalStorage/saoudrizwan.claude-dev" / tasks, task),
        "ClineSessions": (home / f".cline/data/sessions/{ID}/{ID}.messages.json", session),
        "Roo": (user / "globalStorage/rooveterinaryinc.roo-cline" / tasks, task),
        "VSCode": (user / f"workspaceStorage/0a/chatSessions/{ID}.json", chat),
        "Continue": (home / f".continue/sessions/{ID}.json", resumed),
        "Gemini": (home / ".gemini/tmp/shop/chats/session-2026-01-02T03-04-11111111.json", gemini),
        "CopilotHistory": (home / f".copilot/history-session-state/{ID}.json", copilot | {"timeline": timeline}),
    }
    _put(home / ".continue/sessions/sessions.json", json.dumps([{"sessionId": ID, "dateCreated": str(MS)}]))
    return {source: _put(path, json.dumps(document)) for source, (path, document) in documents.items()}


def _texts(home: Path) -> dict[str, Path]:
    shop = home / "work/shop"
    aider = "\n# aider chat started at 2026-01-02 03:04:05\n\n#### fix it\n\nDone.\n\n"
    export = (
        f"<!-- Generated by SpecStory -->\n\n<!-- Claude Code Session {ID} (2026-01-02 03:04:05Z) -->\n\n"
        "# fix it\n\n_**User (2026-01-02 03:04:05Z)**_\n\nfix it\n\n---\n\n_**Agent (model opus)**_\n\nDone.\n"
    )
    return {
        "Aider": _put(shop / ".aider.chat.history.md", aider),
        "SpecStory": _put(shop / ".specstory/history/2026-01-02_03-04-05Z-fix-it.md", export),
    }


def _cursor(home: Path, cursor: ModuleType) -> dict[str, Path]:
    with cursor.Editor(home) as editor:
        editor.composer("composer-1", [cursor.asked("b1", "fix it"), cursor.ran("b2", "make", 2, "boom")])
    with cursor.Store(home, "/w/shop", "0f4d2c52-6f0e-4f6e-9a52-6d3f0f9a1b2c") as store:
        store.root([store.message(cursor.query("fix it"))], "file:///w/shop")
    transcript = cursor.transcript(home)
    transcript.write_bytes(cursor.typed("fix it") + cursor.line("assistant", cursor.words("Done.")))
    text = transcript.parent.parent / "0e9d2c52-6f0e-4f6e-9a52-6d3f0f9a1b2c.txt"
    _put(text, "user:\n<user_query>\nfix it\n</user_query>\n\nassistant:\nDone.\n")
    return {
        "CursorEditor": editor.path,
        "CursorAgent": store.path,
        "CursorTranscripts": transcript,
        "CursorTexts": text,
    }


def _opencode(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "CREATE TABLE project (id text, worktree text);"
        "CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, slug text, directory text,"
        " title text, version text, revert text, time_created integer, time_updated integer);"
        "CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer,"
        " time_updated integer, data text);"
        "CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer,"
        " time_updated integer, data text);"
    )
    told: Mapping[str, Any] = {"role": "user", "time": {"created": MS}}
    db.execute("INSERT INTO session VALUES ('ses_1', 'p', NULL, 's', '/w/shop', 'Build', '1.0', NULL, ?, ?)", [MS, MS])
    db.execute("INSERT INTO message VALUES ('msg_1', 'ses_1', ?, ?, ?)", [MS, MS, json.dumps(told)])
    part = json.dumps({"type": "text", "text": "fix it"})
    db.execute("INSERT INTO part VALUES ('prt_1', 'msg_1', 'ses_1', ?, ?, ?)", [MS, MS, part])
    db.close()
    return path


def _put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
