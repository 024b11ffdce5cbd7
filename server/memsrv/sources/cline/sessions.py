"""A session of Cline's SDK, which its command line, desktop and editor share since version 3, as Events.

One document of messages in the API's form; what the human typed stands in a tag of its own, and a tool's result is a
list, of one answer for each thing that it was asked. Files and folders are not known here.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import Lost
from memsrv.sources.cline import uses
from memsrv.sources.cline.tags import without
from memsrv.sources.fields import content_text, instant, mapping, name, plain, string, words
from memsrv.sources.marks import Occurrences

_SILENT = words("thinking redacted_thinking reasoning image file document server_tool_use")
_FIELDS = words("id role content ts timestamp modelInfo metrics metadata agent sessionId providerId modelId")
_TYPED = re.compile(r"<user_input\b[^<>]*>(.*)</user_input>", re.DOTALL)
_COMMAND = re.compile(r'\s*<user_command slash="([^"<>\n]{1,80})">(.*)</user_command>\s*', re.DOTALL)
_INSERTED = re.compile(
    r"<(mode_notice|file_content|folder_content|url_content|hook_context|environment_details|bounded-output)\b[^<>]*>"
)
_HARNESS = re.compile(
    r"\s*(?:\[TASK RESUMPTION\]|The user approved switching to act mode\. Continue with the approved plan"
    r"|A background command you asked to be notified about|\Z)"
)


class Conversation:
    def __init__(self, session: str, cwd: str | None, *, sidechain: bool) -> None:
        self._session, self._cwd, self._sidechain = session, cwd, sidechain
        self._names = Occurrences()
        self._asked: dict[str, uses.Use] = {}
        self.events: list[Event] = []
        self.lost: list[Lost] = []
        self.unknown: Counter[str] = Counter()

    def add(self, place: int, message: Any) -> None:
        if not isinstance(message, Mapping):
            self.lost.append(Lost(place, f"a JSON {type(message).__name__}, not an object"))
            return
        self.unknown.update(f"field:{name(field)}" for field in message if field not in _FIELDS)
        role, content = message.get("role"), message.get("content")
        own = string(message.get("id"))
        id = f"{self._session}:{self._names.name(own or [role, content])}"
        blank = Event(
            id=id,
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=instant(message.get("ts")) or instant(message.get("timestamp")),
            cwd=self._cwd,
            sidechain=self._sidechain,
        )
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        blocks = [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []
        if role == "user":
            found = self._user(blocks, blank)
        elif role == "assistant":
            found = self._assistant(message, blocks, blank)
        elif role == "error":
            text = plain(content_text(parts))
            found = iter([replace(blank, text=text, outcome=Outcome.FAILURE, grounds="role: error")] if text else [])
        else:
            self.unknown[f"role:{name(role)}"] += 1
            return
        last = self.events[-1].id if self.events else None
        for number, event in enumerate(found):
            self.events.append(replace(event, id=f"{id}#{number}" if number else id, parent=id if number else last))

    def _user(self, blocks: list[Mapping[str, Any]], blank: Event) -> Iterator[Event]:
        spoken = []
        for block in blocks:
            kind = block.get("type")
            if kind == "tool_result":
                asked = self._asked.pop(string(block.get("tool_use_id")) or "", None)
                yield from uses.results(asked, block, blank)
            elif kind == "text":
                spoken.append(plain(string(block.get("text")) or ""))
            elif name(kind) not in _SILENT:
                self.unknown[f"block:{name(kind)}"] += 1
        yield from self._said("\n".join(spoken), blank)

    def _said(self, text: str, blank: Event) -> Iterator[Event]:
        typed, command = _TYPED.search(text), _COMMAND.fullmatch(text)
        words_of = without(typed[1] if typed else command[2] if command else text, _INSERTED).strip()
        if _HARNESS.match(words_of) and not command:
            return
        if self._sidechain:  # one agent's words to another
            yield replace(blank, trust=Trust.ASSISTANT, text=words_of)
        elif command:
            asked = f"/{command[1]} {words_of}".strip()
            yield replace(blank, type=EventType.COMMAND, trust=Trust.HUMAN, text=asked, command=asked)
        else:
            yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=words_of)

    def _assistant(self, message: Mapping[str, Any], blocks: list[Mapping[str, Any]], blank: Event) -> Iterator[Event]:
        told = mapping(message.get("metrics")).get("outputTokens")
        tokens = told if isinstance(told, int) and not isinstance(told, bool) and 0 < told < 2**40 else None
        info = mapping(message.get("modelInfo"))
        blank = replace(blank, trust=Trust.ASSISTANT, model=string(info.get("id")) or string(message.get("modelId")))
        for block in blocks:
            kind = block.get("type")
            if kind == "text" and (text := plain(string(block.get("text")) or "").strip()):
                yield replace(blank, type=EventType.REPLY, text=text, tokens=tokens)
                tokens = None
            elif kind == "tool_use":
                use = uses.use(block)
                if use.id:
                    self._asked[use.id] = use
                for call in uses.calls_of(use, blank):
                    yield replace(call, tokens=tokens)
                    tokens = None
            elif kind != "text" and name(kind) not in _SILENT:
                self.unknown[f"block:{name(kind)}"] += 1
