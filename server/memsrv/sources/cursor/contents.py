"""What an edit made of a file: the editor keeps the file as it was before and after, each under a key of its own.

Knows the two keys in an edit's result, not where their values are kept.
"""

from collections.abc import Callable, Mapping
from typing import Any

from memsrv.sources.calls import Edit, Span
from memsrv.sources.fields import plain, string

#: The text under a key; None where it is not kept, or too long.
Lookup = Callable[[str], str | None]

PREFIX = "composer.content."
_BEFORE, _AFTER = "beforeContentId", "afterContentId"
IDS = frozenset({_BEFORE, _AFTER})


def nowhere(key: str) -> str | None:
    """For conversations from before files were kept."""
    return None


def change(path: str, result: Mapping[str, Any], lookup: Lookup) -> tuple[tuple[Edit, ...], tuple[Span, ...]]:
    """The one stretch of lines that is another after the edit than before, and where it stands now."""
    before, after = (_kept(result.get(id), lookup) for id in (_BEFORE, _AFTER))
    if before is None or after is None or before == after:
        return (), ()
    old, new = before.split("\n"), after.split("\n")
    shorter = min(len(old), len(new))
    first = next((place for place in range(shorter) if old[place] != new[place]), shorter)
    same = next((place for place in range(shorter - first) if old[-1 - place] != new[-1 - place]), shorter - first)
    gone, come = old[first : len(old) - same], new[first : len(new) - same]
    edit = (path, plain("\n".join(gone)), plain("\n".join(come)))
    return (edit,), ((path, first + 1, first + len(come)),) if come else ()


def _kept(key: Any, lookup: Lookup) -> str | None:
    name = string(key)
    return lookup(name) if name is not None and name.startswith(PREFIX) else None
