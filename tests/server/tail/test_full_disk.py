"""A disk that is full, or that may only be read: every verb says so in a sentence, nothing is harmed, and when there is
room again all is caught up."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

_LIMITED = """
import resource, signal, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.argv = ["memsrv", *sys.argv[2:]]
from memsrv.cli import main
sys.exit(main())
"""


class Disk:
    """A small disk of its own, with a home on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"

    def mount(self, *options: str) -> None:
        subprocess.run(["mount", *options, str(self.root)], check=True, capture_output=True)

    def fill(self) -> None:
        with (self.root / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return

    def make_room(self) -> None:
        (self.root / "ballast").unlink()

    def run(self, *command: str, limit: int | None = None) -> "subprocess.CompletedProcess[str]":
        start = ["-m", "memsrv"] if limit is None else ["-c", _LIMITED, str(limit)]
        return subprocess.run(
            [sys.executable, "-I", *start, *command],
            env={**os.environ, "MEMSRV_HOME": str(self.home)},
            cwd=self.root.parent,
            capture_output=True,
            text=True,
        )

    def told(self, *command: str, limit: int | None = None) -> str:
        """The sentence with which `command` ends."""
        ended = self.run(*command, limit=limit)
        assert ended.returncode == 1, (command, ended)
        assert "Traceback" not in ended.stderr
        (sentence,) = ended.stderr.splitlines()
        assert sentence.startswith(f"memsrv: {self.home}")
        return sentence

    def stored(self) -> int:
        with closing(sqlite3.connect(self.home / "memsrv.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            count: int = db.execute("SELECT count(*) FROM events").fetchone()[0]
        return count


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    root = tmp_path / "disk"
    root.mkdir()
    made = Disk(root)
    mounts = shutil.which("mount")
    if mounts is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk; a limit on the size of files stands for it below")
    tried = subprocess.run([mounts, "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(root)], capture_output=True)
    if tried.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield made
    subprocess.run(["umount", str(root)], check=True)


#: Each writes somewhere else: the database, the settings, a backup.
VERBS = [
    ("ingest", "LOGS"),
    ("config", "set", "watch.quiet_seconds", "3"),
    ("save", "The owner of the shop is Kim.", "--kind", "episodic"),
    ("backup", "HOME/backup.tar"),
    ("forget", "anything"),
    ("projects", "exclude", "shop"),
]


def verb(words: tuple[str, ...], log: Any, disk: Disk) -> list[str]:
    return [word.replace("LOGS", str(log.path.parent)).replace("HOME", str(disk.home)) for word in words]


def read_once(log: Any, disk: Disk) -> None:
    """Some of a log is read; then much is written to it."""
    log.add(log.line("first"))
    assert disk.run("ingest", str(log.path.parent)).returncode == 0
    log.add(b"".join(log.line(f"line {n} {os.urandom(200).hex()}", f"n{n}") for n in range(200)))


def on_a_full_disk(verbs: Sequence[tuple[str, ...]], small_disk: Disk, log: Any) -> None:
    read_once(log, small_disk)
    small_disk.fill()

    for words in verbs:
        assert "full" in (said := small_disk.told(*verb(words, log, small_disk))) or "No space" in said
    status = small_disk.run("status")

    assert status.returncode == 0
    assert "full" in status.stdout
    assert "nothing has been read" not in status.stdout
    assert "Traceback" not in status.stderr
    is_no_damage(small_disk, "full", " MiB are free")
    small_disk.make_room()
    assert small_disk.run("ingest", str(log.path.parent)).returncode == 0
    assert small_disk.stored() == 201


def is_no_damage(small_disk: Disk, *words: str) -> None:
    """The doctor says what keeps the home from being written to, and advises no restore."""
    doctor = small_disk.run("doctor")

    assert doctor.returncode == 1
    assert "Traceback" not in doctor.stderr
    wrong = [line for line in doctor.stdout.splitlines() if line.startswith("! ")]
    assert [line for line in wrong if any(word in line for word in words)]
    assert not [line for line in wrong if "restore" in line or "rebuild" in line]


def in_a_home_that_may_only_be_read(verbs: Sequence[tuple[str, ...]], small_disk: Disk, log: Any) -> None:
    read_once(log, small_disk)
    small_disk.mount("-o", "remount,ro")

    for words in verbs:
        assert "Read-only" in small_disk.told(*verb(words, log, small_disk))
    status = small_disk.run("status")

    assert status.returncode == 0
    assert "Read-only" in status.stdout
    is_no_damage(small_disk, "Read-only", "cannot be written")
    small_disk.mount("-o", "remount,rw")
    assert small_disk.run("ingest", str(log.path.parent)).returncode == 0
    assert small_disk.stored() == 201


def test_on_a_full_disk(small_disk: Disk, new_log: Any, tmp_path: Path) -> None:
    on_a_full_disk(VERBS[:2], small_disk, new_log("claude-code", tmp_path))


def test_in_a_home_that_may_only_be_read(small_disk: Disk, new_log: Any, tmp_path: Path) -> None:
    in_a_home_that_may_only_be_read(VERBS[:2], small_disk, new_log("claude-code", tmp_path))


@pytest.mark.soak
def test_every_verb_on_a_full_disk(small_disk: Disk, new_log: Any, tmp_path: Path) -> None:
    on_a_full_disk(VERBS, small_disk, new_log("claude-code", tmp_path))


@pytest.mark.soak
def test_every_verb_in_a_home_that_may_only_be_read(small_disk: Disk, new_log: Any, tmp_path: Path) -> None:
    in_a_home_that_may_only_be_read(VERBS, small_disk, new_log("claude-code", tmp_path))


def test_where_the_disk_fills_up_in_the_middle_of_a_log(new_log: Any, tmp_path: Path) -> None:
    """What was stored stays, what was not is read when there is room: each batch is there or not."""
    log, disk = new_log("claude-code", tmp_path), Disk(tmp_path / "disk")
    disk.root.mkdir()
    read_once(log, disk)
    log.add(b"".join(log.line(f"more {n} {os.urandom(1000).hex()}", f"m{n}") for n in range(800)))

    said = disk.told("ingest", str(log.path.parent), limit=1500_000)

    assert "full" in said
    assert 1 <= disk.stored() < 1001
    assert disk.run("ingest", str(log.path.parent)).returncode == 0
    assert disk.stored() == 1001
