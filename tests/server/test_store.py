"""One SQLite file: appended once, superseded in order, searched with any text, safe between processes."""

import json
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memsrv.errors import NotFound, StoreError
from memsrv.records import Event, EventType, Evidence, Kind, Memory, Outcome, Session, Trust
from memsrv.store import Counts, FileState, Loss, Store
from memsrv.store.connection import Connection
from memsrv.store.search import match_expression
from memsrv.tombstones import claim_hash

FILE = FileState("/logs/s.jsonl", "claude-code", "s", 1, 2, "head", 4)
SESSION = Session("s", "claude-code", "shop", "/logs/s.jsonl")


def event(id: str, text: str = "", type: EventType = EventType.PROMPT, **more: object) -> Event:
    return replace(Event(id, "s", type, Trust.HUMAN, text), **more)  # type: ignore[arg-type]


def claim(id: str, value: str, said: str | None, *, text: str = "", subject: str | None = "tests") -> Memory:
    evidence = (Evidence("s", 0, f"use {value}"),)
    return Memory(
        id,
        "shop",
        Kind.SEMANTIC,
        text or f"For tests, use {value}.",
        Trust.HUMAN,
        evidence,
        subject,
        "use",
        value,
        said,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home" / "memsrv.db")


# Events


def test_what_is_stored_comes_back_the_same(store: Store) -> None:
    given = [
        event("a", "use pnpm"),
        event(
            "b",
            "",
            EventType.TOOL_RESULT,
            trust=Trust.TOOL,
            outcome=Outcome.FAILURE,
            tool="Bash",
            call="c1",
            command="pytest",
            paths=("/a", "/ü"),
            edits=(("/a", "x", "y"),),
            exit_code=2,
            error="ImportError",
            cwd="/w",
            branch="main",
            parent="a",
            sidechain=True,
            model="m",
            tokens=7,
            time="2026-01-02T03:04:05.678Z",
        ),
    ]
    store.append(FILE, SESSION, given)

    assert store.events("s") == [replace(one, turn=turn) for turn, one in enumerate(given)]
    assert store.event("s", 1) == store.event_by_id("b")
    assert store.session("s") == SESSION
    assert store.sessions("shop") == [SESSION]
    assert store.sessions("other") == []
    assert store.projects() == ["shop"]
    assert store.file("/logs/s.jsonl") == FILE


def test_an_event_is_stored_once_per_agent(store: Store) -> None:
    first = store.append(FILE, SESSION, [event("a"), event("b")])
    second = store.append(replace(FILE, offset=9), SESSION, [event("b"), event("c")], read_from=FILE)

    assert (first.added, second.added, second.duplicates) == (2, 1, 1)
    assert [(one.id, one.turn) for one in store.events("s")] == [("a", 0), ("b", 1), ("c", 2)]


def test_a_log_that_only_repeats_others_is_no_session_of_its_own(store: Store) -> None:
    store.append(FILE, SESSION, [event("a")])
    copy = replace(FILE, path="/logs/copy.jsonl", session="copy")
    store.append(copy, replace(SESSION, id="copy", path="/logs/copy.jsonl"), [event("a")])

    assert [session.id for session in store.sessions()] == ["s"]


def test_reading_from_a_place_that_another_process_has_passed_writes_nothing(store: Store) -> None:
    store.append(replace(FILE, offset=10), SESSION, [event("a")])

    behind = store.append(replace(FILE, offset=5), SESSION, [event("b")])

    assert behind.stale
    assert store.file(FILE.path) == replace(FILE, offset=10)
    assert [one.id for one in store.events("s")] == ["a"]


def test_turns_around_a_turn(store: Store) -> None:
    store.append(FILE, SESSION, [event(str(n)) for n in range(6)])

    assert [one.turn for one in store.turns_around("s", 1, 2)] == [0, 1, 2, 3]


def test_a_rewound_branch_is_marked_with_all_that_hangs_on_it(store: Store) -> None:
    store.append(
        FILE,
        SESSION,
        [
            event("a"),
            event("reply", type=EventType.REPLY, parent="a"),
            event("wrong", parent="reply"),
            event("done-wrong", type=EventType.REPLY, parent="wrong"),
        ],
    )
    store.append(replace(FILE, offset=5), SESSION, [event("right", parent="reply")], read_from=FILE)

    assert [one.id for one in store.events("s") if not one.on_main_path] == ["wrong", "done-wrong"]


def test_what_goes_on_behind_a_branch_that_was_left_is_left_with_it(store: Store) -> None:
    store.append(FILE, SESSION, [event("a"), event("wrong", parent="a"), event("right", parent="a")])
    late = [event("late", type=EventType.REPLY, parent="wrong"), event("later", type=EventType.REPLY, parent="late")]
    store.append(replace(FILE, offset=5), SESSION, late, read_from=FILE)

    assert [one.id for one in store.events("s") if not one.on_main_path] == ["wrong", "late", "later"]


def test_a_turn_costs_no_more_in_a_long_session_than_its_length(store: Store) -> None:
    """Counted in steps of SQLite's machine, of which looking at each pair of turns would take millions."""
    said = [event(f"e{n}", "word", parent=f"e{n - 1}") for n in range(2_000)]
    store.append(FILE, SESSION, said)
    steps: list[None] = []
    store._connection._db.conn.set_progress_handler(lambda: steps.append(None), 1_000)
    store.append(FILE, SESSION, [event("one-more", parent="e1999")], read_from=FILE)

    assert len(steps) < 500


def test_a_session_keeps_what_is_known_of_it(store: Store) -> None:
    store.append(FILE, replace(SESSION, title="Checkout", started="2026-02", ended="2026-03"), [event("a")])
    store.append(FILE, replace(SESSION, started="2026-01", ended="2026-02", branch="x"), [event("b")], read_from=FILE)

    kept = store.session("s")
    assert (kept.title, kept.started, kept.ended, kept.branch) == ("Checkout", "2026-01", "2026-03", "x")


def test_files_show_lag_and_unreadable_lines(store: Store, tmp_path: Path) -> None:
    log = tmp_path / "s.jsonl"
    log.write_bytes(b"x" * 100)
    file = replace(FILE, path=str(log), offset=60, unknown={"type:x": 2})
    store.append(file, SESSION, [event("a")], losses=[Loss(str(log), 7, "not JSON")])

    (shown,) = store.files()
    assert (shown.size, shown.lag, shown.unreadable, dict(shown.unknown)) == (100, 40, 1, {"type:x": 2})
    assert store.unreadable() == [Loss(str(log), 7, "not JSON")]
    log.unlink()
    assert store.files()[0].size is None


def test_counts(store: Store) -> None:
    store.append(FILE, SESSION, [event("a")])
    store.remember([claim("m1", "npm", "2026-01"), claim("m2", "pnpm", "2026-02")])

    assert store.counts() == Counts(sessions=1, events=1, memories=1, retired=1, files=1, unreadable=0, projects=1)


@pytest.mark.parametrize("look", ["session", "event_by_id", "memory", "memory_chain"])
def test_what_is_not_there_is_not_found(store: Store, look: str) -> None:
    with pytest.raises(NotFound, match="nothing-like-it"):
        getattr(store, look)("nothing-like-it")


# Memories


def test_newer_words_supersede_older_ones_under_the_same_key(store: Store) -> None:
    store.remember([claim("m1", "npm", "2026-01")])
    done = store.remember([claim("m2", "pnpm", "2026-02", subject=" Tests")])

    assert (done.added, done.superseded) == (1, 1)
    assert [memory.id for memory in store.memories("shop")] == ["m2"]
    old, new = store.memory_chain("m1")
    assert (old.superseded_by, old.valid_to, new.superseded_by) == ("m2", "2026-02", None)
    assert store.memory_chain("m2") == [old, new]


def test_older_words_that_arrive_later_are_stored_as_superseded(store: Store) -> None:
    store.remember([claim("m2", "pnpm", "2026-02")])
    store.remember([claim("m1", "npm", "2026-01")])

    assert [memory.id for memory in store.memories()] == ["m2"]
    assert store.memory("m1").superseded_by == "m2"


def test_a_claim_said_again_after_it_was_replaced_lives_again(store: Store) -> None:
    store.remember([claim("m1", "npm", "2026-01"), claim("m2", "pnpm", "2026-02")])
    store.remember([claim("m1", "npm", "2026-03")])

    assert [memory.id for memory in store.memories()] == ["m1"]
    assert store.memory("m2").superseded_by == "m1"


def test_remembering_the_same_again_changes_nothing(store: Store) -> None:
    memories = [claim("m1", "npm", "2026-01"), claim("m2", "pnpm", "2026-02")]
    store.remember(memories)
    before = store.memories(include_retired=True)

    again = store.remember(memories)

    assert (again.added, again.updated, again.superseded) == (0, 0, 0)
    assert store.memories(include_retired=True) == before


def test_new_evidence_for_a_known_claim_is_added(store: Store) -> None:
    store.remember([claim("m1", "npm", "2026-01")])
    more = replace(
        claim("m1", "npm", "2026-01"), evidence=(Evidence("s", 3, "npm please"), Evidence("s", 0, "use npm"))
    )

    assert store.remember([more]).updated == 1
    assert store.memory("m1").evidence == (Evidence("s", 0, "use npm"), Evidence("s", 3, "npm please"))


def test_a_retired_memory_stays_in_the_ledger_and_stays_retired(store: Store) -> None:
    store.remember([claim("m1", "npm", "2026-01")])
    store.retire("m1", "2026-02")
    store.remember([claim("m1", "npm", "2026-01")])

    assert store.memories() == []
    assert store.memory("m1").valid_to == "2026-02"
    assert [memory.id for memory in store.memories(include_retired=True)] == ["m1"]


def test_kinds_and_projects_select_memories(store: Store) -> None:
    fix = replace(claim("f", "x", "2026"), kind=Kind.PROCEDURAL, relation="fix", project="other")
    store.remember([claim("m", "npm", "2026"), fix])

    assert [memory.id for memory in store.memories(kinds=[Kind.PROCEDURAL])] == ["f"]
    assert [memory.id for memory in store.memories("shop")] == ["m"]


def test_an_erased_memory_leaves_no_byte_and_never_comes_back(store: Store) -> None:
    quote = "our vault is at zebrafish.example"
    store.append(FILE, SESSION, [event("a", f"remember: {quote}, ok?")])
    secret = replace(
        claim("m1", "zebrafish.example", "2026", text="The vault is zebrafish.example."),
        evidence=(Evidence("s", 0, quote),),
    )
    store.remember([secret])

    claims = [claim_hash("m1"), claim_hash(secret.text)]
    store.bury(store.stones_of([secret]), claims)
    store.sweep(store.tombstones(), store.erased_claims())
    store.remember([secret, replace(secret, id="m9")])

    assert store.memories(include_retired=True) == []
    assert store.event("s", 0).text == "remember: [erased], ok?"
    assert store.search("zebrafish") == []
    for path in store.path.parent.iterdir():
        assert b"zebrafish" not in path.read_bytes()


# Search


def test_search_finds_memories_and_turns(store: Store) -> None:
    store.append(FILE, SESSION, [event("a", "please run the migrations first"), event("b", "thanks")])
    store.remember([replace(claim("m", "x", "2026"), text="Migrate before the tests run.")])

    memory, turn = store.search("how do I run a migration?")

    assert (memory.id, memory.memory and memory.memory.id, memory.session, memory.turn) == ("m", "m", "s", 0)
    assert (turn.id, turn.session, turn.turn, turn.agent, turn.project) == ("a", "s", 0, "claude-code", "shop")
    assert turn.bm25 < 0
    assert store.search("migration", kinds=[Kind.PROCEDURAL]) == []
    assert store.search("migration", project="other") == []


def test_search_finds_the_command_of_a_turn(store: Store) -> None:
    store.append(FILE, SESSION, [event("a", command="docker compose up", type=EventType.TOOL_CALL)])

    assert store.search_turns("docker")[0].id == "a"


def test_superseded_memories_are_found_only_when_asked_for(store: Store) -> None:
    store.remember([claim("m1", "npm", "2026-01"), claim("m2", "pnpm", "2026-02")])

    assert store.search_memories("npm") == []
    assert [hit.id for hit in store.search_memories("npm", include_retired=True)] == ["m1"]


def test_a_query_of_stopwords_only_still_looks() -> None:
    assert match_expression("the of") == '"the" OR "of"'
    assert match_expression("what is the port") == '"port"'
    assert match_expression("--no-verify") == '"no verify" OR "no" OR "verify"'
    assert match_expression(" \x00 ?! ") is None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60) | st.text(alphabet="\"'*():^-+ANDORNEAR{}\x00\ud800 ab", max_size=40))
