"""How a tool call of Cline or Roo ended: the harness writes it as the first sentence of what the tool gave back."""

import json
import re
from dataclasses import dataclass

from memsrv.records import Outcome
from memsrv.sources.calls import shell
from memsrv.sources.cline.said import ASKING
from memsrv.sources.endings import error_class

_OUTPUT = r"[ \t]*(?:\n+Output:[ \t]*(?:\n|\Z))?"
_EXITED = (
    re.compile(rf"\s*Command executed successfully \(exit code (0)\)\.{_OUTPUT}"),
    re.compile(rf"\s*Command failed with exit code (-?\d{{1,10}})\.{_OUTPUT}"),
    re.compile(
        r"\s*Command executed in terminal[^\n]*?\.\s+(?:Command execution was not successful[^\n]*\n)?"
        rf"Exit code: (-?\d{{1,10}}){_OUTPUT}"
    ),
)
_SIGNALLED = re.compile(
    rf"\s*Command executed in terminal[^\n]*?\.\s+Process terminated by signal (\w+)[^\n]*{_OUTPUT}"
)
_RAN = re.compile(rf"\s*Command executed\.{_OUTPUT}")
_FAILED = re.compile(
    r"\s*The tool execution failed with the following error:\s*<error>\n?(.*?)(?:\n?</error>|\Z)", re.DOTALL
)
_MISUSED = re.compile(
    r"\s*(?:Missing value for required parameter|Invalid JSON argument used with|This tool cannot be used in PLAN MODE"
    r"|Tool \[[^\]]*\] (?:was not executed|is not allowed))"
)
_FORBIDDEN = re.compile(r"\s*Access to .{1,400}? is blocked by the \.\w+ignore file", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Ending:
    text: str  # what the tool printed, without the harness's sentence
    outcome: Outcome
    grounds: str | None = None
    exit_code: int | None = None
    error: str | None = None


def ending(tool: str | None, body: str, *, is_error: bool, asking: bool) -> Ending:
    if failed := _FAILED.match(body):
        return Ending(failed[1], Outcome.FAILURE, "tool error", error=error_class(failed[1]))
    if told := _reported(body):
        return Ending(told, Outcome.FAILURE, "status: error", error=error_class(told))
    if tool is None or shell(tool):
        ended = _command(body, asking=asking)
        if ended is not None:
            return ended
    if _MISUSED.match(body):
        return Ending(body, Outcome.FAILURE, "tool error", error="tool misuse")
    if _FORBIDDEN.match(body):
        return Ending(body, Outcome.FAILURE, "tool error", error="permission denied")
    if is_error:
        return Ending(body, Outcome.FAILURE, "is_error", error=error_class(body))
    if tool is None or shell(tool) or tool in ASKING:  # the command runs on; a question has no outcome
        return Ending(body, Outcome.UNKNOWN)
    return Ending(body, Outcome.SUCCESS, "a result without an error")


def _command(body: str, *, asking: bool) -> Ending | None:
    for pattern in _EXITED:
        exited = pattern.match(body)
        if not exited:
            continue
        text, code = body[exited.end() :], int(exited[1])
        if code == 0:
            return Ending(text, Outcome.SUCCESS, "exit code 0", 0)
        if code == 1 and asking and not text.strip():
            return Ending(text, Outcome.PARTIAL, "exit code 1", 1)
        return Ending(text, Outcome.FAILURE, f"exit code {code}", code, error_class(text, code))
    if signalled := _SIGNALLED.match(body):
        grounds = f"signal {signalled[1]}"
        return Ending(body[signalled.end() :], Outcome.PARTIAL, grounds, error="interrupted")
    if ran := _RAN.match(body):
        return Ending(body[ran.end() :], Outcome.UNKNOWN)
    return None


def _reported(body: str) -> str | None:
    """Roo's own word on a failure, `{"status": "error", "message": …, "error": …}`."""
    text = body.strip()
    if not text.startswith('{"status"') or len(text) > 1 << 20:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if told.get("status") != "error":
        return None
    return "\n".join(str(told[key]) for key in ("message", "error", "path") if isinstance(told.get(key), str))
