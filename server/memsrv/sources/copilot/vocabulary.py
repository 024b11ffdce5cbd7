"""What of Copilot CLI's events is known, SDK 1.0.14 included; all else is counted by name, so that drift is seen.

A table, no behaviour.
"""

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
    exit_plan_mode.completed model.call_failure model.call_finished binary.asset session.binary_asset
    assistant.server_tool_progress assistant.fusion_phase_started assistant.fusion_phase_activity
    assistant.fusion_phase_completed assistant.fusion_phase_failed auto_mode_switch.requested
    auto_mode_switch.completed factory.run_started factory.run_updated factory.run_settled
    mcp.headers_refresh_required mcp.headers_refresh_completed mcp.tools.list_changed mcp.resources.list_changed
    mcp.prompts.list_changed mcp_app.tool_call_complete session.auto_mode_resolved session.auto_tier_recommendation
    session.auto_tier_switch_failed session.autopilot_objective_changed session.canvas.opened session.canvas.closed
    session.canvas.recorded session.canvas.removed session.canvas.unavailable session.canvas.registry_changed
    session.completion_receipt session.custom_notification session.extensions.attachments_pushed
    session.fusion_resolved session.fusion_route_started session.fusion_route_failed session.fusion_completed
    session.managed_settings_resolved session.managed_settings_enforced session.mcp_server_needs_reconnect
    session.mcp_server_removed session.mode_notice_delivered session.schedule_rearmed
    session.session_limits_changed session_limits_exhausted.requested session_limits_exhausted.completed
    tool_search.activated ui.ephemeral_query
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
