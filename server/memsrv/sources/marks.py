"""Names for what an agent left without one, and marks that tell whether its documents changed: hashes, no behaviour."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_WRITER = json.JSONEncoder(ensure_ascii=True, sort_keys=True, default=repr)


def digest(*parts: Any) -> str:
    """The same for the same parts, on every machine."""
    try:
        whole = _WRITER.encode(parts)
    except RecursionError:  # read at a shallower place than it is written at
        whole = f"too deep: {len(parts)}"
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


class Occurrences:
    """Tells equal records apart by how many came before, so that one that is inserted renames no other kind."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def name(self, *parts: Any) -> str:
        key = digest(*parts)
        self._seen[key] += 1
        return key if self._seen[key] == 1 else digest(key, self._seen[key])


def mark(contents: Iterable[bytes]) -> str:
    """Another one whenever any of the files' contents is."""
    whole = hashlib.sha256()
    for content in contents:
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()[:32]


def beside(path: Path, limit: int = 64 << 20) -> bytes:
    """The bytes of a companion file, or none: a log is read without what stands beside it."""
    try:
        return path.read_bytes() if path.stat().st_size <= limit else b""
    except (OSError, ValueError):  # ValueError: a log names it by what is no file's name
        return b""
