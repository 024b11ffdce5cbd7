"""Figures for `memsrv status`, counted where the rows are: no memory and no turn is loaded for them."""

import sqlite3
from collections import Counter
from dataclasses import dataclass

from memsrv.records import Trust
from memsrv.store.connection import Connection

SQLITE = sqlite3.sqlite_version
#: Of two connections that write or checkpoint at once, one could corrupt the file, until this version
#: (https://www.sqlite.org/wal.html#walresetbug). Writers of memsrv take turns for that reason.
MENDED = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class MemoryCounts:
    """`waiting`: live ones whose words are nobody's that may be trained on, and that no person has reviewed."""

    live: int
    ended: int
    by_kind: dict[str, int]
    by_trust: dict[str, int]
    waiting: int


def memory_counts(connection: Connection) -> MemoryCounts:
    rows = connection.read(
        """SELECT kind, trust, valid_to IS NULL AND superseded_by IS NULL AS live, count(*) AS n,
                  sum(NOT EXISTS (SELECT 1 FROM reviews r WHERE r.fact = m.id)) AS unread
           FROM memories m GROUP BY kind, trust, live"""
    )
    kinds, trusts = Counter[str](), Counter[str]()
    ended = waiting = 0
    for row in rows:
        if not row["live"]:
            ended += row["n"]
            continue
        kinds[row["kind"]] += row["n"]
        trusts[row["trust"]] += row["n"]
        waiting += 0 if Trust(row["trust"]).trainable else row["unread"]
    return MemoryCounts(kinds.total(), ended, dict(kinds), dict(trusts), waiting)


def events_by_agent(connection: Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.read("SELECT agent, count(*) FROM events GROUP BY agent")}


def last_project(connection: Connection) -> str | None:
    """The project of the session that ended last."""
    rows = connection.read("SELECT project FROM sessions ORDER BY coalesce(ended, started, '') DESC LIMIT 1")
    return rows[0][0] if rows else None


def caution() -> str | None:
    """What to know about the SQLite of this Python; None where there is nothing."""
    if sqlite3.sqlite_version_info >= MENDED:
        return None
    return (
        f"This Python has SQLite {SQLITE}, which can corrupt a database that two processes write at once (mended in "
        f"{'.'.join(map(str, MENDED))}). Processes of memsrv take turns; let no other program write to its database."
    )
