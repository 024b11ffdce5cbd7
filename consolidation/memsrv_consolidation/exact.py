"""What counts can show: an exact paired test, and intervals of a share and of a difference of two.

Two models answer the same questions, so what tells is how often only one of them is right. Pure arithmetic; knows
nothing of models or promises.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: What would be found by chance this seldom counts as shown.
ALPHA = 0.05
#: The quantile of 95 % intervals.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often both of two answered a question right, only the one after, only the one before, and none of them."""

    both: int = 0
    gained: int = 0
    lost: int = 0
    neither: int = 0

    @property
    def n(self) -> int:
        return self.both + self.gained + self.lost + self.neither

    @property
    def before(self) -> float:
        return (self.both + self.lost) / self.n if self.n else 0.0

    @property
    def after(self) -> float:
        return (self.both + self.gained) / self.n if self.n else 0.0

    @property
    def change(self) -> float:
        return (self.gained - self.lost) / self.n if self.n else 0.0

    @property
    def p(self) -> float:
        """The chance of counts as uneven as these if there were no difference: McNemar's test, exact, two-sided."""
        return mcnemar(self.gained, self.lost)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the change lies, with 95 % confidence."""
        return difference(self)


def pairs(marks: Iterable[tuple[bool, bool]]) -> Pairs:
    """The counts of (right before, right after)."""
    counts = {(True, True): 0, (False, True): 0, (True, False): 0, (False, False): 0}
    for before, after in marks:
        counts[bool(before), bool(after)] += 1
    return Pairs(counts[True, True], counts[False, True], counts[True, False], counts[False, False])


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p of `gained` against `lost` where each is as likely. No discordant pair shows nothing: 1."""
    n = gained + lost
    if n >= 1000:
        return min(1.0, math.erfc(abs(gained - lost) / math.sqrt(2 * n)))
    tail: int = sum(math.comb(n, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / (1 << n))


def at_best(n: int) -> float:
    """The smallest p that `n` items can give: all of them on one side. Five or fewer never reach ALPHA."""
    return mcnemar(n, 0)


def wilson(right: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share: `right` of `n`. Of nothing asked it is everything."""
    if n == 0:
        return 0.0, 1.0
    rate, z2 = right / n, _Z * _Z
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(counted: Pairs) -> tuple[float, float]:
    """The 95 % interval of the change between paired shares: Newcombe's square-and-add of two Wilson intervals.

    Unlike the textbook's it has a width where no answer changed: 24 of 24 twice is no proof that nothing was lost.
    """
    n = counted.n
    if n == 0:
        return -1.0, 1.0
    before, after = counted.both + counted.lost, counted.both + counted.gained
    low_b, high_b = wilson(before, n)
    low_a, high_a = wilson(after, n)
    p_b, p_a = before / n, after / n
    margins = before * (n - before) * after * (n - after)
    phi = 0.0
    if margins:
        product = float(counted.both * counted.neither - counted.gained * counted.lost)
        # Newcombe's correction: a positive association is taken a little weaker than it was seen.
        product = max(product - n / 2, 0.0) if product > 0 else product
        phi = product / math.sqrt(margins)

    def half(x: float, y: float) -> float:
        return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))

    change = p_a - p_b
    return change - half(p_a - low_a, high_b - p_b), change + half(high_a - p_a, p_b - low_b)
