"""Results as long as an agent's client takes them: the longest strings of a record give way first, in their middle.

A client refuses what is longer, and the agent gets nothing: Claude Code beyond 25,000 tokens, and warns from 10,000 on
(https://docs.claude.com/en/docs/claude-code/mcp, MAX_MCP_OUTPUT_TOKENS). Knows nothing of what the strings mean.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from memsrv.layout import one_line, printable

#: Characters of an error: who asked for an id of a megabyte is not told all of it.
_SENTENCE = 1_000
#: Characters of a result's JSON: below 25,000 tokens for code, too, of which one is three characters or more.
LIMIT = 60_000
#: No string is cut below this, and each that is cut says so in about as much.
_LEAST = 60


def sentence(error: object) -> str:
    """An error as an agent is told it: one line, whose end, which says what to do, always stands."""
    words = printable(one_line(str(error)))
    return words if len(words) <= _SENTENCE else str(_cut(words, _SENTENCE - _LEAST))


def fitted(value: Any, limit: int = LIMIT) -> Any:
    """`value`, JSON-ready, with its longest strings cut to one length, so that it takes about `limit` characters."""
    excess = len(json.dumps(value, ensure_ascii=False)) - limit
    return value if excess <= 0 else _cut(value, _longest(sorted(_lengths(value), reverse=True), excess))


def _longest(lengths: list[int], excess: int) -> int:
    """How long a string may be, if all longer ones are cut to it and `excess` characters are gone then."""
    whole = 0
    for count, (length, shorter) in enumerate(zip(lengths, [*lengths[1:], 0], strict=True), 1):
        whole += length
        level = (whole - excess) // count - _LEAST
        if level >= shorter:
            return max(level, _LEAST)
    return _LEAST


def _lengths(value: Any) -> Iterator[int]:
    if isinstance(value, str):
        yield len(value)
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _lengths(item)


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, str) and len(value) > longest + _LEAST:
        last = longest // 4
        first = longest - last
        return f"{value[:first]} [… {len(value) - longest} characters left out …] {value[-last:]}"
    if isinstance(value, Mapping):
        return {name: _cut(item, longest) for name, item in value.items()}
    return [_cut(item, longest) for item in value] if isinstance(value, list) else value
