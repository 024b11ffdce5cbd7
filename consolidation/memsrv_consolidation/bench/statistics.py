"""The statistics of the paper's tables, by hand: mean and standard error, paired t, the exact sign test, Pearson's r,
Cohen's kappa.

All take plain numbers. Where there are too few to say anything they give None, never a guess.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from memsrv_consolidation.exact import mcnemar


@dataclass(frozen=True, slots=True)
class Estimate:
    """`se`: the standard error of the mean; None of fewer than two."""

    mean: float
    se: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Paired:
    """Student's t of paired differences, two-sided. `t` and `p` None: fewer than two pairs, or they do not vary."""

    difference: float
    t: float | None
    df: int
    p: float | None


@dataclass(frozen=True, slots=True)
class Exact:
    """Of the pairs that differ: how many for each side, and the two-sided p of the binomial."""

    better: int
    worse: int
    p: float


def estimate(values: Sequence[float]) -> Estimate | None:
    if not values:
        return None
    se = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return Estimate(fmean(values), se, len(values))


def paired_t(ours: Sequence[float], theirs: Sequence[float]) -> Paired:
    """Whether `ours` differs from `theirs`, pair by pair."""
    differences = [one - other for one, other in zip(ours, theirs, strict=True)]
    df = len(differences) - 1
    mean = fmean(differences) if differences else 0.0
    if df < 1:
        return Paired(mean, None, max(df, 0), None)
    se = stdev(differences) / math.sqrt(len(differences))
    if se == 0:  # all alike: no difference at all, or one that never varies, of which t says nothing
        return Paired(mean, None, df, 1.0 if mean == 0 else None)
    t = mean / se
    return Paired(mean, t, df, two_sided(t, df))


def two_sided(t: float, df: int) -> float:
    """How likely |t| is, or more, where there is no difference."""
    return _incomplete_beta(df / 2, 0.5, df / (df + t * t))


def sign(ours: Sequence[float], theirs: Sequence[float]) -> Exact:
    """The exact sign test; ties say nothing. Of right and wrong answers it is McNemar's."""
    better = sum(one > other for one, other in zip(ours, theirs, strict=True))
    worse = sum(one < other for one, other in zip(ours, theirs, strict=True))
    return Exact(better, worse, mcnemar(better, worse))


def pearson(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """None where one of them does not vary."""
    if len(xs) < 2 or len(xs) != len(ys):
        return None
    mx, my = fmean(xs), fmean(ys)
    dx, dy = [x - mx for x in xs], [y - my for y in ys]
    spread = math.sqrt(math.fsum(d * d for d in dx) * math.fsum(d * d for d in dy))
    return math.fsum(a * b for a, b in zip(dx, dy, strict=True)) / spread if spread else None


def kappa(ones: Sequence[bool], others: Sequence[bool]) -> float | None:
    """Cohen's: agreement of two judges beyond chance; None where chance alone would have them agree always."""
    n = len(ones)
    if n == 0 or n != len(others):
        return None
    agree = sum(a == b for a, b in zip(ones, others, strict=True)) / n
    p, q = sum(ones) / n, sum(others) / n
    chance = p * q + (1 - p) * (1 - q)
    return (agree - chance) / (1 - chance) if chance < 1 else None


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    tiny = 1e-300
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _away(1 + even * d, tiny)
        c = _away(1 + even / c, tiny)
        fraction *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _away(1 + odd * d, tiny)
        c = _away(1 + odd / c, tiny)
        step = d * c
        fraction *= step
        if abs(step - 1) < 1e-14:
            break
    return front * fraction / a


def _away(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
