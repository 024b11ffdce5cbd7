"""Other ways to read the same bytes, in which a secret shows: escapes undone, broken lines joined, codes decoded.

Each gives a Reading, which knows where in the bytes it was made from its own bytes come from. Linear in the size of the
bytes, and nothing is made where nothing points to it. Knows nothing of rules.
"""

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2  # type: ignore[import-untyped]

from memsrv.redact.rules import options

#: Where lines are broken: (end of the one, beginning of the next).
Gaps = Sequence[tuple[int, int]]


@dataclass(slots=True)
class Reading:
    """`data`, made of pieces of some other bytes. A piece was copied from there byte for byte, or stands for all of it.

    What lies between the pieces (a line break that separates two windows) comes from nowhere.
    """

    data: bytes = b""
    _at: list[int] = field(default_factory=list)  # where each piece begins in `data`
    _size: list[int] = field(default_factory=list)
    _from: list[int] = field(default_factory=list)  # where it begins in the other bytes
    _span: list[int] = field(default_factory=list)  # how long it is there; another size than here: not copied
    _window: list[int] = field(default_factory=list)  # pieces of one window belong together

    def origin(self, start: int, end: int) -> tuple[int, int] | None:
        """The bytes that `data[start:end]` was made from; None where it reaches over windows."""
        first, last = bisect_right(self._at, start) - 1, bisect_right(self._at, end - 1) - 1
        if first < 0 or self._window[first] != self._window[last] or end > self._at[last] + self._size[last]:
            return None
        begin, finish = self._from[first], self._from[last] + self._span[last]
        if self._size[first] == self._span[first]:
            begin += start - self._at[first]
        if self._size[last] == self._span[last]:
            finish -= self._at[last] + self._size[last] - end
        return begin, finish

    def breaks(self, start: int, end: int) -> list[int]:
        """Where, between `start` and `end`, a piece begins."""
        return self._at[bisect_right(self._at, start) : bisect_right(self._at, end - 1)]


class _Making:
    """A reading under way."""

    def __init__(self) -> None:
        self._reading = Reading()
        self._parts: list[bytes] = []
        self._length = self._window = 0

    def add(self, content: bytes, origin: int, span: int) -> None:
        if content:
            made = self._reading
            made._at.append(self._length)
            made._size.append(len(content))
            made._from.append(origin)
            made._span.append(span)
            made._window.append(self._window)
            self._parts.append(content)
            self._length += len(content)

    def window(self, data: bytes, begin: int, gaps: Gaps, finish: int) -> None:
        """`data[begin:finish]` without `gaps`, as one window."""
        for start, end in gaps:
            self.add(data[begin:start], begin, start - begin)
            begin = end
        self.add(data[begin:finish], begin, finish - begin)
        self.end_window()

    def end_window(self) -> None:
        self._parts.append(b"\n")
        self._length += 1
        self._window += 1

    def done(self) -> Reading | None:
        self._reading.data = b"".join(self._parts)
        return self._reading if self._reading._at else None


# Escapes

_SAME_SIZE = ((b"\\n", b" \n"), (b"\\r", b" \r"), (b"\\t", b" \t"), (b'\\"', b' "'), (b"\\\\", b"  "),
              (b"\\ ", b"  "))  # fmt: skip  # the last: what is left of a line break that was escaped twice


def spaced(data: bytes) -> bytes:
    """`data` with escaped white space and quotes plain, at the same places: in `\\nghp_…` begins a word, `ghp_…`."""
    if b"\\" in data:
        for escape, plain in _SAME_SIZE:
            data = data.replace(escape, plain)
    return data


#: What nobody sees: a terminal's colours, characters of no width, the zeros of UTF-16 that was read as bytes.
_UNSEEN = r"\x1b\[[0-9;:?]*[A-Za-z]|[\x00\x{00AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}]"
#: What no text is without that says something else with its escapes undone.
ESCAPES = (r"[\\%]|&#", _UNSEEN)

_ESCAPE = re2.compile(
    r"\\+u([0-9a-fA-F]{4})|\\+x([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|&#x([0-9a-fA-F]{2,4});|&#(\d{2,4});|\\+(/)|"
    + _UNSEEN,
    options(),
)


def unescaped(data: bytes) -> Reading | None:
    """`data` with the escapes of JSON, URLs and HTML undone, without what nobody sees; None where it has neither."""
    made, last = _Making(), 0
    for match in _ESCAPE.finditer(data):
        start, end = match.span()
        made.add(data[last:start], last, start - last)
        made.add(_character(match), start, end - start)
        last = end
    if not last:
        return None
    made.add(data[last:], last, len(data) - last)
    return made.done()


def _character(match: "re2._Match[bytes]") -> bytes:
    kind: int | None = match.lastindex
    if kind is None:
        return b""
    digits: bytes = match.group(kind)
    if kind == 3:
        return bytes.fromhex(digits.decode())
    if kind == 6:
        return digits
    return chr(int(digits, 10 if kind == 5 else 16)).encode("utf-8", "replace")


# Lines

