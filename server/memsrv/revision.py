"""Whose words hold: of claims that contradict each other the newest ones end the older.

Used as sessions are remembered, and to say again how things stood on an earlier day. Pure: opens no store.
"""

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass

from memsrv.records import Memory, Trust
from memsrv.store import Stated
from memsrv.store.rows import adds_up
from memsrv.store.times import instant

#: Claims that may contradict one under another key.
_OVERRULING = frozenset({"use", "avoid", "replacement"})


@dataclass(frozen=True, slots=True)
class Word:
    """A memory and when it was last said, which is what decides whose words are newer."""

    memory: Memory
    said: str

    @property
    def weight(self) -> tuple[int, str, str]:
        """People's words outrank what commands merely showed, and these what anybody may have written; then time.

        The id last, so that order never matters.
        """
        trust = self.memory.trust
        spoken = trust is Trust.HUMAN or (self.memory.origin == "saved" and trust.trainable)
        return (2 if spoken else int(trust.trainable), instant(self.said), self.memory.id)


def endings(said: dict[str, Word], changed: set[str]) -> dict[str, Word]:
    """For every claim that does not hold: the words that ended it."""
    ended: dict[str, Word] = {}
    keys: dict[str, list[Word]] = defaultdict(list)
    for word in said.values():
        if (shared := key(word.memory)) is not None:
            keys[shared].append(word)
    for rivals in keys.values():
        if not changed & {word.memory.id for word in rivals}:
            continue
        rivals.sort(key=lambda word: word.weight)
        for older, newer in itertools.pairwise(rivals):
            ended[older.memory.id] = newer
    live = sorted((w for id, w in said.items() if id not in ended), key=lambda word: word.weight)
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(live):
        for part in parts(word.memory):
            places[part].append(place)
    for place, older in enumerate(live):
        if older.memory.superseded_by is not None and older.memory.id not in changed:
            continue
        later = sorted({n for part in parts(older.memory) for n in places[part] if n > place})
        newer_words = (live[n] for n in later if changed & {live[n].memory.id, older.memory.id})
        successor = next((n for n in newer_words if n.said and overrules(n.memory, older.memory)), None)
        if successor is not None:
            ended[older.memory.id] = successor
    return ended


def overrules(newer: Memory, older: Memory) -> bool:
    """Whether words under another key still contradict: what is replaced or avoided is no longer what to use."""
    if None in (newer.value, newer.subject, older.value, older.subject):
        return False
    value, subject = plain(newer.value or ""), plain(newer.subject or "")
    was, about = plain(older.value or ""), plain(older.subject or "")
    if newer.relation == "replacement":
        named = re.search(r"[^\W\d]", subject) is not None  # not a bare number
        return named and was == subject and older.relation in ("use", "replacement")
    if {newer.relation, older.relation} == {"use", "avoid"}:
        return value == was and about == subject
    if newer.relation == "use" and older.relation == "replacement":
        return about == value and was != value
    return False


def parts(memory: Memory | Stated) -> set[str]:
    """What a memory that could overrule another, or be overruled, shares with that one: see `overrules`."""
    if memory.relation not in _OVERRULING or memory.subject is None or memory.value is None:
        return set()
    return {plain(memory.subject), plain(memory.value)}


def key(memory: Memory | Stated) -> str | None:
    """Docs/contracts.md: the key under which newer words supersede. Of what adds up each value is its own key."""
    if memory.subject is None or memory.relation is None:
        return None
    own = memory.value or "" if adds_up(memory.subject, memory.relation) else ""
    return "\x1f".join(plain(part) for part in (memory.subject, memory.relation, own))


def says_the_same(one: Memory, other: Memory) -> bool:
    if plain(one.text) == plain(other.text):
        return True
    if one.subject is None or other.subject is None or one.value is None or other.value is None:
        return False
    return key(one) == key(other) and plain(one.value) == plain(other.value)


def plain(text: str) -> str:
    return " ".join(text.casefold().replace("`", "").split()).rstrip(".!")
