"""Cline, and Roo Code that was made from it (with its own heir, Kilo Code): one folder for a task, documents in it.

`api_conversation_history.json` is the log; `ui_messages.json`, `task_metadata.json` and `history_item.json` beside it
are its companions: they tell times, versions and folders, and give events only where the log itself is missing. Files
only; what messages mean is `messages.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from memsrv.records import EventType
from memsrv.sources import LogFacts, Snapshot, SnapshotSource, UnreadableLineError
from memsrv.sources.cline.sessions import Conversation
from memsrv.sources.cline.shown import about
from memsrv.sources.cline.task import Task
from memsrv.sources.editors import users
from memsrv.sources.fields import document, instant, mapping, string
from memsrv.sources.heads import outline
from memsrv.sources.machine import Machine
from memsrv.sources.marks import beside, mark

__all__ = ["Cline", "ClineSessions", "Roo"]

_MESSAGES = ".messages.json"
_LOG = "api_conversation_history.json"
_SHOWN = ("ui_messages.json", "claude_messages.json")
_ABOUT = ("task_metadata.json", "history_item.json")
_ROO_FOLDER = re.compile(r"roo-cline|roo-code|kilo-code|\.roo\b|\.kilocode\b", re.I)
_ROO_WORDS = re.compile(rb"<slug>|\"(?:condenseId|condenseParent|truncationId|isSummary)\"|Current Workspace Directory")
#: Words that Cline puts around what a human typed, or beside it.
_MARKED = re.compile(rb"<(?:task|feedback|user_message|environment_details)>")


class _Tasks(SnapshotSource):
    """What Cline and its heirs have in common."""

    extensions: tuple[str, ...] = ()
    roo = False

    def _storages(self, machine: Machine) -> Iterator[Path]:
        for user in users(machine, forks=True):
            for extension in self.extensions:
                yield user / "globalStorage" / extension

    def folders(self, machine: Machine) -> Sequence[Path]:
        return tuple(storage / "tasks" for storage in self._storages(machine))

    def discover(self, root: Path) -> Sequence[Path]:
        if bool(_ROO_FOLDER.search(str(root))) is not self.roo:
            return ()
        folder = root if root.name == "tasks" else root / "tasks"
        logs = {path.parent: path for name in (*_SHOWN[::-1], _LOG) for path in folder.glob(f"*/{name}")}
        return sorted(path for path in logs.values() if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        return path.suffix == ".json" and _is_ours(path, head) and _is_roo(path, head) is self.roo

    def log_of(self, path: Path) -> Path:
        if path.name in (*_SHOWN, *_ABOUT) and path.with_name(_LOG).exists():
            return path.with_name(_LOG)
        if path.name in _ABOUT:
            return next((path.with_name(shown) for shown in _SHOWN if path.with_name(shown).exists()), path)
        if path.stem.endswith("_metadata") and _told(path).exists():
            return _told(path)
        return path

    def signature(self, log: Path) -> tuple[int, ...]:
        beside = [log.with_name(name) for name in (*_SHOWN, *_ABOUT)] if log.name in (_LOG, *_SHOWN) else []
        found = [super().signature(log)]
        for companion in beside:
            try:
                found.append(super().signature(companion))
            except OSError:
                continue
        return tuple(number for numbers in found for number in numbers)

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        if self.log_of(path) != path or path.name in _ABOUT or path.stem.endswith("_metadata"):
            return  # a companion; its log tells
        yield from Task(path).snapshots(marks)


class Cline(_Tasks):
    name = "cline"
    extensions = ("saoudrizwan.claude-dev",)

    def folders(self, machine: Machine) -> Sequence[Path]:
        terminal = machine.named("CLINE_DIR", machine.home / ".cline") / "data" / "tasks"
        return (*super().folders(machine), terminal)


class ClineSessions(SnapshotSource):
    """`~/.cline/data/sessions/<session>/<session>.messages.json`, of its SDK, and its subagents' beside it."""

    name = "cline"

    def folders(self, machine: Machine) -> Sequence[Path]:
        data = machine.named("CLINE_DATA_DIR", machine.named("CLINE_DIR", machine.home / ".cline") / "data")
        return (machine.named("CLINE_SESSION_DATA_DIR", data / "sessions"),)

    def discover(self, root: Path) -> Sequence[Path]:
        folder = root if root.name == "sessions" else root / "sessions"
        return sorted(path for path in folder.glob(f"*/*{_MESSAGES}") if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        seen = outline(head) if path.suffix == ".json" else None
        return seen is not None and seen.opening == "{" and {"updated_at", "agent", "sessionId"} <= seen.keys

    def log_of(self, path: Path) -> Path:
        log = path.with_name(f"{path.stem}{_MESSAGES}")
        return log if path.suffix == ".json" and not path.name.endswith(_MESSAGES) and log.exists() else path

    def signature(self, log: Path) -> tuple[int, ...]:
        own = super().signature(log)
        try:
            return (*own, *super().signature(_manifest(log)))
        except OSError:
            return own

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        content, told = path.read_bytes(), beside(_manifest(path))
        whole = document(content)
        messages = whole.get("messages") if isinstance(whole, Mapping) else None
        if not isinstance(whole, Mapping) or not isinstance(messages, list):
            raise UnreadableLineError("not a session of Cline: no list of messages")
        lead = string(whole.get("sessionId")) or path.name.removesuffix(_MESSAGES)
        own = path.name.removesuffix(_MESSAGES)
        sidechain = whole.get("agent") in ("subagent", "teammate")
        session = f"{lead}__{own}" if sidechain else lead
        changed = mark([content, told])
        if marks.get(session) == changed:
            return
        manifest = about(told or (beside(path.with_name(f"{lead}.json")) if lead == Path(lead).name else b""))
        cwd = string(manifest.get("cwd")) or string(manifest.get("workspace_root"))
        reading = Conversation(session, cwd, sidechain=sidechain)
        for place, message in enumerate(messages):
            reading.add(place, message)
        times = sorted(event.time for event in reading.events if event.time)
        asked = next((event.text for event in reading.events if event.type is EventType.PROMPT), None)
        title = string(mapping(manifest.get("metadata")).get("title")) or asked
        facts = LogFacts(
            cwd=cwd,
            title=" ".join(title.split())[:200] if title and not sidechain else None,
            started=instant(manifest.get("started_at")) or min(times, default=None),
            ended=max(times, default=instant(whole.get("updated_at"))),
            parent=lead if sidechain else None,
        )
        yield Snapshot(session, changed, facts, tuple(reading.events), dict(reading.unknown), tuple(reading.lost))


def _manifest(log: Path) -> Path:
    return log.with_name(f"{log.name.removesuffix(_MESSAGES)}.json")


class Roo(_Tasks):
    name = "roo"
    extensions = ("rooveterinaryinc.roo-cline", "rooveterinaryinc.roo-code-nightly", "kilocode.kilo-code")
    roo = True


def _told(metadata: Path) -> Path:
    return metadata.with_name(metadata.stem.removesuffix("_metadata") + metadata.suffix)


def _is_ours(path: Path, head: bytes) -> bool:
    seen = outline(head)
    if path.name == _LOG:
        return seen.opening == "[" or {"version", "messages"} <= seen.keys
    if path.name in _SHOWN:
        return seen.opening == "["
    if seen.opening == "{":
        return (
            bool({"files_in_context", "model_usage", "environment_history"} & seen.keys)
            or (path.name == "task_metadata.json")
            or (path.name == "history_item.json" and "task" in seen.keys)
        )
    return seen.opening == "[" and {"role", "content"} <= seen.keys and bool(_MARKED.search(head))


def _is_roo(path: Path, head: bytes) -> bool:
    if _ROO_FOLDER.search(str(path.parent)):
        return True
    if re.search(r"claude-dev|\.cline\b", str(path.parent)):
        return False
    if path.name == "history_item.json" or path.with_name("history_item.json").exists():
        return True
    if path.name in (*_SHOWN, *_ABOUT):
        log = path.with_name(_LOG)
        return log.exists() and bool(_ROO_WORDS.search(_head(log)))
    return bool(_ROO_WORDS.search(head)) or "messages" in outline(head).keys


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1 << 16)
    except OSError:
        return b""
