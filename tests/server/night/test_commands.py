"""The night's commands as a script sees them: one JSON document, exit codes, and nothing written that was not asked."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS


class Desk:
    """One home, one project's folder, one agent's logs, and no user session of systemd."""

    def __init__(self, root: Path) -> None:
        self.root, self.home, self.folder = root, root / "home", root / PROJECT
        self.folder.mkdir(parents=True)
        self.home.mkdir()
        write_logs(SITTINGS, root / "claude" / "projects", str(self.folder))

    def memsrv(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        places = {
            "MEMSRV_HOME": str(self.home), "CLAUDE_CONFIG_DIR": str(self.root / "claude"),
            "XDG_CONFIG_HOME": str(self.root / "config"), "XDG_RUNTIME_DIR": str(self.root / "nowhere"),
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", *arguments],
            env={**os.environ, **places}, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    def json(self, *arguments: str) -> Any:
        ended = self.memsrv(*arguments, "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose logs have been read by the night's own look: nobody ran `memsrv ingest`."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    # The logs were written a moment ago, so somebody is here: nothing begins, whatever machine this is.
    (desk.home / "config.toml").write_text(f"[projects.{PROJECT}]\ntrain = true\n[night]\nidle_minutes = 100000\n")
    return desk


@pytest.fixture(scope="module")
def looked(desk: Desk) -> Any:
    return desk.json("night", "run")


def test_a_look_reads_the_logs_decides_and_says_why(looked: Any) -> None:
    [project] = looked["projects"]

    assert (project["project"], project["decision"], project["outcome"]) == (PROJECT, "wait", None)
    assert "facts are new" in project["reason"]


def test_status_tells_the_clock_the_last_look_and_what_the_next_would_do(desk: Desk, looked: Any) -> None:
    told = desk.json("night", "status")

    assert {"timer", "every_minutes", "hours", "last", "now"} <= told.keys()
    assert {"timer", "installed", "files", "current", "next"} <= told["timer"].keys()
    assert told["last"] == looked
    assert [decision["deed"] for decision in told["now"]] == ["wait"]


def test_a_dry_run_says_what_how_long_and_what_it_costs_and_begins_nothing(desk: Desk, looked: Any) -> None:
    plan = desk.json("consolidate", "--dry-run")

    assert {"project", "facts", "left_out", "learned"} <= plan.keys()
    assert plan["trainable"] == sum(plan["by_kind"].values()) > 0
    assert sum(plan["by_trust"].values()) == len(plan["facts"])
    assert plan["conversations"] >= 20 * plan["trainable"]
    assert plan["cost"] == {"teacher": "rules", "tokens": 0, "usd": 0.0}
    assert (plan["seconds"], plan["consent"], plan["night"]["deed"]) == (None, True, "wait")
    assert not [path for path in (desk.home / "runs").glob("*") if path.is_dir()]


def test_short_term_memory_is_everything_while_nothing_has_graduated(desk: Desk, looked: Any) -> None:
    assert desk.json("memories", "--short-term") == desk.json("memories")


@pytest.mark.skipif(sys.platform != "linux", reason="systemd")
def test_without_a_user_bus_it_says_what_to_give_to_cron_and_leaves_nothing(desk: Desk) -> None:
    refused = desk.memsrv("night", "install")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "The same from cron: run `crontab -e` and add the line: */20 * * * * MEMSRV_HOME=" in refused.stderr
    assert "-I -m memsrv night run" in refused.stderr
    assert not (desk.root / "config").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="systemd")
def test_what_install_would_write_can_be_seen_first_and_holds_no_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "HF_TOKEN", "MEMSRV_TOKEN"):
        monkeypatch.setenv(name, "sk-made-up")
    shown = desk.json("night", "install", "--dry-run")

    service, timer = shown["files"].values()
    assert f"ExecStart={sys.executable} -I -m memsrv night run\n" in service
    assert f"Environment=MEMSRV_HOME={desk.home}\n" in service
    assert "OnUnitInactiveSec=20min" in timer
    assert "sk-made-up" not in service + timer
    assert not (desk.root / "config").exists()


@pytest.mark.parametrize("arguments", [["run"], ["status"]])
def test_a_person_gets_words_instead(desk: Desk, looked: Any, arguments: list[str]) -> None:
    ended = desk.memsrv("night", *arguments)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip()
    assert not ended.stdout.lstrip().startswith("{")
