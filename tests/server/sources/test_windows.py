"""Logs that were written on Windows, read anywhere: their folders, projects and paths are what Windows calls them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

from memsrv.lenses.paths import relative
from memsrv.project import identify
from memsrv.sources import SOURCES, LineSource, LogFacts, SnapshotSource
from memsrv.sources.calls import path_of
from memsrv.sources.machine import Machine

FOLDER = r"C:\Users\x\My Projects\shop"


@pytest.fixture
def home(tmp_path: Path, samples: Callable[[Path], Mapping[str, Path]]) -> Mapping[str, Path]:
    """Every agent's session, with its folder as Windows writes it, inside JSON or not."""
    made = samples(tmp_path)
    inside = json.dumps(FOLDER)[1:-1]
    for log in made.values():
        data = log.read_bytes()
        if not data.startswith(b"SQLite"):
            log.write_bytes(data.replace(b"/w/shop", inside.encode()))
    return made


def facts(source: Any, log: Path) -> LogFacts:
    if isinstance(source, LineSource):
        reader = source.reader(log, {})
        for line in log.read_bytes().splitlines(keepends=True):
            reader.read(line)
        return reader.facts
    assert isinstance(source, SnapshotSource)
    return next(iter(source.snapshots(log, {}))).facts


@pytest.mark.parametrize("agent", ["ClaudeCode", "Codex", "Copilot", "Pi"])
def test_a_session_on_windows_has_its_folder_and_project(home: Mapping[str, Path], agent: str) -> None:
    source = next(one for one in SOURCES if type(one).__name__ == agent)

    cwd = facts(source, home[agent]).cwd

    assert (cwd, identify(cwd)) == (FOLDER, "shop")


def test_a_chat_in_a_window_of_windows_has_its_folder_and_project(home: Mapping[str, Path]) -> None:
    log = home["VSCode"]
    log.parent.parent.joinpath("workspace.json").write_text('{"folder": "file:///c%3A/Users/x/My%20Projects/shop"}')

    cwd = facts(next(one for one in SOURCES if type(one).__name__ == "VSCode"), log).cwd

    assert cwd is not None
    assert PureWindowsPath(cwd) == PureWindowsPath(FOLDER)
    assert (identify(cwd), "/" in cwd) == ("shop", False)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///c%3A/Users/x/shop/a%20b.py", r"c:\Users\x\shop\a b.py"),
        ("file:///C:/Users/x/shop", r"C:\Users\x\shop"),
        ("file://server/share/shop", r"\\server\share\shop"),
        ("file://wsl.localhost/Ubuntu/home/x/shop", "/home/x/shop"),
        ("file://wsl%24/Ubuntu/home/x/shop", "/home/x/shop"),
        ("file:///home/x/shop", "/home/x/shop"),
        ("file://localhost/home/x/shop", "/home/x/shop"),
        ("vscode-remote://wsl%2Bubuntu/home/x/shop", "/home/x/shop"),
        (r"c:\Users\x\shop", r"c:\Users\x\shop"),
        ("file://[", None),
    ],
)
def test_an_address_is_the_path_that_it_names(address: str, path: str | None) -> None:
    assert path_of(address) == path


@pytest.mark.parametrize(
    ("path", "cwd", "told"),
    [
        (r"C:\Users\x\shop\src\a.py", r"C:\Users\x\shop", "src/a.py"),
        (r"c:\users\X\shop\src\a.py", r"C:\Users\x\shop", "src/a.py"),
        ("C:/Users/x/shop/src/a.py", r"C:\Users\x\shop", "src/a.py"),
        (r"\\server\share\shop\a.py", r"\\server\share\shop", "a.py"),
        (r"C:\Users\x\notes.txt", r"C:\Users\x\shop", "notes.txt"),
        (r"C:\Users\x\deep\er\still\notes.txt", None, "er/still/notes.txt"),
        ("/w/shop/src/a.py", "/w/shop", "src/a.py"),
    ],
)
def test_a_path_is_told_from_the_folder_of_work_and_never_from_somebodys_home(
    path: str, cwd: str | None, told: str
) -> None:
    assert relative(path, cwd) == told


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_agents_folders_lie_in_the_home_or_where_the_system_says(system: str) -> None:
    machine = Machine(Path("/h"), system, {"APPDATA": "/roaming"} if system == "win32" else {})
    around = (Path("/h"), Path("/roaming"))

    for source in SOURCES:
        folders = source.folders(machine)
        assert all(any(folder.is_relative_to(place) for place in around) for folder in folders), source.name
