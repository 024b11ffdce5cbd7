"""From answers to the paper's tables and figures; no model answers here."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from memsrv.errors import UsageError
from memsrv.records import Evidence, Fact, Kind, Trust, to_dict
from memsrv_consolidation.bench import published
from memsrv_consolidation.bench.answers import Answer, Cell, answered, cells, is_kept, keep
from memsrv_consolidation.bench.conditions import (
    COMPACTION,
    EVIDENCE,
    HINTS,
    NONE,
    RETRIEVAL,
    chosen,
    conditions,
    lines,
)
from memsrv_consolidation.bench.conditions import prepared as prepared_in
from memsrv_consolidation.bench.consolidated import transcripts
from memsrv_consolidation.bench.figures import dynamics
from memsrv_consolidation.bench.judges import key, verdict
from memsrv_consolidation.bench.questions import Question, questions
from memsrv_consolidation.bench.results import concluded, curve, is_found
from memsrv_consolidation.bench.scenarios import Planted, made
from memsrv_consolidation.run import Run, write_json, write_lines

ORDER: dict[str, Any] = {
    "base": "tiny", "base_hash": "h", "facts": 4, "cycles": 1, "strategies": ["paper"], "seeds": [1, 2],
    "scenarios": [], "reflection": "rules", "part_tokens": 600, "cascades": ["compaction"],
}  # fmt: skip
ONE = {**ORDER, "scenarios": ["x"], "seeds": [1], "cascades": []}
#: How many of a conversation's first questions each condition answers, by the place of the conversation.
RIGHT = {NONE: (0, 0, 0), EVIDENCE: (8, 8, 8), COMPACTION: (2, 4, 2), HINTS: (8, 6, 8), "paper": (6, 6, 4)}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Three conversations, whose answers are right as RIGHT says; of the unknown half are declined."""
    root = tmp_path_factory.mktemp("retention")
    scenarios = [made(place, 4, 1) for place in range(3)]
    order = {**ORDER, "scenarios": [one.slug for one in scenarios]}
    for one in scenarios:
        folder = root / one.slug
        for cycle in (0, 1):
            run = Run(folder / f"cycle-{cycle}")
            run.folder.mkdir(parents=True)
            write_lines(run.episodes_file, [])
            write_json(run.memory_file, {"memories": []})
            planted = one.parts[0].facts[0]
            said = (Evidence("s", 0, "said"),)
            fact = Fact("f", planted.kind, "x", Trust.HUMAN, said, planted.subject, planted.relation, planted.value)
            write_lines(run.facts_file, [fact])
        asked = questions(one)
        write_json(folder / "scenario.json", to_dict(one))
        recalled = {question.id: ["a line"] for question in asked}
        write_json(folder / "prepared.json", {"compacted": {COMPACTION: [["left"]]}, "recalled": [recalled, recalled]})
    for cell in cells(order):
        place = order["scenarios"].index(cell.scenario)
        right = RIGHT.get(cell.condition.name, (4, 4, 4))[place]
        asked = questions(scenarios[place])
        answers = [_said(question, number < right) for number, question in enumerate(asked)]
        training = {"seconds": 2.0, "ce": {"mean": 1.0 + place, "median": 0.1 * right, "p90": 3.0}}
        keep(cell, root, answers, training if cell.condition.trains else {})
    return root, order


def _said(question: Question, right: bool) -> Answer:
    if question.value is None:
        return answered(question, "That is not recorded." if question.id.endswith(("0", "2")) else "It is 7.", 10, 0)
    return answered(question, question.expected if right else "It is 7.", 10, 0)


def _row(result: dict[str, Any], condition: str, wording: str) -> dict[str, Any]:
    (row,) = [one for one in result["rows"] if (one["condition"], one["wording"]) == (condition, wording)
              and one["cycle"] in (0, 1) and not (condition == RETRIEVAL and one["cycle"] == 0)]  # fmt: skip
    return dict(row)


def test_a_row_is_the_mean_over_conversations_with_its_error(bench: tuple[Path, dict[str, Any]]) -> None:
    row = _row(concluded(*bench), "paper", "known")

    # Facts are asked for in turn, known and novel: 6, 6 and 4 right of 8 are 3, 3 and 2 of 4 known ones.
    assert row["right"]["all"]["mean"] == pytest.approx((0.75 + 0.75 + 0.5) / 3)
    assert row["right"]["all"]["se"] == pytest.approx(0.25 / 3)
    assert row["right"]["all"]["n"] == 3


def test_a_row_stands_against_the_evidence_in_context(bench: tuple[Path, dict[str, Any]]) -> None:
    row = _row(concluded(*bench), "paper", "novel")

    assert row["ratio"] == pytest.approx(row["right"]["all"]["mean"])  # which is read whole


def test_what_nobody_said_and_is_answered_counts_as_invented(bench: tuple[Path, dict[str, Any]]) -> None:
    assert _row(concluded(*bench), "paper", "known")["invented"]["mean"] == 0.0
    assert _row(concluded(*bench), "paper", "novel")["invented"]["mean"] == 1.0


