"""Reflection: episodes and memory in, facts out. Three lenses read every episode and their claims are unioned.

A claim needs evidence that stands literally in its episode. Under one key (subject, relation) the newest words win, and
what memory retired or superseded stays out. Secrets never become facts. What a teacher found is unioned too, but never
replaces what rules or a person say under the same key. Of several episodes together come principles; they replace
nothing either. What is left out is counted. No model.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from memsrv import lenses
from memsrv.canaries import SESSION
from memsrv.echo import Given, teaches
from memsrv.principles import Principle, principles
from memsrv.records import Episode, Event, Evidence, Fact, Kind, Memory, Trust
from memsrv.redact import Redactor

#: Where an earlier gate took a secret out, a placeholder stands; there is nothing to learn from it.
_REDACTED = "[redacted:"


@dataclass(frozen=True, slots=True)
class Reflection:
    """The facts, and how many claims were left out for which reason. `taught`: ids of what only a teacher found.

    `principles` are those of several episodes; the best for each trouble is a fact, too.
    """

    facts: tuple[Fact, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    taught: frozenset[str] = frozenset()
    principles: tuple[Principle, ...] = ()


@dataclass(frozen=True, slots=True)
class _Heard:
    """A claim on its way to become a fact. `memory` is the id of the memory it already is; `taught`: by a teacher."""

    kind: Kind
    text: str
    trust: Trust
    evidence: tuple[Evidence, ...]
    time: str
    subject: str | None
    relation: str | None
    value: str | None
    memory: str | None = None
    taught: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What newer words supersede: subject and relation; a claim that rules could not take apart is its own key."""
        if self.subject and self.relation:
            return (plain(self.subject), plain(self.relation))
        return (plain(self.text),)

    @property
    def said(self) -> str:
        return plain(self.value or self.text)


def plain(text: str) -> str:
    """`text` as keys are compared: case and white space do not count."""
    return " ".join(text.casefold().split())


def trainable(fact: Fact) -> bool:
    """Whether `fact` may be trained on and can be asked for."""
    return bool((fact.trust.trainable or fact.approved) and fact.subject and fact.relation and fact.value)


def reflect(
    project: str,
    episodes: Iterable[Episode],
    memories: Sequence[Memory],
    redactor: Redactor,
    claims: Callable[[Sequence[Event]], Sequence[lenses.Claim]] = lenses.claims,
    taught: Mapping[str, Sequence[lenses.Claim]] | None = None,
) -> Reflection:
    """The facts of `project`, in the order of their keys: the same input gives the same bytes.

    `taught` are a teacher's claims, by session.
    """
    left_out = {"unsupported": 0, "superseded": 0, "secret": 0, "planted": 0}
    heard: list[_Heard] = []
    works = distilled(project, episodes := list(episodes), redactor)
    for episode in episodes:
        by_rules = [(claim, False) for claim in claims(episode.steps)]
        recalled, turns = Given.of(episode.steps), {step.turn: step for step in episode.steps}
        told = (lenses.news(claim, recalled, turns) for claim in (taught or {}).get(episode.session.id, ()))
        by_teacher = [(claim, True) for claim in told if claim is not None]
        for claim, from_teacher in (*by_rules, *by_teacher):
            if not claim.evidence or not all(_literal(quote, episode.steps) for quote in claim.evidence):
                left_out["unsupported"] += 1
                continue
            time = claim.time or episode.session.started or ""
            heard.append(_Heard(claim.kind, claim.text, claim.trust, claim.evidence, time, claim.subject,
                                claim.relation, claim.value, taught=from_teacher))  # fmt: skip
    ended = [memory for memory in memories if memory.valid_to or memory.superseded_by]
    heard += [_remembered(memory) for memory in memories if not (memory.valid_to or memory.superseded_by)]
    facts, found_by_teacher = [], set()
    for voices in _by_key(heard).values():
        rivals = _not_overruled(voices)
        if len(rivals) < len(voices):
            left_out["teacher_overruled"] = left_out.get("teacher_overruled", 0) + len(voices) - len(rivals)
        living = [claim for claim in rivals if not _has_ended(claim, ended)]
        left_out["superseded"] += len({claim.said for claim in rivals}) - bool(living)
        if not living:
            continue
        fact = _fact(project, max(living, key=_weight), living)
        if _secret(fact, redactor):
            planted = any(said.session == SESSION for said in fact.evidence)
            left_out["planted" if planted else "secret"] += 1
        else:
            facts.append(fact)
            if all(claim.taught for claim in living):
                found_by_teacher.add(fact.id)
    facts += _new(works, facts)
    return Reflection(
        tuple(sorted(facts, key=lambda fact: fact.id)), left_out, frozenset(found_by_teacher), tuple(works)
    )


