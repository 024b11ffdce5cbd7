"""A session that its agent keeps in several forms is told once, in whatever order they are read.

Searched once, remembered from one evidence, one session in lists; and its output tokens are counted once.
"""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zstandard

from memsrv.capture import Capture
from memsrv.compact import chosen_session
from memsrv.consent import Consent
from memsrv.errors import NotFound
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import ingest
from memsrv.records import EventType
from memsrv.redact import Redactor
from memsrv.remember import remember
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv.tombstones import claim_hash

REDACTOR = Redactor(b"k" * 32)
ALL = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))
ID = "11111111-2222-4333-8444-555555555555"
FORK = "77777777-2222-4333-8444-555555555555"
SAID = "Always use pnpm instead of npm in this repo."
REPLY = "Every script runs with the wombat package now."
TIME = "2026-01-02T03:04:05.000Z"
MS = 1_767_323_045_000
TOKENS = 7
VERSION = "memsrv/encode-httpx@v12"  # as our own endpoint names what answered

Forms = Callable[[Path, ModuleType], list[Path]]


# Cursor


def cursor_database(home: Path, cursor: ModuleType) -> Path:
    with cursor.Editor(home) as editor:
        count = {"outputTokens": TOKENS}
        editor.composer(cursor.SESSION, [cursor.asked("b1", SAID), cursor.said("b2", REPLY, tokenCount=count)])
        editor.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path: Path = editor.path
    return path


def cursor_store(home: Path, cursor: ModuleType) -> Path:
    with cursor.Store(home, "/w/shop", cursor.SESSION) as store:
        said = [cursor.query(SAID), cursor.answer(cursor.words(REPLY))]
        store.root([store.message(one) for one in said], "file:///w/shop")
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path: Path = store.path
    return path


def cursor_transcript(home: Path, cursor: ModuleType) -> Path:
    path: Path = cursor.transcript(home)
    path.write_bytes(cursor.typed(SAID) + cursor.line("assistant", cursor.words(REPLY)))
    return path


def cursor_text(home: Path, cursor: ModuleType) -> Path:
    path: Path = cursor.transcript(home).parent.with_suffix(".txt")
    path.write_text(f"user:\n<user_query>\n{SAID}\n</user_query>\n\nassistant:\n{REPLY}\n")
    return path


# The others


def lines(path: Path, *records: Any) -> Path:
    return text(path, "".join(json.dumps(record) + "\n" for record in records))


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def claude_records(session: str) -> list[dict[str, Any]]:
    common = {"sessionId": session, "cwd": "/w/shop", "version": "2.1.30"}
    message = {"role": "assistant", "id": "msg_1", "model": VERSION, "usage": {"output_tokens": TOKENS}}
    thought = {"type": "thinking", "thinking": "hm"}
    return [
        common | {"type": "user", "uuid": "a", "parentUuid": None, "timestamp": TIME, "message": {"content": SAID}},
        common
        | {"type": "assistant", "uuid": "b", "parentUuid": "a", "timestamp": TIME}
        | {"message": message | {"content": [thought]}},
        common
        | {"type": "assistant", "uuid": "c", "parentUuid": "b", "timestamp": TIME}
        | {"message": message | {"content": [{"type": "text", "text": REPLY}]}},
    ]


def claude(home: Path, _: ModuleType) -> list[Path]:
    """The log, and a fork of it that copies its lines."""
    folder = home / ".claude/projects/-w-shop"
    more = {"type": "user", "uuid": "d", "parentUuid": "c", "timestamp": TIME, "cwd": "/w/shop"}
    more |= {"sessionId": FORK, "message": {"content": "Go on."}}
    return [
        lines(folder / f"{ID}.jsonl", *claude_records(ID)),
        lines(folder / f"{FORK}.jsonl", *claude_records(FORK), more),
    ]


def claude_typed(home: Path, _: ModuleType) -> list[Path]:
    """The log, and what was typed."""
    typed = [
        {"display": words, "pastedContents": {}, "timestamp": MS, "project": "/w/shop", "sessionId": session}
        for words, session in ((SAID, ID), ("hello", "99999999"))
    ]
    log = lines(home / f".claude/projects/-w-shop/{ID}.jsonl", *claude_records(ID))
    return [log, lines(home / ".claude/history.jsonl", *typed)]