def test_conditions_are_tested_against_compaction_after_the_last_cycle(bench: tuple[Path, dict[str, Any]]) -> None:
    (test,) = [one for one in concluded(*bench)["tests"] if (one["condition"], one["wording"]) == ("paper", "known")]

    assert test["against"] == "compaction C1"
    assert test["t"]["difference"] == pytest.approx((0.5 + 0.25 + 0.25) / 3)
    assert test["t"]["t"] == pytest.approx(4.0)  # differences .5, .25, .25: error .0833
    assert (test["sign"]["better"], test["sign"]["worse"]) == (3, 0)
    assert (test["questions"]["better"], test["questions"]["p"]) == (4, 0.125)


def test_the_table_says_that_hints_win(bench: tuple[Path, dict[str, Any]]) -> None:
    said = concluded(*bench)["sentences"]

    assert "known: facts as hints wins: 91.7 % right, paper closed-book 66.7 %." in said
    assert "known: no context 0.0 %, compaction C1 33.3 %, paper 66.7 %: ordered as in the paper." in said
    assert said[-1].startswith("Reflection by rules heard 3 of 12 facts of the originals (25.0 %): ")
    assert not any("retrieval wins" in one for one in said)


def test_planted_facts_that_reflection_found_are_counted(bench: tuple[Path, dict[str, Any]]) -> None:
    result = concluded(*bench)

    assert [one["of_original"] for one in result["reflection"] if one["cycle"] == 0] == [[1, 4]] * 3
    assert _row(result, "paper", "known")["found"]["mean"] == 1.0


def test_cross_entropies_are_correlated_with_what_is_right(bench: tuple[Path, dict[str, Any]]) -> None:
    found = concluded(*bench)["ce"]["correlation"]

    assert found["median"] == pytest.approx(1)  # as made up
    assert found["mean"] < 0
    assert found["p90"] is None


