"""The decision as sentences: what is new and how the machine stands in, what the night does and why out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from memsrv.night.conditions import FREE_DISK_MIB, Conditions
from memsrv.night.due import Decision, Deed, News, Unfinished, decide, in_turn, within
from memsrv.settings import Nightly, Settings

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 11, 20, 3, 0, tzinfo=BERLIN)
NOON = NIGHT.replace(hour=12)
QUIET = Conditions(now=NIGHT, idle_s=3600, powered=True, memory_mib=8000, busy=False, disk_mib=10, disk_free_mib=90_000)
SETTINGS = Settings()


def news(new: int = 5, age: timedelta = timedelta(hours=9), **rest: object) -> News:
    return News("demo", new, NIGHT - age if new else None, **rest)  # type: ignore[arg-type]


def deed(found: News, conditions: Conditions = QUIET, settings: Settings = SETTINGS) -> Deed:
    return decide(found, conditions, settings).deed


def reason(found: News, conditions: Conditions = QUIET, settings: Settings = SETTINGS) -> str:
    return decide(found, conditions, settings).reason


# News


def test_enough_news_in_a_quiet_night_is_learned() -> None:
    assert decide(news(), QUIET, SETTINGS) == Decision("demo", Deed.RUN, "5 facts are new")


def test_without_news_there_is_no_run_however_quiet_the_night() -> None:
    assert reason(news(0, seen="v3")) == "nothing is new since v3"
    assert deed(news(0)) is Deed.WAIT


def test_too_little_news_waits_and_says_until_when() -> None:
    assert reason(news(2)) == "2 facts are new, and 3 begin a night, or 2026-11-26 comes"


def test_a_correction_that_was_said_again_is_reason_enough() -> None:
    decision = decide(news(1, repeated=("For installs, use pnpm.",)), QUIET, SETTINGS)

    assert (decision.deed, decision.reason) == (Deed.RUN, "said again: For installs, use pnpm.")


def test_a_correction_said_again_needs_no_new_fact() -> None:
    assert deed(news(0, repeated=("For installs, use pnpm.",))) is Deed.RUN


def test_what_is_left_after_an_erase_is_learned_anew_however_little_it_is() -> None:
    decision = decide(news(1, lost="v3"), QUIET, SETTINGS)

    assert (decision.deed, decision.reason) == (Deed.RUN, "v3 is gone with what was erased")


def test_where_nothing_is_left_after_an_erase_nothing_is_learned() -> None:
    assert deed(news(0, lost="v3")) is Deed.WAIT


# Hours


@pytest.mark.parametrize("clock", [NOON, NIGHT.replace(hour=7), NIGHT.replace(hour=23, minute=59)])
def test_outside_the_nights_hours_it_waits(clock: datetime) -> None:
    assert reason(news(), replace(QUIET, now=clock)) == "5 facts are new; the night's hours are 00:00-07:00"


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("22:30-06:00", ("22:30", "23:59", "00:00", "05:59"), ("06:00", "12:00", "22:29")),
        ("01:00-02:00", ("01:00", "01:59"), ("00:59", "02:00")),
        ("20:00-24:00", ("20:00", "23:59"), ("00:00", "19:59")),
        ("00:00-00:00", ("00:00", "12:00", "23:59"), ()),
    ],
)
def test_hours_may_run_over_midnight(hours: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    def at(clock: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-20T{clock}").replace(tzinfo=BERLIN)

    assert all(within(hours, at(clock)) for clock in inside)
    assert not any(within(hours, at(clock)) for clock in outside)


def test_hours_that_are_none_are_refused_when_they_are_set() -> None:
    for hours in ("25:00-07:00", "night", "00:00", "0:00-7:00", "00:00-07:60"):
        with pytest.raises(ValueError, match="hours"):
            Nightly(hours=hours)


def test_the_hour_that_daylight_saving_repeats_is_night_both_times() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0)
    second = first.replace(fold=1)

    assert first.utcoffset() != second.utcoffset()
    assert within("02:00-03:00", first)
    assert within("02:00-03:00", second)


def test_hours_that_daylight_saving_skips_are_made_up_for_when_the_news_is_old() -> None:
    settings = Settings(night=Nightly(hours="02:00-03:00"))
    after = datetime(2026, 3, 29, 0, 30, tzinfo=UTC).astimezone(BERLIN) + timedelta(hours=2)
    skipped = News("demo", 5, after - timedelta(days=7))

    assert after.hour == 3
    assert decide(skipped, replace(QUIET, now=after), settings).forced


# Age


def test_old_news_is_learned_at_any_hour() -> None:
    decision = decide(news(1, timedelta(days=7)), replace(QUIET, now=NOON), SETTINGS)

    assert decision == Decision("demo", Deed.RUN, "1 fact is new, the oldest 7 days old", forced=True)


@pytest.mark.parametrize(
    "change", [{"idle_s": 30.0}, {"powered": False}, {"memory_mib": 100}, {"busy": True}, {"disk_free_mib": 1}]
)
def test_old_news_waits_for_a_quiet_machine_like_any_other(change: dict[str, object]) -> None:
    noon = replace(QUIET, now=NOON, **change)  # type: ignore[arg-type]

    assert deed(news(9, timedelta(days=30)), noon) is Deed.WAIT


def test_news_from_the_future_is_of_unknown_age() -> None:
    """The clock was set back since: nothing is forced by it, and enough of it is learned in the night's hours."""
    tomorrow = news(5, timedelta(days=-400))

    assert deed(tomorrow, replace(QUIET, now=NOON)) is Deed.WAIT
    assert deed(tomorrow) is Deed.RUN


