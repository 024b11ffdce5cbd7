"""The statistics of the tables, against figures computed by hand or printed in books."""

import math

import pytest

from memsrv_consolidation.bench.statistics import Estimate, estimate, kappa, paired_t, pearson, sign, two_sided


def test_an_estimate_has_the_standard_error_of_its_mean() -> None:
    found = estimate([0.2, 0.4, 0.6])  # deviations -.2, 0, .2: variance .04, so .2 / sqrt(3)

    assert found
    assert (found.mean, found.n) == (pytest.approx(0.4), 3)
    assert found.se == pytest.approx(0.2 / math.sqrt(3))


def test_one_value_has_no_standard_error_and_none_has_no_mean() -> None:
    assert estimate([0.5]) == Estimate(0.5, None, 1)
    assert estimate([]) is None


def test_a_paired_t_is_the_mean_difference_over_its_error() -> None:
    found = paired_t([3, 5, 4, 6], [1, 2, 3, 4])  # differences 2, 3, 1, 2: mean 2, variance 2/3, error sqrt(1/6)

    assert (found.difference, found.df) == (2, 3)
    assert found.t == pytest.approx(2 * math.sqrt(6))
    assert found.p == pytest.approx(0.01628, abs=1e-5)


@pytest.mark.parametrize(
    ("t", "df", "p"),
    [(12.706, 1, 0.05), (2.262, 9, 0.05), (4.781, 9, 0.001), (1.0, 1, 0.5), (0.0, 5, 1.0), (2.576, 10**6, 0.01)],
)
def test_t_has_the_p_of_printed_tables(t: float, df: int, p: float) -> None:
    assert two_sided(t, df) == pytest.approx(p, rel=2e-3)


def test_the_paper_s_t_is_far_beyond_its_threshold() -> None:
    assert two_sided(14.78, 9) < 0.001


def test_too_few_pairs_show_nothing() -> None:
    assert paired_t([0.9], [0.1]).p is None
    assert paired_t([0.5, 0.5], [0.5, 0.5]).p == 1.0
    assert paired_t([0.5, 0.5], [0.25, 0.25]).p is None


def test_the_sign_test_counts_who_is_better_and_leaves_ties_out() -> None:
    found = sign([1, 1, 1, 1, 1, 0.5], [0, 0, 0, 0, 0, 0.5])

    assert (found.better, found.worse) == (5, 0)
    assert found.p == pytest.approx(2 / 2**5)


def test_pearson_is_one_on_a_line_and_nothing_where_nothing_varies() -> None:
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert pearson([1, 2, 3], [6, 4, 2]) == pytest.approx(-1)
    assert pearson([1, 2, 4], [1, 3, 2]) == pytest.approx(0.3273, abs=1e-4)  # by hand: 1 / sqrt(14/3 * 2)
    assert pearson([1, 1], [1, 2]) is None


def test_kappa_is_agreement_beyond_chance() -> None:
    # Of 10: 4 yes by both, 3 no by both, 2 yes by the first alone, 1 by the second alone.
    ones = [True] * 4 + [False] * 3 + [True] * 2 + [False]
    others = [True] * 4 + [False] * 3 + [False] * 2 + [True]

    assert kappa(ones, others) == pytest.approx((0.7 - 0.5) / 0.5)  # by chance .6 * .5 + .4 * .5
    assert kappa([True], [True]) is None
