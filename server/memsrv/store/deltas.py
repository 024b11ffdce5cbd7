"""Every change to a memory, in the order in which it was made: nothing is ever rewritten without a line that says so.

Beside them how often a memory was given to an agent, and how the task ended that took it up. Knows neither rules
nor words: a claim that says something else is another memory.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
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
    successor: str | None = None  # of what was superseded or merged into another


@dataclass(frozen=True, slots=True)
class Use:
    """A memory was given to an agent; `taken` up, so that it has a part in how the task ended, or not."""

    memory: str
    session: str
    turn: int
    outcome: Outcome = Outcome.UNKNOWN
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Counters:
    """How often a memory was given to an agent, and in how many tasks that took it up the work succeeded or failed."""

    given: int = 0
    success: int = 0
    failure: int = 0
    last: str | None = None


#: In the place of an outcome, of what was given and not taken up: it has no part in how the task ended.
_PASSED_OVER = "passed over"


def note(db: Database, memory: str, delta: Delta, who: str, *, successor: str | None = None, **change: Any) -> None:
    """`change` names what is different, with its value; or, of a memory that lives again, (before, after)."""
    before = {name: value[0] for name, value in change.items() if isinstance(value, tuple)}
    after = {name: value[1] if isinstance(value, tuple) else value for name, value in change.items()}
    db.execute(
        "INSERT INTO deltas (memory, delta, who, before, after, successor) VALUES (?, ?, ?, ?, ?, ?)",
        [memory, str(delta), who, json.dumps(before), json.dumps(after), successor],
    )


def changes(connection: Connection, memories: Iterable[str]) -> list[Change]:
    """The deltas of `memories`, oldest first."""
    rows = connection.read(
        "SELECT * FROM deltas WHERE memory IN (SELECT value FROM json_each(?)) ORDER BY n", [json.dumps([*memories])]
    )
    return [
        Change(
            row["memory"], Delta(row["delta"]), row["time"], row["who"], json.loads(row["before"]),
            json.loads(row["after"]), row["successor"],
        )
        for row in rows
    ]  # fmt: skip


def said(connection: Connection) -> list[tuple[str, str]]:
    """(memory, time) for each time that a memory was said, as far as anything tells."""
    rows = connection.read(
        "SELECT id, valid_from FROM memories WHERE valid_from IS NOT NULL "
        "UNION SELECT v.memory, coalesce(e.time, s.ended, '') FROM evidence v "
        "JOIN events e ON e.session = v.session AND e.turn = v.turn JOIN sessions s ON s.id = v.session "
        "UNION SELECT memory, json_extract(before, '$.valid_from') FROM deltas WHERE before LIKE '%valid_from%' "
        "UNION SELECT memory, json_extract(after, '$.valid_from') FROM deltas WHERE after LIKE '%valid_from%'"
    )
    return [(id, time) for id, time in rows if time is not None]


def evidence_times(connection: Connection) -> list[tuple[tuple[str, int], str]]:
    """When each turn was that is evidence of a memory, as far as it is known."""
    rows = connection.read(
        "SELECT DISTINCT v.session, v.turn, e.time FROM evidence v "
        "JOIN events e ON e.session = v.session AND e.turn = v.turn WHERE e.time IS NOT NULL"
    )
    return [((session, turn), time) for session, turn, time in rows]


def endings(connection: Connection) -> list[tuple[str, str, str | None]]:
    """(memory, time, successor) for each time that a memory ended, but for what rules ended and took back since."""
    rows = connection.read(
        "SELECT id, valid_to, superseded_by FROM memories WHERE valid_to IS NOT NULL "
        "UNION SELECT memory, json_extract(after, '$.valid_to'), successor FROM deltas "
        "WHERE delta = 'retire' AND who != 'rules' AND json_extract(after, '$.valid_to') IS NOT NULL ORDER BY 2"
    )
    return [tuple(row) for row in rows]


def said_by_people(connection: Connection, project: str | None) -> list[tuple[str, str, int, str]]:
    """(memory, session, turn, time) for every time that a person said what a memory says; oldest first."""
    rows = connection.read(
        "SELECT v.memory, v.session, v.turn, coalesce(e.time, s.ended, s.started) AS said FROM evidence v "
        "JOIN memories m ON m.id = v.memory JOIN sessions s ON s.id = v.session "
        "JOIN events e ON e.session = v.session AND e.turn = v.turn "
        "WHERE e.trust = 'human' AND NOT e.echo AND said IS NOT NULL AND (?1 IS NULL OR m.project = ?1) "
        "ORDER BY said, v.session, v.turn, v.memory",
        [project],
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def keep_uses(db: Database, session: str, uses: Iterable[Use]) -> None:
    """All that `session` tells of memories that were given in it; of those that there are."""
    db.execute("DELETE FROM uses WHERE session = ?", [session])
    for use in uses:
        db.execute(
            "INSERT OR IGNORE INTO uses (memory, session, turn, outcome) SELECT id, ?, ?, ? FROM memories WHERE id = ?",
            [session, use.turn, str(use.outcome) if use.taken else _PASSED_OVER, use.memory],
        )


def counters(connection: Connection, until: str | None = None) -> dict[str, Counters]:
    """Of every memory that was ever given, or given `until` then."""
    rows = connection.read(
        "SELECT u.memory, count(*), sum(u.outcome = 'success'), sum(u.outcome = 'failure'), max(e.time) FROM uses u "
        "LEFT JOIN events e ON e.session = u.session AND e.turn = u.turn "
        "WHERE ?1 IS NULL OR e.time IS NULL OR e.time <= ?1 GROUP BY u.memory",
        [until],
    )
    return {row[0]: Counters(*row[1:]) for row in rows}


def usefulness(connection: Connection, memories: Sequence[str]) -> dict[str, float]:
    """From 0 to 1, of those that were taken up: the more of these tasks went well, the nearer to 1.

    That it was opened at all counts half where nobody knows how the task ended. As if each had been taken up in two
    more tasks that failed, so that one success tells little.
    """
    rows = connection.read(
        "SELECT memory, sum(outcome = 'success') AS good, sum(outcome = 'failure') AS bad, "
        "sum(outcome NOT IN ('success', 'failure')) AS open FROM uses "
        "WHERE memory IN (SELECT value FROM json_each(?)) AND outcome != ? GROUP BY memory",
        [json.dumps(list(memories)), _PASSED_OVER],
    )
    return {
        row["memory"]: (row["good"] + row["open"] / 2) / (row["good"] + row["bad"] + row["open"] + 2) for row in rows
    }
