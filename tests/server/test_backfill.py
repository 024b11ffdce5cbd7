"""Old logs in plenty: a person is asked before they are read; until then the watch leaves all but the newest."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import App
from memsrv.home import Home
from memsrv.settings import load
from memsrv.watch import Watch, standing

MIB = 1 << 20
DAY = 86_400


class Old:
    """A home that allows one MiB unasked, and logs of different ages."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home")
        self.home.root.mkdir()
        self.home.config.write_text("[watch]\nbackfill_mib = 1\nrescan_seconds = 0.2\n", "utf-8")
        self.config = root / "claude"
        self.root = root
        self.app = App(self.home, load(self.home), root)

    def log(self, session: str, words: str, *, days: float, mib: float = 0.0) -> Path:
        path = self.config / "projects" / "-x" / f"{session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [words, *("word " * 2_000 for _ in range(int(mib * MIB / 10_000)))]
        with path.open("a", encoding="utf-8") as file:
            for number, text in enumerate(lines):
                record = {
                    "type": "user", "uuid": f"{session}-{file.tell()}-{number}", "parentUuid": None,
                    "sessionId": session, "timestamp": "2026-01-02T03:04:05.678Z", "cwd": "/nowhere/shop",
                    "version": "2.1.30", "message": {"role": "user", "content": text},
                }  # fmt: skip
                file.write(json.dumps(record) + "\n")
        when = time.time() - days * DAY
        os.utime(path, (when, when))
        return path

    def memsrv(self, *arguments: str, **chosen: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments), env=self.environment, cwd=self.root, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, **chosen,
        )  # fmt: skip

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-I", "-m", "memsrv", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "MEMSRV_HOME": str(self.home.root), "CLAUDE_CONFIG_DIR": str(self.config)}

    def knows(self, words: str) -> bool:
        return bool(self.app.store.search_turns(words))


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Old]:
    made = Old(tmp_path)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(made.config))
    yield made
    made.app.close()


@pytest.fixture
def watching(old: Old) -> Iterator[Callable[[], Watch]]:
    watches: list[Watch] = []

    def begin() -> Watch:
        folders = {"claude-code": [old.config / "projects"]}
        watches.append(Watch(old.home, App(old.home, load(old.home), old.root), folders=folders))
        watches[-1].start()
        return watches[-1]

    yield begin
    for watch in watches:
        watch.stop()


def until(true: Callable[[], Any]) -> Any:
    limit = time.monotonic() + 60
    while not (found := true()):
        assert time.monotonic() < limit, "it did not come true in time"
        time.sleep(0.01)
    return found


# Asking


def test_so_much_that_nobody_asked_for_is_not_read_where_nobody_is_there_to_be_asked(old: Old) -> None:
    old.log("a", "The zeppelin needs helium.", days=90, mib=2)

    ended = old.memsrv("ingest")

    assert ended.returncode == 1
    assert "claude-code: 1 log, 2 MiB" in ended.stderr
    assert "memsrv ingest --yes" in ended.stderr
    assert not old.knows("zeppelin")


def test_how_much_how_long_and_from_when_is_said_before_it_is_read(old: Old) -> None:
    old.log("a", "The zeppelin needs helium.", days=90, mib=1.5)
    newest = old.log("b", "The kite needs a string.", days=2, mib=0.5)

    waiting = old.app.backlog()

    assert waiting is not None
    assert (waiting.logs, waiting.agents[0].agent, waiting.agents[0].logs) == (2, "claude-code", 2)
    assert waiting.bytes == sum(log.stat().st_size for log in newest.parent.iterdir())
    assert waiting.agents[0].oldest < waiting.agents[0].newest
    assert waiting.seconds is not None
    assert waiting.sampled == waiting.bytes
    assert list(old.home.root.glob(".sample-*")) == []
    assert not old.knows("zeppelin")


def test_little_is_read_without_asking_and_yes_reads_all(old: Old) -> None:
    old.log("a", "The zeppelin needs helium.", days=90)
    assert old.memsrv("ingest").returncode == 0
    assert old.knows("zeppelin")


