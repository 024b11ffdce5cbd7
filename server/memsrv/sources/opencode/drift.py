"""What of OpenCode's format is known, versions 0.1 to 1.19, and of Kilo Code's to 7.4.

All else is counted by name, so that drift is seen. A table, no behaviour: a new name here means that somebody looked at
it and decided how it is read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memsrv.sources.fields import name


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SESSION = _words(
    """
    id slug version projectID workspaceID directory path title time parentID summary cost tokens share agent model
    metadata permission revert goal messageCount promptTokens completionTokens createdAt updatedAt parentSessionId
    """
)
#: Columns of the table `session`.
COLUMNS = _words(
    """
    id project_id workspace_id parent_id slug directory path title version share_url summary_additions
    summary_deletions summary_files summary_diffs cost tokens_input tokens_output tokens_reasoning tokens_cache_read
    tokens_cache_write revert permission goal agent model metadata time_created time_updated time_compacting
    time_archived current_state recent_progress fork_session_id fork_boundary time_suspended resume_attempts time_idle
    time_viewed idle_outcome
    """
)
_MESSAGE = _words(
    """
    id sessionID sessionId role time format summary agent model system tools error parentID modelID providerID mode
    path cost tokens structured variant finish parts createdAt finishedAt editorContext
    """
)
_PARTS = {
    "text": _words("text synthetic ignored time metadata"),
    "reasoning": _words("text time metadata"),
    "tool": _words("callID tool state metadata name"),
    "file": _words("mime filename url source"),
    "patch": _words("hash files"),
    "snapshot": _words("snapshot"),
    "step-start": _words("snapshot time"),
    "step-finish": _words("reason snapshot cost tokens model generationID vercelID metrics time"),
    "subtask": _words("prompt description agent model command"),
    "agent": _words("name source"),
    "retry": _words("attempt error time"),
    "compaction": _words("auto overflow tail_start_id summary"),
}
_EVERY_PART = _words("id sessionID messageID type")
_STATE = _words("status input raw output error title metadata time attachments")
_STATUS = _words("pending running completed error")


def session(info: Mapping[str, Any]) -> Iterator[str]:
    return (f"field:{name(field)}" for field in info if field not in _SESSION)


def message(info: Mapping[str, Any]) -> Iterator[str]:
    if info.get("role") not in ("user", "assistant"):
        yield f"role:{name(info.get('role'))}"
    yield from (f"field:{name(field)}" for field in info if field not in _MESSAGE)


def part(record: Mapping[str, Any]) -> Iterator[str]:
    """The names in a part that nobody looked at yet: `part:x`, `field:x`, `state:x`, `status:x`."""
    kind = record.get("type")
    known = _PARTS.get(kind) if isinstance(kind, str) else None
    if known is None:
        yield f"part:{name(kind)}"
        return
    yield from (f"field:{name(field)}" for field in record if field not in known and field not in _EVERY_PART)
    if kind == "tool":
        state = record.get("state")
        if not isinstance(state, Mapping):
            yield "state:missing" if state is None else f"state:{type(state).__name__}"
            return
        yield from (f"state:{name(field)}" for field in state if field not in _STATE)
        if not isinstance(state.get("status"), str) or state["status"] not in _STATUS:
            yield f"status:{name(state.get('status'))}"
