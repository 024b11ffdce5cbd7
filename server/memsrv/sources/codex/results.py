"""How a call of Codex ended, in each shape in which its versions wrote that, and whether a human refused it.

Knows no records: a shape is told from the output alone.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from memsrv.records import Outcome
from memsrv.sources import endings
from memsrv.sources.fields import content_text, mapping, string


@dataclass(frozen=True, slots=True)
class Ending:
    text: str
    outcome: Outcome = Outcome.UNKNOWN
    grounds: str | None = None
    exit_code: int | None = None
    error: str | None = None
    rejected: bool = False
    process: str | None = None  # it still runs, under this number


_HEADER = re.compile(
    r"(?:(?:Chunk ID|Wall time|Original token count|Total output lines|Duration|Command|Exit code"
    r"|Process exited with code|Process running with session ID)\b[^\n]*(?:\n|\Z)|\n)+(?:Output:\n?)?"
)
_EXIT = re.compile(r"(?:^|\n)(?:Exit code:|Process exited with code) (-?\d{1,10})\s*(?:\n|\Z)")
_RUNNING = re.compile(r"(?:^|\n)Process running with session ID (\d+)")
_SANDBOX = re.compile(
    r"(?:failed in sandbox|sandbox denied exec error|sandbox error:).*?exit code: (-?\d{1,10}), stdout: (.*?), stderr: "
    r"(.*)",
    re.DOTALL,
)
_REJECTED = re.compile(
    r"\s*(?:execution error: )?(?:(?:exec command|patch|command|MCP tool call|tool call|request|approval request)"
    r"[\w ]{0,20}(?:rejected|denied|declined|cancelled|canceled) by (?:the )?user|rejected by user"
    r"|approval (?:request )?denied"
    r"|user (?:rejected|denied|declined|cancelled|canceled)\b|Rejected\(\"rejected by user\"\)"
    r"|exec_command failed[^\n]{0,2000}Rejected\(\\?\"rejected by user)",
    re.I,
)
_CANCELLED = re.compile(r"(?:execution error: )?user (?:rejected|cancelled|canceled|denied) MCP tool call", re.I)
_ABORTED = re.compile(r"\s*(?:Wall time: [^\n]*\n)?aborted(?: by user)?(?: after [\d.]+ ?s(?:econds)?)?\s*\Z", re.I)
_DONE = re.compile(r"\s*(?:Plan updated|Success\. Updated the following files|attached local image path)")
_FAILED = re.compile(
    r"\s*(?:apply_patch verification failed|execution error:|exec_command failed|write_stdin failed"
    r"|unsupported (?:call|custom|tool)|failed to parse|failed in sandbox|Failed to (?:apply|create|find|read|write)"
    r"|invalid (?:patch|arguments)|err:|tool call error|unknown process|approval policy is|command rejected|rejected\b"
    r"|unable to locate|aborted\b|patch"
    r" (?:failed|rejected)|error:|failed:)",
    re.I,
)


def ending(output: Any, *, shell: bool, asking: bool, success: bool | None = None, own: bool = True) -> Ending:
    """`shell`: the tool runs commands. `asking`: exit 1 is an answer of it. `own`: a tool of Codex itself, which alone
    may say that a human refused or that a program ended; another server's text may forge it.
    """
    if isinstance(output, Mapping):  # {content, success}: what a function gave back, as the API has it
        given = output.get("success")
        return ending(
            output.get("content", output.get("output", "")),
            shell=shell,
            asking=asking,
            success=given if isinstance(given, bool) else success,
            own=own,
        )
    text = content_text(output)
    wrapped = _json(text)
    code = mapping(mapping(wrapped).get("metadata")).get("exit_code")
    if isinstance(code, int) and not isinstance(code, bool):
        return exited(content_text(mapping(wrapped).get("output")), code, asking)
    if shell and (found := _SANDBOX.match(text)):
        printed = "\n".join(part for part in (found[2], found[3]) if part.strip())
        return _denied(exited(printed, int(found[1]), asking))
    if len(text) <= 600 and (_REJECTED.match(text) if own else _CANCELLED.fullmatch(text.strip())):
        return Ending("", Outcome.REJECTED, "rejected by user", rejected=True)
    if _ABORTED.match(text):
        return Ending(text, Outcome.PARTIAL, "aborted by user", error="interrupted")
    header = _HEADER.match(text) if own else None
    top = text[: header.end()] if header else ""
    if shell and (found := _RUNNING.search(top)):
        return Ending(text[len(top) :], process=found[1])
    if found := _EXIT.search(top):
        return exited(text[len(top) :], int(found[1]), asking)
    if wrapped is not None and mapping(wrapped.get("Err")):
        return Ending(text, Outcome.FAILURE, "error", error=endings.error_class(text))
    if wrapped is not None and (wrapped.get("isError") is True or wrapped.get("is_error") is True):
        return Ending(text, Outcome.FAILURE, "isError", error=endings.error_class(text))
    if _FAILED.match(text) and success is not True:
        misuse = (
            "tool misuse"
            if text.lstrip().startswith(("apply_patch verification", "unsupported", "failed to parse"))
            else None
        )
        return Ending(text, Outcome.FAILURE, "error text", error=misuse or endings.error_class(text))
    if success is not None:
        if success:
            return Ending(text, Outcome.SUCCESS, "success: true")
        return Ending(text, Outcome.FAILURE, "success: false", error=endings.error_class(text))
    if done := _DONE.match(text):
        return Ending(text, Outcome.SUCCESS, done[0].strip())
    return Ending(text)


def exited(text: str, code: int, asking: bool) -> Ending:
    grounds = f"exit code {code}"
    if code == 0:
        return Ending(text, Outcome.SUCCESS, grounds, 0)
    if code == 1 and asking and not text.strip():
        return Ending(text, Outcome.PARTIAL, grounds, 1)
    error = "timeout" if code == 124 and "timed out" in text else endings.error_class(text, code)
    return Ending(text, Outcome.FAILURE, grounds, code, error)


def _denied(ended: Ending) -> Ending:
    """Codex says so of all that failed inside the sandbox: what the program said of itself is the better name."""
    if ended.outcome is Outcome.FAILURE and ended.error == f"exit {ended.exit_code}":
        return replace(ended, error="sandbox denied")
    return ended


def _json(text: str) -> Mapping[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None


def child(output: Any) -> str | None:
    """The thread that a call of `spawn_agent` started."""
    told = _json(content_text(output if not isinstance(output, Mapping) else output.get("content", "")))
    return string(mapping(told).get("agent_id")) or string(mapping(told).get("thread_id"))


def answers(output: Any) -> str | None:
    """What the human answered to `request_user_input`; None where nobody did."""
    told = mapping(mapping(_json(content_text(output))).get("answers"))
    given = [content_text(mapping(answer).get("answers")) for answer in told.values()]
    return "\n".join(filter(None, given)) or None