def test_yes_reads_all_and_the_next_ingest_asks_no_more(old: Old) -> None:
    old.log("a", "The zeppelin needs helium.", days=90, mib=2)

    assert old.memsrv("ingest", "--yes").returncode == 0
    old.log("b", "The kite needs a string.", days=80, mib=2)

    assert old.knows("zeppelin")
    assert old.memsrv("ingest").returncode == 0
    assert old.knows("kite")


def test_since_leaves_older_logs_out_and_what_is_left_may_be_little(old: Old) -> None:
    old.log("a", "The zeppelin needs helium.", days=90, mib=2)
    old.log("b", "The kite needs a string.", days=2)

    assert old.memsrv("ingest", "--since", "30d").returncode == 0

    assert (old.knows("kite"), old.knows("zeppelin")) == (True, False)


@pytest.mark.parametrize("given", ["yesterday", "30", "2026-13-01"])
def test_a_time_that_is_none_is_told(old: Old, given: str) -> None:
    ended = old.memsrv("ingest", "--since", given)

    assert (ended.returncode, "write it as 30d" in ended.stderr) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ingest_that_is_stopped_says_so_and_the_next_goes_on(old: Old) -> None:
    logs = [old.log(f"s{n}", f"The zeppelin{n} needs helium.", days=90 - n, mib=1.5) for n in range(8)]
    running = subprocess.Popen(
        old.command("ingest", "--yes"), env=old.environment, cwd=old.root, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: old.home.database.exists() and old.knows("zeppelin0"))
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)

    assert (running.returncode, "`memsrv ingest` goes on where it was" in said) == (130, True)
    assert old.memsrv("ingest").returncode == 0
    assert [n for n, _ in enumerate(logs) if not old.knows(f"zeppelin{n}")] == []


# The watch


def test_the_watch_reads_the_newest_and_says_how_much_is_left(old: Old, watching: Callable[[], Watch]) -> None:
    oldest = old.log("a", "The zeppelin needs helium.", days=90, mib=0.8)
    old.log("b", "The kite needs a string.", days=2, mib=0.6)
    watching()

    until(lambda: standing(old.home).scanned)

    assert (old.knows("kite"), old.knows("zeppelin")) == (True, False)
    assert (standing(old.home).left_logs, standing(old.home).left_bytes) == (1, oldest.stat().st_size)


def test_what_is_written_now_is_read_however_much_is_left(old: Old, watching: Callable[[], Watch]) -> None:
    log = old.log("a", "The zeppelin needs helium.", days=90, mib=2)
    watching()
    until(lambda: standing(old.home).left_logs == 1)

    old.log("b", "The kite needs a string.", days=0, mib=2)
    until(lambda: old.knows("kite"))
    assert not old.knows("zeppelin")
    os.utime(log)  # its agent goes on with it

    until(lambda: old.knows("zeppelin"))


def test_once_a_person_was_asked_the_watch_goes_on_with_what_they_want(old: Old, watching: Callable[[], Watch]) -> None:
    old.log("a", "The zeppelin needs helium.", days=90, mib=2)
    old.log("b", "The kite needs a string.", days=20, mib=2)
    watching()
    until(lambda: standing(old.home).left_logs == 2)

    old.app.asked_since(datetime.fromtimestamp(time.time() - 30 * DAY))

    until(lambda: old.knows("kite"))
    until(lambda: standing(old.home).left_logs == 1)
    assert not old.knows("zeppelin")


def test_a_log_that_was_read_once_is_no_backlog(old: Old, watching: Callable[[], Watch]) -> None:
    log = old.log("a", "The zeppelin needs helium.", days=90, mib=2)
    old.app.read_logs([log])
    old.log("a", "The kite needs a string.", days=80)
    watching()

    until(lambda: old.knows("kite"))

    assert standing(old.home).left_logs == 0


def test_the_night_reads_no_backlog(old: Old) -> None:
    old.log("a", "The zeppelin needs helium.", days=90, mib=2)
    old.log("b", "The kite needs a string.", days=2)

    old.app.read_unasked()

    assert (old.knows("kite"), old.knows("zeppelin")) == (True, False)
