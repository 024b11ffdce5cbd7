"""What memsrv writes is its user's alone, whatever the user's umask says: folders 0700, files 0600."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX modes")

Memsrv = Callable[..., str]


@pytest.fixture(
    params=[pytest.param(0o000, id="umask 000"), pytest.param(0o022, id="umask 022", marks=pytest.mark.soak)]
)
def memsrv(request: pytest.FixtureRequest, tmp_path: Path) -> Memsrv:
    """The command line, with the umask of somebody who shares everything."""
    (tmp_path / PROJECT).mkdir()
    home = tmp_path / "home"
    write_logs(SITTINGS, tmp_path / "claude", str(tmp_path / PROJECT))

    def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", *arguments],
            env=os.environ | {"MEMSRV_HOME": str(home)}, cwd=tmp_path / PROJECT, umask=request.param,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode in codes, ended.stderr
        return ended.stdout

    run("ingest", str(tmp_path / "claude"))
    return run


def open_to_others(home: Path) -> list[str]:
    """Whatever in `home` is not 0700 or 0600."""
    wanted = {True: 0o700, False: 0o600}
    every = [home, *home.rglob("*")]
    found = [(path, stat.S_IMODE(path.lstat().st_mode)) for path in every]
    return [f"{path.relative_to(home)} {mode:o}" for path, mode in found if mode != wanted[path.is_dir()]]


def test_reading_keeping_and_forgetting_leave_nothing_open(memsrv: Memsrv, tmp_path: Path) -> None:
    memory = json.loads(memsrv("memories", "--json"))["memories"][0]["id"]
    memsrv("save", "The port of the lighthouse is 7001.", "--kind", "episodic")
    memsrv("backup")
    memsrv("night", "run")
    memsrv("forget", memory, "--erase", "--yes")
    memsrv("backup", str(tmp_path / "mine.tar.gz"))
    memsrv("restore", str(tmp_path / "mine.tar.gz"), "--yes")
    memsrv("gc")

    assert open_to_others(tmp_path / "home") == []
    assert stat.S_IMODE((tmp_path / "mine.tar.gz").stat().st_mode) == 0o600


@pytest.mark.soak
def test_a_consolidation_leaves_nothing_open(memsrv: Memsrv, tmp_path: Path, random_base: Path) -> None:
    memsrv("config", "set", "base", str(random_base))
    memsrv("config", "set", "threads", "1")
    memsrv("config", "set", "any_base", "true")
    memsrv("consolidate", "--yes", codes=(0, 3))
    memsrv("backup")

    assert open_to_others(tmp_path / "home") == []
