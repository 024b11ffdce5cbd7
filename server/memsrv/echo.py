"""What memsrv itself gave an agent, known again in the agent's log: it is no news, and nothing is learned from it.

Told by the tool that was called, under any host's naming; by the command that was run; and by the fence around all that
memsrv hands out, wherever it was pasted or injected. What an agent says again of it is told by its words; what a model
says that memsrv serves is news to nobody, but an agent's words: it is found, and nothing is learned from it. Knows no
log format and no store.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from memsrv.records import Event, EventType, Trust

#: The tools of our MCP server, by their own names.
TOOLS = (
    "memory_search",
    "memory_open",
    "memory_save",
    "memory_forget",
    "memory_status",
    "session_compact",
    "session_recover",
    "memory_ask",
)
_OPENING, _CLOSING = "<memsrv-recall>", "</memsrv-recall>"
#: Characters that a fence takes, for whoever keeps to a budget.
FENCE = len(_OPENING) + len(_CLOSING) + 2
#: What stands in an event's text where something of ours was.
LEFT_OUT = "[recalled by memsrv]"
#: Where it was a session in brief, which one: who goes on from it has its ledger, too.
_BRIEF = re.compile(
    r"(?:<|&lt;)memsrv-recall(?:>|&gt;)\s{0,9}Session (\S{1,200}) \(|\[recalled by memsrv: (\S{1,200})\]"
)
_LEFT = re.compile(r"\[recalled by memsrv(?:: \S{1,200})?\]")

_TAG = re.compile(r"<(/?memsrv-recall)>")
_OPENED, _CLOSED = r"(?:<|&lt;)memsrv-recall(?:>|&gt;)", r"(?:<|&lt;)/memsrv-recall(?:>|&gt;)"
_FENCED = re.compile(rf"{_OPENED}.*?(?:{_CLOSED}|\Z)", re.DOTALL)
# A person who pastes half a block goes on in a paragraph of their own.
_FENCED_BY_HAND = re.compile(
    rf"{_OPENED}(?:(?:(?!{_OPENED}).)*?{_CLOSED}|.*?(?=\n[ \t]*\n|\Z))",
    re.DOTALL,
)
#: The context blocks of `layout.render`, with the system block before them where it is there.
_BLOCKS = re.compile(
    r"(?:<system>\n(?:(?!</?system>).)*\n</system>\n)?"
    + r"\n".join(
        rf"<{name}>\n(?:(?!</?{name}>).)*</{name}>" for name in ("long_term", "short_term", "recall", "working")
    ),
    re.DOTALL,
)


def fence(text: str) -> str:
    """`text` as memsrv hands it to an agent: nothing in it can close the fence, and none is put around another."""
    if text.startswith(_OPENING) and text.endswith(_CLOSING):
        return text
    return f"{_OPENING}\n{_TAG.sub(lambda tag: f'‹{tag[1]}›', text)}\n{_CLOSING}"


def outside(text: str, *, by_hand: bool = False) -> str:
    """`text` without what memsrv handed out. `by_hand`: a person wrote it, and pasted the rest."""
    if "memsrv-recall" in text:
        text = (_FENCED_BY_HAND if by_hand else _FENCED).sub(_left_out, text)
    return _BLOCKS.sub(LEFT_OUT, text) if "<long_term>" in text else text


def _left_out(block: re.Match[str]) -> str:
    brief = _BRIEF.match(block[0])
    return LEFT_OUT if brief is None else f"{LEFT_OUT[:-1]}: {brief[1]}]"


def briefed(text: str) -> list[str]:
    """The sessions of which `text` holds a brief of ours, or did before it was left out."""
    return [one or other for one, other in _BRIEF.findall(text)] if "memsrv" in text else []


# Who was asked

_NAMED = re.compile(r"(?:^|[^a-z0-9])memsrv(?:$|[^a-z0-9])", re.I)
_BRIDGE = re.compile(r"mcp", re.I)
_SERVERS = frozenset({"server", "server_name", "servername", "mcp_server", "mcpserver", "provideridentifier", "uri"})
#: In markup, or in a line for a reader: `<server_name>memsrv</server_name>`, `memsrv › memory_search`.
_SERVER = re.compile(rf"\bserver_?name\W{{1,5}}memsrv\b|\bmemsrv\b[\s:./›>→]+(?:{'|'.join(TOOLS)})\b", re.I)
_NAMES = frozenset({"tool", "tool_name", "toolname", "name"})


def is_own_tool(tool: str | None, arguments: str = "") -> bool:
    """Whether a call goes to memsrv: `mcp__memsrv__memory_search`, `memsrv.memory_ask`, or a bridge that names it."""
    if not tool:
        return False
    if tool in TOOLS or (_NAMED.search(tool) and not re.search(r"[\s\\]", tool)):
        return True
    return _BRIDGE.search(tool) is not None and _names_us(arguments)


def _names_us(arguments: str) -> bool:
    try:
        given = json.loads(arguments)
    except ValueError:
        return _SERVER.search(arguments) is not None
    if not isinstance(given, Mapping):
        return False
    said = {str(key).casefold(): value for key, value in given.items() if isinstance(value, str)}
    server = any(_NAMED.search(said[key]) for key in _SERVERS & said.keys())
    return server or any(said[key] in TOOLS for key in _NAMES & said.keys())


_PARTS = re.compile(r"&&|\|\||[;|\n()`]|\$\(")
_BEFORE = re.compile(
    r"^(?:[A-Za-z_]\w*=(?:'[^']*'|\"[^\"]*\"|\S*)\s+"
    r"|(?:sudo|env|time|command|exec|nohup|nice|uvx|then|do|if|!)\s+(?:-\S+\s+)*"
    r"|(?:uv|poetry|pdm|hatch|pipx|rye|pipenv)\s+(?:tool\s+)?run\s+(?:-\S+\s+)*|timeout\s+\S+\s+)+"
)
_RUNS = re.compile(
    r"^(?:\"[^\"]*/|'[^']*/|\S*[/\\])?memsrv(?:\.exe)?[\"']?(?:\s|$)|^\S*python[\d.]*\s+(?:-\w\s+)*-m\s*memsrv(?:\s|$)"
)
_TRIMS = re.compile(
    r"^(?:cd|export|source|set|echo|cat|head|tail|grep|rg|sed|awk|jq|less|more|sort|uniq|wc|tee|tr|cut|true)\b|^\.\s|^$"
)


def runs_own(command: str | None) -> tuple[bool, bool]:
    """Whether `command` runs `memsrv`, and whether it does nothing beside but trim what that prints."""
    if not command or "memsrv" not in command:
        return False, False
    parts = [_BEFORE.sub("", part.strip(" \t\"'")) for part in _PARTS.split(command)]
    own = [part for part in parts if _RUNS.match(part)]
    return bool(own), bool(own) and all(part in own or _TRIMS.match(part) for part in parts)


# One log


_AWAITED = 256  # calls whose results are still to come
#: A model that memsrv serves, also behind a provider's name.
_OUR_MODEL = re.compile(r"(?:^|/)memsrv/")
_HOSTS = (EventType.SUMMARY, EventType.COMPACTION)  # the host's own: no evidence anyway


@dataclass(slots=True)
class Listening:
    """Goes through one log's events in order, and marks what is memsrv's own."""

    calls: list[str] = field(default_factory=list)
    loose: bool = False  # a person ran memsrv: what follows is its output

    @classmethod
    def at(cls, state: Mapping[str, Any]) -> "Listening":
        return cls(list(state.get("calls", ())), bool(state.get("loose")))

    @property
    def state(self) -> dict[str, Any]:
        """All that is needed to go on: JSON-ready."""
        found = {"calls": self.calls[-_AWAITED:], "loose": self.loose}
        return {name: value for name, value in found.items() if value}

    def heard(self, event: Event) -> Event:
        """`event`, marked where it is an echo; of other words, those outside of what memsrv handed out."""
        loose, self.loose = self.loose, False
        if event.type in _HOSTS:
            return event
        if event.type in (EventType.TOOL_CALL, EventType.COMMAND):
            own, alone = runs_own(event.command)
            own, alone = (True, True) if is_own_tool(event.tool, event.text) else (own, alone)
            if own and event.type is EventType.COMMAND:
                self.loose = True
            elif own and event.call and event.call not in self.calls:
                self.calls.append(event.call)
            if alone:
                return replace(event, echo=True)
        elif event.type is EventType.TOOL_RESULT:
            awaited = event.call in self.calls if event.call else loose
            if awaited or is_own_tool(event.tool):
                return replace(event, echo=True)
        words = outside(event.text, by_hand=event.trust is Trust.HUMAN)
        if words == event.text:
            return event
        if not _LEFT.sub("", words).strip():
            return replace(event, echo=True)
        return replace(event, text=words)


# What is said again

_LINE = re.compile(r"[\n;]|(?<=[.!?])\s")
_WORD = re.compile(r"\w+")
_ENOUGH = 3  # words; fewer are a name, and stand anywhere


@dataclass(frozen=True, slots=True)
class Given:
    """What memsrv handed out in a session, line by line, with the turn at which it was."""

    lines: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Given":
        found = []
        for event in events:
            if event.echo and event.type is not EventType.TOOL_CALL:
                found += [(event.turn, plain) for line in _LINE.split(event.text) if (plain := _plain(line))]
        return cls(tuple(found))

    def __bool__(self) -> bool:
        return bool(self.lines)

    def holds(self, turn: int, *words: str | None) -> bool:
        """Whether one line that was handed out before `turn` holds all of `words`."""
        wanted = [_plain(one) for one in words if one]
        if sum(len(one.split()) for one in wanted) < _ENOUGH:
            return False
        return any(place < turn and all(f" {one} " in f" {line} " for one in wanted) for place, line in self.lines)

    def repeated(self, turn: int, text: str) -> float:
        """How much of `text`, said at `turn`, says again what was handed out before: the share of its words."""
        parts = [plain for line in _LINE.split(text) if (plain := _plain(line))]
        whole = sum(len(part.split()) for part in parts)
        again = sum(len(part.split()) for part in parts if self._says(turn, part))
        return again / whole if whole else 0.0

    def _says(self, turn: int, part: str) -> bool:
        words = part.split()
        if len(words) < _ENOUGH:
            return False
        mine = set(words)
        return any(
            place < turn and (f" {part} " in f" {line} " or len(mine & set(line.split())) >= 0.75 * len(mine))
            for place, line in self.lines
        )


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def teaches(event: Event) -> bool:
    """Whether its words may teach anything: what a model of ours replies it learned here, or was given."""
    return not event.echo and not (event.type is EventType.REPLY and _OUR_MODEL.search(event.model or ""))


def is_repetition(event: Event) -> bool:
    """Whether `event` can say an echo again: a person's words are their own, and so is how a command ended."""
    return event.trust in (Trust.ASSISTANT, Trust.TOOL)
