"""What the command line agent's store and transcripts have in common: a message is a role and blocks of content."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from memsrv.records import Event, EventType, Trust
from memsrv.sources.cursor import tools
from memsrv.sources.cursor.said import Said, said
from memsrv.sources.fields import name, plain, string
from memsrv.sources.marks import digest

_THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning", "redacted-reasoning"})
_MEDIA = frozenset({"image", "file", "document"})


def blocks(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def asked(content: Any) -> tuple[Said, str]:
    """What a user message says, and all its text."""
    text = plain("\n".join(string(block.get("text")) or "" for block in blocks(content)))
    return said(text), text


def prompts(words: Said, text: str, blank: Event, unknown: Counter[str], asked: Counter[str]) -> Iterator[Event]:
    """`asked` counts what was asked before: a prompt is known by its words."""
    if words.summary:
        yield replace(blank, type=EventType.COMPACTION, trust=Trust.COMMAND)
        yield replace(blank, type=EventType.SUMMARY, trust=Trust.TOOL, text=words.summary)
    elif blank.sidechain:
        if given := words.text or text.strip():  # one agent's words to another
            yield replace(blank, type=EventType.NOTE, trust=Trust.ASSISTANT, text=given)
    elif words.text:
        key = digest(blank.session, " ".join(words.text.split()))
        asked[key] += 1
        id = key if asked[key] == 1 else digest(key, asked[key])
        yield replace(blank, id=id, type=EventType.PROMPT, trust=Trust.HUMAN, text=words.text)
    elif words.unknown:
        unknown[words.unknown] += 1


def linked(found: Iterable[Event], id: str, last: str | None) -> Iterator[Event]:
    """The events of one message, each with an id of its own, and after the one before it."""
    for place, event in enumerate(found):
        own = event.id if event.id != id else f"{id}#{place}" if place else id
        yield replace(event, id=own, parent=last)
        last = own


def answers(content: Any, blank: Event, unknown: Counter[str]) -> Iterator[Event]:
    """What the model said and which tools it called."""
    for block in blocks(content):
        kind = string(block.get("type"))
        if kind == "text":
            words = "\n".join(
                line for line in plain(string(block.get("text")) or "").splitlines() if line.strip() != "[REDACTED]"
            ).strip()
            if words:
                yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=words)
        elif kind in ("tool_use", "tool-call"):
            yield called(
                blank,
                tool=string(block.get("name")) or string(block.get("toolName")) or "?",
                given=block.get("input", block.get("args")),
                call=string(block.get("id")) or string(block.get("toolCallId")),
            )
        elif kind not in _THOUGHTS and kind not in _MEDIA:
            unknown[f"block:{name(block.get('type'))}"] += 1


def called(blank: Event, *, tool: str, given: Any, call: str | None) -> Event:
    made = tools.call(tool, given)
    return replace(
        blank,
        type=EventType.TOOL_CALL,
        trust=tools.call_trust(tool),
        tool=tool[:100],
        call=call,
        text=plain(made.text),
        command=made.command,
        paths=made.paths,
        edits=made.edits,
        spans=made.spans,
        cwd=tools.folder(given) or blank.cwd,
    )
