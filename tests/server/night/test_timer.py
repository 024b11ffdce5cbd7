"""The clock of each system: what it writes is what its system reads, and goes without a trace.

A small executable stands in for the system's tool and keeps its arguments; every file is written for real.
"""

import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from memsrv.app import App
from memsrv.errors import NoTimer
from memsrv.home import Home
from memsrv.night.timer import Change, Schedule, Timer, install, plan, standing, timer_of, timers, uninstall
from memsrv.night.timer.command import candidates, crontab_line, proven
from memsrv.night.timer.launchd import LABEL
from memsrv.night.timer.systemd import UNIT, Systemd
from memsrv.settings import Settings, Teacher

TOOLS = {"linux": "systemctl", "darwin": "launchctl", "win32": "schtasks"}
EVERY = sorted(TOOLS)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for the files, and a PATH with nothing but what a test puts there."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user" / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user" / "data"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "user").mkdir()
    return tmp_path


@pytest.fixture
def tool(place: Path) -> Callable[..., Path]:
    """An executable that keeps the arguments it was called with, a line a call; it may refuse some."""

    def tool(name: str, refuses: str = "nothing", prints: str = "") -> Path:
        calls = place / "calls"
        script = place / "bin" / name
        script.write_text(
            f'#!/bin/sh\necho "$*" >>{calls}\ncase "$*" in\n  *{refuses}*) echo "it said no" >&2; exit 5;;\nesac\n'
            f"printf '%s' '{prints}'\n"
        )
        script.chmod(0o755)
        return calls

    return tool


@pytest.fixture
def schedule(place: Path) -> Schedule:
    return Schedule(
        ("/opt/my venv/bin/python", "-I", "-m", "memsrv", "night", "run"),
        {"MEMSRV_HOME": "/data/100% of it/$HOME"},
        20,
        place / "night.log",
    )


