"""Secrets out of text, at all three gates: before the store, before a teacher, before training. One engine.

A pure leaf: text in, clean text and a count out. Reads the text as it stands, and as it reads with its escapes undone,
its broken lines joined and its base64 decoded. Linear in the size of the text. Knows nothing of stores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import re2  # type: ignore[import-untyped]

from memsrv.records import Event
from memsrv.redact.placeholders import BLANK, MARK, key_at, masked, placeholder
from memsrv.redact.private import BEGINS, private
from memsrv.redact.readings import CODES, ESCAPES, WORD, Reading, decoded, joined, spaced, unescaped
from memsrv.redact.rules import GENERIC, Match, Rules, compiled, entropy, options
from memsrv.redact.words import Words

__all__ = ["MARK", "Redactor", "entropy", "key_at"]

#: How many codes within codes are undone: base64 of JSON of base64.
DEPTH = 3
#: Text is read again until nothing more is found: what is gone may uncover what stood beside it.
PASSES = 4


class Redactor:
    """`key` makes placeholders linkable within one home and meaningless outside it; `strings` are the user's own."""

    def __init__(self, key: bytes, strings: Sequence[str] = ()) -> None:
        self._key = key
        self._strings = tuple(strings)
        self._words = Words(strings)
        self._rules: Rules = compiled()

    def __reduce__(self) -> tuple[type["Redactor"], tuple[bytes, Sequence[str]]]:
        """What is compiled is compiled anew in another process."""
        return type(self), (self._key, self._strings)

    @cached_property
    def without_strings(self) -> "Redactor":
        """The same without the user's strings: for names by which things are found again, a log's path, a project."""
        return Redactor(self._key)

    def redact(self, text: str) -> tuple[str, int]:
        """`text` with every secret replaced by a typed placeholder, and how many there were."""
        data, total = text.encode("utf-8", "replace"), 0
        for _ in range(PASSES):
            found = self.find(data)
            if not found:
                break
            total += len(found)
            parts, last = [], 0
            for match in found:
                parts += [data[last : match.start], placeholder(self._key, match.rule, match.secret)]
                last = match.end
            data = b"".join([*parts, data[last:]])
        return (data.decode("utf-8", "replace"), total) if total else (text, 0)

    def redact_event(self, event: Event) -> tuple[Event, int]:
        """`event` with every string that a log could have put a secret into redacted."""
        strings = [value for name in _EVENT_STRINGS if (value := getattr(event, name))]
        strings += [
            *event.paths,
            *(path for path, _, _ in event.spans),
            *(part for edit in event.edits for part in edit),
        ]
        lines = any("\n" in string or "+" in string or "\\" in string for string in strings)
        if not self.find(_APART.join(strings).encode("utf-8", "replace"), lines):
            return event, 0  # most are clean, and one look at all of it is cheaper than one at each
        total = 0

        def clean(text: str) -> str:
            nonlocal total
            result, count = self.redact(text)
            total += count
            return result

        changes: dict[str, Any] = {
            name: clean(value) for name in _EVENT_STRINGS if (value := getattr(event, name)) is not None
        }
        paths = tuple(clean(path) for path in event.paths)
        edits = tuple((clean(path), clean(old), clean(new)) for path, old, new in event.edits)
        spans = tuple((clean(path), first, last) for path, first, last in event.spans)
        return replace(event, **changes, paths=paths, edits=edits, spans=spans), total

    def redact_tree(self, value: Any) -> Any:
        """A JSON value with every string in it redacted, the keys of objects too."""
        if isinstance(value, str):
            return self.redact(value)[0]
        if isinstance(value, dict):
            return {self.redact_tree(key): self.redact_tree(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact_tree(inner) for inner in value]
        return value

    def find(self, data: bytes, lines: bool = True) -> list[Match]:
        """Every secret in `data`, in order and apart from each other; placeholders are none. `lines`: one may be broken
        by their ends."""
        data = masked(data)
        ranked = [(match, rank) for rank, match in enumerate(self._matches(data, DEPTH, lines))]
        found: list[tuple[Match, int]] = []
        for match, rank in sorted(ranked, key=lambda one: one[0].start):
            if not data[match.start : match.end].strip(BLANK):
                continue
            if found and match.start < found[-1][0].end:  # what any rule saw is gone, and the most exact one names it
                before, first = found.pop()
                name = before if first < rank else match
                match = replace(name, start=before.start, end=max(before.end, match.end))
                rank = min(first, rank)
            found.append((match, rank))
        return [match for match, _ in found]

    def _matches(self, data: bytes, depth: int, lines: bool) -> Iterator[Match]:
        """The secrets of `data` as it stands, then as it reads otherwise. `lines`: they may be broken."""
        data = spaced(data)
        signs = _signs(data)
        present = self._rules.of(signs.rules)
        plain = [*self._rules.matches(data, present), *self._words.matches(data), *private(data)]
        yield from plain
        if not depth:
            return
        if lines and (reading := joined(data, self._tells)) is not None:
            ends = {(match.rule, match.start): match.end for match in plain}
            for match in self._matches(reading.data, depth - 1, lines=False):
                yield from _across(reading, match, ends)
        others = (unescaped(data) if signs.escapes else None, decoded(data) if signs.codes else None)
        for reading in filter(None, others):
            for match in self._matches(reading.data, depth - 1, lines=True):
                if place := reading.origin(match.start, match.end):
                    yield Match(*place, match.rule, match.secret)

    def _tells(self, data: bytes) -> bool:
        """Whether anything in `data` could make a rule match, here or in what it says otherwise."""
        return bool(_telling().Match(data)) or self._words.stand_in(data)


class _Signs(NamedTuple):
    """What points to secrets in a text: signs of rules, and of ways in which something is written."""

    rules: list[int]
    codes: bool
    escapes: bool


_NOTHING = _Signs([], codes=False, escapes=False)


def _signs(data: bytes) -> _Signs:
    """In one pass over `data`."""
    found = _telling().Match(data)
    if not found:
        return _NOTHING
    rules, codes = len(compiled().signs), len(CODES)
    hiding = {place - rules - 1 for place in found if place > rules}
    return _Signs(
        [place for place in found if place < rules],
        codes=any(place < codes for place in hiding),
        escapes=any(place >= codes for place in hiding),
    )


@cache
def _telling() -> Any:
    """What no secret is without: a sign of a rule, a mark, or a sign that something is written in another way."""
    made = re2.Set.SearchSet(options())
    for pattern in (*compiled().signs, f"(?i:{BEGINS})", *CODES, *ESCAPES):
        made.Add(pattern)
    made.Compile()
    return made


def _across(reading: Reading, match: Match, ends: Mapping[tuple[str, int], int]) -> Iterator[Match]:
    """`match` in joined lines, where it stood before, as far as it goes on behind each break."""
    place = reading.origin(match.start, match.end)
    if place is None:
        return
    breaks = reading.breaks(match.start, match.end)
    known = ends.get((match.rule, place[0]))
    if known is not None or match.rule == GENERIC:  # what stands in the next line may be its rest, or another word
        for begin, end in pairwise((*breaks, match.end)):
            name = reading.data[end - 1 : end + 1].strip(b" ")[-1:] in (b"=", b":")  # of something else
            if (known is not None or name) and WORD.fullmatch(reading.data[begin:end]):
                place = reading.origin(match.start, begin) or place
                match = replace(match, end=begin, secret=reading.data[match.start : begin])
                breaks = reading.breaks(match.start, begin)
                break
        if known is not None and place[1] <= known:
            return
    if breaks or match.rule != GENERIC:
        yield Match(*place, match.rule, match.secret)


#: Between strings that are looked at together: no line break that a word may go on behind.
_APART = "\n\n"
#: The strings of an event that stand alone. Ids too: a log is a stranger's, and equal ids stay equal.
_EVENT_STRINGS = (
    "text", "command", "error", "cwd", "branch", "id", "session", "parent", "call", "tool", "model", "time",
)  # fmt: skip
