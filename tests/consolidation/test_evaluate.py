"""Evaluation: strict judging, wordings never trained on, contexts that hold the fact, robust statistics."""

import random
from pathlib import Path

import pytest

from memsrv.layout import NOT_RECORDED
from memsrv.records import Fact, Kind, Message, Trust
from memsrv_consolidation import probes, wordings
from memsrv_consolidation.evaluate import spread
from memsrv_consolidation.probes import Probe, correct
from memsrv_consolidation.tiny import names

pytest.importorskip("peft")


def fact(id: str, made: names.Made) -> Fact:
    said = (made.subject, made.relation, made.value)
    return Fact(id, Kind.EPISODIC, wordings.claim(*said), Trust.HUMAN, (), *said)


FACTS = [fact(f"f{place}", made) for place, made in enumerate(names.several(random.Random(5), 6))]


def probe(value: str | None) -> Probe:
    return Probe("fact", "f", "episodic", "known", "?", "!", value)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("4010", "The port of api is 4010."),
        ("snake_case", "Use SNAKE_CASE here."),
        ("run `make check`", "When it fails: run make   check."),
        ("~/.cache/x.db", "It is at ~/.cache/x.db."),
        ("C++", "We use C++."),
    ],
)
def test_an_answer_with_the_whole_value_is_right(value: str, answer: str) -> None:
    assert correct(probe(value), answer)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("401", "The port is 4010."),
        ("4010", "The port is 401 0."),
        ("pip", "Use pipx."),
        ("4010", ""),
        ("4010", "I don't know."),
    ],
)
def test_an_answer_with_only_a_piece_of_the_value_is_wrong(value: str, answer: str) -> None:
    assert not correct(probe(value), answer)


def test_an_unknown_is_right_when_it_is_declined_and_wrong_when_made_up() -> None:
    assert correct(probe(None), NOT_RECORDED)
    assert not correct(probe(None), "The port of api is 4010.")


@pytest.mark.parametrize(("facts", "times"), [(3, 16), (8, 6), (24, 2), (60, 2)])
def test_few_facts_are_asked_more_often_so_that_no_question_decides(facts: int, times: int) -> None:
    many = [fact(f"f{place}", made) for place, made in enumerate(names.several(random.Random(5), facts))]
    asked = probes.of_facts(many, 7)

    for one in many:
        assert sorted(p.wording for p in asked if p.fact == one.id) == ["known"] * times + ["novel"] * times


def test_what_may_measure_holds_every_question_however_many_facts_are_trained() -> None:
    every = set(probes.measuring(FACTS, 7))

    assert {probe.question for probe in probes.of_facts(FACTS, 7)} < every
    assert {probe.question for probe in probes.of_facts(FACTS[:2], 7)} < every


def test_a_contradicting_context_holds_another_value_than_the_fact() -> None:
    values = {fact.id: fact.value for fact in FACTS}

    for asked in probes.of_contradictions(FACTS, 7):
        assert asked.fact is not None
        assert asked.value != values[asked.fact]
        assert any(probes.gives(asked.value or "", line) for line in asked.context)


def test_memory_beside_the_point_holds_no_fact_of_the_project() -> None:
    texts = {fact.text for fact in FACTS}

    for asked in probes.beside_the_point(probes.of_facts(FACTS, 7), FACTS, 7):
        assert len(asked.context) == 4
        assert not texts & set(asked.context)


def test_a_probes_context_holds_its_fact_among_others() -> None:
    texts = {fact.id: fact.text for fact in FACTS}

    for asked in probes.of_facts(FACTS, 7):
        assert asked.fact is not None
        assert texts[asked.fact] in asked.context
        assert len(asked.context) == 4


def test_an_open_probe_is_asked_in_the_layout_the_product_serves() -> None:
    [system, user] = probes.of_facts(FACTS, 7)[0].open

    assert system.content.index("<system>") < system.content.index("<recall>") < system.content.index("<working>")
    assert user.role == "user"


def test_fresh_and_unknown_probes_are_about_subjects_nobody_recorded() -> None:
    subjects = {fact.subject for fact in FACTS}

    made_up = probes.of_fresh(FACTS, 7) + probes.of_unknowns(FACTS, 7)

    assert made_up
    for subject in filter(None, subjects - {"make"}):  # that one is a word of questions, too
        assert not any(probes.gives(subject, p.question) for p in made_up)


def test_the_same_seed_asks_the_same_questions() -> None:
    assert probes.of_facts(FACTS, 7) == probes.of_facts(FACTS, 7)
    assert probes.of_fresh(FACTS, 7) == probes.of_fresh(FACTS, 7)


def test_the_median_does_not_follow_a_heavy_tail_that_moves_the_mean() -> None:
    """The paper's point: the epoch with the better median has the worse mean."""
    learned = spread([0.01] * 90 + [9.0] * 10)
    vague = spread([0.5] * 100)

    assert learned["median"] < vague["median"]
    assert learned["mean"] > vague["mean"]
    assert learned["p90"] > learned["median"]


def test_a_batch_answers_as_each_question_alone(random_base: Path) -> None:
    from memsrv_consolidation.answering import BASE, Respondents
    from memsrv_consolidation.device import Device

    cpu = Device("cpu", "float32", autocast=False, bitsandbytes=False)
    prompts = [(Message("user", text),) for text in ("port?", "What is the port of the staging server, please?", "a")]
    asked = Respondents(random_base, {}, cpu)
    alone = [asked.answers(BASE, [prompt], ["x"])[0] for prompt in prompts]

    assert asked.answers(BASE, prompts, ["x"] * 3) == alone


def test_no_batch_is_longer_than_may_be_lost_however_short_its_questions(random_base: Path) -> None:
    from memsrv_consolidation.answering import BASE, Respondents
    from memsrv_consolidation.device import Device

    cpu = Device("cpu", "float32", autocast=False, bitsandbytes=False)
    batches: list[int] = []

    Respondents(random_base, {}, cpu, most=2).answers(BASE, [(Message("user", "a"),)] * 5, ["x"] * 5, batches.append)

    assert batches == [2, 2, 1]


def test_the_loss_of_an_answer_has_one_figure_a_token(random_base: Path) -> None:
    from memsrv_consolidation.answering import BASE, Respondents
    from memsrv_consolidation.device import Device

    asked = Respondents(random_base, {}, Device("cpu", "float32", autocast=False, bitsandbytes=False))

    short, long = (
        asked.losses(BASE, [(Message("user", "port?"),)], [text]) for text in ("4", "The port of api is 4010.")
    )

    assert 1 <= len(short) < len(long)
    assert all(figure > 0 for figure in long)
