"""Conversations as Cursor kept them in 2024: whole, in a few values of the database of the window they were held in.

The same exchange of a question and its answer may stand in several of them, for a composer was copied when it was taken
up again, and shown as a chat too. It is told once, in the conversation that had it first.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LogFacts, Lost, Snapshot, databases
from memsrv.sources.cursor import bubbles
from memsrv.sources.cursor.bubbles import Blocks
from memsrv.sources.cursor.composer import title
from memsrv.sources.fields import instant, mapping, plain, string
from memsrv.sources.marks import Occurrences, digest

COMPOSERS = "composer.composerData"
CHATS = "workbench.panel.aichat.view.aichat.chatdata"
PROMPTS = "aiService.prompts"
KEYS = (COMPOSERS, CHATS, PROMPTS)

Bubble = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Conversation:
    id: str
    bubbles: tuple[Bubble, ...]
    blocks: Blocks
    created: str | None
    updated: str | None
    title: str | None
    aborted: bool


def snapshots(
    connection: databases.Database, path: Path, folder: str | None, elsewhere: frozenset[str], marks: Mapping[str, str]
) -> Iterator[Snapshot]:
    """`elsewhere`: composers that the editor's own database has by now."""
    window = f"window-{digest(path.parent.name)[:16]}"
    values, lost = _values(connection)
    composers = [one for one in _list(values.get(COMPOSERS), "allComposers") if one.get("composerId") not in elsewhere]
    conversations = sorted((_composer(one) for one in composers), key=lambda one: (one.created is None, one.created))
    conversations += [_tab(one) for one in _list(values.get(CHATS), "tabs")]
    told: dict[str, tuple[str, str]] = {}
    asked: set[str] = set()
    for conversation in conversations:
        asked |= {bubbles.text(bubble) for bubble in conversation.bubbles if _is_question(bubble)}
        if not conversation.id:
            continue
        unknown: Counter[str] = Counter()
        events, parent = _events(conversation, told, folder, unknown)
        times = [event.time for event in events if event.time]
        facts = LogFacts(
            cwd=folder,
            title=conversation.title,
            started=conversation.created,
            ended=conversation.updated or max(times, default=conversation.created),
            parent=parent,
        )
        mark = digest([repr(event) for event in events], repr(facts), dict(unknown))
        if events and marks.get(conversation.id) != mark:
            yield Snapshot(conversation.id, mark, facts, tuple(events), dict(unknown))
    # A window that lists composers without their words keeps these elsewhere; its prompts are theirs.
    whole = not elsewhere and any(one.bubbles for one in conversations)
    whole = whole and all(isinstance(one.get("conversation"), list) for one in composers)
    alone = list(_alone(values.get(PROMPTS), window, asked, folder)) if whole else []
    mark = digest([repr(event) for event in alone], folder, [repr(one) for one in lost])
    if (alone or lost) and marks.get(window) != mark:
        yield Snapshot(window, mark, LogFacts(cwd=folder), tuple(alone), {}, tuple(lost))


def _values(connection: databases.Database) -> tuple[dict[str, Any], list[Lost]]:
    values: dict[str, Any] = {}
    lost: list[Lost] = []
    for key, row, value in connection.execute(
        "SELECT key, rowid, value FROM ItemTable WHERE key IN (?, ?, ?)", KEYS
    ).fetchall():
        try:
            values[key] = json.loads(value)
        except (TypeError, ValueError, RecursionError) as error:
            reason = f"column {error.colno}" if isinstance(error, json.JSONDecodeError) else "its form"
            lost.append(Lost(row, f"{key} is not JSON: {reason}"))
    return values, lost


def _list(value: Any, key: str) -> list[Mapping[str, Any]]:
    found = mapping(value).get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _composer(one: Mapping[str, Any]) -> _Conversation:
    return _Conversation(
        string(one.get("composerId")) or "",
        tuple(_list(one, "conversation")),
        Blocks(mapping(one.get("codeBlockData"))),
        instant(one.get("createdAt")),
        instant(one.get("lastUpdatedAt")),
        title(one.get("name")),
        one.get("status") == "aborted",
    )


def _tab(one: Mapping[str, Any]) -> _Conversation:
    return _Conversation(
        string(one.get("tabId")) or "",
        tuple(_list(one, "bubbles")),
        bubbles.NO_BLOCKS,
        None,
        instant(one.get("lastSendTime")),
        title(one.get("chatTitle")),
        aborted=False,
    )


def _events(
    conversation: _Conversation, told: dict[str, tuple[str, str]], folder: str | None, unknown: Counter[str]
) -> tuple[list[Event], str | None]:
    """What is this conversation's own, and the conversation that it went on from."""
    found: list[Event] = []
    last: str | None = None
    origin: str | None = None
    occurrences = Occurrences()
    for place, exchange in enumerate(_exchanges(conversation.bubbles)):
        key = occurrences.name([(_is_question(bubble), bubbles.text(bubble)) for bubble in exchange])
        answered = any(not _is_question(bubble) and bubbles.text(bubble) for bubble in exchange)
        if answered and key in told and told[key][0] != conversation.id:
            source, last = told[key]
            origin = origin or source
            continue
        for index, bubble in enumerate(exchange):
            given = string(bubble.get("bubbleId")) or string(bubble.get("id"))
            id = given or digest(place, index, bubbles.text(bubble))
            blank = Event(
                id=f"{conversation.id}:{id}",
                session=conversation.id,
                type=EventType.NOTE,
                trust=Trust.TOOL,
                time=conversation.created if not place and not index else None,
                cwd=folder,
                parent=last,
            )
            events = bubbles.events(bubble, blank, unknown, conversation.blocks)
            found += events
            last = events[-1].id if events else last
        if answered and last:
            told.setdefault(key, (conversation.id, last))
    if found and conversation.aborted:
        found.append(
            Event(f"{last}:aborted", conversation.id, EventType.INTERRUPT, Trust.HUMAN, cwd=folder, parent=last)
        )
    return found, origin if found else None


def _exchanges(given: tuple[Bubble, ...]) -> Iterator[list[Bubble]]:
    exchange: list[Bubble] = []
    for bubble in given:
        if _is_question(bubble) and exchange:
            yield exchange
            exchange = []
        exchange.append(bubble)
    if exchange:
        yield exchange


def _is_question(bubble: Bubble) -> bool:
    return bubble.get("type") in (1, "user")


def _alone(value: Any, window: str, asked: set[str], folder: str | None) -> Iterator[Event]:
    """Prompts of which only the words were kept: those for one line of code, or of a conversation that was deleted."""
    occurrences = Occurrences()
    last: str | None = None
    for one in value if isinstance(value, list) else []:
        words = plain(string(mapping(one).get("text")) or "").strip()
        if words and words not in asked:
            id = f"{window}:{occurrences.name(words)}"
            yield Event(id, window, EventType.PROMPT, Trust.HUMAN, words, cwd=folder, parent=last)
            last = id
