"""The gate: each promise, broken alone, refuses; all kept, it promotes."""

import copy
from pathlib import Path
from typing import Any

import pytest

from memsrv.redact import Redactor
from memsrv_consolidation.decide import PROMOTE, REFUSE, Verdict, decide, interval
from memsrv_consolidation.run import Run, write_json

torch = pytest.importorskip("torch")

GOOD: dict[str, Any] = {
    "closed_book": {"base": {"all": 0.1}, "current": {"all": 0.8}, "candidate": {"all": 0.9}},
    "in_context": {"base": 0.9, "candidate": 0.85},
    "fresh": {"base": 0.9, "candidate": 0.82},
    "unknown": {"base": 1.0, "candidate": 0.95},
    "asked": {"fact": 60, "fresh": 24, "unknown": 24},
}


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor(b"key")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    run.adapter.mkdir()
    weigh(run, torch.ones(2, 2))
    run.facts_file.write_text('{"text": "The port of api is 4010."}\n')
    run.conversations_file.write_text("")
    write_json(run.evaluation_file, GOOD)
    return run


def weigh(run: Run, b: Any) -> None:
    from safetensors.torch import save_file

    save_file({"x.lora_A.weight": torch.ones(2, 2), "x.lora_B.weight": b}, run.adapter / "adapter_model.safetensors")


def with_(**changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(GOOD)
    for path, value in changes.items():
        place = changed
        *way, last = path.split("__")
        for step in way:
            place = place[step]
        place[last] = value
    return changed


def failed(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.passed]


def test_when_every_promise_is_kept_it_promotes(run: Run, redactor: Redactor) -> None:
    verdict = decide(run, GOOD, (), redactor)

    assert (verdict.verdict, failed(verdict)) == (PROMOTE, [])
    assert "80 points more than the base" in verdict.reason


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ({"closed_book__base__all": 0.75}, "recall over base"),
        ({"closed_book__current__all": 0.91}, "recall over current"),
        ({"in_context__candidate": 0.79}, "reading in context"),
        ({"fresh__candidate": 0.79}, "reading fresh facts"),
        ({"unknown__candidate": 0.49}, "unknowns"),
    ],
)
def test_one_broken_promise_refuses_and_is_named(
    run: Run, redactor: Redactor, broken: dict[str, float], name: str
) -> None:
    verdict = decide(run, with_(**broken), (), redactor)

    assert (verdict.verdict, failed(verdict)) == (REFUSE, [name])
    assert name in verdict.reason


def test_a_loss_of_exactly_the_slack_passes(run: Run, redactor: Redactor) -> None:
    assert decide(run, with_(in_context__candidate=0.8), (), redactor).verdict == PROMOTE


def test_a_first_version_needs_no_current_one(run: Run, redactor: Redactor) -> None:
    first = with_()
    del first["closed_book"]["current"]

    assert decide(run, first, (), redactor).verdict == PROMOTE


def test_weights_that_are_not_numbers_refuse(run: Run, redactor: Redactor) -> None:
    weigh(run, torch.tensor([[1.0, float("nan")], [0.0, 1.0]]))

    assert "weights finite" in failed(decide(run, GOOD, (), redactor))


def test_weights_that_did_not_move_refuse(run: Run, redactor: Redactor) -> None:
    weigh(run, torch.zeros(2, 2))

    assert failed(decide(run, GOOD, (), redactor)) == ["weights moved"]


@pytest.mark.parametrize("file", ["facts.jsonl", "conversations.jsonl", "evaluation.json"])
def test_a_planted_canary_anywhere_refuses(run: Run, redactor: Redactor, file: str) -> None:
    place = run.folder / file
    place.write_text(place.read_text() + '{"text": "the canary-4711 sings"}\n')

    assert failed(decide(run, GOOD, ("canary-4711",), redactor)) == ["secrets"]


def test_a_secret_in_an_answer_refuses(run: Run, redactor: Redactor) -> None:
    run.evaluation_file.write_text('{"answer": "ghp_x7Kq9ZrT2mWvB4nLpY8sDfG1hJcE5uA3oQiR"}')

    assert failed(decide(run, GOOD, (), redactor)) == ["secrets"]


def test_few_questions_have_a_wide_interval() -> None:
    low, high = interval(0.9, 10)
    lower, higher = interval(0.9, 1000)

    assert low < lower < 0.9 < higher < high


def test_every_check_says_how_far_its_figure_can_be_trusted(run: Run, redactor: Redactor) -> None:
    [check] = [c for c in decide(run, GOOD, (), redactor).checks if c.name == "recall over base"]

    assert (check.figure, check.bound) == (0.9, 0.3)
    assert "of 60 questions; 95 % interval 0.80–0.95" in check.means
