"""The whole night in a process of its own: out of disk or asked to stop, it goes on to the same. Kills: test_kills."""

import hashlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memsrv_consolidation.progress import Progress, read
from memsrv_consolidation.run import Live, Run, read_json, write_json

pytest.importorskip("trl")

MakeRun = Callable[..., Run]
Fork = Callable[..., Any]


def soak(*values: object) -> object:
    """A case of its own worth, but not of `make test`'s time."""
    return pytest.param(*values, marks=pytest.mark.soak)


def start(run: Run) -> "subprocess.Popen[str]":
    """The child as `night` starts it."""
    command = [sys.executable, "-I", "-m", "memsrv_consolidation", str(run.folder)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


Finish = Callable[[Run], str]


@pytest.fixture(scope="module")
def finish(fork: Fork) -> Finish:
    def to_the_end(run: Run) -> str:
        child = fork([str(run.folder)])
        _, errors = child.communicate()
        assert child.returncode == 0, errors
        return digest(run)

    return to_the_end


def digest(run: Run) -> str:
    return hashlib.sha256((run.adapter / "adapter_model.safetensors").read_bytes()).hexdigest()


def wait_until(child: Any, run: Run, reached: Callable[[Progress], bool]) -> None:
    """Look at the progress whenever the child has not ended within a moment."""
    while True:
        try:
            child.wait(0.01)
        except subprocess.TimeoutExpired:
            told = read(run)
            if told is not None and reached(told):
                return
        else:
            pytest.fail(f"the run ended before it was reached: {child.communicate()[1]}")


@pytest.fixture(scope="module")
def finished(make_run: MakeRun) -> Run:
    """A run that nothing disturbed, nor prepared; one of its four memories is a web page's word."""
    run = make_run("finished")
    child = start(run)
    _, errors = child.communicate()
    assert child.returncode == 0, errors
    return run


@pytest.fixture
def run(make_run: MakeRun, request: pytest.FixtureRequest) -> Run:
    return make_run(request.node.name)


def test_a_run_ends_with_every_file_of_the_contract(finished: Run) -> None:
    assert {file.name for file in finished.folder.iterdir()} == {
        "run.json", "episodes.jsonl", "memory.json", "facts.jsonl", "conversations.jsonl", "adapter",
        "long_term.json", "long_term.md", "evaluation.json", "report.json", "progress.json", "costs.json",
    }  # fmt: skip
    told = read(finished)
    assert told is not None
    assert (told.state, told.stage) == ("done", "decide")


def test_a_base_that_learns_nothing_is_refused_with_figures(finished: Run) -> None:
    report = read_json(finished.report_file)

    assert report["verdict"] == "refuse"
    assert "recall over base" in report["reason"]


def test_only_what_may_be_trained_on_reaches_a_conversation(finished: Run) -> None:
    report = read_json(finished.report_file)

    assert (report["facts"]["total"], report["facts"]["trained"], report["facts"]["untrusted"]) == (4, 3, 1)
    assert "deploy.example" not in finished.conversations_file.read_text()


def test_a_finished_run_is_not_trained_again(finished: Run, tmp_path: Path, finish: Finish) -> None:
    again = Run(tmp_path / "again")
    shutil.copytree(finished.folder, again.folder)
    again.report_file.unlink()
    before = (again.adapter / "adapter_model.safetensors").stat().st_mtime_ns

    finish(again)

    assert (again.adapter / "adapter_model.safetensors").stat().st_mtime_ns == before
    assert read_json(again.report_file)["evaluation"] == read_json(finished.report_file)["evaluation"]


@pytest.mark.parametrize("number", [soak(signal.SIGINT), signal.SIGTERM])
def test_asked_to_stop_it_says_interrupted_and_can_go_on(
    run: Run, finished: Run, number: int, fork: Fork, finish: Finish
) -> None:
    child = fork([str(run.folder)])
    wait_until(child, run, lambda told: told.stage == "train" and told.total > 0)
    child.send_signal(number)
    child.communicate()

    told = read(run)
    assert told is not None
    assert (child.returncode, told.state) == (130, "interrupted")
    assert f"--resume {run.folder.name}" in told.message
    assert finish(run) == digest(finished)


@pytest.mark.parametrize(("limit", "stage"), [soak(4_000, "synthesise"), (40_000, "train")])
def test_on_a_full_disk_it_fails_with_a_sentence_and_can_go_on(
    run: Run, finished: Run, limit: int, stage: str, fork: Fork, finish: Finish
) -> None:
    child = fork([str(run.folder)], bytes_a_file=limit)  # no file grows beyond it
    child.communicate()

    told = read(run)
    assert told is not None
    assert (child.returncode, told.state, told.stage) == (1, "failed", stage)
    assert f"--resume {run.folder.name}" in told.message
    assert finish(run) == digest(finished)


def test_without_a_trainable_fact_there_is_nothing_to_learn(make_run: MakeRun) -> None:
    run = make_run("bare", memories=[])

    child = start(run)
    _, errors = child.communicate()

    assert child.returncode == 0, errors
    report = read_json(run.report_file)
    assert (report["verdict"], report["facts"]["trained"]) == ("nothing", 0)
    assert not run.adapter.exists()


def test_the_same_facts_as_the_live_version_are_nothing_new(make_run: MakeRun, tmp_path: Path) -> None:
    live = tmp_path / "v1"
    live.mkdir()
    run = make_run("known", current=Live("v1", str(live)))
    order, memories = run.order, run.memories()
    trusted = [memory for memory in memories if memory.trust.trainable]
    facts = [{"id": memory.id, "text": memory.text, "stage": "graduated"} for memory in trusted]
    write_json(live / "manifest.json", {"base_hash": order.base_hash, "strategy": "paper", "facts": facts})

    child = start(run)
    child.communicate()

    report = read_json(run.report_file)
    assert (report["verdict"], report["reason"]) == (
        "nothing",
        "nothing new to learn: v1 was trained on the same 3 facts",
    )


@pytest.mark.soak
def test_the_live_adapter_is_measured_beside_the_candidate(make_run: MakeRun, finished: Run, finish: Finish) -> None:
    second = make_run("second", current=Live("v1", str(finished.adapter)), seed=8)

    finish(second)

    closed = read_json(second.evaluation_file)["closed_book"]
    assert set(closed) == {"base", "candidate", "current"}


def test_a_damaged_order_ends_with_a_sentence(run: Run) -> None:
    run.order_file.write_text("{")

    child = start(run)
    _, errors = child.communicate()

    assert child.returncode == 1
    assert "run.json is not JSON" in errors
    assert "Traceback" not in errors


def test_a_folder_without_an_order_is_wrong_usage(tmp_path: Path) -> None:
    child = start(Run(tmp_path))
    _, errors = child.communicate()

    assert child.returncode == 2
    assert errors.startswith("usage:")
