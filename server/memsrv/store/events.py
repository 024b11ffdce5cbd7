"""Events, sessions and files at rest: appended with the file's offset in one transaction, numbered, never twice.

Knows nothing of any agent's format.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from memsrv.errors import NotFound
from memsrv.records import Event, Session
from memsrv.store import erasing
from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.rows import (
    EVENT_COLUMNS,
    SESSION_COLUMNS,
    Appended,
    BadLine,
    FileState,
    SourceFile,
    event_of,
    event_values,
    file_of,
    file_values,
    session_of,
    session_values,
)

_INSERT_EVENT = (
    f"INSERT INTO events (agent, {', '.join(EVENT_COLUMNS)}) "
    f"VALUES (:agent, {', '.join(':' + c for c in EVENT_COLUMNS)}) "
    "ON CONFLICT (agent, id) DO NOTHING"
)

# A resumed log may know less than an earlier read of it (no title, no end): what is known is kept.
_UPSERT_SESSION = (
    f"INSERT INTO sessions ({', '.join(SESSION_COLUMNS)}) VALUES ({', '.join(':' + c for c in SESSION_COLUMNS)}) "
    "ON CONFLICT (id) DO UPDATE SET path = excluded.path, "
    "started = min(coalesce(started, excluded.started), coalesce(excluded.started, started)), "
    "ended = max(coalesce(ended, excluded.ended), coalesce(excluded.ended, ended)), "
    + "project = CASE WHEN project = 'unknown' THEN excluded.project ELSE project END, "
    + ", ".join(f"{c} = coalesce(excluded.{c}, {c})" for c in ("cwd", "branch", "title", "version", "parent"))
)

# Two prompts that answer the same event: the human rewound, and what hangs on the earlier one was left behind.
# The `+` keeps SQLite from looking for later turns one by one, which takes a long session's square; they go by parent.
_MARK_REWOUND = """
WITH RECURSIVE left_behind (id) AS (
    SELECT e.id FROM events e WHERE e.session = :session AND e.type = 'prompt' AND e.parent IS NOT NULL AND EXISTS (
        SELECT 1 FROM events later WHERE later.session = e.session AND later.parent = e.parent
        AND later.type = 'prompt' AND +later.turn > e.turn)
    UNION
    SELECT child.id FROM events child JOIN left_behind ON child.parent = left_behind.id WHERE child.session = :session)
UPDATE events SET on_main_path = 0 WHERE session = :session AND on_main_path = 1 AND id IN left_behind"""


def append(
    db: Database,
    file: FileState,
    session: Session,
    events: Sequence[Event],
    bad: Sequence[BadLine],
    read_from: FileState | None,
) -> Appended:
    row = db.execute("SELECT generation, offset FROM files WHERE path = ?", [file.path]).fetchone()
    if (row and tuple(row)) != (read_from and (read_from.generation, read_from.offset)):
        return Appended(0, 0, stale=True)
    stones = erasing.tombstones(db)
    session, file = erasing.clean_session(session, stones), erasing.clean_file(file, stones)
    known = db.execute("SELECT count(*) FROM sessions WHERE id = ?", [session.id]).fetchone()[0]
    if events or known:
        db.execute(_UPSERT_SESSION, session_values(session))
    turn = db.execute("SELECT coalesce(max(turn) + 1, 0) FROM events WHERE session = ?", [session.id]).fetchone()[0]
    added = 0
    for event in events:
        event = erasing.clean_event(replace(event, session=session.id), session, stones)
        values = event_values(event, session.agent, turn + added)
        added += db.execute(_INSERT_EVENT, values).rowcount
    if added:
        db.execute(_MARK_REWOUND, {"session": session.id})
    elif not known:  # a copy of what is already stored is no session of its own
        db.execute("DELETE FROM sessions WHERE id = ?", [session.id])
    _put_file(db, file, bad)
    return Appended(added, len(events) - added)


def _put_file(db: Database, file: FileState, bad: Sequence[BadLine]) -> None:
    values = file_values(file)
    db.execute(
        f"INSERT INTO files ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)}) "
        "ON CONFLICT (path) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in values if name != "path"),
        values,
    )
    for line in bad:
        db.execute(
            "INSERT OR REPLACE INTO unreadable (path, offset, reason) VALUES (?, ?, ?)",
            [line.path, line.offset, line.reason],
        )


def start_over(db: Database, file: FileState) -> None:
    """The file was rewritten: what was unreadable in its former self no longer counts."""
    db.execute("DELETE FROM unreadable WHERE path = ?", [file.path])
    _put_file(db, file, ())


def get_file(connection: Connection, path: str) -> FileState | None:
    rows = connection.read("SELECT * FROM files WHERE path = ?", [path])
    return file_of(rows[0]) if rows else None


def list_files(connection: Connection) -> list[SourceFile]:
    bad = {row[0]: row[1] for row in connection.read("SELECT path, count(*) FROM unreadable GROUP BY path")}
    found = []
    for row in connection.read(
        "SELECT f.*, s.ended FROM files f LEFT JOIN sessions s ON s.id = f.session ORDER BY f.path"
    ):
        file = file_of(row)
        try:
            there = Path(file.path).stat()
        except OSError:
            size, changed = None, None
        else:
            size, changed = there.st_size, there.st_mtime
        found.append(
            SourceFile(
                file.path,
                file.agent,
                file.session,
                file.offset,
                size,
                lag=max(0, (size or 0) - file.offset),
                unreadable=bad.get(file.path, 0),
                unknown=file.unknown,
                changed=changed,
                read_to=row["ended"],
            )
        )
    return found


def list_unreadable(connection: Connection, path: str | None) -> list[BadLine]:
    where, parameters = ("", []) if path is None else (" WHERE path = ?", [path])
    rows = connection.read(f"SELECT path, offset, reason FROM unreadable{where} ORDER BY path, offset", parameters)
    return [BadLine(*row) for row in rows]


def list_sessions(connection: Connection, project: str | None) -> list[Session]:
    where, parameters = ("", []) if project is None else (" WHERE project = ?", [project])
    rows = connection.read(f"SELECT * FROM sessions{where} ORDER BY coalesce(started, ''), id", parameters)
    return [session_of(row) for row in rows]


def get_session(connection: Connection, id: str) -> Session:
    rows = connection.read("SELECT * FROM sessions WHERE id = ?", [id])
    if not rows:
        raise NotFound(f"There is no session `{id}`; `memsrv status` lists what has been read")
    return session_of(rows[0])


def list_events(connection: Connection, session: str, first: int, last: int | None) -> list[Event]:
    rows = connection.read(
        "SELECT * FROM events WHERE session = ? AND turn >= ? AND (? IS NULL OR turn <= ?) ORDER BY turn",
        [session, first, last, last],
    )
    return [event_of(row) for row in rows]


def get_event(connection: Connection, session: str, turn: int) -> Event:
    found = list_events(connection, session, turn, turn)
    if not found:
        raise NotFound(f"There is no turn {turn} in session `{session}`; `memsrv search` names turns that exist")
    return found[0]


def event_by_id(connection: Connection, id: str) -> Event:
    rows = connection.read("SELECT * FROM events WHERE id = ? ORDER BY n LIMIT 1", [id])
    if not rows:
        raise NotFound(f"There is no event `{id}`; `memsrv search` names those that exist")
    return event_of(rows[0])
