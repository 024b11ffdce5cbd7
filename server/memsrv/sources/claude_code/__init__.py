"""Claude Code: `~/.claude/projects/<slug>/<session>.jsonl`, its subagents' files beside, versions 1.0 to 2.1 and on.

Files only; what their lines mean is `reader.py`. The slug cannot be inverted, so it is never used as a project's name.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import LineSource
from memsrv.sources.claude_code.beside import Beside
from memsrv.sources.claude_code.history import NAME, ClaudeCodeHistory
from memsrv.sources.claude_code.reader import KNOWN_TYPES, ClaudeReader
from memsrv.sources.fields import string
from memsrv.sources.machine import Machine

__all__ = ["ClaudeCode", "ClaudeCodeHistory"]

_JOURNAL = "journal.jsonl"  # of a workflow: which step is done
#: The compaction's own run, and `/btw` questions: they repeat what the session says.
_ASIDE = re.compile(r"agent-(?:acompact|aside_question)")


class ClaudeCode(LineSource):
    name = "claude-code"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.named("CLAUDE_CONFIG_DIR", machine.home / ".claude") / "projects",)

    def owns(self, path: Path, head: bytes) -> bool:
        if not path.name.endswith((".jsonl", ".jsonl.zst")) or path.name in (NAME, _JOURNAL):
            return False
        for line in head.split(b"\n")[:50]:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and string(record.get("type")) in KNOWN_TYPES:
                return _looks_like_a_record(record)
        # A first line longer than the head is a prompt with an image; the folder tells then.
        return b'"sessionId"' in head and b'"parentUuid"' in head

    def discover(self, root: Path) -> Sequence[Path]:
        projects = root if root.name == "projects" else root / "projects"
        return sorted(path for path in projects.glob("*/**/*.jsonl") if path.name != _JOURNAL and path.is_file())

    def session_id(self, path: Path) -> str:
        return path.name.removesuffix(".zst").removesuffix(".jsonl")

    def reader(self, path: Path, state: Mapping[str, Any]) -> ClaudeReader:
        path = path.with_name(path.name.removesuffix(".zst"))
        parts = path.parts
        parent = parts[parts.index("subagents") - 1] if "subagents" in parts[1:] else None
        return ClaudeReader(
            session=self.session_id(path),
            subagent=path.stem.startswith("agent-"),
            parent=parent,
            aside=bool(_ASIDE.match(path.stem)),
            beside=Beside(path),
            state=state,
        )


def _looks_like_a_record(record: Mapping[str, Any]) -> bool:
    if str(record.get("agent", "claude_code")).replace("-", "_") != "claude_code":
        return False  # a viewer's copy of another agent's log
    if record["type"] in ("user", "assistant"):
        # Other agents use the same two words; only Claude Code wraps the API's message in an envelope.
        return isinstance(record.get("message"), dict) and "payload" not in record
    return "payload" not in record and "data" not in record
