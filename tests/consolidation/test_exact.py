"""Exact tests and intervals against figures that were worked out by hand or stand in the literature."""

import pytest

from memsrv_consolidation.exact import ALPHA, Pairs, at_best, mcnemar, pairs, wilson


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (8, 2, 0.109375), (10, 10, 1.0), (2, 8, 0.109375)],
)
def test_the_paired_test_is_the_binomial_one_on_both_sides(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p)


def test_thousands_of_pairs_have_a_p_too() -> None:
    assert mcnemar(3000, 2000) < 1e-9
    assert mcnemar(2500, 2500) == 1.0


def test_five_items_can_never_show_anything_and_six_can() -> None:
    assert at_best(5) > ALPHA > at_best(6)


def test_questions_that_both_answer_alike_say_nothing_about_the_difference() -> None:
    few = pairs([(False, True)] * 3)
    many = pairs([(False, True)] * 3 + [(True, True)] * 500)

    assert few.p == many.p


def test_pairs_are_counted_by_who_was_right() -> None:
    counted = pairs([(True, True), (False, True), (False, True), (True, False), (False, False)])

    assert counted == Pairs(both=1, gained=2, lost=1, neither=1)
    assert (counted.before, counted.after) == (0.4, 0.6)
    assert counted.change == pytest.approx(0.2)


def test_a_share_of_nothing_may_be_anything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert Pairs().interval == (-1.0, 1.0)


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """As his method 10 gives it for 36, 12, 2, 0 of 50."""
    low, high = Pairs(both=36, gained=12, lost=2, neither=0).interval

    assert (low, high) == pytest.approx((0.0569, 0.3404), abs=1e-4)


def test_where_no_answer_changed_the_interval_narrows_with_more_questions() -> None:
    low, _ = Pairs(both=24).interval
    lower_by_less, _ = Pairs(both=96).interval

    assert low < lower_by_less < 0
