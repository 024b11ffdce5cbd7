"""How a tool call of Copilot CLI ended, from what the harness recorded, and what the user said to a refused one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memsrv.records import Outcome
from memsrv.sources.endings import error_class
from memsrv.sources.fields import content_text, mapping, string

#: The harness writes it last, so that no command can print it in its place.
_EXITED = re.compile(r"\n?<(?:command with (?:shell)?id:? ?\S+ )?exited with exit code (-?\d+)>\s*\Z", re.I)
_FEEDBACK = re.compile(r"(?:feedback|reason|said)\s*:\s*(.*)\Z", re.DOTALL | re.I)
_REFUSED = re.compile(
    r"\s*The (?:user rejected this tool call|tool call required approval from the user, but the user rejected it)", re.I
)
_SHELLS = re.compile(r"(?:(?:read|write|stop)_)?(?:bash|powershell|shell|local_shell)")


@dataclass(frozen=True, slots=True)
class Ending:
    text: str
    outcome: Outcome
    grounds: str | None = None
    exit_code: int | None = None
    error: str | None = None


def runs(tool: str | None) -> bool:
    """Whether the tool gives back what a shell printed: `bash`, and `read_bash` of one that went on running."""
    return bool(tool and _SHELLS.fullmatch(tool))


def refusal(data: Mapping[str, Any], denied: str | None) -> str | None:
    """The user's words where this is their refusal ("" if they gave none); None where it is a tool's result."""
    error = mapping(data.get("error"))
    message = string(error.get("message")) or ""
    if data.get("success") is True or not (denied is not None or error.get("code") == "rejected"):
        return None
    said = _FEEDBACK.search(message) if _REFUSED.match(message) else None
    return denied or (said[1].strip() if said else "")


def ending(data: Mapping[str, Any], *, shell: bool, asking: bool) -> Ending:
    result, error = mapping(data.get("result")), mapping(data.get("error"))
    text, code = _printed(result, shell=shell)
    told = mapping(data.get("shellExecution")).get("exitCode")  # it outlives the blocks of the result
    if shell and isinstance(told, int) and not isinstance(told, bool):
        code = told
    if data.get("success") is not True:
        if data.get("success") is not False:
            return Ending(text, Outcome.UNKNOWN)
        text = text or string(error.get("message")) or ""
        named = string(error.get("code"))
        if named in ("aborted", "cancelled", "canceled", "interrupted"):
            return Ending(text, Outcome.PARTIAL, f"code: {named}", code, "interrupted")
        if named == "denied":
            return Ending(text, Outcome.FAILURE, "code: denied", code, "permission denied")
        return Ending(text, Outcome.FAILURE, "success: false", code, error_class(text, code))
    if not shell:
        return Ending(text, Outcome.SUCCESS, "success: true")
    if code is None:  # it goes on in the background
        return Ending(text, Outcome.UNKNOWN)
    if code == 0:
        return Ending(text, Outcome.SUCCESS, "exit code 0", 0)
    if code == 1 and asking and not text.strip():
        return Ending(text, Outcome.PARTIAL, "exit code 1", 1)
    return Ending(text, Outcome.FAILURE, f"exit code {code}", code, error_class(text, code))


def _printed(result: Mapping[str, Any], *, shell: bool) -> tuple[str, int | None]:
    contents = result.get("contents")
    text = string(result.get("content")) or content_text(contents) or string(result.get("detailedContent")) or ""
    if not shell:
        return text, None
    told = (
        [item.get("exitCode") for item in contents or () if isinstance(item, Mapping)]
        if isinstance(contents, list)
        else []
    )
    codes = [code for code in told if isinstance(code, int) and not isinstance(code, bool)]
    exited = _EXITED.search(text)
    if exited is None or len(exited[1]) > 11:
        return text, codes[-1] if codes else None
    return text[: exited.start()], codes[-1] if codes else int(exited[1])
