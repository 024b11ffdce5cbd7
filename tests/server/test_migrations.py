"""Schemas: every one there ever was comes forward with its rows, none goes back, and a process older than its database
stops writing."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from memsrv.errors import StoreError
from memsrv.store import SCHEMA, Store
from memsrv.store.migrations import migrations

#: A row for each table, as the code that made the table wrote it; the migration after which it can be.
ROWS = {
    "m001_sessions_events_files": (
        "INSERT INTO sessions (id, agent, project, path) VALUES ('s', 'claude-code', 'shop', '/logs/s.jsonl')",
        "INSERT INTO events (agent, id, session, turn, type, trust, text, outcome, paths, edits, on_main_path, "
        "sidechain) VALUES "
        "('claude-code', 'e', 's', 0, 'prompt', 'human', 'Always use pnpm.', 'unknown', '[]', '[]', 1, 0)",
        "INSERT INTO files VALUES ('/logs/s.jsonl', 'claude-code', 's', 1, 2, 'head', 4, 9, 0, '{}', '{}')",
        "INSERT INTO unreadable VALUES ('/logs/s.jsonl', 3, 'not JSON')",
        "INSERT INTO meta VALUES ('key', 'value')",
    ),
    "m002_memories_with_evidence": (
        "INSERT INTO memories (id, project, kind, text, trust, origin) "
        "VALUES ('m', 'shop', 'semantic', 'Use pnpm.', 'human', 'rules')",
        "INSERT INTO evidence VALUES ('m', 0, 's', 0, 'Always use pnpm.')",
        "INSERT INTO erased VALUES ('00')",
    ),
    "m003_full_text": (),
    "m004_how_far_sessions_are_remembered": ("INSERT INTO remembered VALUES ('s', 1)",),
    "m005_reviews": (
        "INSERT INTO reviews (fact, project, verdict, time) VALUES ('m', 'shop', 'approved', '2026-11-20T03:00:00Z')",
    ),
    "m006_tombstones": ("INSERT INTO tombstones VALUES ('ab', '00', '[[3, 7, 9]]', NULL)",),
    "m007_what_an_outcome_rests_on": ("UPDATE events SET grounds = 'exit code 1' WHERE id = 'e'",),
    "m008_which_project_is_part_of_which": (
        "INSERT INTO placing VALUES ('merged', 'old', 'new', '2026-11-02T09:00:00Z', '{}')",
    ),
    "m009_losses_snapshots_archive": (
        "INSERT INTO losses VALUES ('/logs/s.jsonl', 7, 'rewritten', '', 'the file was cut', 12)",
        "INSERT INTO snapshots VALUES ('/logs/state.db', 's', 'mark', '{}', '[[1, 1]]')",
        "INSERT INTO archive (session, kind, first, last, size, data) VALUES ('s', 'events', 0, 0, 3, x'00')",
    ),
    "m010_sessions_that_are_told_twice": (
        "INSERT INTO sessions (id, agent, project, path, original) VALUES ('t', 'specstory', 'shop', '/t.md', 's')",
    ),
    "m011_the_words_of_neighbours": (),
    "m012_deltas_and_uses": (
        "INSERT INTO deltas (memory, delta, time, who, before, after) "
        "VALUES ('m', 'add', '2026-11-02T09:00:00.000Z', 'rules', '{}', '{\"evidence\": 1}')",
        "INSERT INTO uses VALUES ('m', 's', 1, 'success')",
    ),
    "m015_vectors": ("INSERT INTO vectors (of, n, model, data, scale) VALUES ('turn', 1, 'onnx:00', x'0001', 0.5)",),
}


#: What a migration did to rows that there were: where they are now, and with which columns more.
MOVED = {"unreadable": ("losses", {"kind": "unreadable", "session": "", "bytes": 0})}

Rows = dict[str, list[dict[str, object]]]


def of_schema(path: Path, last: str) -> Rows:
    """A database as the memsrv whose newest migration is `last` left it, with a row in every table: those rows."""
    following = SCHEMA[SCHEMA.index(last) + 1 :][:1]
    old = Database(path)
    for name in SCHEMA[: SCHEMA.index(last) + 1]:
        migrations.apply(old, stop_before=[*SCHEMA[SCHEMA.index(name) + 1 :][:1], *following])
        for statement in ROWS[name]:
            old.execute(statement)
        old.conn.commit()
    kept = rows(path)
    old.close()
    return kept


def rows(path: Path) -> Rows:
    """Every row of every table of ours that is no index of the full-text search."""
    raw = sqlite3.connect(path)
    raw.row_factory = sqlite3.Row
    tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    own = [name for name in tables if "_fts" not in name and not name.startswith(("sqlite_", "_sqlite"))]
    found = {name: [dict(row) for row in raw.execute(f"SELECT * FROM {name} ORDER BY 1")] for name in own}
    raw.close()
    return found


def is_kept(row: dict[str, object], table: str, now: Rows) -> bool:
    """Whether `row` of the former `table` is there, perhaps with more columns."""
    place, more = MOVED.get(table, (table, {})) if table not in now else (table, {})
    return any((row | more).items() <= one.items() for one in now[place])


def schema(path: Path) -> list[tuple[str, str]]:
    raw = sqlite3.connect(path)
    found = list(raw.execute("SELECT name, sql FROM sqlite_master ORDER BY name"))
    raw.close()
    return found


def test_there_are_rows_for_every_schema_that_was_released() -> None:
    assert tuple(ROWS) == SCHEMA


@pytest.mark.parametrize("last", SCHEMA)
def test_every_schema_comes_forward_and_keeps_its_rows(tmp_path: Path, last: str) -> None:
    kept = of_schema(tmp_path / "memsrv.db", last)
    Store.open(tmp_path / "fresh.db").close()

    Store.open(tmp_path / "memsrv.db").close()

    assert schema(tmp_path / "memsrv.db") == schema(tmp_path / "fresh.db")
    now = rows(tmp_path / "memsrv.db")
    assert [row for name, table in kept.items() for row in table if not is_kept(row, name, now)] == []


@pytest.mark.parametrize("last", SCHEMA)
def test_what_came_forward_is_found(tmp_path: Path, last: str) -> None:
    of_schema(tmp_path / "memsrv.db", last)

    with Store.open(tmp_path / "memsrv.db") as store:
        assert [hit.id for hit in store.search("pnpm")][-1] == "e"
        assert store.unsound() is None


def _become_newer(path: Path) -> None:
    """What a memsrv of next year does to the file while this one has it open."""
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE dreams (id TEXT)")
        raw.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('memsrv', 'm999', 'x')")
    raw.close()


def test_a_newer_schema_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "memsrv.db"
    Store.open(path).close()
    _become_newer(path)

    with pytest.raises(StoreError, match=r"newer memsrv .*m999"):
        Store.open(path)


WRITES: dict[str, Callable[[Store], object]] = {
    "a note": lambda store: store.note("a", "b"),
    "a retirement": lambda store: store.retire("m", "2026"),
    "how far": lambda store: store.mark_remembered({"s": 2}),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_process_that_is_older_than_its_database_has_become_stops_writing(tmp_path: Path, write: str) -> None:
    path = tmp_path / "memsrv.db"
    of_schema(path, SCHEMA[-1])
    with Store.open(path) as store:
        store.note("before", "fine")
        before = rows(path)
        _become_newer(path)

        with pytest.raises(StoreError, match=r"newer memsrv .*start this memsrv again"):
            WRITES[write](store)

        assert {name: rows(path)[name] for name in before} == before
        assert store.memories(include_retired=True)[0].valid_to is None


def test_a_database_that_was_only_compacted_is_written_on(tmp_path: Path) -> None:
    path = tmp_path / "memsrv.db"
    with Store.open(path) as store, Store.open(path) as other:
        store.note("a", "1")
        other.sweep(other.tombstones(), other.erased_claims())

        store.note("a", "2")

        assert other.noted("a") == "2"


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path) -> None:
    """The name of a table that the second migration makes is taken: nothing of that migration stays."""
    path = tmp_path / "memsrv.db"
    of_schema(path, SCHEMA[0])
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE erased (something TEXT)")
    raw.close()
    before = schema(path)

    with pytest.raises(sqlite3.OperationalError, match="erased"):
        Store.open(path)

    assert [row for row in schema(path) if row not in before] == []
