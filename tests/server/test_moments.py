"""A moment as a person writes it on the command line, at the clock of the place where they are."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from memsrv.cli.command import end_of, moment
from memsrv.errors import UsageError


@pytest.fixture(autouse=True, params=["Asia/Tokyo", "America/Los_Angeles"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """How many hours its clock is ahead of UTC in winter."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield {"Asia/Tokyo": 9, "America/Los_Angeles": -8}[request.param]
    monkeypatch.undo()
    time.tzset()


def in_utc(then: datetime | None) -> str:
    assert then is not None
    return then.astimezone(UTC).isoformat(timespec="seconds")[:19]


@pytest.mark.parametrize("given", ["2026-11-10T09:00:00Z", "2026-11-10T11:00:00+02:00", " 2026-11-10 09:00:00+00:00 "])
def test_a_time_that_names_its_zone_is_of_that_zone(given: str) -> None:
    assert in_utc(moment(given)) == "2026-11-10T09:00:00"


def test_a_time_without_one_is_of_this_places_clock_as_it_went_then(place: int) -> None:
    assert in_utc(moment("2026-11-10T12:00")) == f"2026-11-10T{12 - place:02}:00:00"
    assert in_utc(moment("2026-07-10T12:00")) == f"2026-07-10T{12 - place - (place < 0):02}:00:00"  # summer time


@pytest.mark.parametrize("given", ["2026-11-10", "20261110", "2026-W46-2"])
def test_of_a_date_its_end_is_meant(given: str) -> None:
    then = end_of(given)

    assert then is not None
    assert then.isoformat()[:19] == "2026-11-10T23:59:59"


@pytest.mark.parametrize(
    "given", ["0001-01-01", "9999-12-31", "yesterday", "-3d", "2026-13-01", "", "99999999d", "2026-11-10T25:00"]
)
def test_what_is_no_time_is_refused_with_how_to_write_one(given: str) -> None:
    for reads in (moment, end_of):
        with pytest.raises(UsageError, match="write it as 30d, 12h, 2w or 2026-11-01"):
            reads(given)
