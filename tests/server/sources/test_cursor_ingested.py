"""Cursor's logs in the store: each session once, whichever of its logs tell it, and nothing undone by damage."""

from pathlib import Path
from types import ModuleType

import pytest

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import IngestReport, ingest
from memsrv.records import EventType
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.store import Store

ALL = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "memsrv" / "memsrv.db")


def read(store: Store, *paths: Path) -> IngestReport:
    return ingest(store, Redactor(b"k" * 32), paths, capture=ALL)


def prompts(store: Store, session: str, *, on_main_path: bool = True) -> list[str]:
    return [
        event.text
        for event in store.events(session)
        if event.type is EventType.PROMPT and event.on_main_path is on_main_path
    ]


def test_a_conversation_grows_in_the_store_as_it_does_in_the_editor(
    store: Store, tmp_path: Path, cursor_files: ModuleType
) -> None:
    with cursor_files.Editor(tmp_path) as editor:
        editor.composer("c1", [cursor_files.asked("a1", "one")])
        first = read(store, editor.user)
        editor.composer("c1", [cursor_files.asked("a1", "one"), cursor_files.asked("a2", "two")])
        second = read(store, editor.user)
        third = read(store, editor.user)

    assert (first.events, second.events, third.events, third.duplicates) == (1, 1, 0, 0)
    assert prompts(store, "c1") == ["one", "two"]


def test_what_a_restored_checkpoint_undid_is_off_the_main_path(
    store: Store, tmp_path: Path, cursor_files: ModuleType
) -> None:
    with cursor_files.Editor(tmp_path) as editor:
        editor.composer("c1", [cursor_files.asked("a1", "one"), cursor_files.asked("a2", "undone")])
        read(store, editor.path)
        editor.connection.execute("DELETE FROM cursorDiskKV WHERE key = 'bubbleId:c1:a2'")
        editor.composer("c1", [cursor_files.asked("a1", "one")])
        read(store, editor.path)

    assert prompts(store, "c1") == ["one"]
    assert prompts(store, "c1", on_main_path=False) == ["undone"]


def test_a_bubble_that_can_no_longer_be_read_is_counted_and_not_undone(
    store: Store, tmp_path: Path, cursor_files: ModuleType
) -> None:
    with cursor_files.Editor(tmp_path) as editor:
        bubbles = [cursor_files.asked("a1", "one"), cursor_files.asked("a2", "two")]
        editor.composer("c1", bubbles)
        read(store, editor.path)
        editor.put("bubbleId:c1:a1", "{")
        report = read(store, editor.path)
        editor.put("bubbleId:c1:a2", "{")
        read(store, editor.path)

    assert report.unreadable == 1
    assert prompts(store, "c1") == ["one", "two"]


def test_damage_takes_nothing_from_what_was_read_before(store: Store, tmp_path: Path, cursor_files: ModuleType) -> None:
    words = "use pnpm " * 5000
    with cursor_files.Editor(tmp_path) as editor:
        editor.composer("c1", [cursor_files.asked("a1", words)])
        editor.composer("c2", [cursor_files.asked("b1", "two")])
        read(store, editor.path)
        editor.put("bubbleId:c1:a2", cursor_files.said("a2", "later"))
        editor.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = editor.path.read_bytes()
    page = data.index(b"pnpm use pnpm") // 4096 * 4096
    editor.path.write_bytes(data[:page] + b"\xff" * 4096 + data[page + 4096 :])
    report = read(store, editor.path)

    assert report.unreadable == 1
    assert prompts(store, "c1") == [words.strip()]
    assert prompts(store, "c2") == ["two"]


def test_a_session_that_a_transcript_told_first_is_the_transcripts_until_a_better_one_tells_it(
    store: Store, tmp_path: Path, cursor_files: ModuleType
) -> None:
    transcript = cursor_files.transcript(tmp_path)
    transcript.write_bytes(cursor_files.typed("use pnpm"))
    read(store, transcript)
    before = [session.id for session in store.sessions()]
    with cursor_files.Store(tmp_path, "/work/shop", cursor_files.SESSION) as held:
        held.root([held.message(cursor_files.query("use pnpm")), held.message(cursor_files.query("and uv"))])
        transcript.write_bytes(transcript.read_bytes() + cursor_files.typed("and uv"))
        read(store, transcript, held.path)

    with cursor_files.Editor(tmp_path) as editor:
        editor.composer(cursor_files.SESSION, [cursor_files.asked("a1", "use pnpm")])
        read(store, editor.path)

    assert before == [f"transcript-{cursor_files.SESSION}"]
    assert prompts(store, f"cli-{cursor_files.SESSION}") == ["use pnpm", "and uv"]
    assert [session.id for session in store.sessions()] == [cursor_files.SESSION]


def test_a_real_database_that_is_read_twice_adds_nothing(store: Store, real_logs: Path) -> None:
    first = read(store, real_logs / "cursor")
    second = read(store, real_logs / "cursor")

    assert (first.sessions, first.unreadable, first.unknown) == (24, 0, {})
    assert first.events > 0
    assert (second.events, second.duplicates) == (0, 0)
