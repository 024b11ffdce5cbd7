"""How much of a question a session says in all: its words may stand in several turns, and rare ones count more.

Knows no store and no weights.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log

from memsrv.recall.evidence import Candidate


def covering(terms: Iterable[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    """`candidates`, each with the share of `terms` that the turns of its session have together, a memory by itself."""
    held = Counter(term for one in candidates for term in one.terms)
    worth = {term: log(1 + len(candidates) / (held[term] or 0.5)) for term in terms}
    whole = sum(worth.values())
    if not candidates or not whole:
        return list(candidates)
    together: dict[str | None, set[str]] = defaultdict(set)
    for one in candidates:
        if one.kind == "turn":
            together[one.hit.session] |= one.terms
    share = {id: sum(worth.get(term, 0.0) for term in found) / whole for id, found in together.items()}
    return [
        replace(one, strengths={**one.strengths, "covered": _share(one, share, worth, whole)}) for one in candidates
    ]


def _share(one: Candidate, by_session: dict[str | None, float], worth: dict[str, float], whole: float) -> float:
    if one.kind == "turn":
        return by_session[one.hit.session]
    return sum(worth.get(term, 0.0) for term in one.terms) / whole
