"""What of Codex CLI's rollouts is known, first generation to 2026; all else is counted by name, so that drift is seen.

A table, no behaviour: a new name here means that somebody looked at it and decided how it is read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memsrv.sources.fields import name


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Lines of an envelope `{timestamp, type, payload}`.
LINES = _words(
    """
    session_meta response_item event_msg turn_context compacted world_state inter_agent_communication
    inter_agent_communication_metadata
    """
)

#: `response_item`, and the bare lines of the first generation, which had no envelope.
ITEMS = _words(
    """
    message reasoning function_call function_call_output custom_tool_call custom_tool_call_output local_shell_call
    web_search_call tool_search_call tool_search_output image_generation_call mcp_tool_call mcp_tool_call_output
    ghost_snapshot compaction compaction_summary compaction_trigger context_compaction agent_message additional_tools
    other
    """
)

EVENTS = _words(
    """
    user_message agent_message agent_reasoning agent_reasoning_raw_content agent_reasoning_section_break token_count
    turn_aborted task_started turn_started task_complete turn_complete context_compacted thread_rolled_back
    item_started item_completed patch_apply_begin patch_apply_updated patch_apply_end mcp_tool_call_begin
    mcp_tool_call_end exec_command_begin exec_command_output_delta exec_command_end terminal_interaction error warning
    guardian_warning stream_error background_event deprecation_notice entered_review_mode exited_review_mode
    web_search_begin web_search_end view_image_tool_call image_generation_begin image_generation_end turn_diff
    plan_update plan_delta session_configured thread_name_updated thread_goal_updated thread_settings_applied
    exec_approval_request apply_patch_approval_request request_user_input request_permissions elicitation_request
    dynamic_tool_call_request dynamic_tool_call_response guardian_assessment model_reroute model_verification
    undo_started undo_completed shutdown_complete hook_started hook_completed mcp_startup_update mcp_startup_complete
    raw_response_item collab_agent_spawn_begin collab_agent_spawn_end collab_agent_interaction_begin
    collab_agent_interaction_end collab_waiting_begin collab_waiting_end collab_close_begin collab_close_end
    collab_resume_begin collab_resume_end sub_agent_activity skills_update_available tool_call injected_message
    safety_buffering turn_moderation_metadata
    """
)

_ENVELOPE = _words("timestamp ordinal type payload")

_CONTENT = _words(
    "input_text output_text input_image text summary_text refusal input_audio input_file encrypted_content"
)


def unknown(record: Mapping[str, Any]) -> Iterator[str]:
    """The names in `record` that nobody looked at yet: `type:x`, `field:x`, `item:x`, `event:x`, `block:x`."""
    kind = record.get("type")
    if "payload" not in record:
        if record.get("record_type") == "state" or (kind is None and "id" in record):
            return
        yield from _item(record)
        return
    if not isinstance(kind, str) or kind not in LINES:
        yield f"type:{name(kind)}"
        return
    yield from (f"field:{name(key)}" for key in record if key not in _ENVELOPE)
    payload = record["payload"]
    if not isinstance(payload, Mapping):
        yield f"payload:{type(payload).__name__}"
    elif kind == "response_item":
        yield from _item(payload)
    elif kind == "event_msg":
        inner = payload.get("type")
        if not isinstance(inner, str) or inner not in EVENTS:
            yield f"event:{name(inner)}"


def _item(item: Mapping[str, Any]) -> Iterator[str]:
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in ITEMS:
        yield f"item:{name(kind)}"
    elif kind == "message":
        content = item.get("content")
        for block in content if isinstance(content, list) else []:
            inner = block.get("type") if isinstance(block, Mapping) else None
            if not isinstance(inner, str) or inner not in _CONTENT:
                yield f"block:{name(inner)}"
