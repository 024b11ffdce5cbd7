"""The lines of one Aider session as blocks: what the human typed, what Aider printed, and all other text.

Aider ends every line that it marks (`#### ` for the human, `> ` for itself) with two spaces; a heading or a quotation
in a model's reply has none. Where an editor or git has stripped them, blank lines and code fences tell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class Block:
    kind: Literal["prompt", "tool", "text"]
    line: int  # where it begins in its session: 0 is the line that starts the session
    text: str  # without Aider's marks


def ends_marked_lines(lines: Sequence[str]) -> bool:
    """Whether the marked lines of this session still have the two spaces at their end."""
    return any(line.endswith("  ") and line.startswith(("> ", "#### ")) for line in lines)


def blocks(lines: Sequence[str], *, marked: bool) -> list[Block]:
    """The blocks of a session whose first line is `lines[0]`. What one write of Aider printed is one block."""
    found: list[Block] = []
    kind: Literal["prompt", "tool", "text", "none"] = "none"
    begin, held = 0, list[str]()
    printing = False  # within a write of several lines, of which only the first is marked
    fence = ""  # that is open in the text

    def close() -> None:
        nonlocal held
        text = "\n".join(held).strip("\n") if kind == "text" else "\n".join(held).strip()
        if kind != "none" and (text.strip() or kind == "tool"):
            found.append(Block(kind, begin, text))
        held = []

    before = ""
    for number, line in enumerate(lines):
        ended = line.endswith("  ") if marked else not fence
        # Behind a reply that was interrupted within a fence Aider leaves two lines blank.
        quoted = bool(fence) and kind == "text" and bool("".join(lines[max(0, number - 2) : number]).strip())
        apart = not before.strip()  # after a blank line
        if line.startswith("####") and ended and not quoted and line[4:5] in (" ", "") and (apart or kind == "prompt"):
            if kind != "prompt" or apart:
                close()
                kind, begin = "prompt", number
            held.append(line[5:].rstrip())
            printing, fence = False, ""
        elif line.startswith(">") and line[1:2] in (" ", "") and ended and (apart or kind != "text"):
            close()
            kind, begin, held = "tool", number, [line[2:].rstrip()]
            printing, fence = False, ""
        elif printing:
            held.append(line.rstrip())
            printing = not (line.endswith("  ") and line.strip())
        elif marked and line.startswith("> ") and _begins_a_print(line, kind, apart=apart):
            close()
            kind, begin, held = "tool", number, [line[2:].rstrip()]
            printing = True
        elif kind == "tool" and marked and line.strip() and not apart:
            held.append(line.rstrip())  # a print whose line ended in two spaces of its own
        elif kind == "text":
            held.append(line.rstrip("\r\n"))
            fence = _fence(line, fence)
        elif line.strip():
            close()
            kind, begin, held = "text", number, [line.rstrip("\r\n")]
            fence = _fence(line, fence)
        before = line
    close()
    return found


def _begins_a_print(line: str, kind: str, *, apart: bool) -> bool:
    """A reply ends with a blank line; a print follows it with a name that is known, or another print directly."""
    return line.startswith("> Tokens: ") or (kind in ("tool", "prompt") and not apart) or kind == "none"


def _fence(line: str, open: str) -> str:
    mark = _FENCE.match(line)
    if not mark:
        return open
    if not open:
        return mark[1]
    return "" if mark[1].startswith(open) and line.strip() == mark[1] else open
