"""An append-only file of JSON lines: what is in it was on the disk before the next thing happened.

A line that a crash cut off is ended and left: what it would have said did not happen. Knows nothing of what lines mean.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Write `row` as one line of the 0600 file `path`, and wait until it is on the disk."""
    data = json.dumps(row, ensure_ascii=True).encode() + b"\n"
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        if size:
            os.lseek(file, size - 1, os.SEEK_SET)
            if os.read(file, 1) != b"\n":
                data = b"\n" + data
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    finally:
        os.close(file)


def read(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The whole rows from byte `offset` on, and the offset behind the last whole line; what is not JSON is left out."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], 0
    whole = data[: data.rfind(b"\n") + 1]
    rows = []
    for line in whole.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows, offset + len(whole)
