"""Times as agents write them, made comparable: ISO 8601 in UTC, with or without a fraction of the second."""

import re
from datetime import datetime, timedelta

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?Z?")


def instant(time: str | None) -> str:
    """`time` as text that sorts by time. Without a fraction it may be any moment of its second: the last one."""
    found = _TIME.fullmatch(time or "")
    if found is None:
        return time or ""
    return f"{found[1]}.{found[2]:0<9}Z" if found[2] else f"{found[1]}.999999999Z"


def after(now: str, times: list[str]) -> str:
    """`now`, or the moment after the latest of `times` where the clock has not passed it yet."""
    latest = max(map(instant, times), default="")
    if instant(now) > latest:
        return now
    try:
        moment = datetime.fromisoformat(latest[:26]) + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return now
    return f"{moment.isoformat(timespec='microseconds')}Z"
