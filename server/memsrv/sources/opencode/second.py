"""What OpenCode 2 keeps in `session_message`, told as version 1 keeps a message and its parts.

A row is a message with all that it holds; its column `type` says whose. Knows no tables and no events.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from memsrv.sources.fields import content_text, mapping, name, string, words
from memsrv.sources.opencode.held import Message

#: The words by which version 1 says that what follows was run by the human.
BY_HAND = "The following tool was executed by the user"

_SILENT = words("system synthetic agent-switched model-switched location-switched skill")
_FIELDS = {
    "user": words("text files agents references skills"),
    "assistant": words("agent model content snapshot finish rawFinish native cost tokens error retry"),
    "shell": words("callID shellID command status exit output"),
    "compaction": words("reason summary recent status cost tokens model native providerContext error"),
    "idle": words("outcome"),
}
_EVERY = words("id sessionID type metadata time providerState")
_SHELLS = ("shell", "bash")
_STOPPED = re.compile(r"abort|interrupt", re.I)
#: What version 2 says of a command's end, in a block of its own behind what the command printed.
_SAID = re.compile(r"\s*(?:Command exited with code -?\d+|Command timed out before completion)\.\s*\Z")


def messages(kind: Any, data: Mapping[str, Any]) -> Iterator[Message]:
    """`data` has the row's id."""
    about = {"id": data.get("id"), "time": data.get("time")}
    if kind == "user":
        yield {**about, "role": "user"}, tuple(_asked(data))
    elif kind == "assistant":
        model = mapping(data.get("model"))
        info = {**about, "role": "assistant", "modelID": model.get("id"), "providerID": model.get("providerID")}
        info |= {key: data[key] for key in ("tokens", "cost", "finish") if key in data}
        yield info | _failure(data.get("error")), tuple(_answered(data))
    elif kind == "shell":
        yield from _by_hand(about, data)
    elif kind == "compaction":
        if string(data.get("summary")) or data.get("status") in (None, "completed"):
            part = {"type": "compaction", "auto": data.get("reason") == "auto", "summary": data.get("summary")}
            yield {**about, "role": "user"}, (part,)
    elif kind == "idle" and data.get("outcome") == "interrupted":
        yield {**about, "role": "assistant", "error": {"name": "MessageAbortedError"}}, ()


def unknown(kind: Any, data: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(kind, str) or not (kind in _SILENT or kind in _FIELDS):
        yield f"type:{name(kind)}"
    elif kind in _FIELDS:
        yield from (f"field:{name(field)}" for field in data if field not in _FIELDS[kind] and field not in _EVERY)


def _asked(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield {"type": "text", "text": data.get("text")}
    files = data.get("files")
    for file in files if isinstance(files, list) else []:
        if isinstance(file, Mapping):
            yield {"type": "file", "url": file.get("uri"), "mime": file.get("mime"), "filename": file.get("name")}


def _answered(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Ids of words, where they have any, are unique within one answer of the model only: they are left out."""
    content = data.get("content")
    for item in content if isinstance(content, list) else []:
        kind = item.get("type") if isinstance(item, Mapping) else None
        if kind == "text":
            yield {key: item[key] for key in ("type", "text", "synthetic", "ignored") if key in item}
        elif kind == "tool":
            yield _called(item)
        elif kind is not None and kind != "reasoning":
            yield {"type": kind}
    files = mapping(data.get("snapshot")).get("files")
    if isinstance(files, list) and files:
        yield {"type": "patch", "files": files}


def _called(item: Mapping[str, Any]) -> Mapping[str, Any]:
    state, time = mapping(item.get("state")), mapping(item.get("time"))
    details = {**mapping(state.get("structured")), **mapping(state.get("metadata"))}
    changed = details.get("files")
    if isinstance(changed, list) and len(changed) == 1:
        details["diff"] = mapping(changed[0]).get("patch")
    printed = content_text(state.get("content")) or content_text(state.get("result"))
    if item.get("name") in _SHELLS:
        printed = _printed(printed, timed_out=details.get("timeout") is True)
    status, error = state.get("status"), state.get("error")
    told: dict[str, Any] = {
        "status": "pending" if status == "streaming" else status,
        "input": state.get("input"),
        "output": printed,
        "metadata": details,
        "time": {"start": time.get("ran") or time.get("created"), "end": time.get("completed")},
    }
    if status == "error":
        told["error"] = _failed(error) or printed
    return {"type": "tool", "id": item.get("id"), "callID": item.get("id"), "tool": item.get("name"), "state": told}


def _failed(error: Any) -> str | None:
    """In the words of version 1 where the kind of the error tells more than its words: those may be the tool's."""
    told = mapping(error)
    kind, said = string(told.get("type")) or "", string(told.get("message")) or string(error)
    if kind == "permission.rejected" and not (said or "").startswith(("The user ", "Permission denied")):
        return "The user rejected permission to use this functionality"
    return "Tool execution aborted" if _STOPPED.search(kind) else said


def _printed(text: str, *, timed_out: bool) -> str:
    printed = _SAID.sub("", text)
    printed = "" if printed.strip() == "(no output)" else printed
    return f"{printed}\n(Command timed out)" if timed_out else printed


def _by_hand(about: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Message]:
    time, id = mapping(data.get("time")), string(data.get("id")) or "?"
    output = data.get("output")
    printed = string(output) or string(mapping(output).get("output")) or ""
    ended = time.get("completed") is not None or data.get("status") in ("exited", "timeout", "killed")
    state = {
        "status": "completed" if ended else "running",
        "input": {"command": data.get("command")},
        "output": _printed(printed, timed_out=data.get("status") == "timeout"),
        "metadata": {"exit": data["exit"]} if "exit" in data else {},
        "time": {"start": time.get("created"), "end": time.get("completed")},
    }
    call = string(data.get("callID")) or string(data.get("shellID")) or id
    part = {"type": "tool", "id": call, "callID": call, "tool": "shell", "state": state}
    yield {**about, "role": "user"}, ({"type": "text", "text": BY_HAND, "synthetic": True},)
    yield {**about, "role": "assistant", "parentID": id}, (part,)


def _failure(error: Any) -> dict[str, Any]:
    told = mapping(error)
    if not told:
        return {}
    kind, said = string(told.get("type")) or string(told.get("name")) or "unknown", string(told.get("message")) or ""
    if _STOPPED.search(kind):
        return {"error": {"name": "MessageAbortedError"}}
    return {"error": {"name": kind, "data": {"message": said}}}
