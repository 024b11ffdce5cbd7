"""The editor's bubbles to Events: a bubble is what a human typed, what the model said, or one call of a tool.

A tool's bubble holds its call and, when it has ended, its result. What the model thought is dropped. Knows nothing of
where bubbles are kept or how they follow each other.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import calls
from memsrv.sources.cursor import contents, tools
from memsrv.sources.cursor.drift import BUBBLE_FIELDS, STATUSES
from memsrv.sources.fields import instant, mapping, name, plain, string

_AT_WORK = frozenset({None, "loading", "running", "pending", "streaming", "created", "started", "in_progress"})
_SUMMARIZED = 22  # the capability of a bubble that only marks where the context was cut


@dataclass(frozen=True, slots=True)
class Blocks:
    """What became of the code blocks that a composer suggested: by file address, then by version."""

    states: Mapping[str, Any]

    def of(self, block: Mapping[str, Any]) -> Mapping[str, Any]:
        address = string(mapping(block.get("uri")).get("external")) or ""
        versions = self.states.get(address)
        for state in versions if isinstance(versions, list) else []:
            if isinstance(state, Mapping) and state.get("version") == block.get("version"):
                return state
        return {}


NO_BLOCKS = Blocks({})


def is_at_work(bubble: Mapping[str, Any]) -> bool:
    """Whether the bubble's tool has not ended yet, so that the bubble will be written again."""
    data = mapping(bubble.get("toolFormerData"))
    return bool(data) and _is_call(data) and string(data.get("status")) in _AT_WORK


def events(
    bubble: Mapping[str, Any],
    blank: Event,
    unknown: Counter[str],
    blocks: Blocks = NO_BLOCKS,
    files: contents.Lookup = contents.nowhere,
) -> list[Event]:
    """The bubble's events; `blank` has the bubble's id, session, and what else is common to them."""
    unknown.update(f"field:{name(field)}" for field in bubble if field not in BUBBLE_FIELDS)
    kind = bubble.get("type")
    blank = replace(blank, time=_time(bubble) or blank.time)
    if bubble.get("isDisplayOnly") is True or bubble.get("isEphemeral") is True:
        return []  # drawn, and no part of the conversation
    if kind in (1, "user"):
        found = list(_human(bubble, blank))
    elif kind in (2, "ai", "assistant"):
        found = list(_model(bubble, blank, unknown, blocks, files))
    else:
        unknown[f"bubble:{kind if isinstance(kind, int) else name(kind)}"] += 1
        return []
    return [
        event if not place else replace(event, id=f"{blank.id}#{place}", parent=blank.id, tokens=None)
        for place, event in enumerate(found)
    ]


def text(bubble: Mapping[str, Any]) -> str:
    return plain(string(bubble.get("text")) or _rich(bubble.get("richText")) or "").strip()


def _human(bubble: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    words = text(bubble)
    if not words or bubble.get("isNudge") is True:
        return
    if blank.sidechain:  # one agent's words to another
        yield replace(blank, type=EventType.NOTE, trust=Trust.ASSISTANT, text=words)
    else:
        yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=words)


def _model(
    bubble: Mapping[str, Any], blank: Event, unknown: Counter[str], blocks: Blocks, files: contents.Lookup
) -> Iterator[Event]:
    blank = replace(blank, model=_model_name(bubble) or blank.model, tokens=_tokens(bubble))
    words = "" if bubble.get("isThought") is True else text(bubble)
    if not words and bubble.get("capabilityType") == _SUMMARIZED:
        yield replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND, model=None, tokens=None)
    if words:
        yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=words)
    data = mapping(bubble.get("toolFormerData"))
    if _is_call(data):
        yield from _call(data, blank, unknown, files)
    suggested = bubble.get("codeBlocks")
    for block in suggested if isinstance(suggested, list) else []:
        if isinstance(block, Mapping) and (state := blocks.of(block)):
            yield from _suggestion(block, state, blank)


def _is_call(data: Mapping[str, Any]) -> bool:
    """A human's bubble, too, may have an empty record of a call."""
    return bool(data.get("name") or data.get("toolCallId") or data.get("tool"))


