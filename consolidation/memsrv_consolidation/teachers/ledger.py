"""The ledger of every call to a teacher, and the budget it holds: so many tokens, so much money, a UTC day.

A line says what a call may cost at worst, and is on the disk before the call; one after it says what it did cost. A
call whose end nobody knows keeps its worst case. One lock lets two processes spend together no more than one may.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from memsrv.errors import BudgetSpent
from memsrv_consolidation.teachers import journal

#: Seconds that one writer waits for another; each holds the lock for one line.
PATIENCE_S = 30.0

#: Money is counted to a billionth of a dollar, rounded up: a token of the cheapest model costs more.
_GRAIN = Decimal("1e-9")

RESERVED, SETTLED, RELEASED, REFUSED = "reserved", "settled", "released", "refused"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `input` counts cached ones as well."""

    input: int
    output: int

    @property
    def tokens(self) -> int:
        return self.input + self.output


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million tokens."""

    input: float = 0.0
    output: float = 0.0

    def of(self, usage: Usage) -> Decimal:
        cost = usage.input * Decimal(str(self.input)) + usage.output * Decimal(str(self.output))
        return (cost / 1_000_000).quantize(_GRAIN, ROUND_UP)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent in one UTC day, by all teachers together."""

    tokens: int
    usd: float


@dataclass(frozen=True, slots=True)
class Call:
    """Who is asked for what, in which run."""

    teacher: str
    model: str
    purpose: str
    run: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One call as the ledger has it. While `reserved`, usage and money are the worst case."""

    id: str
    day: str
    call: Call
    usage: Usage
    usd: Decimal
    state: str
    overcharged: bool = False  # the server claimed more than the call could have cost

    @property
    def spent(self) -> bool:
        return self.state in (RESERVED, SETTLED)


@dataclass(frozen=True, slots=True)
class Spend:
    """What has been spent. `open` are calls whose end is not known: they count with their worst case."""

    tokens: int = 0
    usd: float = 0.0
    calls: int = 0
    open: int = 0
    refused: int = 0
    overcharged: tuple[str, ...] = ()  # teachers that claimed more than they could


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of one day to one model for one purpose."""

    day: str
    teacher: str
    model: str
    purpose: str
    calls: int
    input: int
    output: int
    usd: float
    open: int
    refused: int
    overcharged: int


