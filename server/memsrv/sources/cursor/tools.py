"""Cursor's tool calls and how they ended: the editor's own names and numbers, and those of its command line agent.

Arguments and results are JSON in JSON, in two spellings. Knows nothing of where they are kept.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from memsrv.records import Outcome, Trust
from memsrv.sources import calls, patches
from memsrv.sources.calls import Call
from memsrv.sources.cursor.contents import IDS
from memsrv.sources.endings import asks, error_class
from memsrv.sources.fields import content_text, mapping, plain, string

#: What the editor calls its tools where it wrote their number only.
_NUMBERED = {
    1: "read_semsearch_files",
    3: "ripgrep_search",
    5: "read_file",
    6: "list_dir",
    7: "edit_file",
    8: "file_search",
    9: "codebase_search",
    11: "delete_file",
    12: "reapply",
    15: "run_terminal_cmd",
    16: "fetch_rules",
    18: "web_search",
    19: "mcp",
    23: "search_symbols",
    24: "background_composer_followup",
    25: "knowledge_base",
    26: "fetch_pull_request",
    27: "deep_search",
    28: "create_diagram",
    29: "fix_lints",
    30: "read_lints",
    31: "go_to_definition",
    32: "task",
    33: "await_task",
    34: "todo_read",
    35: "todo_write",
    38: "edit_file_v2",
    39: "list_dir_v2",
    40: "read_file_v2",
    41: "ripgrep_raw_search",
    42: "glob_file_search",
    43: "create_plan",
    44: "list_mcp_resources",
    45: "read_mcp_resource",
    46: "read_project",
    47: "update_project",
    48: "task_v2",
    49: "call_mcp_tool",
    50: "apply_agent_diff",
    51: "ask_question",
    52: "switch_mode",
    53: "generate_image",
    54: "computer_use",
    55: "write_shell_stdin",
    56: "record_screen",
    57: "web_fetch",
    58: "report_bugfix_results",
    59: "ai_attribution",
    60: "mcp_auth",
    61: "reflect",
    62: "await",
    63: "get_mcp_tools",
    65: "send_to_user",
    66: "connect_scm",
}
_SAME = {
    "path": (
        "target_file targetFile file_path filePath relativeWorkspacePath relative_workspace_path target_notebook"
        " targetNotebook notebook_path target_directory targetDirectory relative_dir_path directoryPath effectiveUri"
    ),
    "contents": "code_edit codeEdit streamingContent file_text new_source",
    "start_line": "start_line_one_indexed startLineOneIndexed start_line_one_indexed_inclusive",
    "end_line": "end_line_one_indexed_inclusive endLineOneIndexedInclusive end_line_one_indexed",
    "pattern": "glob_pattern globPattern regex",
    "query": "search_term searchTerm",
}
_WORDS = ("contents", "content", "text", "result", "message", "diff")


def name(data: Mapping[str, Any]) -> str:
    """The tool's name as the editor's record has it; numbers have names too."""
    given = string(data.get("name")) or string(data.get("tool"))
    if given:
        return given[:100]
    number = data.get("tool")
    return _NUMBERED.get(number, f"tool {number}") if isinstance(number, int) else "?"


def model(value: Any) -> str | None:
    """A model's name; `default` is what the editor writes where it chose the model itself."""
    found = string(value)
    return None if found == "default" else found


def _usual(tool: str) -> str:
    """The name that other agents have for the same tool."""
    usual = re.sub(r"_v\d+$", "", tool)
    if usual in ("run_terminal_cmd", "run_terminal_command"):
        return "run_terminal_command"
    return "grep" if usual.startswith("ripgrep") or usual == "rg" else usual


def is_shell(tool: str) -> bool:
    return calls.shell(_usual(tool))


def call_trust(tool: str) -> Trust:
    return calls.call_trust(_usual(tool))


def result_trust(tool: str | None) -> Trust:
    return calls.result_trust(_usual(tool) if tool else None)


