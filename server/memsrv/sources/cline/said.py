"""Whose words a user message of Cline or Roo carries: a human's, a tool's, or the harness's own.

Cline writes what tools gave back as text, under the same role as what a human typed. A human's words stand between
tags, in a block that the harness began; tags inside what a tool printed are the tool's text. Knows no events.
"""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from memsrv.sources.cline.tags import without

Speaker = Literal["human", "answer", "refusal", "result", "summary", "cut", "nobody", "unknown"]


@dataclass(frozen=True, slots=True)
class Said:
    """`speaker` tells what `text` is; `tool` is the name in the header of a result."""

    speaker: Speaker
    text: str = ""
    tool: str | None = None
    title: str = ""  # what stands in the header behind the tool's name


_HEADER = re.compile(r"\[([a-z_]\w*)(?: (?:for|to|in) '(.*?)'| (?:[^\]\n]*))?\] Result:[ \t]*\n?", re.DOTALL)
_SENTENCES = (
    r"The user has provided feedback on the results\. Consider their input to continue the task,? and then attempt"
    r" completion again\.",
    r"The user provided the following feedback:",
    r"The user (?:approved|denied) this operation and provided the following (?:context|feedback):",
    r"You seem to be having trouble proceeding\. The user has provided the following feedback to help guide you:",
    r"New (?:instructions for task continuation|message to respond to with plan_mode_respond tool[^\n]*):",
    r"\[User has switched to [A-Z]+ MODE[^\n]*",
)
_TAGGED = re.compile(
    rf"\s*(?:(?:{'|'.join(_SENTENCES)})\s*)*<(task|feedback|answer|user_message)>\n?(.*?)\n?</\1>", re.DOTALL
)
_INSERTED = re.compile(
    r"<(explicit_instructions|environment_details|file_content|folder_content|url_content|terminal_output"
    r"|workspace_diagnostics|git_working_state)\b[^<>]*>"
)
_HARNESS = re.compile(
    r"\s*(?:<environment_details>|# task_progress|# T(?:ODO LIST|odo List)|# ?Reminder|\[ERROR\]|\[TASK RESUMPTION\]"
    r"|\[TASK PROGRESS|Tool \[[^\]]*\] was not executed because|<explicit_instructions|<file_content"
    r"|<workspace_diagnostics"
    r"|(?:" + "|".join(_SENTENCES) + r")\s*\Z|\(The user did not provide a new message"
    r"|\(see below for|New problems detected|<hook_context|<rules|\Z)"
)
_CUT = re.compile(r"\s*\[NOTE\] Some previous conversation history with the user has been removed")
_SUMMARY = re.compile(r"\s*(?:This session is being continued from a previous conversation|## Conversation Summary)")
_DENIED = "The user denied this operation."
_DENIED_WITH_WORDS = re.compile(
    r"The user denied this operation and provided the following feedback:\s*<feedback>\n?(.*?)\n?</feedback>\s*\Z",
    re.DOTALL,
)
#: These give back strangers' text as it is: a page, a file or its name may forge the harness's sentences.
_RAW = re.compile(r"read_file|list_|search|web_|browser|fetch|use_mcp|access_mcp|mcp")
#: These print nothing of their own: what they give back is what the human answered.
ASKING = frozenset(
    {"ask_followup_question", "attempt_completion", "plan_mode_respond", "act_mode_respond", "plan_mode_response"}
    | {"new_task", "condense", "summarize_task", "report_bug", "switch_mode"}
)


def header(text: str, title: str | None, tool: str | None) -> tuple[str, str, int] | None:
    """The tool, what it was asked, and where its result begins, where `text` is headed as one.

    `tool` and `title` are of the call that waits for its result: what it was asked may itself hold a header's end.
    """
    if tool and title and text.startswith(f"[{tool} for '{title}'] Result:"):
        end = len(f"[{tool} for '{title}'] Result:")
        return tool, title, end + (1 if text[end : end + 1] == "\n" else 0)
    found = _HEADER.match(text)
    return (found[1], found[2] or "", found.end()) if found else None


def result(tool: str | None, body: str, heard: Collection[str]) -> Iterator[Said]:
    """What stands in a tool's result: the human's refusal, their words, or what the tool gave back.

    `heard`: what the user is known to have typed.
    """
    text = body.strip()
    believed = tool is not None and not _RAW.search(tool)
    told = _status(text)
    if told is not None and told[0] == "denied":
        yield Said("refusal", told[1] if believed or told[1] in heard else "", tool)
        return
    if text == _DENIED:
        yield Said("refusal", "", tool)
        return
    if refused := _DENIED_WITH_WORDS.match(text):
        words = refused[1].strip()
        yield Said("refusal", words if believed or words in heard else "", tool)
        return
    if told is not None and (believed or told[1] in heard):
        yield Said("human", told[1])
        return
    if tool in ASKING and (words_of := _TAGGED.match(text)):
        yield Said("answer" if words_of[1] == "answer" else "human", _clean(words_of[2]), tool)
        return
    yield Said("result", body, tool)


def block(text: str) -> Said:
    """Who speaks in a block that is no tool's result."""
    tagged = _TAGGED.match(text)
    if tagged:
        return Said("human", _clean(tagged[2])) if _clean(tagged[2]) else Said("nobody")
    if _CUT.match(text):
        return Said("cut")
    if _SUMMARY.match(text):
        return Said("summary", text)
    return Said("nobody") if _HARNESS.match(text) else Said("unknown", text)


def is_refusal_feedback(text: str) -> bool:
    """Whether a block carries what the user said to the call that they refused right before."""
    return text.lstrip().startswith(("The user provided the following feedback:", "<feedback>"))


def _status(text: str) -> tuple[str, str] | None:
    """Roo's own word on a call, `{"status": "denied" | "approved" | "guidance", "feedback": …}`."""
    if not text.startswith('{"status"') or len(text) > 1 << 20:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    status, words = told.get("status"), told.get("feedback")
    if status == "denied":
        return status, words.strip() if isinstance(words, str) else ""
    if status in ("approved", "guidance") and isinstance(words, str) and words.strip():
        return status, words.strip()
    return None


def _clean(text: str) -> str:
    return without(text, _INSERTED).strip()
