"""Housekeeping: what is live, running or can be resumed stays; the rest goes when asked, and its bytes are counted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from memsrv import keeping
from memsrv.disk import MIB, size_of, usage
from memsrv.home import Home
from memsrv.settings import Keeping
from memsrv_adapters.shelf import Shelf
from memsrv_consolidation.run import Run, write_json

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
KEEP = Keeping(runs=2, versions=2, backups=2)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    return home


def run(home: Home, number: int, *, done: bool = True, project: str = "demo", pid: int = 0, days: float = 0) -> Run:
    """A run that ended, was cut short, or (with a `pid`) goes on; last touched so many days ago."""
    made = Run(home.runs / f"20261101-{number:06}-{project}")
    made.folder.mkdir(parents=True)
    write_json(made.order_file, {"id": made.folder.name, "project": project, "base": "b", "strategy": "paper",
                                 "seed": 7, "threads": 1, "created": "2026-11-01T03:00:00Z"})  # fmt: skip
    made.episodes_file.write_bytes(b"x" * 1000)
    if done:
        write_json(made.report_file, {"verdict": "refuse", "reason": "as told"})
    if pid:
        write_json(made.progress_file, {"stage": "train", "state": "running", "done": 1, "total": 2, "eta_s": None,
                                        "pid": pid, "started": "", "updated": ""})  # fmt: skip
    age(made.folder, days)
    return made


def age(path: Path, days: float) -> None:
    then = (NOW - timedelta(days=days)).timestamp()
    for each in (*(path.rglob("*") if path.is_dir() else ()), path):
        os.utime(each, (then, then))


def version(home: Home, run: str, project: str = "demo") -> str:
    import numpy
    from safetensors.numpy import save_file

    made = home.root / "made"
    made.mkdir(exist_ok=True)
    side = numpy.ones((2, 2), dtype=numpy.float32)
    save_file({"m.q.lora_A.weight": side, "m.q.lora_B.weight": side}, made / "adapter_model.safetensors")
    (made / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2}')
    put = Shelf(home.adapters).put(made, project=project, base="b", base_hash="ab" * 32, strategy="paper", run=run,
                                   created="2026-11-20T03:00:00Z")  # fmt: skip
    return put.version


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))


def test_the_newest_runs_of_each_project_stay(home: Home) -> None:
    for number in range(4):
        run(home, number)
        run(home, number, project="other")

    cleared = keeping.clear(home, KEEP, NOW)

    assert names(home.runs) == [f"20261101-00000{n}-{project}" for n in (2, 3) for project in ("demo", "other")]
    assert cleared.bytes == sum(old.bytes for old in cleared.removed) >= 4 * 1000


def test_a_dry_run_says_the_same_and_removes_nothing(home: Home) -> None:
    for number in range(4):
        run(home, number)

    shown = keeping.clear(home, KEEP, NOW, dry_run=True)
    done = keeping.clear(home, KEEP, NOW)

    assert shown.removed == done.removed
    assert len(done.removed) == 2
    assert shown.usage.runs - done.usage.runs == done.bytes


def test_the_run_that_made_the_live_version_stays(home: Home) -> None:
    first = run(home, 0)
    for number in range(1, 4):
        run(home, number)
    Shelf(home.adapters).promote("demo", version(home, first.folder.name))

    keeping.clear(home, KEEP, NOW)

    assert first.folder.exists()


def test_a_run_that_was_cut_short_stays_while_it_can_be_resumed(home: Home) -> None:
    young, old = run(home, 0, done=False, days=13), run(home, 1, done=False, days=15)

    keeping.clear(home, KEEP, NOW)

    assert young.folder.exists()
    assert not old.folder.exists()


@pytest.fixture
def training() -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a consolidation."""
    code = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-I", "-c", code, "memsrv_consolidation"], stdin=subprocess.PIPE) as process:
        yield process
        process.communicate()


def test_a_run_that_goes_on_stays_however_old(home: Home, training: subprocess.Popen[bytes]) -> None:
    going = run(home, 0, done=False, pid=training.pid, days=90)

    keeping.clear(home, KEEP, NOW)

    assert going.folder.exists()


