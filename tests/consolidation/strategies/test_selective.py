"""What an adapter may listen to, and in which order it learns."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Conversation
from memsrv_consolidation.batches import facts_first
from memsrv_consolidation.recipe import Recipe

pytest.importorskip("trl")

Train = Callable[..., dict[str, Any]]


def test_the_facts_come_first_and_everything_else_once() -> None:
    order = facts_first([5] * 10, [9] * 7, epochs=3, alone=0.5, batch=4, seed=7)

    assert all(place < 10 for place in order[:15])
    counted = Counter(order)
    assert all(counted[place] >= 3 for place in range(10))
    assert all(counted[place] == 1 for place in range(10, 17))
    assert len(order) % 4 == 0
    assert order == facts_first([5] * 10, [9] * 7, epochs=3, alone=0.5, batch=4, seed=7)


def weights(place: Path, name: str) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(place / name / "adapter" / "adapter_model.safetensors")


def test_directions_are_chosen_and_not_learned(train: Train, short: Recipe, place: Path) -> None:
    once = train("chosen", recipe=short, facts=())
    train("longer", recipe=replace(short, epochs=4), facts=())

    first, second = weights(place, "chosen"), weights(place, "longer")
    directions = [name for name in first if "lora_A" in name]
    assert directions
    assert all((first[name] == second[name]).all() for name in directions)
    assert any((first[name] != second[name]).any() for name in first if "lora_B" in name)
    assert once["parameters"]["trained"] == sum(first[name].numel() for name in first if "lora_B" in name)


def test_where_there_are_only_facts_everything_is_learned(
    train: Train, short: Recipe, conversations: tuple[Conversation, ...]
) -> None:
    only: tuple[Conversation, ...] = tuple(one for one in conversations if one.about == "fact")

    told = train("only facts", recipe=short, conversations=only, facts=())
    chosen = train("some more", recipe=short, facts=())

    assert told["parameters"]["trained"] > chosen["parameters"]["trained"]


@pytest.mark.parametrize("about", ["unknown", "rehearsal"])
def test_what_is_not_to_be_moved_moves_less(
    about: str,
    train: Train,
    short: Recipe,
    place: Path,
    random_base: Path,
    conversations: tuple[Conversation, ...],
) -> None:
    """The energy of A·x over the facts' questions is a larger share of the usual than over what must stay."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from memsrv_consolidation.strategies import sft

    name = f"energy {about}"
    few = replace(short, rank=4, alpha=8)  # of all directions of so narrow a base none would be left out
    train(name, recipe=few, facts=())
    usual = sft.pupil(random_base, few, 7, 1)
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    base = AutoModelForCausalLM.from_pretrained(random_base)
    trained = weights(place, name)
    module = "base_model.model.model.layers.0.mlp.down_proj"
    chosen = trained[f"{module}.lora_A.weight"]
    random = dict(usual.model.named_modules())[module].lora_A["default"].weight
    seen: dict[str, list[Any]] = {"fact": [], about: []}
    sort = [""]
    base.model.layers[0].mlp.down_proj.register_forward_pre_hook(lambda _, given: seen[sort[0]].append(given[0][0]))
    for one in conversations:
        if one.about in seen:
            sort[0] = one.about
            turns = [{"role": message.role, "content": message.content} for message in one.messages]
            text = tokenizer.apply_chat_template(turns, tokenize=False)
            with torch.no_grad():
                base(**tokenizer(text, return_tensors="pt", add_special_tokens=False))

    def energy(a: Any, of: str) -> float:
        return float((torch.cat(seen[of]) @ a.T).square().mean())

    assert energy(chosen, "fact") / energy(chosen, about) > energy(random, "fact") / energy(random, about)


def test_a_question_in_the_midst_of_training_changes_nothing_that_is_learned(random_base: Path, short: Recipe) -> None:
    from memsrv.records import Message
    from memsrv_consolidation.answering import BASE
    from memsrv_consolidation.strategies import sft
    from memsrv_consolidation.strategies.looks import STUDENT

    pupil = sft.pupil(random_base, short, 7, 1)
    directions = [weight for name, weight in pupil.model.named_parameters() if "lora_A" in name]
    for weight in directions:
        weight.requires_grad_(False)

    for name in (BASE, STUDENT):
        pupil.respondents.answers(name, [(Message("user", "Which port?"),)], ["8443"])

    assert not any(weight.requires_grad for weight in directions)
    assert all(weight.requires_grad for name, weight in pupil.model.named_parameters() if "lora_B" in name)
