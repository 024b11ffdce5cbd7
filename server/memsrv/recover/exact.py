"""The values of a sentence that are of use only to the letter, and those that a reader of what is left does not know.

Of words that are joined, a name has a part that is no word of the session (`enable-tidewatch`, and not `read-only`). A
sentence states one thing: where a reader knows what it states, names beside it bring nothing back. Knows no sections.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from itertools import chain, product

from memsrv.compact.worth import Sentence
from memsrv.recover.told import Told, beginning

#: From this worth on a value is one; and from this on it is a date, a path, an address: what a sentence is about.
EXACT, STATED = 1.5, 2.0
_ORDINARY = re.compile(r"(?<![\w./-])[^\W\d_]{2,}(?![\w/-])")
_OF_PARTS = re.compile(r"[^\W\d_]+(?:[-_][^\W\d_]+)+")
_PARTS = re.compile(r"[-_]")
_COUNT = re.compile(r"\d{1,4}")


class Exact:
    """What the texts of a session call by name, beside what is told of them."""

    def __init__(self, spoken: Iterable[str], told: Told) -> None:
        self._spoken, self._told = spoken, told

    @cached_property
    def _ordinary(self) -> frozenset[str]:
        """The beginnings of the words that anybody used by themselves."""
        used = {word for text in self._spoken for word in _ORDINARY.findall(text)}
        return frozenset(beginning(word.casefold()) for word in used)

    def values(self, read: Sentence) -> dict[str, float]:
        """The exact values of a sentence, each with its worth."""
        found = {}
        for value, worth in read.values.items():
            if worth >= EXACT:
                found[value] = worth
            elif self._is_name(name := value.rpartition("=")[2]):
                found[name] = STATED if "_" in name else EXACT
        return found

    def lost(self, read: Sentence) -> list[str]:
        """Those that a reader does not know; none where only names are lost beside something else that they know."""
        exact = self.values(read)
        gone = [value for value in exact if not self._is_known(value, read)]
        if gone and (most := max(exact[value] for value in gone)) < STATED:
            known = [value for value in exact if value not in gone and exact[value] >= most]
            of_one = any(
                f"{one} {other}" in read.text for one, other in chain(product(gone, known), product(known, gone))
            )
            if known and not of_one and all(self._stands_beside(value, read) for value in known):
                return []
        return gone

    def tells(self, read: Sentence) -> bool:
        """Whether a reader knows what a sentence says: all of its values, and enough of the words beside them."""
        if self.lost(read):
            return False
        held = self.values(read)
        beside = bool(held) and all(self._stands_beside(value, read) for value in held)
        return self._told.says(read.text) or (beside and self._told.covers(read.text))

    def _is_known(self, value: str, read: Sentence) -> bool:
        """A small number may be anybody's."""
        return self._stands_beside(value, read) if _COUNT.fullmatch(value) else self._told.names(value)

    def _stands_beside(self, value: str, read: Sentence) -> bool:
        return self._told.names(value) if " " in value else self._told.names_beside(value, read.text)

    def _is_name(self, value: str) -> bool:
        parts = _PARTS.split(value) if _OF_PARTS.fullmatch(value) else ()
        return any(len(part) > 3 and beginning(part.casefold()) not in self._ordinary for part in parts)
