"""Which lines of a file a unified diff wrote, as the agents' edit tools record it. Knows no log format."""

import re
from collections.abc import Iterator

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def spans(path: str, diff: str) -> tuple[tuple[str, int, int], ...]:
    """The lines that stand in the file after the edit, context included; none where a hunk only took lines away."""
    return tuple(_spans(path, diff))


def _spans(path: str, diff: str) -> Iterator[tuple[str, int, int]]:
    for first, count in _HUNK.findall(diff):
        if len(first) > 9 or len(count) > 9:
            continue
        lines = int(count) if count else 1
        if lines and int(first):
            yield path, int(first), int(first) + lines - 1


def whole(path: str, content: str) -> tuple[tuple[str, int, int], ...]:
    """All lines of a file that was written whole."""
    lines = content.count("\n") + (not content.endswith("\n")) if content else 0
    return ((path, 1, lines),) if lines else ()