def test_a_number_that_another_process_got_keeps_nothing(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-I", "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        old = run(home, 0, done=False, pid=stranger.pid, days=90)
        keeping.clear(home, KEEP, NOW)
        stranger.communicate(b"\n")

    assert not old.folder.exists()


_STARTER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-c", "import sys; sys.stdin.read()", "memsrv_consolidation"],
                         start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(child.pid, flush=True)
"""


def test_a_process_that_outlived_who_started_it_is_named_and_left_alone(home: Home) -> None:
    import psutil

    read, write = os.pipe()
    started = subprocess.run([sys.executable, "-I", "-c", _STARTER], stdin=read, capture_output=True, check=True)
    os.close(read)
    child = psutil.Process(int(started.stdout))
    try:
        run(home, 0, done=False, pid=child.pid)

        (orphan,) = keeping.clear(home, KEEP, NOW).orphans

        assert orphan.pid == child.pid
        assert "--resume 20261101-000000-demo" in orphan.remedy
        assert child.is_running()
    finally:
        os.close(write)
        child.wait(30)


def test_versions_that_nothing_points_to_go_but_the_newest(home: Home) -> None:
    shelf = Shelf(home.adapters)
    for number in range(6):
        version(home, f"r{number}")
    shelf.promote("demo", "v1")
    shelf.promote("demo", "v2")
    shelf.offer("demo", "v3")

    keeping.clear(home, Keeping(versions=1), NOW)

    assert shelf.names("demo") == ["v1", "v2", "v3", "v6"]


def test_the_newest_backups_stay(home: Home) -> None:
    home.backups.mkdir()
    for day in range(1, 5):
        (home.backups / f"2026110{day}-030000.tar.gz").write_bytes(b"x")

    keeping.clear(home, KEEP, NOW)

    assert names(home.backups) == ["20261103-030000.tar.gz", "20261104-030000.tar.gz"]


def test_what_killed_processes_left_goes_once_it_is_surely_nobodys(home: Home) -> None:
    version(home, "r")
    left = [
        home.root / ".restore-ab",
        home.adapters / "demo/.part-ab",
        home.root / ".config-ab",
        home.root / ".token-ab",
    ]
    fresh = home.adapters / "demo/.part-cd"
    for path in (*left, fresh):
        path.mkdir()
        (path / "half").write_bytes(b"x")
    for path in left:
        age(path, 1)
    age(fresh, 0)

    keeping.clear(home, KEEP, NOW)

    assert [path for path in left if path.exists()] == []
    assert fresh.exists()


def test_an_address_goes_with_its_process(home: Home) -> None:
    home.endpoint.write_text(json.dumps({"pid": 2**22 + 1, "port": 1}))
    home.watch.write_text(json.dumps({"pid": 2**22 + 1}))

    with FileLock(home.root / "watch.lock"):
        keeping.clear(home, KEEP, NOW)

    assert not home.endpoint.exists()
    assert home.watch.exists()


def test_logs_beyond_those_that_are_rotated_go(home: Home) -> None:
    home.logs.mkdir()
    for name in ("watch.log", "watch.log.1", "watch.log.3", "watch.log.4", "watch.log.12"):
        (home.logs / name).write_text("x")

    keeping.clear(home, KEEP, NOW)

    assert names(home.logs) == ["watch.log", "watch.log.1", "watch.log.3"]


def test_what_cannot_be_removed_is_told_and_the_rest_goes_on(home: Home) -> None:
    shelf = Shelf(home.adapters)
    for number in range(3):
        version(home, f"r{number}")
    (home.adapters / "demo" / "v1" / "manifest.json").write_text("{")
    home.backups.mkdir()
    for day in range(1, 4):
        (home.backups / f"2026110{day}-030000.tar.gz").write_bytes(b"x")

    cleared = keeping.clear(home, Keeping(versions=1, backups=1), NOW)

    assert len(cleared.kept) == 1
    assert "v1" in cleared.kept[0]
    assert shelf.names("demo") == ["v1", "v3"]
    assert len(names(home.backups)) == 1


def test_usage_is_told_by_part(home: Home) -> None:
    run(home, 0)
    (home.root / "memsrv.db").write_bytes(b"x" * 500)
    (home.root / "memsrv.db-wal").write_bytes(b"x" * 300)
    home.models.mkdir()
    (home.models / "big").write_bytes(b"x" * (2 * MIB))

    parts = usage(home)

    assert (parts.database, parts.models) == (800, 2 * MIB)
    assert parts.runs >= 1000
    assert parts.total == size_of(home.root)


def test_a_home_that_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert usage(Home(tmp_path / "none")).total == 0
    assert keeping.clear(Home(tmp_path / "none"), KEEP, NOW).removed == ()
