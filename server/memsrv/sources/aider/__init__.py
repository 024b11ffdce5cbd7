"""Aider: `.aider.chat.history.md` in a project, to which every session is appended, one after the other.

A turn has no end mark, so the file's last prompt or reply may grow. Hence snapshots: a session is read whole whenever
its text has changed (in practice the last one), and is searchable up to its last full block at once. A session's id is
its start and a hash of its opening, which a copy, a renamed folder or a shortened file leaves alone.
`.aider.input.history`, prompts alone, is read only where no chat history stands beside it.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from memsrv.records import Event, EventType
from memsrv.sources import LogFacts, Snapshot, SnapshotSource
from memsrv.sources.aider import typing_history
from memsrv.sources.aider.blocks import Block, blocks, ends_marked_lines
from memsrv.sources.aider.session import Telling
from memsrv.sources.fields import instant
from memsrv.sources.machine import Machine

__all__ = ["Aider"]

_CHAT = ".aider.chat.history.md"
_INPUT = ".aider.input.history"
_START = re.compile(rb"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*\Z")
_STARTED = re.compile(rb"^# aider chat started at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*$", re.MULTILINE)
_MARKED = re.compile(rb"^(?:#### \S|> \S)", re.MULTILINE)

#: What may become a mark, or the start of the next session.
_MARK = re.compile(r"#{1,4} ?|>|# a.*")


class Aider(SnapshotSource):
    name = "aider"

    def folders(self, machine: Machine) -> Sequence[Path]:
        """Only a history that the environment places outside the projects."""
        named = machine.environment.get("AIDER_CHAT_HISTORY_FILE", "")
        return (Path(named),) if Path(named).is_absolute() else ()

    def within(self, project: Path) -> Sequence[Path]:
        chat, typed = project / _CHAT, project / _INPUT
        return (chat,) if chat.is_file() else (typed,) if typed.is_file() else ()

    def discover(self, root: Path) -> Sequence[Path]:
        return (root,) if root.is_file() else self.within(root)

    def owns(self, path: Path, head: bytes) -> bool:
        if path.name == _INPUT:
            return typing_history.begins(head) and not path.with_name(_CHAT).exists()
        if path.name == _CHAT:
            return bool(_MARKED.search(head) or _STARTED.search(head))
        return path.suffix == ".md" and bool(_STARTED.search(head)) and not head.lstrip().startswith(b"<!--")

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        cwd = str(path.parent) if path.name in (_CHAT, _INPUT) else None
        if path.name == _INPUT:
            yield from typing_history.snapshots(path, marks, cwd)
            return
        read = {mark: session for session, mark in marks.items()}
        given: set[str] = set()
        with path.open("rb") as file:
            for passage in _passages(file):
                if passage.mark in read:
                    given.add(read[passage.mark])
                elif (snapshot := passage.snapshot(cwd, given)) is not None:
                    given.add(snapshot.session)
                    yield snapshot


@dataclass(frozen=True, slots=True)
class _Passage:
    """The lines of one session, its start first; a file that was cut may begin within a session."""

    lines: tuple[bytes, ...]
    last: bool = False  # in its file: it may grow

    @property
    def mark(self) -> str:
        digest = hashlib.sha256(b"".join(self.lines)).hexdigest()[:32]
        return f"{digest}-last" if self.last else digest

    def snapshot(self, cwd: str | None, taken: set[str]) -> Snapshot | None:
        """None where nothing happened: Aider was started and left."""
        lines = [line.decode("utf-8", "replace").rstrip("\r\n") for line in self.lines]
        start = _START.match(self.lines[0])
        started = instant(start[1].decode()) if start else None
        telling = Telling(started, cwd, begun=start is None)
        telling.read(self._blocks(lines[1:] if start else lines))
        if not telling.events:
            return None
        session = self._id(telling.events[0], started, taken)
        events = tuple(_named(event, session) for event in telling.events)
        title = next((event.text for event in events if event.type is EventType.PROMPT), None)
        facts = LogFacts(
            cwd=cwd,
            title=" ".join(title.split())[:200] if title else None,
            started=started,
            version=telling.version,
        )
        return Snapshot(session, self.mark, facts, events, dict(telling.unknown))

    def _blocks(self, lines: list[str]) -> list[Block]:
        """Without what is still being written at the file's end: half of it would pass for somebody else's words."""
        marked = ends_marked_lines(lines)
        if self.last and lines and not self.lines[-1].endswith(b"\n"):
            before = lines[:-1]
            if marked or _MARK.fullmatch(lines[-1]) or not blocks(before, marked=marked):  # the first words name it
                lines = before
        found = blocks(lines, marked=marked)
        if marked and self.last and found and found[-1].kind == "text":
            reply = found[-1].text
            if lines[-1].strip() or reply.count("<<<<<<< SEARCH") > reply.count(">>>>>>> REPLACE"):
                return found[:-1]  # Aider ends a reply with an empty line
        return found

    def _id(self, first: Event, started: str | None, taken: set[str]) -> str:
        """From the lines before the first event and that event's own first line: they do not change any more."""
        opening = int(first.id[1:].split(".")[0]) + (2 if started else 1)
        digest = hashlib.sha256(b"\n".join(line.strip() for line in self.lines[:opening])).hexdigest()[:12]
        when = re.sub(r"[-:]", "", started[:19]) if started else "unstarted"
        id, copies = f"{when}-{digest}", 1
        while id in taken:  # started twice in a second, with the same words
            copies += 1
            id = f"{when}-{digest}-{copies}"
        return id


def _named(event: Event, session: str) -> Event:
    return replace(
        event,
        id=f"{session}{event.id}",
        session=session,
        call=f"{session}{event.call}" if event.call else None,
    )


def _passages(lines: Iterable[bytes]) -> Iterator[_Passage]:
    held: list[bytes] = []
    for line in lines:
        if line.startswith(b"# aider chat") and _START.match(line) and held:
            yield _Passage(tuple(held))
            held = []
        held.append(line)
    if held:
        yield _Passage(tuple(held), last=True)
