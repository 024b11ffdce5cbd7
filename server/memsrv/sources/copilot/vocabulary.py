"""What of Copilot CLI's events is known; all else is counted by name, so that drift is seen. A table, no behaviour."""

from typing import Any

from memsrv.sources.fields import words

#: Records of which nothing is kept, or whose words another record repeats.
_PASSED_BY = words(
    """
    session.idle session.info session.warning session.mode_changed session.plan_changed session.todos_changed
    session.workspace_file_changed session.shutdown session.usage_info session.usage_checkpoint session.task_complete
    session.remote_steerable_changed session.compaction_start session.snapshot_rewind session.tools_updated
    session.background_tasks_changed session.skills_loaded session.custom_agents_updated session.mcp_servers_loaded
    session.mcp_server_status_changed session.extensions_loaded session.permissions_changed session.context_cleared
    session.import_legacy session.schedule_created session.schedule_cancelled session.limits_changed
    assistant.turn_start assistant.turn_end assistant.reasoning assistant.reasoning_delta assistant.intent
    assistant.usage assistant.message_delta assistant.message_start assistant.streaming_delta assistant.idle
    assistant.tool_call_delta pending_messages.modified tool.execution_partial_result tool.execution_progress
    tool.search_activated skill.invoked subagent.started subagent.configured subagent.completed subagent.failed
    subagent.selected subagent.deselected hook.start hook.end hook.progress system.message system.notification
    user_input.requested user_input.completed elicitation.requested elicitation.completed sampling.requested
    sampling.completed mcp.oauth_required mcp.oauth_completed external_tool.requested external_tool.completed
    command.queued command.execute command.completed commands.changed capabilities.changed exit_plan_mode.requested
    exit_plan_mode.completed model.call_failure model.call_finished binary.asset
    """
)
_READ = words(
    """
    session.start session.resume session.context_changed session.model_change session.title_changed session.error
    session.truncation session.compaction_complete session.handoff user.message assistant.message tool.user_requested
    tool.execution_start tool.execution_complete permission.requested permission.completed abort
    """
)
FIELDS = words("type id parentId timestamp data ephemeral agentId")
#: What hooks call the same, with all fields beside `type`.
BARE_TYPES = {
    "userpromptsubmitted": "user.message",
    "assistantresponse": "assistant.message",
    "user.message": "user.message",
    "assistant.message": "assistant.message",
}


def known(kind: Any) -> bool:
    return isinstance(kind, str) and (kind in _READ or kind in _PASSED_BY)