def test_news_whose_time_no_log_tells_is_learned_by_number_alone() -> None:
    unknown = News("demo", 2, None)

    assert reason(unknown) == "2 facts are new, and 3 begin a night"


# The machine


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"busy": True}, "another consolidation goes on"),
        ({"idle_s": 5.0}, "you were here this minute, and 15 minutes of quiet are asked for"),
        ({"idle_s": 899.0}, "you were here 14 minutes ago, and 15 minutes of quiet are asked for"),
        ({"powered": False}, "the machine runs on battery"),
        ({"memory_mib": 3999}, "3999 MiB of memory are free, and 4000 are asked for"),
        ({"disk_mib": 5001}, "memsrv keeps 5001 MiB, more than its 5000; run `memsrv gc`"),
        ({"disk_free_mib": 999}, f"999 MiB of the disk are free, and {FREE_DISK_MIB} must be"),
    ],
)
def test_what_is_in_the_way_is_said(change: dict[str, object], why: str) -> None:
    conditions = replace(QUIET, **change)  # type: ignore[arg-type]

    assert reason(news(), conditions) == f"5 facts are new, but {why}"
    assert deed(news(), conditions) is Deed.WAIT


def test_a_machine_where_nobody_was_ever_seen_is_idle() -> None:
    assert deed(news(), replace(QUIET, idle_s=None)) is Deed.RUN


def test_battery_and_presence_are_the_owners_to_allow() -> None:
    bold = Settings(night=Nightly(on_battery=True, idle_minutes=0, memory_mib=0))

    assert deed(news(), replace(QUIET, idle_s=0.0, powered=False, memory_mib=1), bold) is Deed.RUN


# Runs that are not finished


def test_an_interrupted_run_goes_on_first() -> None:
    left = Unfinished("20261119-030000-demo", 0, NIGHT - timedelta(hours=20))

    decision = decide(news(1, unfinished=left), QUIET, SETTINGS)

    assert (decision.deed, decision.run) == (Deed.RESUME, left.id)
    assert decision.reason == "20261119-030000-demo is unfinished"


def test_an_interrupted_run_waits_for_quiet_as_well() -> None:
    left = Unfinished("r", 0, NIGHT)

    assert deed(news(1, unfinished=left), replace(QUIET, now=NOON)) is Deed.WAIT
    assert deed(news(1, unfinished=left), replace(QUIET, idle_s=1.0)) is Deed.WAIT


@pytest.mark.parametrize(("tries", "minutes"), [(1, 60), (2, 120)])
def test_a_run_that_failed_is_tried_again_later_and_later(tries: int, minutes: int) -> None:
    failed = Unfinished("r", tries, NIGHT)

    before, after = (replace(QUIET, now=NIGHT + timedelta(minutes=m)) for m in (minutes - 1, minutes))

    assert reason(news(unfinished=failed), before).endswith("it is tried again in 2 minutes")
    # Who looked after it was killed, and it goes on: it has not failed.
    assert reason(news(unfinished=failed), replace(before, busy=True)).endswith("but another consolidation goes on")
    assert deed(news(unfinished=failed), after) is Deed.RESUME


def test_a_failure_that_lies_in_the_future_does_not_keep_a_run_waiting() -> None:
    failed = Unfinished("r", 2, NIGHT + timedelta(days=300))

    assert deed(news(unfinished=failed)) is Deed.RESUME


# Whose turn it is


def test_of_many_projects_one_learns_at_a_time() -> None:
    made = [Decision(name, Deed.RUN, "3 facts are new") for name in "ab"]

    first, second = in_turn(made)

    assert (first.deed, second.deed) == (Deed.RUN, Deed.WAIT)
    assert second.reason == "3 facts are new; after a, one at a time"


def test_what_is_unfinished_goes_before_what_is_forced_and_that_before_the_rest() -> None:
    made = [
        Decision("a", Deed.RUN, "new"),
        Decision("b", Deed.RUN, "old", forced=True),
        Decision("c", Deed.RESUME, "unfinished", run="r"),
    ]

    assert [decision.project for decision in in_turn(made) if decision.deed is not Deed.WAIT] == ["c"]
    assert [decision.project for decision in in_turn(made[:2]) if decision.deed is not Deed.WAIT] == ["b"]
