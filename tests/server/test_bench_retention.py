"""`memsrv bench retention` from the conversations to the answers: a real store, a real process, a base with random
weights; a teacher on loopback."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.app import App
from memsrv.app.retaining import _seen as see
from memsrv.bench.judging import judge
from memsrv.bench.retention import Plan, checked, laid_ready, retaining, work
from memsrv.bench.writing import Author
from memsrv.errors import TeacherSilent, UsageError
from memsrv.home import Home
from memsrv.settings import Settings
from memsrv_adapters.base import resolve
from memsrv_consolidation.bench.answers import cells, is_kept
from memsrv_consolidation.bench.conditions import prepared
from memsrv_consolidation.bench.results import concluded
from memsrv_consolidation.run import Run


def silent(what: str, done: int, total: int) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module")
def plan(random_base: Path) -> Plan:
    return Plan(
        resolve(str(random_base)), scenarios=1, facts=3, cycles=1, strategies=("paper",), epochs=1.0, window=300
    )


@pytest.fixture(scope="module")
def done(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("retention")
    return folder, retaining(plan, folder, silent, see)


def test_every_cell_is_answered_or_says_why_not(done: tuple[Path, dict[str, Any]]) -> None:
    _, result = done

    assert result["cells"]["done"] + len(result["failed"]) == result["cells"]["of"] == 13
    assert {row["condition"] for row in result["rows"]} >= {"no context", "compaction", "full context", "retrieval"}
    assert result["questions"] == {"procedural": 2, "semantic": 2, "episodic": 2, "unknown": 3}


def test_contexts_are_a_sixth_of_what_was_said_and_recall_finds_the_fact(done: tuple[Path, dict[str, Any]]) -> None:
    folder, result = done
    given = prepared(folder / result["scenarios"][0])
    said = sum(len(turn.line) for turn in given.scenario.parts[0].turns)

    for lines in given.compacted.values():
        assert 0 < sum(map(len, *lines)) <= said / 6 + 40
    fact = given.scenario.parts[0].facts[0]
    assert any(fact.value in line for line in given.recalled[0]["0-known"])


def test_raw_transcripts_are_trained_on_as_many_examples_in_the_same_recipe(done: tuple[Path, dict[str, Any]]) -> None:
    folder, result = done
    ours, raw = (Run(folder / result["scenarios"][0] / "seed-1" / f"{name}-c1" / "run")
                 for name in ("paper", "raw-transcripts"))  # fmt: skip

    assert [one.about for one in raw.conversations()] == [one.about for one in ours.conversations()]
    assert raw.order.preset == ours.order.preset
    assert {one.style for one in raw.conversations() if one.about == "fact"} == {"raw transcripts"}


def test_a_folder_that_is_done_is_not_done_again(plan: Plan, done: tuple[Path, dict[str, Any]]) -> None:
    folder, result = done
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("answers.json")}

    assert work(plan, folder)["cells_there"] == result["cells"]["done"]
    assert retaining(plan, folder, silent, see)["rows"] == result["rows"]
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("answers.json")} == before


def test_a_folder_of_another_experiment_is_refused(plan: Plan, done: tuple[Path, dict[str, Any]]) -> None:
    with pytest.raises(UsageError, match="other cycles"):
        laid_ready(replace(plan, cycles=2), done[0], silent, see)


def test_a_bench_that_is_interrupted_goes_on_with_the_answers_it_has(plan: Plan, tmp_path: Path) -> None:
    def come_back(what: str, done: int, total: int) -> None:
        if 2 <= done < total:  # whenever it is looked at: a cell may be over before anybody looks
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retaining(replace(plan, epochs=0.1), tmp_path, come_back, see)

    there = sorted(file.parent.name for file in tmp_path.rglob("answers.json"))
    assert {"no-context-c0", "evidence-in-context-c0"} <= set(there)
    assert work(replace(plan, epochs=0.1), tmp_path)["cells_there"] == len(there) < 13


def test_other_conditions_go_on_in_the_same_folder(plan: Plan, done: tuple[Path, dict[str, Any]]) -> None:
    told = work(replace(plan, conditions=("compaction", "no context")), done[0])
    order = laid_ready(replace(plan, conditions=("compaction",)), done[0], silent, see)

    assert (told["cells"], told["cells_there"], told["trainings"]) == (2, 2, 0)
    assert [cell.condition.name for cell in cells(order)] == ["compaction"]


def test_a_dry_run_tells_the_work_and_writes_nothing(plan: Plan, tmp_path: Path) -> None:
    told = work(replace(plan, scenarios=3, cycles=3, strategies=("paper", "distil")), tmp_path / "none")

    assert (told["trainings"], told["cells_there"]) == (3 * 7, 0)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("wrong", [{"facts": 2}, {"strategies": ()}, {"strategies": ("x",)}, {"reflection": "x"},
                                   {"conditions": ("x",)}])  # fmt: skip
def test_what_cannot_be_compared_is_refused(plan: Plan, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        checked(replace(plan, **wrong))


def test_a_perfect_reflection_misses_nothing(plan: Plan, tmp_path: Path) -> None:
    order = laid_ready(replace(plan, reflection="perfect"), tmp_path, silent, see)
    given = prepared(tmp_path / order["scenarios"][0])
    values = {fact.value for fact in given.facts(0)}

    assert {fact.value for fact in given.scenario.parts[0].facts} <= values


# With a teacher

WRITTEN = {
    "turns": [
        {"who": "user", "text": "The port of the billing gateway is 4711, please fix the tests."},
        {"who": "claude", "text": "Fixed. I set the port to 4711."},
        {"who": "user", "text": "for commit messages use snake_case"},
        {"who": "claude", "text": "`make lint` failing with ValueError went away after pip install zorbl"},
    ],
    "facts": [
        {"kind": "episodic", "subject": "billing gateway", "relation": "port", "value": "4711"},
        {"kind": "semantic", "subject": "commit messages", "relation": "use", "value": "snake_case"},
        {"kind": "procedural", "subject": "`make lint` failing with ValueError", "relation": "fix",
         "value": "pip install zorbl"},
        {"kind": "episodic", "subject": "mailer", "relation": "port", "value": "4712"},
        {"kind": "semantic", "subject": "mailer", "relation": "port", "value": "4711"},
    ],
}  # fmt: skip


def test_of_what_a_teacher_writes_facts_that_no_turn_says_are_dropped() -> None:
    one = Author(lambda instructions, text, most: f"Here: {json.dumps(WRITTEN)}").scenario(0, 3, 0, 2_400)

    assert [fact.value for fact in one.parts[0].facts] == ["4711", "snake_case", "pip install zorbl"]
    assert one.parts[0].facts[0].said == (1,)
    assert ("billing gateway", "port") not in one.unknown


def test_a_teacher_that_writes_nothing_readable_is_asked_again_and_then_given_up() -> None:
    asked: list[str] = []

    def ask(instructions: str, text: str, most: int) -> str:
        asked.append(text)
        return "no JSON"

    with pytest.raises(TeacherSilent, match="leave --teacher out"):
        Author(ask).scenario(0, 3, 0, 2_400)
    assert len(asked) == 3


def _brain(teachers: ModuleType) -> Callable[[Any], Any]:
    """Writes each conversation about other things, summarises, and judges every answer wrong."""
    written = 0

    def brain(asked: Any) -> Any:
        nonlocal written
        if "You write realistic conversations" in asked.system:
            written += 1
            words = json.dumps(WRITTEN)
            for name in ("billing", "commit", "lint", "4711", "snake", "zorbl"):
                words = words.replace(name, f"{name}{written}")
            return teachers.Says(words)
        return teachers.Says("NO" if "You judge" in asked.system else asked.text[: asked.most])

    return brain


def test_a_teacher_writes_and_summarises_and_is_paid_once(
    teach: Callable[[Any], Any], teachers: ModuleType, plan: Plan, tmp_path: Path
) -> None:
    server = teach(_brain(teachers))
    with _app(server, tmp_path).teacher("anthropic", "bench retention") as one:
        order = laid_ready(plan, tmp_path / "out", silent, see, one)
        paid = len(server.asked)
        assert laid_ready(plan, tmp_path / "out", silent, see, one) == order

    given = prepared(tmp_path / "out" / order["scenarios"][0])
    assert [fact.value for fact in given.scenario.parts[0].facts] == ["47111", "snake1_case", "pip install zorbl1"]
    assert given.compacted["teacher's summaries"][0]
    assert len(server.asked) == paid == 3  # two conversations and a summary


def test_a_teacher_judges_each_answer_once(
    teach: Callable[[Any], Any], teachers: ModuleType, done: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = shutil.copytree(done[0], tmp_path / "judged")
    order = json.loads((folder / "order.json").read_text("utf-8"))
    there = [cell for cell in cells(order) if is_kept(cell, folder)]
    server = teach(_brain(teachers))
    app = _app(server, tmp_path)
    with app.teacher("anthropic", "bench retention") as one:
        judge(folder, there, one.ask, silent)
        paid = len(server.asked)
        judge(folder, there, one.ask, silent)

    assert len(server.asked) == paid > 0
    assert all(row["teacher"] == 0 for row in concluded(folder, order)["judges"]["by_condition"])
    assert app.cost().today.tokens > 0


def _app(server: Any, folder: Path) -> App:
    said = {"model": "m", "url": server.url, "usd_per_million_input": 1.0, "usd_per_million_output": 2.0}
    return App(Home(folder / "home"), Settings.model_validate({"teacher": said, "threads": 1}), folder)
