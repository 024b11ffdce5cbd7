"""Kill -9 at the worst moment of every stage, and in every part of a training: resumed, a run has the same data,
weights and decisions as one that nothing disturbed, and at most a tenth of its training is done again.

The moment is exact: the child kills itself just before what it has made becomes a whole file.
"""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memsrv_adapters.version import WEIGHTS
from memsrv_consolidation.progress import read
from memsrv_consolidation.run import Run, read_json
from memsrv_consolidation.teachers import journal

pytest.importorskip("trl")

MakeRun = Callable[..., Run]
Fork = Callable[..., Any]
Ends = Callable[..., None]

#: Ends its process when a file called NAME is about to become whole for the N-th time: by a rename, or by a touch.
KILLER = """
import os, runpy, signal, sys
name, left = sys.argv[1], int(sys.argv[2])
def hook(event, args):
    global left
    seen = args[1] if event == "os.rename" else args[0] if event == "open" else ""
    if isinstance(seen, (str, os.PathLike)) and os.path.basename(seen) == name:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
sys.argv = ["memsrv_consolidation", *sys.argv[3:]]
runpy.run_module("memsrv_consolidation", run_name="__main__", alter_sys=True)
"""

#: The file that each stage leaves when it is done, in their order.
LEAVES = {
    "reflect": "facts.jsonl",
    "recompress": "long_term.json",
    "synthesise": "conversations.jsonl",
    "train": "adapter",
    "evaluate": "evaluation.json",
    "decide": "report.json",
}


def soak(*values: object) -> object:
    """A case of its own worth, but not of `make test`'s time."""
    return pytest.param(*values, marks=pytest.mark.soak)


def arguments(run: Run, until: str | None) -> list[str]:
    return [str(run.folder), *(["--until", until] if until else [])]


@pytest.fixture(scope="module")
def killed(fork: Fork) -> Callable[..., None]:
    def kill(run: Run, file: str, times: int = 1, *, until: str | None = None) -> None:
        child = fork([file, str(times), *arguments(run, until)], KILLER)
        _, errors = child.communicate()
        assert child.returncode == -signal.SIGKILL, errors

    return kill


@pytest.fixture(scope="module")
def finish(fork: Fork) -> Callable[..., None]:
    def to_the_end(run: Run, until: str | None = None) -> None:
        child = fork(arguments(run, until))
        _, errors = child.communicate()
        assert child.returncode == 0, errors

    return to_the_end


def outcome(run: Run) -> dict[str, Any]:
    """Data, weights and decisions; no time, no place."""
    files = (run.facts_file, run.conversations_file, run.long_term_text, run.adapter / WEIGHTS)
    found: dict[str, Any] = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.exists()
    }
    if run.report_file.exists():
        report = read_json(run.report_file)
        found |= {name: report[name] for name in ("verdict", "facts", "conversations", "built")}
        # That of secrets tells how many bytes it read, and times have more or fewer digits.
        found["checks"] = [row for row in report["checks"] if row["name"] != "secrets"]
        found["evaluation"] = report["evaluation"]
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def whole(make_run: MakeRun) -> Run:
    """A run that nothing disturbed, and that no other process prepared."""
    run = make_run("whole")
    subprocess.run([sys.executable, "-I", "-m", "memsrv_consolidation", str(run.folder)], check=True)
    return run


def before(stage: str, whole: Run, folder: Path) -> Run:
    """`whole` as it stood when `stage` began."""
    run = Run(folder / "run")
    shutil.copytree(whole.folder, run.folder)
    for later in list(LEAVES.values())[list(LEAVES).index(stage) :]:
        left = run.folder / later
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    return run


