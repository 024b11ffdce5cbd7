"""Chats in VS Code (Copilot and every other participant): `chatSessions/<id>.json`, or `.jsonl`, a log of changes.

Either is read whole: a change in the log may reach back to any request. Which folder a chat was held in stands in
`workspace.json`, beside the folder of the chats. Files only; what a request holds is `requests.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import LogFacts, Lost, Snapshot, SnapshotSource, UnreadableLineError
from memsrv.sources.calls import path_of
from memsrv.sources.editors import users
from memsrv.sources.fields import document, instant, mapping, string
from memsrv.sources.heads import outline
from memsrv.sources.machine import Machine
from memsrv.sources.marks import beside, mark
from memsrv.sources.vscode.mutations import replayed
from memsrv.sources.vscode.requests import Requests

__all__ = ["VSCode"]

_CHATS = ("chatSessions", "emptyWindowChatSessions", "transferredChatSessions")
_BEGUN = re.compile(rb'\s*\{\s*"kind":\s*0,\s*"v":\s*\{')
_OF_A_CHAT = re.compile(rb'"(?:requests|responderUsername|initialLocation|creationDate)":')


class VSCode(SnapshotSource):
    name = "vscode"

    def folders(self, machine: Machine) -> Sequence[Path]:
        kept = ("workspaceStorage", "globalStorage/emptyWindowChatSessions")
        return tuple(user / folder for user in users(machine, forks=False) for folder in kept)

    def discover(self, root: Path) -> Sequence[Path]:
        if root.name in _CHATS:
            globs: tuple[str, ...] = ("",)
        elif root.name == "workspaceStorage":
            globs = ("*/chatSessions/",)
        elif root.name == "globalStorage":
            globs = ("emptyWindowChatSessions/", "transferredChatSessions/")
        else:
            inside = "" if (root / "workspaceStorage").is_dir() else "User/"
            globs = (f"{inside}workspaceStorage/*/chatSessions/", f"{inside}globalStorage/*ChatSessions/")
        found = {path for glob in globs for end in ("*.json", "*.jsonl") for path in root.glob(glob + end)}
        return sorted(path for path in found if path.is_file())

    def owns(self, path: Path, head: bytes) -> bool:
        if path.suffix == ".jsonl":
            return bool(_BEGUN.match(head)) and bool(_OF_A_CHAT.search(head))
        keys = outline(head).keys if path.suffix == ".json" else frozenset[str]()
        chat = {"responderUsername", "requesterUsername", "initialLocation", "creationDate"} & keys
        return bool(chat) and ("requests" in keys or "sessionId" in keys or path.parent.name in _CHATS)

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        content = path.read_bytes()
        lost: list[Lost] = []
        chat = replayed(content, lost) if path.suffix == ".jsonl" else document(content)
        if not isinstance(chat, Mapping) or not isinstance(chat.get("requests", []), list):
            raise UnreadableLineError("not a chat of VS Code: no object with requests")
        workspace = beside(path.parent.parent / "workspace.json") if path.parent.name == "chatSessions" else b""
        session = string(chat.get("sessionId")) or path.stem
        changed = mark([content, workspace])
        if marks.get(session) == changed:
            return
        repository = mapping(chat.get("repoData"))
        cwd = _folder(workspace) or path_of(chat.get("workingDirectory")) or path_of(repository.get("workspacePath"))
        reading = Requests(session, cwd, string(repository.get("headBranch")))
        reading.fields(chat)
        for place, request in enumerate(chat.get("requests", [])):
            if isinstance(request, Mapping):
                reading.add(place, request)
            elif request is not None:
                lost.append(Lost(place, f"a JSON {type(request).__name__}, not an object"))
        facts = _facts(chat, reading, cwd, repository)
        yield Snapshot(session, changed, facts, tuple(reading.events), dict(reading.unknown), tuple(lost))


def _facts(chat: Mapping[str, Any], reading: Requests, cwd: str | None, repository: Mapping[str, Any]) -> LogFacts:
    times = sorted(filter(None, (*(event.time for event in reading.events), instant(chat.get("creationDate")))))
    title = string(chat.get("customTitle")) or reading.title
    return LogFacts(
        cwd=cwd,
        branch=string(repository.get("headBranch")),
        title=" ".join(title.split())[:200] if title else None,
        started=times[0] if times else None,
        ended=max((*times, instant(chat.get("lastMessageDate")) or ""), default=None) or None,
        version=reading.version,
        remote=string(repository.get("remoteUrl")),
    )


def _folder(workspace: bytes) -> str | None:
    """The folder that `workspace.json` names; of a window with several, the one that its list of folders lies in."""
    try:
        told = mapping(document(workspace)) if workspace else {}
    except UnreadableLineError:
        return None
    if string(told.get("folder")):
        return path_of(told["folder"])
    listed = path_of(told.get("workspace")) or path_of(told.get("configuration"))
    return re.split(r"[/\\](?=[^/\\]*\Z)", listed)[0] or None if listed else None
