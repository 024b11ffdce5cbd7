"""How fast a strategy trains: the same conversations for all, steps timed without what is saved between them."""

from pathlib import Path

import pytest

from memsrv_consolidation.bench.training import Watch, conversations_of, invented, made_up, recipe_of, training
from memsrv_consolidation.shape import SHAPES, Shape, shape_of

pytest.importorskip("trl")


def order(strategy: str, steps: int | None = 2, **more: object) -> dict[str, object]:
    return {
        "name": "toy", "path": None, "base": "", "layers": None, "strategy": strategy, "preset": None, "steps": steps,
        "facts": 2, "seed": 7, "threads": 1, **more,
    }  # fmt: skip


@pytest.mark.parametrize("strategy", ["distil", "trl"])
def test_a_shape_is_trained_and_its_pace_told(strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SHAPES, "toy", Shape(2, 32, 48, 4, 4, 4200, tied=True))
    told: list[str] = []

    found = training(
        order(strategy, base=str(tmp_path / "base")), tmp_path / strategy, lambda what, done, total: told.append(what)
    )

    assert (found["strategy"], found["steps"], found["examples"], found["looks"]) == (strategy, 2, 16, [])
    assert 0 < found["completion_tokens_per_s"] < found["tokens_per_s"]
    assert found["peak_mib"] > 100
    assert strategy in told


def test_a_shape_may_be_cut_to_a_few_of_its_layers_and_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHAPES, "toy", Shape(28, 32, 48, 4, 4, 4200, tied=False))

    made = invented("toy", 1, tmp_path / "base")
    again = invented("toy", 3, tmp_path / "base")

    assert shape_of(made) == Shape(1, 32, 48, 4, 4, 4200, tied=False)
    assert again == made


def test_every_strategy_gets_the_same_conversations_and_a_loss_on_answers_alone() -> None:
    facts = made_up(3, 7)
    asked = [order(name, steps=5) for name in ("paper", "distil", "trl")]

    given = [[one.id for one in conversations_of(a, facts, recipe_of(a))] for a in asked]

    assert given[0] == given[1] == given[2]
    assert len(given[0]) == 40
    assert all(recipe_of(one).completion_only for one in asked)


def test_another_preset_is_that_of_ours_and_of_trl_and_not_of_the_papers() -> None:
    named = {"name": "memsrv-tiny", "preset": "memsrv-tiny/brief", "steps": None}

    recipes = [recipe_of(order(strategy) | named) for strategy in ("distil", "trl", "paper")]

    assert [one.name for one in recipes] == ["memsrv-tiny/brief", "memsrv-tiny/brief", "memsrv-tiny/paper"]


def test_a_step_that_saved_and_the_first_one_tell_nothing_of_the_pace(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "checkpoints", tmp_path / "kept", lambda *_: None, "x")
    saved = watch.checkpoints / "checkpoint-2"
    watch.begin(4, 0)
    for step in (1, 2, 3, 4):
        if step == 3:
            saved.mkdir(parents=True)
            for file in ("whole", "adapter_model.safetensors", "adapter_config.json"):
                (saved / file).touch()
        watch.count(step, 4)

    assert len(watch.all_steps) == 4
    assert len(watch.steps) == 2
    assert list(watch.saved) == ["checkpoint-2"]
    assert (watch.kept / "checkpoint-2" / "adapter_model.safetensors").exists()
