"""Vectors at rest: one byte for each number, of turns and memories, by encoder. They can be made again at any time.

Words that change or go take their vector along, by triggers. Knows no encoder and no numpy.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.memories import memories_of
from memsrv.store.rows import FOUND_COLUMNS, Hit, found_event

TURN, MEMORY = "turn", "memory"
_CHARS = 1_500
#: Whose words have a vector: what people and agents say, and what they run; output is found by its words.
_SAID = "('prompt', 'reply', 'rejection', 'command', 'tool_call')"
_WORDS_OF_TURN = "CASE WHEN e.text = '' OR e.type = 'tool_call' THEN coalesce(e.command, '') ELSE e.text END"
_MISSING = f"""
    SELECT 'memory' AS of, m.n, m.text FROM memories m
    WHERE m.n NOT IN (SELECT n FROM vectors WHERE of = 'memory' AND model = :model)
    UNION ALL
    SELECT 'turn', e.n, {_WORDS_OF_TURN}
    FROM events e WHERE e.type IN {_SAID} AND NOT e.echo AND (e.type != 'tool_call' OR e.command IS NOT NULL)
    AND (e.text != '' OR e.command IS NOT NULL)
    AND e.n NOT IN (SELECT n FROM vectors WHERE of = 'turn' AND model = :model)"""

_STANDS = {
    TURN: f"(SELECT {_WORDS_OF_TURN} FROM events e WHERE e.n = ?)",
    MEMORY: "(SELECT m.text FROM memories m WHERE m.n = ?)",
}


class Near(NamedTuple):
    """A turn or memory by its row, and how near it is to what was asked."""

    of: str
    n: int
    nearness: float


class Made(NamedTuple):
    """A vector, and the words that it was made of, as `without` gave them."""

    of: str
    n: int
    said: str
    data: bytes
    scale: float


class Vector(NamedTuple):
    id: int
    of: str
    n: int
    data: bytes
    scale: float
    session: str | None  # of a turn


def without(connection: Connection, model: str, limit: int) -> tuple[list[tuple[str, int, str]], int]:
    """Up to `limit` rows that have no vector of `model` yet, with their words; with none asked for, how many."""
    if not limit:
        return [], connection.read(f"SELECT count(*) FROM ({_MISSING})", {"model": model})[0][0]
    rows = connection.read(f"{_MISSING} ORDER BY 1, 2 DESC LIMIT :limit", {"model": model, "limit": limit})
    return [(row[0], row[1], row[2][:_CHARS]) for row in rows], 0


def keep(db: Database, model: str, rows: Iterable[Made]) -> None:
    """Only of words that still stand: they may have been erased while the encoder was at work."""
    for row in rows:
        db.execute(
            "INSERT OR IGNORE INTO vectors (of, n, model, data, scale) SELECT ?, ?, ?, ?, ? "
            f"WHERE substr({_STANDS[row.of]}, 1, {_CHARS}) = ?",
            [row.of, row.n, model, row.data, row.scale, row.n, row.said],
        )


def after(connection: Connection, model: str, id: int) -> list[Vector]:
    sql = (
        "SELECT v.id, v.of, v.n, v.data, v.scale, e.session FROM vectors v LEFT JOIN events e ON v.of = 'turn' "
        "AND e.n = v.n WHERE v.id > ? AND v.model = ? ORDER BY v.id"
    )
    return [Vector(*row) for row in connection.read(sql, [id, model])]


def scope(connection: Connection, project: str | None) -> tuple[list[str], list[int]]:
    """The sessions and the memories that may be found in `project`: ids and rows."""
    sessions = connection.read(
        "SELECT id FROM sessions WHERE (? IS NULL OR project = ?) AND id NOT IN (SELECT session FROM told_twice)",
        [project, project],
    )
    memories = connection.read("SELECT n FROM memories WHERE ? IS NULL OR project = ?", [project, project])
    return [row[0] for row in sessions], [row[0] for row in memories]


def count(connection: Connection, model: str) -> int:
    return int(connection.read("SELECT count(*) FROM vectors WHERE model = ?", [model])[0][0])


def drop(db: Database, model: str | None) -> int:
    """Forget all vectors, or those of every encoder but `model`; how many."""
    return db.execute("DELETE FROM vectors WHERE ? IS NULL OR model != ?", [model, model]).rowcount


def hits(connection: Connection, numbers: Sequence[int], of: str, project: str | None) -> list[Hit]:
    """The rows with these numbers that may be found, as hits that no word found."""
    given = [json.dumps(numbers), project, project]
    if of == MEMORY:
        rows = connection.read(
            "SELECT * FROM memories WHERE n IN (SELECT value FROM json_each(?)) AND (? IS NULL OR project = ?) "
            "ORDER BY n",
            given,
        )
        return [
            Hit(
                id=memory.id, project=memory.project, text=memory.text, bm25=0.0, agent=None, time=memory.valid_from,
                session=memory.evidence[0].session if memory.evidence else None,
                turn=memory.evidence[0].turn if memory.evidence else None, memory=memory, n=row["n"],
            )
            for row, memory in zip(rows, memories_of(connection, rows), strict=True)
        ]  # fmt: skip
    rows = connection.read(
        f"SELECT {FOUND_COLUMNS}, e.n, e.agent, s.project AS its_project FROM events e "
        "JOIN sessions s ON s.id = e.session WHERE e.n IN (SELECT value FROM json_each(?)) "
        "AND (? IS NULL OR s.project = ?) AND NOT e.echo "
        "AND e.session NOT IN (SELECT session FROM told_twice) ORDER BY e.n",
        given,
    )
    return [
        Hit(
            id=event.id, project=row["its_project"], text=event.text or event.command or "", bm25=0.0,
            session=event.session, turn=event.turn, agent=row["agent"], time=event.time, event=event, n=row["n"],
        )
        for row, event in ((row, found_event(row)) for row in rows)
    ]  # fmt: skip
