"""A person's own words, found in any case, over line breaks, and in base64. Bytes in, spans out.

A string of five characters or more is found anywhere, a shorter one where no letter or digit stands beside it: `tom`
is in `tom_notes` and not in `custom`.
"""

import base64
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import re2  # type: ignore[import-untyped]

from memsrv.redact.readings import JOIN
from memsrv.redact.rules import Match, options

#: What stands in place of one: `[redacted:string:1a2b3c]`.
NAME = "string"
#: Characters from which on a string is found inside others as well.
INSIDE = 5
#: Letters of base64 that say nothing but the string, from which on they are looked for.
_CODE = 8

_BLANK = rf"(?:[\s+_.-]|%20|{JOIN})+"
_RUN = "[A-Za-z0-9+/_-]*"


class Words:
    """The given `strings` as patterns. `fold`: in any case. A blank in them stands for any white space."""

    def __init__(self, strings: Iterable[str], *, fold: bool = True) -> None:
        self._patterns: list[tuple[Any, bytes]] = []
        self._any = re2.Set.SearchSet(options(case_sensitive=not fold))
        for string in sorted({" ".join(s.split()) for s in strings} - {""}, key=lambda s: (-len(s), s)):
            secret = (string.casefold() if fold else string).encode("utf-8", "replace")
            patterns = [_written(string)]
            codes = sorted({code for form in _forms(string, fold) for code in _codes(form)})
            if codes:
                patterns.append(f"(?-i:({_RUN}(?:{'|'.join(map(re2.escape, codes))}){_RUN}={{0,2}}))")
            for pattern in patterns:
                self._any.Add(pattern)
                self._patterns.append((re2.compile(pattern, options(case_sensitive=not fold)), secret))
        if self._patterns:
            self._any.Compile()

    def stand_in(self, data: bytes) -> bool:
        """Whether any of them is in `data`."""
        return bool(self._patterns) and bool(self._any.Match(data))

    def matches(self, data: bytes) -> Iterator[Match]:
        """Every one in `data`, as a secret named `string`."""
        if not self._patterns:
            return
        for place in sorted(self._any.Match(data) or ()):
            pattern, secret = self._patterns[place]
            for match in pattern.finditer(data):
                yield Match(match.start(1), match.end(1), NAME, secret)


def _written(string: str) -> str:
    """The pattern of `string` in text: its lines may be broken anywhere, its accents be marks of their own."""
    forms = sorted({unicodedata.normalize(form, string) for form in ("NFC", "NFD")})
    body = "|".join(
        _BLANK.join(f"(?:{JOIN})?".join(map(re2.escape, word)) for word in form.split(" ")) for form in forms
    )
    if len(string) < INSIDE:
        return rf"(?:^|[^\pL\pN])({body})(?:[^\pL\pN]|$)"
    return f"({body})"


def _forms(string: str, fold: bool) -> set[str]:
    """How `string` may have been written before it was encoded."""
    return {string, string.lower(), string.upper(), string.title()} if fold else {string}


def _codes(string: str) -> Iterator[str]:
    """The letters that base64 has for `string` wherever it stands in what was encoded: one for each place in three."""
    data = string.encode("utf-8", "replace")
    for place in range(3):
        whole = base64.b64encode(bytes(place) + data).decode()
        first, last = -(-place * 8 // 6), (place + len(data)) * 8 // 6
        if last - first >= _CODE:
            yield whole[first:last]
            yield whole[first:last].replace("+", "-").replace("/", "_")