def test_the_second_judge_is_compared_with_the_rule(bench: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    root = shutil.copytree(bench[0], tmp_path / "judged")
    slug = bench[1]["scenarios"][0]
    asked = [one for one in questions(made(0, 4, 1)) if one.value is not None]
    rows = [{"key": key(_said(one, right)), "right": right} for one in asked for right in (True, False)]
    rows[0]["right"] = False  # the teacher is stricter once
    (root / "judged.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + '\n{"key": "torn', "utf-8")

    found = concluded(root, {**bench[1], "scenarios": [slug]})["judges"]

    assert 0.5 < found["agree"] < 1
    assert 0 < found["kappa"] < 1


@pytest.mark.parametrize(
    ("said", "right"), [("YES", True), ("yes.", True), ("No", False), ("'no'", False), ("?", None)]
)
def test_a_verdict_is_yes_no_or_nothing(said: str, right: bool | None) -> None:
    assert verdict(said) is right


def test_figure_3_has_a_line_for_each_way_and_kind_from_the_full_context_on(bench: tuple[Path, dict[str, Any]]) -> None:
    result = concluded(*bench)
    (name,) = result["figures"]
    drawn = Xml.parse(name).getroot()
    words = ["".join(one.itertext()) for one in drawn.iter() if one.tag.endswith("text")]

    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert {"known wordings", "novel wordings", "compaction, all", "paper, all"} <= set(words)
    assert [one for one in drawn.iter() if one.get("stroke-dasharray")]


LOOKS = [
    {
        "round": round_,
        "step": step,
        "epoch": epoch,
        "accuracy": right,
        "ce": {"mean": mean, "median": median, "p90": 4.0},
    }
    for round_, step, epoch, right, mean, median in (
        (0, 0, 0.0, 0.0, 9.0, 9.0),
        (0, 5, 0.5, 0.2, 1.0, 0.9),
        (0, 10, 1.0, 0.6, 0.8, 0.4),
        (0, 15, 1.5, 0.8, 1.4, 0.1),
        (1, 5, 0.5, 1.0, 0.0, 0.0),
    )
]


def test_figure_2_shows_what_is_wrong_beside_both_cross_entropies() -> None:
    svg = dynamics([{"strategy": "distil", "seed": 1, "scenario": "x", "points": curve(LOOKS)}])

    assert svg
    words = "".join(Xml.fromstring(svg).itertext())
    assert "share wrong (0.20 to 0.80)" in words
    assert "mean CE (0.80 to 1.40)" in words


def test_without_looks_there_is_no_figure_2() -> None:
    assert dynamics([]) is None
    assert curve(None) == []


# Conditions


def test_every_condition_of_the_issue_is_there_and_what_needs_no_training_comes_first() -> None:
    found = conditions(3, ["paper", "distil"])
    names = [f"{one.name} C{one.cycle}" for one in found]

    assert {"no context C0", "full context C0", "evidence in context C0", "retrieval C3", "facts as hints C3",
            "raw transcripts C3", "compaction C1", "compaction C3", "paper C1", "distil C3",
            "distil + retrieval C3"} <= set(names)  # fmt: skip
    assert [one.strategy is None for one in found] == sorted((one.strategy is None for one in found), reverse=True)


def test_each_condition_puts_its_own_lines_before_a_question(bench: tuple[Path, dict[str, Any]]) -> None:
    given = prepared_in(bench[0] / bench[1]["scenarios"][0])
    original, continuation = given.scenario.parts
    question = questions(given.scenario)[0]
    by_name = {(one.name, one.cycle): lines(one, given, question) for one in conditions(1, ["paper"], [COMPACTION])}

    assert by_name[NONE, 0] == by_name["paper", 1] == []
    assert by_name["full context", 0] == [turn.line for turn in original.turns]
    assert by_name[COMPACTION, 1] == ["left", *(turn.line for turn in continuation.turns)]
    assert by_name["summary alone", 1] == ["left"]
    assert by_name[RETRIEVAL, 1] == by_name["paper + retrieval", 1] == ["a line"]
    assert by_name[HINTS, 1] == ["x"]
    assert 1 < len(by_name[EVIDENCE, 0]) < 10
    assert any(str(question.value) in line for line in by_name[EVIDENCE, 0])


def test_raw_transcripts_are_what_was_said_and_nothing_that_was_made_of_it(make_event: Callable[..., Any]) -> None:
    episode = make_event("use tabs", "Noted.", "now the cache", "Done.")
    (first, second) = transcripts([episode])

    assert first.messages[1].content == "user: use tabs\nclaude: Noted.\nuser: now the cache"
    assert second.messages[0].content == "Go on after: user: use tabs"


@pytest.fixture
def make_event() -> Callable[..., Any]:
    from memsrv.records import Episode, Event, EventType, Session

    def make(*texts: str) -> Episode:
        sorts = ((EventType.PROMPT, Trust.HUMAN), (EventType.REPLY, Trust.ASSISTANT))
        steps = tuple(Event(f"e{n}", "s", *sorts[n % 2], text, turn=n) for n, text in enumerate(texts))
        return Episode(Session("s", "claude-code", "p", "log"), steps)

    return make


# Judging by rule, and what is found


def test_an_answer_with_the_value_that_was_replaced_is_wrong_and_stale() -> None:
    question = Question("q", "episodic", "known", "Which port?", "It is 4010.", "api", "port", "4010", 0, was="401")

    assert answered(question, "The port is `4010`.", 9, 0).right
    assert answered(question, "The port is 401.", 9, 0).stale
    assert not answered(question, "The port is 40101.", 9, 0).right


def test_a_fact_is_found_where_its_value_and_all_that_it_is_about_are_said() -> None:
    planted = Planted(Kind.EPISODIC, "output table", "token variable", "TOKEN_X")
    said = (Evidence("s", 0, "x"),)

    def fact(subject: str, relation: str, value: str) -> Fact:
        return Fact("f", Kind.EPISODIC, "x", Trust.HUMAN, said, subject, relation, value)

    assert is_found(planted, [fact("the token variable of output", "table", "`TOKEN_X`")])
    assert not is_found(planted, [fact("output table", "variable", "TOKEN_X")])
    assert not is_found(planted, [fact("output table", "token variable", "TOKEN_Y")])


def test_a_cell_is_there_only_when_its_answers_are_whole(tmp_path: Path) -> None:
    (cell, *_) = cells(ONE)
    (cell.folder(tmp_path)).mkdir(parents=True)
    (cell.folder(tmp_path) / "answers.json.part").write_text("{", "utf-8")

    assert not is_kept(cell, tmp_path)


def test_the_paper_s_overall_is_the_mean_of_its_kinds_by_number_of_questions() -> None:
    row = published.TABLE_2["Full context"]
    weighed = (184 * row["semantic"][0] + 154 * row["procedural"][0] + 808 * row["episodic"][0]) / 1146

    assert weighed == pytest.approx(row["all"][0], abs=0.3)


def test_a_cell_s_folder_names_conversation_seed_and_condition(tmp_path: Path) -> None:
    found = {str(cell.folder(tmp_path).relative_to(tmp_path)) for cell in cells({**ONE, "seeds": [1, 2]})}

    assert {"x/base/no-context-c0", "x/seed-2/paper-c1", "x/seed-1/paper-with-retrieval-c1"} <= found
    assert isinstance(next(iter(cells(ONE))), Cell)


def test_conditions_are_chosen_by_name_and_retrieval_beside_a_strategy_brings_what_it_needs() -> None:
    every = conditions(2, ["paper"], ["compaction"])

    found = [(one.name, one.cycle) for one in chosen(every, ["compaction", "paper + retrieval"])]

    assert found == [("compaction", 1), ("compaction", 2), ("paper", 2), ("paper + retrieval", 2)]
    assert [one.cycle for one in chosen(every, ["paper C1"])] == [1]
    assert chosen(every, None) == every


def test_a_condition_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="no condition `distil` here; known: no context, "):
        chosen(conditions(1, ["paper"]), ["distil"])
