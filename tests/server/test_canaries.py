"""Canaries are fakes that every rule must take for real, and that nobody could."""

from memsrv.canaries import FAMILIES, NIGHTLY, canaries, nightly
from memsrv.redact import Redactor


def test_there_are_at_least_fifteen_families() -> None:
    assert len(set(FAMILIES)) >= 15


def test_every_one_is_taken_for_a_secret() -> None:
    redactor = Redactor(b"k")

    for canary in canaries("taken", 200):
        clean, count = redactor.redact(canary.text)
        assert count == 1, canary.family
        assert canary.secret not in clean


def test_every_one_carries_a_mark_that_no_real_secret_has() -> None:
    for canary in canaries("marked", 100):
        assert any(mark in canary.secret for mark in ("Canary", "CANARY", "canary", "c0ffee", "Y2FuYXJ5"))


def test_the_same_seed_gives_the_same_and_another_other_ones() -> None:
    assert canaries(7, 60) == canaries(7, 60)
    assert not {one.secret for one in canaries(7)} & {other.secret for other in canaries(8)}


def test_every_night_has_a_few_of_its_own() -> None:
    one, other = nightly("20261120-030000-demo"), nightly("20261121-030000-demo")

    assert len(one) == NIGHTLY == len({canary.family for canary in one})
    assert not {canary.secret for canary in one} & {canary.secret for canary in other}
