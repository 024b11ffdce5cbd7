"""What stands in a cell or a line, for every page of tables."""

from collections.abc import Mapping
from typing import Any

from memsrv.layout import one_line
from memsrv.outline import outline
from memsrv.terminal import say

Json = Mapping[str, Any]


def record(result: Json) -> None:
    """Any record with what hangs on it, as indented lines; what is empty is left out."""
    say(outline(result))


def counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def cut(text: str, length: int) -> str:
    line = one_line(text)
    return line if len(line) <= length else line[: length - 1] + "…"


def size(bytes: int) -> str:
    return f"{bytes / (1 << 30):.1f} GiB" if bytes >= 1 << 30 else f"{bytes / (1 << 20):.0f} MiB"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def text(value: object) -> str | None:
    return None if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
