"""The verb of spending: what teachers have cost, and what is left of today's budget."""

from dataclasses import dataclass
from datetime import UTC, datetime

from memsrv.app.rooms import Rooms
from memsrv_consolidation.teachers import ledger
from memsrv_consolidation.teachers.ledger import Line, Spend


@dataclass(frozen=True, slots=True)
class Left:
    """What may still be spent before midnight UTC."""

    tokens: int
    usd: float


@dataclass(frozen=True, slots=True)
class Spending:
    """`memsrv cost`; `days` are newest first."""

    today: Spend
    left: Left
    tokens_per_day: int
    usd_per_day: float
    days: tuple[Line, ...]
    warnings: tuple[str, ...]


class Costing(Rooms):
    def cost(self, *, days: int = 7) -> Spending:
        """What teachers have cost in the last `days` UTC days."""
        now, limits = datetime.now(UTC), self.settings.teacher
        spent = ledger.today(self.home.spend, now)
        return Spending(
            today=spent,
            left=Left(max(0, limits.tokens_per_day - spent.tokens), max(0.0, limits.usd_per_day - spent.usd)),
            tokens_per_day=limits.tokens_per_day,
            usd_per_day=limits.usd_per_day,
            days=tuple(ledger.days(self.home.spend, now, days)),
            warnings=tuple(
                f"{teacher} claimed more than its calls could have cost: nothing more is sent to it today (UTC); "
                "look at your bill, and at `teacher.url`"
                for teacher in spent.overcharged
            ),
        )
