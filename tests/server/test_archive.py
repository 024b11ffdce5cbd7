"""What was read is kept whole: longer than a turn, also what nobody understood; redacted, and smaller than the log."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import NAME, IgnoreFiles
from memsrv.ingest import IngestReport, ingest
from memsrv.recall import show
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv.store.visible import Visible

REDACTOR = Redactor(b"k" * 32)
STEM = "11111111-2222-4333-8444-555555555555"
SECRET = "ghp_" + "x7K2mQ9vL4nR8tW3pY6zB1cD5fG0hJ2kM4nP"


def line(text: str, uuid: str, **more: Any) -> bytes:
    record = {
        "type": "user",
        "uuid": uuid,
        "sessionId": STEM,
        "timestamp": "2026-01-02T03:04:05.678Z",
        "cwd": "/nowhere/shop",
        "message": {"role": "user", "content": text},
    }
    return json.dumps(record | more).encode() + b"\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home" / "memsrv.db")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / f"{STEM}.jsonl"


def read(store: Store, log: Path, settings: Settings | None = None) -> IngestReport:
    capture = Capture(Consent(settings or Settings()), IgnoreFiles(Path("/nowhere")))
    return ingest(store, REDACTOR, [log], capture=capture)


def add(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def raws(store: Store) -> list[str]:
    return [one.raw.text for one in store.archived(STEM) if one.raw]


def test_a_turn_keeps_a_long_text_cut_and_show_gives_all_of_it(store: Store, log: Path) -> None:
    text = "begin " + "and so on, " * 20_000 + "end"
    log.write_bytes(line("one", "a") + line(text, "b"))
    read(store, log)

    shown = show(store, "b")

    assert "characters cut" in store.event(STEM, 1).text
    assert shown.text == text


def test_the_archive_gives_a_session_back_event_for_event(store: Store, log: Path) -> None:
    log.write_bytes(b"".join(line(f"word {n}", f"u{n}") for n in range(3000)))
    read(store, log)

    back = [one.event for one in store.archived(STEM)]

    assert back == store.events(STEM)
    assert [one.turn for one in store.archived(STEM, 1500, 1502)] == [1500, 1501, 1502]


def test_the_archive_keeps_an_exit_code_of_zero(store: Store, log: Path) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "true"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "done"}
    log.write_bytes(
        line("", "a", type="assistant", message={"role": "assistant", "content": [use]})
        + line("", "b", message={"role": "user", "content": [result]})
    )
    read(store, log)

    back = [one.event.exit_code for one in store.archived(STEM) if one.event]

    assert back == [None, 0]


def test_a_session_that_is_told_line_by_line_packs_as_one_that_is_read_at_once(store: Store, log: Path) -> None:
    for n in range(200):
        add(log, line(f"and this is what is said in place {n}", f"u{n}"))
        read(store, log)
    size = store.archive_size()

    assert size.batches <= 3
    assert size.bytes * 5 < log.stat().st_size
    assert [one.turn for one in store.archived(STEM)] == list(range(200))


def test_a_second_reading_archives_nothing_more(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a") + b"torn\n" + line("x", "b", type="next-year"))
    read(store, log)
    before = store.archive_size()
    log.write_bytes(log.read_bytes() + line("zero", "z"))
    os.utime(log, (1, 1))
    read(store, log)
    log.write_bytes(b"\n" + log.read_bytes())  # another beginning: all of it is read again

    read(store, log)

    assert len(raws(store)) == 2
    assert [one.turn for one in store.archived(STEM) if one.event] == [0, 1]
    assert store.archive_size().batches == before.batches


def test_what_nobody_understood_is_kept_for_who_will(store: Store, log: Path) -> None:
    strange = line("x", "b", type="next-year", words="of another time")
    log.write_bytes(line("one", "a") + strange + b'{"half": "a rec\n')

    read(store, log)

    assert raws(store) == [strange.decode().strip(), '{"half": "a rec']
    assert next(one.raw.offset for one in store.archived(STEM) if one.raw) == len(line("one", "a"))


def test_a_new_field_alone_is_no_reason_to_keep_a_record_twice(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a", newField=1))

    report = read(store, log)

    assert report.unknown
    assert raws(store) == []


def test_nothing_in_the_archive_holds_a_secret(store: Store, log: Path) -> None:
    log.write_bytes(
        line("one", "0")
        + line(f"use {SECRET} " + "x" * 70_000 + f" {SECRET}", "a")
        + line("x", "b", type="next-year", words=SECRET)
        + f"torn {SECRET}\n".encode()
    )

    read(store, log)

    said = [one.event.text if one.event else one.raw.text for one in store.archived(STEM) if one.event or one.raw]
    assert len(said) == 4
    assert not any(SECRET in one for one in said)
    assert said[1].count("[redacted:") == 2


def test_where_something_is_withheld_nothing_that_was_not_understood_is_kept(
    store: Store, log: Path, tmp_path: Path
) -> None:
    """Nobody can tell what in it is withheld."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / NAME).write_text("secret.txt\n")
    cat = {"type": "tool_use", "id": "c1", "name": "Bash", "input": {"command": "cat secret.txt"}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "zanzibar"}
    log.write_bytes(
        line("one", "a", cwd=str(folder))
        + line("", "b", cwd=str(folder), type="assistant", message={"content": [cat]})
        + line("", "c", cwd=str(folder), message={"content": [result]})
        + line("x", "d", cwd=str(folder), type="next-year", words="zanzibar")
        + b'{"torn": "zanzibar\n'
    )

    read(store, log)

    assert store.counts().events >= 3
    assert raws(store) == []
    assert not any("zanzibar" in one.event.text for one in store.archived(STEM) if one.event)


def test_the_archive_of_a_session_that_may_not_be_recalled_is_not_given_back(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a") + line("x", "b", type="next-year"))
    read(store, log)

    seen = Visible(store, Consent(Settings.model_validate({"projects": {"shop": {"recall": False}}})))

    assert list(seen.archived(STEM)) == []
    assert seen.whole_event(STEM, 0) is None
    assert list(store.archived(STEM)) != []


def test_of_an_event_that_was_revised_the_archive_has_both_and_gives_the_newer(store: Store) -> None:
    from memsrv.records import Event, EventType, Session, Trust
    from memsrv.store import FileState, Marked, Stretch

    def take(text: str, file: FileState, before: FileState | None) -> None:
        event = Event("e", "s", EventType.PROMPT, Trust.HUMAN, text)
        session = Session("s", "claude-code", "p", "/log")
        store.take(file, [Stretch(session, [event], whole=Marked("s", text))], read_from=before)

    first = FileState("/log", "claude-code", "s", 1, 1, "", 0, generation=1)
    take("begun", first, None)
    take("begun and ended", FileState("/log", "claude-code", "s", 1, 1, "", 0, generation=2), first)

    assert [one.event.text for one in store.archived("s") if one.event] == ["begun", "begun and ended"]
    whole = store.whole_event("s", 0)
    assert whole is not None
    assert whole.text == "begun and ended"
