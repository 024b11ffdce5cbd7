"""Erasing at rest: tombstones are laid first, then every row of every table is searched by them and scrubbed.

So an erase that was cut short can be finished from the stones alone, and what is appended meanwhile is clean. Works in
short transactions; only rebuilding the index and the file takes the writer lock for long.
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from memsrv.records import Event, Memory, Session
from memsrv.store import archive, gone, projects
from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.rows import FileState, plain
from memsrv.tombstones import ERASED, Tombstone, Tombstones, claim_hash, in_project, in_session, of_memory
from memsrv.tombstones import bury as bury_phrase

_BATCH = 500
#: What an event holds of anybody's words.
_SAID = ("text", "command", "error", "cwd", "branch", "paths", "edits", "spans")
#: Tables that hold no words, or are rewritten another way.
_OWN_WAY = frozenset(
    {"events", "archive", "memories", "evidence", "erased", "tombstones", "vectors", "_sqlite_migrations"}
)


@dataclass(frozen=True, slots=True)
class Swept:
    """What the stones found: ids of memories, numbers of turns, and the sessions that those are of."""

    memories: tuple[str, ...] = ()
    turns: int = 0
    sessions: tuple[str, ...] = ()


def tombstones(source: Connection | Database) -> Tombstones:
    """All stones; also inside a transaction, where nobody can lay another meanwhile."""
    sql = "SELECT hash, salt, shape FROM tombstones ORDER BY hash"
    rows = source.read(sql) if isinstance(source, Connection) else source.execute(sql).fetchall()
    return Tombstones(tuple(Tombstone(hash, salt, tuple(map(tuple, json.loads(shape)))) for hash, salt, shape in rows))


def claims(source: Connection | Database) -> frozenset[str]:
    """Hashes of the ids and texts that were erased."""
    sql = "SELECT hash FROM erased"
    rows = source.read(sql) if isinstance(source, Connection) else source.execute(sql).fetchall()
    return frozenset(row[0] for row in rows)


def salt(connection: Connection) -> str:
    """The salt of this database's stones; a new one where there are none yet."""
    rows = connection.read("SELECT salt FROM tombstones LIMIT 1")
    return rows[0][0] if rows else secrets.token_hex(16)


def unfinished(connection: Connection) -> bool:
    return bool(connection.read("SELECT 1 FROM tombstones WHERE done IS NULL LIMIT 1"))


def bury(db: Database, stones: Iterable[Tombstone], hashes: Iterable[str]) -> None:
    for hash in hashes:
        db.execute("INSERT OR IGNORE INTO erased (hash) VALUES (?)", [hash])
    for stone in stones:
        db.execute(
            "INSERT INTO tombstones (hash, salt, shape) VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET done = NULL",
            [stone.hash, stone.salt, json.dumps(stone.shape)],
        )


def finish(db: Database, when: str) -> None:
    db.execute("UPDATE tombstones SET done = ? WHERE done IS NULL", [when])


def places(session: Session, identity: str) -> list[str]:
    """Where the words of `session` stand: what was erased of the session that it tells again is erased of it, and what
    was erased of the project that its folder says it is of (`identity`), before that was merged or split."""
    originals = [in_session(session.original)] if session.original else []
    names = dict.fromkeys((session.project, identity))
    return [in_session(session.id), *originals, *map(in_project, names)]


def clean_event(event: Event, stones: Tombstones, place: Sequence[str]) -> Event:
    """`event` without erased words, as it is stored."""
    if not stones:
        return event
    return replace(event, **stones.scrub_tree({name: getattr(event, name) for name in _SAID}, place))


