"""A long backlog, read ahead by other processes: what is stored is what one process alone would have stored."""

import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from memsrv.bench.sessions import write_sessions
from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import IngestReport, ahead, ingest
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.store import Store

REDACTOR = Redactor(b"k" * 32, ["subprocess"])
NEVER = 1 << 40
SMALL = 1 << 14

pytestmark = pytest.mark.skipif(ahead.processors() < 2, reason="one processor: nothing is read ahead")


def capture(**settings: Any) -> Capture:
    return Capture(Consent(Settings.model_validate(settings)), IgnoreFiles(Path("/nowhere")))


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sessions of two agents; one is told again by a copy, one has a line that is no record and one that waits."""
    folder = tmp_path_factory.mktemp("logs")
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("memsrv.bench.sessions.SESSION_BYTES", 100_000)
    found = write_sessions(folder, 600_000)
    monkeypatch.undo()
    with found[1].open("ab") as file:
        file.write(b'{"type": "user", "uu\n{"type": "assistant", "message": {"role')
    copy = found[0].with_name("copy.jsonl")
    copy.write_bytes(found[0].read_bytes())
    return [*found, copy]


def read(home: Path, logs: Sequence[Path], least: int, **settings: Any) -> IngestReport:
    progress = settings.pop("progress", None)
    with Store.open(home / "memsrv.db") as store:
        return ingest(
            store,
            REDACTOR,
            logs,
            capture=capture(**settings),
            batch_bytes=SMALL,
            ahead_bytes=least,
            progress=progress,
            now=lambda: 0.0,
        )


def everything(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    with sqlite3.connect(home / "memsrv.db") as db:
        tables = ("sessions", "events", "events_fts", "archive", "files", "losses")
        return {table: db.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in tables}


@pytest.fixture(scope="module")
def alone(logs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[IngestReport, Any]:
    home = tmp_path_factory.mktemp("alone")
    report = read(home, logs, NEVER)
    assert min(report.events, report.duplicates, report.redactions) > 10
    assert report.unreadable == 1
    return report, everything(home)


def told(report: IngestReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in IngestReport.__slots__ if name != "seconds"}


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[ahead.Told]:
    """What was taken from other processes."""
    taken: list[ahead.Told] = []
    told = ahead.Ahead.told

    def noted(self: ahead.Ahead, *args: Any) -> Any:
        for one in told(self, *args):
            taken.append(one)
            yield one

    monkeypatch.setattr(ahead.Ahead, "told", noted)
    return taken


def test_what_was_read_ahead_is_stored_as_if_it_had_been_read_in_turn(
    logs: list[Path], alone: tuple[IngestReport, Any], frames: list[ahead.Told], tmp_path: Path
) -> None:
    report = read(tmp_path, logs, 1)

    assert len(frames) > len(logs)
    assert told(report) == told(alone[0])
    assert everything(tmp_path) == alone[1]


def test_so_it_is_from_a_process_with_threads_which_cannot_be_copied(
    logs: list[Path], alone: tuple[IngestReport, Any], frames: list[ahead.Told], tmp_path: Path
) -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        report = read(tmp_path, logs, 1)
    finally:
        over.set()
        thread.join()

    assert frames
    assert told(report) == told(alone[0])
    assert everything(tmp_path) == alone[1]


def test_of_a_short_backlog_nothing_is_read_ahead(logs: list[Path], frames: list[ahead.Told], tmp_path: Path) -> None:
    read(tmp_path, logs, 10_000_000)

    assert frames == []


def test_processes_that_die_leave_the_reading_to_this_one(
    logs: list[Path], alone: tuple[IngestReport, Any], frames: list[ahead.Told], tmp_path: Path, monkeypatch: Any
) -> None:
    def dying(desk: Any, todo: Any) -> Any:
        for number, frame in enumerate(whole(desk, todo)):
            if number == 2 and todo.path == logs[1]:
                os._exit(9)
            yield frame

    whole = ahead._frames
    monkeypatch.setattr(ahead, "_frames", dying)

    report = read(tmp_path, logs, 1)

    assert frames
    assert told(report) == told(alone[0])
    assert everything(tmp_path) == alone[1]


def test_a_log_that_breaks_its_reader_elsewhere_is_read_here(
    logs: list[Path], alone: tuple[IngestReport, Any], frames: list[ahead.Told], tmp_path: Path, monkeypatch: Any
) -> None:
    def breaking(desk: Any, todo: Any) -> Any:
        for number, frame in enumerate(whole(desk, todo)):
            if number == 2 and todo.path == logs[1]:
                raise ZeroDivisionError
            yield frame

    whole = ahead._frames
    monkeypatch.setattr(ahead, "_frames", breaking)

    report = read(tmp_path, logs, 1)

    assert frames
    assert told(report) == told(alone[0])
    assert everything(tmp_path) == alone[1]


def test_a_log_that_was_read_on_meanwhile_is_not_taken_from_where_it_was(
    logs: list[Path], alone: tuple[IngestReport, Any], tmp_path: Path
) -> None:
    def progress(path: Path, done: int, total: int) -> None:
        if path == logs[0] and not meanwhile:
            meanwhile.append(read(tmp_path, logs[2:4], NEVER))

    meanwhile: list[IngestReport] = []
    report = read(tmp_path, logs, 1, progress=progress)

    assert report.events + meanwhile[0].events == alone[0].events
    assert {row[2] for row in everything(tmp_path)["events"]} == {row[2] for row in alone[1]["events"]}


def test_of_a_project_that_may_not_be_read_nothing_is_told(
    logs: list[Path], alone: tuple[IngestReport, Any], frames: list[ahead.Told], tmp_path: Path
) -> None:
    projects = {row[2] for row in alone[1]["sessions"]}

    report = read(tmp_path, logs, 1, projects={name: {"capture": False} for name in projects})

    assert (report.events, report.declined, frames) == (0, len(logs), [])


def test_a_reading_that_is_stopped_leaves_no_process_behind(logs: list[Path], tmp_path: Path) -> None:
    def progress(path: Path, done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(tmp_path, logs, 1, progress=progress)

    assert multiprocessing.active_children() == []
