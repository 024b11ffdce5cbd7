"""OpenCode's tool calls and their states: what was run, how it ended, and whether a human refused it.

The state is OpenCode's own record of a call. Knows nothing of sessions or of how they are held.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from memsrv.records import Outcome, Trust
from memsrv.sources import diffs, patches
from memsrv.sources.endings import asks, error_class
from memsrv.sources.fields import content_text, mapping, plain, string, written

_SHELLS = frozenset({"bash", "shell"})
_READERS = frozenset({"read", "list", "ls", "glob", "grep", "lsp", "read_file"})
_WEB = frozenset({"webfetch", "websearch", "codesearch"})
_PATCHERS = frozenset({"patch", "apply_patch"})
SUBAGENTS = frozenset({"task", "subagent"})


def is_shell(tool: str) -> bool:
    return tool in _SHELLS


def call_trust(tool: str) -> Trust:
    """The harness vouches for the command line; any other input is the assistant's own words."""
    return Trust.COMMAND if is_shell(tool) else Trust.ASSISTANT


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
    if is_shell(tool):
        return Call(given.get("description", ""), command=_command(arguments.get("command")))
    if tool in _PATCHERS:
        return _patched(given.get("patchText") or given.get("patch") or given.get("input") or "")
    if tool in SUBAGENTS:
        return Call(given.get("prompt") or given.get("description", ""))
    path = next((given[key] for key in ("filePath", "file_path", "path") if given.get(key)), None)
    paths = (path,) if path else ()
    edits = tuple(_edits(path, arguments)) if path and tool not in _READERS else ()
    if edits and path:
        content = given.get("content")
        return Call(path, paths=paths, edits=edits, spans=diffs.whole(path, content) if content is not None else ())
    if tool in _READERS or tool in _WEB:
        return Call(" ".join(given[key] for key in ("pattern", "query", "url", "prompt") if key in given), paths=paths)
    return Call(written(dict(arguments)) if arguments else "", paths=paths)


def _command(value: Any) -> str | None:
    if isinstance(value, list):  # a shell and its arguments: the last is the command
        return string(value[-1]) if value else None
    return string(value)


def _patched(patch: str) -> Call:
    changes = tuple(patches.hunks(patch))
    return Call(
        ", ".join(patches.paths(patch)),
        paths=patches.paths(patch),
        edits=tuple((change.path, change.old, change.new) for change in changes),
        spans=tuple((change.path, change.first, change.last) for change in changes if change.first and change.last),
    )


