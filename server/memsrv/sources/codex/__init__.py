"""Codex CLI: rollouts below `$CODEX_HOME/sessions`, the history of prompts beside them, and streams of `codex exec`.

Files only; what their lines mean is told by `rollout.py`, `history.py` and `stream.py`. Nothing else in Codex's home is
opened: its `auth.json` stands there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import LineSource, Reader
from memsrv.sources.codex import drift, stream, threads
from memsrv.sources.codex.history import CodexHistory
from memsrv.sources.codex.reader import CodexReader
from memsrv.sources.fields import string
from memsrv.sources.machine import Machine

__all__ = ["Codex", "CodexHistory"]


class Codex(LineSource):
    name = "codex"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.named("CODEX_HOME", machine.home / ".codex"),)

    def discover(self, root: Path) -> Sequence[Path]:
        inside = root.name in threads.PLACES or not any((root / place).is_dir() for place in threads.PLACES)
        places = (root,) if inside else (root / "sessions", root / "archived_sessions")
        found = {path for place in places for path in place.glob("**/rollout-*.jsonl*") if _is_log(path)}
        return sorted(found)

    def owns(self, path: Path, head: bytes) -> bool:
        if not path.name.endswith((".jsonl", ".jsonl.zst")):
            return False
        found = list(_records(head))
        if not found:  # a first line longer than the head: long instructions stand in it
            return b'"session_meta"' in head[:400] and b'"payload"' in head[:400]
        return stream.is_line(found[0]) or _is_rollout(found)

    def session_id(self, path: Path) -> str:
        return threads.thread_of(path)

    def reader(self, path: Path, state: Mapping[str, Any]) -> Reader:
        return CodexReader(path, state)


def _is_log(path: Path) -> bool:
    return path.name.endswith((".jsonl", ".jsonl.zst")) and path.is_file()


def _records(head: bytes) -> Iterator[Mapping[str, Any]]:
    for line in head.split(b"\n")[:20]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _is_rollout(found: Sequence[Mapping[str, Any]]) -> bool:
    for record in found:
        if "payload" in record:
            return string(record.get("type")) in drift.LINES and isinstance(record["payload"], dict)
    first = found[0]  # the first generation: a header of its own, then the API's items
    header = "type" not in first and "id" in first and "timestamp" in first
    return header and all(
        record.get("record_type") == "state" or string(record.get("type")) in drift.ITEMS for record in found[1:]
    )