@pytest.mark.parametrize("stage", ["reflect", "recompress", "synthesise"])
def test_killed_as_data_becomes_whole_a_run_makes_the_same_data_again(
    stage: str, whole: Run, tmp_path: Path, killed: Ends, finish: Ends
) -> None:
    run = before(stage, whole, tmp_path)

    killed(run, LEAVES[stage], until="synthesise")
    assert not (run.folder / LEAVES[stage]).exists()
    finish(run, until="synthesise")

    assert {name: outcome(whole)[name] for name in outcome(run)} == outcome(run)
    assert not list(run.folder.glob("*.part"))


@pytest.mark.parametrize("stage", [soak("train"), "evaluate", "decide"])
def test_killed_as_a_stage_ends_a_run_comes_to_the_same_weights_and_decisions(
    stage: str, whole: Run, tmp_path: Path, killed: Ends, finish: Ends
) -> None:
    run = before(stage, whole, tmp_path)

    killed(run, LEAVES[stage])
    assert not (run.folder / LEAVES[stage]).exists()
    finish(run)

    assert outcome(run) == outcome(whole)


@pytest.mark.parametrize("times", [soak(1), 5, soak(9)])
def test_killed_before_a_checkpoint_is_whole_at_most_a_tenth_of_the_training_is_done_again(
    times: int, whole: Run, tmp_path: Path, killed: Ends, finish: Ends
) -> None:
    run = before("train", whole, tmp_path)
    killed(run, "whole", times, until="train")
    numbers = sorted(int(path.name.rpartition("-")[2]) for path in run.checkpoints.glob("**/checkpoint-*"))

    finish(run, until="train")

    told = read_json(run.adapter / "training.json")
    resumed = int(told["resumed_from"].rpartition("-")[2]) if told["resumed_from"] else 0
    assert numbers[-1] - resumed <= max(1, told["steps"] / 10)
    assert outcome(run)[WEIGHTS] == outcome(whole)[WEIGHTS]


@pytest.mark.parametrize("torn", [False, soak(True)])
def test_killed_in_the_middle_of_its_questions_an_evaluation_asks_a_tenth_of_them_again_at_most(
    torn: bool, whole: Run, tmp_path: Path, killed: Ends, finish: Ends
) -> None:
    run = before("evaluate", whole, tmp_path)
    killed(run, run.answers_file.name, 12)  # once it is opened to be read, then for each batch
    kept = run.answers_file.read_bytes()
    if torn:
        run.answers_file.write_bytes(kept[:-9])

    killed(run, run.evaluation_file.name)
    rows, _ = journal.read(run.answers_file)
    answered = [len(row["found"]) for row in rows if isinstance(row["found"][0], str)]
    finish(run)

    assert run.evaluation_file.read_bytes() == whole.evaluation_file.read_bytes()
    assert outcome(run) == outcome(whole)
    assert len(kept.splitlines()) == 10
    assert len({row["hash"] for row in rows}) == len(rows)  # so again was asked what the kill fell in: one batch
    assert max(answered) <= sum(answered) / 10
    assert not run.answers_file.exists()


@pytest.mark.soak
def test_killed_again_and_again_wherever_it_stands_a_run_ends_as_an_undisturbed_one(
    make_run: MakeRun, whole: Run, fork: Fork, finish: Ends
) -> None:
    run = make_run("again-and-again")
    kills = 0
    while not run.report_file.exists() and kills < 200:
        # Its progress is written at every step of the way; each time it gets a little further before it dies.
        child = fork(["progress.json", str(2 + kills % 5), str(run.folder)], KILLER)
        _, errors = child.communicate()
        assert child.returncode in (0, -signal.SIGKILL), errors
        kills += child.returncode != 0

    finish(run)
    told = read(run)

    assert kills > 5
    assert outcome(run) == outcome(whole)
    assert told is not None
    assert told.state == "done"


def test_what_an_undisturbed_run_leaves_is_the_same_in_whatever_order_memory_has_it(
    make_run: MakeRun, whole: Run, finish: Ends
) -> None:
    turned = make_run("turned", memories=whole.memories()[::-1])

    finish(turned, until="train")

    assert {name: outcome(whole)[name] for name in outcome(turned)} == outcome(turned)
