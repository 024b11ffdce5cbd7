"""The logits of what is learned alone: the same numbers, from less work."""

from pathlib import Path

import pytest

from memsrv_consolidation.device import Device, load
from memsrv_consolidation.strategies.foretold import answer_loss, foretold

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

CPU = Device("cpu", "float32", autocast=False, bitsandbytes=False)


def example() -> tuple[object, object, object]:
    torch.manual_seed(7)
    ids = torch.randint(3, 600, (3, 20))
    mask = torch.ones_like(ids)
    mask[1, 14:] = 0
    labels = torch.full_like(ids, -100)
    labels[0, 15:], labels[1, 10:14], labels[2, 0:4] = ids[0, 15:], ids[1, 10:14], ids[2, 0:4]
    return ids, mask, labels


def test_the_logits_are_those_of_the_whole_and_only_of_what_is_learned(random_base: Path) -> None:
    model, _ = load(random_base, CPU)
    ids, mask, labels = example()
    learned = labels != -100

    found = foretold(model, learned, input_ids=ids, attention_mask=mask)

    whole = model(input_ids=ids, attention_mask=mask).logits[:, :-1][learned[:, 1:]]
    assert found.shape == (12, 600)
    assert torch.allclose(found, whole, atol=1e-6)


def test_the_loss_and_what_the_adapter_learns_of_it_are_those_of_the_model_itself(random_base: Path) -> None:
    from peft import LoraConfig, get_peft_model

    model, _ = load(random_base, CPU)
    adapted = get_peft_model(model, LoraConfig(target_modules="all-linear"))
    ids, mask, labels = example()
    gradients = []
    for loss in (
        adapted(input_ids=ids, attention_mask=mask, labels=labels).loss,
        answer_loss(adapted, {"input_ids": ids, "attention_mask": mask, "labels": labels}, None),
    ):
        adapted.zero_grad()
        loss.backward()
        gradients.append([loss.item()] + [float(p.grad.norm()) for p in adapted.parameters() if p.grad is not None])

    assert gradients[1] == pytest.approx(gradients[0], rel=1e-4, abs=1e-7)


def test_the_model_is_as_before_afterwards(random_base: Path) -> None:
    model, _ = load(random_base, CPU)
    ids, mask, labels = example()

    foretold(model, labels != -100, input_ids=ids, attention_mask=mask)

    assert model(input_ids=ids).logits.shape == (3, 20, 600)
