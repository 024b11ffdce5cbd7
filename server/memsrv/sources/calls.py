"""What a tool call says it will do, in the argument names that the editors' agents share: command, paths, edits, lines.

Looks at names and arguments only; knows no log format, and nothing of how a call ended.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlparse

from memsrv.records import Trust

Edit = tuple[str, str, str]
Span = tuple[str, int, int]

_SHELL = re.compile(
    r"(?:local_|container[._])?(?:bash|powershell|shell|pwsh|terminal)"
    r"|execute_command|(?:builtin_)?run_?(?:in_?)?terminal(?:_?command)?|(?:copilot_)?runInTerminal|runTerminalCommand",
    re.I,
)
_READING = re.compile(
    r"(?:copilot_|builtin_)*(?:read|view|list|ls\b|search_?(?:files|codebase|workspace|and)|grep|glob|find|file_?(?:search|glob)"
    r"|codebase_?search|semantic_?search|text_?search|get_?(?:errors|changed|problems)|open_?file)",
    re.I,
)
_WEB = re.compile(
    r"(?:copilot_|builtin_)*(?:web|fetch|browser|open_?(?:simple_)?browser|search_?web|http|github_?repo)", re.I
)

_PATHS = ("path", "file_path", "filePath", "filepath", "file", "absolutePath", "dirPath", "directory", "dir", "uri")
_PAIRS = (
    ("old_str", "new_str"),
    ("oldString", "newString"),
    ("old_string", "new_string"),
    ("oldText", "newText"),
    ("search", "replace"),
)
_WHOLE = ("content", "contents", "file_text", "fileContents", "new_content", "code", "changes", "newCode")
_ABOUT = (
    "description",
    "explanation",
    "goal",
    "intent",
    "query",
    "pattern",
    "regex",
    "url",
    "question",
    "result",
    "todos",
)

_SEARCHED = re.compile(r"(?:-{5,}|<{5,}) SEARCH>?\s*")
_BETWEEN = re.compile(r"={5,}\s*")
_REPLACED = re.compile(r"(?:\+{5,}|>{5,}) REPLACE>?\s*")
_START_LINE = re.compile(r":start_line:\s*(\d{1,9})\s*")
_PREAMBLE = re.compile(r"(?::(?:start|end)_line:.*|-{5,})\s*")
_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Call:
    text: str  # a line for a reader, not the whole input
    command: str | None = None
    paths: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    spans: tuple[Span, ...] = ()


def shell(tool: str) -> bool:
    return bool(_SHELL.fullmatch(tool))


def call_trust(tool: str) -> Trust:
    """The harness vouches for the command line; any other input is the assistant's own words."""
    return Trust.COMMAND if shell(tool) else Trust.ASSISTANT


def result_trust(tool: str | None) -> Trust:
    """Whose words a tool gives back. `tool` None: not known, so nobody's but the tool's."""
    if tool is None or tool.startswith("mcp"):
        return Trust.TOOL
    if _READING.match(tool):
        return Trust.FILE
    return Trust.WEB if _WEB.match(tool) else Trust.TOOL


def call(tool: str, arguments: Mapping[str, Any]) -> Call:
    if shell(tool):
        command = next((_text(arguments, key) for key in ("command", "cmd", "script") if _text(arguments, key)), "")
        return Call(next(_about(arguments), ""), command=command or None)
    edits = () if _READING.match(tool) else tuple(_edits(arguments))
    paths = tuple(dict.fromkeys((*_paths(arguments), *(path for path, _, _ in edits))))
    text = " ".join(_about(arguments)) or (paths[0] if paths else "")
    if not text and arguments:
        text = _whole_input(arguments)
    return Call(text, paths=paths, edits=edits, spans=tuple(_spans(arguments, paths)))


