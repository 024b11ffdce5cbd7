"""Gemini CLI: `~/.gemini/tmp/<project>/`: its sessions in `chats/`, subagents' in folders there, versions 0.1 to 0.61.

Files only; what stands in them is `conversation.py` and `reader.py`. Every form is read whole at each change: a
document is rewritten, and a line of the mutation log (.jsonl) may change any message before it.

Old versions kept no sessions, only the prompts (`logs.json`) and what the user saved by hand (`checkpoint-<tag>.json`).
Where sessions are kept too, both only repeat them; so a checkpoint is read where its project has no `chats/`, and of
`logs.json` the sessions that have no file there. What two of them repeat of each other is the same events in both.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import LogFacts, Snapshot, SnapshotSource, UnreadableLineError
from memsrv.sources.fields import document, instant, mapping, string
from memsrv.sources.gemini import conversation, folder
from memsrv.sources.gemini.conversation import Conversation
from memsrv.sources.gemini.drift import SPOKEN
from memsrv.sources.gemini.prompt import texts
from memsrv.sources.gemini.reader import events
from memsrv.sources.machine import Machine
from memsrv.sources.marks import beside, digest
from memsrv.sources.marks import mark as marked

__all__ = ["Gemini"]

_TYPED = "history-"  # of a session of which only the prompts are left
_SESSION = re.compile(rb'\s*\{\s*"sessionId"\s*:\s*"[^"]*"\s*,\s*"projectHash"\s*:\s*"')
_MESSAGE = re.compile(rb'\s*\{\s*"id"\s*:\s*"[^"]*"\s*,\s*"timestamp"\s*:\s*"[^"]*"\s*,\s*"type"\s*:\s*"gemini"')
_PROMPTS = re.compile(rb'\s*\[\s*\{\s*"sessionId"\s*:\s*"[^"]*"\s*,\s*"messageId"\s*:\s*\d')
_CONTENTS = re.compile(rb'\s*(?:\{\s*"history"\s*:\s*)?\[\s*\{\s*"(?:role"\s*:\s*"(?:user|model)"|parts"\s*:\s*\[)')


class Gemini(SnapshotSource):
    name = "gemini"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.named("GEMINI_CLI_HOME", machine.home) / ".gemini" / "tmp",)

    def discover(self, root: Path) -> Sequence[Path]:
        projects = root if root.name == "tmp" else root / "tmp"
        patterns = ("*/chats/*.json", "*/chats/*.jsonl", "*/chats/*/*.jsonl", "*/logs.json", "*/checkpoint*.json")
        found = {self.log_of(path) for pattern in patterns for path in projects.glob(pattern)}
        return sorted(path for path in found if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        if path.suffix == ".jsonl":
            return any(_is_gemini(line) for line in head.split(b"\n")[:50])
        if path.suffix != ".json":
            return False
        if path.name == "logs.json":
            return bool(_PROMPTS.match(head))
        if path.name.startswith("checkpoint"):
            return bool(_CONTENTS.match(head))
        return bool(_SESSION.match(head) or _MESSAGE.match(head)) or _is_gemini(head)

    def log_of(self, path: Path) -> Path:
        """A session that was resumed by a newer version goes on in the `.jsonl` beside its old document."""
        if path.suffix == ".json" and path.name.startswith("session-"):
            goes_on = path.with_suffix(".jsonl")
            if goes_on.is_file():
                return goes_on
        return path

    def signature(self, log: Path) -> tuple[int, ...]:
        log = self.log_of(log)
        size, changed, inode = super().signature(log)
        earlier = log.with_suffix(".json")
        if log.suffix == ".jsonl" and earlier.is_file():
            beside = super().signature(earlier)
            return (size + beside[0], max(changed, beside[1]), inode)
        return (size, changed, inode)

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        log = self.log_of(path)
        earlier = log.with_suffix(".json")
        continued = earlier.read_bytes() if log.suffix == ".jsonl" and earlier.is_file() else b""
        for held, content in _conversations(log, log.read_bytes(), continued):
            cwd = folder.cwd(log, held.header, (message.record for message in held.messages))
            mark = marked([*content, (cwd or "").encode("utf-8", "replace")])
            if marks.get(held.session) == mark:
                continue
            parent = log.parent.name if log.parent.parent.name == "chats" else None
            subagent = parent is not None or held.header.get("kind") == "subagent"
            yield Snapshot(
                session=held.session,
                mark=mark,
                facts=_facts(held, cwd, parent, held.session.removeprefix(_TYPED) if log.name == "logs.json" else None),
                events=events(held, cwd, subagent=subagent),
                unknown=held.unknown,
                lost=held.lost,
            )


def _conversations(log: Path, data: bytes, earlier: bytes) -> Iterator[tuple[Conversation, list[bytes]]]:
    """What is told at `log`, each with the bytes that it was read from."""
    if log.name == "logs.json":
        for prompts in _prompts(log, document(data)):
            yield prompts, [message.id.encode() for message in prompts.messages]
    elif log.name.startswith("checkpoint"):
        for saved in _checkpoint(log, document(data)):
            yield saved, [data]
    elif log.suffix == ".jsonl":
        yield conversation.of_mutations(data, log.stem, earlier=earlier), [data, earlier]
    else:
        yield conversation.of_document(data, log.stem), [data]


def _is_gemini(text: bytes) -> bool:
    """Whether one line, or a short document, is a session's header or one of its messages."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return bool(_SESSION.match(text))
    if not isinstance(record, dict):
        return False
    if isinstance(record.get("sessionId"), str) and isinstance(record.get("projectHash"), str):
        return True
    spoken = isinstance(record.get("id"), str) and isinstance(record.get("timestamp"), str) and "content" in record
    return spoken and record.get("type") in SPOKEN - {"model"} and "message" not in record and "role" not in record


