"""Days that a question names, in the ways people name them, against the day on which something was said."""

from datetime import date

import pytest

from memsrv.recall import dates

TODAY = date(2026, 11, 21)  # a Saturday


def nearness(question: str, said: str, today: date | None = TODAY) -> float:
    return max((when.nearness(date.fromisoformat(said)) for when in dates.named(question, today)), default=0.0)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What broke on 3 November?", "2026-11-03"),
        ("What broke on November 3rd, 2026?", "2026-11-03"),
        ("what about Nov 3", "2026-11-03"),
        ("what was decided on 2026-11-03?", "2026-11-03"),
        ("what did we do yesterday", "2026-11-20"),
        ("what failed last week", "2026-11-11"),
        ("what failed last month", "2026-10-07"),
        ("on Tuesday we changed the port", "2026-11-17"),
        ("the bug of three days ago", "2026-11-18"),
    ],
)
def test_the_very_day_is_nearest(question: str, said: str) -> None:
    assert nearness(question, said) == 1.0


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What broke on 3 November?", "2025-06-03"),
        ("What broke in June 2025?", "2026-06-03"),
        ("what did we do yesterday", "2026-11-01"),
        ("what may be wrong with the march towards types?", "2026-05-01"),
        ("why port 8443 and not 2026?", "2026-01-01"),
        ("99 November 2026", "2025-11-01"),
    ],
)
def test_another_day_is_not_near(question: str, said: str) -> None:
    assert nearness(question, said) == 0.0


def test_looser_words_fit_less() -> None:
    fits = [nearness(words, "2026-11-03") for words in ("on 3 November", "in November 2026", "in 2026")]

    assert fits == sorted(fits, reverse=True)
    assert len(set(fits)) == 3


def test_what_happened_is_told_some_days_later() -> None:
    assert nearness("on 3 November", "2026-11-10") > nearness("on 3 November", "2026-10-27")


def test_without_a_clock_nothing_is_yesterday() -> None:
    assert nearness("yesterday", "2026-11-20", None) == 0.0


def test_a_time_of_another_form_is_no_day() -> None:
    assert dates.day_of("some time") is None
