"""Tool calls that Cline's and Roo's models wrote as markup in their text, before they used the API's own calls."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from memsrv.sources.cline.tags import tagged

TOOLS = (
    "execute_command|read_file|write_to_file|replace_in_file|apply_diff|insert_content|search_and_replace|search_files"
    "|list_files|list_code_definition_names|browser_action|use_mcp_tool|access_mcp_resource|ask_followup_question"
    "|attempt_completion|plan_mode_respond|plan_mode_response|act_mode_respond|new_task|condense|summarize_task"
    "|report_bug|load_mcp_documentation|web_fetch|web_search|switch_mode|fetch_instructions|codebase_search|new_rule"
    "|update_todo_list|run_slash_command|edit_file|generate_image|use_skill|use_subagents|focus_chain"
)
_OPENED = re.compile(rf"^[ \t]*<({TOOLS})>", re.MULTILINE)
#: Their contents may hold any tag, so that they end where their last closing tag stands.
_LONG = re.compile(r"<(content|diff|args|arguments|result|response|context)>")
_SHORT = re.compile(r"<([a-z_]+)>")
_PATH = re.compile(r"<(path)>")
_THOUGHT = re.compile(r"<thinking>.*?(?:</thinking>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    tool: str
    arguments: Mapping[str, object]


def pieces(text: str) -> Iterator[str | Asked]:
    """The prose and the calls of a reply, in their order."""
    text = without_thoughts(text)
    place = 0
    while opened := _OPENED.search(text, place):
        if opened.start() > place:
            yield text[place : opened.start()]
        tool, closing = opened[1], f"</{opened[1]}>"
        again = _OPENED.search(text, opened.end())
        # A file that is written may itself hold the closing tag: the last one before the next call is meant.
        until = again.start() if again and closing in text[opened.end() : again.start()] else len(text)
        end = text.rfind(closing, opened.end(), until)
        yield Asked(tool, _arguments(text[opened.end() : end if end >= 0 else until]))
        place = end + len(closing) if end >= 0 else until
    if place < len(text):
        yield text[place:]


def without_thoughts(text: str) -> str:
    return _THOUGHT.sub("", text)


def _arguments(inside: str) -> Mapping[str, object]:
    found: dict[str, object] = {}
    while opened := _LONG.search(inside):
        end = inside.rfind(f"</{opened[1]}>")
        if end < opened.end():
            break
        found[opened[1]] = inside[opened.end() : end].removeprefix("\n")
        inside = inside[: opened.start()] + inside[end + len(opened[0]) + 1 :]
    for short in tagged(inside, _SHORT):
        found.setdefault(short.name, short.inside.strip("\n"))
    if "path" not in found and "args" in found:
        found["paths"] = [path.inside.strip() for path in tagged(str(found["args"]), _PATH)]
    return found
