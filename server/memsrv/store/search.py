"""Full-text search over memories and turns: any text a person types, never a syntax error. Ranking by FTS5's bm25 only.

Knows nothing of recency, neighbours or vectors: `recall.py` builds its ranking on these hits.
"""

import re
from collections.abc import Sequence

from memsrv.records import Kind
from memsrv.store.connection import Connection
from memsrv.store.memories import memories_of
from memsrv.store.rows import Hit, event_of, plain

_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"\w+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPWORDS = _words(
    """
    a about am an and any are as at be been being but by can could did do does for from had has have how i if in
    into is it its just me my of on or our please should so than that the their them then there these they this
    those to was we were what when where which who why will with would you your
    """
)


def match_expression(query: str) -> str | None:
    """`query` as an FTS5 expression: every word quoted, OR between them, stopwords dropped; None where no word is left.

    What a person typed as one piece (`foo/bar.py`, `--no-verify`) is also looked for as a phrase.
    """
    terms: dict[str, None] = {}
    for chunk in _CHUNK.findall(plain(query)):
        words = [word for word in _WORD.findall(chunk) if word.strip("_")]
        if len(words) > 1:
            terms[" ".join(words)] = None
        terms.update(dict.fromkeys(words))
    meant = [term for term in terms if term.casefold() not in STOPWORDS] or list(terms)
    return " OR ".join(f'"{term}"' for term in meant[:64]) or None


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
    where, parameters = _scope("m.project", project)
    if kinds is not None:
        where += f" AND m.kind IN ({', '.join('?' * len(kinds))})"
        parameters += [str(kind) for kind in kinds]
    if not include_retired:
        where += " AND m.valid_to IS NULL AND m.superseded_by IS NULL"
    rows = connection.read(
        f"""SELECT m.*, bm25(memories_fts) AS rank_bm25, snippet(memories_fts, 0, '[', ']', '…', 24) AS words
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
                snippet=row["words"],
                bm25=row["rank_bm25"],
                session=first.session if first else None,
                turn=first.turn if first else None,
                agent=None,
                time=memory.valid_from,
                memory=memory,
            )
        )
    return hits


def search_turns(connection: Connection, query: str, *, project: str | None = None, limit: int = 20) -> list[Hit]:
    expression = match_expression(query)
    if expression is None:
        return []
    where, parameters = _scope("s.project", project)
    rows = connection.read(
        f"""SELECT e.*, s.project AS its_project, bm25(events_fts) AS rank_bm25,
                   snippet(events_fts, -1, '[', ']', '…', 32) AS words
            FROM events_fts JOIN events e ON e.n = events_fts.rowid JOIN sessions s ON s.id = e.session
            WHERE events_fts MATCH ? AND NOT e.echo AND e.session NOT IN (SELECT session FROM told_twice){where}
            ORDER BY rank_bm25, e.n LIMIT ?""",
        [expression, *parameters, limit],
    )
    hits = []
    for row in rows:
        event = event_of(row)
        hits.append(
            Hit(
                id=event.id,
                project=row["its_project"],
                text=event.text or event.command or "",
                snippet=row["words"],
                bm25=row["rank_bm25"],
                session=event.session,
                turn=event.turn,
                agent=row["agent"],
                time=event.time,
                event=event,
            )
        )
    return hits


def _scope(column: str, project: str | None) -> tuple[str, list[str]]:
    return ("", []) if project is None else (f" AND {column} = ?", [project])