def decoded(value: Any) -> Any:
    """What stands in a string of JSON; the string itself where it is none."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def call(tool: str, *inputs: Any) -> Call:
    """What a call asks for. Of several inputs (as the model wrote them, as the editor read them) the first counts."""
    arguments: dict[str, Any] = {}
    for given in reversed(inputs):
        found = decoded(given)
        if isinstance(found, str) and found.strip():
            found = {"patch": found} if patches.is_patch(found) else {"input": found}
        arguments |= _shared(mapping(found))
    made = calls.call(_usual(tool), arguments)
    written = (string(arguments.get(key)) or "" for key in ("patch", "input"))
    patch = next((text for text in written if patches.is_patch(text)), None)
    if patch is not None and not is_shell(tool):
        hunks = tuple(patches.hunks(patch))
        return replace(
            made,
            paths=tuple(dict.fromkeys((*made.paths, *patches.paths(patch)))),
            edits=tuple((hunk.path, hunk.old, hunk.new) for hunk in hunks),
            spans=tuple((h.path, h.first, h.last) for h in hunks if h.first is not None and h.last is not None),
        )
    return made


def folder(*inputs: Any) -> str | None:
    """The folder that a command runs in, where the call names one."""
    for given in inputs:
        arguments = mapping(decoded(given))
        for key in ("working_directory", "cwd", "workingDirectory"):
            if found := string(arguments.get(key)):
                return found
    return None


def _shared(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments under the names that all editors' agents share."""
    shared = dict(arguments)
    for usual, others in _SAME.items():
        for other in others.split():
            if other in shared:
                value = shared.pop(other)
                if usual not in shared and value not in (None, ""):
                    shared[usual] = value
    return shared


@dataclass(frozen=True, slots=True)
class Ending:
    text: str
    outcome: Outcome = Outcome.UNKNOWN
    grounds: str | None = None
    exit_code: int | None = None
    error: str | None = None


def of_editor(tool: str, data: Mapping[str, Any], command: str | None) -> Ending | None:
    """How a call in the editor ended, from its record; None while it is still at work."""
    status = string(data.get("status"))
    result = decoded(data.get("result"))
    fields = mapping(result)
    text = plain(words(result))
    if _is_refused(data, fields, status):
        return Ending("", Outcome.REJECTED, "user rejected")
    if status == "error" or (status == "completed" and _complaint(data, fields)):
        said = _complaint(data, fields) or text
        return Ending(said, Outcome.FAILURE, "status: error" if status == "error" else "error", error=error_class(said))
    if status == "cancelled":
        return Ending(text, Outcome.PARTIAL, "status: cancelled", error="interrupted")
    if status != "completed":
        return None
    failed = mapping(data.get("additionalData")).get("status") == "error"
    if not is_shell(tool):
        if failed:
            return Ending(text, Outcome.FAILURE, "additional status: error", error=error_class(text))
        return Ending(text, Outcome.SUCCESS, "status: completed")
    reason = string(fields.get("endedReason")) or ""
    if reason.endswith(("ABORTED", "CANCELLED")) or fields.get("notInterrupted") is False:
        return Ending(text, Outcome.PARTIAL, f"ended: {reason}" if reason else "interrupted", error="interrupted")
    for key in ("exitCodeV2", "exitCode"):
        code = fields.get(key)
        if isinstance(code, int) and not isinstance(code, bool):
            return exited(code, text, command)
    arguments = mapping(decoded(data.get("rawArgs"))) or mapping(decoded(data.get("params")))
    if arguments.get("is_background") is True or arguments.get("isBackground") is True:
        return Ending(text)
    if failed:
        return Ending(text, Outcome.FAILURE, "additional status: error", error=error_class(text))
    return Ending(text, Outcome.SUCCESS, "status: completed")  # the editor leaves out a code that is 0


