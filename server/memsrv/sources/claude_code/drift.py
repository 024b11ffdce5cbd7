"""What of Claude Code's format is known, version 1.0 to 2.1; all else is counted by name, so that drift is seen.

A table, no behaviour: a new name here means that somebody looked at it and decided how it is read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Records that stand in the conversation graph.
CHAINED = frozenset({"user", "assistant", "system", "attachment", "progress"})

TYPES = CHAINED | _words(
    """
    summary ai-title custom-title agent-name agent-color agent-setting tag last-prompt mode permission-mode pr-link
    queue-operation file-history-snapshot file-history-delta worktree-state content-replacement
    """
)

_FIELDS = _words(
    """
    type uuid parentUuid sessionId timestamp cwd gitBranch version isSidechain userType isMeta agentId slug
    entrypoint teamName logicalParentUuid requestId promptId permissionMode promptSource origin sourceToolUseID
    sourceToolAssistantUUID toolUseResult todos thinkingMetadata imagePasteIds effort isApiErrorMessage
    isCompactSummary isVisibleInTranscriptOnly message content level subtype toolUseID parentToolUseID data
    attachment compactMetadata summary leafUuid messageId snapshot isSnapshotUpdate operation lastPrompt durationMs
    hookCount hookInfos hookErrors preventedContinuation stopReason hasOutput cause error retryInMs retryAttempt
    maxRetries turnOrigin bashEditDiff toolDenialKind aiTitle customTitle title agentName agentColor agentSetting
    tag mode prNumber prUrl prRepository microcompactMetadata sessionKind isReplay apiErrorStatus apiError
    errorDetails mcpMeta messageCount url delta model agent workspace
    """
)

_SUBTYPES = _words(
    """
    compact_boundary microcompact_boundary api_error turn_duration stop_hook_summary local_command away_summary
    informational init bridge_status scheduled_task_fire memory_saved
    """
)

_ATTACHMENTS = _words(
    """
    hook_success hook_additional_context hook_blocking_error hook_system_message hook_non_blocking_error
    hook_cancelled skill_listing deferred_tools_delta agent_listing_delta mcp_instructions_delta todo_reminder
    task_reminder ultrathink_effort queued_command edited_text_file diagnostics instructions nested_memory file
    directory already_read_file compact_file_reference plan_mode plan_mode_exit plan_mode_reentry
    plan_file_reference invoked_skills command_permissions date_change opened_file_in_ide selected_lines_in_ide
    output_style critical_system_reminder async_hook_response task_status token_usage budget_usd mcp_resource
    structured_output auto_mode auto_mode_exit companion_intro dynamic_skill verify_plan_reminder relevant_memories
    """
)

_BLOCKS = _words(
    """
    text thinking redacted_thinking tool_use tool_result image document server_tool_use web_search_tool_result
    web_fetch_tool_result tool_reference
    """
)

_NAME = re.compile(r"[A-Za-z_][\w.-]{0,59}")


def unknown(record: Mapping[str, Any]) -> Iterator[str]:
    """The names in `record` that nobody looked at yet: `field:x`, `type:x`, `subtype:x`, `attachment:x`, `block:x`."""
    kind = record.get("type")
    if kind not in TYPES if isinstance(kind, str) else True:
        yield f"type:{_name(kind)}"
        return
    if not record.keys() <= _FIELDS:
        yield from (f"field:{_name(field)}" for field in record if field not in _FIELDS)
    if kind == "system":
        subtype = record.get("subtype")
        if subtype is not None and (not isinstance(subtype, str) or subtype not in _SUBTYPES):
            yield f"subtype:{_name(subtype)}"
    elif kind == "attachment":
        attachment = record.get("attachment")
        inner = attachment.get("type") if isinstance(attachment, Mapping) else None
        if not isinstance(inner, str) or inner not in _ATTACHMENTS:
            yield f"attachment:{_name(inner)}"
    elif kind in ("user", "assistant"):
        yield from _unknown_blocks(record.get("message"))


def _unknown_blocks(message: Any) -> Iterator[str]:
    if not isinstance(message, Mapping):
        yield "message:missing" if message is None else f"message:{type(message).__name__}"
        return
    content = message.get("content")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        yield "content:missing" if content is None else f"content:{type(content).__name__}"
        return
    for block in content:
        inner = block.get("type") if isinstance(block, Mapping) else None
        if not isinstance(inner, str) or inner not in _BLOCKS:
            yield f"block:{_name(inner)}"


def _name(value: Any) -> str:
    """A name fit to be stored and shown; a log's own text never is."""
    if value is None:
        return "missing"
    return value if isinstance(value, str) and _NAME.fullmatch(value) else "unnameable"
