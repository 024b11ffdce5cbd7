"""Antigravity: `brain/<conversation>/.system_generated/logs/transcript_full.jsonl`, one line for each step.

The transcripts are all that can be read: `conversations/<conversation>.db` and `.pb` hold the same steps as protobuf
without a published schema. `transcript.jsonl` is the same with long texts cut, and is read where it stands alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from memsrv.sources import LineSource
from memsrv.sources.antigravity import summaries
from memsrv.sources.antigravity.steps import Steps
from memsrv.sources.machine import Machine

__all__ = ["Antigravity"]

_LOGS = (".system_generated", "logs")
_FULL, _CUT = "transcript_full.jsonl", "transcript.jsonl"
_HOMES = ("antigravity", "antigravity-ide", "antigravity-cli")


class Antigravity(LineSource):
    name = "antigravity"

    def folders(self, machine: Machine) -> Sequence[Path]:
        """The editor's, in both its names, and the command line's."""
        return tuple(machine.home / ".gemini" / home for home in _HOMES)

    def discover(self, root: Path) -> Sequence[Path]:
        brain = root if root.name == "brain" else root / "brain"
        folders = (folder.joinpath(*_LOGS) for folder in sorted(brain.glob("*")))
        return [log for folder in folders if (log := _transcript(folder)) is not None]

    def owns(self, path: Path, head: bytes) -> bool:
        if path.suffix != ".jsonl" or (path.name == _CUT and path.with_name(_FULL).exists()):
            return False
        if path.name not in (_FULL, _CUT) and _LOGS[0] in path.parts:  # pieces of a transcript that stands beside them
            return False
        try:
            record = json.loads(head.split(b"\n", 1)[0])
        except (ValueError, RecursionError):
            return b'"step_index"' in head[:200]  # a first line longer than the head
        return isinstance(record, dict) and {"step_index", "type", "source"} <= record.keys()

    def log_of(self, path: Path) -> Path:
        """A conversation's database changes with its transcript."""
        if path.parent.name != "conversations":
            return path
        return _transcript(path.parent.parent.joinpath("brain", path.name.split(".")[0], *_LOGS)) or path

    def session_id(self, path: Path) -> str:
        parts = path.parts
        return parts[-4] if len(parts) > 3 and parts[-3:-1] == _LOGS else f"{path.parent.name}-{path.stem}"

    def reader(self, path: Path, state: Mapping[str, Any]) -> Steps:
        placed = path.parts[-3:-1] == _LOGS
        session = self.session_id(path)
        if placed and not state and len(path.parts) > 5:
            state = {"facts": asdict(summaries.facts(path.parents[4], session))}
        return Steps(session=session, placed=placed, state=state)


def _transcript(folder: Path) -> Path | None:
    return next((log for log in (folder / _FULL, folder / _CUT) if log.is_file()), None)
