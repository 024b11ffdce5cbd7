"""Full-text search over memories and turns: any text a person types, never a syntax error. Ranking by FTS5's bm25 only.

A word that is in thousands of turns finds none of them by itself: it counts for those that rarer words of the query
find, so that a search takes as long in a million turns as in ten thousand. Knows nothing of recency or vectors:
`memsrv.recall` builds its ranking on these hits.
"""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from memsrv.records import Kind
from memsrv.store.connection import Connection
from memsrv.store.memories import memories_of
from memsrv.store.rows import FOUND_COLUMNS, Hit, found_event, plain

#: So many turns are ranked; of words that all stand in more, the newest ones.
MOST_RANKED = 6_000

_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"\w+")
_OWN = "{text command} : "
_READ = 4_000  # characters of a turn in which common words are looked for


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPWORDS = _words(
    """
    a about am an and any are as at be been being but by can could did do does for from had has have how i if in
    into is it its just me my of on or our please should so than that the their them then there these they this
    those to was we were what when where which who whose why will with would you your s t
    both current currently every get gets got made make makes most use used uses using
    """
)


def terms(query: str) -> list[str]:
    """The words and phrases to look for, stopwords dropped; all of them where no other word is left.

    What a person typed as one piece (`foo/bar.py`, `--no-verify`) is also looked for as a phrase.
    """
    found: dict[str, None] = {}
    for chunk in _CHUNK.findall(plain(query)):
        words = [word for word in _WORD.findall(chunk) if word.strip("_")]
        if len([word for word in words if len(word) > 1]) > 1:
            found[" ".join(words)] = None
        found.update(dict.fromkeys(words))
    return ([term for term in found if term.casefold() not in STOPWORDS] or list(found))[:64]


def match_expression(query: str) -> str | None:
    """`query` as an FTS5 expression: every term quoted, OR between them; None where no word is left."""
    return _any_of(terms(query)) or None