def _edits(path: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    steps = arguments.get("edits")
    for step in steps if isinstance(steps, list) else [arguments]:
        if not isinstance(step, Mapping):
            continue
        old, new = step.get("oldString", step.get("old_string")), step.get("newString", step.get("new_string"))
        if isinstance(old, str) or isinstance(new, str):
            yield path, string(old) or "", string(new) or ""
        elif isinstance(step.get("content"), str):
            yield path, "", step["content"]


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


_REFUSED = re.compile(
    r"(?:Error: |PermissionRejectedError: |PermissionCorrectedError: )?"
    r"The user (?:rejected permission to use this(?: specific)? tool call"
    r"(?: with the following feedback: (?P<words>.*))?"
    r"|rejected permission to use this functionality|dismissed this question)",
    re.DOTALL,
)
_STOPPED = re.compile(r"(?:Error: )?(?:Tool execution (?:was )?aborted|Cancelled\b|The operation was aborted)", re.I)
_MISUSE = re.compile(r"(?:Error: )?(?:The \S+ tool was called with invalid arguments|Model tried to call unavailable)")
_FORBIDDEN = re.compile(r"(?:Error: )?The user has (?:specified a rule|specifically restricted)")
#: What the shell tool wrote below the output of a command that did not end by itself.
_NOTICE = re.compile(
    r"<(?:bash_|shell_)?metadata>\n(.*?)\n</(?:bash_|shell_)?metadata>\Z"
    r"|\((Command (?:was aborted|timed out[^)\n]*))\)\Z",
    re.DOTALL,
)
_NOTICE_CHARS = 2_000


def ending(tool: str, state: Mapping[str, Any], command: str | None) -> Ending | None:
    """How the call of this state ended, None while it has not."""
    status = state.get("status")
    text, told = _printed(state.get("output"))
    details = {**told, **mapping(state.get("metadata"))}
    if status == "completed":
        if is_shell(tool):
            return _shell(text, details.get("exit", details.get("exitCode")), command or "")
        return Ending(
            Outcome.SUCCESS, text, "status: completed", trust=_trust(tool), spans=_spans(tool, state, text, details)
        )
    if status != "error":
        return None
    failed = plain(string(state.get("error")) or text)
    refused = _REFUSED.match(failed)
    if refused:
        return Ending(Outcome.REJECTED, grounds="user rejected", refusal=(refused["words"] or "").strip())
    if _STOPPED.match(failed):
        return Ending(Outcome.PARTIAL, plain(string(details.get("output")) or ""), "aborted", error="interrupted")
    error = "tool misuse" if _MISUSE.match(failed) else None
    error = error or ("permission denied" if _FORBIDDEN.match(failed) else error_class(failed))
    return Ending(Outcome.FAILURE, failed, "status: error", error=error, trust=_trust(tool))


def _trust(tool: str) -> Trust:
    if tool == "question":
        return Trust.HUMAN
    if tool in _READERS:
        return Trust.FILE
    return Trust.WEB if tool in _WEB else Trust.TOOL


def _shell(text: str, exit: Any, command: str) -> Ending:
    ended = text.rstrip()
    notice = _NOTICE.search(ended, max(len(ended) - _NOTICE_CHARS, 0))
    told = (notice[1] or notice[2]) if notice else ""
    printed = text[: notice.start()].rstrip("\n") if notice else text
    if "aborted" in told:
        return Ending(Outcome.PARTIAL, printed, "aborted by the user", error="interrupted")
    if "timeout" in told or "timed out" in told:
        return Ending(Outcome.FAILURE, printed, "timed out", error="timeout")
    if not isinstance(exit, int) or isinstance(exit, bool):
        return Ending(Outcome.UNKNOWN, text)
    grounds = f"exit code {exit}"
    if exit == 0:
        return Ending(Outcome.SUCCESS, text, grounds, exit_code=0)
    if exit == 1 and asks(command) and not text.strip():
        return Ending(Outcome.PARTIAL, text, grounds, exit_code=1)
    return Ending(Outcome.FAILURE, text, grounds, exit_code=exit, error=error_class(text, exit))


def _printed(output: Any) -> tuple[str, Mapping[str, Any]]:
    """The words of an output, and what else it tells: other writers of this format keep an object there."""
    if isinstance(output, str):
        return plain(output), {}
    told = mapping(output)
    words = [string(told.get(key)) for key in ("stdout", "stderr", "content")]
    return plain("\n".join(filter(None, words)) or content_text(output)), told


_LINE = re.compile(r"^(?:<content>)?\s{0,5}(\d{1,8})(?:\||: )", re.MULTILINE)


def _spans(
    tool: str, state: Mapping[str, Any], text: str, details: Mapping[str, Any]
) -> tuple[tuple[str, int, int], ...]:
    arguments = mapping(state.get("input"))
    path = next(filter(None, (string(arguments.get(key)) for key in ("filePath", "file_path", "path"))), None)
    if path is None:
        return ()
    diff = string(details.get("diff"))
    if diff:
        return diffs.spans(path, diff)
    if tool == "read" and text.lstrip().startswith(("<file>", "<path>", "<content>")):
        shown = [int(number) for number in _LINE.findall(text)]
        return ((path, shown[0], shown[-1]),) if shown and 0 < shown[0] <= shown[-1] else ()
    return ()
