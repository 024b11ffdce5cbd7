"""Antigravity's tool calls and how they ended: its names of arguments, and the first lines that it writes of a result.

Only what the harness wrote before the output says how a command ended. Knows nothing of steps or files.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memsrv.records import Outcome, Trust
from memsrv.sources import calls, endings
from memsrv.sources.fields import name

_NAMES = {
    "CommandLine": "command",
    "AbsolutePath": "path",
    "TargetFile": "path",
    "Path": "path",
    "File": "path",
    "SearchPath": "path",
    "SearchDirectory": "path",
    "DirectoryPath": "path",
    "Target": "old_string",
    "TargetContent": "old_string",
    "Replacement": "new_string",
    "ReplacementContent": "new_string",
    "ReplacementChunks": "edits",
    "Content": "content",
    "CodeContent": "content",
    "StartLine": "start_line",
    "EndLine": "end_line",
    "Query": "query",
    "Pattern": "pattern",
    "Url": "url",
    "Description": "description",
    "Prompt": "goal",
    "Message": "goal",
}
_SHELLS = frozenset({"run_command", "send_command_input", "command_status"})
_WEB = re.compile(r"url|web|browser|internet", re.I)
_HEAD = re.compile(r"\s*(?:(?:Created|Completed) At: [^\n]*\n?){0,2}\s*")
_EXITED = re.compile(
    r"(?:The )?command (?:(completed successfully)|(?:exited with code|failed with exit code:?) (-?\d{1,10}))\.?[ \t]*"
    r"(?:\n|\Z)\s*(?:(?:Command )?Output:[ \t]*\n?)?",
    re.I,
)
_EMPTY = re.compile(r"(?:Stdout:|Stderr:|\s)*")
_REFUSED = re.compile(r"(?:the )?user (?:denied|rejected|declined|canceled|cancelled)|denied by (?:the )?user", re.I)


def arguments(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """In the names that the agents share. The cut transcript writes each value as JSON in a string."""
    plain = {key: _unquoted(value) for key, value in given.items()}
    found = {_NAMES.get(key, key): value for key, value in plain.items()}
    steps = found.get("edits")
    if isinstance(steps, list):
        found["edits"] = [arguments(step) for step in steps if isinstance(step, Mapping)]
    return found


def _unquoted(value: Any) -> Any:
    if (
        not isinstance(value, str)
        or len(value) < 2
        or (value[0], value[-1]) not in (('"', '"'), ("[", "]"), ("{", "}"))
    ):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value.strip('"')


def call(tool: str, given: Mapping[str, Any]) -> calls.Call:
    if tool == "run_command":
        tool = "run_terminal_command"
    return calls.call(tool, arguments(given))


def call_trust(tool: str) -> Trust:
    return Trust.COMMAND if tool == "run_command" else calls.call_trust(tool)


def result_trust(tool: str, kind: str) -> Trust:
    return Trust.WEB if _WEB.search(kind) or _WEB.search(tool) else calls.result_trust(tool)


@dataclass(frozen=True, slots=True)
class Ending:
    text: str
    outcome: Outcome = Outcome.UNKNOWN
    grounds: str | None = None
    exit_code: int | None = None
    error: str | None = None


def ending(tool: str, status: Any, text: str, *, asking: bool) -> Ending:
    """How the call of `tool` ended. `DONE` says of a command that the step is over, not that it went well."""
    text = text[_HEAD.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing, too
    if status == "ERROR":
        if _REFUSED.match(text) and "mcp" not in tool:
            return Ending(text, Outcome.REJECTED, "user rejected")
        return Ending(text, Outcome.FAILURE, "status: ERROR", error=endings.error_class(text))
    if status in ("CANCELED", "CANCELLED", "INTERRUPTED"):
        return Ending(text, Outcome.PARTIAL, f"status: {name(status)}", error="interrupted")
    if tool not in _SHELLS:
        return Ending(text, Outcome.SUCCESS, "status: DONE") if status == "DONE" else Ending(text)
    exited = _EXITED.match(text)
    if exited is None:
        return Ending(text)
    code = 0 if exited[1] else int(exited[2])
    printed = text[exited.end() :].strip("\n")
    if code == 0:
        return Ending(printed, Outcome.SUCCESS, "exit code 0", 0)
    if code == 1 and asking and _EMPTY.fullmatch(printed):
        return Ending("", Outcome.PARTIAL, "exit code 1", 1)
    return Ending(printed, Outcome.FAILURE, f"exit code {code}", code, endings.error_class(printed, code))
