"""How much of a question a session says in all: its words may stand in several turns, and rare ones count more.

Knows no store and no weights.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log

from memsrv.store import Hit


def covered(terms: Iterable[str], found: Sequence[tuple[Hit, frozenset[str]]]) -> list[float]:
    """Of each hit with its words: the share of `terms` that the turns of its session have together, a memory alone."""
    held = Counter(term for _, own in found for term in own)
    worth = {term: log(1 + len(found) / (held[term] or 0.5)) for term in terms}
    whole = sum(worth.values()) or 1.0
    together: dict[str | None, set[str]] = defaultdict(set)
    for hit, own in found:
        if hit.memory is None:
            together[hit.session] |= own
    share = {id: _worth(own, worth) / whole for id, own in together.items()}
    return [share[hit.session] if hit.memory is None else _worth(own, worth) / whole for hit, own in found]


def _worth(terms: Iterable[str], worth: dict[str, float]) -> float:
    return sum(sorted(worth.get(term, 0.0) for term in terms))