def path_of(value: Any) -> str | None:
    """The path of a `file:` address, or of an address that is taken apart (`{scheme, path}`), or a path as it is."""
    if isinstance(value, Mapping):
        given = value.get("fsPath") or value.get("path") or value.get("external")
        return path_of(given) if isinstance(given, str) else None
    if not isinstance(value, str) or not value:
        return None
    if not value.startswith(("file:", "vscode-remote:")):
        return value
    try:
        address = urlparse(value)
    except ValueError:  # `file://[`
        return None
    path, host = unquote(address.path), unquote(address.netloc)
    if re.match(r"/[A-Za-z]:", path):
        return path[1:].replace("/", "\\")
    if address.scheme == "file" and host.lower() not in ("", "localhost"):
        if host.lower() in ("wsl.localhost", "wsl$"):  # a distribution's own folder
            return "/" + path.lstrip("/").partition("/")[2]
        return f"//{host}{path}".replace("/", "\\")  # on a server of Windows' network
    return path or None


def _whole_input(arguments: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(arguments), ensure_ascii=False, default=str)[:4000]
    except RecursionError:
        return ""


def _about(arguments: Mapping[str, Any]) -> Iterator[str]:
    return (_text(arguments, key) for key in _ABOUT if _text(arguments, key))


def _paths(arguments: Mapping[str, Any]) -> Iterator[str]:
    for key in _PATHS:
        path = path_of(arguments.get(key))
        if path:
            yield path
    for key in ("paths", "filePaths", "files"):
        several = arguments.get(key)
        for item in several if isinstance(several, list) else []:
            path = path_of(item)
            if path:
                yield path
    patch = _text(arguments, "input") or _text(arguments, "patch")
    yield from (found.strip() for found in _PATCHED.findall(patch))


def _edits(arguments: Mapping[str, Any], around: str | None = None) -> Iterator[Edit]:
    path = next(_paths(arguments), around)
    for key in ("edits", "replacements", "operations"):
        steps = arguments.get(key)
        for step in steps if isinstance(steps, list) else []:
            if isinstance(step, Mapping):
                yield from _edits(step, path)
    if path is None:
        return
    for old, new in _PAIRS:
        if isinstance(arguments.get(old), str) or isinstance(arguments.get(new), str):
            yield path, _text(arguments, old), _text(arguments, new)
            return
    diff = _text(arguments, "diff")
    if diff:
        for _, old, new in _replacements(diff):
            yield path, old, new
        return
    for key in _WHOLE:
        if isinstance(arguments.get(key), str):
            yield path, "", _text(arguments, key)
            return


def _replacements(diff: str) -> Iterator[tuple[int | None, str, str]]:
    """The blocks of a search-and-replace diff: the line where the model says that each begins, and its two texts."""
    start: int | None = None
    old: list[str] | None = None  # None outside a block
    new: list[str] | None = None
    for line in diff.split("\n"):
        if _SEARCHED.fullmatch(line) and new is None:
            start, old = None, []
        elif old is None:
            continue
        elif new is None:
            if _BETWEEN.fullmatch(line):
                new = []
            elif not old and (told := _START_LINE.fullmatch(line)):
                start = int(told[1])
            elif old or not _PREAMBLE.fullmatch(line):
                old.append(line + "\n")
        elif _REPLACED.fullmatch(line):
            yield start, "".join(old), "".join(new)
            old = new = None
        else:
            new.append(line + "\n")


def _spans(arguments: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[Span]:
    if not paths:
        return
    for start, end, base in (
        ("startLine", "endLine", 1),
        ("start_line", "end_line", 1),
        ("startLineNumberBaseZero", "endLineNumberBaseZero", 0),
    ):
        first, last = _whole(arguments.get(start)), _whole(arguments.get(end))
        if first is not None and last is not None and last >= first:
            yield paths[0], first + 1 - base, last + 1 - base
            return
    between = arguments.get("view_range")
    if isinstance(between, list) and len(between) == 2:
        first, last = _whole(between[0]), _whole(between[1])
        if first is not None and last is not None and last >= first:
            yield paths[0], first, last
        return
    first, count = _whole(arguments.get("offset")), _whole(arguments.get("limit"))
    if first is not None and count:
        yield paths[0], max(first, 1), max(first, 1) + count - 1
        return
    for line, old, _ in _replacements(_text(arguments, "diff")):
        if line is not None:
            yield paths[0], line, line + max(old.count("\n"), 1) - 1


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _text(arguments: Mapping[str, Any], key: str) -> str:
    value = arguments.get(key)
    return value if isinstance(value, str) else ""