def test_no_text_is_a_syntax_error(store: Store, query: str) -> None:
    assert isinstance(store.search(query), list)


# The file, other processes, other threads


def test_a_database_of_a_newer_memsrv_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "memsrv.db"
    Store.open(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('memsrv', 'm999', 'x')")
    raw.close()

    with pytest.raises(StoreError, match=r"newer memsrv .*m999.*upgrade"):
        Store.open(path)


@pytest.mark.parametrize("known", [1, 2])
def test_an_older_database_is_migrated_forward_and_keeps_its_rows(tmp_path: Path, known: int) -> None:
    from sqlite_utils import Database

    from memsrv.store.migrations import migrations

    path = tmp_path / "memsrv.db"
    old = Database(path)
    migrations.apply(old, stop_before=migrations._migrations[known].name)
    old.execute("INSERT INTO sessions (id, agent, project, path) VALUES ('s', 'claude-code', 'shop', '/logs/s.jsonl')")
    old.conn.commit()
    old.close()

    with Store.open(path) as store, Store.open(tmp_path / "fresh.db") as fresh:
        assert store.session("s") == SESSION
        schema = "SELECT name, sql FROM sqlite_master ORDER BY name"
        rows = [[tuple(row) for row in one._connection.read(schema)] for one in (store, fresh)]
        assert rows[0] == rows[1]


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "memsrv.db"
    path.write_bytes(b"this is not a database, but long enough to look at" * 100)

    with pytest.raises(StoreError, match="not a memsrv database; move it away"):
        Store.open(path)


def test_a_home_that_cannot_be_made_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", "utf-8")

    with pytest.raises(StoreError, match="MEMSRV_HOME"):
        Store.open(tmp_path / "home" / "memsrv.db")


def test_the_database_is_the_owners_alone(store: Store) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_full_disk_loses_nothing_and_says_so(store: Store) -> None:
    store.append(FILE, SESSION, [event("a")])
    pages = store._connection.read("PRAGMA page_count")[0][0]
    store._connection.read(f"PRAGMA max_page_count = {pages + 2}")  # SQLite's own way to be full

    with pytest.raises(StoreError, match="disk is full"):
        store.append(replace(FILE, offset=99), SESSION, [event("big", "x" * 100_000)], read_from=FILE)

    assert store.file(FILE.path) == FILE
    assert [one.id for one in store.events("s")] == ["a"]
    store._connection.read("PRAGMA max_page_count = 1000000")
    assert store.append(replace(FILE, offset=99), SESSION, [event("big", "x" * 100_000)], read_from=FILE).added == 1


def test_a_writer_that_waits_too_long_says_who_is_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "memsrv.db"
    first = Connection(path)
    hurried = Connection(path, patience_s=0.05)

    with first.writing(), pytest.raises(StoreError, match="another memsrv process"), hurried.writing():
        pass
    assert hurried.read("SELECT count(*) FROM events")[0][0] == 0  # and readers never wait


def test_an_error_inside_a_transaction_leaves_nothing_behind(store: Store) -> None:
    broken = event("b", exit_code=2**63)  # SQLite cannot hold it

    with pytest.raises(OverflowError):
        store.append(FILE, SESSION, [event("a"), broken])

    assert store.events("s") == []
    assert store.file(FILE.path) is None


def test_threads_of_one_process_may_share_a_store(store: Store) -> None:
    def write(name: str) -> None:
        file = replace(FILE, path=name, session=name)
        for n in range(20):
            store.append(
                file, replace(SESSION, id=name, path=name), [event(f"{name}-{n}")], read_from=file if n else None
            )
            store.counts()

    threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.counts().events == 80


_WRITER = """
import json, sys
from pathlib import Path
from memsrv.records import Event, EventType, Session, Trust
from memsrv.store import FileState, Store

path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
with Store.open(path) as store:
    file = None
    for n in range(count):
        after = FileState(name, "claude-code", name, 1, 2, "h", 4, offset=n + 1)
        events = [Event(f"{name}-{n}-{k}", name, EventType.PROMPT, Trust.HUMAN, "words " * 20) for k in range(5)]
        done = store.append(after, Session(name, "claude-code", "p", name), events, read_from=file)
        assert done.added == 5 and not done.stale
        file = after
print(json.dumps({"done": True}))
"""


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memsrv.db"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), f"w{n}", "40"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        out, err = writer.communicate(timeout=120)
        assert writer.returncode == 0, err
        assert json.loads(out) == {"done": True}

    with Store.open(path) as store:
        assert store.counts().events == 3 * 40 * 5
        for n in range(3):
            assert [one.turn for one in store.events(f"w{n}")] == list(range(200))
        assert store._connection.read("PRAGMA integrity_check")[0][0] == "ok"


_KILLED = """
import os, sys
from dataclasses import replace
from pathlib import Path
from memsrv.records import Event, EventType, Session, Trust
from memsrv.store import FileState, Store

store = Store.open(Path(sys.argv[1]))
file = FileState("f", "claude-code", "s", 1, 2, "h", 4, offset=1)
session = Session("s", "claude-code", "p", "f")
store.append(file, session, [Event("a", "s", EventType.PROMPT, Trust.HUMAN)])
with store._connection.writing() as db:
    db.execute("UPDATE files SET offset = 99")
    db.execute("DELETE FROM events")
    os.kill(os.getpid(), 9)
"""


def test_a_kill_inside_a_transaction_rolls_back_events_and_offset_together(tmp_path: Path) -> None:
    path = tmp_path / "memsrv.db"
    done = subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False, timeout=60)

    assert done.returncode == -9
    with Store.open(path) as store:
        found = store.file("f")
        assert found
        assert found.offset == 1
        assert [one.id for one in store.events("s")] == ["a"]


def test_notes_are_kept(store: Store) -> None:
    assert store.noted("last") is None
    store.note("last", "1")
    store.note("last", "2")
    assert store.noted("last") == "2"
