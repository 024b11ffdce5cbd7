"""What `store.db` of the command line agent holds: messages under their hashes, and the list that gives their order.

`meta` names the newest list, a protobuf message whose first field is the hash of one message after another. Where there
is none, the order is that in which they were stored.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from memsrv.sources import databases
from memsrv.sources.cursor import wire, workspaces
from memsrv.sources.fields import mapping, string

_HASH_BYTES = 32
_MESSAGES, _WORKSPACE = 1, 9
_DEPTH = 8
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


def meta(connection: databases.Database) -> Mapping[str, Any]:
    """The session's own record: JSON, in later versions as hexadecimal digits."""
    found: dict[str, Any] = {}
    for key, value in connection.execute("SELECT key, value FROM meta").fetchall():
        fields = _object(bytes.fromhex(value) if isinstance(value, str) and _HEX.fullmatch(value) else value)
        if fields is not None:
            found |= fields
        elif isinstance(key, str) and isinstance(value, str):
            found.setdefault(key, value)
    return found


def blob(connection: databases.Database, id: str) -> tuple[int, bytes] | None:
    row = connection.execute("SELECT rowid, data FROM blobs WHERE id = ?", (id,)).fetchone()
    if row is None or row[1] is None:
        return None
    return row[0], row[1] if isinstance(row[1], bytes) else str(row[1]).encode()


def messages(connection: databases.Database) -> list[str]:
    """The ids of the messages that make the conversation, in their order."""
    root = string(meta(connection).get("latestRootBlobId"))
    order = list(_listed(connection, root, _DEPTH, set())) if root else []
    if order:
        return order
    query = "SELECT id FROM blobs WHERE substr(CAST(data AS TEXT), 1, 1) = '{' ORDER BY rowid"
    return [id for (id,) in connection.execute(query).fetchall() if _is_message(connection, id)]


def workspace(connection: databases.Database) -> str | None:
    """The folder that the newest list names."""
    root = string(meta(connection).get("latestRootBlobId"))
    found = blob(connection, root) if root else None
    try:
        for number, content in wire.fields(found[1]) if found else ():
            if number == _WORKSPACE and content.startswith(b"file:"):
                return workspaces.folder(content.decode("utf-8", "replace"))
    except ValueError:
        return None
    return None


def message(data: bytes) -> Mapping[str, Any] | None:
    found = _object(data)
    return found if found is not None and "role" in found else None


def _listed(connection: databases.Database, id: str, depth: int, seen: set[str]) -> Iterator[str]:
    """A list may name other lists."""
    found = blob(connection, id)
    if found is None or not depth or id in seen:
        return
    try:
        children = [content.hex() for number, content in wire.fields(found[1]) if _is_child(number, content)]
    except ValueError:
        return
    seen.add(id)
    for child in children:
        inner = blob(connection, child)
        if inner is None or inner[1][:1] == b"{":
            yield child
        else:
            yield from _listed(connection, child, depth - 1, seen)


def _is_child(number: int, content: bytes) -> bool:
    return number == _MESSAGES and len(content) == _HASH_BYTES


def _is_message(connection: databases.Database, id: str) -> bool:
    found = blob(connection, id)
    return found is not None and message(found[1]) is not None


def _object(data: Any) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (TypeError, ValueError, RecursionError):
        return None
    return dict(mapping(found)) if isinstance(found, dict) else None
