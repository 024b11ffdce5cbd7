"""What stands in no known shape is weighed, in sentences that were made up; and what is asked outright to be kept."""

from typing import Any

import pytest

from memsrv.lenses import claims, weighing
from memsrv.lenses.bidden import is_bidden, is_put_off
from memsrv.lenses.scope import is_question, is_release

#: No shape of the other modules is asked here: mood, sort of thing and how long must do.
STANDING = [
    "type hints on every public crane function",
    "never swallow exceptions in the tide workers",
    "helpers must not import from services",
    "no abbreviations in variable names",
    "comments always in English",
    "ask before adding dependencies",
    "you never need to explain basic git commands",
    "readability matters more than speed",
    "answers should be short, no summaries",
    "one commit per feature, always with tests",
    "wait for my approval before you merge",
    "we never mock the database in tests",
]
PASSING = [
    "the crane button is too small on mobile",
    "add a column for the tide to the berth table",
    "it still fails with the same error after the last change",
    "now remove the second dock from the list",
    "can you check why the harbour page is blank?",
    "deletes the old ships before it loads the new ones",
    "show 3 ships per row and hide the rest",
    "let's move the anchors to the new screen",
    "don't touch anything else",
    "I tried the launcher again and got a timeout",
    "use the berth id from the previous response to fetch the ship",
    "users should see a warning when the tide is high",
]
BIDDEN = [
    "Add a line to AGENTS.md that the docks are seeded by hand.",
    "remember: never anchors in unit fixtures",
    "Requests must live in harbour/{berth}/client/{ship}.ts",
    "you keep hardcoding berths",
    "for crane drivers, use the pulley kit, see the pulley guide",
    "make that a habit",
    "obey AGENTS.md",
    "I never allowed you to move anchors",
]
NOT_BIDDEN = [
    "Add a berth to the harbour page.",
    "remember: no crane at this dock",
    "should we add a line to AGENTS.md about docks?",
    "you keep the second anchor",
    "for this dock, use the pulley kit, see the pulley guide",
    "make that a button",
]


@pytest.mark.parametrize("sentence", STANDING)
def test_a_standing_rule_weighs_enough(sentence: str) -> None:
    assert weighing.stands(sentence)


@pytest.mark.parametrize("sentence", PASSING)
def test_a_task_or_a_complaint_of_the_moment_does_not(sentence: str) -> None:
    assert not weighing.stands(sentence)


def test_a_long_message_is_about_its_task_so_each_sentence_needs_more() -> None:
    words = "readability matters more than speed"
    assert weighing.weight(words, of=8) < weighing.weight(words, of=1)


@pytest.mark.parametrize("sentence", BIDDEN)
def test_what_is_to_be_kept_for_the_agent_is_heard(sentence: str) -> None:
    assert is_bidden(sentence, sentence)


@pytest.mark.parametrize("sentence", NOT_BIDDEN)
def test_what_only_looks_like_it_is_not(sentence: str) -> None:
    assert not is_bidden(sentence, sentence)


def test_what_waits_for_a_word_each_time_is_told_from_what_waits_once() -> None:
    assert is_put_off("don't publish the tide tables until I say so")
    assert not is_put_off("don't publish the tide tables yet")


def test_words_for_one_session_hold_for_no_other(talk: Any) -> None:
    rule = "Never swallow exceptions in the tide workers."

    assert claims(talk().says("Hi.").replies().says(f"The cranes are old. {rule}").events)
    assert claims(talk().says("Hi.").replies().says(f"In this session you steer. {rule}").events) == []


def test_a_word_that_ends_like_a_filler_keeps_its_end(talk: Any) -> None:
    told = talk().says("Hi.").replies().says("We prefer winches over Hobok")

    assert "Hobok" in claims(told.events)[0].text


def test_an_order_that_begins_with_do_is_no_question() -> None:
    assert not is_question("do one berth at a time")
    assert is_question("do they need a crane")


def test_a_release_is_no_guess() -> None:
    assert is_release("you don't need to explain the tides")
    assert not is_release("I don't know the tides")


def test_a_rule_in_no_known_shape_becomes_a_claim(talk: Any) -> None:
    told = talk().says("Fix the crane.").replies().says("helpers must not import from services")

    assert claims(told.events)
