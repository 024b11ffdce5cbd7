"""A training by several processes: over gloo, two parts of this CPU stand for two GPUs.

Without autocast, so that what differs is the order of sums alone.
"""

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from memsrv.errors import Interrupted, RunFailed
from memsrv.records import Conversation, Fact, Kind, Trust
from memsrv.redact import Redactor
from memsrv_adapters.base import resolve
from memsrv_adapters.version import WEIGHTS
from memsrv_consolidation import launch, wordings
from memsrv_consolidation.device import Device
from memsrv_consolidation.placement import COPIES, ONE, SHARDS, placement
from memsrv_consolidation.recipe import DISTIL, TINY, Recipe
from memsrv_consolidation.run import Run, read_json
from memsrv_consolidation.shape import shape_of
from memsrv_consolidation.synthesise import synthesise

pytest.importorskip("trl")

#: One that has learned: of random weights Adam makes so much of rounding that a base in parts is too far from one.
LEARNED = resolve("memsrv-tiny").path
FACT = Fact("f0", Kind.EPISODIC, wordings.claim("staging server", "port", "4010"), Trust.HUMAN, (), "staging server",
            "port", "4010")  # fmt: skip
#: A few steps and one look, at their end. The first measures each layer of the base, and weighs what it changes.
MEASURED = replace(TINY, name="measured", epochs=2, select_each=2.0, conversations_per_fact=8, least=8)
PLAIN = replace(
    DISTIL, name="plain", rank=8, learning_rate=2e-3, batch=4, epochs=2, select_each=2.0, repair_rounds=0,
    conversations_per_fact=8, max_length=256,
)  # fmt: skip
#: How far two adapters may be apart, as a share of their size: Adam makes more of what rounding left.
APART = 1e-3

Train = Callable[..., dict[str, Any]]


def conversations(recipe: Recipe) -> Sequence[Conversation]:
    """Of all sorts, and in whole batches: where processes share a last one that is short, it is filled up."""
    return random.Random(7).sample(synthesise([FACT], recipe, 7, Redactor(b"key")).conversations, 3 * recipe.batch)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("launched")


@pytest.fixture(scope="module")
def train(place: Path, random_base: Path) -> Train:
    def training(
        name: str,
        recipe: Recipe,
        spread: str = ONE,
        *,
        count: Callable[[int, int], None] = lambda done, total: None,
        stop_after: int = 10**9,
    ) -> dict[str, Any]:
        steps = [0]

        def counted(done: int, total: int) -> None:
            steps.append(done)
            count(done, total)

        parts = 1 if spread == ONE else 2
        base = LEARNED if recipe is PLAIN else random_base
        device = Device("cpu", "float32", autocast=False, bitsandbytes=False, count=parts)
        placed = replace(placement(device, shape_of(base), recipe), spread=spread)
        return launch.train(
            launch.Training(
                "distil", placed, conversations(recipe), recipe, base, place / name / "adapter",
                place / name / "checkpoints", 7, parts, [FACT], None,
            ),
            begin=lambda total, done: None, count=counted, stopping=lambda: steps[-1] >= stop_after,
        )  # fmt: skip

    return training


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = load_file(folder / "adapter" / WEIGHTS)
    return found


def apart(a: dict[str, Any], b: dict[str, Any]) -> float:
    """How far apart two adapters are, as a share of their size; of the same shapes."""
    assert {name: one.shape for name, one in a.items()} == {name: one.shape for name, one in b.items()}
    distance = sum(float((a[name] - b[name]).double().square().sum()) for name in a)
    return float((distance / sum(float(one.double().square().sum()) for one in a.values())) ** 0.5)


def that_train() -> list[psutil.Process]:
    """The processes that we started to train, in their order."""
    return [one for one in psutil.Process().children() if "spawn_main" in " ".join(one.cmdline())]


@pytest.fixture(scope="module")
def by_two(train: Train, place: Path) -> Path:
    train("by-two", MEASURED, COPIES)
    return place / "by-two"


def test_two_processes_train_the_adapter_that_one_trains_in_the_same_batches(
    by_two: Path, train: Train, place: Path
) -> None:
    one = train("by-one", MEASURED)
    two = read_json(by_two / "adapter" / "training.json")

    assert (two["processes"], two["spread"], two["steps"]) == (2, COPIES, one["steps"])
    assert two["tokens"] == one["tokens"]
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-3)
    assert apart(weights(place / "by-one"), weights(by_two)) < APART


