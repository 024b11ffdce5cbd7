"""The command line agent, `cursor-agent`: `~/.cursor/chats/<md5 of the folder>/<session>/store.db`, one session each.

Messages have neither times nor ids of their own: one is known by its hash and by how often it was said before. The
editor may tell the session, too, under the id that both give it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import LogFacts, Lost, Snapshot, SnapshotSource, UnreadableLineError, databases
from memsrv.sources.cursor import messages, projects, store, tools
from memsrv.sources.cursor.composer import title
from memsrv.sources.fields import document, instant, mapping, name, string
from memsrv.sources.machine import Machine
from memsrv.sources.marks import Occurrences, beside, digest


class CursorAgent(SnapshotSource):
    name = "cursor"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.home / ".cursor" / "chats",)

    def discover(self, root: Path) -> Sequence[Path]:
        chats = root if root.name == "chats" else root / "chats"
        if chats.absolute().parent.name != ".cursor":
            return ()
        return sorted(path for path in chats.glob("*/*/store.db") if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        if path.name != "store.db" or not head.startswith(databases.MAGIC):
            return False
        if b"TABLE blobs" in head and b"TABLE meta" in head:
            return True
        try:
            with databases.opened(path) as connection:
                return databases.tables(connection) >= {"blobs", "meta"}
        except (OSError, UnreadableLineError):
            return ".cursor" in path.absolute().parts

    def log_of(self, path: Path) -> Path:
        return databases.log_of(path)

    def signature(self, log: Path) -> tuple[int, ...]:
        return databases.signature(log)

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        session = f"cli-{path.absolute().parent.name}"
        with databases.opened(path) as connection:
            if not databases.tables(connection) >= {"blobs", "meta"}:
                raise UnreadableLineError("it has no tables of cursor-agent's")
            with databases.at_once(connection):
                about = store.meta(connection)
                (count,) = connection.execute("SELECT count(*) FROM blobs").fetchone()
                mark = digest(about, count)
                snapshot = None if marks.get(session) == mark else _read(connection, path, session, mark, about)
        if snapshot is not None:
            yield snapshot


def _read(connection: databases.Database, path: Path, session: str, mark: str, about: Mapping[str, Any]) -> Snapshot:
    aside = _aside(path)
    reading = _Reading(session, tools.model(about.get("lastUsedModel")), sidechain=aside.get("isSubagent") is True)
    for id in store.messages(connection):
        found = store.blob(connection, id)
        if found is None:
            reading.unknown["message:missing"] += 1
            continue
        row, data = found
        message = store.message(data)
        if message is None:
            reading.lost.append(Lost(row, "a message that is no JSON record with a role"))
        else:
            reading.take(id, message)
    candidates = [store.workspace(connection), string(aside.get("cwd")), string(about.get("cwd")), *reading.workspaces]
    folders = [folder for folder in candidates if folder]
    hashed = path.absolute().parent.parent.name
    cwd = next((one for one in folders if projects.is_of(Path(one), hashed)), folders[0] if folders else None)
    started = instant(about.get("createdAt")) or instant(aside.get("createdAtMs"))
    facts = LogFacts(
        cwd=cwd,
        title=title(about.get("name")) or title(aside.get("title")),
        started=started,
        ended=instant(aside.get("updatedAtMs")) or started,
        original=path.absolute().parent.name,
    )
    events = tuple(event if event.cwd else replace(event, cwd=cwd) for event in reading.events)
    return Snapshot(session, mark, facts, events, dict(+reading.unknown), tuple(reading.lost))


def _aside(path: Path) -> Mapping[str, Any]:
    data = beside(path.with_name("meta.json"), 1 << 20)
    try:
        return mapping(document(data)) if data else {}
    except UnreadableLineError:
        return {}


class _Reading:
    def __init__(self, session: str, model: str | None, *, sidechain: bool) -> None:
        self.events: list[Event] = []
        self.unknown: Counter[str] = Counter()
        self.lost: list[Lost] = []
        self.workspaces: list[str] = []
        self._session = session
        self._model = model
        self._sidechain = sidechain
        self._occurrences = Occurrences()
        self._asked: Counter[str] = Counter()
        self._calls: dict[str, Event] = {}

    def take(self, id: str, message: Mapping[str, Any]) -> None:
        blank = Event(
            id=f"{self._session}:{self._occurrences.name(id)}",
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            sidechain=self._sidechain,
        )
        last = self.events[-1].id if self.events else None
        self.events += messages.linked(self._events(message, blank), blank.id, last)

    def _events(self, message: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        role, content = message.get("role"), message.get("content")
        if role == "user":
            words, text = messages.asked(content)
            if words.workspace:
                self.workspaces.append(words.workspace)
            yield from messages.prompts(words, text, replace(blank, time=words.time), self.unknown, self._asked)
        elif role == "assistant":
            for event in messages.answers(content, replace(blank, model=_model(message) or self._model), self.unknown):
                if event.call:
                    self._calls[event.call] = event
                yield event
        elif role == "tool":
            for block in messages.blocks(content):
                if block.get("type") == "tool-result":
                    yield self._result(message, block, blank)
                else:
                    self.unknown[f"block:{name(block.get('type'))}"] += 1
        elif role != "system":
            self.unknown[f"role:{name(role)}"] += 1

    def _result(self, message: Mapping[str, Any], block: Mapping[str, Any], blank: Event) -> Event:
        id = string(block.get("toolCallId"))
        called = self._calls.get(id or "")
        tool = string(block.get("toolName")) or (called.tool if called else None)
        ended = tools.of_agent(tool, message, block, called.command if called else None)
        refused = ended.outcome is Outcome.REJECTED
        return replace(
            blank,
            type=EventType.REJECTION if refused else EventType.TOOL_RESULT,
            trust=Trust.HUMAN if refused else tools.result_trust(tool),
            tool=tool,
            call=id,
            text=ended.text,
            outcome=ended.outcome,
            grounds=ended.grounds,
            exit_code=ended.exit_code,
            error=ended.error,
            cwd=called.cwd if called else None,
        )


def _model(message: Mapping[str, Any]) -> str | None:
    for holder in (message, *messages.blocks(message.get("content"))):
        options = mapping(mapping(holder.get("providerOptions")).get("cursor"))
        if found := tools.model(options.get("modelName")):
            return found
    return None
