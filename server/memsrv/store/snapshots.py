"""Sessions that a log tells whole, again and again: what is new is appended, what changed is revised, nothing deleted.

An event that the log no longer has was undone by the user: it stays, off the main path. Only what an earlier snapshot
of the same log had can be undone by it: another log may tell the same session. Knows nothing of any agent's format.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.rows import EVENT_COLUMNS, Marked

#: What does not make an event another one: where it stands, and whether it still does.
_NOT_SAID = frozenset({"id", "session", "turn", "on_main_path"})
_SAID = tuple(place for place, name in enumerate(EVENT_COLUMNS) if name not in _NOT_SAID)
_ID = EVENT_COLUMNS.index("id")
_ON_PATH = EVENT_COLUMNS.index("on_main_path")
_REVISED = tuple(name for name in EVENT_COLUMNS if name not in _NOT_SAID)


def marks(connection: Connection, path: str) -> dict[str, str]:
    """The mark of every session that was taken from the log at `path`."""
    return {row[0]: row[1] for row in connection.read("SELECT session, mark FROM snapshots WHERE path = ?", [path])}


def unknown(connection: Connection, path: str) -> dict[str, int]:
    """What was not understood in the log at `path`, by name, in its sessions as they were taken last."""
    found: dict[str, int] = {}
    for (row,) in connection.read("SELECT unknown FROM snapshots WHERE path = ?", [path]):
        for name, count in json.loads(row).items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))


def revise(
    db: Database, agent: str, session: str, rows: Mapping[str, Sequence[Any]]
) -> tuple[int, list[tuple[str, int]]]:
    """Let what is stored of `session` say what `rows` say (by id). How many of them are stored,
    and the id and turn of each that changed; memories will be made anew from the first of those on."""
    stored = _stored(db, agent, session, rows)
    changed: list[tuple[str, int]] = []
    for n, turn, *values in stored:
        id = values[_ID]
        new = rows[id]
        if any(values[place] != new[place] for place in _SAID):
            setting = ", ".join(f"{name} = ?" for name in _REVISED)
            db.execute(f"UPDATE events SET {setting} WHERE n = ?", [*(new[place] for place in _SAID), n])
            changed.append((id, turn))
        if values[_ON_PATH] != new[_ON_PATH]:
            db.execute("UPDATE events SET on_main_path = ? WHERE n = ?", [new[_ON_PATH], n])
    _remember_again(db, session, [turn for _, turn in changed])
    return len(stored), changed


def settle(db: Database, path: str, session: str, agent: str, held: Sequence[str], mark: Marked) -> int:
    """Note the snapshot that had the events called `held`, and take off the main path what the one before it had
    more: how many."""
    rows = db.execute(
        "SELECT n FROM events WHERE agent = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY n",
        [agent, json.dumps(held)],
    ).fetchall()
    now = [row[0] for row in rows]
    before = db.execute("SELECT events FROM snapshots WHERE path = ? AND session = ?", [path, mark.session]).fetchone()
    had = _numbers(json.loads(before[0])) if before else set()
    if mark.torn:
        now = sorted(had | set(now))
    gone = sorted(had - set(now))
    turns = []
    for n in gone:
        row = db.execute(
            "UPDATE events SET on_main_path = 0 WHERE n = ? AND session = ? AND on_main_path = 1 RETURNING turn",
            [n, session],
        ).fetchall()
        turns += [turn for (turn,) in row]
    _remember_again(db, session, turns)
    db.execute(
        "INSERT OR REPLACE INTO snapshots (path, session, mark, unknown, events) VALUES (?, ?, ?, ?, ?)",
        [path, mark.session, mark.mark, json.dumps(mark.unknown, sort_keys=True), json.dumps(_ranges(now))],
    )
    return len(turns)


def _stored(db: Database, agent: str, session: str, ids: Iterable[str]) -> list[tuple[Any, ...]]:
    columns = ", ".join(EVENT_COLUMNS)
    rows: list[tuple[Any, ...]] = db.execute(
        f"SELECT n, turn, {columns} FROM events WHERE agent = ? AND session = ? "
        "AND id IN (SELECT value FROM json_each(?)) ORDER BY turn",
        [agent, session, json.dumps(list(ids))],
    ).fetchall()
    return rows


def _remember_again(db: Database, session: str, turns: Sequence[int]) -> None:
    if turns:
        db.execute("UPDATE remembered SET turns = min(turns, ?) WHERE session = ?", [min(turns), session])


def _ranges(numbers: Sequence[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def _numbers(ranges: Iterable[Sequence[int]]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}
