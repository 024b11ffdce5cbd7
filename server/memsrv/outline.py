"""Any JSON-ready value as indented lines for a reader, human or model; what is empty is left out.

Of a search's result also what speaks against it, and why it is there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from memsrv.layout import one_line

#: What `why` says of a result that may not hold: it was superseded, is stale, or was said on another branch.
_AGAINST = ("superseded", "stale", "on branch")


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


def doubts(why: Iterable[str], successor: str | None = None) -> str:
    """Of the reasons of a result those for which it may not hold here and now; nothing where nothing is known."""
    said = [f"{one} by {successor}" if one == "superseded" and successor else one for one in why]
    return ", ".join(one for one in said if one.startswith(_AGAINST))


def place(hit: Mapping[str, Any]) -> str | None:
    """The session and turn of a result, as far as it has any: what was saved by hand is of none."""
    if not hit.get("session"):
        return None
    return f"session {hit['session']}" + ("" if hit.get("turn") is None else f" turn {hit['turn']}")


def matched(why: Iterable[str]) -> str:
    """Those that speak for it."""
    return ", ".join(one for one in why if not one.startswith(_AGAINST))