def search_memories(
    connection: Connection,
    query: str,
    *,
    project: str | None = None,
    kinds: Sequence[Kind] | None = None,
    include_retired: bool = False,
    limit: int = 20,
) -> list[Hit]:
    expression = match_expression(query)
    if expression is None:
        return []
    where, parameters = ("", list[str]()) if project is None else (" AND m.project = ?", [project])
    if kinds is not None:
        where += f" AND m.kind IN ({', '.join('?' * len(kinds))})"
        parameters += [str(kind) for kind in kinds]
    if not include_retired:
        where += " AND m.valid_to IS NULL AND m.superseded_by IS NULL"
    rows = connection.read(
        f"""SELECT m.*, bm25(memories_fts) AS rank_bm25
            FROM memories_fts JOIN memories m ON m.n = memories_fts.rowid
            WHERE memories_fts MATCH ?{where} ORDER BY rank_bm25, m.n LIMIT ?""",
        [expression, *parameters, limit],
    )
    hits = []
    for row, memory in zip(rows, memories_of(connection, rows), strict=True):
        first = memory.evidence[0] if memory.evidence else None
        hits.append(
            Hit(
                id=memory.id,
                project=memory.project,
                text=memory.text,
                bm25=row["rank_bm25"],
                session=first.session if first else None,
                turn=first.turn if first else None,
                agent=None,
                time=memory.valid_from,
                memory=memory,
                n=row["n"],
            )
        )
    return hits


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is looked for: an expression that finds, from which row on, and the common words that only count."""

    expression: str
    since: int
    common: Mapping[str, float]  # with their weight


def search_turns(
    connection: Connection, query: str, *, project: str | None = None, limit: int = 20, around: float = 0.0
) -> list[Hit]:
    """`around`: what a word is worth in the turn before or after, beside 1 in the turn itself; with 0 it is not found.

    Found are the best `limit` by their rarer words; their `bm25` counts all words, so that they may trade places.
    """
    sought = _sought(connection, terms(query), "" if around else _OWN)
    if sought is None:
        return []
    hits = [_turn(row, score, sought.common) for row, score in _ranked(connection, sought, project, limit, around)]
    return sorted(hits, key=lambda hit: (hit.bm25, hit.n))


def _turn(row: sqlite3.Row, score: float, common: Mapping[str, float]) -> Hit:
    event = found_event(row)
    if common:
        said = f"{event.text[:_READ]} {event.command or ''}".casefold()
        score -= sum(weight for word, weight in common.items() if word in said)
    return Hit(
        id=event.id,
        project=row["its_project"],
        text=event.text or event.command or "",
        bm25=score,
        session=event.session,
        turn=event.turn,
        agent=row["agent"],
        time=event.time,
        event=event,
        n=row["n"],
    )


def _sought(connection: Connection, wanted: Sequence[str], columns: str) -> _Sought | None:
    if not wanted:
        return None
    last = connection.read("SELECT coalesce(max(n), 0) FROM events")[0][0]
    if last <= MOST_RANKED:
        return _Sought(columns + _grouped(wanted), 0, {})
    held = {term: _held(connection, columns + _grouped([term]), last) for term in wanted}
    rare: list[str] = []
    total = 0
    for term in sorted((term for term in wanted if held[term]), key=lambda term: held[term]):
        if rare and total + held[term] > MOST_RANKED:
            break
        rare.append(term)
        total += held[term]
    if not rare:
        return None
    since = 0 if total <= MOST_RANKED else _before_newest(connection, columns + _grouped(rare))
    common = {
        term.casefold()[: max(3, len(term) - 2)]: log((last + 1) / (held[term] + 0.5))
        for term in wanted
        if held[term] and term not in rare
    }
    return _Sought(columns + _grouped(rare), since, common)


def _held(connection: Connection, expression: str, last: int) -> int:
    """In how many of `last` turns a word stands; of one in more than MOST_RANKED: as if as often in all."""
    sql = "SELECT rowid FROM events_fts WHERE events_fts MATCH ? ORDER BY rowid LIMIT ?"
    count, until = connection.read(f"SELECT count(*), max(rowid) FROM ({sql})", [expression, MOST_RANKED + 1])[0]
    return int(count) if count <= MOST_RANKED else int(count) * last // until


def _before_newest(connection: Connection, expression: str) -> int:
    """The last row before the newest MOST_RANKED turns that have it."""
    sql = "SELECT rowid FROM events_fts WHERE events_fts MATCH ? ORDER BY rowid DESC LIMIT ?"
    return int(connection.read(f"SELECT min(rowid) - 1 FROM ({sql})", [expression, MOST_RANKED])[0][0])


def _ranked(
    connection: Connection, sought: _Sought, project: str | None, limit: int, around: float
) -> list[tuple[sqlite3.Row, float]]:
    """The best `limit` turns in scope, with their bm25. Few others rank before them, as a rule."""
    asked = 4 * limit
    while True:
        found = connection.read(
            "SELECT rowid, bm25(events_fts, 1.0, 1.0, ?) AS score FROM events_fts "
            "WHERE events_fts MATCH ? AND rowid > ? ORDER BY score, rowid LIMIT ?",
            [around, sought.expression, sought.since, asked],
        )
        scores = {row["rowid"]: row["score"] for row in found}
        numbers, kept = list(scores), list[tuple[sqlite3.Row, float]]()
        for start in range(0, len(numbers), limit):
            rows = {row["n"]: row for row in _in_scope(connection, numbers[start : start + limit], project)}
            kept += [(rows[n], scores[n]) for n in numbers[start : start + limit] if n in rows]
            if len(kept) >= limit:
                return kept[:limit]
        if len(found) != asked:
            return kept
        asked = -1


def _in_scope(connection: Connection, numbers: Sequence[int], project: str | None) -> list[sqlite3.Row]:
    """Those of the rows `numbers` that may be found, whole."""
    where, parameters = ("", list[str]()) if project is None else (" WHERE s.project = ?", [project])
    # By these few rows; left alone, SQLite goes through every turn of the project's sessions.
    return connection.read(
        f"SELECT {FOUND_COLUMNS}, e.n, e.agent, s.project AS its_project "
        "FROM json_each(?) AS some CROSS JOIN events e ON e.n = some.value CROSS JOIN sessions s ON s.id = e.session "
        f"AND e.session NOT IN (SELECT session FROM told_twice){where}",
        [json.dumps(numbers), *parameters],
    )


def _grouped(some: Sequence[str]) -> str:
    return f"({_any_of(some)})"


def _any_of(some: Sequence[str]) -> str:
    return " OR ".join(f'"{term}"' for term in some)
