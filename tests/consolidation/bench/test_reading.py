"""Whether an adapter still reads: the same questions to it and to its base, paired, in the bench's own process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from memsrv.bench.child import carried_out
from memsrv.errors import RunFailed
from memsrv.tables.training import reading
from memsrv_adapters.base import TINY, resolve

pytest.importorskip("peft")


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[[float], Path]:
    """An adapter of memsrv-tiny whose every B is `value`: at 0 it changes nothing, at 5 it ruins the base."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    def make(value: float) -> Path:
        model = get_peft_model(
            AutoModelForCausalLM.from_pretrained(resolve(TINY).path),
            LoraConfig(r=2, target_modules=["v_proj", "down_proj"], task_type="CAUSAL_LM"),
        )
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if "lora_B" in name:
                    weights.fill_(value)
        model.save_pretrained(tmp_path / "adapter")
        return tmp_path / "adapter"

    return make


def order(adapter: Path) -> dict[str, object]:
    return {
        "base": str(resolve(TINY).path),
        "adapter": str(adapter),
        "questions": 16,
        "facts": [1, 3],
        "seed": 5,
        "threads": 1,
    }


def test_an_adapter_that_changes_nothing_reads_like_its_base(adapter: Callable[[float], Path], tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    found = carried_out("reading", order(adapter(0.0)), tmp_path / "bench", lambda *told: seen.append(told))

    rows = {row["what"]: row for row in found["rows"]}
    assert rows["read"]["n"] == 16
    assert {"known", "novel", "unrecorded", "known 1", "novel 3"} <= set(rows)
    assert all(row["change"] == 0 and row["p"] == 1 for row in rows.values())
    assert all(low < 0 < high for low, high in (row["interval"] for row in rows.values()))
    assert rows["read"]["base"] > 0.5


def test_an_adapter_that_ruined_its_base_is_seen_to(adapter: Callable[[float], Path], tmp_path: Path) -> None:
    found = carried_out("reading", order(adapter(5.0)), tmp_path / "bench", lambda *_: None)

    (read,) = (row for row in found["rows"] if row["what"] == "read")
    assert read["adapter"] == 0
    assert read["interval"][1] < 0
    assert read["p"] < 0.05


def test_a_bench_whose_process_fails_quotes_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"bench reading ended with exit code .*nowhere"):
        carried_out("reading", order(tmp_path / "nowhere"), tmp_path / "bench", lambda *_: None)


def test_the_table_gives_the_change_in_points_with_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"what": "read", "n": 1000, "base": 0.9, "adapter": 0.89, "change": -0.01, "interval": (-0.02, 0.0), "p": 0.2}

    reading({"model": "demo@v1", "base": TINY, "rows": [row]})

    assert "-1.0 (-2.0 to +0.0)" in capsys.readouterr().out
