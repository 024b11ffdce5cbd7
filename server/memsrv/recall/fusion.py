"""One score from all that speaks for a candidate: a weighted sum, not a vote of ranks, and what its session adds.

A turn whose session matches as a whole is more likely what was meant; a session that has had three places makes room
for the others. Knows no store and no question.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields

from memsrv.recall.evidence import Candidate

#: So many results of one session stand where their score puts them; those after them give way.
PER_SESSION = 3
_BEST_OF_SESSION = 3


@dataclass(frozen=True, slots=True)
class Weights:
    """What each piece of evidence is worth beside 1 for words; chosen on conversations (docs/decisions/0020)."""

    words: float = 1.0
    meaning: float = 1.0
    names: float = 0.3
    speaker: float = 0.3
    date: float = 0.5
    project: float = 0.3
    when: float = 0.08
    question: float = -0.05
    person: float = 0.08
    recent: float = 0.03
    memory: float = 0.15
    useful: float = 0.15
    covered: float = 0.6  # of the question's words, by its session
    session: float = 0.5  # of the mean of the best of its session
    crowded: float = 0.93  # what each result beyond PER_SESSION is worth beside the one before


#: What a word is worth in the turn before or after, beside 1 in the turn itself: in the store's own ranking.
AROUND = 0.35

WEIGHTS = Weights()
_EVIDENCE = tuple(f.name for f in fields(Weights) if f.name not in ("session", "crowded"))


def fused(candidates: Sequence[Candidate], weights: Weights = WEIGHTS) -> list[tuple[Candidate, float]]:
    """`candidates` with their scores, in no order."""
    worth = {name: getattr(weights, name) for name in _EVIDENCE}
    own = [sum(worth[name] * strength for name, strength in one.strengths.items()) for one in candidates]
    sessions: dict[str | None, list[float]] = defaultdict(list)
    for one, score in zip(candidates, own, strict=True):
        if one.hit.memory is None:
            sessions[one.hit.session].append(score)
    whole = {
        id: sum(sorted(scores, reverse=True)[:_BEST_OF_SESSION]) / min(len(scores), _BEST_OF_SESSION)
        for id, scores in sessions.items()
    }
    # A memory stands for itself: as if all of its session said the same.
    return [
        (one, score + weights.session * (whole[one.hit.session] if one.hit.memory is None else score))
        for one, score in zip(candidates, own, strict=True)
    ]


def in_order(scored: Sequence[tuple[Candidate, float]], weights: Weights = WEIGHTS) -> list[tuple[Candidate, float]]:
    """Best first; of one session those beyond PER_SESSION give way to others that match nearly as well."""

    def key(pair: tuple[Candidate, float]) -> tuple[float, str, str]:
        return -pair[1], pair[0].hit.time or "", pair[0].hit.id

    taken: dict[str | None, int] = defaultdict(int)
    spread = []
    for one, score in sorted(scored, key=key):
        if one.hit.memory is None:
            taken[one.hit.session] += 1
            score *= weights.crowded ** max(0, taken[one.hit.session] - PER_SESSION)
        spread.append((one, score))
    return sorted(spread, key=key)
