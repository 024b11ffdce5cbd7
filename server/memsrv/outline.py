"""Any JSON-ready value as indented lines for a reader, human or model; what is empty is left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from memsrv.layout import one_line


def outline(value: Any, indent: str = "") -> str:
    if isinstance(value, Mapping):
        rows = []
        for name, item in value.items():
            if item in (None, "", [], {}, ()):
                continue
            if _nested(item):
                rows.append(f"{indent}{name}:\n{outline(item, indent + '  ')}")
            else:
                rows.append(f"{indent}{name}: {outline(item)}")
        return "\n".join(rows)
    if _nested(value):
        return "\n".join(f"{indent}- {outline(item, indent + '  ').strip()}" for item in value)
    return f"{indent}{one_line(str(value))}"


def _nested(value: object) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str)
