"""What an adapter must not move, weighed beside what it must learn."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Conversation
from memsrv_consolidation.recipe import Recipe

pytest.importorskip("trl")

Train = Callable[..., dict[str, Any]]


def taught(pupil: Any, conversations: Sequence[Conversation], recipe: Recipe, kept: Path) -> Any:
    from memsrv_consolidation.strategies.teacher import lessons

    with pupil.respondents.speaking("base") as model:
        return lessons(model.eval(), pupil.tokenizer, conversations, {}, recipe, kept, "cpu")


def margins(pupil: Any, lessons: Sequence[Any]) -> Any:
    """The logits of the likely tokens where an answer is foretold, below that of the likeliest: places x others."""
    import torch

    found = []
    for one in lessons:
        with torch.no_grad(), pupil.model.disable_adapter():
            before = pupil.model(torch.tensor([one.tokens.ids])).logits[0]
        with torch.no_grad():
            after = pupil.model(torch.tensor([one.tokens.ids])).logits[0]
        places = [place - 1 for place in one.tokens.learned]
        likely = before[places].topk(20).indices
        old, new = (logits[places].gather(1, likely) for logits in (before, after))
        found.append((new[:, :1] - new[:, 1:]) - (old[:, :1] - old[:, 1:]))
    return torch.cat(found)


@pytest.mark.parametrize("part", ["mlp.down_proj", "mlp.up_proj", "self_attn.o_proj"])
def test_the_penalty_foretells_how_far_a_small_change_moves_answers(
    part: str, random_base: Path, short: Recipe, conversations: tuple[Conversation, ...], tmp_path: Path
) -> None:
    import torch

    from memsrv_consolidation.strategies import laplace, sft

    pupil = sft.pupil(random_base, short, 7, 1)
    lessons = taught(pupil, conversations, short, tmp_path)
    penalty = laplace.penalty(pupil, lessons, 7)
    assert penalty is not None
    assert penalty().item() == 0.0
    layer = pupil.model.get_submodule(f"base_model.model.model.layers.0.{part}")
    b = layer.lora_B["default"].weight
    with torch.no_grad():
        b.copy_(1e-4 * torch.randn(b.shape, generator=torch.Generator().manual_seed(1)))

    moved = float(margins(pupil, [one for one in lessons if one.about != "fact"]).square().mean())

    assert 0.25 < penalty().item() / moved < 4


def test_an_adapter_trained_with_it_moves_other_answers_less(
    train: Train, short: Recipe, random_base: Path, place: Path, conversations: tuple[Conversation, ...], tmp_path: Path
) -> None:
    from memsrv_consolidation.strategies import laplace, sft

    moved = {}
    for weight in (0.0, 1e4):
        train(f"weight {weight}", recipe=replace(short, laplace=weight), facts=())
        pupil = sft.pupil(random_base, short, 7, 1, place / f"weight {weight}" / "adapter")
        penalty = laplace.penalty(pupil, taught(pupil, conversations, short, tmp_path), 7)
        assert penalty is not None
        moved[weight] = penalty().item()

    assert moved[1e4] < moved[0.0] / 2


def test_where_there_are_only_facts_nothing_is_kept_still(
    random_base: Path, short: Recipe, conversations: tuple[Conversation, ...], tmp_path: Path
) -> None:
    from memsrv_consolidation.strategies import laplace, sft

    pupil = sft.pupil(random_base, short, 7, 1)
    facts = [one for one in conversations if one.about == "fact"]

    assert laplace.penalty(pupil, taught(pupil, facts, short, tmp_path), 7) is None


def test_what_the_penalty_stands_for_is_not_trained_but_for_a_share_of_what_is_read_from_memory(
    random_base: Path, short: Recipe, conversations: tuple[Conversation, ...], tmp_path: Path
) -> None:
    from memsrv_consolidation.strategies import laplace, sft

    pupil = sft.pupil(random_base, short, 7, 1)
    lessons = taught(pupil, conversations, short, tmp_path)

    trained = laplace.trained(lessons * 20, 0.75, 7)

    abouts = [[one.about for one in some] for some in (lessons * 20, trained)]
    for about in ("fact", "unknown"):
        assert abouts[1].count(about) == abouts[0].count(about) > 0
    assert abouts[1].count("memory") == abouts[0].count("memory") / 4 > 0
    assert [one is other for one, other in zip(trained, laplace.trained(lessons * 20, 0.75, 7), strict=True)]
