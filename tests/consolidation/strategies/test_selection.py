"""The state that is kept: best recall among those that still read and decline, then the lowest median price."""

from collections.abc import Sequence

import pytest

from memsrv.records import Conversation, Fact
from memsrv_consolidation.probes import of_facts
from memsrv_consolidation.strategies.selection import MOST, Look, asks, chosen, correlation

BASE = Look(0, 0, 0.0, 0.0, 0.9, 1.0, {"mean": 5.0, "median": 5.0, "p90": 5.0})


def look(step: int, accuracy: float, median: float = 1.0, reading: float = 0.9, mean: float = 1.0) -> Look:
    return Look(0, step, step / 10, accuracy, reading, 1.0, {"mean": mean, "median": median, "p90": 1.0})


def test_the_best_recall_is_kept() -> None:
    assert chosen([look(5, 0.6), look(10, 0.9), look(15, 0.8)], BASE, 48).step == 10


def test_of_states_that_so_few_questions_cannot_tell_apart_the_last_is_kept() -> None:
    looks = [look(5, 0.6), look(10, 0.9), look(15, 0.87)]

    assert chosen(looks, BASE, 48).step == 15
    assert chosen(looks, BASE, 480).step == 10


def test_what_is_kept_never_goes_back_to_a_state_that_was_let_go() -> None:
    recalls = [0.5, 0.9, 0.87, 0.83, 0.95, 0.92]
    looks = [look(5 * place, recall) for place, recall in enumerate(recalls, 1)]

    kept = [chosen(looks[:count], BASE, 48).step for count in range(1, len(looks) + 1)]

    assert kept == sorted(kept) == [5, 10, 15, 15, 25, 30]


def test_recall_that_costs_as_much_reading_is_not_kept() -> None:
    assert chosen([look(5, 0.6), look(10, 0.9, reading=0.4)], BASE, 48).step == 5


def test_one_question_read_worse_is_no_reason(facts: Sequence[Fact]) -> None:
    assert chosen([look(5, 0.8), look(10, 0.9, reading=0.86)], BASE, 48).step == 10


def test_how_cross_entropy_goes_with_recall_is_told() -> None:
    found = correlation([look(5, 0.3, 3.0, mean=1.0), look(10, 0.6, 2.0, mean=2.0), look(15, 0.9, 1.0, mean=3.0)])

    assert found == {"mean": 1.0, "median": -1.0, "p90": None}


def test_a_look_asks_what_neither_training_nor_the_gate_asks(
    facts: Sequence[Fact], conversations: Sequence[Conversation]
) -> None:
    found = asks(facts, conversations, 7)

    questions = {ask.messages[-1].content for ask in (*found.recall, *found.unknown)}
    assert not questions & {message.content for one in conversations for message in one.messages}
    assert not questions & {probe.question for probe in of_facts(facts, 7)}
    assert {ask.fact for ask in found.recall} == {"f0", "f1"}


@pytest.mark.parametrize("n", [2, 40, 90])
def test_a_look_costs_about_the_same_however_many_facts_there_are(facts: Sequence[Fact], n: int) -> None:
    from dataclasses import replace

    many = [replace(facts[0], id=f"f{place}", subject=f"server {place}") for place in range(n)]

    assert len(asks(many, (), 7).recall) <= MOST
