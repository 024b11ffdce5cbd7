"""`.aider.input.history`: what a human typed to Aider, with the time of each, and nothing of what came of it.

Aider writes it beside the chat history, and it holds the same words; it is read where that is switched off.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LogFacts, Snapshot
from memsrv.sources.aider import commands
from memsrv.sources.fields import instant, plain

_TIME = re.compile(r"# (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\s*\Z")
_ENTRY = re.compile(rb"\s*# \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\r?\n\+")
#: Answers to Aider's questions stand among the prompts.
_ANSWERS = frozenset(("y", "n", "a", "s", "d", "yes", "no", "all", "skip"))


def begins(head: bytes) -> bool:
    return bool(_ENTRY.match(head))


def snapshots(path: Path, marks: Mapping[str, str], cwd: str | None) -> Iterator[Snapshot]:
    """One session a day, for the file does not tell where one ends."""
    days: dict[str, list[tuple[str, str]]] = {}
    for time, text in _entries(path.read_bytes().decode("utf-8", "replace")):
        days.setdefault(time[:10], []).append((time, text))
    for day, typed in days.items():
        opening = hashlib.sha256("\n".join(typed[0]).encode("utf-8", "replace")).hexdigest()[:12]
        session = f"typed-{day.replace('-', '')}-{opening}"
        mark = hashlib.sha256(repr(typed).encode("utf-8", "replace")).hexdigest()[:32]
        events = tuple(_event(session, number, *entry, cwd) for number, entry in enumerate(typed) if _told(entry[1]))
        if events and marks.get(session) != mark:
            title = next((event.text for event in events if event.type is EventType.PROMPT), None)
            facts = LogFacts(
                cwd=cwd,
                title=" ".join(title.split())[:200] if title else None,
                started=events[0].time,
                ended=events[-1].time,
            )
            yield Snapshot(session, mark, facts, events)


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """(time, words); the last entry is left out while its last line has no end."""
    time, held = "", list[str]()
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            return
        if line.startswith("+"):
            held.append(line[1:].rstrip("\r\n"))
            continue
        if held:
            yield time, "\n".join(held)
            held = []
        if stamp := _TIME.match(line):
            time = instant(stamp[1]) or time
    if held:
        yield time, "\n".join(held)


def _told(text: str) -> bool:
    return text.strip().lower() not in _ANSWERS and commands.typed(text.strip()).kind in ("speaks", "command", "ran")


def _event(session: str, number: int, time: str, text: str, cwd: str | None) -> Event:
    said = commands.typed(text.strip())
    speaks, ran = said.kind == "speaks", said.kind == "ran"
    return Event(
        id=f"{session}#{number}",
        session=session,
        type=EventType.PROMPT if speaks else EventType.COMMAND,
        trust=Trust.COMMAND if ran else Trust.HUMAN,
        text=plain(said.text),
        time=time or None,
        tool=said.name if ran else None,
        command=said.command if ran else None if speaks else plain(said.text),
        paths=said.paths,
        cwd=cwd,
    )
