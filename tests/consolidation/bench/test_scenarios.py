"""The conversations of the paper's experiment, and the questions that are taken from them."""

from collections import Counter

import pytest

from memsrv.records import Conversation, Kind, Message
from memsrv_consolidation.bench.questions import UNKNOWN, overlaps, questions
from memsrv_consolidation.bench.scenarios import LEAST_CHARS, Scenario, by_kind, made
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.probes import gives
from memsrv_consolidation.wordings import is_held_out


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return made(0, 16, 3)


def test_the_kinds_have_the_paper_s_shares() -> None:
    assert by_kind(1146) == {Kind.SEMANTIC: 184, Kind.PROCEDURAL: 154, Kind.EPISODIC: 808}
    assert by_kind(12) == {Kind.SEMANTIC: 2, Kind.PROCEDURAL: 2, Kind.EPISODIC: 8}


def test_every_fact_is_said_in_the_turns_that_are_named(scenario: Scenario) -> None:
    for part in scenario.parts:
        for fact in part.facts:
            assert any(gives(fact.value, part.turns[place].text) for place in fact.said), fact


def test_continuations_bring_new_facts_and_repeat_none(scenario: Scenario) -> None:
    keys = [fact.key for part in scenario.parts for fact in part.facts]

    assert len(scenario.parts) == 4
    assert len(set(keys)) == len(keys) == 64


def test_what_is_replaced_is_said_before_what_replaces_it() -> None:
    replaced = [(part, fact) for place in range(6) for part in made(place, 12, 1).parts for fact in part.facts
                if fact.was]  # fmt: skip

    assert replaced
    for part, fact in replaced:
        first = next(place for place, turn in enumerate(part.turns) if gives(str(fact.was), turn.text))
        assert first < fact.said[0], fact


def test_a_part_is_long_enough_to_be_cut_to_a_sixth(scenario: Scenario) -> None:
    for part in made(1, 3, 2).parts:
        assert sum(len(turn.line) for turn in part.turns) >= LEAST_CHARS


def test_the_same_seed_writes_the_same_and_another_project_other_words(scenario: Scenario) -> None:
    assert made(0, 16, 3) == scenario
    assert made(10, 16, 3).parts != scenario.parts
    assert made(10, 16, 3).slug == f"{scenario.slug}-2"


def test_each_fact_is_asked_for_in_known_and_in_novel_wordings_that_no_training_uses(scenario: Scenario) -> None:
    asked = questions(scenario)
    counted = Counter((one.kind == UNKNOWN, one.wording) for one in asked)

    assert counted == {(False, "known"): 16, (False, "novel"): 16, (True, "known"): 8, (True, "novel"): 8}
    frames = [is_held_out(one.question, one.subject, one.relation) for one in asked if one.wording == Pool.NOVEL]
    assert sum(frames) > len(frames) / 2  # those whose subject is misspelt are not recognised as a frame


def test_nobody_says_what_the_unknown_questions_ask_for(scenario: Scenario) -> None:
    said = {(fact.subject, fact.relation) for part in scenario.parts for fact in part.facts}

    assert said.isdisjoint(scenario.unknown)


def test_a_question_that_was_trained_on_word_for_word_is_seen(scenario: Scenario) -> None:
    asked = questions(scenario)
    trained = [Conversation("x", "fact", "direct", (Message("user", asked[0].question), Message("assistant", "x")))]

    by_wording = {(row.wording, row.texts): row for row in overlaps(asked, trained)}

    assert by_wording["known", "synthesised"].verbatim == 1
    assert by_wording["novel", "synthesised"].verbatim == 0
    assert by_wording["known", "pretraining"].shared > by_wording["novel", "pretraining"].shared