def codex_records(thread: str, **meta: Any) -> list[dict[str, Any]]:
    def line(kind: str, **payload: Any) -> dict[str, Any]:
        return {"timestamp": TIME, "type": kind, "payload": payload}

    spent = {"total_token_usage": {"output_tokens": TOKENS}, "last_token_usage": {"output_tokens": TOKENS}}
    return [
        line("session_meta", id=thread, cwd="/w/shop", cli_version="0.89.0", **meta),
        line("turn_context", model=VERSION, cwd="/w/shop"),
        line("response_item", type="message", role="user", content=[{"type": "input_text", "text": SAID}]),
        line("event_msg", type="user_message", message=SAID),
        line("event_msg", type="agent_message", message=REPLY),
        line("response_item", type="message", role="assistant", content=[{"type": "output_text", "text": REPLY}]),
        line("event_msg", type="token_count", info=spent),
        line("event_msg", type="token_count", info=spent),
        line("response_item", type="function_call", name="shell", arguments='{"command": ["ls"]}', call_id="c1"),
    ]


def codex(home: Path, _: ModuleType) -> list[Path]:
    """The rollout, its compressed copy, and a fork that repeats it."""
    folder = home / ".codex/sessions/2026/01/02"
    log = lines(folder / f"rollout-2026-01-02T03-04-05-{ID}.jsonl", *codex_records(ID))
    packed = log.with_name(log.name + ".zst")
    packed.write_bytes(zstandard.compress(log.read_bytes()))
    fork = lines(folder / f"rollout-2026-01-02T04-04-05-{FORK}.jsonl", *codex_records(FORK, forked_from_id=ID))
    return [log, packed, fork]


