"""A log that is appended to, whatever befalls its file: moved, compressed, rotated, cut, replaced, torn, gone."""

import gzip
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import zstandard

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.errors import NoLogs
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import IngestReport, ingest
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.sources.fields import records, salvaged
from memsrv.sources.machine import Machine
from memsrv.store import LossKind, Store

REDACTOR = Redactor(b"k" * 32)
ALL = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))
STEM = "11111111-2222-4333-8444-555555555555"
AN_AGE = 4e9  # seconds: long after any file was written


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
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder / f"{STEM}.jsonl"


def read(store: Store, *paths: Path, **more: Any) -> IngestReport:
    return ingest(store, REDACTOR, paths, capture=ALL, now=lambda: AN_AGE, **more)


def texts(store: Store, session: str = STEM) -> list[str]:
    return [event.text for event in store.events(session)]


def add(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def kinds(store: Store) -> list[str]:
    return [loss.kind for loss in store.losses()]


# Which file it is


def test_a_log_that_was_moved_goes_on_where_it_was_and_its_session_follows(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    moved = log.rename(log.with_name("another-name.jsonl"))
    add(moved, line("two", "b"))

    report = read(store, moved)

    assert (report.events, report.duplicates) == (1, 0)
    assert texts(store) == ["one", "two"]
    assert store.session(STEM).path == str(moved)
    assert [file.path for file in store.files()] == [str(moved)]


def test_a_copy_is_no_move(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    copy = log.with_name("copy.jsonl")
    copy.write_bytes(log.read_bytes())

    assert read(store, copy).duplicates == 1
    assert len(store.files()) == 2


def test_a_second_name_of_a_log_is_no_move(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    os.link(log, log.with_name("linked.jsonl"))

    read(store, log.with_name("linked.jsonl"))

    assert store.session(STEM).path == str(log)
    assert len(store.files()) == 2


def test_another_log_with_a_used_inode_is_a_log_of_its_own(store: Store, log: Path) -> None:
    """As where a file is deleted and the next one gets its inode: the bytes are others."""
    log.write_bytes(line("one", "a"))
    read(store, log)
    other = log.rename(log.with_name("other.jsonl"))
    other.write_bytes(line("something else", "z", sessionId="other"))

    read(store, other)

    assert texts(store, "other") == ["something else"]
    assert {Path(file.path).name for file in store.files()} == {log.name, "other.jsonl"}


def test_what_takes_the_place_of_a_log_is_read_from_its_beginning(store: Store, log: Path) -> None:
    """A tool that writes another file and renames it: it begins as the old one did, and has other words within."""
    log.write_bytes(b"".join(line(f"word {n} " + "x" * 500, f"u{n}") for n in range(40)))
    read(store, log)
    lines = log.read_bytes().splitlines(keepends=True)
    lines[20] = line("new 20 " + "x" * 501, "n20")
    (log.parent / "new").write_bytes(b"".join(lines))
    (log.parent / "new").rename(log)

    report = read(store, log)

    assert (report.events, report.duplicates) == (1, 39)


def compress(log: Path, ending: str) -> Path:
    packed = log.with_name(log.name + ending)
    data = log.read_bytes()
    packed.write_bytes(zstandard.ZstdCompressor().compress(data) if ending == ".zst" else gzip.compress(data))
    return packed


@pytest.mark.parametrize("ending", [".zst", ".gz"])
def test_a_log_that_is_compressed_goes_on_where_it_was(store: Store, log: Path, ending: str) -> None:
    log.write_bytes(b"".join(line(f"word {n}", f"u{n}") for n in range(100)))
    read(store, log)
    add(log, line("last", "z"))
    packed = compress(log, ending)
    log.unlink()

    report = read(store, packed)

    assert (report.events, report.duplicates) == (1, 0)
    assert texts(store)[-1] == "last"
    assert [(file.path, file.lag) for file in store.files()] == [(str(packed), 0)]


def test_a_compressed_log_that_is_unpacked_and_appended_to_goes_on(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    packed = compress(log, ".zst")
    log.unlink()
    assert read(store, packed).events == 1
    log.write_bytes(line("one", "a") + line("two", "b"))
    packed.unlink()

    report = read(store, log)

    assert (report.events, report.duplicates) == (1, 0)
    assert texts(store) == ["one", "two"]


def test_while_a_log_is_compressed_both_forms_are_one_log(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    compress(log, ".zst")

    report = read(store, log.parent)

    assert (report.files, report.events, report.duplicates) == (1, 0, 0)


@pytest.mark.parametrize("ending", [".zst", ".gz"])
def test_a_compressed_log_that_is_half_written_is_read_as_far_as_it_goes(store: Store, log: Path, ending: str) -> None:
    log.write_bytes(b"".join(line(os.urandom(300).hex(), f"u{n}") for n in range(2000)))
    packed = compress(log, ending)
    log.unlink()
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    assert 0 < read(store, packed).events < 2000

    packed.write_bytes(whole)
    read(store, packed)

    assert [event.id for event in store.events(STEM)] == [f"u{n}" for n in range(2000)]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_log_that_is_rotated_is_read_to_its_end(store: Store, log: Path, ending: str) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    add(log, line("two", "b"))
    old = log.rename(log.with_name(f"{log.name}.1"))
    if ending:
        compress(old, ending)
        old.unlink()
    log.write_bytes(line("three", "c"))

    read(store, log)

    assert sorted(texts(store)) == ["one", "three", "two"]
    assert store.losses() == []


def test_a_small_log_is_known_by_more_of_itself_as_it_grows(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    before = store.file(str(log))
    add(log, line("x" * 9000, "b"))
    read(store, log)
    after = store.file(str(log))

    assert before is not None
    assert after is not None
    assert before.head_size < after.head_size == 4096


def test_a_log_that_has_not_changed_is_not_opened(store: Store, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    opened: list[str] = []
    real = Path.open

    def watched(self: Path, *arguments: Any, **more: Any) -> Any:
        opened.append(str(self))
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", watched)
    report = read(store, log)

    assert report.files == 1
    assert str(log) not in opened


def changed_inside(log: Path, old: bytes, new: bytes) -> None:
    """In place, behind the beginning that a log is known by and before its end; its size stays."""
    assert len(old) == len(new)
    with log.open("r+b") as file:
        file.seek(log.read_bytes().index(old))
        file.write(new)


LONG = [line(f"{n} {'x' * 600}", f"u{n}") for n in range(20)]


def test_what_is_written_over_the_middle_of_a_long_log_is_read_and_adds_only_what_is_new(
    store: Store, log: Path
) -> None:
    log.write_bytes(b"".join(LONG))
    read(store, log, batch_bytes=1000)
    changed_inside(log, LONG[10], line(f"Y {'x' * 601}", "new"))

    report = read(store, log)

    assert (report.events, report.duplicates) == (1, 19)
    assert texts(store)[-1].startswith("Y x")
    assert read(store, log).events == 0
    assert store.losses() == []


def test_what_is_written_over_a_log_that_grows_is_read_once_it_grows_no_more(store: Store, log: Path) -> None:
    log.write_bytes(b"".join(LONG))
    read(store, log)
    changed_inside(log, LONG[10], line(f"Y {'x' * 601}", "new"))
    add(log, line("more", "more") + b'{"unfinished')

    first = ingest(store, REDACTOR, [log], capture=ALL)
    second = ingest(store, REDACTOR, [log], capture=ALL)

    assert (first.events, second.events) == (1, 1)


@pytest.mark.parametrize("long", [line("z" * (17 << 20), "too-long"), b"", b'{"torn\n'])
def test_a_log_that_was_only_touched_is_not_read_again(store: Store, log: Path, long: bytes) -> None:
    log.write_bytes(b"".join(LONG[:3]) + long + b"".join(LONG[3:]) + LONG[0][:-9])
    read(store, log, batch_bytes=1000)
    os.utime(log, (1, 1))

    report = read(store, log)

    assert (report.events, report.duplicates) == (0, 0)


# What is lost


def test_what_was_seen_and_not_read_before_a_log_was_cut_is_a_loss_with_its_size(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a") + b'{"half')
    read(store, log)
    log.write_bytes(b"")
    add(log, line("two", "b"))

    read(store, log)

    [loss] = [loss for loss in store.losses() if loss.kind is LossKind.REWRITTEN]
    assert (loss.offset, loss.bytes) == (len(line("one", "a")), len(b'{"half'))
    assert store.files()[0].lost == 1
    assert store.counts().unreadable == 0


def test_a_log_that_goes_before_it_was_read_to_its_end_is_a_loss(store: Store, log: Path, tmp_path: Path) -> None:
    log.write_bytes(line("one", "a") + b'{"half')
    read(store, log)
    log.unlink()
    (tmp_path / "other.jsonl").write_bytes(line("else", "z", sessionId="other"))

    read(store, tmp_path / "other.jsonl")
    read(store, tmp_path / "other.jsonl")

    [loss] = [loss for loss in store.losses() if loss.kind is LossKind.GONE]
    assert loss.bytes == len(b'{"half')


def test_a_log_that_was_read_to_its_end_may_go(store: Store, log: Path, tmp_path: Path) -> None:
    log.write_bytes(line("one", "a"))
    read(store, log)
    log.unlink()
    (tmp_path / "other.jsonl").write_bytes(line("else", "z", sessionId="other"))
    read(store, tmp_path / "other.jsonl")

    assert store.losses() == []


def test_a_last_line_that_nobody_finishes_is_told_until_somebody_does(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a") + line("two", "b")[:-5])
    read(store, log)
    assert kinds(store) == ["unfinished"]

    add(log, line("two", "b")[-5:])
    read(store, log)

    assert kinds(store) == []
    assert texts(store) == ["one", "two"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open anything")
def test_a_log_without_the_right_to_read_it_is_told_until_it_is_given(store: Store, log: Path) -> None:
    log.write_bytes(line("one", "a"))
    log.chmod(0)
    read(store, log)
    assert kinds(store) == ["unopened"]

    log.chmod(0o600)
    read(store, log)

    assert kinds(store) == []


def test_a_link_to_nowhere_is_told(store: Store, log: Path) -> None:
    log.symlink_to(log.with_name("nothing"))

    read(store, log)

    assert kinds(store) == ["unopened"]


def test_a_line_beyond_the_cap_is_measured_and_hashed_in_flat_memory(store: Store, log: Path) -> None:
    with log.open("wb") as file:
        file.write(line("one", "a") + b'{"type": "user", "x": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n' + line("two", "b"))
    tracemalloc.start()

    read(store, log)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts(store) == ["one", "two"]
    [loss] = store.losses()
    assert (loss.kind, loss.offset) == (LossKind.TOO_LONG, len(line("one", "a")))
    assert "sha256" in loss.reason
    assert loss.bytes == (100 << 20) + 26
    assert store.files()[0].lag == 0
    assert peak < 64 << 20


@pytest.mark.parametrize(
    ("damaged", "kept"),
    [
        pytest.param(line("left", "l")[:70] + line("right", "r"), ["right"], id="a torn record before a whole one"),
        pytest.param(line("left", "l")[:-1] + line("right", "r")[:70] + b"\n", ["left"], id="a torn one behind it"),
        pytest.param(b"\x00" * 300 + line("right", "r"), ["right"], id="zeros before"),
        pytest.param(
            line("left", "l")[:-1] + b"\x00" * 300 + line("right", "r"), ["left", "right"], id="zeros between"
        ),
        pytest.param(line("left", "l")[:-1] + b"#\n", ["left"], id="garbage behind"),
        pytest.param(line("left", "l")[:90] + b"\n", [], id="torn alone"),
        pytest.param(b'{"a": NaN}\n', [], id="a number that JSON does not have"),
        pytest.param(b"[" * 100_000 + b"\n", [], id="nested too deeply"),
    ],
)
def test_of_a_damaged_line_the_whole_records_are_read_and_the_rest_is_counted(
    store: Store, log: Path, damaged: bytes, kept: list[str]
) -> None:
    log.write_bytes(line("one", "a") + damaged + line("two", "b"))

    report = read(store, log)

    assert texts(store) == ["one", *kept, "two"]
    assert (report.unreadable, len(store.unreadable(str(log)))) == (1, 1)


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(line("left", "l")[:-1] + line("right", "r"), id="two on a line"),
        pytest.param(b"\xef\xbb\xbf" + line("x", "x"), id="a byte order mark"),
        pytest.param(line("x", "x")[:-1] + b"\r\n", id="CRLF"),
        pytest.param(line("a\u2028b\u2029c\x85d", "x"), id="line ends of Unicode"),
        pytest.param(line("a\\u2028b", "x").replace(b"\\\\u2028", "\u2028".encode()), id="unescaped ones"),
        pytest.param(line("x", "x").replace(b'"x"', b'"x\xff"', 1), id="no UTF-8"),
        pytest.param(line("cut", "x").replace(b"cut", b"half a pair \\ud83d"), id="half a surrogate pair"),
        pytest.param(b"\n", id="an empty line"),
    ],
)
def test_what_is_odd_and_whole_is_read(store: Store, log: Path, odd: bytes) -> None:
    log.write_bytes(line("one", "a") + odd + line("two", "b"))

    report = read(store, log)

    assert report.unreadable == 0
    assert [texts(store)[0], texts(store)[-1]] == ["one", "two"]


def test_no_record_is_found_inside_a_torn_one() -> None:
    torn = b'{"type": "user", "message": {"role": "user", "content": [{"type": "text"}]}, "uu\n'

    assert salvaged(torn) == ([], 0, [])


def test_a_duplicated_key_and_a_long_number_are_no_damage() -> None:
    assert records(b'{"a": 1, "a": 2, "n": 123456789012345678901234567890}')[0]["a"] == 2


# What is opened


def test_in_an_agents_own_folder_only_what_its_source_names_is_opened(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects = tmp_path / ".claude" / "projects"
    log = projects / "-shop" / f"{STEM}.jsonl"
    log.parent.mkdir(parents=True)
    log.write_bytes(line("one", "a"))
    others = [projects / "auth.json", projects.parent / ".credentials.json", projects / "-shop" / "notes.md"]
    for other in others:
        other.write_text('{"token": "x"}')
    opened: set[str] = set()
    real = Path.open

    def watched(self: Path, *arguments: Any, **more: Any) -> Any:
        opened.add(str(self))
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", watched)
    here = Machine(tmp_path, "linux", {})
    for place in (tmp_path, projects.parent, projects, log.parent):
        read(store, place, machine=here)
    for place in (others[0], others[2]):
        with pytest.raises(NoLogs):
            read(store, place, machine=here)

    assert texts(store) == ["one"]
    assert not opened & {str(other) for other in others}
