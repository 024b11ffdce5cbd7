"""A tool use as SpecStory draws it: what was asked for and what came back, out of summaries, backticks and fences.

An export has no field for failures and refusals: they are known by the words that the agent itself puts there.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from memsrv.sources.specstory.document import ToolUse

_TAGS = re.compile(r"</?details>|<summary>.*?</summary>", re.DOTALL)
_LABEL = re.compile(r"<summary>[^<]*? • (?:(?:Edit|Read|Write|Create|Delete) file: )(?P<path>[^<\n]+)</summary>")
_FENCE = re.compile(r"^```(\S*)[^\n`]*$")
_QUOTED = re.compile(r"`([^`\n]+)`")
_CONFIRMED = re.compile(
    r"(?:The file|File created successfully at:|File written to:?) ?(?P<path>\S+)(?: has been (?:updated|created))?"
)
_HUNK = re.compile(r"^@@[^\n]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Use:
    text: str = ""  # what it says of itself
    command: str | None = None
    paths: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()
    result: str | None = None  # None: nothing came back, or it is not told


def use(tool: ToolUse) -> Use:
    label = _LABEL.search(tool.body)
    lines = html.unescape(_TAGS.sub("", tool.body)).strip("\n").split("\n")
    head, language, given, result = _divided(lines, whole=tool.type == "write")
    words = "\n".join(head).strip()
    if tool.type == "shell":
        command = given if given is not None else next(iter(_commands(head)), None)
        said = "\n".join(line for line in head if not (line.startswith("`") and line.endswith("`"))).strip()
        return Use(said, command=command, result=result)
    if tool.type == "read":
        named = _QUOTED.search(words)
        path = label["path"].strip() if label else named[1] if named and "://" not in named[1] else None
        return Use(words if not path else "", paths=(path,) if path else (), result=result)
    if tool.type == "write":
        confirmed = _CONFIRMED.match(result or "")
        named = _QUOTED.search(words)
        path = label["path"].strip() if label else confirmed["path"] if confirmed else named[1] if named else None
        edits = _edits(path, language, given) if path and given is not None else ()
        return Use(path or words, paths=(path,) if path else (), edits=edits, result=result)
    return Use(words or (given or ""), result=result)


def succeeded(tool: ToolUse, result: str) -> bool:
    """Whether an editor confirms the edit; no other tool's success shows."""
    return tool.type == "write" and bool(_CONFIRMED.match(result))


def _commands(head: Sequence[str]) -> list[str]:
    return [line[1:-1] for line in head if len(line) > 2 and line.startswith("`") and line.endswith("`")]


def _divided(lines: Sequence[str], *, whole: bool) -> tuple[Sequence[str], str, str | None, str | None]:
    """What stands before the fences, the first fence's language, what it holds, and the result in the last fence.

    A `whole` file may have fences of its own, and so may a result: the border is looked for at the other's side.
    """
    opening = next((place for place, line in enumerate(lines) if _FENCE.match(line)), None)
    if opening is None:
        return lines, "", None, None
    language = lines[opening][3:].strip()
    last = next(place for place in range(len(lines) - 1, -1, -1) if lines[place].startswith("```"))
    last = last if last > opening else len(lines)
    if language in ("", "text"):
        return lines[:opening], "", None, "\n".join(lines[opening + 1 : last]).strip("\n")
    borders = [
        place
        for place in range(opening + 1, last)
        if lines[place] == "```"
        and (after := _next(lines, place + 1)) is not None
        and lines[after] in ("```text", "```")
    ]
    if not borders or (close := borders[-1] if whole else borders[0]) >= last:
        return lines[:opening], language, "\n".join(lines[opening + 1 : last]), None
    result = _next(lines, close + 1)
    assert result is not None
    given = "\n".join(lines[opening + 1 : close])
    return lines[:opening], language, given, "\n".join(lines[result + 1 : last]).strip("\n")


def _next(lines: Sequence[str], place: int) -> int | None:
    return next((at for at in range(place, len(lines)) if lines[at].strip()), None)


def _edits(path: str, language: str, given: str) -> tuple[tuple[str, str, str], ...]:
    if language != "diff":
        return ((path, "", given),)
    edits = []
    for hunk in _HUNK.split(given):
        lines = [line for line in hunk.split("\n") if line and not line.startswith(("--- ", "+++ "))]
        old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
        new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
        if old != new:
            edits.append((path, old, new))
    return tuple(edits)
