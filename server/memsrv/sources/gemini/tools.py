"""Gemini CLI's tool calls and their results: what was run, how it ended, and whether a human refused it.

What a command printed is never taken for the host's record of it: that stands in a frame around the output.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from memsrv.records import Outcome, Trust
from memsrv.sources import diffs
from memsrv.sources.endings import asks, error_class
from memsrv.sources.fields import content_text, mapping, plain, string, written
from memsrv.sources.gemini.prompt import texts

SHELL = "run_shell_command"
_READERS = frozenset(
    {
        "read_file",
        "read_many_files",
        "list_directory",
        "glob",
        "grep_search",
        "search_file_content",
        "get_internal_docs",
    }
)
_RESPONSE_CHARS = 1_000_000
_WEB = frozenset({"google_web_search", "web_fetch"})


def call_trust(tool: str) -> Trust:
    """The harness vouches for the command line; any other input is the assistant's own words."""
    return Trust.COMMAND if tool == SHELL else Trust.ASSISTANT


@dataclass(frozen=True, slots=True)
class Call:
    text: str
    command: str | None = None
    paths: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()


def call(tool: str, arguments: Mapping[str, Any]) -> Call:
    """What a tool call says it will do; `text` is a line for a reader, not the whole input."""
    given = {key: value for key, value in arguments.items() if isinstance(value, str)}
    if tool == SHELL:
        return Call(given.get("description", ""), command=given.get("command"))
    path = next((given[key] for key in ("file_path", "absolute_path", "path", "dir_path") if given.get(key)), None)
    several = arguments.get("paths", arguments.get("include"))
    paths = (path,) if path else tuple(p for p in several if isinstance(p, str)) if isinstance(several, list) else ()
    if tool == "write_file" and path:
        content = given.get("content", "")
        return Call(path, paths=paths, edits=((path, "", content),), spans=diffs.whole(path, content))
    if tool == "replace" and path:
        edit = (path, given.get("old_string", ""), given.get("new_string", ""))
        return Call(given.get("instruction") or path, paths=paths, edits=(edit,))
    if tool in _READERS or tool in _WEB:
        text = " ".join(given[key] for key in ("pattern", "query", "prompt", "url") if key in given)
        return Call(text, paths=paths, spans=_read_lines(path, arguments) if path else ())
    return Call(written(dict(arguments)) if arguments else "", paths=paths)


def _read_lines(path: str, arguments: Mapping[str, Any]) -> tuple[tuple[str, int, int], ...]:
    first, last = _whole(arguments.get("start_line")), _whole(arguments.get("end_line"))
    offset, limit = _whole(arguments.get("offset")), _whole(arguments.get("limit"))
    if first and last and last >= first:
        return ((path, first, last),)
    if limit:  # `offset` counts from 0
        return ((path, (offset or 0) + 1, (offset or 0) + limit),)
    return ()


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended. `refusal` has the human's words where they refused it, "" if they gave none."""

    outcome: Outcome
    text: str = ""
    grounds: str | None = None
    exit_code: int | None = None
    error: str | None = None
    refusal: str | None = None
    trust: Trust = Trust.TOOL
    spans: tuple[tuple[str, int, int], ...] = ()


_CANCELLED = re.compile(r"\[Operation Cancelled\]\s*(?:Reason:\s*)?(.*)", re.DOTALL)
_REFUSED = re.compile(r"User (?:denied|did not allow|rejected)|Denied\b|.*\brejected by (?:the )?user", re.I)
_PLAN = re.compile(
    r"Plan rejected\.(?: User feedback: (.*?))?(?:\n\nThe plan is stored at:|\s*No feedback|\s*\Z)", re.DOTALL
)
_DISMISSED = re.compile(r"User (?:dismissed ask_user dialog|cancelled (?:the plan approval dialog|entering Plan Mode))")
_MISUSE = re.compile(r"params must |Path must be absolute|Tool \"[^\"]*\" not found|File path must be absolute", re.I)


def ending(tool: str, record: Mapping[str, Any], command: str | None) -> Ending | None:
    """How the call of this record ended, None while it has not."""
    status = record.get("status")
    if status not in ("success", "error", "cancelled"):
        return None
    response = mapping(_response(record))
    failed = string(response.get("error"))
    shown = record.get("resultDisplay")
    text = _untrusted(
        plain(string(response.get("output")) or failed or _other(response) or _words(record.get("result")))
    )
    if not text and isinstance(shown, str):
        text = plain(shown)
    diff = string(mapping(shown).get("fileDiff"))
    path = string(mapping(record.get("args")).get("file_path"))
    if status == "cancelled":
        return _cancelled(text, failed, proposed=diff is not None)
    refusal = _plan_refused(tool, text)
    if refusal is not None:
        return Ending(Outcome.REJECTED, grounds="user rejected", refusal=refusal)
    trust = _trust(tool)
    if tool == SHELL and (status == "success" or _frame(text)):
        return replace(_shell(text, command or ""), trust=trust)
    if status == "error":
        error = "tool misuse" if _MISUSE.search(text) else error_class(text)
        return Ending(Outcome.FAILURE, text, "status: error", error=error, trust=trust)
    if tool == "ask_user":
        trust = Trust.HUMAN
    spans = diffs.spans(path, diff) if path and diff else ()
    return Ending(Outcome.SUCCESS, text, "status: success", trust=trust, spans=spans)


def of_response(tool: str, response: Mapping[str, Any], command: str | None) -> Ending:
    """How a call ended of which only the API's own part is there: a failure says so, a success cannot be told."""
    failed = string(response.get("error"))
    if failed and _CANCELLED.match(failed):
        return _cancelled(failed, failed, proposed=False)
    text = _untrusted(plain(string(response.get("output")) or failed or _other(response)))
    if tool == SHELL and _frame(text):
        return _shell(text, command or "")
    if failed:
        return Ending(Outcome.FAILURE, text, "error in the response", error=error_class(text), trust=_trust(tool))
    return Ending(Outcome.UNKNOWN, text, trust=_trust(tool))


