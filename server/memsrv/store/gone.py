"""A session that is erased whole: every row of it goes, with what tells it again and what its subagents did.

What stays are hashes: of its id, by which no log of it is stored again, and of its events' ids, which a fork copies.
Knows nothing of memories.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.ready import Stretch, unready
from memsrv.store.rows import FileState
from memsrv.tombstones import ERASED, claim_hash

#: A subagent's session is all beside the main path; what a person forked off and went on with is not.
_WHOLE = """
WITH RECURSIVE whole (id) AS (
    SELECT id FROM sessions WHERE id = ?1
    UNION SELECT original FROM sessions WHERE id = ?1 AND original IS NOT NULL
    UNION SELECT s.id FROM sessions s JOIN whole w ON s.original = w.id
    UNION SELECT s.id FROM sessions s JOIN whole w ON s.parent = w.id
        WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.session = s.id AND NOT e.sidechain))
SELECT id FROM whole ORDER BY id != ?1, id"""
#: Tables with rows of a session; memories and their evidence are not among them.
_TABLES = ("events", "archive", "remembered", "losses", "uses")
#: In the state of a reader, under which names it keeps what somebody said, also a single word of it.
_SAID = frozenset({"title", "summaries", "waiting", "taken_back", "denied"})


def whole(connection: Connection, id: str) -> tuple[str, ...]:
    """`id` and every session that goes with it: those that tell the same, and its subagents'."""
    return tuple(row[0] for row in connection.read(_WHOLE, [id]))


def forks(connection: Connection, ids: Sequence[str]) -> tuple[str, ...]:
    """The sessions that were forked off one of `ids`, and are not among them."""
    rows = connection.read(
        "SELECT id FROM sessions WHERE parent IN (SELECT value FROM json_each(?1)) "
        "AND id NOT IN (SELECT value FROM json_each(?1)) ORDER BY id",
        [json.dumps(ids)],
    )
    return tuple(row[0] for row in rows)


def claims(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """The hashes by which the sessions `ids`, and copies of their events, are known again."""
    rows = connection.read(
        "SELECT agent, id FROM events WHERE session IN (SELECT value FROM json_each(?))", [json.dumps(ids)]
    )
    return frozenset(map(claim_hash, ids)) | {_event(agent, id) for agent, id in rows}


def allowed(
    db: Database, file: FileState, stretches: Sequence[Stretch], erased: frozenset[str]
) -> tuple[FileState, list[Stretch]]:
    """What of `stretches` may be stored, and `file` without the words that a reader keeps of what may not."""
    kept = []
    wordy = claim_hash(file.session) in erased
    for stretch in stretches:
        left = _left(stretch, erased)
        wordy = wordy or (bool(stretch.events) and not (left and left.events))  # all it told were copies
        if left is not None:
            kept.append(left)
        elif stretch.whole is not None:  # else it would be taken whole, and let go of, at each look
            db.execute(
                "INSERT OR REPLACE INTO snapshots (path, session, mark, unknown, events) VALUES (?, ?, ?, '{}', '[]')",
                [file.path, stretch.whole.session, stretch.whole.mark],
            )
    return (replace(file, state=_without_words(file.state)) if wordy else file), kept


def sweep(connection: Connection, erased: frozenset[str], *, dry: bool) -> set[tuple[str, int]]:
    """Remove every row of the sessions in `erased`; their turns, as (session, turn)."""
    ids = [row[0] for row in connection.read("SELECT id FROM sessions") if claim_hash(row[0]) in erased]
    named = json.dumps(ids)
    inside = "session IN (SELECT value FROM json_each(?))"
    turns = {(row[0], row[1]) for row in connection.read(f"SELECT session, turn FROM events WHERE {inside}", [named])}
    if ids and not dry:
        with connection.writing() as db:
            for file in db.execute(f"SELECT path, state FROM files WHERE {inside}", [named]).fetchall():
                state = json.dumps(_without_words(json.loads(file[1])))
                db.execute("UPDATE files SET state = ? WHERE path = ?", [state, file[0]])
            for table in _TABLES:
                db.execute(f"DELETE FROM {table} WHERE {inside}", [named])
            # Its mark stays, so that nobody takes it from its log at each look; what it held is told by nothing.
            db.execute(f"UPDATE snapshots SET events = '[]' WHERE {inside}", [named])
            db.execute("DELETE FROM sessions WHERE id IN (SELECT value FROM json_each(?))", [named])
    return turns


def _left(stretch: Stretch, erased: frozenset[str]) -> Stretch | None:
    """What is left of `stretch`; None of a session that was erased, tells one that was, or served one."""
    session, events = stretch.session, [unready(event) for event in stretch.events]
    if any(claim_hash(id) in erased for id in (session.id, session.original) if id):
        return None
    if session.parent and claim_hash(session.parent) in erased and events and all(one.sidechain for one in events):
        return None
    return replace(stretch, events=[one for one in events if _event(session.agent, one.id) not in erased])


def _event(agent: str, id: str) -> str:
    return claim_hash(f"event:{agent}:{id}")


def _without_words(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader keeps to read on. Names and ids, which it may need, are one word each, as a title may be."""
    return {name: _wordless(value) if name in ("source", "echo") else value for name, value in state.items()}


def _wordless(value: Any, said: bool = False) -> Any:
    if isinstance(value, str):
        return ERASED if said or len(value.split()) > 1 else value
    if isinstance(value, dict):
        return {name: _wordless(inner, said or name in _SAID) for name, inner in value.items()}
    return [_wordless(inner, said) for inner in value] if isinstance(value, list | tuple) else value
