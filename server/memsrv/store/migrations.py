"""The schema, as numbered migrations that only ever grow. Knows nothing of records.

A database that carries a migration this code does not know was written by a newer memsrv, and is refused.
"""

import logging

from memsrv.errors import StoreError
from memsrv.store.database import Database, Migrations

log = logging.getLogger(__name__)

migrations = Migrations("memsrv")

_INDEXED_AT_ONCE = 20_000


def migrate(db: Database) -> None:
    """Bring `db` to this code's schema. The caller holds the writer lock."""
    refuse_newer(db)
    migrations.apply(db)


def pending(db: Database) -> bool:
    return bool(migrations.pending(db))


def refuse_newer(db: Database) -> None:
    known = {migration.name for migration in migrations._migrations}
    newer = [applied.name for applied in migrations.applied(db) if applied.name not in known]
    if newer:
        raise StoreError(
            f"The database was written by a newer memsrv (it has `{newer[0]}`); "
            "start this memsrv again if it was upgraded meanwhile, else upgrade it, or point MEMSRV_HOME elsewhere"
        )


@migrations()
def m001_sessions_events_files(db: Database) -> None:
    for statement in _M001:
        db.execute(statement)


@migrations()
def m002_memories_with_evidence(db: Database) -> None:
    for statement in _M002:
        db.execute(statement)


@migrations()
def m003_full_text(db: Database) -> None:
    tokenize = "porter unicode61 remove_diacritics 2"
    db["events"].enable_fts(["text", "command"], tokenize=tokenize, create_triggers=True)  # type: ignore[union-attr]
    db["memories"].enable_fts(["text"], tokenize=tokenize, create_triggers=True)  # type: ignore[union-attr]


@migrations()
def m004_how_far_sessions_are_remembered(db: Database) -> None:
    db.execute("CREATE TABLE remembered (session TEXT PRIMARY KEY REFERENCES sessions (id), turns INTEGER NOT NULL)")


@migrations()
def m005_reviews(db: Database) -> None:
    db.execute(
        "CREATE TABLE reviews (fact TEXT PRIMARY KEY, project TEXT NOT NULL, verdict TEXT NOT NULL, "
        "time TEXT NOT NULL, text TEXT, subject TEXT, relation TEXT, value TEXT)"
    )


@migrations()
def m006_tombstones(db: Database) -> None:
    # `done` is null until the words have been removed from everything that memsrv keeps: an erase can be cut short.
    db.execute("CREATE TABLE tombstones (hash TEXT PRIMARY KEY, salt TEXT NOT NULL, shape TEXT NOT NULL, done TEXT)")


@migrations()
def m007_what_an_outcome_rests_on(db: Database) -> None:
    for column in ("grounds TEXT", "spans TEXT NOT NULL DEFAULT '[]'", "child TEXT", "echo INTEGER NOT NULL DEFAULT 0"):
        db.execute(f"ALTER TABLE events ADD COLUMN {column}")


@migrations()
def m008_which_project_is_part_of_which(db: Database) -> None:
    db.execute(
        "CREATE TABLE placing (kind TEXT NOT NULL, what TEXT NOT NULL, project TEXT NOT NULL, time TEXT NOT NULL, "
        "before TEXT NOT NULL, PRIMARY KEY (kind, what))"
    )
    # What the folder of a session, or who saved a memory, said; null where it is of that project still.
    db.execute("ALTER TABLE sessions ADD COLUMN identity TEXT")
    db.execute("ALTER TABLE memories ADD COLUMN identity TEXT")


@migrations()
def m009_losses_snapshots_archive(db: Database) -> None:
    for statement in _M009:
        db.execute(statement)


@migrations()
def m010_sessions_that_are_told_twice(db: Database) -> None:
    for statement in _M010:
        db.execute(statement)


@migrations()
def m011_the_words_of_neighbours(db: Database) -> None:
    for statement in _M011:
        db.execute(statement)
    last = db.execute("SELECT coalesce(max(n), 0) FROM events").fetchone()[0]
    for first in range(0, last, _INDEXED_AT_ONCE):
        until = first + _INDEXED_AT_ONCE
        db.execute(
            "INSERT INTO events_fts (rowid, text, command, around) "
            "SELECT n, text, command, around FROM events_words WHERE n > ? AND n <= ?",
            [first, until],
        )
        if last > _INDEXED_AT_ONCE:
            log.info("store.indexing", extra={"done": min(until, last), "total": last})


@migrations()
def m012_deltas_and_uses(db: Database) -> None:
    for statement in _M012:
        db.execute(statement)


@migrations()
def m015_vectors(db: Database) -> None:
    for statement in _M015:
        db.execute(statement)