def test_one_of_them_killed_fails_the_training_leaves_none_behind_and_it_goes_on_to_the_same_weights(
    by_two: Path, train: Train, place: Path
) -> None:
    def kill(done: int, total: int) -> None:
        if done == total // 2:
            that_train()[1].kill()

    with pytest.raises(RunFailed, match=r"process 2 of 2 .* ended by SIGKILL"):
        train("killed", MEASURED, COPIES, count=kill)
    assert not that_train()
    assert not (place / "killed" / "adapter").exists()

    told = train("killed", MEASURED, COPIES)

    assert told["resumed_from"]
    assert (place / "killed" / "adapter" / WEIGHTS).read_bytes() == (by_two / "adapter" / WEIGHTS).read_bytes()


@pytest.fixture(scope="module")
def in_one(train: Train, place: Path) -> Path:
    train("in-one", PLAIN)
    return place / "in-one"


@pytest.mark.soak
def test_a_base_in_parts_gives_a_whole_adapter(in_one: Path, train: Train, place: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    told = train("in-parts", PLAIN, SHARDS)

    assert told["spread"] == SHARDS
    assert apart(weights(in_one), weights(place / "in-parts")) < APART
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(LEARNED), place / "in-parts" / "adapter")


@pytest.mark.soak
def test_a_base_in_parts_gives_it_also_when_it_is_interrupted(in_one: Path, train: Train, place: Path) -> None:
    with pytest.raises(Interrupted, match="training stopped after step"):
        train("interrupted", PLAIN, SHARDS, stop_after=2)
    assert not that_train()

    told = train("interrupted", PLAIN, SHARDS)

    assert told["resumed_from"]
    assert apart(weights(in_one), weights(place / "interrupted")) < APART


def test_what_measures_every_layer_of_the_base_is_refused_where_nobody_has_one_whole(train: Train) -> None:
    with pytest.raises(RunFailed, match=r"the preset measured measures every layer .*--preset distil"):
        train("refused", MEASURED, SHARDS)


#: Kills its process, the run itself, before it says for the N-th time how far it is; its children are named first.
KILLER = """
import os, runpy, signal, sys, psutil
left = int(sys.argv[1])
def hook(event, args):
    global left
    if event == "os.rename" and os.path.basename(args[1]) == "progress.json":
        left -= 1
        if left == 0:
            tracks = lambda child: any("resource_tracker" in word for word in child.cmdline())
            children = sorted(child.pid for child in psutil.Process().children() if not tracks(child))
            print(*children, flush=True)
            os.kill(children[-1], signal.SIGSTOP)  # for it the others wait, and say nothing that they could not
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
sys.argv = ["memsrv_consolidation", *sys.argv[2:]]
runpy.run_module("memsrv_consolidation", run_name="__main__", alter_sys=True)
"""


@pytest.mark.soak
def test_a_run_that_is_killed_takes_those_that_train_for_it_along_and_can_be_resumed(
    make_run: Callable[..., Run],
) -> None:
    run = make_run("several", processes=2)
    arguments = [str(run.folder), "--until"]
    command = [sys.executable, "-I", "-m", "memsrv_consolidation", *arguments]
    subprocess.run([*command, "synthesise"], check=True, capture_output=True)

    # It is there, it begins to train, and has heard that the first of them did.
    killed = subprocess.Popen(
        [sys.executable, "-I", "-c", KILLER, "3", *arguments, "train"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert killed.stdout  # not to its end: whoever is stopped holds it, too
    pids = [int(pid) for pid in killed.stdout.readline().split()]
    assert killed.wait() == -signal.SIGKILL
    killed.stdout.close()
    stopped, others = psutil.Process(pids[-1]), list[psutil.Process]()
    for pid in pids[:-1]:
        with suppress(psutil.NoSuchProcess):  # it has ended already
            others.append(psutil.Process(pid))
    _, waiting = psutil.wait_procs(others, timeout=60)
    stopped.resume()
    _, alive = psutil.wait_procs([stopped], timeout=60)
    for left in (*waiting, *alive):
        with suppress(psutil.NoSuchProcess):
            left.kill()
    subprocess.run([*command, "train"], check=True, capture_output=True)

    assert len(pids) >= 2
    assert not (*waiting, *alive)
    assert read_json(run.adapter / "training.json")["processes"] == 2
