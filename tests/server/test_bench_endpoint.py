"""`memsrv bench endpoint` asks what a run measured by, four ways, and judges as the run did."""

import json
from pathlib import Path

import pytest

from memsrv.bench.answering import answering
from memsrv.errors import EndpointUnavailable, NotFound
from memsrv.layout import NOT_RECORDED
from memsrv.records import to_dict
from memsrv_adapters.client import Answer, Warming
from memsrv_consolidation.run import Order, Run

BLANK = {"kind": "episodic", "expected": "", "context": []}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "20261121-030000-shop"
    folder.mkdir()
    order = Order(folder.name, "shop", "memsrv-tiny", "paper", 1, 1, "2026-11-21T03:00:00Z")
    (folder / "run.json").write_text(json.dumps(to_dict(order)))
    questions = [
        {"about": "fact", "fact": "f1", "wording": "known", "question": "The port of billing?", "value": "4010"},
        {"about": "fact", "fact": "f1", "wording": "novel", "question": "Billing, where?", "value": "4010"},
        {"about": "fact", "fact": "f2", "wording": "novel", "question": "Money, how?", "value": "Decimal"},
        {"about": "fresh", "fact": None, "wording": "known", "question": "Made up?", "value": "x"},
        {"about": "unknown", "fact": None, "wording": "known", "question": "The port of nothing?", "value": None},
    ]
    (folder / "evaluation.json").write_text(json.dumps({"questions": [BLANK | one for one in questions]}))
    return Run(folder)


def _answer(model: str, question: str) -> Answer:
    """Knows where billing is, with memory only; declines all else."""
    with_memory = model.endswith("+memory")
    said = "It is 4010." if with_memory and "illing" in question else NOT_RECORDED
    return Answer(said, model, "base", True, ("mem_1", "mem_2") if with_memory else ())


def test_each_way_is_judged_by_value_and_by_declining_what_nobody_said(run: Run) -> None:
    found = answering([run], "memsrv/shop", _answer)

    assert (found.run, found.questions) == ("20261121-030000-shop", 4)
    figures = {way.model: (way.known.hits, way.novel.hits, way.novel.of, way.unknown.hits) for way in found.ways}
    closed, with_memory = (0, 0, 2, 1), (1, 1, 2, 1)
    assert figures == {
        "memsrv/shop:base": closed,
        "memsrv/shop:base+memory": with_memory,
        "memsrv/shop": closed,
        "memsrv/shop+memory": with_memory,
    }
    assert [way.given for way in found.ways] == [0, 2, 0, 2]


def test_a_limit_is_of_each_sort_of_question(run: Run) -> None:
    assert answering([run], "memsrv/shop", _answer, limit=1).questions == 3


def test_without_a_measured_run_there_is_nothing_to_ask(run: Run) -> None:
    run.evaluation_file.unlink()

    with pytest.raises(NotFound, match="memsrv consolidate"):
        answering([run], "memsrv/shop", _answer)


def test_an_endpoint_that_ends_ends_the_bench(run: Run) -> None:
    with pytest.raises(EndpointUnavailable, match="run it again"):
        answering([run], "memsrv/shop", lambda model, question: Warming())
