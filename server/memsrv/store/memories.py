"""Memories at rest: new words supersede older ones under the same key, evidence is unioned, the erased stay erased.

Knows nothing of how a claim was read from a session.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from memsrv.errors import NotFound
from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.store import deltas, erasing
from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.deltas import Delta
from memsrv.store.rows import Remembered, Stated, memory_of, memory_values, plain
from memsrv.store.times import instant

_TRUSTED = [str(trust) for trust in Trust if trust.trainable]
_LIVE = "valid_to IS NULL AND superseded_by IS NULL"


def remember(db: Database, memories: Iterable[Memory], who: str) -> Remembered:
    added = updated = superseded = 0
    stones, erased = erasing.tombstones(db), erasing.claims(db)
    for said in memories:
        memory = erasing.clean_memory(said, stones, erased)
        if memory is None:
            continue
        before = db.execute(
            "SELECT valid_from, valid_to, superseded_by FROM memories WHERE id = ?", [memory.id]
        ).fetchone()
        if before is None:
            _insert(db, memory, who)
            added += 1
        else:
            updated += _merge(db, memory, before, who)
        superseded += supersede(db, memory.id, who)
    return Remembered(added, updated, superseded)


def _insert(db: Database, memory: Memory, who: str) -> None:
    values = memory_values(memory)
    db.execute(
        f"INSERT INTO memories ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values())
    )
    quotes = _add_evidence(db, memory)
    since = {name: values[name] for name in ("valid_from", "valid_to", "trust")}
    deltas.note(db, memory.id, Delta.ADD, who, successor=memory.superseded_by, **since, evidence=quotes)


def _add_evidence(db: Database, memory: Memory) -> int:
    place = db.execute("SELECT coalesce(max(place) + 1, 0) FROM evidence WHERE memory = ?", [memory.id]).fetchone()[0]
    new = 0
    for evidence in memory.evidence:
        new += db.execute(
            "INSERT OR IGNORE INTO evidence (memory, place, session, turn, quote) VALUES (?, ?, ?, ?, ?)",
            [memory.id, place + new, evidence.session, evidence.turn, plain(evidence.quote)],
        ).rowcount
    return new


def _merge(db: Database, memory: Memory, before: tuple[str | None, str | None, str | None], who: str) -> int:
    """A claim that is known: union its evidence; said again after it ended, it lives again; ended now, it ends."""
    quotes = _add_evidence(db, memory)
    if quotes:
        deltas.note(db, memory.id, Delta.MERGE, who, evidence=quotes)
    changed = quotes > 0
    if memory.trust.trainable:  # said by somebody who may instruct, what a tool stated is no longer only its quote
        where = f"id = ? AND trust NOT IN ({', '.join('?' * len(_TRUSTED))})"
        raised = db.execute(f"UPDATE memories SET trust = ? WHERE {where}", [str(memory.trust), memory.id, *_TRUSTED])
        if raised.rowcount > 0:
            deltas.note(db, memory.id, Delta.EDIT, who, trust=str(memory.trust))
            changed = True
    started, ended, successor = before
    if ended is None and successor is None:
        if memory.valid_to is not None or memory.superseded_by is not None:
            _end(db, memory.id, memory.valid_to, memory.superseded_by, who)
            changed = True
    elif memory.valid_to is None and memory.superseded_by is None:
        said = memory.valid_from or ""
        if instant(said) > instant(ended or started):
            now = "UPDATE memories SET valid_from = ?, valid_to = NULL, superseded_by = NULL WHERE id = ?"
            db.execute(now, [said, memory.id])
            deltas.note(db, memory.id, Delta.EDIT, who, valid_from=(started, said), valid_to=(ended, None))
            changed = True
    return int(changed)


def supersede(db: Database, id: str, who: str) -> int:
    """Of the live claims under the key of the memory `id`, the newest words stay live; the others point to them.

    What a tool's output, a page or a file states never ends what a person or agent said.
    """
    row = db.execute("SELECT key, project FROM memories WHERE id = ?", [id]).fetchone()
    if row[0] is None:
        return 0
    rivals = db.execute(
        f"SELECT id, valid_from, trust IN ({', '.join('?' * len(_TRUSTED))}) FROM memories "
        f"WHERE project = ? AND key = ? AND {_LIVE} ORDER BY n",
        [*_TRUSTED, row[1], row[0]],
    ).fetchall()
    if len(rivals) < 2:
        return 0
    rivals.sort(key=lambda rival: (rival[2], instant(rival[1])))
    newest, when, trusted = rivals[-1]
    if (id, when, trusted) in rivals:
        newest = id  # said at the same instant: the later call wins
    for rival, _, _ in rivals:
        if rival != newest:
            _end(db, rival, when, newest, who)
    return len(rivals) - 1


def _end(db: Database, id: str, when: str | None, successor: str | None, who: str) -> None:
    deltas.note(db, id, Delta.RETIRE, who, successor=successor, valid_to=when)
    db.execute("UPDATE memories SET valid_to = ?, superseded_by = ? WHERE id = ?", [when, successor, id])


def retire(db: Database, id: str, when: str, who: str) -> None:
    if db.execute(f"UPDATE memories SET valid_to = ? WHERE id = ? AND {_LIVE}", [when, id]).rowcount:
        deltas.note(db, id, Delta.RETIRE, who, valid_to=when)
        return
    if db.execute("SELECT 1 FROM memories WHERE id = ?", [id]).fetchone() is None:
        raise NotFound(f"There is no memory `{id}`; `memsrv memories` lists them")


def resolve(db: Database, id: str, keep: str, when: str, merge: bool, who: str) -> None:
    """`keep` holds, and `id` gives way to it, also where words had said otherwise; nothing is lost of either."""
    if merge:
        place = db.execute("SELECT coalesce(max(place) + 1, 0) FROM evidence WHERE memory = ?", [keep]).fetchone()[0]
        moved = db.execute(
            "INSERT OR IGNORE INTO evidence (memory, place, session, turn, quote) "
            "SELECT ?, ? + place, session, turn, quote FROM evidence WHERE memory = ?",
            [keep, place, id],
        ).rowcount
        deltas.note(db, keep, Delta.MERGE, who, evidence=moved)
    started, ended, successor = db.execute(
        "SELECT valid_from, valid_to, superseded_by FROM memories WHERE id = ?", [keep]
    ).fetchone()
    if ended is not None or successor is not None:
        db.execute(
            "UPDATE memories SET valid_from = ?, valid_to = NULL, superseded_by = NULL WHERE id = ?", [when, keep]
        )
        deltas.note(db, keep, Delta.EDIT, who, valid_from=(started, when), valid_to=(ended, None))
    (gave_way,) = db.execute("SELECT superseded_by FROM memories WHERE id = ?", [id]).fetchone()
    if gave_way == keep:
        deltas.note(db, id, Delta.RETIRE, who, successor=keep)  # a person's word on what rules did
    else:
        _end(db, id, when, keep, who)


def distrust(db: Database, id: str, trust: Trust, who: str) -> None:
    (before,) = db.execute("SELECT trust FROM memories WHERE id = ?", [id]).fetchone()
    db.execute("UPDATE memories SET trust = ? WHERE id = ?", [str(trust), id])
    deltas.note(db, id, Delta.EDIT, who, trust=(before, str(trust)))


def saved_by_agents(connection: Connection, project: str, since: str) -> list[Memory]:
    rows = connection.read(
        "SELECT * FROM memories WHERE project = ? AND origin = 'saved' AND trust = 'assistant' "
        f"AND coalesce(valid_from, '') >= ? AND {_LIVE} ORDER BY n",
        [project, since],
    )
    return memories_of(connection, rows)


def withdraw(db: Database, remembered: Sequence[str]) -> None:
    """What sessions were evidence of that one of the `remembered` tells, too, is said by that one alone, or by nobody.

    What a person retired stays retired, and what only such words had ended holds again.
    """
    twice = "SELECT session FROM told_twice WHERE told_by IN (SELECT value FROM json_each(?))"
    rows = db.execute(f"DELETE FROM evidence WHERE session IN ({twice}) RETURNING memory", [json.dumps(remembered)])
    ids = json.dumps(sorted({memory for (memory,) in rows.fetchall()}))
    gone = db.execute(
        "DELETE FROM memories WHERE id IN (SELECT value FROM json_each(?)) AND origin = 'rules' "
        "AND (valid_to IS NULL OR superseded_by IS NOT NULL) AND id NOT IN (SELECT memory FROM evidence) RETURNING id",
        [ids],
    )
    revived = db.execute(
        "UPDATE memories SET valid_to = NULL, superseded_by = NULL "
        "WHERE superseded_by IN (SELECT value FROM json_each(?)) RETURNING id",
        [json.dumps([id for (id,) in gone.fetchall()])],
    )
    for (id,) in revived.fetchall():
        deltas.note(db, id, Delta.EDIT, "rules", valid_to=None)


def list_memories(
    connection: Connection, project: str | None, kinds: Sequence[Kind] | None, include_retired: bool
) -> list[Memory]:
    where, parameters = ["1"], []
    if project is not None:
        where.append("project = ?")
        parameters.append(project)
    if kinds is not None:
        where.append(f"kind IN ({', '.join('?' * len(kinds))})")
        parameters += [str(kind) for kind in kinds]
    if not include_retired:
        where.append(_LIVE)
    rows = connection.read(f"SELECT * FROM memories WHERE {' AND '.join(where)} ORDER BY n", parameters)
    return memories_of(connection, rows)


def list_stated(connection: Connection, project: str) -> list[Stated]:
    rows = connection.read(f"SELECT {', '.join(Stated._fields)} FROM memories WHERE project = ?", [project])
    return [Stated(*row) for row in rows]


def memories_called(connection: Connection, ids: Sequence[str]) -> list[Memory]:
    rows: list[sqlite3.Row] = []
    for some in _batches(ids):
        rows += connection.read(f"SELECT * FROM memories WHERE id IN ({', '.join('?' * len(some))})", some)
    return memories_of(connection, sorted(rows, key=lambda row: row["n"]))


def get_memory(connection: Connection, id: str) -> Memory:
    rows = connection.read("SELECT * FROM memories WHERE id = ?", [id])
    if not rows:
        raise NotFound(f"There is no memory `{id}`; `memsrv memories` lists them")
    return memories_of(connection, rows)[0]


def chain(connection: Connection, id: str) -> list[Memory]:
    """Everything that `id` superseded or was superseded by, oldest first."""
    get_memory(connection, id)
    rows = connection.read(
        """WITH RECURSIVE linked (id) AS (
               SELECT ? UNION
               SELECT m.superseded_by FROM memories m JOIN linked ON m.id = linked.id WHERE m.superseded_by IS NOT NULL
               UNION SELECT m.id FROM memories m JOIN linked ON m.superseded_by = linked.id)
           SELECT * FROM memories WHERE id IN linked ORDER BY coalesce(valid_from, ''), n""",
        [id],
    )
    return memories_of(connection, rows)


def memories_of(connection: Connection, rows: Sequence[sqlite3.Row]) -> list[Memory]:
    evidence: dict[str, list[Evidence]] = {row["id"]: [] for row in rows}
    for some in _batches(list(evidence)):
        for row in connection.read(
            f"SELECT * FROM evidence WHERE memory IN ({', '.join('?' * len(some))}) ORDER BY memory, place", some
        ):
            evidence[row["memory"]].append(Evidence(row["session"], row["turn"], row["quote"]))
    return [memory_of(row, tuple(evidence[row["id"]])) for row in rows]


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as any SQLite takes as parameters."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
