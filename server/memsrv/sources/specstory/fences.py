"""The fences in what SpecStory draws of a tool use: what was given to the tool, and last what came back.

Until mid 2026 every fence is three backticks, whatever it holds; since then it is longer than any run that it holds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^(`{3,})(\S*)[^\n`]*$")
_RESULT = re.compile(r"`{3,}(?:text)?")


@dataclass(frozen=True, slots=True)
class Given:
    head: str  # the words before its fence
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    head: Sequence[str]  # all lines before the first fence
    given: tuple[Given, ...] = ()
    result: str | None = None


def drawn(lines: Sequence[str], *, whole: bool) -> Drawn:
    """`whole`: what is given may be a file, which has fences of its own where all fences are of one length."""
    given: list[Given] = []
    place = 0
    head: Sequence[str] | None = None
    while (opening := _opening(lines, place)) is not None:
        at, run, language = opening
        words = "\n".join(lines[place:at]).strip()
        head = lines[:at] if head is None else head
        borders = _borders(lines, at, run) if whole and not language and not given else []
        if language in ("", "text") and not borders:
            return Drawn(head, tuple(given), _text(lines[at + 1 : _last(lines, at, run)]).strip("\n"))
        close = _close(lines, at, run, language, whole=whole)
        given.append(Given(words, language, _text(lines[at + 1 : close])))
        place = close + 1
    return Drawn(lines if head is None else head, tuple(given))


def _opening(lines: Sequence[str], place: int) -> tuple[int, str, str] | None:
    for at in range(place, len(lines)):
        if found := _FENCE.match(lines[at]):
            return at, found[1], found[2]
    return None


def _last(lines: Sequence[str], opening: int, run: str) -> int:
    """Where the result that begins at `opening` ends: it may hold fences of the same length."""
    return next((at for at in range(len(lines) - 1, opening, -1) if lines[at].startswith(run)), len(lines))


def _close(lines: Sequence[str], opening: int, run: str, language: str, *, whole: bool) -> int:
    same = [at for at in range(opening + 1, len(lines)) if lines[at].rstrip() == run]
    if len(run) > 3 or language == "diff":  # each line of a diff begins with a sign
        return same[0] if same else len(lines)
    borders = _borders(lines, opening, run)
    if borders:
        return borders[-1] if whole else borders[0]
    return _last(lines, opening, run)


def _borders(lines: Sequence[str], opening: int, run: str) -> list[int]:
    """Where what is given may end: at a fence with a result behind it."""
    found = []
    for at in range(opening + 1, len(lines)):
        if lines[at].rstrip() == run:
            after = next((line for line in lines[at + 1 :] if line.strip()), None)
            if after is not None and _RESULT.fullmatch(after):
                found.append(at)
    return found


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines)
