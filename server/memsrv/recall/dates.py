"""The days that a question names, and how near to them something was said. In English; knows no clock but `today`.

What happened on a day is often told some days later, so the two weeks after a day are near it, too.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ANY_MONTH = "|".join(
    f"{name}|{name[:3]}\\.?" if name != "may" else name for name in sorted(_MONTHS, key=len, reverse=True)
)
_ISO = re.compile(r"\b(\d{4})-(\d\d)(?:-(\d\d))?\b")
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_ANY_MONTH})(?:,? (\d{{4}}))?\b", re.I)
# "may" alone is a verb more often than a month.
_MONTH_DAY = re.compile(
    rf"\b({_ANY_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,? (\d{{4}})\b)?|\b({_ANY_MONTH}),? (\d{{4}})\b"
    rf"|\b(?:in|of|during|since|last|this|early|late|mid) ({_ANY_MONTH})\b(?!,? \d)",
    re.I,
)
_YEAR = re.compile(r"\b(?:in|of|during|since|year) (20\d\d|19\d\d)\b", re.I)
_AGO = re.compile(r"\b(\d+|a|an|one|two|three|four|five|six|seven) (day|week|month)s? ago\b", re.I)
_LAST = re.compile(r"\b(today|yesterday|(?:this|last|past) (?:week|month|weekend))\b", re.I)
_ON_WEEKDAY = re.compile(rf"\b(?:on|last|this|since) ({'|'.join(_WEEKDAYS)})\b", re.I)
_NUMBERS = {word: n for n, word in enumerate(("", "one", "two", "three", "four", "five", "six", "seven"))} | {
    "a": 1,
    "an": 1,
}
_TOLD_LATER = 14


@dataclass(frozen=True, slots=True)
class When:
    """A day, a month or a year, as far as it is said; or all days from `first` to `last`; or a day of the week."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    first: date | None = None
    last: date | None = None
    weekday: int | None = None

    def nearness(self, said: date) -> float:
        """1 on the very day, less the looser it fits, 0 where it does not."""
        if self.first and self.last:
            if self.first <= said <= self.last:
                return 1.0
            return 0.6 if self.first - timedelta(2) <= said <= self.last + timedelta(2) else 0.0
        if self.weekday is not None:
            return 0.5 if said.weekday() == self.weekday else 0.0
        if self.month and self.day:
            try:
                days = (said - date(self.year or said.year, self.month, self.day)).days
            except ValueError:
                return 0.0
            if abs(days) <= 1:
                return 1.0
            if 0 <= days <= _TOLD_LATER:
                return 0.7
        if self.year not in (None, said.year):
            return 0.0
        if self.month:
            return 0.6 if self.month == said.month else 0.0
        return 0.4


def named(question: str, today: date | None = None) -> tuple[When, ...]:
    """Every day, month and year that `question` names; what is relative to today only where `today` is known."""
    found: list[When] = []
    for year, month, day in _ISO.findall(question):
        found.append(When(int(year), int(month), int(day) if day else None))
    for day, month, year in _DAY_MONTH.findall(question):
        found.append(When(int(year) if year else None, _month(month), int(day)))
    for one, day, year, two, of, three in _MONTH_DAY.findall(question):
        stated = year or of
        found.append(When(int(stated) if stated else None, _month(one or two or three), int(day) if day else None))
    if not found:
        found += [When(int(year)) for year in _YEAR.findall(question)]
    if today is not None:
        found += _relative(question, today)
    else:
        found += [When(weekday=_WEEKDAYS.index(day.casefold())) for day in _ON_WEEKDAY.findall(question)]
    return tuple(dict.fromkeys(found))


@lru_cache(4_000)
def day_of(time: str | None) -> date | None:
    """The day of a record's time; None where it has none, or one of another form."""
    try:
        return date.fromisoformat((time or "")[:10])
    except ValueError:
        return None


def _month(name: str) -> int:
    return next(n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.casefold().rstrip(".")[:3]))


def _relative(question: str, today: date) -> list[When]:
    found = []
    for count, unit in _AGO.findall(question):
        many = int(count) if count.isdigit() else _NUMBERS[count.casefold()]
        days = min(many, 4000) * {"day": 1, "week": 7, "month": 30}[unit.casefold()]
        slack = {"day": 0, "week": 3, "month": 15}[unit.casefold()]
        found.append(_between(today, days + slack, days - slack))
    for word in _LAST.findall(question):
        monday = today.weekday()
        match word.casefold().split():
            case ["today"]:
                found.append(_between(today, 0, 0))
            case ["yesterday"]:
                found.append(_between(today, 1, 1))
            case ["this", "week"]:
                found.append(_between(today, monday, 0))
            case [_, "week"]:
                found.append(_between(today, monday + 7, monday + 1))
            case ["this", "month"]:
                found.append(_between(today, today.day - 1, 0))
            case [_, "month"]:
                ended = today - timedelta(today.day)
                found.append(When(first=ended.replace(day=1), last=ended))
            case _:
                found.append(_between(today, monday + 2, monday + 1))
    for name in _ON_WEEKDAY.findall(question):
        days = (today.weekday() - _WEEKDAYS.index(name.casefold())) % 7 or 7
        found.append(_between(today, days, days))
    return found


def _between(today: date, furthest: int, nearest: int) -> When:
    return When(first=today - timedelta(furthest), last=today - timedelta(nearest))
