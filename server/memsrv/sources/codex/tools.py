"""What a call of Codex says it will do: a command line, a patch, a file to read, or anything else as the model put it.

Knows no records, and nothing of how a call ended.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memsrv.records import Trust
from memsrv.sources import patches
from memsrv.sources.fields import string

SHELLS = frozenset(
    {
        "shell",
        "local_shell",
        "local_shell_call",
        "shell_command",
        "exec_command",
        "container.exec",
        "unified_exec",
        "bash",
    }
)
#: Speaks to a process that a shell left running.
STDIN = frozenset({"write_stdin"})
PATCHES = frozenset({"apply_patch"})
QUESTIONS = frozenset({"request_user_input", "ask_user_question"})
SPAWNS = frozenset({"spawn_agent"})
_READERS = frozenset({"read_file", "list_dir", "grep_files", "view_image", "read_mcp_resource"})
_WEB = frozenset({"web_search", "web_search_call", "web_fetch", "browser"})
_SHELL_NAMES = re.compile(
    r"(?:.*[/\\])?(?:ba|z|da|k|fi)?sh(?:\.exe)?|(?:.*[/\\])?(?:powershell|pwsh|cmd)(?:\.exe)?", re.I
)
_SHELL_FLAGS = frozenset(
    {"-lc", "-c", "-ic", "-lic", "-Command", "-command", "/c", "/C", "-NoProfile", "-NoLogo", "-l"}
)
_HEREDOC = re.compile(
    r"\A\s*(?:cd\s+(?P<folder>'[^']*'|\"[^\"]*\"|\S+)\s*&&\s*)?(?:apply_patch|applypatch)\s+(?:<<-?\s*['\"]?\w+['\"]?\n|['\"])"
)


@dataclass(frozen=True, slots=True)
class Call:
    text: str
    tool: str
    trust: Trust = Trust.ASSISTANT
    command: str | None = None
    paths: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()
    cwd: str | None = None
    process: str | None = None  # the running process that it speaks to
    typed: str = ""  # what it types there


def result_trust(tool: str | None) -> Trust:
    if tool in _READERS:
        return Trust.FILE
    return Trust.WEB if tool in _WEB else Trust.TOOL


def function_call(tool: str, arguments: Any) -> Call:
    """`arguments` is the JSON text that the model wrote, which may be no JSON; some records have it parsed."""
    given = _parsed(arguments)
    if given is None:
        raw = arguments if isinstance(arguments, str) else ""
        return custom_call(tool, raw)
    if tool in SHELLS:
        return _shell(tool, given)
    if tool in STDIN:
        process = given.get("session_id", given.get("process_id"))
        return Call(
            string(given.get("chars")) or "",
            tool,
            process=str(process) if isinstance(process, int | str) else None,
            typed=string(given.get("chars")) or "",
        )
    if tool in PATCHES:
        return _patch(string(given.get("input")) or string(given.get("patch")) or "", tool)
    if tool in _READERS:
        return _reading(tool, given)
    if tool in _WEB:
        return Call(string(given.get("query")) or string(given.get("url")) or "", tool)
    return Call(json.dumps(given, ensure_ascii=False)[:4000] if given else "", tool)


def custom_call(tool: str, text: str) -> Call:
    """A call whose input is free text."""
    if tool in PATCHES or (patches.is_patch(text) and text.lstrip().startswith("*** Begin Patch")):
        return _patch(text, tool)
    if tool in SHELLS:
        return Call("", tool, Trust.COMMAND, command=text or None)
    return Call(text[:4000], tool)


def command_line(command: Any) -> str | None:
    """A command as it would be typed: what a shell was given to run, or the program with its arguments."""
    if isinstance(command, str):
        return _unwrapped(command) or None
    if not isinstance(command, Sequence) or not all(isinstance(word, str) for word in command) or not command:
        return None
    words = list(command)
    if len(words) >= 3 and _SHELL_NAMES.fullmatch(words[0]) and all(word in _SHELL_FLAGS for word in words[1:-1]):
        return str(words[-1])
    return shlex.join(words)


def _unwrapped(command: str) -> str:
    """`bash -lc 'make test'`, as `codex exec --json` writes it, is `make test`."""
    opening = command.split(" ", 2)
    if len(opening) < 3 or not _SHELL_NAMES.fullmatch(opening[0]) or opening[1] not in _SHELL_FLAGS:
        return command
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return words[2] if len(words) == 3 else command


def _shell(tool: str, given: Mapping[str, Any]) -> Call:
    words = given.get("command", given.get("cmd"))
    folder = string(given.get("workdir")) or string(given.get("working_directory")) or string(given.get("cwd"))
    if isinstance(words, list) and len(words) == 2 and words[0] in ("apply_patch", "applypatch"):
        return _patch(str(words[1]), "apply_patch", folder)
    command = command_line(words)
    if command and (heredoc := _HEREDOC.match(command)) and patches.is_patch(command):
        moved = heredoc["folder"]
        return _patch(command, "apply_patch", moved.strip("'\"") if moved else folder)
    return Call(_asked(given), tool, Trust.COMMAND, command=command, cwd=folder)


def _asked(given: Mapping[str, Any]) -> str:
    """Why it asks for more than the sandbox gives, that it does, and for how long: what only the call tells."""
    escalated = (
        given.get("with_escalated_permissions") is True or given.get("sandbox_permissions") == "require_escalated"
    )
    limit = given.get("timeout_ms", given.get("timeout"))
    parts = (
        string(given.get("justification")),
        "with escalated permissions" if escalated else None,
        f"timeout {limit} ms" if isinstance(limit, int) and not isinstance(limit, bool) else None,
    )
    return "; ".join(filter(None, parts))


def _patch(patch: str, tool: str, folder: str | None = None) -> Call:
    hunks = list(patches.hunks(patch))
    paths = patches.paths(patch)
    return Call(
        " ".join(paths) or patch[:4000],
        tool,
        paths=paths,
        edits=tuple((hunk.path, hunk.old, hunk.new) for hunk in hunks),
        spans=tuple((hunk.path, hunk.first, hunk.last) for hunk in hunks if hunk.first and hunk.last),
        cwd=folder,
    )


def _reading(tool: str, given: Mapping[str, Any]) -> Call:
    path = string(given.get("file_path")) or string(given.get("dir_path")) or string(given.get("path"))
    text = " ".join(filter(None, (string(given.get(key)) for key in ("pattern", "include", "uri"))))
    first, count = given.get("offset"), given.get("limit")
    spans: tuple[tuple[str, int, int], ...] = ()
    if tool == "read_file" and path and type(first) is int and type(count) is int and first > 0 and count > 0:
        spans = ((path, first, first + count - 1),)
    return Call(text or path or "", tool, paths=(path,) if path else (), spans=spans)


def _parsed(arguments: Any) -> Mapping[str, Any] | None:
    if isinstance(arguments, Mapping):
        return arguments
    if not isinstance(arguments, str):
        return None
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None
