"""OpenCode's database `opencode.db`: sessions and messages as rows, while OpenCode writes to it.

Version 1 has tables of messages and of their parts, version 2 one of whole messages, and sessions of both.
Each session is read in a transaction of its own, so that what is told of it is of one moment and the write-ahead log
can be emptied in between. A row that is no JSON is Lost; the rest of its session is read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memsrv.sources import Lost, UnreadableLineError, databases
from memsrv.sources.databases import at_once, is_damage, opened, tables
from memsrv.sources.fields import document, mapping, name
from memsrv.sources.opencode import drift, second
from memsrv.sources.opencode.held import Held, Message, in_order

_FIRST, _SECOND = {"session", "message", "part"}, {"session_v2", "session_message"}
_STAMPS = """
    SELECT s.id, s.time_updated, m.count, m.latest, p.count, p.latest FROM session s
    LEFT JOIN (SELECT session_id, count(*) count, max(time_updated) latest FROM message {0} GROUP BY 1) m
        ON m.session_id = s.id
    LEFT JOIN (SELECT session_id, count(*) count, max(time_updated) latest FROM part {0} GROUP BY 1) p
        ON p.session_id = s.id
    {1} ORDER BY s.time_created, s.id
"""
_SECOND_STAMPS = """
    SELECT s.id, s.time_updated, m.count, m.latest FROM session_v2 s
    LEFT JOIN (SELECT session_id, count(*) count, max(time_updated) latest FROM session_message {0} GROUP BY 1) m
        ON m.session_id = s.id
    {1} ORDER BY s.time_created, s.id
"""
_ONE = ("WHERE session_id = :session", "WHERE s.id = :session")
_MESSAGES = "SELECT rowid, id, data FROM message WHERE session_id = ?"
_PARTS = "SELECT rowid, id, message_id, data FROM part WHERE session_id = ?"
_SECOND_MESSAGES = "SELECT rowid, id, type, time_created, data FROM session_message WHERE session_id = ? ORDER BY seq"


def sessions(path: Path, marks: Mapping[str, str]) -> Iterator[Held]:
    """Every session that changed. UnreadableLineError at the end where one of them is damaged."""
    damaged: databases.DatabaseError | None = None
    with opened(path) as connection:
        present = tables(connection)
        if not (present >= _FIRST or present >= _SECOND):
            raise UnreadableLineError("a database without OpenCode's tables session, message and part")
        with at_once(connection):
            changed = [session for session, mark in _marks(connection).items() if marks.get(session) != mark]
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
            return any(
                connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (session,)).fetchone() is not None
                for table in ("session", "session_v2")
                if table in tables(connection)
            )
    except (OSError, UnreadableLineError):
        return False


def _marks(connection: databases.Database, session: str | None = None) -> dict[str, str]:
    """Of every session, or of one: version 2 leaves the tables of version 1 as they were, and writes to its own."""
    present, found = tables(connection), dict[str, str]()
    for needed, query in ((_FIRST, _STAMPS), (_SECOND, _SECOND_STAMPS)):
        if present >= needed:
            asked = query.format(*(_ONE if session is not None else ("", "")))
            for row in connection.execute(asked, {"session": session} if session is not None else {}):
                mark = ".".join(str(value or 0) for value in row[1:])
                found[row[0]] = f"{found[row[0]]}/{mark}" if row[0] in found else mark
    return found


def _held(connection: databases.Database, session: str) -> Held | None:
    mark = _marks(connection, session).get(session)
    if mark is None:
        return None  # deleted meanwhile
    present = tables(connection)
    lost: list[Lost] = []
    row: dict[str, Any] = {}
    for table in ("session", "session_v2"):  # the later one holds
        if table in present:
            found = connection.execute(f"SELECT * FROM {table} WHERE id = ?", (session,))
            columns = [column[0] for column in found.description]
            row |= dict(zip(columns, found.fetchone() or (), strict=False))
    unknown = [f"column:{name(column)}" for column in row if column not in drift.COLUMNS]
    messages = _first(connection, session, lost) if present >= _FIRST else ()
    if "session_v2" in present or not messages:  # until then the newer table only doubled the older ones
        known = {info.get("id") for info, _ in messages}
        messages = (*messages, *_later(connection, session, known, lost, unknown))
    return Held(session, _info(row), messages, mark, tuple(lost), tuple(unknown))


def _first(connection: databases.Database, session: str, lost: list[Lost]) -> tuple[Message, ...]:
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
    return in_order(messages)


def _later(
    connection: databases.Database, session: str, known: set[Any], lost: list[Lost], unknown: list[str]
) -> Iterator[Message]:
    """Messages of version 2; those that it took over from version 1 keep their ids, and are told from there."""
    if "session_message" not in tables(connection):
        return
    last: Any = None
    for place, id, kind, created, data in connection.execute(_SECOND_MESSAGES, (session,)):
        if id in known:
            continue
        record = _record(place, "message", id, data, lost)
        if record is not None:
            told = {**record, "time": {"created": created, **mapping(record.get("time"))}}
            unknown += second.unknown(kind, record)
            for message in second.messages(kind, told):
                if kind != "idle" or last != message[0].get("error"):  # the answer itself has told that it was stopped
                    yield message
                last = message[0].get("error")


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
