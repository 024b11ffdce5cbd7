"""One is not several."""

import pytest

from memsrv.plurals import counted


@pytest.mark.parametrize(
    ("count", "words", "told"),
    [
        (0, ("session",), "0 sessions"),
        (1, ("session",), "1 session"),
        (2, ("session",), "2 sessions"),
        (1, ("memory",), "1 memory"),
        (3, ("memory",), "3 memories"),
        (3, ("day",), "3 days"),
        (1, ("log was", "logs were"), "1 log was"),
        (2, ("log was", "logs were"), "2 logs were"),
    ],
)
def test_a_number_is_told_with_its_noun(count: int, words: tuple[str, ...], told: str) -> None:
    assert counted(count, *words) == told
