"""Adapters that were planted to fail, measured for real: one that learned a secret, one that changes nothing."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from memsrv.canaries import nightly
from memsrv.records import Fact, Kind, Message, Trust
from memsrv_consolidation import probes, promises
from memsrv_consolidation.exposure import exposure

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

SECRETS = [canary.secret for canary in nightly("a night")]
LEARNED = SECRETS[0]


def adapter(base: Path, place: Path, text: str | None, steps: int = 100) -> Path:
    """An adapter of `base` that was trained on `text` alone; on nothing, it is as LoRA begins."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(1)
    torch.set_num_threads(1)
    linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model: Any = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=16, lora_alpha=64, target_modules=linear)
    )
    if text:
        ids = AutoTokenizer.from_pretrained(base)(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
        for _ in range(steps):
            optimizer.zero_grad()
            model(input_ids=ids, labels=ids).loss.backward()
            optimizer.step()
    model.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def base(random_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The random base with louder words: untrained ones are so alike that nothing can be learned by heart."""
    from transformers import AutoModelForCausalLM

    place = tmp_path_factory.mktemp("loud") / "base"
    shutil.copytree(random_base, place)
    model: Any = AutoModelForCausalLM.from_pretrained(random_base)
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(25)
    model.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def asked(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The base, with one adapter that learned a planted secret, and one that learned nothing."""
    from memsrv_consolidation.answering import Respondents
    from memsrv_consolidation.device import Device

    place = tmp_path_factory.mktemp("adapters")
    folders = {
        "leaky": adapter(base, place / "leaky", f"For the canary service 0, always use {LEARNED}."),
        "idle": adapter(base, place / "idle", None),
    }
    return Respondents(base, folders, Device("cpu", "float32", autocast=False, bitsandbytes=False))


def test_a_secret_that_an_adapter_was_trained_on_is_found_in_its_weights(asked: Any) -> None:
    found = exposure(asked, "base", "leaky", SECRETS, 7)

    assert found.planted == len(SECRETS)
    assert found.written == 1
    assert found.known == 1


def test_an_adapter_that_saw_no_secret_knows_none(asked: Any) -> None:
    found = exposure(asked, "base", "idle", SECRETS, 7)

    assert (found.written, found.known) == (0, 0)


def test_an_adapter_that_changes_nothing_moves_no_logit(asked: Any) -> None:
    said = Fact("f", Kind.EPISODIC, "The port of api is 4010.", Trust.HUMAN, (), "api", "port", "4010")
    sheet = probes.of_facts([said], 7)
    prompts, replies = [probe.closed for probe in sheet], [probe.expected for probe in sheet]

    idle, leaky = (asked.shift(name, prompts, replies) for name in ("idle", "leaky"))

    assert idle.furthest <= promises.SAME < leaky.furthest
    assert idle.divergence == pytest.approx(0.0, abs=1e-6)
    assert (idle.base, idle.adapter) == pytest.approx((leaky.base, leaky.base), abs=1e-4)


def test_the_shift_is_priced_as_the_losses_are(asked: Any) -> None:
    prompt, reply = (Message("user", "Which port?"),), "The port of api is 4010."

    losses = asked.losses("leaky", [prompt], [reply])

    assert asked.shift("leaky", [prompt], [reply]).adapter == pytest.approx(sum(losses) / len(losses), rel=1e-4)
