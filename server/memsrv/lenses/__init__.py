"""Three lenses over one session's events, unioned: the human's words, errors and fixes, project facts. Rules, no LLM.

Pure functions: the same events give the same claims. Host summaries and what memsrv itself injected are nobody's
words, and no lens reads them. Both rooms use this: `remember` for memories, reflection for facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from memsrv.echo import Given, is_repetition
from memsrv.lenses.claim import SENTENCES, Claim, Lens, Reading
from memsrv.lenses.errors_and_fixes import errors_and_fixes
from memsrv.lenses.grammar import parse
from memsrv.lenses.human_words import human_words
from memsrv.lenses.project_facts import project_facts
from memsrv.lenses.stated_facts import stated
from memsrv.records import Event, Evidence, Trust

__all__ = ["LENSES", "Claim", "Lens", "Reading", "claims", "news", "read"]

LENSES: tuple[Lens, ...] = (human_words, errors_and_fixes, project_facts)


def claims(events: Sequence[Event], lenses: Sequence[Lens] = LENSES) -> list[Claim]:
    """What the lenses see, each claim once: said again, it gains evidence; taken apart by one lens, it stays apart.

    What memsrv itself gave the agent is not read, and what the agent says again of it is no evidence.
    """
    recalled, places = Given.of(events), {event.turn: event for event in events}
    events = [event for event in events if not event.echo]
    found: dict[tuple[str, ...], Claim] = {}
    seen_by: dict[tuple[str, ...], int] = {}
    for place, lens in enumerate(lenses):
        for seen in lens(events):
            claim = news(seen, recalled, places)
            if claim is None:
                continue
            key = _key(claim)
            before = found.get(key)
            found[key] = claim if before is None else _joined(before, claim)
            seen_by.setdefault(key, place)
    best: dict[Evidence, tuple[int, int]] = {}  # of several readings of the same words, the most exact lens' ones
    for key, claim in found.items():
        if claim.trust is Trust.HUMAN:
            for quote in claim.evidence:
                best[quote] = max(best.get(quote, (0, -len(lenses))), (_exactness(claim), -seen_by[key]))
    return [
        claim
        for key, claim in found.items()
        if claim.trust is not Trust.HUMAN or _is_best((_exactness(claim), -seen_by[key]), claim.evidence, best)
    ]


def news(claim: Claim, recalled: Given, turns: Mapping[int, Event]) -> Claim | None:
    """`claim` without the evidence that only says again what was `recalled` before; None where none is left."""
    if not recalled:
        return claim
    own = [quote for quote in claim.evidence if not _says_again(claim, quote, recalled, turns.get(quote.turn))]
    return replace(claim, evidence=tuple(own)) if own else None


def _says_again(claim: Claim, quote: Evidence, recalled: Given, event: Event | None) -> bool:
    if event is None or not is_repetition(event):
        return False
    return (
        recalled.repeated(quote.turn, quote.quote) >= 0.5
        or recalled.holds(quote.turn, claim.text)
        or recalled.holds(quote.turn, claim.subject, claim.value)
    )


def _is_best(mine: tuple[int, int], quotes: Sequence[Evidence], best: Mapping[Evidence, tuple[int, int]]) -> bool:
    """Whether no lens read the same words more exactly; words left whole also give way to a reading of a part."""
    for quote in quotes:
        rivals = [best[quote]]
        if mine[0] == 0:
            here = [e for e in best if (e.session, e.turn) == (quote.session, quote.turn) and e.quote in quote.quote]
            rivals += [best[e] for e in here]
        if mine >= max(rivals):
            return True
    return False


def _exactness(claim: Claim) -> int:
    """An attribute says most, then any other shape; words that were not taken apart say least."""
    if claim.relation is None:
        return 0
    return 1 if claim.relation in SENTENCES else 2


def read(sentence: str) -> Reading | None:
    """One sentence as a reading, whatever its scope: for what a person or agent saves on purpose."""
    for reading in stated(sentence):
        return reading
    parsed = parse(sentence)
    return parsed.reading if parsed is not None else None


def _key(claim: Claim) -> tuple[str, ...]:
    if claim.subject is None or claim.relation is None or claim.value is None:
        return (claim.kind, " ".join(claim.text.casefold().split()))
    parts = (claim.subject, claim.relation, claim.value)
    return (claim.kind, *(" ".join(part.casefold().split()) for part in parts))


def _joined(first: Claim, again: Claim) -> Claim:
    quotes = tuple(dict.fromkeys((*first.evidence, *again.evidence)))
    return Claim(
        first.kind,
        first.text,
        first.trust,
        quotes,
        again.time or first.time,
        first.subject,
        first.relation,
        first.value,
    )
