"""A model's reply in one of Aider's edit formats: its prose, and the edits that it proposes, by file.

SEARCH/REPLACE blocks are found whatever the session's format; whole files and unified diffs only where the session uses
them, for any reply may show a listing. Whether Aider applied them is told elsewhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SEARCH = re.compile(r"\s*<{5,9} ?(?:SEARCH|ORIGINAL)>?\s*$")
_DIVIDER = re.compile(r"\s*={5,9}\s*$")
_REPLACE = re.compile(r"\s*>{5,9} ?(?:REPLACE|UPDATED)\s*$")
_FENCE = re.compile(r"\s*(?P<mark>`{3,}|<(?P<tag>source|code|pre|codeblock|sourcecode)>)(?P<rest>.*)$")
_PATH = re.compile(r"[^\s<>|*?\"']*[\w)\]]")
_HUNK = re.compile(r"@@.*@@")


@dataclass(frozen=True, slots=True)
class Proposal:
    path: str
    edits: tuple[tuple[str, str, str], ...]  # (path, old text, new text)


def proposals(reply: str, format: str) -> tuple[str, tuple[Proposal, ...]]:
    """The reply's prose without its edits, and the edits of each file in the order in which they were named."""
    lines = reply.split("\n")
    if "udiff" in format:
        prose, edits = _unified(lines)
    elif "whole" in format:
        prose, edits = _whole(lines)
    else:
        prose, edits = lines, []
    prose, more = _search_replace(prose)
    by_path: dict[str, list[tuple[str, str, str]]] = {}
    for edit in (*edits, *more):
        by_path.setdefault(edit[0], []).append(edit)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip()
    return text, tuple(Proposal(path, tuple(made)) for path, made in by_path.items())


def _search_replace(lines: Sequence[str]) -> tuple[list[str], list[tuple[str, str, str]]]:
    prose: list[str] = []
    edits: list[tuple[str, str, str]] = []
    path, place = "", 0
    while place < len(lines):
        parts = _parts(lines, place) if _SEARCH.match(lines[place]) else None
        if parts is None:
            prose.append(lines[place])
            place += 1
            continue
        path = _named(prose) or path
        divider, end = parts
        edits.append((path, "\n".join(lines[place + 1 : divider]), "\n".join(lines[divider + 1 : end])))
        place = end + 1
        if place < len(lines) and _closes(lines[place]):
            place += 1
    return prose, [edit for edit in edits if edit[0]]


def _parts(lines: Sequence[str], search: int) -> tuple[int, int] | None:
    """Where a SEARCH block is divided and where it ends; None where the reply broke off within it."""
    divider = None
    for place in range(search + 1, len(lines)):
        if divider is None and _DIVIDER.match(lines[place]):
            divider = place
        elif divider is not None and _REPLACE.match(lines[place]):
            return divider, place
        elif _SEARCH.match(lines[place]):
            return None
    return None


def _named(prose: list[str]) -> str:
    """The path in the lines before an edit, which are taken from the prose with the fence between."""
    taken = 1 if prose and _FENCE.match(prose[-1]) else 0
    rest = prose[: len(prose) - taken]
    path = _path(rest[-1]) if rest else ""
    if path:
        taken += 1
    elif taken and (inside := _path(_FENCE.sub(r"\g<rest>", prose[-1]))) and "." in inside:
        path = inside  # ```path
    del prose[len(prose) - taken :]
    return path


def _path(line: str) -> str:
    name = line.strip().rstrip(":").strip("#`* ").strip()
    return name if _PATH.fullmatch(name) and len(name) < 400 else ""


def _closes(line: str) -> bool:
    return line.strip().startswith("```") or line.strip() in _CLOSINGS


_CLOSINGS = frozenset(f"</{tag}>" for tag in ("source", "code", "pre", "codeblock", "sourcecode"))


def _whole(lines: Sequence[str]) -> tuple[list[str], list[tuple[str, str, str]]]:
    prose: list[str] = []
    edits: list[tuple[str, str, str]] = []
    place, closings = 0, _closings(lines)
    while place < len(lines):
        path = _path(prose[-1]) if prose else ""
        end = closings.get(place) if "." in path or "/" in path else None
        if end is None:
            prose.append(lines[place])
            place += 1
            continue
        del prose[-1]
        edits.append((path, "", "\n".join(lines[place + 1 : end])))
        place = end + 1
    return prose, edits


def _closings(lines: Sequence[str]) -> dict[int, int]:
    """Where each fence is closed that is opened on a line."""
    found: dict[int, int] = {}
    last: dict[str, int] = {}  # closing line → the place of the next one
    for place in range(len(lines) - 1, -1, -1):
        fence = _FENCE.match(lines[place])
        if fence:
            closing = f"</{fence['tag']}>" if fence["tag"] else fence["mark"]
            if closing in last:
                found[place] = last[closing]
        last[lines[place].rstrip()] = place
    return found


def _unified(lines: Sequence[str]) -> tuple[list[str], list[tuple[str, str, str]]]:
    prose: list[str] = []
    edits: list[tuple[str, str, str]] = []
    place, closings = 0, _closings(lines)
    while place < len(lines):
        fence = _FENCE.match(lines[place])
        end = closings.get(place) if fence and fence["rest"].strip() == "diff" else None
        if end is None:
            prose.append(lines[place])
            place += 1
            continue
        edits += _hunks(lines[place + 1 : end])
        place = end + 1
    return prose, edits


def _hunks(diff: Sequence[str]) -> list[tuple[str, str, str]]:
    path = ""
    old: list[str] = []
    new: list[str] = []
    edits: list[tuple[str, str, str]] = []

    def close() -> None:
        if path and (old or new):
            edits.append((path, "\n".join(old), "\n".join(new)))
        old.clear()
        new.clear()

    for place, line in enumerate(diff):
        if line.startswith("--- ") and place + 1 < len(diff) and diff[place + 1].startswith("+++ "):
            close()
            source, target = line[4:].strip(), diff[place + 1][4:].strip()
            named = source if target == "/dev/null" else target
            path = named[2:] if source.startswith("a/") and target.startswith("b/") else named
        elif line.startswith("+++ ") and place and diff[place - 1].startswith("--- "):
            continue
        elif _HUNK.match(line):
            close()
        else:
            if not line.startswith("+"):
                old.append(line[1:])
            if not line.startswith("-"):
                new.append(line[1:])
    close()
    return edits
