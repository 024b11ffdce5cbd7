"""`memsrv statusline`: one line from a cache file, whatever the file holds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memsrv import statusline
from memsrv.environment import open_home


def run(home: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "MEMSRV_HOME": str(home)}
    command = [sys.executable, "-I", "-m", "memsrv", "statusline"]
    return subprocess.run(command, env=environment, input=given, capture_output=True, check=False)


def test_the_first_line_of_the_cache_is_printed_alone(tmp_path: Path) -> None:
    (tmp_path / "statusline.txt").write_text("memsrv v3 · 42 memories\nsecond\n", "utf-8")

    ended = run(tmp_path)

    assert (ended.stdout.decode(), ended.stderr, ended.returncode) == ("memsrv v3 · 42 memories\n", b"", 0)


def test_without_a_cache_there_is_still_a_line(tmp_path: Path) -> None:
    ended = run(tmp_path / "nowhere")

    assert ended.stdout.decode() == statusline.EMPTY + "\n"
    assert ended.returncode == 0


@pytest.mark.parametrize("given", [b"", b"{", b"\xff\xfe\x00", json.dumps({"model": None}).encode(), b"[" * 100_000])
def test_whatever_the_host_sends_it_ends_well(tmp_path: Path, given: bytes) -> None:
    assert run(tmp_path, given).returncode == 0


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    cache = tmp_path / "statusline.txt"
    cache.write_bytes(b"\x1b[2Jmem\x07srv \xff ok\n")

    assert statusline.read(cache) == "[2Jmemsrv � ok"


def test_a_folder_in_the_caches_place_is_no_error(tmp_path: Path) -> None:
    assert statusline.read(tmp_path) == statusline.EMPTY


@pytest.mark.skipif(sys.platform == "win32", reason="platformdirs asks Windows itself")
@pytest.mark.parametrize(
    "variables",
    [{"MEMSRV_HOME": "/somewhere/else"}, {"MEMSRV_HOME": "~/mem"}, {"XDG_DATA_HOME": "/data"}, {"XDG_DATA_HOME": ""}],
)
def test_the_cache_lies_where_the_settings_put_it(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    monkeypatch.delenv("MEMSRV_HOME")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert statusline.cache_file() == open_home().statusline
