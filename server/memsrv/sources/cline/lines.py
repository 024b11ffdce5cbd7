"""The lines of `ui_messages.json` as Events, for a task of which the log itself is missing."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from memsrv.records import Event, EventType, Trust
from memsrv.sources import calls
from memsrv.sources.fields import instant, mapping, name, plain, string, words
from memsrv.sources.marks import Occurrences

_PASSED_BY = words(
    """
    api_req_finished api_req_retried api_req_failed api_req_retry_delayed api_req_rate_limited api_req_deleted
    reasoning resume_task resume_completed_task mistake_limit_reached auto_approval_max_req_reached completion_result
    shell_integration_warning shell_integration_warning_with_suggestion browser_action_launch browser_action
    browser_action_result browser_session_status mcp_server_request_started mcp_server_response mcp_notification
    use_mcp_server diff_error deleted_api_reqs clineignore_error rooignore_error checkpoint_created checkpoint_saved
    load_mcp_documentation info task_progress hook_status hook_output_stream subagent use_subagents subagent_usage
    error_retry user_feedback_diff new_task condense summarize_task report_bug conditional_rules_applied image
    subtask_result condense_context condense_context_error sliding_window_truncation codebase_search_result
    user_edit_todos command_permission_denied generate_explanation api_req_started error plan_mode_respond
    act_mode_respond
    """
)


@dataclass(slots=True)
class LineEvents:
    events: list[Event] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


def line_events(seed: str, session: str, lines: Sequence[Mapping[str, Any]]) -> LineEvents:
    made, names, parent = LineEvents(), Occurrences(), None
    begun = False
    for line in lines:
        if "role" in line:
            continue  # a message, and read as one
        kind = string(line.get("say")) or string(line.get("ask"))
        # Its words may still grow; when it was written, and as what, does not change.
        id = names.name(seed, line.get("ts"), line.get("type"), kind)
        time, text = instant(line.get("ts")), plain(string(line.get("text")) or "")
        blank = Event(id, session, EventType.NOTE, Trust.TOOL, text, time, parent=parent)
        read = _READ.get(kind or "")
        if kind == "text" and not begun:  # older versions call the task so; the model has not been asked yet
            read = _human
        begun = begun or kind is not None
        if read is None and kind not in _PASSED_BY:
            self_named = f"{'say' if line.get('say') else 'ask'}:{name(kind)}"
            made.unknown[self_named] += 1
        for event in read(blank) if read else ():
            made.events.append(event)
            parent = id
    return made


def _human(blank: Event) -> Iterator[Event]:
    if blank.text.strip():
        yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=blank.text.strip())


def _model(blank: Event) -> Iterator[Event]:
    text = blank.text.strip().removesuffix("HAS_CHANGES").strip()
    if text:
        yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=text)


def _question(blank: Event) -> Iterator[Event]:
    asked = _object(blank.text)
    text = string(asked.get("question")) or string(asked.get("response")) or ("" if asked else blank.text)
    yield from _model(replace(blank, text=text))


def _command(blank: Event) -> Iterator[Event]:
    yield replace(
        blank,
        type=EventType.TOOL_CALL,
        trust=Trust.COMMAND,
        text="",
        tool="execute_command",
        command=blank.text or None,
    )


def _output(blank: Event) -> Iterator[Event]:
    if blank.text:
        yield replace(blank, type=EventType.TOOL_RESULT, tool="execute_command")


def _tool(blank: Event) -> Iterator[Event]:
    asked = _object(blank.text)
    tool = (string(asked.get("tool")) or "?")[:100]
    made = calls.call(tool, {key: value for key, value in asked.items() if key != "tool"})
    yield replace(
        blank,
        type=EventType.TOOL_CALL,
        trust=Trust.ASSISTANT,
        text=plain(made.text),
        tool=tool,
        paths=made.paths,
        edits=made.edits,
    )


def _request(blank: Event) -> Iterator[Event]:
    if _object(blank.text).get("cancelReason") == "user_cancelled":
        yield replace(blank, type=EventType.INTERRUPT, trust=Trust.HUMAN, text="")


def _object(text: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


_READ: Mapping[str, Callable[[Event], Iterator[Event]]] = {
    "task": _human,
    "user_feedback": _human,
    "text": _model,
    "completion_result": _model,
    "followup": _question,
    "plan_mode_respond": _question,
    "command": _command,
    "command_output": _output,
    "tool": _tool,
    "api_req_started": _request,
}