#: What a secret is written with, at the place where its line was broken.
_T = r"[A-Za-z0-9_+/=.~%@:-]"
#: What may stand where a line was broken. At its end: a quote, an operator that goes on, the edge of a
#: box, a backslash. At the beginning
#: of the next: blanks, the number that a tool writes before each line, a mark of quotation or comment, a quote.
JOIN = (
    r"(?:(?:(?:[ \t]*\n)?[\"'\x60][ \t]*[+.&]?|[ \t]+(?:[+.&|]|│))?[ \t]*\\?[ \t]*\r?\n"
    r"[ \t]*(?:\d{1,6}(?:→|\t|[:|] )[ \t]*)?(?:(?:[>|]|│|(?:#|//|[*;+.&-])[ \t])[ \t]*){0,3}(?:[bfruBFRU]?[\"'\x60])?"
    r"|[\"'][ \t]*\+[ \t]*[\"'])"
)
#: Only where a word of eight stands on one side: a secret has twice as much.
_BROKEN = re2.compile(rf"{_T}{{8,}}(?:{JOIN}{_T}+)+|{_T}+(?:{JOIN}{_T}+)*?{JOIN}{_T}{{8,}}(?:{JOIN}{_T}+)*", options())
#: The same in Python's own engine, which starts sooner; blanks are taken whole, so that nothing can backtrack.
_JOINS = re.compile(JOIN.replace(r"[ \t]*", r"[ \t]*+").encode())
#: And only where it is not all plain words.
_RANDOM = re.compile(rb"[0-9]|[a-z][A-Z]")
#: What no rest of a secret looks like.
WORD = re2.compile(r"[._=/:-]?(?:[A-Z]?[a-z]+|[A-Z]+)(?:[_./=:-](?:[A-Z]?[a-z]+|[A-Z]+))*[._=/:-]?", options())
#: Bytes of the first line before a break, and of the last one after it, that are read along: `password: …`.
_BEFORE, _AFTER = 200, 100


def joined(data: bytes, tells: Callable[[bytes], bool]) -> Reading | None:
    """The words of `data` that lines may have broken, each in one piece with its line around it.

    Only where that line, with all of its breaks undone, `tells` of anything to be looked for: most are plain code.
    Of several lines nobody knows which belong to one word. So it is read with all of them joined, and as `_guesses`.
    """
    if not (b"\n" in data or b"+" in data):
        return None
    made, before = _Making(), 0
    for match in _BROKEN.finditer(data):
        start, end = match.span()
        if not _RANDOM.search(data, start, end):
            continue
        begin = max(data.rfind(b"\n", max(0, start - _BEFORE), start) + 1, start - _BEFORE, before)
        finish = data.find(b"\n", end, end + _AFTER)
        finish = min(end + _AFTER, len(data)) if finish < 0 else finish
        word, before = data[start:end], end
        if not tells(b"".join((data[begin:start], _JOINS.sub(b"", word), data[end:finish]))):
            continue
        gaps = [(start + gap.start(), start + gap.end()) for gap in _JOINS.finditer(word)]
        made.window(data, begin, gaps, finish)
        if len(gaps) > 1:
            for first, some, last in _guesses(data, start, gaps, end):
                made.window(data, begin if first == start else first, some, finish if last == end else last)
    return made.done()


def _guesses(data: bytes, start: int, gaps: Gaps, end: int) -> Iterator[tuple[int, Gaps, int]]:
    """What may belong together of a word in several lines: (where it begins, the gaps in it, where it ends).

    All lines but plain words; each line with its next; lines of one length, as a terminal breaks them, with and without
    the one after them. Together a few times as long as the word.
    """
    pieces = [*zip([start, *(gap[1] for gap in gaps)], [*(gap[0] for gap in gaps), end], strict=True)]
    plain = [bool(WORD.fullmatch(data[first:last])) for first, last in pieces]
    apart = [gap for gap, one, other in zip(gaps, plain, plain[1:], strict=False) if not (one or other)]
    if len(apart) < len(gaps):
        yield start, apart, end
    for (first, _), gap, (_, last) in zip(pieces, gaps, pieces[1:], strict=False):
        yield first, [gap], last
    widths = [last - first for first, last in pieces]
    place = 0
    while place < len(pieces):
        stop = place + 1
        while stop < len(pieces) and widths[stop] == widths[place]:
            stop += 1
        if stop - place > 1:
            yield pieces[place][0], gaps[place : stop - 1], pieces[stop - 1][1]
            if stop < len(pieces):
                yield pieces[place][0], gaps[place:stop], pieces[stop][1]
        place = stop


# Codes

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TEXT = (*b"\t\n\r", *range(0x20, 0x7F))


def _letters(numbers: Iterable[int]) -> str:
    found = "".join(sorted({_ALPHABET[number] for number in numbers}))
    return f"[{found}{'_' * ('/' in found)}{'-' * ('+' in found)}]"  # `-_` where URLs carry it


#: Base64 of text: of three bytes of ASCII in four letters, each letter but the last can only be some of the alphabet.
_QUAD = (
    _letters(a >> 2 for a in _TEXT)
    + _letters((a & 3) << 4 | b >> 4 for a in _TEXT for b in _TEXT)
    + _letters((b & 15) << 2 | c >> 6 for b in _TEXT for c in _TEXT)
    + "[A-Za-z0-9+/_-]"
)
_BASE64 = re2.compile(rf"(?:{_QUAD}){{5,}}[A-Za-z0-9+/_-]{{0,3}}={{0,2}}", options())
_HEX = re2.compile(r"(?:[2-7][0-9a-fA-F]|0[9aAdD]){16,}", options())


def decoded(data: bytes) -> Reading | None:
    """What the base64 and hexadecimal words of `data` say, where that is text. Each stands for its whole word."""
    if len(data) < 20:
        return None
    made = _Making()
    for pattern, decode in _CODES:
        for match in pattern.finditer(data):
            made.add(decode(match.group()), match.start(), match.end() - match.start())
            made.end_window()
    return made.done()


def _of_base64(word: bytes) -> bytes:
    word = word.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    return base64.b64decode(word[: len(word) - (len(word) % 4 == 1)] + b"==")


#: What no text is without that has a code in it.
CODES = (_BASE64.pattern, _HEX.pattern)

_CODES: tuple[tuple[Any, Callable[[bytes], bytes]], ...] = ((_BASE64, _of_base64), (_HEX, binascii.unhexlify))
