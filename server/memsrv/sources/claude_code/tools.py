"""Claude Code's tool calls and their results: what was run, how it ended, and whether a human refused it.

A refusal with feedback looks like a failed tool; here its words are told from the tool's. What a command printed is
never taken for a human's. Knows nothing of files or sessions.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memsrv.records import Outcome, Trust
from memsrv.sources import diffs
from memsrv.sources.endings import error_class

SHELLS = frozenset({"Bash", "PowerShell"})
PLANS = frozenset({"ExitPlanMode", "exit_plan_mode"})
SPAWNS = frozenset({"Task", "Agent"})
EDITORS = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
_READERS = frozenset({"Read", "Glob", "Grep", "LS", "NotebookRead"})
_WEB = frozenset({"WebFetch", "WebSearch", "web_search", "web_fetch"})


def call_trust(tool: str) -> Trust:
    """The harness vouches for the command line; any other input is the assistant's own words."""
    return Trust.COMMAND if tool in SHELLS else Trust.ASSISTANT


def result_trust(tool: str | None) -> Trust:
    if tool in _READERS:
        return Trust.FILE
    return Trust.WEB if tool in _WEB else Trust.TOOL


@dataclass(frozen=True, slots=True)
class Call:
    text: str
    command: str | None = None
    paths: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()


def call(tool: str, arguments: Mapping[str, Any]) -> Call:
    """What a tool call says it will do; `text` is a line for a reader, not the whole input."""
    given = {key: value for key, value in arguments.items() if isinstance(value, str)}
    if tool in SHELLS:
        return Call(given.get("description", ""), command=given.get("command"))
    path = given.get("file_path") or given.get("notebook_path") or given.get("path")
    paths = (path,) if path else ()
    if tool in EDITORS and path:
        return Call(path, paths=paths, edits=_edits(tool, path, arguments))
    if tool in PLANS:
        return Call(given.get("plan", ""))
    if tool in _READERS or tool in _WEB:
        return Call(" ".join(given[key] for key in ("pattern", "query", "url", "prompt") if key in given), paths=paths)
    return Call(json.dumps(dict(arguments), ensure_ascii=False)[:4000] if arguments else "", paths=paths)


def _edits(tool: str, path: str, arguments: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    if tool == "Write":
        return ((path, "", _string(arguments.get("content"))),)
    if tool == "NotebookEdit":
        return ((path, "", _string(arguments.get("new_source"))),)
    steps = arguments.get("edits") if tool == "MultiEdit" else [arguments]
    return tuple(
        (path, _string(step.get("old_string")), _string(step.get("new_string")))
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, Mapping)
    )


@dataclass(frozen=True, slots=True)
class Ending:
    outcome: Outcome
    exit_code: int | None = None
    error: str | None = None
    grounds: str | None = None


_EXIT = re.compile(r"\s*(?:Error: )?Exit code (\d+)\s*")
_MISUSE = re.compile(r"\s*<tool_use_error>")
_STOPPED = re.compile(
    r"\[Request interrupted by user|^\s*(?:Error: )?(?:The )?Command was (?:aborted|interrupted)", re.I
)


def ending(tool: str | None, text: str, *, is_error: bool, detail: Any, asking: bool) -> Ending:
    """How a tool call ended, from what the harness recorded of it."""
    shell = tool in SHELLS
    fields: Mapping[str, Any] = detail if isinstance(detail, Mapping) else {}
    if fields.get("interrupted") is True or (is_error and _STOPPED.search(text)):
        return Ending(Outcome.PARTIAL, error="interrupted", grounds="interrupted")
    if not is_error:
        if shell and fields.get("backgroundTaskId"):
            return Ending(Outcome.UNKNOWN)
        if shell and fields.get("returnCodeInterpretation"):
            return Ending(Outcome.PARTIAL, exit_code=1, grounds="returnCodeInterpretation")
        return Ending(Outcome.SUCCESS, exit_code=0 if shell else None, grounds="no is_error")
    if _MISUSE.match(text):
        return Ending(Outcome.FAILURE, error="tool misuse", grounds="tool_use_error")
    exited = _EXIT.match(text)
    code = int(exited[1]) if exited else None
    if code == 1 and asking and not text[exited.end() if exited else 0 :].strip():
        return Ending(Outcome.PARTIAL, exit_code=1, grounds="exit code 1")
    grounds = "is_error" if code is None else f"exit code {code}"
    error = error_class(text[exited.end() if exited else 0 :], code)
    return Ending(Outcome.FAILURE, exit_code=code, error=error, grounds=grounds)


