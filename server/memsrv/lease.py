"""A lease: what one process of a home does at a time, and another takes over when it ends, however it ends.

The lock is the truth, and the kernel drops it with its process. The file beside it says who holds the lease and how it
goes; it may be left over. Knows nothing of what is done under the lease.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout


class Lease:
    """`<name>.lock` and `<name>.json` in `folder`. One process may hold it once; not to be shared by threads."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / f"{name}.json"
        self._lock_file = folder / f"{name}.lock"
        self._lock = FileLock(self._lock_file, thread_local=False, mode=0o600)

    def take(self) -> bool:
        """Whether this process holds the lease now. Never waits; OSError where the lock cannot be made."""
        if self._lock.is_locked:
            return True
        self._lock_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def give_back(self) -> None:
        """Let another take it, and say nothing more; nothing to do where this process does not hold it."""
        if self._lock.is_locked:
            self.file.unlink(missing_ok=True)
            self._lock.release()

    def held(self) -> bool:
        """Whether any process holds it."""
        if self._lock.is_locked:
            return True
        if not self._lock_file.exists():
            return False
        probe = FileLock(self._lock_file)
        try:
            probe.acquire(timeout=0)
        except Timeout:
            return True
        probe.release()
        return False

    def say(self, facts: Mapping[str, Any]) -> None:
        """What everybody may know of it: the file is replaced in one step, and is the owner's alone."""
        descriptor, part = tempfile.mkstemp(prefix=f".{self.file.name}.", dir=self.file.parent)  # 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            written.write(json.dumps(facts) + "\n")
        Path(part).replace(self.file)

    def said(self) -> dict[str, Any]:
        """What was last said; {} where nothing was, or nothing that can be read."""
        try:
            found = json.loads(self.file.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
