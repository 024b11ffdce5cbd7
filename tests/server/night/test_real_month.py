"""A month of real looks at a real store, with real trainings on a random base, and the command as a real process."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.errors import RunFailed
from memsrv.home import Home
from memsrv.night import Night
from memsrv.night.child import nobody
from memsrv.night.conditions import Conditions
from memsrv.night.journal import Journal, last_decision
from memsrv.night.tick import look
from memsrv.records import Kind, Memory, Trust
from memsrv.settings import Settings
from memsrv.store import Store
from memsrv_consolidation.progress import Progress, read
from memsrv_consolidation.run import Run, read_json

pytestmark = pytest.mark.soak

START = datetime(2026, 11, 1, tzinfo=UTC)
QUIET = Conditions(now=START, idle_s=3600, powered=True, memory_mib=8000, busy=False, disk_mib=10, disk_free_mib=90_000)
PATIENCE = 120.0


def until_it_trains(home: Home, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + PATIENCE
    changed = threading.Event()
    heard = FileSystemEventHandler()
    heard.on_any_event = lambda event: changed.set()  # type: ignore[method-assign]
    observer = Observer()
    observer.schedule(heard, str(home.root), recursive=True)
    observer.start()
    try:
        while not trains(home):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, "it did not train"
            changed.wait(1)  # a folder may be older than the watch of it
            changed.clear()
    finally:
        observer.stop()
        observer.join()


def progress(home: Home) -> Progress | None:
    found = sorted(home.runs.glob("*/progress.json"))
    return read(Run(found[-1].parent)) if found else None


def trains(home: Home) -> bool:
    found = progress(home)
    return found is not None and found.stage == "train" and found.done > 0


@pytest.mark.timeout(900)
def test_a_month_of_real_nights(tmp_path: Path, random_base: Path) -> None:
    """Twelve facts a week for four weeks; the second night is interrupted, and in the third the child is killed."""
    rng = random.Random(7)
    home = Home(tmp_path)
    night = Night(home, Settings(base=str(random_base), threads=1, any_base=True, projects={"demo": {"train": True}}))
    ends: list[tuple[str, str]] = []

    def killed() -> bool:
        found = progress(home)
        if found is not None and trains(home):
            os.kill(found.pid, signal.SIGKILL)
        return False

    fates = {1: lambda: trains(home), 3: killed}

    with Store.open(home.database) as store:
        for tick in range(30 * 72):
            now = START + tick * timedelta(minutes=20)
            if tick % (7 * 72) == 2 * 72:  # at the midnight of each week's third day
                week = tick // (7 * 72)
                heard = (now - timedelta(hours=9)).isoformat().replace("+00:00", "Z")
                store.remember(
                    Memory(f"mem_{week}{n}", "demo", Kind.EPISODIC, f"The port of service{week}{n} is {week}0{n}0.",
                           Trust.HUMAN, subject=f"service{week}{n}", relation="port", value=f"{week}0{n}0",
                           valid_from=heard)
                    for n in range(12)
                )  # fmt: skip
            typed = now.hour >= 8 or rng.random() < 0.3
            conditions = replace(QUIET, now=now, idle_s=60.0 if typed else 3600.0)
            with suppress(RunFailed):  # it is in the journal
                look(night, store, conditions, fates.get(len(ends), nobody))
            journal = last_decision(home)
            assert journal is not None
            if journal.acted and journal.time == now.isoformat(timespec="seconds"):
                assert now.hour < 7
                assert not typed
                ends.append((journal.acted.decision, (journal.acted.outcome or "")[:6]))
    assert ends == [
        ("run", "refuse"),
        ("run", "paused"), ("resume", "refuse"),
        ("run", "failed"), ("resume", "refuse"),
        ("run", "refuse"),
    ]  # fmt: skip
    assert [run.verdict for run in night.runs()] == ["refuse"] * 4  # a run a week: nothing else was new


# The command, as the timer calls it


@pytest.fixture
def command(tmp_path: Path, random_base: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """`memsrv night …` in a home that any hour, any machine and anybody's presence is right for."""
    home = tmp_path / "home"
    home.mkdir()
    folder = tmp_path / PROJECT
    folder.mkdir()
    write_logs(SITTINGS, tmp_path / "claude" / "projects", str(folder))
    (home / "config.toml").write_text(
        f'base = "{random_base}"\nthreads = 1\nany_base = true\nstrategy = "paper"\n'
        f"[projects.{PROJECT}]\ntrain = true\n"
        '[night]\nhours = "00:00-24:00"\nidle_minutes = 0\nmemory_mib = 0\non_battery = true\n'
    )
    environment = {**os.environ, "MEMSRV_HOME": str(home), "CLAUDE_CONFIG_DIR": str(tmp_path / "claude")}
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", "memsrv", "night", *arguments],
            env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.timeout(600)
def test_sigterm_saves_the_training_and_the_next_look_goes_on(
    tmp_path: Path, command: Callable[..., "subprocess.Popen[str]"]
) -> None:
    home = Home(tmp_path / "home")
    first = command("run", "--json")
    until_it_trains(home, first)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=PATIENCE)
    noted = last_decision(home)

    assert first.returncode == 130
    assert noted is not None
    assert noted.acted is not None
    assert noted.acted.outcome == "interrupted"
    assert list(home.runs.glob("*/checkpoints/**/whole"))

    second = command("run", "--json")
    printed, _ = second.communicate(timeout=300)
    journal = json.loads(printed)

    assert second.returncode == 3  # the gate refused what has random weights
    assert [(p["decision"], p["outcome"]) for p in journal["projects"]] == [("resume", "refuse")]
    report = read_json(next(home.runs.glob("*/report.json")))
    assert report["training"]["resumed_from"]


@pytest.mark.timeout(600)
def test_a_log_that_grows_while_a_night_trains_pauses_it(
    tmp_path: Path, command: Callable[..., "subprocess.Popen[str]"]
) -> None:
    home = Home(tmp_path / "home")
    config = home.config.read_text()
    home.config.write_text(config.replace("idle_minutes = 0", "idle_minutes = 0.0001"))
    running = command("run", "--json")
    until_it_trains(home, running)
    log = next((tmp_path / "claude").rglob("*.jsonl"))
    with log.open("a") as file:
        file.write("\n")
    printed, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, errors

    [entry] = json.loads(printed)["projects"]
    assert entry["outcome"] == "paused: you came back"


def test_the_journal_of_a_look_is_what_it_printed(
    tmp_path: Path, command: Callable[..., "subprocess.Popen[str]"]
) -> None:
    home = Home(tmp_path / "home")
    home.config.write_text(home.config.read_text().replace("train = true", "train = false"))
    printed, _ = command("run", "--json").communicate(timeout=PATIENCE)

    assert last_decision(home) == Journal(json.loads(printed)["time"], ())