def _call(data: Mapping[str, Any], blank: Event, unknown: Counter[str], files: contents.Lookup) -> Iterator[Event]:
    tool = tools.name(data)
    inputs = (data.get("rawArgs"), data.get("params"))
    made = _as_edited(tools.call(tool, *inputs), mapping(tools.decoded(data.get("result"))), files)
    event = replace(
        blank, tool=tool, call=string(data.get("toolCallId")) or blank.id, cwd=tools.folder(*inputs) or blank.cwd
    )
    yield replace(
        event,
        type=EventType.TOOL_CALL,
        trust=tools.call_trust(tool),
        text=plain(made.text),
        command=made.command,
        paths=made.paths,
        edits=made.edits,
        spans=made.spans,
        child=_child(tool, data),
    )
    status = string(data.get("status"))
    if status not in STATUSES and status not in _AT_WORK:
        unknown[f"status:{name(status)}"] += 1
    ended = tools.of_editor(tool, data, made.command)
    if ended is None:
        return
    if ended.outcome is Outcome.REJECTED:
        yield replace(
            event,
            type=EventType.REJECTION,
            trust=Trust.HUMAN,
            text=ended.text,
            outcome=ended.outcome,
            grounds=ended.grounds,
        )
        return
    yield replace(
        event,
        type=EventType.TOOL_RESULT,
        trust=tools.result_trust(tool),
        text=ended.text,
        outcome=ended.outcome,
        grounds=ended.grounds,
        exit_code=ended.exit_code,
        error=ended.error,
    )


def _as_edited(made: calls.Call, result: Mapping[str, Any], files: contents.Lookup) -> calls.Call:
    """The call with what it did to its file: later versions of the editor no longer write that into the call."""
    if not made.paths:
        return made
    edits, spans = contents.change(made.paths[0], result, files)
    if any(old for _, old, _ in made.edits):  # the model's own words say as much
        edits = made.edits
    return replace(made, edits=edits or made.edits, spans=spans or made.spans)


_VERDICTS = {"accepted": Outcome.SUCCESS, "rejected": Outcome.REJECTED, "cancelled": Outcome.PARTIAL}


def _suggestion(block: Mapping[str, Any], state: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    """An edit as composers of 2024 made it: suggested in a reply, and then taken or refused by the human."""
    path = calls.path_of(block.get("uri")) or calls.path_of(state.get("uri"))
    if path is None:
        return
    event = replace(blank, tool="codeBlock", call=f"{blank.id}:{path}:{block.get('version')}", paths=(path,))
    content = string(state.get("content")) or ""
    edits = ((path, "", content),) if content else ()
    yield replace(event, type=EventType.TOOL_CALL, trust=Trust.ASSISTANT, text=path, edits=edits)
    status = string(state.get("status")) or ""
    outcome = _VERDICTS.get(status)
    if outcome is Outcome.REJECTED:
        yield replace(event, type=EventType.REJECTION, trust=Trust.HUMAN, outcome=outcome, grounds="user rejected")
    elif outcome is not None:
        yield replace(
            event,
            type=EventType.TOOL_RESULT,
            trust=Trust.TOOL,
            outcome=outcome,
            grounds="user accepted" if outcome is Outcome.SUCCESS else f"status: {status}",
            error="interrupted" if outcome is Outcome.PARTIAL else None,
        )


def _child(tool: str, data: Mapping[str, Any]) -> str | None:
    if not tool.lower().startswith("task"):
        return None
    for place in (mapping(data.get("additionalData")), mapping(tools.decoded(data.get("result")))):
        for key in ("subagentComposerId", "composerId", "agentId"):
            if found := string(place.get(key)):
                return found
    return None


def _model_name(bubble: Mapping[str, Any]) -> str | None:
    info = mapping(bubble.get("modelInfo"))
    return (
        tools.model(info.get("modelName"))
        or tools.model(bubble.get("modelName"))
        or tools.model(bubble.get("modelType"))
    )


def _tokens(bubble: Mapping[str, Any]) -> int | None:
    count = mapping(bubble.get("tokenCount")).get("outputTokens")
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 2**40 else None


def _time(bubble: Mapping[str, Any]) -> str | None:
    timing = mapping(bubble.get("timingInfo"))
    for value in (bubble.get("createdAt"), timing.get("clientStartTime"), timing.get("clientRpcSendTime")):
        # Some versions count from the window's start instead of from 1970.
        is_time = isinstance(value, str) or (isinstance(value, int | float) and value > 1e11)
        if is_time and (found := instant(value)):
            return found
    return None


def _rich(value: Any) -> str:
    """The words of the editor's own rich text: a tree of JSON, whose leaves are text and line breaks."""
    if not isinstance(value, str) or not value.startswith("{"):
        return ""
    try:
        return "".join(_leaves(mapping(json.loads(value)).get("root"))).strip()
    except (ValueError, RecursionError):
        return ""


def _leaves(node: Any) -> Iterator[str]:
    fields = mapping(node)
    if fields.get("type") == "linebreak":
        yield "\n"
    if found := string(fields.get("text")):
        yield found
    children = fields.get("children")
    for child in children if isinstance(children, list) else []:
        yield from _leaves(child)
    if fields.get("type") == "paragraph":
        yield "\n"
