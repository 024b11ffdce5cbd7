"""A base that cannot read facts from its context is not trained on them, and the report says why."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from memsrv.records import Fact, Kind, Trust
from memsrv_adapters.base import resolve
from memsrv_consolidation import suitable, wordings
from memsrv_consolidation.pipeline import consolidate
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.run import Run, read_json

pytest.importorskip("torch")

FACTS = (("staging server", "port", "4010"), ("JSON keys", "use", "snake_case"))
MakeRun = Callable[..., Run]


def facts(triples: Sequence[tuple[str, str, str]]) -> list[Fact]:
    return [
        Fact(f"f{n}", Kind.EPISODIC, wordings.claim(s, r, v), Trust.HUMAN, (), s, r, v)
        for n, (s, r, v) in enumerate(triples)
    ]


def carried(run: Run) -> dict[str, object]:
    assert consolidate(run, Pace(run, 1), lambda: nullcontext(lambda: False))
    return read_json(run.report_file)


def test_a_base_of_random_weights_is_refused_before_it_is_trained(make_run: MakeRun) -> None:
    run = make_run("unfit", any_base=False)

    report = carried(run)

    assert report["verdict"] == "refuse"
    assert "gives back 0% of the facts" in str(report["reason"])
    assert "Keep to memory" in str(report["reason"])
    assert not run.adapter.exists()
    assert read_json(run.suitable_file)["asked"] >= suitable.FEWEST


def test_what_was_measured_is_not_asked_again(make_run: MakeRun) -> None:
    run = make_run("measured", any_base=False)
    run.suitable_file.write_text('{"asked": 50, "right": 30, "least": 0.8}')

    assert "gives back 60% of the facts" in str(carried(run)["reason"])


@pytest.mark.parametrize(("right", "passes"), [(34, False), (36, True)])
def test_a_base_is_refused_when_it_is_shown_to_give_back_less_than_four_of_five(right: int, passes: bool) -> None:
    verdict = suitable.unfit({"asked": 50, "right": right, "least": 0.8}, "some/base")

    assert (verdict is None) is passes


def test_few_facts_are_joined_by_made_up_ones_and_many_are_sampled() -> None:
    few = suitable.asked(facts(FACTS[:1]), 7)
    many = suitable.asked(facts([(f"api {n}", "port", f"{n}") for n in range(1000, 1100)]), 7)

    assert len(few) >= suitable.FEWEST
    assert {probe.about for probe in few} == {"fact", "fresh"}
    assert len(many) == suitable.MOST
    assert {probe.about for probe in many} == {"fact"}


def test_memsrv_tiny_reads_well_enough() -> None:
    base: Path = resolve("memsrv-tiny").path

    measured = suitable.reading(facts(FACTS), base, 7, 1, lambda *_: None, lambda *_: None)

    assert suitable.unfit(measured, "memsrv-tiny") is None, measured
