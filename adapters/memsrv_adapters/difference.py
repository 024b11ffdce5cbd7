"""What changed from one adapter version to another, by their manifests alone. Knows no folder."""

from collections.abc import Mapping
from dataclasses import dataclass

from memsrv_adapters.version import Manifest, TrainedFact


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one version to another."""

    one: str
    other: str
    base: tuple[str, str] | None  # both bases, where they differ
    strategy: tuple[str, str] | None
    learned: tuple[TrainedFact, ...]  # trained into `other`, not into `one`
    dropped: tuple[TrainedFact, ...]
    changed: tuple[tuple[TrainedFact, TrainedFact], ...]  # the same fact in other words: as `one` had it, as `other`
    restaged: tuple[tuple[TrainedFact, TrainedFact], ...]  # in the same words, at another stage or with other answers
    scores: Mapping[str, tuple[object, object]]  # those that differ


def difference(one: Manifest, other: Manifest) -> Difference:
    before, after = {fact.id: fact for fact in one.facts}, {fact.id: fact for fact in other.facts}
    kept = [(fact, after[fact.id]) for fact in one.facts if fact.id in after]
    return Difference(
        one=one.version,
        other=other.version,
        base=None if one.base_hash == other.base_hash else (one.base, other.base),
        strategy=None if one.strategy == other.strategy else (one.strategy, other.strategy),
        learned=tuple(fact for fact in other.facts if fact.id not in before),
        dropped=tuple(fact for fact in one.facts if fact.id not in after),
        changed=tuple(both for both in kept if both[0].text != both[1].text),
        restaged=tuple(
            (was, now)
            for was, now in kept
            if was.text == now.text and (was.stage, was.right, was.of) != (now.stage, now.right, now.of)
        ),
        scores={
            name: (one.scores.get(name), other.scores.get(name))
            for name in sorted({*one.scores, *other.scores})
            if one.scores.get(name) != other.scores.get(name)
        },
    )
