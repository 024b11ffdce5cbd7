"""What a model answered, kept as it answers: a kill costs the batch it fell in, and nothing is put to a model twice.

A line a batch: the hash of who was asked what, and what came of it. Weights are in that hash, so answers of another
candidate are never taken for those of this one. Knows nothing of models; of questions it keeps no word.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from memsrv_consolidation.teachers import journal

Found = TypeVar("Found")


class Kept:
    """The answers in `path`. `weights` says by each respondent's name what it is: its hashes, its base among them."""

    def __init__(self, path: Path, weights: Mapping[str, object]) -> None:
        self._path, self._weights = path, weights
        rows, _ = journal.read(path)
        self._found = {row["hash"]: row["found"] for row in rows if "hash" in row and "found" in row}

    def once(self, name: str, asked: object, answer: Callable[[], Found]) -> Found:
        """What `name` answered to `asked`, which may be JSON; of what was never asked, what it answers now."""
        put = json.dumps([self._weights[name], asked], sort_keys=True)
        hash = hashlib.sha256(put.encode()).hexdigest()
        if hash not in self._found:
            found = answer()
            journal.append(self._path, {"hash": hash, "found": found})
            self._found[hash] = found
        kept: Found = self._found[hash]
        return kept
