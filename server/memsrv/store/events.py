"""Events, sessions and files at rest: appended with the file's offset in one transaction, numbered, never twice.

Knows nothing of any agent's format.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from memsrv.errors import NotFound
from memsrv.records import REWOUND, Event, EventType, Session
from memsrv.store import archive, erasing, gone, losses, projects, snapshots
from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.ready import GROUNDS, ID, PARENT, TYPE, Line, Ready, Stretch, line, numbered, ready, unready
from memsrv.store.rows import (
    EVENT_COLUMNS,
    SESSION_COLUMNS,
    Appended,
    FileState,
    Loss,
    SourceFile,
    event_of,
    file_of,
    file_values,
    session_of,
    session_values,
)
from memsrv.tombstones import Tombstones

_INSERT_EVENT = (
    f"INSERT INTO events (agent, {', '.join(EVENT_COLUMNS)}) VALUES (?, {', '.join('?' for _ in EVENT_COLUMNS)})"
)

# Full text follows a batch in one statement, not row by row. The turn that was the last one until now gains a
# neighbour: the index forgets it as it was, and takes it again.
_FORGET_LAST = (
    "INSERT INTO events_fts (events_fts, rowid, text, command, around) "
    "SELECT 'delete', n, text, command, around FROM events_words WHERE session = ? AND turn = ?"
)
_INDEX_LAST = (
    "INSERT INTO events_fts (rowid, text, command, around) "
    "SELECT n, text, command, around FROM events_words WHERE session = ? AND turn = ?"
)
_INDEX_EVENTS = (
    "INSERT INTO events_fts (rowid, text, command, around) "
    "SELECT n, text, command, around FROM events_words WHERE n > ?"
)

# A resumed log may know less than an earlier read of it (no title, no end): what is known is kept.
_UPSERT_SESSION = (
    f"INSERT INTO sessions ({', '.join(SESSION_COLUMNS)}) VALUES ({', '.join(':' + c for c in SESSION_COLUMNS)}) "
    "ON CONFLICT (id) DO UPDATE SET path = excluded.path, "
    "started = min(coalesce(started, excluded.started), coalesce(excluded.started, started)), "
    "ended = max(coalesce(ended, excluded.ended), coalesce(excluded.ended, ended)), "
    + "project = CASE WHEN project = 'unknown' THEN excluded.project ELSE project END, "
    + ", ".join(
        f"{c} = coalesce(excluded.{c}, {c})" for c in ("cwd", "branch", "title", "version", "parent", "original")
    )
)

# Two prompts that answer the same event, or a prompt and a note of it: the human rewound, and what hangs on the earlier
# one was left behind.
# The `+` keeps SQLite from looking for later turns one by one, which takes a long session's square; they go by parent.
_REWINDS = f"(later.type = 'prompt' OR (later.type = 'note' AND later.grounds = '{REWOUND}'))"
_MARK_REWOUND = f"""
WITH RECURSIVE left_behind (id) AS (
    SELECT e.id FROM events e WHERE e.session = :session AND e.type = 'prompt' AND e.parent IS NOT NULL AND EXISTS (
        SELECT 1 FROM events later WHERE later.session = e.session AND later.parent = e.parent
        AND {_REWINDS} AND +later.turn > e.turn)
    UNION
    SELECT child.id FROM events child JOIN left_behind ON child.parent = left_behind.id WHERE child.session = :session)
