"""Engaging a teacher: what it lacks is told before anything is written, and its key reaches one process alone."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from memsrv.consent import Consent
from memsrv.errors import MissingExtra, RunFailed, UsageError
from memsrv.home import Home
from memsrv.night import Night, teaching, waiting
from memsrv.night.teaching import engaged
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv_adapters import client
from memsrv_consolidation.run import Run, read_json, write_json, write_lines
from memsrv_consolidation.teachers import ledger

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
PRICES = {"usd_per_million_input": 3.0, "usd_per_million_output": 15.0}
WHOLE = {"name": "anthropic", "model": "some-model", **PRICES}

Teach = Callable[[Any], Any]


def settings(**teacher: Any) -> Settings:
    return Settings.model_validate({"teacher": teacher})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


# What is missing


def test_rules_are_nobody(home: Home) -> None:
    assert engaged(home, Settings(), None) is None
    assert engaged(home, settings(**WHOLE), "rules") is None


def test_an_unknown_teacher_is_told_with_those_there_are(home: Home) -> None:
    with pytest.raises(UsageError, match=r"no teacher `oracle`; there are rules, anthropic, openai, local"):
        engaged(home, Settings(), "oracle")


@pytest.mark.parametrize(
    ("said", "key", "complaint"),
    [
        ({"name": "anthropic", **PRICES}, "k", r"memsrv config set teacher\.model"),
        (WHOLE, None, "ANTHROPIC_API_KEY is not set"),
        ({"name": "anthropic", "model": "m"}, "k", "without prices no budget can be held"),
        ({**WHOLE, "usd_per_million_output": None}, "k", "without prices"),
        ({**WHOLE, "url": "http://10.0.0.7:8000"}, "k", "unencrypted"),
        ({**WHOLE, "url": "ftp://example.com"}, "k", "no address of a server"),
        ({**WHOLE, "url": "api.example.com"}, "k", "no address of a server"),
        ({**WHOLE, "url": "https://me:secret@example.com"}, "k", "holds a password"),
        ({**WHOLE, "url": "http://127.0.0.1.example.com"}, None, "ANTHROPIC_API_KEY is not set"),
    ],
)
def test_what_a_teacher_lacks_is_told_before_anything_is_written(
    home: Home, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], key: str | None, complaint: str
) -> None:
    if key:
        monkeypatch.setenv("ANTHROPIC_API_KEY", key)

    with pytest.raises(UsageError, match=complaint):
        engaged(home, settings(**said), None)

    assert not home.root.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:1234/v1"])
def test_a_server_on_this_machine_needs_neither_key_nor_prices(home: Home, url: str) -> None:
    found = engaged(home, settings(name="openai", model="qwen", url=url), None)

    assert found is not None
    assert (found.key, found.order.url, found.order.usd_per_million_input) == (None, url, 0.0)


def test_without_its_client_it_says_what_to_install(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match=r"pip install 'memsrv\[teacher\]'"):
        engaged(home, settings(**WHOLE), None)


def test_the_key_is_in_no_repr_and_no_order(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")

    found = engaged(home, settings(**WHOLE), None)

    assert found is not None
    assert found.key == "sk-ant-very-secret"
    assert "very-secret" not in f"{found!r} {found.order!r}"


# The two children


@pytest.fixture
def store(home: Home, talk: Any) -> Iterator[Store]:
    home.root.mkdir()
    opened = Store.open(home.database)
    said = ("btw Priya is the owner of the uploader, ask her", "please always use pnpm for installs")
    talk().says(said[0]).says(said[1]).into(opened)
    yield opened
    opened.close()


@pytest.fixture
def spied(home: Home, store: Store, random_base: Path, tmp_path: Path) -> tuple[Night, Path]:
    """A night whose children are started by a script that keeps what it is given on stdin.

    Once there is a file `teaching alone` beside what it heard, it starts none that would train.
    """
    heard = tmp_path / "heard"
    heard.mkdir()
    script = tmp_path / "python"
    script.write_text(
        f'#!/bin/sh\nn=$(ls {heard} | wc -l)\ncat > {heard}/$n\necho "$@" >> {tmp_path}/arguments\n'
        f'case "$@" in *--until*) ;; *) [ ! -e "{tmp_path}/teaching alone" ] || exit 9 ;; esac\n'
        f'exec {sys.executable} "$@" < {heard}/$n\n'
    )
    script.chmod(0o700)
    chosen = Settings(base=str(random_base), threads=1, any_base=True, projects={"demo": {"train": True}})
    return Night(home, chosen, python=str(script)), heard


def taught(night: Night, **teacher: Any) -> Night:
    return replace(night, settings=night.settings.model_copy(update={"teacher": settings(**teacher).teacher}))


def test_the_trainer_is_another_process_and_never_has_the_key(
    spied: tuple[Night, Path], store: Store, teach: Teach, teachers: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", teachers.KEY)
    night, heard = spied
    night = taught(night, **WHOLE, url=teach(teachers.well).url)
    (heard.parent / "teaching alone").touch()

    with pytest.raises(RunFailed, match="ended with exit code 9"):
        night.consolidate(store, "demo", now=NOW)

    asking, training = (json.loads((heard / name).read_text()) for name in ("0", "1"))
    assert (asking["key"], training["key"]) == (teachers.KEY, None)
    arguments = (heard.parent / "arguments").read_text().splitlines()
    assert [line.endswith("--until synthesise") for line in arguments] == [True, False]


@pytest.mark.soak
def test_by_rules_there_is_one_child(spied: tuple[Night, Path], store: Store) -> None:
    night, heard = spied

    report = night.consolidate(store, "demo", now=NOW)

    assert [json.loads(path.read_text())["key"] for path in heard.iterdir()] == [None]
    assert report["teacher"] is None


def test_the_next_night_pays_only_for_what_is_new(
    spied: tuple[Night, Path], store: Store, talk: Any, teach: Teach, teachers: ModuleType
) -> None:
    server = teach(teachers.well)
    night, _ = spied
    night = taught(night, name="openai", model="qwen", url=f"{server.url}/v1")
    run = night.prepare(store, "demo", now=NOW)
    night._teach(run, lambda *_: None)
    before = len(server.asked)
    talk("second").says("btw Tomasz is the owner of the downloader, ask him").into(store)

    again = night.prepare(store, "demo", now=NOW.replace(hour=5))
    night._teach(again, lambda *_: None)

    assert before == 3 + 2
    assert len(server.asked) == before + 3 + 1
    assert {fact.value for fact in again.facts()} == {"Priya", "pnpm", "Tomasz"}


def test_a_run_may_go_on_by_rules_when_its_teacher_is_gone(
    spied: tuple[Night, Path], store: Store, monkeypatch: pytest.MonkeyPatch, teachers: ModuleType
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", teachers.KEY)
    night, heard = spied
    night = taught(night, **WHOLE)
    run = night.prepare(store, "demo", now=NOW)
    write_lines(run.episodes_file, [])  # who is asked is what counts here, not what is trained
    write_json(run.memory_file, {"memories": []})
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY is not set"):
        night.resume(run.folder.name)

    report = night.resume(run.folder.name, teacher="rules")

    assert (report["teacher"], report["verdict"]) == (None, "nothing")
    assert len(list(heard.iterdir())) == 1


@pytest.mark.soak
def test_the_local_base_may_teach_and_its_nonsense_does_no_harm(spied: tuple[Night, Path], store: Store) -> None:
    night, heard = spied
    by_rules = waiting(store, "demo", Consent(night.settings)).facts
    night = taught(night, name="local", tokens_per_day=50_000)
    run = night.prepare(store, "demo", now=NOW)

    night._teach(run, lambda *_: None)

    assert tuple(run.facts()) == by_rules
    assert len([one for one in run.conversations() if one.about == "fact"]) == 20
    assert '"sent"' in run.teacher_file.read_text()
    spent = ledger.today(night.home.spend, datetime.now(UTC))
    assert 0 < spent.tokens <= 50_000
    assert spent.usd == 0
    token = json.loads((heard / "0").read_text())["key"]
    assert token == night.home.token.read_text().strip()
    assert token not in "".join(path.read_text() for path in run.folder.iterdir())
    assert client.endpoint_state(night.home).state == "stopped"


# From the outside


@dataclass
class Seen:
    """What could be seen of the processes of one command while it ran: their arguments and environments."""

    text: str = ""
    commands: frozenset[str] = frozenset()

    def look(self, root: psutil.Process) -> None:
        own = root.cmdline()
        for process in root.children(recursive=True):
            try:
                command = " ".join(process.cmdline())
                environment = process.environ()
                if process.cmdline() == own:
                    continue  # it has not begun yet: until `exec` it is a copy of who starts it
                self.text += command + json.dumps(environment)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            self.commands |= {command}


@pytest.mark.parametrize("name", ["anthropic", pytest.param("openai", marks=pytest.mark.soak)])
def test_a_consolidation_with_a_teacher_from_the_command_line(
    home: Home, store: Store, random_base: Path, teach: Teach, teachers: ModuleType, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    server = teach(teachers.well)
    url = f"{server.url}/v1" if name == "openai" else server.url
    home.config.write_text(
        f'threads = 1\nany_base = true\n[teacher]\nmodel = "some-model"\nurl = "{url}"\nusd_per_million_input = 3\n'
        "usd_per_million_output = 15\n"
    )
    variable = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}[name]
    environment = os.environ | {"MEMSRV_HOME": str(home.root), variable: teachers.KEY}
    command = [sys.executable, "-I", "-m", "memsrv", "consolidate", "--teacher", name, "--base", str(random_base)]
    seen = Seen()
    running = subprocess.Popen(
        [*command, "--project", "demo", "--yes", "--json"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=(tmp_path / "out").open("w"), stderr=(tmp_path / "err").open("w"), text=True,
    )  # fmt: skip
    while running.poll() is None:
        try:
            seen.look(psutil.Process(running.pid))
            running.wait(0.05)
        except (subprocess.TimeoutExpired, psutil.NoSuchProcess):
            continue

    assert running.returncode == 3, (tmp_path / "err").read_text()  # random weights: the gate refuses them
    report = json.loads((tmp_path / "out").read_text())
    assert (report["teacher"]["name"], report["teacher"]["stopped"]) == (name, None)
    assert (report["teacher"]["answered"], report["facts"]["trained"]) == (5, 2)
    assert {fact.value for fact in Run(home.runs / report["run"]).facts()} == {"Priya", "pnpm"}
    assert any("--until synthesise" in one for one in seen.commands)
    assert any("memsrv_consolidation" in one and "--until" not in one for one in seen.commands)
    assert seen.text.find(teachers.KEY) == -1  # `not in` would compare megabytes to say where
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert teachers.KEY.encode() not in written
    order = read_json(home.runs / report["run"] / "run.json")["teacher"]
    assert (order["name"], order["ledger"]) == (name, str(home.spend))

    told = subprocess.run(
        [sys.executable, "-I", "-m", "memsrv", "cost", "--json"], env=environment, cwd=folder, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    costs = json.loads(told.stdout)
    assert costs["today"]["calls"] == len(server.asked) == 5
    assert costs["today"]["tokens"] == report["teacher"]["input"] + report["teacher"]["output"]
    assert costs["left"]["tokens"] == 200_000 - costs["today"]["tokens"]
    assert {(day["teacher"], day["purpose"]) for day in costs["days"]} == {
        (name, purpose) for purpose in ("reflect, procedural", "reflect, semantic", "reflect, episodic", "synthesise")
    }
