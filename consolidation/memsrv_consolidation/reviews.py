"""What people said of facts, applied after reflection: rejected ones go, approved and edited ones may be trained on.

An edit is a person's own words: it also overrules whatever else stands under its key. What goes is counted. Knows
nothing of where reviews are kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memsrv.lenses import Reading
from memsrv.principles import Principle
from memsrv.records import Fact, Review
from memsrv_consolidation.reflect import plain

APPROVED, REJECTED, EDITED = "approved", "rejected", "edited"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The facts as people want them, and how many were left out for which reason."""

    facts: tuple[Fact, ...]
    left_out: dict[str, int]


def apply(facts: Sequence[Fact], reviews: Iterable[Review]) -> Reviewed:
    """`facts` after `reviews`, in their order. A review of a fact that is not there changes nothing."""
    words = {review.fact: review for review in reviews}
    kept = [_after(fact, words[fact.id]) if fact.id in words else fact for fact in facts]
    kept = [fact for fact in kept if fact.id not in words or words[fact.id].verdict != REJECTED]
    own = {_key(fact): fact.id for fact in kept if fact.id in words and words[fact.id].verdict == EDITED}
    standing = tuple(fact for fact in kept if own.get(_key(fact), fact.id) == fact.id)
    return Reviewed(standing, {"rejected": len(facts) - len(kept), "overruled_by_edit": len(kept) - len(standing)})


def waiting(facts: Iterable[Fact], reviews: Iterable[Review]) -> tuple[Fact, ...]:
    """The facts that tools, web pages or files stated and nobody has reviewed: recalled as quotes, never trained on."""
    seen = {review.fact for review in reviews}
    return tuple(fact for fact in facts if not fact.trust.trainable and fact.id not in seen)


def of_principles(found: Iterable[Principle], reviews: Iterable[Review]) -> list[Principle]:
    """`found` after `reviews`: what was edited so that it is no principle any more stands as a fact alone."""
    words = {review.fact: review for review in reviews}
    kept = []
    for one in found:
        review = words.get(one.id)
        if review is None or review.verdict == APPROVED:
            kept.append(one)
        elif review.verdict == EDITED and review.relation == "fix" and review.subject and review.value:
            kept.append(replace(one, subject=review.subject, value=review.value))
    return kept


def _after(fact: Fact, review: Review) -> Fact:
    if review.verdict != EDITED:
        return replace(fact, approved=review.verdict == APPROVED)
    subject, relation, value = review.subject, review.relation, review.value
    kind = Reading(subject, relation, value).kind if subject and relation and value else fact.kind
    return replace(
        fact, kind=kind, text=review.text or fact.text, subject=subject, relation=relation, value=value, approved=True
    )


def _key(fact: Fact) -> tuple[str, ...]:
    """As reflection keys facts: newer words under the same subject and relation stand instead of older ones."""
    if fact.subject and fact.relation:
        return (plain(fact.subject), plain(fact.relation))
    return (plain(fact.text),)