def _trust(tool: str) -> Trust:
    if tool in _READERS:
        return Trust.FILE
    return Trust.WEB if tool in _WEB else Trust.TOOL


def _cancelled(text: str, failed: str | None, *, proposed: bool) -> Ending:
    """The user said no to it, or stopped the agent: an edit that was still waiting shows what it would have done."""
    told = _CANCELLED.match(failed or text)
    reason = told[1].strip() if told else text.strip()
    if _REFUSED.match(reason) or proposed:
        return Ending(Outcome.REJECTED, grounds="status: cancelled", refusal="")
    printed = "" if told and text == failed else text
    return Ending(Outcome.PARTIAL, printed, "status: cancelled", error="interrupted")


def _plan_refused(tool: str, text: str) -> str | None:
    if tool == "exit_plan_mode" and (no := _PLAN.match(text)):
        return (no[1] or "").strip()
    if tool in ("ask_user", "exit_plan_mode", "enter_plan_mode") and _DISMISSED.match(text):
        return ""
    return None


# The frame that the shell tool puts around what a command printed

_HEAD = re.compile(r"(?:Command: .*?\nDirectory: [^\n]*\n)?(?:Output|Stdout): ?", re.DOTALL)
#: The lines below the output, each at most once and in this order.
_BELOW = ("Error", "Exit Code", "Signal", "Background PIDs", "Process Group PGID")
_CODE = re.compile(r"-?\d{1,9}")
_STOPPED = re.compile(r"Command was cancelled by user before it could (?:complete|start)\.")
_TIMED_OUT = re.compile(r"Command was automatically cancelled because it exceeded the timeout")
_BACKGROUND = re.compile(r"Command (?:moved to|is running in) (?:the )?background")
_BEFORE = re.compile(r"\A.*?before it was cancelled[:.]\n?", re.DOTALL)


def _frame(text: str) -> bool:
    return bool(_HEAD.match(text) or _STOPPED.match(text) or _TIMED_OUT.match(text) or _BACKGROUND.match(text))


def _shell(text: str, command: str) -> Ending:
    if _STOPPED.match(text):
        return Ending(Outcome.PARTIAL, _BEFORE.sub("", text), "cancelled by the user", error="interrupted")
    if _TIMED_OUT.match(text):
        return Ending(Outcome.FAILURE, _BEFORE.sub("", text), "timed out", error="timeout")
    head = _HEAD.match(text)
    if head is None:
        return Ending(Outcome.UNKNOWN, text)
    printed, told = _below(text[head.end() :])
    printed = "" if printed in ("(empty)", "(empty)\nStderr: (empty)") else printed.replace("\nStderr: ", "\n", 1)
    named, signal = told.get("Exit Code"), told.get("Signal")
    error = told.get("Error") if told.get("Error") != "(none)" else None
    if named == "(none)" or (named is None and (signal not in (None, "0", "(none)") or error)):
        return _ended_without_code(printed, signal, error)
    code = int(named) if named is not None and _CODE.fullmatch(named) else 0
    grounds = f"exit code {code}"
    if code == 0:
        return Ending(Outcome.SUCCESS, printed, grounds, exit_code=0)
    if code == 1 and asks(command) and not printed.strip():
        return Ending(Outcome.PARTIAL, printed, grounds, exit_code=1)
    return Ending(Outcome.FAILURE, printed, grounds, exit_code=code, error=error_class(printed, code))


def _below(text: str) -> tuple[str, Mapping[str, str]]:
    """What was printed, and the host's lines below it, read from the end: a command may print the same words."""
    lines = text.rstrip().split("\n")
    told: dict[str, str] = {}
    for name in reversed(_BELOW):
        if len(lines) > 1 and lines[-1].startswith(f"{name}: "):
            told[name] = lines.pop().removeprefix(f"{name}: ").strip()
    return "\n".join(lines).strip("\n"), told


def _ended_without_code(printed: str, signal: str | None, error: str | None) -> Ending:
    if signal not in (None, "0", "(none)"):
        return Ending(Outcome.FAILURE, printed, "ended by a signal", error="killed")
    if error:
        return Ending(Outcome.FAILURE, printed or error, "error of the shell", error=error_class(error))
    return Ending(Outcome.UNKNOWN, printed)


# What the tool gave back


def _response(record: Mapping[str, Any]) -> Any:
    """The API's part that answers this call: a record may hold those of its neighbours too."""
    result = record.get("result")
    parts = [mapping(part.get("functionResponse")) for part in _list(result) if isinstance(part, Mapping)]
    parts = [part for part in parts if part]
    own = next((part for part in parts if part.get("id") == record.get("id")), parts[0] if parts else {})
    return own.get("response")


def _words(result: Any) -> str:
    return "\n".join(texts(result))


def _other(response: Mapping[str, Any]) -> str:
    if not response:
        return ""
    content = content_text(response.get("content"))
    return content or written(dict(response), _RESPONSE_CHARS)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_OPEN, _CLOSE = "<untrusted_context>", "</untrusted_context>"


def _untrusted(text: str) -> str:
    """What stands in the frame that newer versions put around all that is not the host's."""
    framed = text.strip()
    if not (framed.startswith(_OPEN) and framed.endswith(_CLOSE)):
        return text
    inner = framed.removeprefix(_OPEN).removesuffix(_CLOSE).removeprefix("\n").removesuffix("\n")
    return inner.replace("&lt;/untrusted_context&gt;", _CLOSE)
