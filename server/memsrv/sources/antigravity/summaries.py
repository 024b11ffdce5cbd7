"""What Antigravity keeps of a conversation beside its transcript: the folder it is held in, and whose subagent it is.

`conversation_summaries.db`, and the command line's `history.jsonl`. Knows no steps.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from memsrv.sources import LogFacts, UnreadableLineError, databases
from memsrv.sources.calls import path_of
from memsrv.sources.fields import mapping, string
from memsrv.sources.marks import beside

_SUMMARY = "SELECT workspace_uris, parent_conversation_id FROM conversation_summaries WHERE conversation_id = ?"


def facts(home: Path, conversation: str) -> LogFacts:
    folder, parent = _summary(home / "conversation_summaries.db", conversation)
    return LogFacts(cwd=folder or _workspace(home / "history.jsonl", conversation), parent=parent)


def _summary(database: Path, conversation: str) -> tuple[str | None, str | None]:
    try:
        with databases.opened(database) as connection:
            row = connection.execute(_SUMMARY, (conversation,)).fetchone()
            uris, parent = row if row else (None, None)
            folders = json.loads(uris) if isinstance(uris, str) else []
    except (OSError, ValueError, RecursionError, UnreadableLineError):
        return None, None  # the commands tell the folder, too
    paths = (path_of(uri) for uri in (folders if isinstance(folders, list) else []))
    return next(filter(None, paths), None), string(parent)


def _workspace(history: Path, conversation: str) -> str | None:
    wanted = conversation.encode()
    for line in beside(history).split(b"\n"):
        if wanted in line:
            prompt = _record(line)
            if prompt.get("conversationId") == conversation and string(prompt.get("workspace")):
                return string(prompt.get("workspace"))
    return None


def _record(line: bytes) -> Mapping[str, object]:
    try:
        return mapping(json.loads(line))
    except (ValueError, RecursionError):
        return {}
