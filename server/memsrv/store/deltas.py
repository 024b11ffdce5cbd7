"""Every change to a memory, in the order in which it was made: nothing is ever rewritten without a line that says so.

Beside them how often a memory was given to an agent, and how the task ended that it was given in. Knows neither rules
nor words: a claim that says something else is another memory.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from memsrv.records import Outcome
from memsrv.store.connection import Connection
from memsrv.store.database import Database


class Delta(StrEnum):
    ADD = "add"
    EDIT = "edit"  # it lives again, or somebody says it now who may instruct
    MERGE = "merge"  # said again: more evidence
    RETIRE = "retire"  # it ended; newer words superseded it, or somebody retired it


@dataclass(frozen=True, slots=True)
class Change:
    """One delta: when it was made here, by whom (whose words, or "rules"), and what was and is different."""

    memory: str
    delta: Delta
    time: str
    who: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """A memory was given to an agent, and the task ended so."""

    memory: str
    session: str
    turn: int
    outcome: Outcome = Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Counters:
    """How often a memory was given to an agent, and in how many of those tasks the work succeeded or failed."""

    given: int = 0
    success: int = 0
    failure: int = 0
    last: str | None = None


def note(db: Database, memory: str, delta: Delta, who: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    db.execute(
        "INSERT INTO deltas (memory, delta, who, before, after) VALUES (?, ?, ?, ?, ?)",
        [memory, str(delta), who, json.dumps(before), json.dumps(after)],
    )


def changes(connection: Connection, memories: Iterable[str]) -> list[Change]:
    """The deltas of `memories`, oldest first."""
    rows = connection.read(
        "SELECT * FROM deltas WHERE memory IN (SELECT value FROM json_each(?)) ORDER BY n", [json.dumps([*memories])]
    )
    return [
        Change(
            row["memory"], Delta(row["delta"]), row["time"], row["who"], json.loads(row["before"]),
            json.loads(row["after"]),
        )
        for row in rows
    ]  # fmt: skip


def said(connection: Connection, project: str | None) -> list[tuple[str, str]]:
    """(memory, time) for each time that a memory was said, as far as anything tells."""
    return [
        (row[0], row[1])
        for row in connection.read(
            "WITH m AS (SELECT id, valid_from FROM memories WHERE ?1 IS NULL OR project = ?1) "
            "SELECT id, valid_from FROM m WHERE valid_from IS NOT NULL "
            "UNION SELECT v.memory, coalesce(e.time, s.ended, '') FROM evidence v JOIN m ON m.id = v.memory "
            "JOIN events e ON e.session = v.session AND e.turn = v.turn JOIN sessions s ON s.id = v.session "
            "UNION SELECT d.memory, d.since FROM (SELECT memory, json_extract(before, '$.valid_from') AS since "
            "FROM deltas UNION SELECT memory, json_extract(after, '$.valid_from') FROM deltas) d "
            "JOIN m ON m.id = d.memory WHERE d.since IS NOT NULL",
            [project],
        )
    ]


def endings(connection: Connection, project: str | None) -> list[tuple[str, str, str | None]]:
    """(memory, time, successor) for each time that a memory ended."""
    return [
        (row[0], row[1], row[2])
        for row in connection.read(
            "WITH m AS (SELECT * FROM memories WHERE ?1 IS NULL OR project = ?1) "
            "SELECT id, valid_to, superseded_by FROM m WHERE valid_to IS NOT NULL "
            "UNION SELECT d.memory, json_extract(d.after, '$.valid_to'), json_extract(d.after, '$.superseded_by') "
            "FROM deltas d JOIN m ON m.id = d.memory "
            "WHERE d.delta = 'retire' AND json_extract(d.after, '$.valid_to') IS NOT NULL",
            [project],
        )
    ]


def keep_uses(db: Database, session: str, uses: Iterable[Use]) -> None:
    """All that `session` tells of memories that were given in it; of those that there are."""
    db.execute("DELETE FROM uses WHERE session = ?", [session])
    for use in uses:
        db.execute(
            "INSERT OR IGNORE INTO uses (memory, session, turn, outcome) SELECT id, ?, ?, ? FROM memories WHERE id = ?",
            [session, use.turn, str(use.outcome), use.memory],
        )


def counters(connection: Connection) -> dict[str, Counters]:
    """Of every memory that was ever given."""
    rows = connection.read(
        "SELECT u.memory, count(*), sum(u.outcome = 'success'), sum(u.outcome = 'failure'), max(e.time) FROM uses u "
        "LEFT JOIN events e ON e.session = u.session AND e.turn = u.turn GROUP BY u.memory"
    )
    return {row[0]: Counters(*row[1:]) for row in rows}
