"""Killed in the middle of reading, again and again, while its log is appended to, rotated and rewritten: nothing is
lost, nothing is told twice, and how far a log was read is what was stored of it."""

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

BATCH_BYTES = 2048

#: Forks a reader for each line that it is told, and kills it after so many seconds; tells how it ended, and how soon.
_NURSERY = """
import json, multiprocessing, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import Tail

def look(home, folder, batch):
    tail = Tail(Path(home))
    tail.look(Path(folder), now=time.time, batch_bytes=batch)
    tail.store.close()

for order in sys.stdin:
    home, folder, delay, batch = json.loads(order)
    child = multiprocessing.get_context("fork").Process(target=look, args=(home, folder, batch))
    begun = time.monotonic()
    child.start()
    child.join(delay)
    child.kill()
    child.join()
    print(child.exitcode, time.monotonic() - begun, flush=True)
"""


class Reader:
    """Reads a folder in a process of its own, to its end or until it is killed."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._order = [str(home), str(folder)]
        self._nursery = subprocess.Popen(
            [sys.executable, "-c", _NURSERY, str(Path(__file__).parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, killed_after: float | None = None) -> tuple[int, float]:
        """How it ended, and after how many seconds."""
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(json.dumps([*self._order, killed_after, BATCH_BYTES]) + "\n")
        self._nursery.stdin.flush()
        code, seconds = self._nursery.stdout.readline().split()
        return int(code), float(seconds)

    def close(self) -> None:
        self._nursery.communicate()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "home", tmp_path / "claude-code")
    yield made
    made.close()


class Writer:
    """An agent that writes fifty lines at a time, and what becomes of its file."""

    def __init__(self, log: Any) -> None:
        self.log, self.written = log, list[str]()

    def lines(self, count: int = 50) -> bytes:
        names = [f"n{len(self.written) + n}" for n in range(count)]
        self.written += names
        return b"".join(self.log.line(f"{name} {'z' * 60}", name) for name in names)

    def append(self) -> None:
        self.log.add(self.lines())

    def rotate(self) -> None:
        """x → x.1 → x.2 → …: every name is another file's than before."""
        path = self.log.path
        old = sorted(path.parent.glob(f"{path.name}.*"), key=lambda old: -int(old.suffix[1:]))
        for file in old:
            file.rename(file.with_suffix(f".{int(file.suffix[1:]) + 1}"))
        path.rename(path.with_name(f"{path.name}.1"))
        path.write_bytes(self.lines())

    def rewrite(self) -> None:
        """Something else before what was there, and more behind it; in its place, or in another file's."""
        data = self.lines(3) + self.log.path.read_bytes() + self.lines()
        if len(self.written) % 2:
            self.log.path.write_bytes(data)
        else:
            self.log.path.with_name("part").write_bytes(data)
            self.log.path.with_name("part").rename(self.log.path)

    def forget_old(self, shape: str) -> None:
        """What was read to its end may go."""
        if shape == "rewrite":
            self.log.path.write_bytes(b"".join(self.log.path.read_bytes().splitlines(keepends=True)[-100:]))
        for file in self.log.path.parent.glob(f"{self.log.path.name}.*"):
            file.unlink()


def stored(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "memsrv.db")) as db:
        return [id for (id,) in db.execute("SELECT id FROM events")]


def is_sound(home: Path) -> None:
    with closing(sqlite3.connect(home / "memsrv.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert (
            db.execute("SELECT count(*) FROM events_fts").fetchone()
            == db.execute("SELECT count(*) FROM events").fetchone()
        )


def unread(home: Path) -> list[str]:
    """The logs that are there and are not read to their end."""
    with closing(sqlite3.connect(home / "memsrv.db")) as db:
        files = {Path(path): offset for path, offset in db.execute("SELECT path, offset FROM files")}
    return [str(path) for path, offset in files.items() if path.exists() and path.stat().st_size != offset]


def kill(shape: str, times: int, log: Any, reader: Reader, home: Path) -> int:
    writer, rng, landed = Writer(log), random.Random(shape), 0
    change: Callable[[], None] = getattr(writer, shape)
    writer.append()
    code, longest = reader.read()
    assert code == 0
    for n in range(1, times + 1):
        change()
        code, seconds = reader.read(killed_after=rng.uniform(0, longest))
        landed += code != 0
        longest = longest if code else seconds  # what a reading takes on this machine, now
        is_sound(home)
        ids = stored(home)
        assert len(ids) == len(set(ids))
        assert set(ids) <= set(writer.written)
        if shape == "append":
            told = b"".join(log.path.read_bytes().splitlines(keepends=True)[: len(ids)])
            with closing(sqlite3.connect(home / "memsrv.db")) as db:
                assert db.execute("SELECT offset FROM files").fetchall() == [(len(told),)]
        if n % 8 == 0 or n == times:
            assert reader.read()[0] == 0
            assert sorted(stored(home)) == sorted(writer.written)
            assert unread(home) == []
            writer.forget_old(shape)
    return landed


@pytest.mark.parametrize("shape", ["append", "rotate", "rewrite"])
def test_twelve_kills(shape: str, new_log: Any, reader: Reader, tmp_path: Path) -> None:
    log = new_log("claude-code", tmp_path)

    assert kill(shape, 12, log, reader, tmp_path / "home") > 0


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shape", ["append", "rotate", "rewrite"])
def test_two_hundred_kills(shape: str, new_log: Any, reader: Reader, tmp_path: Path) -> None:
    log = new_log("claude-code", tmp_path)

    assert kill(shape, 200, log, reader, tmp_path / "home") > 50