def clean_raw(text: str, stones: Tombstones, place: Sequence[str]) -> str:
    """A record that was not understood, without erased words; all of it goes where it is no JSON and holds some."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        unescaped = re.sub(r"\\[nrt]", " ", text)
        return ERASED if stones.hit(text, place) or stones.hit(unescaped, place) else text
    clean = stones.scrub_tree(tree, place)
    return text if clean == tree else json.dumps(clean, ensure_ascii=False)


def clean_line(said: Mapping[str, Any], stones: Tombstones, place: Sequence[str]) -> Mapping[str, Any]:
    """A line of the archive without erased words."""
    if "raw" in said:
        return {**said, "raw": clean_raw(said["raw"], stones, place)}
    event = said["event"]
    words = {name: event[name] for name in _SAID if name in event}
    return {**said, "event": {**event, **stones.scrub_tree(words, place)}}


def clean_session(session: Session, stones: Tombstones, place: Sequence[str]) -> Session:
    title = session.title
    return replace(session, title=stones.scrub(title, place)) if title and stones else session


def clean_file(file: FileState, stones: Tombstones, place: Sequence[str]) -> FileState:
    """What the source remembers to read on (titles, open calls) is words, too."""
    if not stones:
        return file
    return replace(file, state=stones.scrub_tree(file.state, [in_session(file.session), *place]))


def clean_memory(memory: Memory, stones: Tombstones, erased: frozenset[str]) -> Memory | None:
    """`memory` with its quotes scrubbed as their turns are; None where it says again what was erased.

    Of sessions that were erased nothing is quoted.
    """
    if claim_hash(memory.id) in erased or claim_hash(memory.text) in erased:
        return None
    if not stones:
        return memory
    said = " ".join(filter(None, (memory.subject, memory.relation, memory.value)))
    if stones.hit(memory.text, [in_project(memory.project)]) or stones.hit(said, [in_project(memory.project)]):
        return None
    quotes = [
        replace(quote, quote=stones.scrub(quote.quote, [in_session(quote.session), in_project(memory.project)]))
        for quote in memory.evidence
        if claim_hash(quote.session) not in erased
    ]
    kept = tuple(dict.fromkeys(quote for quote in quotes if quote.quote.replace(ERASED, "").strip(" .,;:!?")))
    return replace(memory, evidence=kept) if kept or not memory.evidence else None


def stones_of(
    connection: Connection, memories: Iterable[Memory], words: Iterable[str], sessions: Iterable[str] = ()
) -> list[Tombstone]:
    """The stones of `memories`, and of `words` that a person wants gone wherever they stand. Nothing is written.

    Of `sessions` that go whole one stone each, that no text hits: by it an erase that was cut short is known.
    """
    own = salt(connection)
    found = [bury_phrase(own, phrase) for phrase in words]
    found += [bury_phrase(own, id, within=f"whole:{id}") for id in sessions]
    for memory in memories:
        said_in = json.dumps(sorted({quote.session for quote in memory.evidence}))
        # A subagent's session repeats what it was told, an export all of its original, whose subagents it may have.
        near = connection.read(
            "WITH said AS (SELECT value AS id FROM json_each(?)), s AS (SELECT id FROM said UNION "
            "SELECT original FROM sessions WHERE id IN said AND original IS NOT NULL) SELECT id FROM s UNION "
            "SELECT id FROM sessions WHERE parent IN s OR original IN s "
            "UNION SELECT parent FROM sessions WHERE id IN s AND parent IS NOT NULL",
            [said_in],
        )
        others = _other_places(connection, memory.project)
        found += of_memory(memory, own, [row["id"] for row in near], others)
    return [stone for stone in dict.fromkeys(found) if stone is not None]


def _other_places(connection: Connection, project: str) -> list[str]:
    """Where words of `project` will stand once its merges and splits are undone: in projects that are all in it now,
    and in those of its sessions whose folder was split off another."""
    rules = projects.placing(connection)
    merged = [name for name in rules.merged if rules.named(name) == project]
    rows = connection.read(
        "SELECT id FROM sessions WHERE project = ? AND identity IS NOT NULL AND identity != project "
        "AND identity NOT IN (SELECT value FROM json_each(?)) ORDER BY id",
        [project, json.dumps(merged)],
    )
    return [*map(in_project, sorted(merged)), *(in_session(row["id"]) for row in rows)]


def sweep(
    connection: Connection, memories: Sequence[Memory], stones: Tombstones, erased: frozenset[str], *, dry: bool
) -> Swept:
    """Scrub every row by `stones`, and remove those of `memories` (all there are) that say what was erased.

    `dry`: only say what would be.
    """
    turns = gone.sweep(connection, erased, dry=dry)
    turns |= _sweep_events(connection, stones, dry) | _sweep_archive(connection, stones, dry)
    ended = _sweep_memories(connection, memories, stones, erased, dry)
    if not dry:
        for table, columns in _tables(connection).items():
            _sweep_table(connection, table, columns, stones, erased)
        with connection.writing() as db:
            # Who was superseded by what is gone stays ended: that it was replaced is not what was erased.
            db.execute("UPDATE memories SET superseded_by = NULL WHERE superseded_by NOT IN (SELECT id FROM memories)")
            for index in ("memories_fts", "events_fts"):
                db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")  # it keeps the words of deleted rows
        connection.compact()
    return Swept(ended, len(turns), tuple(dict.fromkeys(session for session, _ in sorted(turns))))


def _sweep_events(connection: Connection, stones: Tombstones, dry: bool) -> set[tuple[str, int]]:
    """The turns, as (session, turn), that hold what is erased."""
    columns = _SAID
    after, turns = 0, set[tuple[str, int]]()
    while rows := connection.read(
        f"SELECT e.n, e.session, e.turn, s.project, {', '.join('e.' + name for name in columns)} FROM events e "
        "JOIN sessions s ON s.id = e.session WHERE e.n > ? ORDER BY e.n LIMIT ?",
        [after, _BATCH],
    ):
        after = rows[-1]["n"]
        changed = []
        for row in rows:
            place = (in_session(row["session"]), in_project(row["project"]))
            clean = {name: _scrubbed(row[name], stones, place) for name in columns}
            if any(clean[name] != row[name] for name in columns):
                changed.append({**clean, "n": row["n"]})
                turns.add((row["session"], row["turn"]))
        if changed and not dry:
            with connection.writing() as db:
                for values in changed:
                    db.execute(f"UPDATE events SET {', '.join(f'{c} = :{c}' for c in columns)} WHERE n = :n", values)
    return turns


def _sweep_archive(connection: Connection, stones: Tombstones, dry: bool) -> set[tuple[str, int]]:
    """The turns of which the archive holds more than the turn itself does, and the places of records not understood."""
    found: set[tuple[str, int]] = set()
    for number, session, project in connection.read(
        "SELECT a.n, a.session, s.project FROM archive a LEFT JOIN sessions s ON s.id = a.session ORDER BY a.n"
    ):
        place = (in_session(session), in_project(project or ""))
        while rows := connection.read("SELECT data FROM archive WHERE n = ?", [number]):
            data = rows[0]["data"]
            hit, lines = archive.changed(data, partial(clean_line, stones=stones, place=place))
            found.update((session, turn) for turn in hit)
            if dry or not hit:
                break
            with connection.writing() as db:  # another process may have added to the batch: then it is looked at again
                if archive.replaced(db, number, data, lines):
                    break
    return found


def _sweep_memories(
    connection: Connection, memories: Sequence[Memory], stones: Tombstones, erased: frozenset[str], dry: bool
) -> tuple[str, ...]:
    ended, changed = [], []
    for memory in memories:
        clean = clean_memory(memory, stones, erased)
        if clean is None:
            ended.append(memory.id)
        elif clean != memory:
            changed.append(clean)
    if not dry:
        with connection.writing() as db:
            for id in ended:
                db.execute("DELETE FROM memories WHERE id = ?", [id])
            for memory in changed:
                db.execute("DELETE FROM evidence WHERE memory = ?", [memory.id])
                for place, quote in enumerate(memory.evidence):
                    db.execute(
                        "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?, ?)",
                        [memory.id, place, quote.session, quote.turn, plain(quote.quote)],
                    )
    return tuple(ended)


def _tables(connection: Connection) -> dict[str, list[str]]:
    """The other tables of ours and their text columns that are no key, whatever a later schema has added."""
    found: dict[str, list[str]] = {}
    for row in connection.read(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ):
        name = row["name"]
        if name in _OWN_WAY or "_fts" in name or name.startswith("sqlite_"):
            continue
        columns = connection.read(f"SELECT name FROM pragma_table_info('{name}') WHERE type = 'TEXT' AND pk = 0")
        found[name] = [column["name"] for column in columns]
    return found


def _sweep_table(
    connection: Connection, table: str, columns: Sequence[str], stones: Tombstones, erased: frozenset[str]
) -> None:
    for row in connection.read(f"SELECT rowid AS n, * FROM {table}"):
        known = set(row.keys())
        place = [in_project(row["project"])] if "project" in known else []
        place += [in_session(row[name]) for name in ("session", "id") if name in known]
        if "fact" in known and claim_hash(row["fact"]) in erased:
            with connection.writing() as db:
                db.execute(f"DELETE FROM {table} WHERE rowid = ?", [row["n"]])
            continue
        clean = {name: _scrubbed(row[name], stones, place) for name in columns}
        changed = {name: value for name, value in clean.items() if value != row[name]}
        if changed:
            with connection.writing() as db:
                setting = ", ".join(f"{name} = ?" for name in changed)
                db.execute(f"UPDATE {table} SET {setting} WHERE rowid = ?", [*changed.values(), row["n"]])


def _scrubbed(value: Any, stones: Tombstones, place: Sequence[str]) -> Any:
    """A column: words, or JSON of which each string is searched by itself (an escaped newline is no word)."""
    if not isinstance(value, str) or not value:
        return value
    if value[0] in "[{":
        try:
            tree = json.loads(value)
        except ValueError:
            return stones.scrub(value, place)
        clean = stones.scrub_tree(tree, place)
        return value if clean == tree else plain(json.dumps(clean, ensure_ascii=False))
    return stones.scrub(value, place)
