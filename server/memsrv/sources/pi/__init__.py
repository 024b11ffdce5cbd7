"""Pi: `~/.pi/agent/sessions/--<folder>--/<time>_<id>.jsonl`, a header and then the entries of a tree.

Files only; what their lines mean is `reader.py`. The folder's name cannot be inverted: the header has the path.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import LineSource
from memsrv.sources.machine import Machine
from memsrv.sources.pi.reader import PiReader

__all__ = ["Pi"]


class Pi(LineSource):
    name = "pi"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.named("PI_CODING_AGENT_DIR", machine.home / ".pi" / "agent") / "sessions",)

    def discover(self, root: Path) -> Sequence[Path]:
        sessions = root if root.name == "sessions" else root / "sessions"
        if not any(part == ".pi" for part in sessions.parts) and not any(sessions.glob("--*--")):
            return ()
        return sorted(path for path in sessions.glob("**/*.jsonl") if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        """By the header: a session with an id, a folder and a format version, which no other agent writes so."""
        if path.suffix != ".jsonl":
            return False
        try:
            record = json.loads(head.split(b"\n", 1)[0])
        except (ValueError, RecursionError):
            return False
        return (
            isinstance(record, dict)
            and record.get("type") == "session"
            and all(isinstance(record.get(field), str) for field in ("id", "cwd", "timestamp"))
            and "payload" not in record
        )

    def session_id(self, path: Path) -> str:
        return path.stem.split("_", 1)[-1]

    def reader(self, path: Path, state: Mapping[str, Any]) -> PiReader:
        return PiReader(session=self.session_id(path), state=state)
