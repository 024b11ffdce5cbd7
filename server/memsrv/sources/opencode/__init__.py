"""OpenCode: `~/.local/share/opencode/opencode.db`, before it the folder `storage/`, and what `opencode export` wrote.

Kilo Code, which since 2026 is made from it, has the same database as `~/.local/share/kilo/kilo.db`. Files only; each
form has a module, and all three give the same session with the same ids. A session that a newer form has is not read
from the older one, which stands still.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import Snapshot, SnapshotSource, databases
from memsrv.sources.machine import Machine
from memsrv.sources.opencode import database, export, tree
from memsrv.sources.opencode.reader import snapshot

__all__ = ["OpenCode"]

_TABLE = re.compile(
    rb"CREATE TABLE (?:IF NOT EXISTS )?[`\"']?(?:message|part)[`\"']?\s*\(.{0,400}?session_id", re.DOTALL
)
_DATABASE = re.compile(r"(?:opencode|kilo)[\w.-]*\.db")
_EXPORT = re.compile(rb'\s*\{\s*"info"\s*:\s*\{\s*"id"\s*:\s*"ses')
_OTHER = re.compile(rb'\s*\{\s*"session"\s*:\s*\{[^{}]*"parentSessionId"\s*:')
_PART = re.compile(rb'\s*\{\s*"id"\s*:\s*"[^"]*"\s*,(?:\s*"sessionID"\s*:\s*"[^"]*"\s*,)?\s*"messageID"\s*:\s*"')


class OpenCode(SnapshotSource):
    name = "opencode"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.data("opencode"), machine.data("kilo"))

    def discover(self, root: Path) -> Sequence[Path]:
        patterns = ("opencode*.db", "kilo*.db", "storage/session/*/*.json", "project/*/storage/session/info/*.json")
        found = {path for pattern in patterns for path in root.glob(pattern)}
        found.update(path for pattern in patterns for path in root.glob(f"opencode/{pattern}"))
        found.update(path for pattern in patterns for path in root.glob(f"kilo/{pattern}"))
        found.update(path for path in root.glob("session/*/*.json"))
        return sorted(path for path in found if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        if head.startswith(databases.MAGIC):
            return bool(_DATABASE.fullmatch(path.name)) or bool(_TABLE.search(head))
        if path.suffix != ".json":
            return False
        if _EXPORT.match(head) or _OTHER.match(head):
            return True
        if tree.is_session(path) or tree.is_within(path):
            return _belongs(path, head)
        return False

    def log_of(self, path: Path) -> Path:
        return tree.log_of(databases.log_of(path))

    def signature(self, log: Path) -> tuple[int, ...]:
        if log.suffix != ".json":
            return databases.signature(log)
        return tree.signature(log) if tree.is_session(log) else super().signature(log)

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        log = self.log_of(path)
        if log.suffix != ".json":
            for session in database.sessions(log, marks):
                yield snapshot(session)
        elif not tree.is_session(log):
            held = export.held(log)
            if marks.get(held.session) != held.mark:
                yield snapshot(held)
        elif marks.get(log.stem) != tree.mark(log) and not _moved(log):
            yield snapshot(tree.held(log))


def _moved(log: Path) -> bool:
    """Whether a newer form holds this session."""
    held_by = sorted(tree.Place(log).data.glob("opencode*.db"))
    return tree.superseded(log) or any(database.holds(path, log.stem) for path in held_by)


def _belongs(path: Path, head: bytes) -> bool:
    """Whether a document of the storage folder is what its place says: a session's, a message's or a part's."""
    try:
        record: Any = json.loads(head)
    except (ValueError, RecursionError):
        return bool(_PART.match(head)) and tree.is_within(path)  # a part may be longer than its head
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return False
    if tree.is_session(path):
        return (
            isinstance(record.get("time"), dict)
            and "messages" not in record
            and bool({"title", "directory", "version", "projectID"} & set(record))
        )
    if isinstance(record.get("messageID"), str):
        return isinstance(record.get("type"), str)
    return isinstance(record.get("sessionID"), str) and record.get("role") in ("user", "assistant")
