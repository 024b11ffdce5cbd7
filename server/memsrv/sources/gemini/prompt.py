"""Whose words a `user` message of Gemini CLI carries: a human's, the host's, or a command that the human ran.

Knows nothing of tools.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from memsrv.sources.fields import plain, string

Speaker = Literal["human", "summary", "command", "shell", "output"]


@dataclass(frozen=True, slots=True)
class Said:
    speaker: Speaker
    text: str
    paths: tuple[str, ...] = ()  # files that the human named with `@`, whose content the host put in


#: Up to the last tag that closes it: what is put in may hold one, too.
_INSERTED = re.compile(r"<(session_context|hook_context|system-reminder)>(?:(?!<\1>).)*</\1>", re.DOTALL)
_EDITOR = re.compile(r"\s*Here is (?:the user's|a summary of changes in the user's) editor context")
_SUMMARY = re.compile(r"\s*(?:<scratchpad>.*?</scratchpad>\s*)?<state_snapshot>", re.DOTALL)
_SHELL = re.compile(
    r"I ran the following shell command:\n(?:```sh\n)?(.*?)(?:\n```)?\n\n"
    r"This produced the following result:\n(?:```\n)?(.*?)(?:\n```)?\Z",
    re.DOTALL,
)
_FILES = "--- Content from referenced files ---"
_FILE = re.compile(r"^Content from @(.+):$", re.MULTILINE)
_COMMAND = re.compile(r"/[A-Za-z][\w:-]*(?=\s|\Z)")
_HOSTS_OWN = frozenset({"System: Please continue.", "Please continue."})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Slash commands that steer the program, not the work.
_UI_COMMANDS = _words(
    """
    about agents auth bug chat clear compress copy corgi directory docs editor exit extensions footer help hooks ide
    init mcp memory model permissions policies privacy profile quit restore resume rewind settings setup-github shells
    skills shortcuts stats tasks terminal-setup theme tools upgrade vim voice
    """
)


def texts(content: Any) -> list[str]:
    """The words of a message's content: a string, a part, or a list of these."""
    return [text for part in (content if isinstance(content, list) else [content]) if (text := _words_of(part))]


def _words_of(part: Any) -> str | None:
    if isinstance(part, Mapping) and part.get("thought") is not True:
        return string(part.get("text"))
    return string(part)


def said(record: Mapping[str, Any]) -> Iterator[Said]:
    shown = record.get("displayContent")
    parts = texts(record.get("content") if shown is None else shown)
    words = plain("\n".join(part for part in parts if not _EDITOR.match(part)))
    if ran := _SHELL.match(words.strip()):
        yield Said("shell", ran[1])
        if ran[2].strip():
            yield Said("output", ran[2])
        return
    if _SUMMARY.match(words):
        yield Said("summary", words.strip())
        return
    paths = tuple(dict.fromkeys(_FILE.findall("\n".join(texts(record.get("content"))))))
    text = _INSERTED.sub("", words).partition(_FILES)[0].strip()
    if not text or text in _HOSTS_OWN:
        return
    if named := _COMMAND.match(text):
        if named[0][1:] not in _UI_COMMANDS or text.startswith("/memory add "):
            yield Said("command", text)
        return
    yield Said("human", text, paths)
