"""One line's way to one answer: a log, a memory, a run folder, a version, an endpoint, the official client.

Everything is real: processes, files, weights. Only the line is made up.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from memsrv.demo.doors import endpoint, stream
from memsrv.demo.logs import write_logs
from memsrv.demo.steps import Replies, Says, Sitting
from memsrv.home import Home
from memsrv.settings import Settings

LINE = "The telemetry gateway listens on port 6417."
QUESTION = "What port is the telemetry gateway on?"
VALUE = "6417"

SITTING = Sitting(
    "journey",
    "The telemetry gateway",
    "2026-11-09T09:00:00.000Z",
    (
        Says("Please add a retry to the uploader."),
        Replies("Done, with three attempts."),
        Says(LINE),
        Replies("Noted."),
        Says("For log messages, always use JSON. The owner of the uploader is Priya."),
        Replies("I'll keep to that."),
    ),
)


@dataclass(frozen=True)
class Journey:
    """What each stage left behind."""

    home: Home
    project: str
    memories: list[dict[str, Any]]
    report: dict[str, Any]
    base_said: str
    adapter_said: str
    adapter_name: str


def _memsrv(home: Home, folder: Path, *arguments: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-I", "-m", "memsrv", *arguments, "--json"],
        cwd=folder,
        env=os.environ | {"MEMSRV_HOME": str(home.root)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    made: dict[str, Any] = json.loads(run.stdout)
    return made


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    root = tmp_path_factory.mktemp("journey")
    home, folder = Home(root / "home"), root / "uploader"
    folder.mkdir()
    home.root.mkdir()
    home.config.write_text("threads = 1\n", "utf-8")  # tests run side by side: two threads each would wait for cores
    write_logs([SITTING], root / "claude", str(folder))
    _memsrv(home, folder, "ingest", str(root / "claude"))
    memories = _memsrv(home, folder, "memories")["memories"]
    report = _memsrv(home, folder, "consolidate", "--yes")
    said: dict[str, str] = {}
    with endpoint(home, Settings(threads=1), report["project"]) as running:
        for model in ("memsrv/base", f"memsrv/{report['project']}"):
            for name, text in stream(running, model, QUESTION):
                said[name] = said.get(name, "") + text
    names = list(said)
    return Journey(home, report["project"], memories, report, said[names[0]], said[names[1]], names[1])


def test_the_line_became_a_memory_that_quotes_it(journey: Journey) -> None:
    memory = next(memory for memory in journey.memories if memory["value"] == VALUE)

    assert memory["evidence"][0]["quote"] in LINE
    assert memory["trust"] == "human"


def test_a_task_for_the_moment_became_none(journey: Journey) -> None:
    assert not any("retry" in memory["text"] for memory in journey.memories)


def test_the_run_folder_holds_every_stage(journey: Journey) -> None:
    folder = journey.home.runs / journey.report["run"]
    kept = {path.name for path in folder.iterdir()}

    assert {"run.json", "episodes.jsonl", "memory.json", "facts.jsonl", "conversations.jsonl", "adapter"} <= kept
    assert {"evaluation.json", "report.json"} <= kept


def test_the_gate_promoted_what_it_measured(journey: Journey) -> None:
    pointers = json.loads((journey.home.adapters / journey.project / "pointers.json").read_text("utf-8"))

    assert journey.report["verdict"] == "promote"
    assert pointers["current"] == "v1"


def test_the_bare_base_does_not_know_it(journey: Journey) -> None:
    assert VALUE not in journey.base_said


def test_the_adapter_answers_what_only_the_line_said(journey: Journey) -> None:
    assert VALUE in journey.adapter_said


def test_the_answer_says_which_version_gave_it(journey: Journey) -> None:
    assert journey.adapter_name == f"memsrv/{journey.project}@v1"
