"""What an agent's log may hold against its reader's will: one session in every form, and a home of each test's own."""

import contextlib
import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zstandard

from memsrv.app import App
from memsrv.errors import NoLogs, NothingConsented
from memsrv.home import Home
from memsrv.settings import load

_HERE = Path(__file__).resolve().parent


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def cursor_files() -> ModuleType:
    return _module(_HERE.with_name("sources") / "cursor_files.py")


@pytest.fixture(scope="session")
def everywhere() -> ModuleType:
    """`Told` is what a session tells; `FORMS` writes it as each agent does."""
    return _module(_HERE / "everywhere.py")


@dataclass(frozen=True)
class Place:
    """A person's home with agents in it, and memsrv beside them."""

    root: Path
    everywhere: ModuleType
    cursor: ModuleType

    @property
    def home(self) -> Path:
        return self.root / "h"

    @property
    def memory(self) -> Path:
        return self.root / "memsrv"

    @property
    def environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "CLAUDE_"))}
        return ours | {"HOME": str(self.home), "MEMSRV_HOME": str(self.memory)}

    def project(self, name: str) -> Path:
        folder = self.root / "work" / name
        (folder / ".git").mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, form: str, folder: Path, **told: Any) -> Path:
        """A session that was held in `folder`."""
        log: Path = self.everywhere.FORMS[form][1](self.home, self.everywhere.Told(str(folder), **told), self.cursor)
        return log

    def app(self) -> App:
        home = Home(self.memory)
        return App(home, load(home), self.root)

    def refuse(self, key: str) -> None:
        self.app().config_set(key, "false")

    def ingest(self, *paths: Path) -> None:
        """Read what the agents keep, and then each of `paths`, if it may be."""
        for named in ([], *([path] for path in paths)):
            with contextlib.closing(self.app()) as app, contextlib.suppress(NoLogs, NothingConsented):
                app.ingest(named)

    def memsrv(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """What a command said, on both its ways out."""
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", *arguments],
            capture_output=True, text=True, timeout=200, cwd=self.root, env=self.environment, check=False,
        )  # fmt: skip
        assert ended.returncode in codes, ended.stderr
        return ended.stdout + ended.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self.memsrv(*arguments, "--json"))

    def kept(self) -> Iterator[tuple[str, bytes]]:
        """Every byte that memsrv keeps but for the settings, packed or not, and every row of every table."""
        for path in sorted(self.memory.rglob("*")):
            if path.is_file() and path.name != "config.toml":
                yield path.name, path.read_bytes()
        if not (self.memory / "memsrv.db").exists():
            return
        with contextlib.closing(sqlite3.connect(self.memory / "memsrv.db")) as raw:
            for (data,) in raw.execute("SELECT data FROM archive"):
                yield "archive", zstandard.ZstdDecompressor().decompress(data)
            for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = raw.execute(f"SELECT * FROM {name}").fetchall()  # what lies on two pages has no bytes in a row
                yield f"table {name}", "\n".join(str(value) for row in rows for value in row).encode("utf-8", "replace")

    def holding(self, *words: str) -> set[tuple[str, str]]:
        """Where any of `words` is kept, however it is written."""
        return {(name, w) for name, data in self.kept() for w in words if w.lower().encode() in data.lower()}


@pytest.fixture(scope="session")
def placed(everywhere: ModuleType, cursor_files: ModuleType) -> Callable[[Path], Place]:
    return lambda root: Place(root, everywhere, cursor_files)


@pytest.fixture
def place(tmp_path: Path, placed: Callable[[Path], Place], monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "memsrv").mkdir()
    made = placed(tmp_path)
    for name in os.environ.keys() - made.environment.keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(made.home))
    return made