def codex_typed(home: Path, _: ModuleType) -> list[Path]:
    """The rollout, and what was typed."""
    log = lines(home / f".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-{ID}.jsonl", *codex_records(ID))
    typed = [{"session_id": session, "ts": MS // 1000, "text": text} for session, text in ((ID, SAID), ("last", "x"))]
    return [log, lines(home / ".codex/history.jsonl", *typed)]


def gemini(home: Path, *forms: str) -> list[Path]:
    """The document, the log that it was migrated to, what was typed, and what was saved by hand."""
    folder = home / ".gemini/tmp/shop"
    about = {"sessionId": ID, "projectHash": "0a", "startTime": TIME, "lastUpdated": TIME}
    said = [
        {"id": "m1", "timestamp": TIME, "type": "user", "content": SAID},
        {
            "id": "m2",
            "timestamp": TIME,
            "type": "gemini",
            "content": REPLY,
            "tokens": {"output": TOKENS},
            "model": VERSION,
        },
    ]
    saved = [{"role": "user", "parts": [{"text": SAID}]}, {"role": "model", "parts": [{"text": REPLY}]}]
    typed = [
        {"sessionId": session, "messageId": 0, "type": "user", "message": text, "timestamp": TIME}
        for session, text in ((ID, SAID), ("last", "x"))
    ]
    made = {
        f"chats/session-2026-01-02T03-04-{ID[:8]}.json": json.dumps(about | {"messages": said}),
        f"chats/session-2026-01-02T03-04-{ID[:8]}.jsonl": "".join(json.dumps(one) + "\n" for one in (about, *said)),
        f"chats/session-2026-01-05T03-04-{ID[:8]}.jsonl": "".join(json.dumps(one) + "\n" for one in (about, *said)),
        "logs.json": json.dumps(typed),
        "checkpoint-mine.json": json.dumps(saved),
        "checkpoint-later.json": json.dumps([*saved, {"role": "user", "parts": [{"text": "Go on."}]}]),
    }
    return [text(folder / name, made[name]) for form in forms for name in made if name.endswith(form)]


def opencode(home: Path, _: ModuleType) -> list[Path]:
    """The folder of documents, the database, and an export."""
    data = home / ".local/share/opencode"
    session, asked, told = "ses_0123456789abcdef0123", "msg_0123456789abcdef0001", "msg_0123456789abcdef0002"
    info = {"id": session, "projectID": "p", "directory": "/w/shop", "title": "Shop", "version": "1.0"}
    info |= {"time": {"created": MS, "updated": MS}}
    spent = {"tokens": {"input": 1, "output": TOKENS}}
    messages = [
        ({"id": asked, "sessionID": session, "role": "user", "time": {"created": MS}},
         {"id": "prt_0123456789abcdef0001", "messageID": asked, "sessionID": session, "type": "text", "text": SAID}),
        ({"id": told, "sessionID": session, "role": "assistant", "time": {"created": MS}, "modelID": VERSION, **spent},
         {"id": "prt_0123456789abcdef0002", "messageID": told, "sessionID": session, "type": "text", "text": REPLY}),
    ]  # fmt: skip
    tree = text(data / f"storage/session/p/{session}.json", json.dumps(info))
    for message, part in messages:
        text(data / f"storage/message/{session}/{message['id']}.json", json.dumps(message))
        text(data / f"storage/part/{message['id']}/{part['id']}.json", json.dumps(part))
    whole = {"info": info, "messages": [{"info": message, "parts": [part]} for message, part in messages]}
    export = text(home / "export.json", json.dumps(whole))
    db = sqlite3.connect(data / "opencode.db", isolation_level=None)
    db.executescript(
        "CREATE TABLE project (id text, worktree text);"
        "CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, slug text, directory text,"
        " title text, version text, revert text, time_created integer, time_updated integer);"
        "CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer,"
        " time_updated integer, data text);"
        "CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer,"
        " time_updated integer, data text);"
    )
    row = (session, "p", None, "s", "/w/shop", "Shop", "1.0", None, MS, MS)
    db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    for message, part in messages:
        db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", [message["id"], session, MS, MS, json.dumps(message)])
        values = [part["id"], message["id"], session, MS, MS, json.dumps(part)]
        db.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", values)
    db.close()
    return [tree, data / "opencode.db", export]


def cline(home: Path, _: ModuleType) -> list[Path]:
    """What was said to the model, and what the user was shown."""
    folder = home / ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1770913324799"
    said = [
        {"role": "user", "content": [{"type": "text", "text": f"<task>\n{SAID}\n</task>"}]},
        {"role": "assistant", "content": [{"type": "text", "text": REPLY}], "metrics": {"tokens": {"completion": 7}}},
    ]
    request = json.dumps({"request": "", "tokensOut": TOKENS})
    shown = [
        {"ts": MS, "type": "say", "say": "text", "text": SAID},
        {"ts": MS + 1, "type": "say", "say": "api_req_started", "text": request},
        {"ts": MS + 2, "type": "say", "say": "text", "text": REPLY},
    ]
    return [
        text(folder / "api_conversation_history.json", json.dumps(said)),
        text(folder / "ui_messages.json", json.dumps(shown)),
    ]


def vscode(home: Path, _: ModuleType) -> list[Path]:
    """The document, and the log of changes that took its place."""
    request = {
        "requestId": "r1", "timestamp": MS, "message": {"text": SAID, "parts": []}, "response": [{"value": REPLY}],
        "agent": {"id": "github.copilot.editsAgent"}, "modelId": VERSION, "completionTokens": TOKENS,
    }  # fmt: skip
    chat = {"version": 3, "sessionId": ID, "creationDate": MS, "responderUsername": "x", "initialLocation": "panel"}
    folder = home / ".config/Code/User/workspaceStorage/0a/chatSessions"
    begun, added = {"kind": 0, "v": chat | {"requests": []}}, {"kind": 2, "k": ["requests"], "v": [request]}
    return [
        text(folder / f"{ID}.json", json.dumps(chat | {"requests": [request]})),
        lines(folder / f"{ID}.jsonl", begun, added),
    ]


FORMS: dict[str, Forms] = {
    "cursor's editor and transcript": lambda home, c: [cursor_database(home, c), cursor_transcript(home, c)],
    "cursor's editor and text": lambda home, c: [cursor_database(home, c), cursor_text(home, c)],
    "cursor's agent and transcript": lambda home, c: [cursor_store(home, c), cursor_transcript(home, c)],
    "cursor's agent and editor": lambda home, c: [cursor_store(home, c), cursor_database(home, c)],
    "cursor's transcript and text": lambda home, c: [cursor_transcript(home, c), cursor_text(home, c)],
    "claude's log and fork": claude,
    "codex's rollouts": codex,
    "claude's log and history": claude_typed,
    "codex's rollout and history": codex_typed,
    "gemini's document and mutations": lambda home, _: gemini(
        home, "02T03-04-11111111.json", "02T03-04-11111111.jsonl"
    ),
    "gemini's document and resumed": lambda home, _: gemini(home, "02T03-04-11111111.json", "05T03-04-11111111.jsonl"),
    "gemini's mutations and prompts": lambda home, _: gemini(home, "02T03-04-11111111.jsonl", "logs.json"),
    "gemini's prompts and checkpoints": lambda home, _: gemini(home, "logs.json", "mine.json", "later.json"),
    "opencode": opencode,
    "cline": cline,
    "vscode": vscode,
}


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    made: list[Store] = []

    def opened() -> Store:
        made.append(Store.open(tmp_path / f"memsrv-{len(made)}" / "memsrv.db"))
        return made[-1]

    yield opened
    for store in made:
        store.close()


def read(store: Store, path: Path) -> None:
    """As the watch does: read, and remember what waits."""
    ingest(store, REDACTOR, [path], capture=ALL)
    waiting = store.unremembered()
    remember(store, waiting)
    store.mark_remembered(waiting)


def told(store: Store) -> tuple[int, int, int]:
    """How often the prompt is found, and the reply, and on how many turns the memory of it rests."""
    found = [hit.text for word in ("pnpm", "wombat") for hit in store.search_turns(word)]
    [memory] = store.memories()
    return found.count(SAID), found.count(REPLY), len(memory.evidence)


def tokens(store: Store) -> int:
    return sum(event.tokens or 0 for session in store.sessions() for event in store.events(session.id))


#: A checkpoint is saved of prompts that were typed, and written down, before.
IN_ORDER = {"gemini's prompts and checkpoints"}


@pytest.mark.parametrize("appearing", [False, True], ids=["all there", "one after the other"])
@pytest.mark.parametrize("forms", FORMS)
def test_what_several_forms_tell_is_found_once(
    forms: str, appearing: bool, tmp_path: Path, stores: Callable[[], Store], cursor_files: ModuleType
) -> None:
    count = len(FORMS[forms](tmp_path / "count", cursor_files))
    for order in [tuple(range(count))] if appearing and forms in IN_ORDER else itertools.permutations(range(count)):
        home = tmp_path / "".join(map(str, order))
        paths, store = FORMS[forms](home, cursor_files), stores()
        for place, path in enumerate(paths) if appearing else ():
            path.rename(home / f"{place}.later")
        for place in order:
            if appearing:
                (home / f"{place}.later").rename(paths[place])
            read(store, paths[place])

        assert (order, told(store)) == (order, (1, 1, 1))
        assert tokens(store) in (TOKENS, 0)


def test_a_session_is_found_by_the_agents_own_id_whichever_form_tells_it(
    tmp_path: Path, stores: Callable[[], Store], cursor_files: ModuleType
) -> None:
    store = stores()
    read(store, cursor_transcript(tmp_path, cursor_files))

    assert chosen_session(store, cursor_files.SESSION, None).id == f"transcript-{cursor_files.SESSION}"
    with pytest.raises(NotFound):
        chosen_session(store, "nobody's", None)


def test_what_was_erased_of_a_session_is_erased_of_another_form_that_is_read_later(
    tmp_path: Path, stores: Callable[[], Store], cursor_files: ModuleType
) -> None:
    store = stores()
    read(store, cursor_database(tmp_path, cursor_files))
    [memory] = store.memories()
    store.bury(store.stones_of([memory]), [claim_hash(memory.id), claim_hash(memory.text)])
    store.sweep(store.tombstones(), store.erased_claims())

    read(store, cursor_transcript(tmp_path, cursor_files))

    assert store.memories() == []
    [prompt, _] = store.events(f"transcript-{cursor_files.SESSION}")
    assert "pnpm" not in prompt.text


@pytest.mark.parametrize(
    "forms", ["claude's log and fork", "codex's rollouts", "gemini's document and mutations", "opencode", "vscode"]
)
def test_what_an_adapter_said_keeps_the_version_that_said_it(
    forms: str, tmp_path: Path, stores: Callable[[], Store], cursor_files: ModuleType
) -> None:
    store = stores()
    for path in FORMS[forms](tmp_path, cursor_files):
        read(store, path)

    replies = [event for one in store.sessions() for event in store.events(one.id) if event.type is EventType.REPLY]
    assert [reply.model for reply in replies] == [VERSION]