class Ledger:
    """`spend.jsonl`, to write. `now` gives the moment, in any time zone."""

    def __init__(
        self, path: Path, limits: Limits, prices: Prices, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._path = path
        self._limits = limits
        self._prices = prices
        self._now = now
        self._entries: dict[str, Entry] = {}
        self._offset = 0

    def reserve(self, call: Call, worst: Usage) -> str:
        """Write down that `call` may cost `worst`, and give the entry's id. BudgetSpent where that is too much."""
        day, usd = _day(self._now()), self._prices.of(worst)
        with self._alone():
            spent = _sum(entry for entry in self._entries.values() if entry.day == day)
            reason = self._refusal(call, worst, usd, spent)
            entry = Entry(secrets.token_hex(8), day, call, worst, usd, REFUSED if reason else RESERVED)
            self._write(entry, reason)
        if reason:
            raise BudgetSpent(reason)
        return entry.id

    def settle(self, id: str, usage: Usage) -> bool:
        """Write down what the server says the call did cost; whether that is more than it could have cost."""
        with self._alone():
            before = self._entries[id]
            usd = self._prices.of(usage)
            claimed = usage.input > before.usage.input or usage.output > before.usage.output or usd > before.usd
            self._write(replace(before, usage=usage, usd=usd, state=SETTLED, overcharged=claimed))
        return claimed

    def release(self, id: str) -> None:
        """Write down that the call was rejected before any work: it costs nothing."""
        with self._alone():
            self._write(replace(self._entries[id], usage=Usage(0, 0), usd=Decimal(0), state=RELEASED))

    def _refusal(self, call: Call, worst: Usage, usd: Decimal, spent: "_Sum") -> str | None:
        tomorrow = "it goes on tomorrow (UTC)"
        if call.teacher in spent.overcharged:
            return (
                f"{call.teacher} claimed more than its calls could have cost, so nothing more is sent to it today; "
                f"see `memsrv cost`, and {tomorrow}"
            )
        if spent.tokens + worst.tokens > self._limits.tokens:
            return (
                f"{spent.tokens} of {self._limits.tokens} tokens of the day are spent and a call may need "
                f"{worst.tokens}; {tomorrow}, or raise `teacher.tokens_per_day`"
            )
        if spent.usd + usd > Decimal(str(self._limits.usd)):
            return (
                f"${spent.usd:.4f} of ${self._limits.usd:g} of the day are spent and a call may cost ${usd:.4f}; "
                f"{tomorrow}, or raise `teacher.usd_per_day`"
            )
        return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, nobody else writes, and what others wrote before is known."""
        lock = FileLock(self._path.with_suffix(".lock"))
        try:
            lock.acquire(timeout=PATIENCE_S)
        except Timeout as error:
            raise BudgetSpent(
                f"{self._path} is held by another process, so nothing can be spent; end it and try again"
            ) from error
        try:
            self._catch_up()
            yield
        finally:
            lock.release()

    def _catch_up(self) -> None:
        if self._path.exists() and self._path.stat().st_size < self._offset:  # another file took its place
            self._entries, self._offset = {}, 0
        rows, self._offset = journal.read(self._path, self._offset)
        _fold(rows, self._entries)

    def _write(self, entry: Entry, reason: str | None = None) -> None:
        row = _row(entry, self._now())
        journal.append(self._path, row | {"reason": reason} if reason else row)
        self._entries[entry.id] = entry


@dataclass(frozen=True, slots=True)
class _Sum:
    tokens: int
    usd: Decimal
    overcharged: frozenset[str]


def today(path: Path, now: datetime) -> Spend:
    """What the UTC day of `now` has cost so far."""
    return spend(entry for entry in entries(path) if entry.day == _day(now))


def days(path: Path, now: datetime, count: int = 7) -> list[Line]:
    """The last `count` UTC days up to `now`, newest first: a line for each day, teacher, model and purpose."""
    first = _day(now - timedelta(days=count - 1))
    groups: dict[tuple[str, str, str, str], list[Entry]] = {}
    for entry in entries(path):
        if first <= entry.day <= _day(now):
            key = (entry.day, entry.call.teacher, entry.call.model, entry.call.purpose)
            groups.setdefault(key, []).append(entry)
    return [_line(*key, found) for key, found in sorted(groups.items(), key=lambda item: item[0], reverse=True)]


def entries(path: Path) -> list[Entry]:
    """Every call that the ledger knows of, oldest first."""
    found: dict[str, Entry] = {}
    _fold(journal.read(path)[0], found)
    return list(found.values())


def spend(found: Iterable[Entry]) -> Spend:
    """The sum of these calls."""
    found = list(found)
    summed = _sum(found)
    return Spend(
        tokens=summed.tokens,
        usd=float(summed.usd),
        calls=sum(entry.spent for entry in found),
        open=sum(entry.state == RESERVED for entry in found),
        refused=sum(entry.state == REFUSED for entry in found),
        overcharged=tuple(sorted(summed.overcharged)),
    )


def _line(day: str, teacher: str, model: str, purpose: str, found: list[Entry]) -> Line:
    spent = [entry for entry in found if entry.spent]
    summed = spend(found)
    return Line(
        day, teacher, model, purpose, summed.calls, sum(e.usage.input for e in spent),
        sum(e.usage.output for e in spent), summed.usd, summed.open, summed.refused,
        sum(e.overcharged for e in found),
    )  # fmt: skip


def _sum(found: Iterable[Entry]) -> _Sum:
    spent = [entry for entry in found if entry.spent]
    return _Sum(
        sum(entry.usage.tokens for entry in spent),
        sum((entry.usd for entry in spent), Decimal(0)),
        frozenset(entry.call.teacher for entry in spent if entry.overcharged),
    )


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _row(entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "id": entry.id,
        "state": entry.state,
        "time": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "day": entry.day,
        "teacher": entry.call.teacher,
        "model": entry.call.model,
        "purpose": entry.call.purpose,
        "run": entry.call.run,
        "input": entry.usage.input,
        "output": entry.usage.output,
        "usd": str(entry.usd),
        **({"overcharged": True} if entry.overcharged else {}),
    }


def _fold(rows: Iterable[Mapping[str, Any]], into: dict[str, Entry]) -> None:
    """Each row is the newest state of its entry; a row that is none is left out."""
    for row in rows:
        try:
            into[row["id"]] = Entry(
                row["id"], row["day"], Call(row["teacher"], row["model"], row["purpose"], row["run"]),
                Usage(int(row["input"]), int(row["output"])), Decimal(row["usd"]), row["state"],
                bool(row.get("overcharged")),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, ArithmeticError):
            continue
