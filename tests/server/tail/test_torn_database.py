"""The power fails, or a byte turns over: whatever is left of the database opens, tells a beginning of what was
acknowledged, and catches up."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_HEADER, _FRAME_HEADER = 32, 24


@dataclass(frozen=True)
class Torn:
    """A database and its write-ahead log as a crash found them."""

    log: Any
    database: bytes
    wal: bytes
    lines: list[bytes]
    acknowledged: list[int]  # how many lines were stored after each look

    @property
    def frame(self) -> int:
        return _FRAME_HEADER + int.from_bytes(self.wal[8:12])

    @property
    def boundaries(self) -> list[int]:
        return [0, *range(_HEADER, len(self.wal) + 1, self.frame)]


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory, new_log: Any, tail_class: Any) -> Torn:
    root = tmp_path_factory.mktemp("torn")
    log, rng = new_log("claude-code", root), random.Random(2)
    tail = tail_class(root / "home")
    tail.again()  # the schema is in the database, and what is read from now on in the write-ahead log
    lines: list[bytes] = []
    acknowledged = [0]
    for _ in range(30):
        new = [log.line(f"line {len(lines) + n} {'z' * 90}", f"n{len(lines) + n}") for n in range(rng.randint(1, 4))]
        lines += new
        log.add(b"".join(new))
        tail.read(log)
        acknowledged.append(len(lines))
    wal = tail.path.with_name("memsrv.db-wal").read_bytes()
    database = tail.path.read_bytes()
    tail.store.close()
    return Torn(log, database, wal, lines, acknowledged)


class Image:
    """One state of the files, opened by memsrv."""

    def __init__(self, torn: Torn, home: Path, wal: bytes, new_tail: Callable[[Path], Any]) -> None:
        home.mkdir()
        (home / "memsrv.db").write_bytes(torn.database)
        (home / "memsrv.db-wal").write_bytes(wal)
        self.torn = torn
        self.tail = new_tail(home)
        self.path = home / "memsrv.db"
        self.held = self.stored()

    def stored(self) -> int:
        """How many lines are stored: a beginning of them, and the file is read so far and no further."""
        with closing(sqlite3.connect(self.path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            ids = [id for (id,) in db.execute("SELECT id FROM events ORDER BY n")]
            offsets = db.execute("SELECT offset FROM files").fetchall()
        assert ids == [f"n{n}" for n in range(len(ids))]
        assert offsets == ([(len(b"".join(self.torn.lines[: len(ids)])),)] if ids else [])
        assert len(ids) in self.torn.acknowledged
        return len(ids)

    def catches_up(self) -> None:
        report = self.tail.read(self.torn.log)
        assert report.events == len(self.torn.lines) - self.held
        assert self.stored() == len(self.torn.lines)
        self.tail.store.close()
        shutil.rmtree(self.path.parent)


def cuts(torn: Torn, boundaries: int, anywhere: int) -> list[int]:
    rng = random.Random(5)
    every = torn.boundaries
    chosen = every if boundaries >= len(every) else sorted(rng.sample(every, boundaries))
    return [*chosen, *(rng.randrange(len(torn.wal)) for _ in range(anywhere))]


def cut_anywhere(torn: Torn, places: list[int], new_tail: Any, root: Path) -> None:
    held = []
    for place in sorted(places):
        image = Image(torn, root / f"cut-{place}", torn.wal[:place], new_tail)
        held.append(image.held)
        image.catches_up()
    assert held == sorted(held)
    assert held[0] < held[-1]


def flip_anywhere(torn: Torn, flips: int, new_tail: Any, root: Path) -> None:
    """A byte that turned over ends the log before the frame that it is in: as if it had been cut there."""
    rng = random.Random(7)
    for number in range(flips):
        place = rng.randrange(len(torn.wal))
        flipped = bytearray(torn.wal)
        flipped[place] ^= 1 << rng.randrange(8)
        before = max(boundary for boundary in torn.boundaries if boundary <= place)
        image = Image(torn, root / f"flip-{number}", bytes(flipped), new_tail)
        cut = Image(torn, root / f"cut-{number}", torn.wal[:before], new_tail)
        assert image.held == cut.held
        image.catches_up()
        cut.catches_up()


def test_cut_at_some_frames_and_bytes_it_opens_and_catches_up(torn: Torn, new_tail: Any, tmp_path: Path) -> None:
    cut_anywhere(torn, cuts(torn, 25, 15), new_tail, tmp_path)


def test_a_byte_that_turned_over_ends_the_log_there(torn: Torn, new_tail: Any, tmp_path: Path) -> None:
    flip_anywhere(torn, 12, new_tail, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_cut_at_every_frame_and_three_hundred_bytes(torn: Torn, new_tail: Any, tmp_path: Path) -> None:
    cut_anywhere(torn, cuts(torn, 1 << 20, 300), new_tail, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_bytes_that_turned_over(torn: Torn, new_tail: Any, tmp_path: Path) -> None:
    flip_anywhere(torn, 200, new_tail, tmp_path)
