"""GitHub Copilot CLI: `~/.copilot/session-state/<id>/events.jsonl`, and the documents that versions before it wrote.

Files only; what their records mean is `reader.py` and `history.py`. The chats of Copilot in VS Code are `vscode`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import LineSource, Snapshot, SnapshotSource
from memsrv.sources.copilot import history
from memsrv.sources.copilot.reader import CopilotReader
from memsrv.sources.copilot.vocabulary import BARE_TYPES, known
from memsrv.sources.copilot.workspace import workspace
from memsrv.sources.fields import string
from memsrv.sources.heads import outline
from memsrv.sources.machine import Machine

__all__ = ["Copilot", "CopilotHistory"]


def _folders(machine: Machine) -> Sequence[Path]:
    home = machine.named("COPILOT_HOME", machine.home / ".copilot")
    return (home / "session-state", home / "history-session-state")


class Copilot(LineSource):
    name = "copilot"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return _folders(machine)

    def discover(self, root: Path) -> Sequence[Path]:
        folder = root if root.name == "session-state" else root / "session-state"
        return sorted(path for glob in ("*/events.jsonl", "*.jsonl") for path in folder.glob(glob) if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        if path.suffix != ".jsonl":
            return False
        for line in head.split(b"\n")[:20]:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                return _looks_like_a_record(record)
        return re.match(rb'\s*\{"type":\s*"session\.start"', head) is not None  # longer than the head

    def session_id(self, path: Path) -> str:
        return path.parent.name if path.name == "events.jsonl" and path.parent.name else path.name.split(".")[0]

    def reader(self, path: Path, state: Mapping[str, Any]) -> CopilotReader:
        return CopilotReader(session=self.session_id(path), facts=workspace(path), state=state)


def _looks_like_a_record(record: Mapping[str, Any]) -> bool:
    kind = record.get("type")
    if isinstance(record.get("data"), dict) and "payload" not in record and ("id" in record or "timestamp" in record):
        return known(kind)
    return string(kind) in BARE_TYPES and ("session_id" in record or "prompt" in record)


class CopilotHistory(SnapshotSource):
    """The documents of the versions that kept one for each session."""

    name = "copilot"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return _folders(machine)

    def discover(self, root: Path) -> Sequence[Path]:
        folder = root if root.name == "history-session-state" else root / "history-session-state"
        return sorted(path for path in folder.glob("*.json") if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        seen = outline(head)
        if path.suffix != ".json" or seen.opening != "{" or "workspaceDirectory" in seen.keys:
            return False
        if {"timeline", "chatMessages"} & seen.keys:
            return "sessionId" in seen.keys
        return "history" in seen.keys and bool({"workspacePath", "session_id"} & seen.keys or _told(head))

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        return history.snapshots(path, marks)


def _told(head: bytes) -> bool:
    """Whether a document of which the head shows no more than the history's beginning has this history's entries."""
    return re.match(rb'\s*\{\s*"history":\s*\[\s*\{\s*"role":\s*"(?:human|user|assistant)"', head) is not None
