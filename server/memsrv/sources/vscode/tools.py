"""A tool's use in a VS Code chat: what was asked stands with the model's rounds, how it ended with what was shown.

The two name the same call alike since 2025; older chats are paired by order where both have as many. Knows no events.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memsrv.records import Outcome
from memsrv.sources import calls, endings
from memsrv.sources.calls import Edit, Span, path_of
from memsrv.sources.fields import mapping, plain, string

#: Of the reasons why a call was confirmed or not.
_REFUSALS = {0: "isConfirmed: denied", 5: "isConfirmed: skipped"}
_FAILED = re.compile(r"\s*ERROR(?: while calling tool)?:")
_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Round:
    """One call of the model's, and what it was given back."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    result: str | None


@dataclass(frozen=True, slots=True)
class Ending:
    outcome: Outcome
    grounds: str | None = None
    exit_code: int | None = None
    error: str | None = None


def rounds(metadata: Mapping[str, Any]) -> list[Round]:
    results = mapping(metadata.get("toolCallResults"))
    made = []
    told = metadata.get("toolCallRounds")
    for turn in told if isinstance(told, list) else []:
        asked = mapping(turn).get("toolCalls")
        for call in asked if isinstance(asked, list) else []:
            id = string(mapping(call).get("id")) or ""
            tool = (string(mapping(call).get("name")) or "?")[:100]
            made.append(Round(id, tool, _arguments(mapping(call).get("arguments")), _result(results.get(id))))
    return made


def paired(parts: Sequence[Mapping[str, Any]], made: Sequence[Round]) -> tuple[dict[int, Round], list[Round]]:
    """Which round each shown part (by its place) belongs to, and the rounds that nothing was shown of."""
    rest = list(made)
    found: dict[int, Round] = {}
    shown = [place for place, part in enumerate(parts) if part.get("kind") == "toolInvocationSerialized"]
    for place in shown:
        match = next((round for round in rest if _same(parts[place].get("toolCallId"), round.id)), None)
        if match is not None:
            found[place] = match
            rest.remove(match)
    for place, part in enumerate(parts):
        if part.get("kind") == "textEditGroup":
            path = path_of(part.get("uri"))
            match = next((round for round in rest if path and path in _edited(round)), None)
            if match is not None:
                found[place] = match
                rest.remove(match)
    if shown and not any(place in found for place in shown) and len(shown) == len(rest):
        return found | dict(zip(shown, rest, strict=True)), []
    return found, rest


def _same(shown: Any, id: str) -> bool:
    return isinstance(shown, str) and bool(shown) and (shown == id or shown == id.partition("__vscode")[0])


def _edited(round: Round) -> tuple[str, ...]:
    return tuple(path for path, _, _ in calls.call(round.tool, round.arguments).edits)


def refused(part: Mapping[str, Any]) -> str | None:
    """The grounds on which a shown call is one that the user refused."""
    confirmed = part.get("isConfirmed")
    if confirmed is False:
        return "isConfirmed: false"
    reason = _whole(mapping(confirmed).get("type"))
    return _REFUSALS.get(reason) if reason is not None else None


def ending(part: Mapping[str, Any], text: str, *, command: str | None, told: bool, stopped: bool) -> Ending | None:
    """How a shown call ended; None while it has not. `told`: the model was given its result."""
    code = _whole(mapping(mapping(part.get("toolSpecificData")).get("terminalCommandState")).get("exitCode"))
    if code is not None:
        return _exited(code, text, command)
    details = part.get("resultDetails")
    if mapping(details).get("isError") is True:
        return Ending(Outcome.FAILURE, "isError", error=endings.error_class(text))
    if part.get("isComplete") is not True and not told:
        return Ending(Outcome.PARTIAL, "request cancelled", error="interrupted") if stopped else None
    return _told(text, command)


def ending_of_round(round: Round, command: str | None) -> Ending:
    return _told(round.result or "", command)


def _told(text: str, command: str | None) -> Ending:
    if _FAILED.match(text):
        return Ending(Outcome.FAILURE, "tool error", error=endings.error_class(text))
    if command is not None:  # that it is complete does not tell how it ended
        return Ending(Outcome.UNKNOWN)
    return Ending(Outcome.SUCCESS, "a result without an error")


def _exited(code: int, text: str, command: str | None) -> Ending:
    if code == 0:
        return Ending(Outcome.SUCCESS, "exit code 0", 0)
    if code == 1 and endings.asks(command or "") and not text.strip():
        return Ending(Outcome.PARTIAL, "exit code 1", 1)
    return Ending(Outcome.FAILURE, f"exit code {code}", code, endings.error_class(text, code))


def command(part: Mapping[str, Any]) -> str | None:
    """The command line that was run, as the user left it."""
    data = mapping(part.get("toolSpecificData"))
    if data.get("kind") != "terminal":
        return None
    line = mapping(data.get("commandLine"))
    return next(
        (line[key] for key in ("userEdited", "toolEdited", "original") if string(line.get(key))),
        string(data.get("command")),
    )


def given(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments, where the shown call has them."""
    data = mapping(part.get("toolSpecificData"))
    raw = data.get("rawInput")
    return raw if isinstance(raw, Mapping) else _arguments(mapping(part.get("resultDetails")).get("input"))


def printed(part: Mapping[str, Any]) -> str | None:
    """What the shown call gave back, where it tells."""
    output = mapping(mapping(part.get("toolSpecificData")).get("terminalCommandOutput")).get("text")
    if isinstance(output, str):
        return plain(output).replace("\r\n", "\n")
    told = mapping(part.get("resultDetails")).get("output")
    if isinstance(told, str):
        return told
    if isinstance(told, list):
        return "\n".join(text for item in told for text in (_shown(item),) if text)
    return None


def _shown(item: Any) -> str | None:
    if mapping(item).get("isText") is False:  # base64
        return None
    return string(mapping(item).get("value"))


def edits(part: Mapping[str, Any]) -> tuple[tuple[Edit, ...], tuple[Span, ...]]:
    """What a group of text edits wrote, and where it stands now."""
    path = path_of(part.get("uri"))
    if path is None:
        return (), ()
    made: list[Edit] = []
    spans: list[Span] = []
    for edit in _flat(part.get("edits"), 0):
        text, place = edit.get("text"), mapping(edit.get("range"))
        if not isinstance(text, str):
            continue
        made.append((path, "", text))
        first = _whole(place.get("startLineNumber"))
        if first is not None and first > 0:
            spans.append((path, first, first + text.rstrip("\n").count("\n")))
    return tuple(made), tuple(spans)


def _flat(edits: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if isinstance(edits, Mapping):
        yield edits
    elif isinstance(edits, list) and depth < 4:
        for edit in edits:
            yield from _flat(edit, depth + 1)


def _arguments(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str) and given.lstrip().startswith("{"):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {"input": given}
    elif isinstance(given, str) and given:
        return {"input": given}
    return mapping(given)


def _result(told: Any) -> str | None:
    content = mapping(told).get("content")
    if not isinstance(content, list):
        return None
    return "".join(text for item in content for text in _texts(mapping(item).get("value"), 0))


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The words of a result, which may be a tree of elements."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth < _DEPTH:
        if isinstance(value.get("text"), str):
            yield ("\n" if value.get("lineBreakBefore") is True else "") + value["text"]
        yield from _texts(value.get("node"), depth + 1)
        children = value.get("children")
        for child in children if isinstance(children, list) else []:
            yield from _texts(child, depth + 1)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**32 else None