_REFUSED = re.compile(r"\w+ rejected: user\b|user (?:chose to skip|rejected|declined)\b", re.I)


def _is_refused(data: Mapping[str, Any], fields: Mapping[str, Any], status: str | None) -> bool:
    """Whether the human said no: versions of the editor write it in other places, often into a call that completed."""
    if data.get("userDecision") == "rejected" or fields.get("rejected") is True or status in ("rejected", "skipped"):
        return True
    if mapping(data.get("additionalData")).get("status") == "rejected":
        return True
    return status == "cancelled" and bool(_REFUSED.match(_complaint(data, fields)))


def exited(code: int, text: str, command: str | None) -> Ending:
    grounds = f"exit code {code}"
    if code == 0:
        return Ending(text, Outcome.SUCCESS, grounds, 0)
    if code == 1 and asks(command or "") and not text.strip():
        return Ending(text, Outcome.PARTIAL, grounds, 1)
    return Ending(text, Outcome.FAILURE, grounds, code, error_class(text, code))


_EXIT = re.compile(r"\s*Exit code: (-?\d{1,10})\b")


def of_agent(tool: str | None, message: Mapping[str, Any], block: Mapping[str, Any], command: str | None) -> Ending:
    """How a call of the command line agent ended: its record stands beside the block, or in it."""
    text = plain(words(decoded_text(block)))
    record = _high_level(block) or _high_level(message)
    output = mapping(record.get("output"))
    refused = output.get("rejected")
    if refused not in (None, False):
        return Ending(string(mapping(refused).get("reason")) or "", Outcome.REJECTED, "user rejected")
    if tool is not None and is_shell(tool):
        stood = mapping(output.get("success") or output.get("failure")).get("exitCode")
        if isinstance(stood, int) and not isinstance(stood, bool):
            return exited(stood, text, command)
        if code := _EXIT.match(text):
            return exited(int(code[1]), text[code.end() :].strip(), command)
    if record.get("isError") is True or output.get("isError") is True:
        return Ending(text, Outcome.FAILURE, "isError", error=error_class(text))
    for key in ("error", "failure", "timeout", "permissionDenied", "fileNotFound"):
        if output.get(key) not in (None, False):
            return Ending(text, Outcome.FAILURE, f"output: {key}", error=error_class(text))
    if "success" in output or record.get("isError") is False or output.get("isError") is False:
        return Ending(text, Outcome.SUCCESS, "output: success" if "success" in output else "isError: false")
    return Ending(text)


def decoded_text(block: Mapping[str, Any]) -> Any:
    found = block.get("result", block.get("output"))
    return found if found not in (None, "") else block.get("experimental_content", block.get("content"))


def words(result: Any) -> str:
    """What a tool gave back, as text: of a record its output, of any other its JSON."""
    if isinstance(result, str):
        return result
    if isinstance(result, list):
        return content_text(result) or json.dumps(result, ensure_ascii=False)
    if not isinstance(result, Mapping):
        return "" if result is None else str(result)
    if isinstance(result.get("output"), str):  # that a command printed nothing says something
        return str(result["output"])
    for key in _WORDS:
        value = result.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list) and content_text(value):
            return content_text(value)
    kept = {key: value for key, value in result.items() if value not in (None, "", False, [], {}) and key not in IDS}
    return json.dumps(kept, ensure_ascii=False) if kept else ""


def _high_level(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    options = mapping(mapping(holder.get("providerOptions")).get("cursor"))
    return mapping(options.get("highLevelToolCallResult"))


def _complaint(data: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    for place in (decoded(data.get("error")), result.get("error")):
        if isinstance(place, str) and place.strip():
            return plain(place)
        fields = mapping(place)
        for key in ("modelVisibleErrorMessage", "clientVisibleErrorMessage", "message", "error"):
            if found := string(fields.get(key)):
                return plain(found)
        if inner := string(mapping(fields.get("error")).get("message")):
            return plain(inner)
    return ""
