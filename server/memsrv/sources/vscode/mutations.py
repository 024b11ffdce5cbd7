"""VS Code's log of changes to one object, applied: the object as it stands after the last line.

`{kind: 0, v}` is the object itself, `{kind: 1, k, v}` sets what stands at the path `k`, `{kind: 2, k, v, i}` appends
to an array (cut to its first `i` elements before), `{kind: 3, k}` takes away. Knows nothing of chats.
"""

from collections.abc import Iterator
from typing import Any

from memsrv.sources import Lost, UnreadableLineError
from memsrv.sources.fields import records


class _NowhereError(ValueError):
    """A change of something that is not there."""


def replayed(content: bytes, lost: list[Lost]) -> Any:
    """The object; changes that cannot be applied are `lost`, by line. UnreadableLineError without a first object."""
    state: Any = None
    for number, line in _lines(content):
        try:
            for entry in records(line):
                if entry.get("kind") == 0:
                    state = entry.get("v")
                elif state is None:
                    raise UnreadableLineError("a log of changes without the object that they change")
                else:
                    _apply(state, entry)
        except UnreadableLineError as error:
            if state is None:
                raise
            if line.endswith(b"\n"):  # else it is still being written
                lost.append(Lost(number, str(error)))
        except _NowhereError as error:
            lost.append(Lost(number, str(error)))
    if state is None:
        raise UnreadableLineError("an empty log of changes")
    return state


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    start, number = 0, 1
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end + 1
        yield number, content[start:end]
        start, number = end, number + 1


def _apply(state: Any, entry: Any) -> None:
    kind, path = entry.get("kind"), entry.get("k")
    if kind not in (1, 2, 3) or not isinstance(path, list) or not path:
        raise UnreadableLineError("a change of a kind that is not known")
    around = state
    for step in path[:-1]:
        around = _inside(around, step)
    if kind == 2:
        _append(around, path[-1], entry)
    elif isinstance(around, dict):
        if kind == 1 and "v" in entry:
            around[str(path[-1])] = entry["v"]
        else:  # `undefined` cannot be written as JSON
            around.pop(str(path[-1]), None)
    elif isinstance(around, list) and _is_index(path[-1]) and path[-1] <= len(around):
        if path[-1] == len(around):
            around.append(entry.get("v"))
        else:
            around[path[-1]] = entry.get("v") if kind == 1 else None
    else:
        raise _NowhereError("a change of something that is not there")


def _append(around: Any, step: Any, entry: Any) -> None:
    if isinstance(around, dict) and around.get(str(step)) is None:
        around[str(step)] = []
    array, more, kept = _inside(around, step), entry.get("v"), entry.get("i")
    if not isinstance(array, list) or not isinstance(more, list | None):
        raise _NowhereError("an addition to something that is no array")
    if _is_index(kept):
        del array[kept:]
    array += more or []


def _inside(around: Any, step: Any) -> Any:
    if isinstance(around, dict) and str(step) in around:
        return around[str(step)]
    if isinstance(around, list) and _is_index(step) and step < len(around):
        return around[step]
    raise _NowhereError("a change of something that is not there")


def _is_index(step: Any) -> bool:
    return isinstance(step, int) and not isinstance(step, bool) and step >= 0
