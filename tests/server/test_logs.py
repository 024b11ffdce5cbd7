"""Logs of background processes: bounded whoever writes, their owner's alone, and without a secret."""

import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from memsrv import logs
from memsrv.home import Home
from memsrv.redact import Redactor
from memsrv.settings import Settings

SECRET = "ghp_" + "9aK2mXq7" + "Zt4RwB8c" + "LfY3hNs6" + "VpD1gJe5" + "uQ0T"
REDACTOR = Redactor(b"0" * 32, ["Project Nightingale"])
MIB = 1 << 20


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logging.Logger]:
    """A logger of its own, written to `tmp_path/some.log`, at most 0.05 MiB."""
    made = logging.Logger(str(tmp_path))
    handler = logs.handler(tmp_path / "some.log", 0.05, lambda text: REDACTOR.redact(text)[0])
    made.addHandler(handler)
    yield made
    handler.close()


def written(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in sorted(folder.glob("some.log*")))


def test_a_secret_in_a_message_does_not_reach_the_log(log: logging.Logger, tmp_path: Path) -> None:
    log.warning("cannot push with %s for Project Nightingale", SECRET)

    assert SECRET not in written(tmp_path)
    assert "Nightingale" not in written(tmp_path)
    assert "[redacted:" in written(tmp_path)


def test_a_secret_in_an_exception_does_not_reach_the_log(log: logging.Logger, tmp_path: Path) -> None:
    try:
        try:
            raise ValueError(f"token {SECRET} was refused")
        except ValueError as error:
            raise RuntimeError("could not push") from error
    except RuntimeError:
        log.exception("push.failed")

    assert "RuntimeError: could not push" in written(tmp_path)
    assert SECRET not in written(tmp_path)


def test_a_log_and_its_old_ones_stay_below_four_times_the_size(log: logging.Logger, tmp_path: Path) -> None:
    for n in range(3000):
        log.info("event.%d %s", n, "x" * 200)

    files = sorted(path.name for path in tmp_path.glob("some.log*"))
    assert files == ["some.log", "some.log.1", "some.log.2", "some.log.3"]
    assert sum((tmp_path / name).stat().st_size for name in files) <= 4 * 0.05 * MIB
    assert "event.2999 " in (tmp_path / "some.log").read_text("utf-8")


def test_one_endless_record_is_cut(log: logging.Logger, tmp_path: Path) -> None:
    log.error("x" * MIB)

    assert (tmp_path / "some.log").stat().st_size < 0.05 * MIB


_WRITER = """
import logging, sys
from pathlib import Path
from memsrv import logs
log = logging.getLogger("memsrv")
log.addHandler(logs.handler(Path(sys.argv[1]), 0.02, lambda text: text))
log.setLevel(logging.INFO)
for n in range(150):
    log.info("writer %s line %04d", sys.argv[2], n)
"""


def test_processes_that_write_at_once_lose_no_line_and_tear_none(tmp_path: Path) -> None:
    """Three writers, 150 lines each, over several rotations: what is kept is whole lines."""
    file = tmp_path / "some.log"
    writers = [
        subprocess.Popen([sys.executable, "-I", "-c", _WRITER, str(file), name], stderr=subprocess.PIPE)
        for name in ("a", "b", "c")
    ]
    for writer in writers:
        _, complaints = writer.communicate(timeout=120)
        assert (writer.returncode, complaints) == (0, b"")

    lines = written(tmp_path).splitlines()
    told = [line.split("] writer ")[1] for line in lines]
    assert sorted(told) == sorted(f"{name} line {n:04}" for name in "abc" for n in range(150))
    assert sum(path.stat().st_size for path in tmp_path.glob("some.log*")) <= 4 * 0.02 * MIB


_PROCESS = """
import os, sys
os.umask(0)
from pathlib import Path
from memsrv import logs
from memsrv.home import Home
from memsrv.settings import Settings
logs.start(Home(Path(sys.argv[1])), "watch", Settings())
raise RuntimeError("nobody expected " + sys.argv[2])
"""


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_what_nobody_caught_is_in_the_log_and_the_log_is_its_owners_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    ended = subprocess.run([sys.executable, "-I", "-c", _PROCESS, str(home.root), SECRET], check=False)

    log = home.logs / "watch.log"
    assert ended.returncode == 1
    assert "process.failed" in log.read_text("utf-8")
    assert "RuntimeError: nobody expected [redacted:" in log.read_text("utf-8")
    assert SECRET not in log.read_text("utf-8")
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.logs.iterdir()} == {0o600}
    assert stat.S_IMODE(home.logs.stat().st_mode) == 0o700


def test_a_log_that_becomes_a_process_stderr_is_rotated_before(tmp_path: Path) -> None:
    file = tmp_path / "endpoint.log"
    for n in range(6):
        file.write_bytes(bytes([65 + n]) * MIB)
        logs.rotate(file, 1)

    kept = sorted(tmp_path.iterdir())
    assert [path.name for path in kept] == ["endpoint.log.1", "endpoint.log.2", "endpoint.log.3"]
    assert [path.read_bytes()[:1] for path in kept] == [b"F", b"E", b"D"]


def test_a_small_log_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "endpoint.log"
    file.write_text("x")

    logs.rotate(file, Settings().keep.log_mib)

    assert file.read_text() == "x"
