"""A month with a compressed clock: every twenty minutes one look, and a person who types, unplugs and goes away.

The decisions are the real ones; the machine, the words said and what becomes of a run come from a seed. The clock of
the month is Berlin's at the end of daylight saving, and is set wrong twice.
"""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from memsrv.night.conditions import Conditions
from memsrv.night.due import TRIES, Decision, Deed, News, Unfinished, decide, within
from memsrv.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 10, 10, tzinfo=UTC)
LOOK = timedelta(minutes=20)
SETTINGS = Settings()
OLD = timedelta(days=SETTINGS.night.max_age_days)


@dataclass
class Month:
    """What happens is drawn from `rng`; what the night did is in `events`, as (true time, what, decision)."""

    rng: random.Random
    events: list[tuple[datetime, str, Decision]] = field(default_factory=list)
    unseen: list[datetime] = field(default_factory=list)  # when each fact was heard that no run has finished with
    unfinished: Unfinished | None = None
    typed: datetime = START
    powered: bool = True
    work: timedelta = timedelta()  # that the run still needs
    number: int = 0

    def live(self) -> None:
        now = START
        while now < START + timedelta(days=30):
            self.let_twenty_minutes_pass(now)
            self.look(now)
            now += LOOK

    def let_twenty_minutes_pass(self, now: datetime) -> None:
        local, rng = now.astimezone(BERLIN), self.rng
        works = local.weekday() < 5 and 9 <= local.hour < 18
        if rng.random() < (0.8 if works else 0.12 if local.hour >= 7 else 0.02):
            self.typed = now - LOOK * rng.random()
            if works and rng.random() < 0.05:
                self.unseen.append(self.typed)
        if rng.random() < 0.05:
            self.powered = not self.powered

    def clock(self, now: datetime) -> datetime:
        """What the machine takes for now: on the 8th day it is 3 hours slow, on the 16th 26 hours fast."""
        wrong = {8: timedelta(hours=-3), 16: timedelta(hours=26)}.get((now - START).days, timedelta())
        return (now + wrong).astimezone(BERLIN)

    def conditions(self, now: datetime) -> Conditions:
        free = 9000 if self.rng.random() < 0.8 else 900
        idle = (now - self.typed).total_seconds()
        return Conditions(self.clock(now), idle, self.powered, free, False, 10, 90_000)

    def news(self) -> News:
        return News("demo", len(self.unseen), min(self.unseen, default=None), (), self.unfinished)

    def look(self, now: datetime) -> None:
        found, machine = self.news(), self.conditions(now)
        decision = decide(found, machine, SETTINGS)
        self.promises(found, machine, decision)
        if decision.deed is not Deed.WAIT:
            self.run(now, decision)

    def run(self, now: datetime, decision: Decision) -> None:
        """The run, until it is done or somebody comes back: a person who is away comes at any moment."""
        self.events.append((now, str(decision.deed), decision))
        if decision.deed is Deed.RUN:
            self.number += 1
            self.work = timedelta(minutes=self.rng.randint(5, 240))
            self.unfinished = Unfinished(f"run-{self.number}", 0, self.clock(now))
        assert self.unfinished is not None
        left = self.unfinished
        luck = self.rng.random()
        if luck < 0.3:
            self.work = max(self.work - timedelta(minutes=60), timedelta(minutes=5))
            self.unfinished = replace(left, at=self.clock(now))
            self.events.append((now, "paused", decision))
        elif luck < 0.4:
            self.unfinished = replace(left, tries=left.tries + 1, at=self.clock(now))
            self.events.append((now, "failed", decision))
            if self.unfinished.tries >= TRIES:
                self.unfinished, self.unseen = None, []
                self.events.append((now, "given up", decision))
        else:
            # Refused or promoted, it has seen these facts.
            self.unfinished, self.unseen = None, []
            self.events.append((now, "done", decision))

    def promises(self, found: News, machine: Conditions, decision: Decision) -> None:
        """What must hold of every single look."""
        night = SETTINGS.night
        if decision.deed is not Deed.WAIT:
            assert found.new > 0, "a run without news"
            assert machine.idle_s is not None
            assert machine.idle_s >= night.idle_minutes * 60, "a run beside somebody who types"
            assert machine.powered
            assert machine.memory_mib >= night.memory_mib
            assert decision.forced or within(night.hours, machine.now), "a run by day that nothing forced"
            assert (decision.deed is Deed.RESUME) == (found.unfinished is not None), "what was begun goes on first"
        due = found.oldest is not None and machine.now - found.oldest >= OLD
        backs_off = found.unfinished is not None and found.unfinished.tries > 0
        if due and machine.obstacle(SETTINGS) is None and not backs_off:
            assert decision.deed is not Deed.WAIT, "old news was left lying"


@pytest.fixture(scope="module")
def months() -> list[Month]:
    lived = [Month(random.Random(seed)) for seed in range(12)]
    for month in lived:
        month.live()
    return lived


def test_every_look_of_twelve_months_keeps_its_promises(months: list[Month]) -> None:
    """The promises are asserted look by look; here, that enough happened for them to mean something."""
    happened = Counter(what for month in months for _, what, _ in month.events)

    assert happened["run"] >= 48
    assert happened["resume"] >= 12
    assert min(happened["paused"], happened["failed"]) >= 6
    assert any(decision.forced for month in months for _, _, decision in month.events)


def test_every_interrupted_run_is_resumed(months: list[Month]) -> None:
    for month in months:
        ends = [what for _, what, _ in month.events]
        for place, what in enumerate(ends):
            if what == "paused" and place + 1 < len(ends):
                assert ends[place + 1] == "resume"


def test_one_run_ends_before_the_next_begins(months: list[Month]) -> None:
    for month in months:
        told = [what for _, what, _ in month.events if what in ("run", "done", "given up")]
        assert all((what == "run") == (place % 2 == 0) for place, what in enumerate(told))


def test_a_month_in_which_nothing_is_said_has_no_run() -> None:
    silent = Month(random.Random(1))
    silent.let_twenty_minutes_pass = lambda now: None  # type: ignore[method-assign]

    silent.live()

    assert silent.events == []


def test_one_fact_a_month_is_learned_within_a_week_although_somebody_types_every_night() -> None:
    """Typing from nine in the evening to eight in the morning: the night's hours never come, the day's age does."""
    month = Month(random.Random(2))

    def awake(now: datetime) -> None:
        if not 8 <= now.astimezone(BERLIN).hour < 21:
            month.typed = now
        month.powered = True
        if now == START + timedelta(days=1):
            month.unseen.append(now)

    month.let_twenty_minutes_pass = awake  # type: ignore[method-assign]
    month.live()

    when, what, decision = month.events[0]
    assert (what, decision.forced) == ("run", True)
    assert OLD <= when - (START + timedelta(days=1)) < OLD + timedelta(days=2)
