"""A tool use as SpecStory draws it: what was asked for and what came back, out of summaries, backticks and fences.

An export has no field for failures and refusals: they are known by the words that the agent itself puts there.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from memsrv.sources.specstory import fences
from memsrv.sources.specstory.document import ToolUse

_TAGS = re.compile(r"</?details>|<summary>.*?</summary>", re.DOTALL)
_LABEL = re.compile(r"<summary>[^<]*? • (?:(?:Edit|Read|Write|Create|Delete) file: )(?P<path>[^<\n]+)</summary>")
_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
_SPAN = re.compile(r"(?:^|\s)(`+)(?!`)(.+?)(?<!`)\1\s*$", re.DOTALL)
_HEADED = re.compile(r"^\*\*(Result|Error):\*\*\s*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^- (?:cmd|command): `(.+?)`(?=\n- |\n\n|\s*\Z)", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(r"\[(?:\S*/)?(?:bash|sh|zsh) -l?c (.+)\]", re.DOTALL)
_PATCHED = re.compile(r"^\*\*(?:Add|Update|Modify|Delete): `([^`\n]+)`\*\*$", re.MULTILINE)
_FAILED = frozenset({"**Apply failed**", "Status: **error**"})
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
    failed: bool = False  # says so of itself


def use(tool: ToolUse) -> Use:
    label = _LABEL.search(tool.body)
    summary = _SUMMARY.search(tool.body)
    body = html.unescape(_TAGS.sub("", tool.body)).strip("\n")
    asked, failed, came = _answered(body)
    drawn = fences.drawn(asked.split("\n"), whole=tool.type == "write")
    result = drawn.result if came is None else fences.drawn(came.split("\n"), whole=False).result
    first = drawn.given[0].text if drawn.given else drawn.result if came is not None else None
    words = "\n".join(drawn.head).strip()
    if tool.type == "shell":
        command = first if first is not None else next(iter(_commands(drawn.head)), None)
        command = command or _listed(asked) or (_spanned(html.unescape(summary[1])) if summary else None)
        wrapped = _SHELL.fullmatch(command or "")
        command = wrapped[1] if wrapped else command
        said = "\n".join(line for line in drawn.head if not (line.startswith("`") and line.endswith("`"))).strip()
        said = said if command is None or not said.startswith("**Input:**") else ""
        return Use(said, command=command, result=result, failed=failed)
    if tool.type == "read":
        named = _QUOTED.search(words)
        path = label["path"].strip() if label else named[1] if named and "://" not in named[1] else None
        return Use(words if not path else "", paths=(path,) if path else (), result=result, failed=failed)
    if tool.type == "write":
        confirmed = _CONFIRMED.match(result or "")
        named = _QUOTED.search(words)
        path = label["path"].strip() if label else confirmed["path"] if confirmed else named[1] if named else None
        edits: list[tuple[str, str, str]] = []
        paths = [path] if path else []
        for given in drawn.given:
            headed = _PATCHED.search(given.head)
            place = headed[1] if headed else path
            if place:
                paths.append(place)
                edits += _edits(place, given.language, given.text)
        paths += _PATCHED.findall(words)
        failed = failed or any(line in _FAILED for line in drawn.head)
        unique = tuple(dict.fromkeys(paths))
        return Use(path or words, paths=unique, edits=tuple(edits), result=result, failed=failed)
    said = asked.strip() if came is not None else words or (first or "")
    return Use(said, result=result, failed=failed)


def succeeded(tool: ToolUse, result: str) -> bool:
    """Whether an editor confirms the edit; no other tool's success shows."""
    return tool.type == "write" and bool(_CONFIRMED.match(result))


def _answered(body: str) -> tuple[str, bool, str | None]:
    """What was asked, whether it failed, and what came back, where headings divide them."""
    found = list(_HEADED.finditer(body)) if body.lstrip().startswith("**Input:**") else []
    if not found:
        return body, False, None
    return body[: found[0].start()], found[0][1] == "Error", body[found[0].end() :]


def _commands(head: Sequence[str]) -> list[str]:
    return [line[1:-1] for line in head if len(line) > 2 and line.startswith("`") and line.endswith("`")]


def _listed(asked: str) -> str | None:
    """The command in a list of arguments."""
    found = _ARGUMENT.search(asked)
    return found[1] if found else None


def _spanned(summary: str) -> str | None:
    found = _SPAN.search(summary)
    return found[2].strip() or None if found else None


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
