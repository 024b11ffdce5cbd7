"""Distillation: what the base would say with the evidence is learned without it; whole again after any kill."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.errors import Interrupted, RunFailed
from memsrv_consolidation.recipe import Recipe

pytest.importorskip("trl")

Train = Callable[..., dict[str, Any]]
Digest = Callable[[str], str]


@pytest.fixture(scope="module")
def whole(train: Train) -> dict[str, Any]:
    """A training that nobody disturbed."""
    return train("whole")


def test_a_training_tells_what_it_saw_and_what_it_kept(whole: dict[str, Any], place: Path) -> None:
    told = json.loads((place / "whole" / "adapter" / "training.json").read_text())

    assert [(row["round"], row["epoch"]) for row in told["selection"][:3]] == [(0, 0.0), (0, 1.0), (0, 2.0)]
    assert told["chosen"] in told["selection"][1:]
    assert set(told["correlation"]) == {"mean", "median", "p90"}
    assert 0 < told["completion_tokens"] < told["tokens"]


def test_what_is_missed_is_rehearsed_again(whole: dict[str, Any]) -> None:
    new = 2 * 2  # `repair_each` of two facts that nothing so small can learn

    assert [row["examples"] for row in whole["repairs"]] == [new + 12 // 2]
    assert whole["steps"] == 6 + 3


def test_without_facts_the_last_state_is_taken(train: Train) -> None:
    told = train("no facts", facts=())

    assert "selection" not in told
    assert (told["steps"], told["repairs"]) == (6, [])


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(2, id="before a look", marks=pytest.mark.soak),
        pytest.param(5, id="after a look"),
        pytest.param(8, id="in the repair"),
    ],
)
def test_stopped_anywhere_it_goes_on_to_the_same_weights(
    train: Train, digest: Digest, place: Path, whole: dict[str, Any], stop: int
) -> None:
    name = f"stopped-{stop}"
    with pytest.raises(Interrupted):
        train(name, stop_after=stop)
    assert not (place / name / "adapter").exists()

    told = train(name)

    assert digest(name) == digest("whole")
    assert told["selection"] == whole["selection"]
    assert told["tokens"] == whole["tokens"]


def test_the_teacher_is_asked_once(train: Train, place: Path) -> None:
    with pytest.raises(Interrupted):
        train("asked", stop_after=2, facts=())
    kept = {file: file.stat().st_mtime_ns for file in (place / "asked" / "checkpoints").glob("teacher-*")}

    with pytest.raises(Interrupted):
        train("asked", stop_after=2, facts=())

    assert len(kept) == 1
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


def test_a_kill_costs_at_most_a_tenth_of_the_work(train: Train, short: Recipe, place: Path) -> None:
    recipe = replace(short, epochs=12, select_each=0.0)
    with pytest.raises(RuntimeError, match="killed"):
        train("killed", recipe=recipe, killed_at=29)

    begun: list[tuple[int, int]] = []
    train("killed", recipe=recipe, begun=begun)

    ((total, done),) = begun
    assert total == 31
    assert 29 - done <= total / 10


@pytest.mark.parametrize("way", ["paper", "distil"])
def test_nothing_to_train_on_is_said(train: Train, way: str) -> None:
    with pytest.raises(RunFailed, match="no conversation"):
        train("empty", way, conversations=())


@pytest.mark.parametrize("way", ["paper", "distil"])
def test_weights_that_do_not_move_fail_loudly(train: Train, short: Recipe, place: Path, way: str) -> None:
    with pytest.raises(RunFailed, match=r"which is nothing; nothing was shelved"):
        train(f"still-{way}", way, recipe=replace(short, learning_rate=0.0), facts=())

    assert not (place / f"still-{way}" / "adapter").exists()


@pytest.mark.parametrize("way", ["paper", "distil"])
def test_a_loss_that_does_not_fall_fails_loudly(train: Train, short: Recipe, way: str) -> None:
    with pytest.raises(RunFailed, match=r"did not fall|is nan|no numbers"):
        train(f"wild-{way}", way, recipe=replace(short, learning_rate=1e4, epochs=6), facts=())


def test_only_the_top_layers_change_where_the_recipe_says_so(train: Train, short: Recipe, place: Path) -> None:
    from safetensors import safe_open

    train("top", recipe=replace(short, layers=0.5), facts=())

    with safe_open(place / "top" / "adapter" / "adapter_model.safetensors", "pt") as weights:
        assert {name.split(".layers.")[1][0] for name in weights.keys()} == {"1"}  # noqa: SIM118


def test_the_base_writes_its_own_answers_where_the_recipe_says_so(train: Train, short: Recipe, place: Path) -> None:
    train("own", recipe=replace(short, own_answers=True, select_each=0.0))

    written = json.loads((place / "own" / "checkpoints" / "own.json").read_text())
    assert set(written) == {*(f"a{n}" for n in range(5)), *(f"b{n}" for n in range(5))}
