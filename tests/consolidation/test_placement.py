"""How a base is trained on a device: each branch, on machines that are described and not here."""

import json
from pathlib import Path

import pytest

from memsrv.errors import UnknownBase
from memsrv_consolidation.device import described
from memsrv_consolidation.estimate import GIB, MACHINES, Machine, memory, operations, seconds
from memsrv_consolidation.expected import expected, of_texts
from memsrv_consolidation.placement import COPIES, ONE, SHARDS, Placement, placement, reading
from memsrv_consolidation.recipe import DISTIL, PAPER, preset
from memsrv_consolidation.shape import SHAPES, Shape, shape_of

SMALL, LARGE = SHAPES["qwen2.5-0.5b"], SHAPES["qwen2.5-7b"]


def on_gpus(
    gib: float, count: int = 1, bitsandbytes: bool = True, flash: bool = False, shape: Shape = LARGE
) -> Placement:
    return placement(described("cuda", True, bitsandbytes, round(gib * GIB), count, flash), shape, DISTIL)


@pytest.mark.parametrize(
    ("name", "billions"), [("qwen2.5-0.5b", 0.494), ("qwen2.5-1.5b", 1.544), ("qwen2.5-7b", 7.616)]
)
def test_a_shape_tells_the_parameters_of_the_real_model(name: str, billions: float) -> None:
    assert SHAPES[name].parameters / 1e9 == pytest.approx(billions, rel=0.002)


def test_a_lora_of_rank_16_has_the_weights_that_were_counted_on_qwen_7b() -> None:
    assert LARGE.lora(16, PAPER.targets) == pytest.approx(10.1e6, rel=0.01)
    assert LARGE.lora(16, DISTIL.targets) == pytest.approx(40.4e6, rel=0.01)


def test_the_shape_is_read_from_the_base_whatever_its_fields_are_called(random_base: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"n_layer": 12, "n_embd": 768, "n_head": 12, "vocab_size": 50257}))

    assert shape_of(tmp_path).parameters == pytest.approx(124e6, rel=0.3)  # GPT-2, whose feed-forward has two matrices
    assert shape_of(random_base) == Shape(2, 32, 48, 4, 4, 600, tied=True)


