"""The doctor names what keeps memsrv from working with what to do, and says no word of any log."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsrv import config, doctor
from memsrv.app import App
from memsrv.doctor import Check
from memsrv.environment import MOVING, child_environment, moved
from memsrv.home import Home
from memsrv.settings import load
from memsrv.sources import SOURCES
from memsrv.sources.machine import Machine
from memsrv.status import AgentStanding, Standing, Watcher

CODEX = AgentStanding("codex", logs=3, folders=("/h/.codex",), found=3, newest="2026-11-20T10:00:00Z", events=900)
WELL = Standing(version="1", home="/h", project="shop", watch=Watcher(True, pid=7, mode="events"))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    made = App(home, load(home), tmp_path)
    yield made
    made.close()


def log(app: App, *texts: str) -> Path:
    path = app.cwd / "claude" / "projects" / "-x" / "s.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for text in texts:
            record = {
                "type": "user", "uuid": f"u{file.tell()}", "parentUuid": None, "sessionId": "s",
                "timestamp": "2026-01-02T03:04:05.678Z", "cwd": "/nowhere/shop", "version": "2.1.30",
                "message": {"role": "user", "content": text},
            }  # fmt: skip
            file.write(json.dumps(record) + "\n")
            file.flush()
    return path


def found(app: App, **chosen: Any) -> dict[str, Check]:
    """The worst check of each name."""
    order = (doctor.WELL, doctor.KNOWN, doctor.WRONG)
    worst: dict[str, Check] = {}
    for check in app.doctor(**chosen).checks:
        if check.name not in worst or order.index(check.state) > order.index(worst[check.name].state):
            worst[check.name] = check
    return worst


def of(checks: Iterator[Check]) -> str:
    return "\n".join(f"{c.state} {c.what}: {c.remedy}" for c in checks)


# A home


def test_a_home_in_which_all_is_well_needs_no_hand(app: App) -> None:
    log(app, "The zeppelin needs helium.")
    app.ingest()

    assert app.doctor().well
    assert found(app)["claude-code"].what.startswith("1 log in ")


def test_no_word_of_a_log_is_said(app: App) -> None:
    path = log(app, "The zeppelin needs helium.")
    with path.open("ab") as file:
        file.write(b'{"broken zeppelin\n{"type": "zeppelin ride", "helium": 1}\n')
    app.ingest()

    said = json.dumps([check.what for check in app.doctor().checks])

    assert "1 unreadable" in said
    assert "elium" not in said
    assert "broken" not in said


def test_a_home_that_others_can_read_needs_a_hand(app: App) -> None:
    app.home.root.chmod(0o755)

    assert (found(app)["home"].state, app.doctor().well) == (doctor.WRONG, False)
    assert "chmod 700" in (found(app)["home"].remedy or "")


def test_a_damaged_database_needs_a_hand_and_is_not_counted_from(app: App) -> None:
    log(app, *(f"The zeppelin {n} needs helium." for n in range(300)))
    app.ingest()
    app.close()
    with app.home.database.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 40_000)

    assert found(app)["database"].state == doctor.WRONG
    assert "claude-code" not in found(app)


def test_a_file_that_is_no_database_is_told_once_with_the_way_back(app: App) -> None:
    app.home.database.write_bytes(b"no database at all, but long enough to be taken for one" * 100)

    check = found(app)["database"]

    assert check.state == doctor.WRONG
    assert check.what.count(str(app.home.database)) == 1
    assert "memsrv restore" in (check.remedy or "")


def test_a_database_that_is_only_newer_is_not_to_be_restored(app: App) -> None:
    log(app, "The zeppelin needs helium.")
    app.ingest()
    app.close()
    with closing(sqlite3.connect(app.home.database)) as db, db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('memsrv', 'm999', '')")

    check = found(app)["database"]

    assert check.state == doctor.WRONG
    assert "restore" not in f"{check.what} {check.remedy}"


def test_where_no_agent_is_found_the_setting_is_named_that_tells_where(app: App) -> None:
    assert "sources.AGENT.folders" in (found(app)["agents"].remedy or "")


def test_folders_that_a_person_named_are_read_like_an_agents_own(app: App, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "projects"
    place.parent.mkdir()
    log(app, "The zeppelin needs helium.").parents[1].rename(place)
    config.put(app.home, "sources.claude-code.folders", [str(place)])

    app.ingest()

    assert app.store.search_turns("zeppelin")
    assert config.entry(app.home, "sources.claude-code.folders").value == [str(place)]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may look anywhere")
def test_a_folder_that_may_not_be_looked_into_needs_a_hand(app: App) -> None:
    folder = log(app, "The zeppelin needs helium.").parents[1]
    folder.chmod(0o000)
    try:
        assert found(app)["folders"].state == doctor.WRONG
    finally:
        folder.chmod(0o700)


# Figures


def test_a_format_that_drifts_a_little_is_known_and_much_of_it_needs_a_hand() -> None:
    names = {f"type:{n}": 10 - n for n in range(7)}

    little = of(doctor.of_folders([replace(CODEX, unknown=names, unknown_share=0.01)], ()))
    much = of(doctor.of_folders([replace(CODEX, unknown=names, unknown_share=0.2)], ()))

    assert "known not understood: 1.00%, mostly type:0 (10)" in little
    assert "type:5" not in little
    assert "wrong not understood: 20.00%" in much


def test_losses_are_named_by_kind_and_a_log_that_was_not_opened_needs_a_hand() -> None:
    assert "known lost: 1 gone" in of(doctor.of_folders([replace(CODEX, lost={"gone": 1})], ()))
    assert "wrong lost: 2 unopened" in of(doctor.of_folders([replace(CODEX, lost={"unopened": 2})], ()))


def test_a_limit_of_the_system_that_the_watch_has_met_needs_a_hand() -> None:
    at_limit = replace(WELL, watch=Watcher(True, pid=7, mode="rescan (/h: inotify watch limit reached)"))

    assert of(doctor.of_watch(WELL)).startswith("well process 7 watches, by events")
    assert of(doctor.of_watch(at_limit)).startswith("wrong")


def test_few_watches_of_the_system_are_told_with_the_command_that_raises_them(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n", "ascii")
    (tmp_path / "max_user_instances").write_text("128\n", "ascii")

    assert "sysctl fs.inotify.max_user_watches" in of(doctor.of_limits(tmp_path))
    assert of(doctor.of_limits(tmp_path / "another system")) == ""


# The command


def memsrv(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "MEMSRV_HOME": str(home.root)}
    return subprocess.run(
        [sys.executable, "-I", "-m", "memsrv", "doctor", *arguments],
        env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def test_the_command_ends_with_1_where_something_needs_a_hand_and_0_where_nothing_does(app: App) -> None:
    log(app, "The zeppelin needs helium.")
    app.ingest()
    well = memsrv(app.home, "--json")
    app.home.config.write_text("[watch\n", "utf-8")
    ill = memsrv(app.home)

    assert (well.returncode, json.loads(well.stdout)["well"]) == (0, True)
    assert (ill.returncode, "is not valid TOML" in ill.stdout) == (1, True)


# Variables


class _Asked(Mapping[str, str]):
    """An environment that notes which names are looked up."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_every_variable_that_a_source_honours_is_told_to_timers_and_to_processes_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _Asked()
    for system in ("linux", "darwin", "win32"):
        for source in SOURCES:
            list(source.folders(Machine(tmp_path, system, asked)))
    names = asked.names - {"APPDATA"}  # Windows itself sets it, for every process
    for name in names:
        monkeypatch.setenv(name, str(tmp_path / name))

    assert names <= set(MOVING)
    assert names <= moved(Home(tmp_path)).keys()
    assert names <= child_environment().keys()


def test_a_name_that_is_relative_to_each_project_is_told_to_no_timer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIDER_CHAT_HISTORY_FILE", "notes/chat.md")

    assert "AIDER_CHAT_HISTORY_FILE" not in moved(Home(tmp_path))
