"""What stands behind an adapter's answer: the facts it was trained on that the answer repeats.

A small model asked for something it was never told answers all the same, and sounds as sure. An answer that repeats
none of the facts behind its version is a guess, and is told as one. Words only: knows no model, no store and no shelf.
"""

import re
from collections.abc import Iterable

#: The share of a fact's words that an answer must repeat; all of its exact ones (with a digit) in any case.
SHARE = 0.6

_WORD = re.compile(r"\w+")
_EMPTY = frozenset(
    _WORD.findall(
        "a an and are as at avoid be by do for from how in instead is it its of on or our run that the this to use we "
        "what when which with you your"
    )
)


def backing(answer: str, facts: Iterable[str]) -> tuple[str, ...]:
    """The `facts` that `answer` repeats; empty where it is a guess."""
    said = _words(answer)
    return tuple(fact for fact in facts if _repeats(said, _words(fact)))


def _repeats(said: set[str], fact: set[str]) -> bool:
    exact = {word for word in fact if any(letter.isdigit() for letter in word)}
    return bool(fact) and exact <= said and len(fact & said) >= SHARE * len(fact)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold())) - _EMPTY
