"""What an adapter costs its base on lm-eval's tasks: paired by item, bounded, and refused where it cannot be asked."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memsrv.errors import NotFound, UsageError
from memsrv_consolidation.bench.guard import HELD, LOST, OPEN, judged, loaded, scores


def marks(right: int, n: int) -> dict[str, float]:
    return {str(place): float(place < right) for place in range(n)}


@pytest.mark.parametrize(
    ("right", "n", "verdict"), [(800, 1000, HELD), (700, 1000, LOST), (8, 10, OPEN), (6, 10, LOST), (785, 1000, HELD)]
)
def test_a_loss_beyond_the_bound_is_lost_and_only_a_narrow_interval_is_held(right: int, n: int, verdict: str) -> None:
    (row,) = judged({"t": marks(8 * n // 10, n)}, {"t": marks(right, n)}, bound=0.03)

    assert row["verdict"] == verdict
    assert row["change"] == pytest.approx(right / n - 0.8)


def test_items_are_paired_so_that_a_swap_of_right_answers_is_seen() -> None:
    before = marks(50, 100)
    after = {item: 1.0 - score for item, score in before.items()}

    (row,) = judged({"t": before}, {"t": after}, bound=0.03)

    assert row["change"] == 0
    assert row["interval"][0] < -0.1
    assert row["verdict"] == OPEN


def test_several_tasks_are_judged_together_too_and_scores_between_0_and_1_have_an_interval() -> None:
    before = {"a": {"1": 0.5, "2": 0.25}, "b": {"1": 1.0, "2": 0.0}}

    rows = judged(before, before, bound=0.03)

    assert [(row["task"], row["n"], row["change"]) for row in rows] == [("a", 2, 0), ("b", 2, 0), ("all", 4, 0)]


def sample(doc: int, name: str, **metrics: object) -> dict[str, object]:
    return {"doc_id": doc, "filter": name, "metrics": list(metrics), **metrics}


def test_of_what_lm_eval_logs_the_first_filter_and_the_telling_metric_are_taken() -> None:
    rows = [sample(3, "strict", acc_norm=0.0, acc=1.0), sample(3, "loose", acc_norm=1.0, acc=0.0)]

    assert scores({"t": rows}, {"t": {"acc": True, "acc_norm": True}}) == {"t": {"3": 1.0}}


def test_a_task_of_perplexities_has_nothing_to_pair() -> None:
    rows = [sample(0, "none", word_perplexity=(1.0, 2))]

    with pytest.raises(UsageError, match="the task wiki scores no single item"):
        scores({"wiki": rows}, {"wiki": {"word_perplexity": False}})


TASK = """task: letters
dataset_path: json
dataset_kwargs:
  data_files: {file}
test_split: train
output_type: multiple_choice
doc_to_text: "Question: {{{{question}}}} Answer:"
doc_to_choice: ["a", "b"]
doc_to_target: answer
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
"""


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """A folder with a task of our own, whose data is beside it."""
    pytest.importorskip("lm_eval", reason="lm-eval is not installed (`pip install 'memsrv[guard]'`)")
    rows = [json.dumps({"question": f"what comes after {n}?", "answer": n % 2}) for n in range(12)]
    (tmp_path / "letters.jsonl").write_text("\n".join(rows))
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "letters.yaml").write_text(TASK.format(file=tmp_path / "letters.jsonl"))
    (folder / "absent.yaml").write_text(
        TASK.format(file="x").replace("letters", "absent").replace("path: json", "path: nobody/absent-data")
    )
    return folder


def test_a_task_of_ones_own_is_put_to_the_base_and_to_an_adapter_that_changes_nothing(
    tasks: Path, random_base: Path, tmp_path: Path
) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(random_base)
    get_peft_model(model, LoraConfig(target_modules="all-linear")).save_pretrained(tmp_path / "adapter")
    order = {
        "base": str(random_base), "adapter": str(tmp_path / "adapter"), "tasks": ["letters"], "limit": 8, "bound": 0.03,
        "include": str(tasks), "code": False, "batch": 4, "seed": 7, "threads": 1,
    }  # fmt: skip
    (tmp_path / "order.json").write_text(json.dumps(order))

    ended = subprocess.run(
        [sys.executable, "-m", "memsrv_consolidation.bench.guard", str(tmp_path)], capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    (row,) = result["rows"]
    assert (row["task"], row["n"], row["change"], result["lost"]) == ("letters", 8, 0, [])


@pytest.mark.soak  # lm-eval reads thousands of files to say so
def test_a_task_that_nobody_knows_is_named_with_those_near(tasks: Path) -> None:
    with pytest.raises(UsageError, match="lm-eval has no task letter; near: "):
        loaded(["letter"], str(tasks), code=False)


def test_a_data_set_that_is_not_here_is_named_with_how_to_get_it(tasks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    import huggingface_hub

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(NotFound, match="hf download --repo-type dataset nobody/absent-data"):
        loaded(["absent"], str(tasks), code=False)


def test_a_task_that_runs_what_a_model_wrote_is_refused_unless_allowed(tasks: Path) -> None:
    shutil.copy(tasks / "letters.yaml", tasks / "risky.yaml")
    text = (tasks / "risky.yaml").read_text().replace("task: letters", "task: risky") + "unsafe_code: true\n"
    (tasks / "risky.yaml").write_text(text)

    with pytest.raises(UsageError, match="risky runs what a model wrote"):
        loaded(["risky"], str(tasks), code=False)
    assert "risky" in loaded(["risky"], str(tasks), code=True)[1]