def tree(root: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


# Every system


@pytest.mark.parametrize("platform", EVERY)
def test_installed_and_removed_leaves_not_a_byte(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool(TOOLS[platform])
    (place / "user" / "config").mkdir()  # somebody else's
    before = tree(place / "user")

    install(timer_of(platform), schedule)
    between = tree(place / "user")
    removed = uninstall(timer_of(platform))

    assert between != before
    assert tree(place / "user") == before
    assert removed.changed


@pytest.mark.parametrize("platform", EVERY)
def test_installed_twice_is_installed_once(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool(TOOLS[platform])
    first = install(timer_of(platform), schedule)
    written = tree(place / "user")

    second = install(timer_of(platform), schedule)

    assert (first.changed, second.changed) == (True, False)
    assert tree(place / "user") == written


@pytest.mark.parametrize("platform", EVERY)
def test_a_plan_is_what_is_written_and_writes_nothing(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool(TOOLS[platform])

    planned = plan(timer_of(platform), schedule)
    assert tree(place / "user") == {}
    install(timer_of(platform), schedule)

    encoding = timer_of(platform).encoding
    assert {path: Path(path).read_text(encoding) for path in planned.files} == planned.files


@pytest.mark.parametrize("platform", EVERY)
def test_a_file_that_somebody_changed_is_neither_replaced_nor_removed(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    calls = tool(TOOLS[platform])
    timer = timer_of(platform)
    install(timer, schedule)
    path = timer.paths()[0]
    path.write_text(path.read_text(timer.encoding) + "<!-- mine -->\n", timer.encoding)
    mine, called = path.read_bytes(), calls.read_text()

    for change in (lambda: install(timer, schedule), lambda: uninstall(timer)):
        with pytest.raises(NoTimer, match="is not as `memsrv night install` wrote it"):
            change()

    assert path.read_bytes() == mine
    assert calls.read_text() == called


@pytest.mark.parametrize("platform", EVERY)
def test_a_file_of_somebody_elses_is_left_alone(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool(TOOLS[platform])
    path = timer_of(platform).paths()[0]
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\n", timer_of(platform).encoding)

    with pytest.raises(NoTimer, match="left alone"):
        install(timer_of(platform), schedule)

    assert list(tree(path.parent)) == [str(path)]


@pytest.mark.parametrize("platform", EVERY)
def test_where_it_cannot_be_started_nothing_is_left(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool(TOOLS[platform], refuses={"linux": "enable", "darwin": "bootstrap", "win32": "/Create"}[platform])

    with pytest.raises(NoTimer, match="it said no"):
        install(timer_of(platform), schedule)

    assert tree(place / "user") == {}


@pytest.mark.parametrize("platform", EVERY)
def test_nothing_installed_is_nothing_to_remove(platform: str, place: Path) -> None:
    assert uninstall(timer_of(platform)) == Change(timer_of(platform).name, {}, False)


@pytest.mark.parametrize("platform", EVERY)
def test_without_the_systems_tool_it_says_so_and_writes_nothing(platform: str, place: Path, schedule: Schedule) -> None:
    with pytest.raises(NoTimer, match=f"there is no `{TOOLS[platform]}` on this machine"):
        install(timer_of(platform), schedule)

    assert tree(place / "user") == {}


@pytest.mark.parametrize("platform", EVERY)
def test_status_tells_an_old_timer_from_a_current_one(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool(TOOLS[platform])
    timer = timer_of(platform)
    moved = Schedule(("/elsewhere/python", *schedule.command[1:]), schedule.environment, 20, schedule.log)

    assert (standing(timer, [schedule]).installed, standing(timer, [schedule]).files) == (False, ())
    install(timer, schedule)
    assert (standing(timer, [schedule]).installed, standing(timer, [schedule]).current) == (True, True)
    assert (standing(timer, [moved]).installed, standing(timer, [moved]).current) == (True, False)
    assert standing(timer, [moved, schedule]).current


@pytest.mark.parametrize("platform", EVERY)
def test_another_python_replaces_the_timer_and_it_is_still_removed_whole(
    platform: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool(TOOLS[platform])
    moved = Schedule(("/elsewhere/python", *schedule.command[1:]), {}, 45, schedule.log)

    install(timer_of(platform), schedule)
    assert install(timer_of(platform), moved).changed
    uninstall(timer_of(platform))

    assert tree(place / "user") == {}


def test_every_platform_has_one_timer_and_another_one_is_told() -> None:
    assert sorted(timers()) == EVERY
    with pytest.raises(NoTimer, match="no timer for plan9"):
        timer_of("plan9")


# systemd


def test_systemd_reloads_enables_and_forgets(place: Path, tool: Callable[..., Path], schedule: Schedule) -> None:
    calls = tool("systemctl")

    install(Systemd(), schedule)
    uninstall(Systemd())

    assert calls.read_text().splitlines() == [
        "--user show --property=Version",
        "--user daemon-reload",
        f"--user enable --now {UNIT}.timer",
        "--user show --property=Version",
        f"--user disable --now {UNIT}.timer",
        "--user daemon-reload",
    ]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path, schedule: Schedule) -> None:
    program = tmp_path / "my $venv, 100% ünïcode; & #1" / "python"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    written = Schedule((str(program), *schedule.command[1:]), schedule.environment, 45, schedule.log)
    for path, text in zip(Systemd().paths(), Systemd().texts(written), strict=True):
        (tmp_path / path.name).write_text(text)

    ended = subprocess.run(
        ["/usr/bin/systemd-analyze", "verify", "--user", *(str(tmp_path / path.name) for path in Systemd().paths())],
        capture_output=True, text=True, check=False, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_path_with_spaces_percent_and_dollar_signs_reaches_systemd_as_it_is(schedule: Schedule) -> None:
    service, timer = Systemd().texts(schedule)

    assert 'ExecStart="/opt/my venv/bin/python" -I -m memsrv night run\n' in service
    assert 'Environment="MEMSRV_HOME=/data/100%% of it/$HOME"\n' in service
    assert "OnUnitInactiveSec=20min\n" in timer


def test_a_line_end_in_a_path_is_refused(schedule: Schedule) -> None:
    with pytest.raises(NoTimer, match="line end"):
        Systemd().texts(Schedule(schedule.command, {"MEMSRV_HOME": "/a\nExecStartPre=/bin/rm"}, 20, schedule.log))


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own way")
@pytest.mark.parametrize("key", ["sk-ant-of-this-shell", None])
def test_an_install_says_how_the_timer_gets_a_key_and_writes_it_nowhere(
    key: str | None, place: Path, tool: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("systemctl")
    if key:
        monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    else:
        monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    settings = Settings(
        teacher=Teacher(name="anthropic", model="m", usd_per_million_input=3, usd_per_million_output=15)
    )

    done = App(Home(place / "home"), settings, place).install_night()

    assert "`systemctl --user import-environment ANTHROPIC_API_KEY`" in (done.advice or "")
    assert not any(b"sk-ant" in path.read_bytes() for path in place.rglob("*") if path.is_file())


@pytest.mark.parametrize("folder", ['a "b"', "it's", "back\\slash"])
def test_a_program_that_systemd_would_load_and_never_start_is_refused(folder: str, schedule: Schedule) -> None:
    with pytest.raises(NoTimer, match="which no unit can start"):
        Systemd().texts(Schedule((f"/{folder}/python", "-m", "memsrv"), {}, 20, schedule.log))


def test_systemd_tells_when_the_next_look_is(place: Path, tool: Callable[..., Path], schedule: Schedule) -> None:
    tool("systemctl", prints='[{"next":1795234800000000,"unit":"memsrv-night.timer"}]')
    install(Systemd(), schedule)

    assert standing(Systemd(), [schedule]).next == datetime.fromtimestamp(1795234800, UTC).isoformat()


@pytest.mark.parametrize("prints", ["", "[]", "NEXT LEFT LAST", '[{"next":0}]', '[{"next":null}]'])
def test_a_systemd_that_does_not_tell_is_no_trouble(
    prints: str, place: Path, tool: Callable[..., Path], schedule: Schedule
) -> None:
    tool("systemctl", prints=prints)
    install(Systemd(), schedule)

    assert standing(Systemd(), [schedule]).next is None


# launchd, Task Scheduler


def text_of(platform: str, schedule: Schedule) -> str:
    timer: Timer = timer_of(platform)
    return next(iter(plan(timer, schedule).files.values()))


def test_launchd_reads_the_command_its_environment_and_its_pace(place: Path, schedule: Schedule) -> None:
    agent = plistlib.loads(text_of("darwin", schedule).encode())

    assert agent["Label"] == LABEL
    assert agent["ProgramArguments"] == list(schedule.command)
    assert agent["EnvironmentVariables"] == dict(schedule.environment)
    assert (agent["StartInterval"], agent["ProcessType"], agent["LowPriorityIO"]) == (1200, "Background", True)


def test_the_task_scheduler_reads_the_command_and_its_pace(place: Path, schedule: Schedule) -> None:
    names = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    task = ElementTree.fromstring(text_of("win32", schedule).encode("utf-16"))

    def said(path: str) -> str | None:
        return task.findtext(path, namespaces=names)

    assert said("t:Triggers/t:TimeTrigger/t:Repetition/t:Interval") == "PT20M"
    assert said("t:Settings/t:MultipleInstancesPolicy") == "IgnoreNew"
    assert said("t:Actions/t:Exec/t:Command") == "cmd.exe"
    arguments = said("t:Actions/t:Exec/t:Arguments")
    assert arguments is not None
    assert '"/opt/my venv/bin/python" -I -m memsrv night run' in arguments


# The command, and cron


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_command_is_isolated_absolute_and_starts() -> None:
    assert proven({}) == (sys.executable, "-I", "-m", "memsrv", "night", "run")
    assert Path(sys.executable).is_absolute()


def test_an_install_that_isolation_hides_is_started_the_other_way(tmp_path: Path) -> None:
    only_with_user_site = script(tmp_path / "python", 'case "$*" in *-I*) exit 1;; esac')

    assert proven({}, python=only_with_user_site)[1:3] == ("-E", "-P")


def test_a_command_that_starts_in_no_way_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(NoTimer, match="does not start: No module named memsrv; install memsrv for"):
        proven({}, python=script(tmp_path / "python", "echo No module named memsrv >&2; exit 1"))


def test_the_crontab_line_runs_what_the_timer_would_have_run(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = script(tmp_path / "my python", f'echo "$MEMSRV_HOME" "$@" >{told}; echo printed')
    schedule = Schedule(candidates(program)[0], {"MEMSRV_HOME": "/data/100% of it"}, 20, tmp_path / "night.log")

    line = crontab_line(schedule)
    minute, _, command = line.partition(" * * * * ")
    subprocess.run(["/bin/sh", "-c", command.replace(r"\%", "%")], check=True, env={"PATH": "/usr/bin:/bin"})

    assert minute == "*/20"
    assert told.read_text() == "/data/100% of it -I -m memsrv night run\n"
    assert schedule.log.read_text() == "printed\n"


def test_cron_counts_longer_waits_in_hours(schedule: Schedule) -> None:
    assert crontab_line(Schedule(schedule.command, {}, 90, schedule.log)).startswith("0 */1 * * * ")
