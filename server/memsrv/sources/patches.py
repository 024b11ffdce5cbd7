"""The patch that models write for `apply_patch`: which files, what was there and what is there now, and where.

Its hunks name no line numbers, but for those that a model wrote as in a unified diff.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FILE = re.compile(r"\*\*\* (Add|Update|Delete) File: (.+)")
_MOVE = re.compile(r"\*\*\* Move to: (.+)")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change of one file; `first` and `last` are its new lines, where the patch tells them."""

    path: str
    old: str
    new: str
    first: int | None = None
    last: int | None = None


def is_patch(text: str) -> bool:
    return "*** Begin Patch" in text


def paths(patch: str) -> tuple[str, ...]:
    """Every file that `patch` names, in its order."""
    found = (_FILE.match(line) or _MOVE.match(line) for line in patch.splitlines())
    return tuple(dict.fromkeys(match[match.lastindex or 1].strip() for match in found if match))


def hunks(patch: str) -> Iterator[Hunk]:
    path: str | None = None
    old: list[str] = []
    new: list[str] = []
    place: tuple[int, int] | None = None

    def taken() -> Iterator[Hunk]:
        if path is not None and (old or new) and old != new:
            yield Hunk(path, "\n".join(old), "\n".join(new), *(place or (None, None)))

    for line in patch.splitlines():
        named = _FILE.match(line)
        if named or line.startswith(("*** ", "@@")):
            yield from taken()
            old, new, place = [], [], None
        if named:
            path = named[2].strip()
        elif hunk := _HUNK.match(line):
            place = (int(hunk[1]), int(hunk[1]) + max(int(hunk[2] or 1), 1) - 1)
        elif line.startswith(("***", "@@")) or path is None:
            continue
        elif line.startswith("+"):
            new.append(line[1:])
        elif line.startswith("-"):
            old.append(line[1:])
        else:  # a line that stays, whose blank some models leave out
            old.append(line[1:])
            new.append(line[1:])
    yield from taken()