_M001 = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE sessions (
        id TEXT PRIMARY KEY, agent TEXT NOT NULL, project TEXT NOT NULL, path TEXT NOT NULL, cwd TEXT, branch TEXT,
        title TEXT, started TEXT, ended TEXT, version TEXT, parent TEXT)""",
    "CREATE INDEX sessions_by_project ON sessions (project, started)",
    """CREATE TABLE events (
        n INTEGER PRIMARY KEY, agent TEXT NOT NULL, id TEXT NOT NULL,
        session TEXT NOT NULL REFERENCES sessions (id), turn INTEGER NOT NULL,
        type TEXT NOT NULL, trust TEXT NOT NULL, text TEXT NOT NULL, time TEXT, outcome TEXT NOT NULL, tool TEXT,
        call TEXT, command TEXT, paths TEXT NOT NULL, edits TEXT NOT NULL,
        exit_code INTEGER, error TEXT, cwd TEXT,
        branch TEXT, parent TEXT, on_main_path INTEGER NOT NULL, sidechain INTEGER NOT NULL, model TEXT, tokens INTEGER,
        UNIQUE (agent, id), UNIQUE (session, turn))""",
    "CREATE INDEX events_by_parent ON events (session, parent)",
    """CREATE TABLE files (
        path TEXT PRIMARY KEY, agent TEXT NOT NULL, session TEXT NOT NULL, dev INTEGER NOT NULL, inode INTEGER NOT NULL,
        head TEXT NOT NULL, head_size INTEGER NOT NULL, offset INTEGER NOT NULL, generation INTEGER NOT NULL,
        state TEXT NOT NULL, unknown TEXT NOT NULL)""",
    """CREATE TABLE unreadable (
        path TEXT NOT NULL REFERENCES files (path), offset INTEGER NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (path, offset))""",
)

_M002 = (
    """CREATE TABLE memories (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
        trust TEXT NOT NULL, subject TEXT, relation TEXT, value TEXT, valid_from TEXT, valid_to TEXT,
        superseded_by TEXT, origin TEXT NOT NULL, key TEXT)""",
    "CREATE INDEX memories_by_key ON memories (project, key)",
    "CREATE INDEX memories_by_successor ON memories (superseded_by)",
    """CREATE TABLE evidence (
        memory TEXT NOT NULL REFERENCES memories (id) ON DELETE CASCADE, place INTEGER NOT NULL,
        session TEXT NOT NULL, turn INTEGER NOT NULL, quote TEXT NOT NULL,
        PRIMARY KEY (memory, place), UNIQUE (memory, session, turn, quote))""",
    # What was erased must not be derived again from the same log: only hashes stay.
    "CREATE TABLE erased (hash TEXT PRIMARY KEY)",
)

_M009 = (
    "ALTER TABLE files ADD COLUMN size INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE files ADD COLUMN signature TEXT NOT NULL DEFAULT '[]'",
    "CREATE INDEX files_by_inode ON files (inode)",
    "CREATE INDEX files_behind ON files (path) WHERE size > offset",
    # A file that could not be opened has no row of its own.
    """CREATE TABLE losses (
        path TEXT NOT NULL, offset INTEGER NOT NULL, kind TEXT NOT NULL, session TEXT NOT NULL,
        reason TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (path, session, offset, kind))""",
    "INSERT INTO losses SELECT path, offset, 'unreadable', '', reason, 0 FROM unreadable",
    "DROP TABLE unreadable",
    # `events` are the rows of `events` that the snapshot held, as ranges of `n`.
    """CREATE TABLE snapshots (
        path TEXT NOT NULL, session TEXT NOT NULL, mark TEXT NOT NULL, unknown TEXT NOT NULL, events TEXT NOT NULL,
        PRIMARY KEY (path, session))""",
    # Batches of JSON lines, compressed: `first` and `last` are turns, or of records not understood (`raw`) places.
    """CREATE TABLE archive (
        n INTEGER PRIMARY KEY, session TEXT NOT NULL, kind TEXT NOT NULL, path TEXT, first INTEGER NOT NULL,
        last INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL)""",
    "CREATE INDEX archive_by_session ON archive (session, kind, last)",
    # Rows come in batches, and their words with them in one statement; a flag that changes is no word.
    "DROP TRIGGER events_ai",
    "DROP TRIGGER events_au",
    """CREATE TRIGGER events_au AFTER UPDATE OF text, command ON events BEGIN
        INSERT INTO events_fts (events_fts, rowid, text, command) VALUES ('delete', old.n, old.text, old.command);
        INSERT INTO events_fts (rowid, text, command) VALUES (new.n, new.text, new.command);
    END""",
)

_M010 = (
    "ALTER TABLE sessions ADD COLUMN original TEXT",
    "CREATE INDEX sessions_by_original ON sessions (original) WHERE original IS NOT NULL",
    # Of the sessions that tell the same the original tells it best, else the one with the most turns.
    """CREATE VIEW told_twice (session, told_by) AS
        SELECT s.id, o.id FROM sessions s JOIN sessions o ON o.id = s.original WHERE s.original IS NOT NULL
        UNION SELECT s.id, o.id FROM sessions s JOIN sessions o ON o.original = s.original
        WHERE s.original IS NOT NULL AND o.original IS NOT NULL
        AND ((SELECT max(turn) FROM events WHERE session = o.id), o.id)
          > ((SELECT max(turn) FROM events WHERE session = s.id), s.id)""",
)

# What SQLite calls an external content table is a view here: of each turn, also the beginnings of those beside it; of
# what memsrv itself gave an agent nothing.
_BESIDE = """coalesce((SELECT substr(b.text, 1, 320) || ' ' || substr(coalesce(b.command, ''), 1, 160) FROM events b
            WHERE b.session = e.session AND b.turn = e.turn {} 1 AND NOT b.echo
            AND b.type NOT IN ('summary', 'compaction', 'note')), '')"""
_NEIGHBOURHOOD = "WHERE session = old.session AND turn BETWEEN old.turn - 1 AND old.turn + 1"
_UNINDEXED = (
    "INSERT INTO events_fts (events_fts, rowid, text, command, around) "
    f"SELECT 'delete', n, text, command, around FROM events_words {_NEIGHBOURHOOD};"
)
_INDEXED = (
    "INSERT INTO events_fts (rowid, text, command, around) "
    f"SELECT n, text, command, around FROM events_words {_NEIGHBOURHOOD};"
)
_WORDS = "text, command, echo, type, session, turn"

_M011 = (
    "DROP TRIGGER events_au",
    "DROP TRIGGER events_ad",
    "DROP TABLE events_fts",
    f"""CREATE VIEW events_words (n, session, turn, text, command, around) AS
        SELECT e.n, e.session, e.turn, CASE WHEN e.echo THEN '' ELSE e.text END, CASE WHEN e.echo THEN '' ELSE e.command
        END, CASE WHEN e.echo THEN '' ELSE {_BESIDE.format("-")} || ' ' || {_BESIDE.format("+")} END FROM events e""",
    """CREATE VIRTUAL TABLE events_fts USING fts5 (
        text, command, around, tokenize='porter unicode61 remove_diacritics 2', content='events_words',
        content_rowid='n')""",
    # An index forgets only what it is told word for word: before the turn and its neighbours change, and after.
    f"CREATE TRIGGER events_bu BEFORE UPDATE OF {_WORDS} ON events BEGIN {_UNINDEXED} END",
    f"CREATE TRIGGER events_au AFTER UPDATE OF {_WORDS} ON events BEGIN {_INDEXED} END",
    f"CREATE TRIGGER events_bd BEFORE DELETE ON events BEGIN {_UNINDEXED} END",
    f"CREATE TRIGGER events_ad AFTER DELETE ON events BEGIN {_INDEXED} END",
)

_M012 = (
    """CREATE TABLE deltas (
        n INTEGER PRIMARY KEY, memory TEXT NOT NULL REFERENCES memories (id) ON UPDATE CASCADE ON DELETE CASCADE,
        delta TEXT NOT NULL, time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), who TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL, successor TEXT)""",
    "CREATE INDEX deltas_by_memory ON deltas (memory)",
    "CREATE INDEX deltas_by_successor ON deltas (successor) WHERE successor IS NOT NULL",
    # An id is made of the words: of what is gone, none stays.
    """CREATE TRIGGER deltas_of_gone_successors AFTER DELETE ON memories BEGIN
        UPDATE deltas SET successor = NULL WHERE successor = old.id; END""",
    """CREATE TRIGGER deltas_of_renamed_successors AFTER UPDATE OF id ON memories BEGIN
        UPDATE deltas SET successor = new.id WHERE successor = old.id; END""",
    """CREATE TABLE uses (
        memory TEXT NOT NULL REFERENCES memories (id) ON UPDATE CASCADE ON DELETE CASCADE, session TEXT NOT NULL,
        turn INTEGER NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (memory, session, turn))""",
    "CREATE INDEX uses_by_session ON uses (session)",
)

_M015 = (
    """CREATE TABLE vectors (
        id INTEGER PRIMARY KEY AUTOINCREMENT, of TEXT NOT NULL, n INTEGER NOT NULL, model TEXT NOT NULL,
        data BLOB NOT NULL, scale REAL NOT NULL, UNIQUE (of, n, model))""",
    """CREATE TRIGGER vectors_of_changed_events AFTER UPDATE OF text, command, echo, type ON events BEGIN
        DELETE FROM vectors WHERE of = 'turn' AND n = old.n; END""",
    """CREATE TRIGGER vectors_of_gone_events AFTER DELETE ON events BEGIN
        DELETE FROM vectors WHERE of = 'turn' AND n = old.n; END""",
    """CREATE TRIGGER vectors_of_changed_memories AFTER UPDATE OF text ON memories BEGIN
        DELETE FROM vectors WHERE of = 'memory' AND n = old.n; END""",
    """CREATE TRIGGER vectors_of_gone_memories AFTER DELETE ON memories BEGIN
        DELETE FROM vectors WHERE of = 'memory' AND n = old.n; END""",
)
