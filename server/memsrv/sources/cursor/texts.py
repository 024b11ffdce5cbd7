"""Agent transcripts as Cursor wrote them until early 2026: `<session>.txt`, for reading rather than for programs.

Nothing tells where a thought ends and the answer begins: the line that opens a thought is dropped, what follows it is
kept as the answer. Results are named, not told. Another of Cursor's logs may tell the session, too, and better.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LogFacts, Snapshot, SnapshotSource, UnreadableLineError
from memsrv.sources.cursor import messages, projects
from memsrv.sources.cursor.composer import title
from memsrv.sources.cursor.said import said
from memsrv.sources.cursor.transcripts import found_below
from memsrv.sources.fields import plain
from memsrv.sources.machine import Machine
from memsrv.sources.marks import mark

_SPEAKER = re.compile(r"(user|assistant|A):(?: (.*))?")
_MARKER = re.compile(r"\[(Thinking|Tool call|Tool result)\] ?(.*)")
_ARGUMENT = re.compile(r"  ([A-Za-z_]\w{0,59}): ?(.*)")


class CursorTexts(SnapshotSource):
    name = "cursor"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.home / ".cursor" / "projects",)

    def discover(self, root: Path) -> Sequence[Path]:
        return found_below(root, ".txt")

    def owns(self, path: Path, head: bytes) -> bool:
        if path.suffix != ".txt":
            return False
        first = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip().split("\n", 1)[0].rstrip()
        if not _SPEAKER.fullmatch(first):
            return False
        return projects.TRANSCRIPTS in path.parts or (first == "user:" and b"<user_query>" in head)

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        original = projects.session_of(path)
        session = f"text-{original}"
        data = path.read_bytes()
        if not data.strip():
            raise UnreadableLineError("it is empty")
        now = mark([data])
        if marks.get(session) == now:
            return
        text = plain(data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n"))
        cwd, parent = projects.trusted(path), projects.parent_of(path)
        unknown: Counter[str] = Counter()
        blank = Event("", session, EventType.NOTE, Trust.TOOL, cwd=cwd, sidechain=parent is not None)
        found = list(_events(text, blank, unknown))
        if cwd is None:
            paths = (place for event in found for place in (*event.paths, *((event.cwd,) if event.cwd else ())))
            cwd = projects.folder_among(path, paths)
        events: list[Event] = []
        for place, event in enumerate(found):
            last = events[-1].id if events else None
            events.append(replace(event, id=event.id or f"{session}:{place}", parent=last, cwd=event.cwd or cwd))
        times = [event.time for event in events if event.time]
        prompt = next((event.text for event in events if event.type is EventType.PROMPT), None)
        facts = LogFacts(
            cwd=cwd,
            title=title(prompt.splitlines()[0]) if prompt else None,
            started=min(times, default=None),
            ended=max(times, default=None),
            parent=parent,
            original=original,
        )
        yield Snapshot(session, now, facts, tuple(events), dict(unknown))


def _events(text: str, blank: Event, unknown: Counter[str]) -> Iterator[Event]:
    asked: Counter[str] = Counter()
    for speaker, lines in _turns(text.split("\n")):
        if speaker == "user":
            words = said("\n".join(lines))
            whole = "\n".join(lines).strip()
            if words.unknown == "user:untagged":  # the oldest have no tags at all
                words = replace(words, text=whole, unknown=None)
            yield from messages.prompts(words, whole, replace(blank, time=words.time), unknown, asked)
        else:
            yield from _answers(lines, blank)


def _turns(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    speaker, held = "", list[str]()
    inside = False  # a query may have lines that look like a speaker's
    for line in lines:
        opened = None if inside else _SPEAKER.fullmatch(line)
        if opened:
            if speaker:
                yield speaker, held
            speaker, held = opened[1], [opened[2]] if opened[2] else []
        else:
            held.append(line)
        if speaker == "user":
            opens, closes = line.rfind("<user_query>"), line.rfind("</user_query>")
            inside = (inside or opens >= 0) and closes <= opens if closes >= 0 else inside or opens >= 0
    if speaker:
        yield speaker, held


def _answers(lines: Sequence[str], blank: Event) -> Iterator[Event]:
    prose: list[str] = []
    tool: str | None = None
    arguments: dict[str, str] = {}
    key: str | None = None

    def told() -> Iterator[Event]:
        words = "\n".join(prose).strip()
        if words:
            yield replace(blank, type=EventType.REPLY, trust=Trust.ASSISTANT, text=words)

    for line in lines:
        marker = _MARKER.match(line)
        if tool is not None and marker is None and line:
            if argument := _ARGUMENT.match(line):
                key = argument[1]
                arguments[key] = argument[2]
            elif key is not None:  # an argument of several lines
                arguments[key] += "\n" + line
            continue
        if tool is not None and (marker or not line):
            yield messages.called(blank, tool=tool, given=arguments, call=None)
            tool, arguments, key = None, {}, None
        if marker is None:
            prose.append(line)
            continue
        yield from told()
        prose = []
        if marker[1] == "Tool call":
            tool = marker[2].strip() or "?"
    if tool is not None:
        yield messages.called(blank, tool=tool, given=arguments, call=None)
    yield from told()
