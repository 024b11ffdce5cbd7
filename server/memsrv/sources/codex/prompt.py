"""Whose words a message under the role `user` carries in Codex: a human's, a command the human ran, or the harness's.

Codex puts its instructions, the environment and notices into the conversation as the user's; the IDE puts what is open
before the request. Knows no records.
"""

import re
from dataclasses import dataclass
from typing import Literal

Speaker = Literal["human", "command", "shell", "nobody"]


@dataclass(frozen=True, slots=True)
class Said:
    speaker: Speaker
    text: str = ""
    output: str = ""  # of a shell command that the human ran


NOBODY = Said("nobody")

_HARNESS = re.compile(
    r"\s*(?:# AGENTS\.md instructions\b|# (?:CODEX|CLAUDE)\.md instructions for\b"
    r"|Another language model started to solve"
    r"|<(?:INSTRUCTIONS|user_instructions|environment_context|environment_update|permissions instructions|turn_aborted"
    r"|skills?|skills_instructions|subagent_notification|collaboration_mode|personality_spec|model_switch"
    r"|apps_instructions|plugins_instructions|plugins|realtime_conversation|token_budget|hook_prompt|recommended_plugins|user_action"
    r"|session_context|goal_context|memories|memory|app-context|network_access|agent_message)\b[^>]*>)"
)
_WRAPPED = re.compile(r"\s*<([a-z][\w-]*)(?:\s[^>]*)?>.*</\1>\s*", re.DOTALL)
_IDE = re.compile(r"\s*# Context from my IDE setup:")
_REQUEST = re.compile(r"^## My request for Codex:[ \t]*\n?", re.MULTILINE)
_SHELL = re.compile(
    r"\s*<user_shell_command>\s*<command>\s*(.*?)\s*</command>\s*(?:<result>\s*(.*?)\s*</result>\s*)?</user_shell_command>",
    re.DOTALL,
)
_IMAGE = re.compile(r"<image\b[^>]*>\s*(?:</image>)?|</image>|\[Image #\d+\]")
#: A prompt file of the user's, unfolded: its frontmatter, or the sentence with which Spec Kit's commands begin.
_FRONTMATTER = re.compile(r"\A---\n(?:[\w-]+:.*\n(?:[ \t]+.*\n)*)+---\n")
_SPECKIT = re.compile(r"you \*\*MUST\*\* consider (?:it|the user input) before proceeding", re.I)
_ARGUMENTS = re.compile(
    r"^(?:#+ )?User input:?\s*\n+(?:```\w*\n)?(.*?)(?:\n```|\n\n|\Z)", re.DOTALL | re.MULTILINE | re.I
)


def said(text: str) -> Said:
    if shell := _SHELL.match(text):
        return Said("shell", shell[1], shell[2] or "")
    if _IDE.match(text):
        request = list(_REQUEST.finditer(text))
        return said(text[request[-1].end() :]) if request else NOBODY
    if _HARNESS.match(text) or _WRAPPED.fullmatch(text):
        return NOBODY
    words = _IMAGE.sub("", text).strip()
    if not words:
        return NOBODY
    if _FRONTMATTER.match(words) or _SPECKIT.search(words):
        given = _ARGUMENTS.search(words)
        return Said("command", f"/prompt {given[1].strip()[:2000] if given else ''}".strip())
    return Said("human", words)
