"""Training: the paper's numbers to the letter, what the device offers, only weights saved, and resuming exactly."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from memsrv.errors import Interrupted, UnknownBase, UsageError
from memsrv.records import Conversation, Fact, Kind, Trust
from memsrv.redact import Redactor
from memsrv_consolidation.batches import alike
from memsrv_consolidation.device import Device, load
from memsrv_consolidation.placement import placement
from memsrv_consolidation.recipe import PAPER, TINY, TINY_PAPER, Recipe, preset
from memsrv_consolidation.shape import Shape
from memsrv_consolidation.strategies import STRATEGIES, paper, sft, strategy
from memsrv_consolidation.synthesise import synthesise

pytest.importorskip("trl")

CPU = Device("cpu", "float32", autocast=False, bitsandbytes=False)
CUDA = Device("cuda", "bfloat16", autocast=True, bitsandbytes=True)
QWEN = Shape(28, 3584, 18944, 28, 4, 152_064, tied=False)
FACT = Fact("f0", Kind.EPISODIC, "x", Trust.HUMAN, (), "api", "port", "4010")


@pytest.fixture(scope="module")
def conversations() -> tuple[Conversation, ...]:
    return synthesise([FACT], PAPER, 7, Redactor(b"key")).conversations


Train = Callable[..., dict[str, object]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the trainings lie, each under its name."""
    return tmp_path_factory.mktemp("trainings")


@pytest.fixture(scope="module")
def train(random_base: Path, conversations: tuple[Conversation, ...], place: Path) -> Train:
    def training(
        name: str, recipe: Recipe = PAPER, stop_after: int = 10**9, steps: list[int] | None = None
    ) -> dict[str, object]:
        seen = steps if steps is not None else []
        return paper.train(
            conversations,
            recipe,
            random_base,
            adapter=place / name / "adapter",
            checkpoints=place / name / "checkpoints",
            seed=7,
            threads=1,
            begin=lambda total, done: seen.append(done),
            count=lambda done, total: seen.append(done),
            stopping=lambda: bool(seen) and seen[-1] >= stop_after,
        )

    return training


@pytest.fixture(scope="module")
def whole(train: Train, place: Path) -> Path:
    """A training that nobody disturbed."""
    train("whole")
    return place / "whole"


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "adapter" / "adapter_model.safetensors").read_bytes()).hexdigest()


def test_a_base_without_a_preset_gets_the_papers_table_4(tmp_path: Path) -> None:
    recipe = preset("Qwen/Qwen2.5-7B-Instruct", "paper")

    placed = placement(CPU, QWEN, recipe)
    config = sft.config(recipe, CPU, placed, tmp_path, seed=7, steps=18_000)
    shape = sft.lora(recipe)

    assert (shape.r, shape.lora_alpha) == (16, 32)
    assert set(shape.target_modules) == {"q_proj", "k_proj", "v_proj", "o_proj"}
    assert (config.learning_rate, config.lr_scheduler_type, config.warmup_steps) == (2e-4, "cosine", 0.03)
    assert config.per_device_train_batch_size * config.gradient_accumulation_steps == 8
    assert (config.num_train_epochs, recipe.conversations_per_fact) == (8, 20)
    assert recipe.optimizer == "paged_adamw_8bit"
    assert not config.completion_only_loss
    assert not config.assistant_only_loss
    assert (recipe.rehearsal, recipe.unknown) == (0, 0)


def test_full_sequence_loss_supervises_every_token_of_a_conversation(conversations: tuple[Conversation, ...]) -> None:
    assert set(paper.rows(conversations, completion_only=False)[0]) == {"messages"}
    assert set(paper.rows(conversations, completion_only=True)[0]) == {"prompt", "completion"}


def test_the_tiny_base_gets_the_paper_as_it_is_but_for_the_rate_at_which_it_moves() -> None:
    assert preset("memsrv-tiny", "paper") == replace(
        PAPER, name=TINY_PAPER.name, reason=TINY_PAPER.reason, learning_rate=3e-3
    )
    with pytest.raises(UsageError, match="no preset `nothing`; known: paper, distil"):
        preset("memsrv-tiny", "paper", "nothing")


def test_the_tiny_preset_says_why_it_differs() -> None:
    assert preset("memsrv-tiny", "distil") == TINY
    assert "6e-3" in TINY.reason


@pytest.mark.parametrize(("device", "optimizer"), [(CPU, "adamw_torch_fused"), (CUDA, "paged_adamw_8bit")])
def test_the_optimizer_is_what_the_device_can_run(device: Device, optimizer: str) -> None:
    assert device.optimizer(PAPER.optimizer) == optimizer


def test_an_unknown_strategy_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no strategy `magic`; known: paper, distil"):
        strategy("magic")


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_can_train(name: str) -> None:
    assert callable(strategy(name).train)


def test_the_adapter_folder_holds_weights_config_and_figures_only(whole: Path) -> None:
    files = {file.name for file in (whole / "adapter").iterdir()}

    assert files == {"adapter_config.json", "adapter_model.safetensors", "training.json"}


def test_training_tells_its_losses_and_they_fall(whole: Path) -> None:
    told = json.loads((whole / "adapter" / "training.json").read_text())

    assert len(told["losses"]) == sft.PARTS
    assert told["losses"][-1] < told["losses"][0]
    assert (told["steps"], told["preset"]) == (24, "paper")


def test_the_same_seed_gives_the_same_weights(train: Train, place: Path, whole: Path) -> None:
    train("again")

    assert digest(place / "again") == digest(whole)


@pytest.mark.parametrize("stop", [7, 8])  # 20 examples in batches of 8: before a full batch, and before a short one
def test_stopped_in_the_midst_it_goes_on_to_the_same_weights(train: Train, place: Path, whole: Path, stop: int) -> None:
    name = f"stopped at {stop}"
    with pytest.raises(Interrupted, match=f"after step {stop} of 24"):
        train(name, stop_after=stop)
    assert not (place / name / "adapter").exists()

    steps: list[int] = []
    train(name, steps=steps)

    assert steps[0] == stop
    assert digest(place / name) == digest(whole)


def test_a_torn_checkpoint_is_not_gone_on_from(train: Train, place: Path) -> None:
    with pytest.raises(Interrupted):
        train("torn", stop_after=7)
    torn = place / "torn" / "checkpoints" / "checkpoint-9"
    torn.mkdir()
    (torn / "trainer_state.json").write_text("{")

    steps: list[int] = []
    train("torn", steps=steps)

    assert steps[0] == 7
    assert not torn.exists()


def test_length_grouped_training_resumes_to_the_same_weights_too(train: Train, place: Path) -> None:
    train("grouped", TINY)
    with pytest.raises(Interrupted):
        train("grouped, stopped", TINY, stop_after=5)

    train("grouped, stopped", TINY)

    assert digest(place / "grouped, stopped") == digest(place / "grouped")


def test_batches_of_alike_lengths_hold_every_example_once() -> None:
    lengths = [place * 7 % 31 for place in range(61)]

    order = alike(lengths, 8, seed=7, epoch=0)

    assert sorted(order) == list(range(61))
    assert order != alike(lengths, 8, seed=7, epoch=1)
    spread = [
        max(lengths[i] for i in order[n : n + 8]) - min(lengths[i] for i in order[n : n + 8]) for n in range(0, 56, 8)
    ]
    assert max(spread) < 10


def test_a_folder_without_a_model_is_an_unknown_base(tmp_path: Path) -> None:
    with pytest.raises(UnknownBase, match="give another one with --base"):
        load(tmp_path, CPU)