UPDATE events SET on_main_path = 0 WHERE session = :session AND on_main_path = 1 AND id IN left_behind"""


def take(
    db: Database,
    file: FileState,
    stretches: Sequence[Stretch],
    lost: Sequence[Loss],
    read_from: FileState | None,
) -> Appended:
    row = db.execute("SELECT generation, offset FROM files WHERE path = ?", [file.path]).fetchone()
    if (row and tuple(row)) != (read_from and (read_from.generation, read_from.offset)):
        return Appended(0, 0, stale=True)
    stones = erasing.tombstones(db)
    erased = erasing.claims(db) if stones else frozenset()
    if erased:
        file, stretches = gone.allowed(db, file, stretches, erased)
    taken = [_take_stretch(db, file, stretch, stones) for stretch in stretches]
    losses.has_opened(db, file.path, file.offset)
    losses.add(db, lost)
    place = {name: None for one in stretches for name in _places(db, one)} if stones else {}
    _put_file(db, erasing.clean_file(file, stones, tuple(place)))
    return Appended(
        added=sum(one.added for one in taken),
        duplicates=sum(one.duplicates for one in taken),
        revised=sum(one.revised for one in taken),
        undone=sum(one.undone for one in taken),
        sessions=tuple(dict.fromkeys(id for one in taken for id in one.sessions)),
    )


def _places(db: Database, stretch: Stretch) -> list[str]:
    return erasing.places(projects.placed(db, stretch.session), stretch.session.project)


def _take_stretch(db: Database, file: FileState, stretch: Stretch, stones: Tombstones) -> Appended:
    place = _places(db, stretch)
    session = erasing.clean_session(projects.placed(db, stretch.session), stones, place)
    events: dict[str, Ready] = {}
    for event in stretch.events:
        if stones:
            event = erasing.clean_event(unready(event), stones, place)
        made = ready(event)
        events.setdefault(made.row[ID], made)
    known = db.execute("SELECT count(*) FROM sessions WHERE id = ?", [session.id]).fetchone()[0]
    if events or known:
        db.execute(_UPSERT_SESSION, session_values(session))
        projects.keep_identity(db, session.id, stretch.session.project)
    stored = db.execute(
        "SELECT id FROM events WHERE agent = ? AND id IN (SELECT value FROM json_each(?))",
        [session.agent, json.dumps(list(events))],
    ).fetchall()
    there = {id for (id,) in stored}
    new = [event for id, event in events.items() if id not in there]
    lines = _insert(db, session, new)
    here, changed, undone = 0, list[tuple[str, int]](), 0
    if stretch.whole is not None:
        if there:
            rows = {id: event.row for id, event in events.items() if id in there}
            here, changed = snapshots.revise(db, session.agent, session.id, rows)
            lines += [line(events[id].said, turn) for id, turn in changed]
        losses.begin_again(db, file.path, stretch.whole.session)
        undone = snapshots.settle(db, file.path, session.id, session.agent, list(events), stretch.whole)
    if stretch.whole is not None or _may_be_rewound(db, session, new):
        db.execute(_MARK_REWOUND, {"session": session.id})
    if not new and not known:  # a copy of what is already stored is no session of its own
        db.execute("DELETE FROM sessions WHERE id = ?", [session.id])
    archive.add_events(db, session.id, lines)
    raw = (
        [replace(one, text=erasing.clean_raw(one.text, stones, place)) for one in stretch.raw]
        if stones
        else stretch.raw
    )
    archive.add_raw(db, session.id, file.path, raw, again=file.generation > 0)
    gained = bool(new or changed or undone)
    copies = len(stretch.events) - len(new) - here
    return Appended(len(new), copies, revised=len(changed), undone=undone, sessions=(session.id,) if gained else ())


def _may_be_rewound(db: Database, session: Session, new: Sequence[Ready]) -> bool:
    """Whether `new` tells of a rewind, or goes on behind one: else no turn of a long session need be looked at."""
    # Of what goes on behind one of `new`, that one tells: few parents are left to be looked up.
    parents = {row[PARENT] for row, _ in new if row[PARENT]} - {row[ID] for row, _ in new}
    prompts = [row[PARENT] for row, _ in new if row[TYPE] == EventType.PROMPT or row[GROUNDS] == REWOUND]
    row = db.execute(
        "SELECT EXISTS (SELECT 1 FROM events WHERE agent = ? AND on_main_path = 0 AND id IN "
        f"(SELECT value FROM json_each(?))) OR EXISTS (SELECT 1 FROM events later WHERE session = ? AND {_REWINDS} AND "
        "parent IN (SELECT value FROM json_each(?)) GROUP BY parent HAVING count(*) > 1)",
        [session.agent, json.dumps([*parents]), session.id, json.dumps(prompts)],
    ).fetchone()
    return bool(row[0])


def _insert(db: Database, session: Session, events: Sequence[Ready]) -> list[Line]:
    """The lines that go into the archive, for what went into the table."""
    if not events:
        return []
    before = db.execute("SELECT coalesce(max(n), 0) FROM events").fetchone()[0]
    sql = "SELECT coalesce(max(turn) + 1, 0) FROM events WHERE session = ?"
    turn = db.execute(sql, [session.id]).fetchone()[0]
    lines = numbered(events, session.id, turn)
    db.execute(_FORGET_LAST, [session.id, turn - 1])
    db.conn.executemany(_INSERT_EVENT, [[session.agent, *event.row] for event in events])
    db.execute(_INDEX_LAST, [session.id, turn - 1])
    db.execute(_INDEX_EVENTS, [before])
    return lines


def _put_file(db: Database, file: FileState) -> None:
    values = file_values(file)
    db.execute(
        f"INSERT INTO files ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)}) "
        "ON CONFLICT (path) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in values if name != "path"),
        values,
    )


def start_over(db: Database, file: FileState, lost: Sequence[Loss]) -> None:
    """The file was rewritten: what was unreadable in its former self no longer counts."""
    losses.begin_again(db, file.path)
    losses.add(db, lost)
    _put_file(db, file)


def rename_file(db: Database, old: str, new: str) -> bool:
    """All that is known of the log at `old` is known of `new`; False where another process was quicker."""
    if db.execute("SELECT 1 FROM files WHERE path = ?", [new]).fetchone():
        return False
    db.execute("UPDATE files SET path = ? WHERE path = ?", [new, old])
    for table in ("losses", "snapshots", "archive", "sessions"):
        db.execute(f"UPDATE {table} SET path = ? WHERE path = ?", [new, old])
    return True


def get_file(connection: Connection, path: str) -> FileState | None:
    rows = connection.read("SELECT * FROM files WHERE path = ?", [path])
    return file_of(rows[0]) if rows else None


def files_like(connection: Connection, dev: int, inode: int, paths: Sequence[str]) -> list[FileState]:
    """The logs that were this file when they were read last, or that had one of these names."""
    rows = connection.read(
        "SELECT * FROM files WHERE (inode = ? AND dev = ?) OR path IN (SELECT value FROM json_each(?)) ORDER BY path",
        [inode, dev, json.dumps(paths)],
    )
    return [file_of(row) for row in rows]


def files_behind(connection: Connection) -> list[FileState]:
    """Those that were longer than they were read when they were looked at last."""
    return [file_of(row) for row in connection.read("SELECT * FROM files WHERE size > offset ORDER BY path")]


def list_files(connection: Connection) -> list[SourceFile]:
    lost = losses.by_path(connection)
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
        unreadable, other = lost.get(file.path, (0, 0))
        found.append(
            SourceFile(
                file.path,
                file.agent,
                file.session,
                file.offset,
                size,
                lag=_lag(file, size),
                unreadable=unreadable,
                unknown=file.unknown,
                changed=changed,
                read_to=row["ended"],
                lost=other,
            )
        )
    return found


def _lag(file: FileState, size: int | None) -> int:
    """Of a compressed log what is still to be read is known from the last look."""
    if file.path.endswith((".zst", ".gz")):
        return max(0, file.size - file.offset) if size is not None else 0
    return max(0, (size or 0) - file.offset)


def list_sessions(connection: Connection, project: str | None, twice: bool) -> list[Session]:
    where = "(? IS NULL OR project = ?)" + ("" if twice else " AND id NOT IN (SELECT session FROM told_twice)")
    rows = connection.read(
        f"SELECT * FROM sessions WHERE {where} ORDER BY coalesce(started, ''), id", [project, project]
    )
    return [session_of(row) for row in rows]


def get_session(connection: Connection, id: str) -> Session:
    rows = connection.read("SELECT * FROM sessions WHERE id = ?", [id])
    if not rows:
        raise NotFound(f"There is no session `{id}`; `memsrv search` names the session of all it finds")
    return session_of(rows[0])


def first_prompts(connection: Connection, sessions: Sequence[str]) -> dict[str, str]:
    found = {}
    for session in sessions:
        rows = connection.read(
            "SELECT substr(text, 1, 2000) FROM events WHERE session = ? AND type = 'prompt' AND trust = 'human' "
            "AND NOT echo AND trim(text) <> '' ORDER BY turn LIMIT 1",
            [session],
        )
        if rows:
            found[session] = str(rows[0][0])
    return found


def list_events(connection: Connection, session: str, first: int, last: int | None) -> list[Event]:
    rows = connection.read(
        "SELECT * FROM events WHERE session = ? AND turn >= ? AND (? IS NULL OR turn <= ?) ORDER BY turn",
        [session, first, last, last],
    )
    return [event_of(row) for row in rows]


def list_echoes(connection: Connection, session: str, first: int, last: int) -> list[Event]:
    rows = connection.read(
        "SELECT * FROM events WHERE session = ? AND turn BETWEEN ? AND ? AND echo ORDER BY turn", [session, first, last]
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