def spans(detail: Any) -> tuple[tuple[str, int, int], ...]:
    """The lines that a result says were read or written."""
    fields: Mapping[str, Any] = detail if isinstance(detail, Mapping) else {}
    path = _string(fields.get("filePath"))
    patch = fields.get("structuredPatch")
    found = [
        (path, hunk["newStart"], hunk["newStart"] + hunk["newLines"] - 1)
        for hunk in (patch if isinstance(patch, list) else [])
        if isinstance(hunk, Mapping) and _line(hunk.get("newStart")) and _line(hunk.get("newLines"))
    ]
    file: Mapping[str, Any] = fields["file"] if isinstance(fields.get("file"), Mapping) else {}
    if _line(file.get("startLine")) and _line(file.get("numLines")):
        found.append((_string(file.get("filePath")), file["startLine"], file["startLine"] + file["numLines"] - 1))
    elif not found and fields.get("type") == "create":
        found.extend(diffs.whole(path, _string(fields.get("content"))))
    return tuple(span for span in found if span[0])


def _line(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**31


def child(detail: Any) -> str | None:
    """The session of the subagent that a result tells of: its transcript's name."""
    id = detail.get("agentId") if isinstance(detail, Mapping) else None
    return f"agent-{id}" if isinstance(id, str) and re.fullmatch(r"[\w-]{1,80}", id) else None


_REFUSED = re.compile(
    r"\s*(?:Error: )?(?:The user doesn't want to (?:proceed with this tool use|take this action right now)"
    r"|User rejected tool use|User chose to stay in plan mode|The user wants to clarify these questions"
    r"|User declined to answer questions|Tool use rejected with user message)"
)
_WORDS = re.compile(
    r"(?:the user said:|provided the following reason for the rejection:|with user message:"
    r"|User feedback(?: on the plan)?:)\s*(.*)",
    re.DOTALL,
)
_NOTE = re.compile(
    r"\n+\s*(?:Note: The user's next message|\(?Note: the next message|<system-reminder>).*\Z", re.DOTALL | re.I
)
_PROSE = re.compile(r"[^\W\d_][^\n<>{}|\\=$;\[\]]{3,400}")
_COMPLAINT = re.compile(
    r"error|fail|not found|no such|cannot|can't (?:open|find|read)|denied|exception|traceback|warning|fatal|invalid"
    r"|unable|timed? ?out|killed|usage:|is not running|matches of|has not been|has been (?:modified|unexpectedly)"
    r"|illegal|\bE[A-Z]{4,}\b|exceeds|does not|missing|required|unexpected|aborted|\bexit\b",
    re.I,
)


def refusal(record: Mapping[str, Any], tool: str | None, text: str, *, is_error: bool) -> str | None:
    """The human's words where this result is their refusal ("" if they gave none); None where it is a tool's result."""
    detail = record.get("toolUseResult")
    by_harness = record.get("toolDenialKind") == "user-rejected" or detail == "User rejected tool use"
    # The canned sentence counts only where a failure stands; an MCP server's failure is its own text, and may forge it.
    canned = bool(_REFUSED.match(text)) or (isinstance(detail, str) and bool(_REFUSED.match(detail)))
    refused = by_harness or (canned and is_error and not (tool or "").startswith("mcp__"))
    if refused:
        words = _WORDS.search(text)
        if words:
            return _NOTE.sub("", words[1]).strip()
        return "" if _REFUSED.match(text) else _NOTE.sub("", text).strip()
    if is_error and _is_bare_feedback(record, tool, text):
        return _NOTE.sub("", text).strip()
    return None


def _is_bare_feedback(record: Mapping[str, Any], tool: str | None, text: str) -> bool:
    """Claude Code 2.0 wrote the words alone, where a failed tool's output would stand.

    A tool that prints nothing of its own cannot forge them. For the others only versions that are known to do this
    count, and only one line of plain prose.
    """
    if _MISUSE.match(text) or _EXIT.match(text) or _STOPPED.search(text) or not text.strip():
        return False
    if tool in PLANS:
        return not _COMPLAINT.search(text)
    if not str(record.get("version", "")).startswith("2.0.") or record.get("toolUseResult") != f"Error: {text}":
        return False
    return bool(_PROSE.fullmatch(text.strip())) and len(text.split()) >= 3 and not _COMPLAINT.search(text)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
