"""Nights and erasing: one ledger for both ways, counted by when a fact was learned; the erased, beside controls."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Fact, Memory
from memsrv.redact import Redactor
from memsrv_adapters.base import resolve
from memsrv_consolidation import wordings
from memsrv_consolidation.bench import Work, carry_out, erasing, nights
from memsrv_consolidation.bench.ledgers import Question, Training, answered, questions, trained
from memsrv_consolidation.bench.ledgers import nights as ledger
from memsrv_consolidation.bench.telling import Telling, numbered
from memsrv_consolidation.probes import gives
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.reflect import reflect
from memsrv_consolidation.run import Run


def facts() -> tuple[Fact, ...]:
    memories = [memory for night in ledger(2, 3, seed=7) for memory in night]
    return reflect("bench", (), memories, Redactor(b"key")).facts


def asked(marks: Mapping[tuple[str, int, int], Sequence[bool]]) -> nights.Asked:
    return {key: [(Question("n1-0", "known", "?", "4010"), right) for right in some] for key, some in marks.items()}


def test_nothing_is_said_in_two_nights() -> None:
    said = [(memory.subject, memory.relation) for night in ledger(4, 6, seed=7) for memory in night]

    assert len(set(said)) == len(said) == 24


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_no_fact_gives_the_value_of_another_so_that_only_who_heard_it_can_say_it(seed: int) -> None:
    [said] = ledger(1, 24, seed=seed)

    assert not [
        (one.text, other.value)
        for one in said
        for other in said
        if one is not other and gives(str(other.value), one.text)
    ]


def test_each_fact_is_asked_as_often_in_known_as_in_novel_wordings_and_never_as_it_is_trained() -> None:
    known = facts()
    sheet = questions(known, 3, seed=7)
    by_id = {fact.id: fact for fact in known}

    pools = [one.pool for one in sheet]
    assert pools.count("known") == pools.count("novel") == 3 * len(known)
    for one in sheet:
        fact = by_id[one.fact]
        assert fact.subject
        assert fact.relation
        assert wordings.is_held_out(one.question, fact.subject, fact.relation)


def test_recall_is_told_by_how_many_nights_ago_a_fact_was_learned() -> None:
    found = nights._ages(asked({("rebuild", 1, 1): [True], ("rebuild", 1, 2): [False], ("rebuild", 2, 2): [True]}))

    assert [(row["age"], row["known"]["share"], row["known"]["n"]) for row in found] == [(0, 1.0, 2), (1, 0.0, 1)]


def test_both_ways_are_compared_question_by_question_after_the_last_night() -> None:
    marks = {("rebuild", 1, 2): [True, True], ("rebuild", 2, 2): [False], ("extend", 1, 2): [True, False],
             ("extend", 2, 2): [True]}  # fmt: skip

    found = nights._last(asked(marks), 2)

    assert (found["n"], round(found["rebuild"], 2), round(found["extend"], 2), found["change"]) == (3, 0.67, 0.67, 0.0)


def test_who_never_knew_the_erased_has_the_rest_in_another_order() -> None:
    [all_of] = ledger(1, 6, seed=7)
    gone = {all_of[0].id}

    rebuilt = erasing._ledger(erasing.REBUILT, all_of, gone, random.Random(1))
    control = erasing._ledger(erasing.CONTROL, all_of, gone, random.Random(1))

    assert {one.id for one in rebuilt} == {one.id for one in control} == {one.id for one in all_of} - gone
    assert rebuilt != control


def test_what_is_known_of_the_erased_by_nobody_else_is_told() -> None:
    nobody, half = [False] * 20, [True, False] * 10
    alike = dict.fromkeys(erasing.NAMES, half)
    still = {**dict.fromkeys(erasing.NAMES, nobody), erasing.REBUILT: half}

    told = erasing._verdict({"erased": still, "others": alike})

    assert (told["within_control"], told["others"]["within"]) == (False, True)


def test_others_that_lost_more_than_two_points_are_told() -> None:
    nobody, half = [False] * 20, [True, False] * 10
    worse = {**dict.fromkeys(erasing.NAMES, half), erasing.REBUILT: [False, *half[1:]]}

    told = erasing._verdict({"erased": dict.fromkeys(erasing.NAMES, nobody), "others": worse})

    assert (told["within_control"], told["others"]["within"]) == (True, False)
    assert not told["others_before"]["within"]


def test_a_run_of_a_bench_tells_which_it_is_its_stage_and_how_far_that_is(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    pace = Telling(
        Run(tmp_path / "run"), lambda what, done, total: seen.append((what, done, total)), numbered("control", 2, 4)
    )

    pace.begin("train", 150)
    pace.count(1, 150)

    assert seen == [("control (3 of 4): train", 0, 150), ("control (3 of 4): train", 1, 150)]


def ordered(base: Path) -> dict[str, Any]:
    chosen = resolve(str(base))
    return {"base": chosen.name, "path": str(chosen.path), "hash": chosen.hash, "strategy": "paper", "threads": 1,
            "replay": 0.2, "questions": 1, "seeds": [7]}  # fmt: skip


def test_what_was_trained_and_asked_of_a_ledger_is_taken_and_of_another_done_anew(
    random_base: Path, tmp_path: Path
) -> None:
    run, training, answers = Run(tmp_path / "run"), Training.of(ordered(random_base)), tmp_path / "answers.jsonl"

    run.folder.mkdir()

    def bench(memories: Sequence[Memory]) -> tuple[str, int, list[bool]]:
        made = trained(run, memories, training, 7, Pace(run, 1))
        sheet = questions(made.facts, 1, 7)
        return made.digest, run.adapter.stat().st_mtime_ns, answered(training, {"one": made}, sheet, answers)["one"]

    [[one, other]] = ledger(1, 2, seed=7)
    first, written = bench([one]), answers.read_text()

    assert bench([one]) == first
    assert answers.read_text() == written
    assert bench([other])[0] != first[0]
    assert len(answers.read_text()) > len(written)


Done = tuple[str, Work, Path]


def done(name: str, work: Work, folder: Path, order: dict[str, Any]) -> Done:
    (folder / "order.json").write_text(json.dumps(order))
    assert carry_out(name, work, [str(folder)]) == 0
    return name, work, folder


@pytest.fixture(scope="module")
def nights_done(random_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("nights")
    return done("nights", nights.several, folder, {**ordered(random_base), "nights": 2, "facts": 2})


@pytest.fixture(scope="module")
def erasing_done(random_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("erasing")
    return done("erasing", erasing.erasing, folder, {**ordered(random_base), "facts": 3, "erased": 1})


@pytest.mark.soak
def test_two_nights_are_trained_both_ways_and_cost_what_they_cost(nights_done: Done) -> None:
    told = json.loads((nights_done[2] / "result.json").read_text())

    counts = {(row["way"], row["night"]): row["conversations"] for row in told["costs"]}
    assert (counts["rebuild", 1], counts["rebuild", 2]) == (40, 80)
    assert counts["extend", 2] == 50  # forty that are new, and a fifth of all again


@pytest.mark.soak
def test_a_rebuild_without_the_erased_is_byte_by_byte_who_never_knew_it(erasing_done: Done) -> None:
    told = json.loads((erasing_done[2] / "result.json").read_text())

    assert told["identical"] == [True]
    assert told["others"]["change"] == 0


@pytest.mark.soak
@pytest.mark.parametrize(("which", "trainings"), [("nights_done", 3), ("erasing_done", 4)])
def test_a_bench_that_was_done_in_a_folder_is_taken_from_there(
    request: pytest.FixtureRequest, which: str, trainings: int
) -> None:
    name, work, folder = request.getfixturevalue(which)
    result, before = json.loads((folder / "result.json").read_text()), finished(folder)

    assert carry_out(name, work, [str(folder)]) == 0

    assert len(before) == trainings + 1
    assert json.loads((folder / "result.json").read_text()) == result
    assert finished(folder) == before


def finished(folder: Path) -> dict[Path, int]:
    """When each training ended, and when the last answer came."""
    files = (*folder.rglob("training.json"), folder / "answers.jsonl")
    return {file: file.stat().st_mtime_ns for file in files}