def distilled(project: str, episodes: Iterable[Episode], redactor: Redactor) -> list[Principle]:
    """What works when, as far as `episodes` bear it out; nothing that holds a secret."""
    return [one for one in principles(project, episodes) if not _secret(one.fact, redactor)]


def _new(works: Iterable[Principle], facts: Iterable[Fact]) -> list[Fact]:
    """The best principle for each trouble that no fact is about."""
    taken = {(plain(fact.subject), plain(fact.relation)) for fact in facts if fact.subject and fact.relation}
    found: list[Fact] = []
    for one in works:
        if (key := (plain(one.subject), plain("fix"))) not in taken:
            taken.add(key)
            found.append(one.fact)
    return found


def _remembered(memory: Memory) -> _Heard:
    return _Heard(memory.kind, memory.text, memory.trust, memory.evidence, memory.valid_from or "", memory.subject,
                  memory.relation, memory.value, memory.id)  # fmt: skip


def _by_key(heard: Iterable[_Heard]) -> dict[tuple[str, ...], list[_Heard]]:
    found: dict[tuple[str, ...], list[_Heard]] = {}
    for claim in heard:
        found.setdefault(claim.key, []).append(claim)
    return found


def _not_overruled(voices: Sequence[_Heard]) -> Sequence[_Heard]:
    """Without what a teacher says otherwise than rules or a person do under the same key: it adds, never replaces."""
    known = {claim.said for claim in voices if not claim.taught}
    return [claim for claim in voices if not known or not claim.taught or claim.said in known]


def _weight(claim: _Heard) -> tuple[bool, str, bool]:
    """Whose words stand: what a tool, page or file states never stands instead of a person's; then the newest."""
    return (claim.trust.trainable, claim.time, claim.memory is not None)


def _has_ended(claim: _Heard, ended: Sequence[Memory]) -> bool:
    """Whether memory put an end to this claim: same key, same value, and not said again since."""
    if claim.memory is not None:
        return False
    for memory in ended:
        was = _remembered(memory)
        if was.key == claim.key and was.said == claim.said and claim.time <= (memory.valid_to or claim.time):
            return True
    return False


def _fact(project: str, chosen: _Heard, living: Sequence[_Heard]) -> Fact:
    same = [claim for claim in living if claim.said == chosen.said]
    evidence = tuple(dict.fromkeys(quote for claim in same for quote in claim.evidence))
    memory = next((claim.memory for claim in same if claim.memory), None)
    # The most trusted voice that said it: the order of Trust is that of the enum.
    trust = min((claim.trust for claim in same), key=list(Trust).index)
    id = memory or hashlib.sha256("\0".join((project, *chosen.key, chosen.said)).encode()).hexdigest()[:16]
    return Fact(id, chosen.kind, chosen.text, trust, evidence, chosen.subject, chosen.relation, chosen.value)


def _literal(quote: Evidence, steps: Sequence[Event]) -> bool:
    return any(
        quote.quote in step.text or quote.quote in (step.command or "")
        for step in steps
        if step.session == quote.session and quote.turn in (step.turn, -1) and teaches(step)
    )


def _secret(fact: Fact, redactor: Redactor) -> bool:
    words = "\n".join(filter(None, (fact.text, fact.subject, fact.value)))
    return _REDACTED in words or redactor.redact(words)[1] > 0
