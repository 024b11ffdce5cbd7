"""Cursor's databases and transcripts as it writes them, for tests to fill (session_logs.md §5)."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

MODEL = "claude-opus-5"


class Editor:
    """The database of the whole editor, held open as Cursor holds it, in a home of its own."""

    def __init__(self, home: Path, *, wal: bool = True, replaces: bool = True) -> None:
        self.user = home / ".config" / "Cursor" / "User"
        self.path = self.user / "globalStorage" / "state.vscdb"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.connection.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}")
        self.connection.execute("PRAGMA wal_autocheckpoint = 0")
        key = "key TEXT UNIQUE ON CONFLICT REPLACE" if replaces else "key TEXT PRIMARY KEY"
        for table in ("ItemTable", "cursorDiskKV"):
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({key}, value BLOB)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def put(self, key: str, value: Any, table: str = "cursorDiskKV") -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.connection.execute(f"INSERT INTO {table} (key, value) VALUES (?, ?)", [key, text])

    def composer(self, id: str, bubbles: Iterable[Mapping[str, Any]], **fields: Any) -> None:
        """A conversation whose bubbles are values of their own."""
        held = list(bubbles)
        for one in held:
            self.put(f"bubbleId:{id}:{one['bubbleId']}", one)
        headers = [{"bubbleId": one["bubbleId"], "type": one["type"]} for one in held]
        known = {
            "_v": 13,
            "composerId": id,
            "status": "completed",
            "createdAt": 1_786_300_000_000,
            "lastUpdatedAt": 1_786_300_000_000 + len(held),
            "modelConfig": {"modelName": MODEL},
        }
        self.put(f"composerData:{id}", known | {"fullConversationHeadersOnly": headers} | fields)

    def window(self, name: str, folder: str, data: Mapping[str, Any], **values: Any) -> Path:
        """The database of one window, with what it lists, and the folder that it has open."""
        place = self.user / "workspaceStorage" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "workspace.json").write_text(json.dumps({"folder": folder}))
        connection = sqlite3.connect(place / "state.vscdb", isolation_level=None)
        connection.execute("CREATE TABLE IF NOT EXISTS ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        for key, value in {"composer.composerData": data, **values}.items():
            text = value if isinstance(value, str) else json.dumps(value)
            connection.execute("INSERT INTO ItemTable (key, value) VALUES (?, ?)", [key, text])
        connection.close()
        return place / "state.vscdb"


def asked(id: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"_v": 3, "bubbleId": id, "type": 1, "text": text, **fields}


def said(id: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"_v": 3, "bubbleId": id, "type": 2, "text": text, **fields}


def tool(
    id: str, name: str, arguments: Any, result: Any = None, status: str = "completed", **more: Any
) -> dict[str, Any]:
    """A call of a tool as its bubble holds it: JSON in JSON."""
    data = {"name": name, "toolCallId": f"call-{id}", "status": status, "rawArgs": json.dumps(arguments), **more}
    if result is not None:
        data["result"] = json.dumps(result)
    return {"_v": 3, "bubbleId": id, "type": 2, "text": "", "capabilityType": 15, "toolFormerData": data}


def ran(id: str, command: str, code: int | None, output: str = "", **more: Any) -> dict[str, Any]:
    result = {"output": output, "rejected": False, "notInterrupted": True}
    if code is not None:
        result["exitCodeV2"] = code
    return tool(id, "run_terminal_cmd", {"command": command, "is_background": False}, result, **more)


_ANYTHING: tuple[Any, ...] = (None, True, -1, 1e308, "", "{", "file://[", "\ud800", [], [1], [[]], {}, {"a": []})


def strange(value: Any) -> Iterator[Any]:
    """`value` with one of its fields, at any depth, being anything: each field in turn."""
    if isinstance(value, dict | list):
        for place, inner in value.items() if isinstance(value, dict) else enumerate(value):
            for other in (*_ANYTHING, *strange(inner)):
                changed = value.copy()
                changed[place] = other
                yield changed


# The command line agent


class Store:
    """`store.db` of one session: messages under their hashes, and the list that a root blob gives."""

    def __init__(self, home: Path, folder: str, session: str) -> None:
        place = home / ".cursor" / "chats" / hashlib.md5(folder.encode()).hexdigest() / session
        place.mkdir(parents=True, exist_ok=True)
        self.path = place / "store.db"
        self.session = session
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("CREATE TABLE IF NOT EXISTS blobs (id TEXT PRIMARY KEY, data BLOB)")
        self.connection.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def blob(self, data: bytes) -> bytes:
        id = hashlib.sha256(data).digest()
        self.connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", [id.hex(), data])
        return id

    def message(self, message: Mapping[str, Any]) -> bytes:
        return self.blob(json.dumps(message).encode())

    def root(self, ids: Iterable[bytes], workspace: str | None = None, **meta: Any) -> None:
        data = b"".join(field(1, id) for id in ids)
        if workspace is not None:
            data += field(9, workspace.encode())
        self.meta({"latestRootBlobId": self.blob(data).hex(), **meta})

    def meta(self, fields: Mapping[str, Any]) -> None:
        about = {"agentId": self.session, "name": "New Agent", "createdAt": 1_787_430_000_000, "lastUsedModel": MODEL}
        value = json.dumps(about | dict(fields)).encode().hex()
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES ('0', ?)", [value])


def field(number: int, content: bytes) -> bytes:
    """One protobuf field that is bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def query(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": f"<user_query>\n{text}\n</user_query>"}]}


def answer(*blocks: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def called(id: str, tool: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool-call", "toolCallId": id, "toolName": tool, "args": arguments}


def gave(id: str, tool: str, result: str, output: Mapping[str, Any], *, error: bool = False) -> dict[str, Any]:
    return {
        "role": "tool",
        "id": id,
        "content": [{"type": "tool-result", "toolCallId": id, "toolName": tool, "result": result}],
        "providerOptions": {"cursor": {"highLevelToolCallResult": {"output": output, "isError": error}}},
    }


# Transcripts

SESSION = "5b3c1a52-6f0e-4f6e-9a52-6d3f0f9a1b2c"


def transcript(home: Path, project: str = "work-shop", session: str = SESSION) -> Path:
    place = home / ".cursor" / "projects" / project / "agent-transcripts" / session / f"{session}.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def line(role: str, *blocks: Mapping[str, Any]) -> bytes:
    return json.dumps({"role": role, "message": {"content": list(blocks)}}).encode() + b"\n"


def typed(text: str, time: str = "Friday, May 8, 2026, 6:05 AM (UTC+5:30)") -> bytes:
    stamp = f"<timestamp>{time}</timestamp>\n" if time else ""
    return line("user", words(f"{stamp}<user_query>\n{text}\n</user_query>"))


def used(name: str, given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": given}
