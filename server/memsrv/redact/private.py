"""What a person marked as private: from `<private>` to its own `</private>`, or to the end of the text without one.

A span within a span belongs to the outer one. A closing mark alone closes nothing.
"""

import re
from collections.abc import Iterator

from memsrv.redact.rules import Match

RULE = "private"

#: How a mark begins.
BEGINS = "<private"

_MARK = re.compile(rb"<(/?)private\s*>", re.IGNORECASE)


def private(data: bytes) -> Iterator[Match]:
    """The words between the marks; the marks stay, and say that something was there."""
    depth = begin = 0
    for mark in _MARK.finditer(data):
        if not mark[1]:
            depth += 1
            begin = mark.end() if depth == 1 else begin
        elif depth:
            depth -= 1
            if not depth and mark.start() > begin:
                yield Match(begin, mark.start(), RULE, data[begin : mark.start()])
    if depth and begin < len(data):
        yield Match(begin, len(data), RULE, data[begin:])
