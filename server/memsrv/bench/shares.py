"""So many of so many, with the interval in which the true share lies: what precision and recall are said in."""

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `of`; of none there is no share, and anything from 0 to 1 may be true."""

    hits: int
    of: int
    share: float | None
    low: float
    high: float


def share(hits: int, of: int) -> Share:
    """With Wilson's interval at 95 %: it stays between 0 and 1, and is wide where there is little to go by."""
    if not of:
        return Share(hits, of, None, 0.0, 1.0)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    seen = hits / of
    middle = (seen + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * math.sqrt(seen * (1 - seen) / of + z * z / (4 * of * of))
    return Share(hits, of, round(seen, 4), round(max(0.0, middle - reach), 4), round(min(1.0, middle + reach), 4))