def _facts(held: Conversation, cwd: str | None, parent: str | None, original: str | None) -> LogFacts:
    times = [time for message in held.messages if (time := instant(message.record.get("timestamp")))]
    title = string(held.header.get("summary"))
    return LogFacts(
        cwd=cwd,
        title=" ".join(title.split())[:200] if title else None,
        started=instant(held.header.get("startTime")) or min(times, default=None),
        ended=instant(held.header.get("lastUpdated")) or max(times, default=None),
        parent=parent,
        original=original,
    )


def _prompts(log: Path, entries: Any) -> Iterator[Conversation]:
    """The prompts of sessions that are kept nowhere else. The last one's file may only be about to be written."""
    if not isinstance(entries, list):
        raise UnreadableLineError("not a list of prompts")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for session, prompt in _typed(entries):
        found.setdefault(session, []).append(prompt)
    kept = [path.name for path in (log.parent / "chats").glob("session-*.json*")]
    if kept:
        found = dict(list(found.items())[:-1])
    for session, messages in found.items():
        if not any(name.split(".json")[0].endswith(f"-{session[:8]}") for name in kept):
            yield conversation.of_messages(f"{_TYPED}{session}", messages)


def _typed(entries: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The prompts of `logs.json` as messages, each with its session."""
    for entry in entries if isinstance(entries, list) else []:
        session, words = string(mapping(entry).get("sessionId")), string(mapping(entry).get("message"))
        if session and words and mapping(entry).get("type") == "user":
            id = digest(session, entry.get("messageId"), words)
            yield session, {"id": id, "timestamp": entry.get("timestamp"), "type": "user", "content": words}


def _checkpoint(log: Path, saved: Any) -> Iterator[Conversation]:
    if (log.parent / "chats").is_dir():
        return
    history = saved.get("history") if isinstance(saved, Mapping) else saved
    if not isinstance(history, list):
        raise UnreadableLineError("not a saved conversation")
    session = f"{log.stem}-{digest(log.parent.name)[:8]}"
    typed = _as_typed(log.with_name("logs.json"))
    messages, id = list[Mapping[str, Any]](), digest(log.parent.name)
    for content in history:
        if not isinstance(content, Mapping):
            continue
        id = digest(id, content)  # another checkpoint of the conversation begins alike
        kind = "user" if content.get("role") == "user" else "gemini"
        message = {"id": id, "type": kind, "content": content.get("parts")}
        known = typed.get("\n".join(texts(content.get("parts"))).strip()) if kind == "user" else None
        messages.append(known.pop(0) if known else message)
    yield conversation.of_messages(session, messages)


def _as_typed(log: Path) -> dict[str, list[Mapping[str, Any]]]:
    """The prompts of `logs.json` by their words, in their order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    try:
        entries = document(beside(log) or b"[]")
    except UnreadableLineError:
        return found
    for _, prompt in _typed(entries):
        found.setdefault(prompt["content"].strip(), []).append(prompt)
    return found
