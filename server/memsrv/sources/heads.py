"""The outline of a JSON document of which only the beginning is at hand: which keys it starts with.

Enough to tell whose document it is without reading it whole; knows no agent.
"""

import json
import re
from dataclasses import dataclass

#: A string that the head cuts off is one token to its end, or its escaped quotes would each be tried as a beginning.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}:]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Outline:
    opening: str  # "{", "[", or "" where the text begins no document
    keys: frozenset[str] = frozenset()  # of the object, or of the first object in the array


def outline(head: bytes) -> Outline:
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    opening = text[:1]
    if opening not in ("{", "["):
        return Outline("")
    keys: set[str] = set()
    depth, wanted, word = 0, 1 if opening == "{" else 2, None
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in "{[":
            depth += 1
        elif token in "}]":
            if depth == wanted:
                break
            depth -= 1
        elif token == ":" and depth == wanted and word is not None:
            keys.add(_unquoted(word))
        word = token if token.startswith('"') else None
    return Outline(opening, frozenset(keys))


def _unquoted(word: str) -> str:
    try:
        return str(json.loads(word))
    except ValueError:
        return word[1:-1]
