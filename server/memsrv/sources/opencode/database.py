"""OpenCode's database `opencode.db`: sessions, messages and parts as rows, while OpenCode writes to it.

Each session is read in a transaction of its own, so that what is told of it is of one moment and the write-ahead log
can be emptied in between. A row that is no JSON is Lost; the rest of its session is read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memsrv.sources import Lost, UnreadableLineError, databases
from memsrv.sources.databases import at_once, is_damage, opened, tables
from memsrv.sources.fields import document, name
from memsrv.sources.opencode import drift
from memsrv.sources.opencode.held import Held, Message, in_order

_STAMPS = """
    SELECT s.id, s.time_updated, m.count, m.latest, p.count, p.latest FROM session s
    LEFT JOIN (SELECT session_id, count(*) count, max(time_updated) latest FROM message {0} GROUP BY 1) m
        ON m.session_id = s.id
    LEFT JOIN (SELECT session_id, count(*) count, max(time_updated) latest FROM part {0} GROUP BY 1) p
        ON p.session_id = s.id
"""
_EVERY = _STAMPS.format("") + "ORDER BY s.time_created, s.id"
_ONE = _STAMPS.format("WHERE session_id = :session") + "WHERE s.id = :session"
_TOLD_ANEW = (
    "session_message"  # holds a session in other words; seen beside `message` and `part`, never instead of them
)
_MESSAGES = "SELECT rowid, id, data FROM message WHERE session_id = ?"
_PARTS = "SELECT rowid, id, message_id, data FROM part WHERE session_id = ?"


def sessions(path: Path, marks: Mapping[str, str]) -> Iterator[Held]:
    """Every session that changed. UnreadableLineError at the end where one of them is damaged."""
    damaged: databases.DatabaseError | None = None
    with opened(path) as connection:
        if not {"session", "message", "part"} <= tables(connection):
            raise UnreadableLineError("a database without OpenCode's tables session, message and part")
        with at_once(connection):
            changed = [row[0] for row in connection.execute(_EVERY) if marks.get(row[0]) != _mark(row)]
        for session in changed:
            try:
                with at_once(connection):
                    found = _held(connection, session)
            except databases.DatabaseError as error:
                if not is_damage(error):
                    raise
                damaged = error
                continue
            if found is not None:
                yield found
    if damaged is not None:
        raise UnreadableLineError(f"a part of the database cannot be read: {damaged}") from damaged


def holds(path: Path, session: str) -> bool:
    """Whether the session has moved to this database."""
    try:
        with opened(path) as connection:
            return connection.execute("SELECT 1 FROM session WHERE id = ?", (session,)).fetchone() is not None
    except (OSError, UnreadableLineError):
        return False


def _mark(row: tuple[Any, ...]) -> str:
    return ".".join(str(value or 0) for value in row[1:])


def _held(connection: databases.Database, session: str) -> Held | None:
    stamp = connection.execute(_ONE, {"session": session}).fetchone()
    if stamp is None:
        return None  # deleted meanwhile
    lost: list[Lost] = []
    found = connection.execute("SELECT * FROM session WHERE id = ?", (session,))
    columns = [column[0] for column in found.description]
    row = dict(zip(columns, found.fetchone(), strict=True))
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for place, id, message, data in connection.execute(_PARTS, (session,)):
        record = _record(place, "part", id, data, lost)
        if record is not None:
            parts.setdefault(message, []).append(record)
    messages: list[Message] = []
    for place, id, data in connection.execute(_MESSAGES, (session,)):
        record = _record(place, "message", id, data, lost)
        if record is not None:
            messages.append((record, tuple(parts.get(id, ()))))
    unknown = [f"column:{name(column)}" for column in columns if column not in drift.COLUMNS]
    if not messages and _TOLD_ANEW in tables(connection):  # a session of the server's second interface
        told = connection.execute(f"SELECT count(*) FROM {_TOLD_ANEW} WHERE session_id = ?", (session,)).fetchone()[0]
        unknown += [f"table:{_TOLD_ANEW}"] * told
    return Held(session, _info(row), in_order(messages), _mark(stamp), tuple(lost), tuple(unknown))


def _info(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of `session` in the words of the other forms."""
    return {
        "id": row["id"],
        "parentID": row.get("parent_id"),
        "directory": row.get("directory"),
        "title": row.get("title"),
        "version": row.get("version"),
        "time": {"created": row.get("time_created"), "updated": row.get("time_updated")},
        "revert": _json(row.get("revert")),
    }


def _json(data: Any) -> Any:
    try:
        return document(data.encode("utf-8", "replace")) if isinstance(data, str) else None
    except UnreadableLineError:
        return None


def _record(place: int, kind: str, id: Any, data: Any, lost: list[Lost]) -> Mapping[str, Any] | None:
    try:
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        record = document(raw) if isinstance(raw, bytes) else None
        if not isinstance(record, Mapping):
            raise UnreadableLineError("no JSON object")
    except UnreadableLineError as error:
        lost.append(Lost(place, f"{kind} {name(id)}: {error}"))
        return None
    return {**record, "id": id}
