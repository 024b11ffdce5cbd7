"""What may enter weights at all: by kind, and of values that change often only those that are stable.

`protocol` trains behaviour alone: how to use memory, and lessons and preferences as they show in work, never a value
that a log will soon contradict. `facts` trains what is known, `both` both. What is left out stays in memory, which
overrides weights; it is counted and named. No model.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from memsrv.records import Fact, Kind, Trust
from memsrv_consolidation.reflect import plain, trainable

Internalised = Literal["protocol", "facts", "both"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What of each kind enters weights. `sessions` that say the same make a value stable that changes often.

    Of the conversations, one session or agent alone may speak for `share`, once there are CROWD of them (`caps`).
    """

    procedural: Internalised = "both"
    semantic: Internalised = "both"
    episodic: Internalised = "both"
    sessions: int = 3
    share: float = 0.5

    def of(self, kind: Kind) -> Internalised:
        words: Mapping[Kind, Internalised] = {
            Kind.PROCEDURAL: self.procedural,
            Kind.SEMANTIC: self.semantic,
            Kind.EPISODIC: self.episodic,
        }
        return words[kind]

    @property
    def teaches_protocol(self) -> bool:
        """Whether the use of memory is trained."""
        return any(self.of(kind) != "facts" for kind in Kind)


#: Everything, but what is volatile and not stable.
BOTH = Policy()


@dataclass(frozen=True, slots=True)
class Withheld:
    """A fact that may be trained on, and stays out of the weights."""

    fact: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Internalisation:
    """`facts` are closed-book knowledge, `behaviour` shows in tasks alone; the rest of what is trainable is named."""

    facts: tuple[Fact, ...]
    behaviour: tuple[Fact, ...]
    left_out: tuple[Withheld, ...]

    @property
    def all(self) -> tuple[Fact, ...]:
        return *self.facts, *self.behaviour


def internalise(facts: Sequence[Fact], policy: Policy = BOTH) -> Internalisation:
    """Part the trainable ones of `facts` by `policy`, in their order."""
    known, shown, left_out = [], [], []
    for fact in filter(trainable, facts):
        way = policy.of(fact.kind)
        if why := _why_not(fact, way, policy.sessions):
            left_out.append(Withheld(fact.id, fact.text, why))
        elif way == "protocol":
            shown.append(fact)
        else:
            known.append(fact)
    return Internalisation(tuple(known), tuple(shown), tuple(left_out))


def _why_not(fact: Fact, way: Internalised, sessions: int) -> str | None:
    if way == "protocol":
        if fact.kind is Kind.EPISODIC:
            return "protocol: what is true of the project stays in memory"
        return "protocol: its value changes often" if volatile(fact) else None
    if fact.kind is not Kind.EPISODIC:
        return None
    if passing(fact):
        return "said to hold for a while only"
    if volatile(fact) and not stable(fact, sessions):
        return f"volatile: heard in {len(_heard_in(fact))} of the {sessions} sessions that make it stable"
    return None


def stable(fact: Fact, sessions: int) -> bool:
    """Whether a person decided it, or `sessions` said the same. Newer words under its key would have replaced it."""
    return fact.trust is Trust.HUMAN or fact.approved or len(_heard_in(fact)) >= sessions


def _heard_in(fact: Fact) -> set[str]:
    return {quote.session for quote in fact.evidence}


#: Relations whose values come and go, by their last word.
_CHANGING = re.compile(
    r"(?:address|branch|build|commit|date|deadline|digest|directory|endpoint|expiry|file|folder|hash|host|hostname|ip|"
    r"path|pid|port|release|revision|sha|tag|timeout|ttl|uri|url|version)"
)
#: Values that look as if they will change, whatever they are called.
_VOLATILE = re.compile(
    r"""
      \S*\w://\S+                                          # an address
    | (?:[\w@./-]+[ =@:]+)?[v^~<>=]*\d+(?:\.\d+)+[\w.+-]*      # a version, an IP address, `python 3.12`
    | (?:~|\.{1,2})?/\S*|[\w.-]+/[\w./-]+|[A-Za-z]:\\\S+       # a path
    | \w[\w-]*\.(?:toml|ya?ml|json|env|cfg|ini|lock|db|log|csv|md|txt|py|[jt]sx?|rs|go|sql|sh)
    | \d{4}-\d\d-\d\d\S*|\d\d?[./]\d\d?[./]\d{2,4}            # a day
    | (?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}         # a hash
    | :?\d+\s*(?:ms|s|sec|secs|seconds|m|min|mins|minutes|h|hours?|d|days?|weeks?|kb|mb|gb|kib|mib|gib|%)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PASSING = re.compile(
    r"\b(?:for (?:now|today|the moment|the time being)|today only|temporar(?:y|ily)|just this once"
    r"|this (?:time|week) only"
    r"|until (?:tomorrow|tonight|monday|tuesday|wednesday|thursday|friday|saturday|sunday|next|the end of))\b",
    re.IGNORECASE,
)


def volatile(fact: Fact) -> bool:
    """Whether its value is one that changes often: a port, version, path, address, day, hash, span of time."""
    relation, value = plain(fact.relation or ""), (fact.value or "").strip().strip("`'\".,").strip()
    return _CHANGING.fullmatch(relation.rsplit(" ", 1)[-1]) is not None or _VOLATILE.fullmatch(value) is not None


def passing(fact: Fact) -> bool:
    """Whether the words that it rests on say that it will not last, each time it was said."""
    return bool(fact.evidence) and all(_PASSING.search(quote.quote) for quote in fact.evidence)
