"""Where the threads of one Codex home lie, and which thread a fork began with: looked up in the files beside a log."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memsrv.sources.fields import mapping, string

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.I)
_SAFE = re.compile(r"[\w-]{1,80}\Z")
PLACES = ("sessions", "archived_sessions")
_HEAD_BYTES = 1 << 20
_GENERATIONS = 32


def thread_of(path: Path) -> str:
    """The thread's id by the file's name: the same for `.jsonl`, `.jsonl.zst` and a moved file."""
    stem = path.name.removesuffix(".zst").removesuffix(".jsonl")
    found = _UUID.search(stem)
    return found[0].lower() if found else stem


def home_of(path: Path) -> Path | None:
    """The Codex home that holds `path`."""
    return next((folder.parent for folder in path.parents if folder.name in PLACES), None)


def rollout_of(home: Path | None, thread: str) -> Path | None:
    """The rollout of `thread`, while it is there."""
    if home is None or not _SAFE.match(thread):
        return None
    for place in PLACES:
        for path in (home / place).glob(f"**/rollout-*{thread}.jsonl*"):
            return path
    return None


def origin(path: Path, thread: str) -> str:
    """The thread whose words stand first in `thread`: a fork of a fork begins with the first one's."""
    home = home_of(path)
    for _ in range(_GENERATIONS):
        rollout = rollout_of(home, thread)
        before = string(_meta(rollout).get("forked_from_id")) if rollout else None
        if before is None or before == thread:
            return thread
        thread = before
    return thread


def _meta(path: Path) -> Mapping[str, Any]:
    if path.suffix != ".jsonl":
        return {}
    try:
        with path.open("rb") as file:
            return mapping(mapping(json.loads(file.readline(_HEAD_BYTES))).get("payload"))
    except (OSError, ValueError, RecursionError):
        return {}
