"""`opencode export`: one session as one JSON document, `{info, messages: [{info, parts}]}`.

And the same as another program writes it, `{session, messages: [{id, role, parts, …}]}`, whose ids are its own.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memsrv.sources import Lost, UnreadableLineError
from memsrv.sources.fields import document, string
from memsrv.sources.marks import mark
from memsrv.sources.opencode.held import Held, Message, in_order


def held(path: Path) -> Held:
    data = path.read_bytes()
    exported = document(data)
    if not isinstance(exported, Mapping):
        raise UnreadableLineError(f"a JSON {type(exported).__name__}, not an exported session")
    other = isinstance(exported.get("session"), Mapping)
    info = _of_other(exported["session"]) if other else exported.get("info")
    if not isinstance(info, Mapping):
        raise UnreadableLineError("no `info`: not an exported session")
    lost: list[Lost] = []
    messages = in_order(_messages(exported.get("messages"), lost))
    return Held(string(info.get("id")) or path.stem, info, messages, mark([data]), tuple(lost))


def _messages(messages: Any, lost: list[Lost]) -> Iterator[Message]:
    for place, message in enumerate(messages if isinstance(messages, list) else []):
        if not isinstance(message, Mapping):
            lost.append(Lost(place, f"a message that is a JSON {type(message).__name__}, not an object"))
            continue
        info = message.get("info")
        if not isinstance(info, Mapping):
            info = _message_of_other(message)
        parts = message.get("parts")
        held = [part for part in (parts if isinstance(parts, list) else []) if isinstance(part, Mapping)]
        if isinstance(parts, list) and len(held) < len(parts):
            lost.append(Lost(place, "a part that is no JSON object"))
        yield info, tuple(held)


def _of_other(session: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **{key: value for key, value in session.items() if key != "parentSessionId"},
        "parentID": session.get("parentSessionId"),
        "time": {"created": session.get("createdAt"), "updated": session.get("updatedAt")},
    }


def _message_of_other(message: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **{key: value for key, value in message.items() if key not in ("parts", "model")},
        "modelID": message.get("model"),
        "time": {"created": message.get("createdAt"), "completed": message.get("finishedAt")},
    }
