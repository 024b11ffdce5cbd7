"""One answer of a search, in the words of its source: the stretch that was asked for, who said it, where it stands."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from memsrv.layout import one_line
from memsrv.outline import doubts
from memsrv.recall.question import stem
from memsrv.records import Event, EventType, Memory, Trust

EXCERPT = 420


@dataclass(frozen=True, slots=True)
class Result:
    """With the words of its source, why it is there, and whether it still holds here."""

    id: str
    kind: str  # of a memory; "turn" for a turn
    text: str
    score: float
    session: str | None
    turn: int | None
    agent: str | None
    project: str
    time: str | None
    who: str  # "user", "assistant", "command", …
    why: tuple[str, ...]
    superseded_by: str | None = None
    stale: tuple[str, ...] = ()  # files that are gone, or do not hold what it says of them
    branch: str | None = None  # the other branch that it was said on


@dataclass(frozen=True, slots=True)
class Recalled:
    results: tuple[Result, ...]
    engine: str


def recall_lines(recalled: Recalled) -> list[str]:
    """The results for the recall block: dated, with who said it: `2026-11-03 user: "…"`; and what speaks against it."""
    lines = []
    for result in recalled.results:
        said = one_line(result.text)
        quoted = said if result.kind != "turn" else f'"{said}"'
        against = f"({found})" if (found := doubts(result.why)) else ""
        lines.append(" ".join(filter(None, [(result.time or "")[:10], f"{result.who}:", quoted, against])))
    return lines


def text_of_memory(memory: Memory, terms: Iterable[str]) -> str:
    quote = one_line(memory.evidence[0].quote) if memory.evidence else ""
    shown = memory.text if not quote or quote in memory.text else f'{memory.text} ("{excerpt(quote, terms, 200)}")'
    if not memory.trust.trainable:  # nobody who may instruct an agent said so
        return f'A {memory.trust} states, and nobody has checked: "{shown}"'
    return shown


def words_of(event: Event) -> str:
    if event.command and event.type in (EventType.TOOL_CALL, EventType.COMMAND):
        return f"$ {event.command}"
    if not event.text and event.paths:
        return f"{event.tool or event.type} {' '.join(event.paths)}"
    return event.text


def who(event: Event) -> str:
    if event.type in (EventType.PROMPT, EventType.REJECTION, EventType.INTERRUPT, EventType.COMMAND):
        return "user" if event.trust is not Trust.ASSISTANT else "assistant"
    if event.type is EventType.TOOL_CALL:
        return "command" if event.command else "assistant"
    return str(event.trust)


def excerpt(text: str, terms: Iterable[str], size: int) -> str:
    """The stretch of `text` that holds most of what was asked for."""
    line, wanted = one_line(text), set(terms)
    if len(line) <= size:
        return line
    begins = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(wanted)))})\w*", re.I)  # as stems are beginnings
    places = [m.start() for m in begins.finditer(line) if stem(m[0].casefold()) in wanted] if wanted else []
    if not places:
        return line[: size - 1] + "…"
    best = max(places, key=lambda start: (sum(1 for p in places if start <= p < start + size * 3 // 4), -start))
    start = max(0, min(best - size // 8, len(line) - size))
    return ("…" if start else "") + line[start : start + size - 2].strip() + ("…" if start + size < len(line) else "")
