"""Whether a night is due: what is new and how the machine stands in, one decision with its reason out. Pure.

Hours are the wall clock's, so no instant is ever computed that a change of daylight saving could skip or double; times
that lie in the future (a clock was set back) count as unknown.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from memsrv.night.conditions import Conditions
from memsrv.settings import Settings

#: How often the night tries a run that fails or vanishes; then it waits for something new, or for a person.
TRIES = 3


class Deed(StrEnum):
    RUN = "run"
    RESUME = "resume"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run without a report. `tries`: how often it failed or vanished since it began; 0: it was only interrupted."""

    id: str
    tries: int
    at: datetime | None  # its last sign of life


@dataclass(frozen=True, slots=True)
class News:
    """What of one project neither its live version nor its last finished run has seen."""

    project: str
    new: int  # new or changed facts that may be trained on
    oldest: datetime | None = None  # when the oldest of them was first heard
    repeated: tuple[str, ...] = ()  # what a person said again although it was said, or learned, before
    unfinished: Unfinished | None = None
    lost: str | None = None  # the newest version, where it was removed for something that was erased
    seen: str = "what was learned"  # what knows everything else, as the end of "nothing is new since …"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the night does for `project`, and why. `forced`: whatever the hour, because the news is old."""

    project: str
    deed: Deed
    reason: str
    forced: bool = False
    run: str | None = None  # the one to resume


def decide(news: News, conditions: Conditions, settings: Settings) -> Decision:
    """One project, now. Never without news, never beside a person, never twice on the same facts."""

    def wait(reason: str) -> Decision:
        return Decision(news.project, Deed.WAIT, reason)

    night = settings.night
    if not news.new and not news.repeated:
        return wait(f"nothing is new since {news.seen}")
    age = _elapsed(news.oldest, conditions.now)
    forced = age is not None and age >= timedelta(days=night.max_age_days)
    occasion = _occasion(news, settings, age if forced else None)
    if occasion is None:
        return wait(f"{_facts(news.new)}, and {night.min_new} begin a night{_by(news.oldest, night.max_age_days)}")
    if not (forced or within(night.hours, conditions.now)):
        return wait(f"{occasion}; the night's hours are {night.hours}")
    left = news.unfinished
    if left and left.tries and not conditions.busy and (pause := _still_to_wait(left, conditions.now)):
        return wait(f"{left.id} failed {_times(left.tries)}; it is tried again in {pause}")
    if obstacle := conditions.obstacle(settings):
        return wait(f"{occasion}, but {obstacle}")
    if left:
        return Decision(news.project, Deed.RESUME, occasion, forced, left.id)
    return Decision(news.project, Deed.RUN, occasion, forced)


def in_turn(decisions: list[Decision]) -> list[Decision]:
    """The same decisions, of which at most one acts: an unfinished run first, then what is forced, then the first."""
    acting = [decision for decision in decisions if decision.deed is not Deed.WAIT]
    if len(acting) < 2:
        return decisions
    first = min(acting, key=lambda decision: (decision.deed is not Deed.RESUME, not decision.forced))
    return [
        decision
        if decision is first or decision.deed is Deed.WAIT
        else Decision(decision.project, Deed.WAIT, f"{decision.reason}; after {first.project}, one at a time")
        for decision in decisions
    ]


def within(hours: str, now: datetime) -> bool:
    """Whether the wall clock of `now` is in `hours`; `22:30-06:00` runs over midnight, equal ends are the whole day."""
    begin, end = hours.split("-")
    start, now_clock = time.fromisoformat(begin), now.time()
    stop = time.max if end == "24:00" else time.fromisoformat(end)
    if start < stop:
        return start <= now_clock < stop
    return now_clock >= start or now_clock < stop


def _occasion(news: News, settings: Settings, age: timedelta | None) -> str | None:
    """What a run would be for; None where the news is too little. `age` is given where it is too old to wait."""
    if news.unfinished:
        return f"{news.unfinished.id} is unfinished"
    if news.lost:
        return f"{news.lost} is gone with what was erased"
    if age is not None:
        return f"{_facts(news.new)}, the oldest {age.days} days old"
    if news.repeated:
        return f"said again: {news.repeated[0]}"
    if news.new >= settings.night.min_new:
        return _facts(news.new)
    return None


def _elapsed(since: datetime | None, now: datetime) -> timedelta | None:
    return now - since if since is not None and since <= now else None


def _still_to_wait(left: Unfinished, now: datetime) -> str | None:
    """An hour after the first failure, two after the second; None once that is over, or cannot be told."""
    elapsed = _elapsed(left.at, now)
    rest = None if elapsed is None else timedelta(hours=2 ** (left.tries - 1)) - elapsed
    return f"{rest.seconds // 60 + 1} minutes" if rest is not None and rest > timedelta(0) else None


def _facts(count: int) -> str:
    return "1 fact is new" if count == 1 else f"{count} facts are new"


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _by(oldest: datetime | None, days: float) -> str:
    return f", or {oldest + timedelta(days=days):%Y-%m-%d} comes" if oldest else ""
