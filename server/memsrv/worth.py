"""When training pays against memory before each question with prompt caching: arithmetic on figures, nothing else.

    break-even = (extract + synthesise + train + evaluate)
                 / (share in weights × (context at its cached price + retrieval + waiting) − serving the adapter)

against the questions that are asked before what was learned is stale or trained anew. Knows no store and no settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from math import inf
from typing import Any

#: How far a figure is moved when asking what would have to change: by a thousand it is another life.
_FAR = 1000.0


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the answer rests on. `half_life_days` None: nothing that was remembered has ended yet."""

    extract_usd: float = 0.0
    synthesise_usd: float = 0.0
    extract_s: float = 0.0
    synthesise_s: float = 0.0
    train_s: float = 0.0
    evaluate_s: float = 0.0
    watts: float = 0.0
    usd_per_kwh: float = 0.0
    usd_per_machine_hour: float = 0.0
    standing_tokens: float = 0.0  # the same before every question: what a cache keeps
    recalled_tokens: float = 0.0  # found for each question: what no cache keeps
    usd_per_million_input: float = 0.0
    cache_discount: float = 0.0
    recall_s: float = 0.0
    usd_per_hour_waiting: float = 0.0
    answer_s: float = 0.0
    share_in_weights: float = 1.0
    questions_per_day: float = 0.0
    sessions_per_day: float = 0.0  # the first question of each finds no cache
    rebuild_days: float = inf
    half_life_days: float | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """`questions` and `days` to break even are None where no number of them would do."""

    pays: bool
    cost_usd: float
    saving_usd: float  # with each question; below 0 it costs
    questions: float | None
    days: float | None
    horizon_days: float
    asked: float  # questions within the horizon


@dataclass(frozen=True, slots=True)
class Change:
    """The value at which it would pay, were all else the same. None: no value of this one alone is enough."""

    name: str
    now: float | None
    needed: float | None


def worth(of: Figures) -> Worth:
    """Whether a training pays for itself within its horizon."""
    cost, saving, horizon = cost_usd(of), saving_usd(of), horizon_days(of)
    asked = of.questions_per_day * horizon if of.questions_per_day else 0.0
    questions = cost / saving if saving > 0 else 0.0 if cost == 0 and saving == 0 else None
    days = questions / of.questions_per_day if questions is not None and of.questions_per_day else None
    pays = questions is not None and saving > 0 and asked > 0 and questions <= asked
    return Worth(pays, cost, saving, questions, days, horizon, asked)


def cost_usd(of: Figures) -> float:
    """One training: what a teacher was paid, and what the machine took."""
    seconds = of.extract_s + of.synthesise_s + of.train_s + of.evaluate_s
    return of.extract_usd + of.synthesise_usd + seconds * _second(of)


def saving_usd(of: Figures) -> float:
    """With each question: the memory that need not stand before it, less what answering from weights costs."""
    warm = max(0.0, 1 - of.sessions_per_day / of.questions_per_day) if of.questions_per_day else 1.0
    tokens = of.standing_tokens * (1 - of.cache_discount * warm) + of.recalled_tokens
    context = tokens * of.usd_per_million_input / 1e6
    waiting = of.recall_s * of.usd_per_hour_waiting / 3600
    return of.share_in_weights * (context + of.recall_s * _second(of) + waiting) - of.answer_s * _second(of)


def horizon_days(of: Figures) -> float:
    """How long a training is of use: until the next, or until half of what it taught no longer holds."""
    return min(of.rebuild_days, inf if of.half_life_days is None else of.half_life_days)


#: What may change, in which direction it helps, and how far it can go.
_LEVERS = (
    ("questions_per_day", True, inf), ("standing_tokens", True, inf), ("usd_per_million_input", True, inf),
    ("cache_discount", False, 0.0), ("usd_per_hour_waiting", True, inf), ("share_in_weights", True, 1.0),
    ("train_s", False, 0.0), ("rebuild_days", True, inf), ("half_life_days", True, inf),
)  # fmt: skip


def changes(of: Figures) -> tuple[Change, ...]:
    """What would have to be otherwise for a training to pay, one figure at a time; nothing where it pays."""
    return () if worth(of).pays else tuple(_changes(of))


def _changes(of: Figures) -> Iterator[Change]:
    for name, upwards, bound in _LEVERS:
        now = getattr(of, name)
        if now is None or now == inf:
            continue
        end = min(bound, max(now, 1.0) * _FAR) if upwards else bound
        yield Change(name, now, _least(of, name, now, end))


def _least(of: Figures, name: str, now: float, end: float) -> float | None:
    """The value nearest to `now`, on the way to `end`, at which it pays: by halving."""

    def pays(value: float) -> bool:
        moved: dict[str, Any] = {name: value}
        return worth(replace(of, **moved)).pays

    if not pays(end):
        return None
    for _ in range(60):
        middle = (now + end) / 2
        now, end = (now, middle) if pays(middle) else (middle, end)
    return end


def names() -> tuple[str, ...]:
    """Every figure that the answer rests on, in order."""
    return tuple(field.name for field in fields(Figures))


def _second(of: Figures) -> float:
    """US dollars for a second of the machine."""
    return of.watts * of.usd_per_kwh / 3.6e6 + of.usd_per_machine_hour / 3600