@pytest.mark.parametrize("text", ["{}", "[1]", "nonsense", '{"hidden_size": "wide"}'])
def test_a_config_that_tells_no_size_is_an_unknown_base(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(UnknownBase, match="does not tell the base's size"):
        shape_of(tmp_path)


def test_the_papers_training_takes_about_the_1_5_hours_on_an_a100_that_it_tells() -> None:
    a100 = Machine("GPU, A100", "cuda", "bfloat16", 80 * GIB, 312e12, 0.40)

    assert seconds(a100, operations(LARGE, 18_000 * 120 * 8, recompute=True)) / 3600 == pytest.approx(1.5, rel=0.1)


@pytest.mark.parametrize("gib", [24, 32])
def test_a_base_of_7b_trains_within_24_to_32_gb(gib: int) -> None:
    placed = on_gpus(gib)

    assert placed.fits
    assert placed.bytes <= gib * GIB
    assert (placed.recompute, placed.optimizer) == (True, "paged_adamw_8bit")


def test_where_memory_is_short_the_base_is_in_4_bit() -> None:
    assert on_gpus(80).weights == "bfloat16"
    assert on_gpus(12).weights == "4bit"
    assert on_gpus(12).fits


def test_without_bitsandbytes_nothing_is_in_4_or_8_bit_and_what_does_not_fit_says_so() -> None:
    placed = on_gpus(12, bitsandbytes=False)

    assert (placed.weights, placed.optimizer, placed.fits) == ("bfloat16", "adamw_torch_fused", False)


@pytest.mark.parametrize("gib", [12, 16, 24, 48, 80])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_step_is_the_recipe_s_batch_however_it_is_divided(gib: int, count: int) -> None:
    placed = on_gpus(gib, count)

    assert placed.micro * placed.accumulation * placed.processes == DISTIL.batch


def test_packing_and_flash_attention_come_together_and_need_half_precision() -> None:
    without, given = on_gpus(80), on_gpus(80, flash=True)
    old = placement(described("cuda", False, True, 80 * GIB, flash=True), SMALL, DISTIL)

    assert (without.attention, without.packing) == ("sdpa", False)
    assert (given.attention, given.packing) == ("flash_attention_2", True)
    assert (old.weights, old.attention, old.packing) == ("float32", "sdpa", False)


def test_a_small_base_keeps_its_activations_where_they_fit() -> None:
    assert not on_gpus(80, shape=SMALL).recompute
    assert on_gpus(4, shape=SMALL).fits


def test_several_gpus_have_a_copy_each_and_a_part_each_where_a_copy_does_not_fit() -> None:
    assert on_gpus(80).spread == ONE
    assert (on_gpus(80, 2).spread, on_gpus(80, 2).processes) == (COPIES, 2)
    assert on_gpus(14, 4, bitsandbytes=False).spread == SHARDS
    assert on_gpus(80, 3).processes == 2  # a batch of 8 has no third


@pytest.mark.parametrize("kind", ["cpu", "mps"])
def test_a_machine_without_cuda_trains_in_32_bit(kind: str) -> None:
    placed = placement(described(kind, False, True, 64 * GIB), SMALL, DISTIL)

    assert (placed.weights, placed.optimizer, placed.attention, placed.fits) == (
        "float32",
        "adamw_torch_fused",
        "sdpa",
        True,
    )


def test_a_base_is_asked_in_4_bit_only_where_it_would_leave_no_room() -> None:
    assert reading(described("cuda", True, True, 16 * GIB), LARGE) == "4bit"
    assert reading(described("cuda", True, True, 24 * GIB), LARGE) == "bfloat16"
    assert reading(described("cpu", False, False, 16 * GIB), LARGE) == "float32"


def test_logits_of_completions_alone_and_8_bit_moments_save_what_the_formula_says() -> None:
    placed = on_gpus(24)
    trained = LARGE.lora(16, DISTIL.targets)

    whole, part = (memory(LARGE, placed.load(1024, trained, share)) for share in (1.0, 0.35))

    assert whole - part == pytest.approx(1.08 * placed.micro * 1024 * 0.65 * LARGE.vocabulary * 12, rel=0.01)


def test_a_faster_machine_needs_less_time() -> None:
    took = [seconds(machine, 1e18) for machine in MACHINES]

    assert took == sorted(took, reverse=True)


@pytest.mark.parametrize(
    ("name", "recipe"), [("qwen2.5-0.5b", "distil-0.5b"), ("qwen2.5-1.5b", "distil-1.5b"), ("qwen2.5-7b", "distil-7b")]
)
def test_a_base_has_the_preset_of_its_size(name: str, recipe: str) -> None:
    assert preset(f"Qwen/{name}-Instruct", "distil", parameters=SHAPES[name].parameters).name == recipe
    assert preset(name, "paper", parameters=SHAPES[name].parameters) == PAPER
    assert preset("memsrv-tiny", "distil", parameters=4_000_000).name.startswith("memsrv-tiny")


def test_what_a_training_takes_grows_with_the_base_and_shrinks_with_the_machine() -> None:
    small, large = (expected(SHAPES[f"qwen2.5-{size}"], DISTIL, 1e6) for size in ("0.5b", "7b"))

    assert [one.seconds for one in small] == sorted((one.seconds for one in small), reverse=True)
    assert all(a.seconds * 5 < b.seconds and a.bytes < b.bytes for a, b in zip(small, large, strict=True))
    assert [one.fits for one in large] == [False, False, True, True]


def test_conversations_are_counted_in_tokens_without_a_tokenizer() -> None:
    texts = [["What is the port of staging?", "4010."]] * 100

    assert of_texts(texts, SMALL, DISTIL)[0].seconds == pytest.approx(
        expected(SMALL, DISTIL, 2117)[0].seconds, rel=0.02
    )
