"""A tool's use in a session of Cline's SDK: several commands or files are asked for at once, and answered one by one.

Each command is a call of its own, with its own ending. Knows no messages.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import UnreadableLineError, calls, endings, patches
from memsrv.sources.fields import content_text, document, mapping, plain, string

_COMMANDS = "run_commands"
_FILES = frozenset({"read_files", "search_codebase"})
_WEB = frozenset({"fetch_web_content", "web_search"})
_ASKING = frozenset({"ask_question", "ask_followup_question"})
#: The harness writes it before the output.
_EXITED = re.compile(r"\s*\[?Command exited with code (-?\d{1,10})\]?[ \t]*(?:\n|\Z)")
_STOPPED = re.compile(r"\s*(?:Command was aborted|(?:Tool )?execution was (?:aborted|cancelled))", re.I)
_RUNNING = re.compile(r"still running|detached|in the background", re.I)
_REFUSED = re.compile(
    r"[^\n]{0,80}\b(?:(?:denied|rejected|declined) by (?:the )?user|user (?:denied|rejected|declined))", re.I
)


@dataclass(frozen=True, slots=True)
class Use:
    tool: str
    id: str | None
    given: Mapping[str, Any]
    commands: tuple[str, ...] = ()


def use(block: Mapping[str, Any]) -> Use:
    tool = (string(block.get("name")) or "?")[:100]
    given = block.get("input")
    if isinstance(given, str):
        given = {"input": given}
    elif isinstance(given, list):
        given = {"commands" if tool == _COMMANDS else "files" if tool == "read_files" else "queries": given}
    given = mapping(given)
    return Use(tool, string(block.get("id")), given, tuple(_commands(given)) if tool == _COMMANDS else ())


def _commands(given: Mapping[str, Any]) -> Iterator[str]:
    asked = given.get("commands", given.get("command", given.get("cmd", given.get("input"))))
    if isinstance(asked, str) and "args" in given:
        asked = [given]
    for one in asked if isinstance(asked, list) else [asked]:
        if isinstance(one, str) and one:
            yield one
        elif isinstance(one, Mapping) and string(one.get("command")):
            args = one.get("args")
            shown = [_quoted(arg) for arg in args if isinstance(arg, str)] if isinstance(args, list) else []
            yield " ".join([str(one["command"]), *shown])


def _quoted(argument: str) -> str:
    return json.dumps(argument, ensure_ascii=False) if re.search(r'[\s"]', argument) else argument


def calls_of(use: Use, blank: Event) -> Iterator[Event]:
    call = replace(blank, type=EventType.TOOL_CALL, tool=use.tool, call=use.id)
    if use.commands:
        for number, command in enumerate(use.commands):
            yield replace(call, trust=Trust.COMMAND, command=plain(command), call=_numbered(use.id, number))
        return
    made = _made(use)
    yield replace(
        call, text=plain(made.text), command=made.command, paths=made.paths, edits=made.edits, spans=made.spans
    )


def _made(use: Use) -> calls.Call:
    if use.tool == "read_files":
        asked = use.given.get("files", use.given.get("paths", use.given.get("file_paths", use.given)))
        wanted = asked if isinstance(asked, list) else [asked]
        read = [calls.call("read_file", one if isinstance(one, Mapping) else {"path": one}) for one in wanted]
        paths = tuple(dict.fromkeys(path for one in read for path in one.paths))
        return calls.Call(" ".join(paths), paths=paths, spans=tuple(span for one in read for span in one.spans))
    if use.tool in ("search_codebase", "fetch_web_content"):
        asked = use.given.get("queries", use.given.get("requests"))
        said = [one if isinstance(one, str) else string(mapping(one).get("url")) for one in _list(asked)]
        return calls.Call(" ".join(filter(None, said)))
    patch = string(use.given.get("input")) or ""
    if use.tool == "apply_patch" and patches.is_patch(patch):
        hunks = tuple(patches.hunks(patch))
        paths = patches.paths(patch)
        return calls.Call(" ".join(paths), paths=paths, edits=tuple((hunk.path, hunk.old, hunk.new) for hunk in hunks))
    if use.tool == "editor":
        shared = {"old_text": "oldText", "new_text": "newText"}
        given = {shared.get(key, key): value for key, value in use.given.items() if value is not None}
        return calls.call(use.tool, given)
    return calls.call(use.tool, use.given)


def results(use: Use | None, block: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    tool = use.tool if use else string(block.get("name"))
    content, failed = block.get("content"), block.get("is_error") is True
    event = replace(blank, tool=tool, call=string(block.get("tool_use_id")))
    told = content
    if isinstance(content, str):
        if failed and _REFUSED.match(content) and "__" not in (tool or ""):
            refused = replace(event, type=EventType.REJECTION, trust=Trust.HUMAN)
            yield replace(refused, outcome=Outcome.REJECTED, grounds="user rejected")
            return
        told = _decoded(content)
    answers = [one for one in _list(told) if isinstance(one, Mapping) and "success" in one]
    if not answers:
        text = content if isinstance(content, str) else content_text(content)
        answers = [{"result": text, "success": None if failed is False and tool == _COMMANDS else not failed}]
    event = replace(event, type=EventType.TOOL_RESULT, trust=_trust(tool, blank))
    commands = use.commands if use else ()
    if not commands:
        yield _joined(event, answers)
        return
    for number, answer in enumerate(answers):
        command = commands[number] if number < len(commands) else ""
        yield _ran(replace(event, call=_numbered(event.call, number)), answer, command)


def _trust(tool: str | None, blank: Event) -> Trust:
    if tool in _ASKING and not blank.sidechain:
        return Trust.HUMAN
    if tool in _FILES:
        return Trust.FILE
    return Trust.WEB if tool in _WEB else Trust.TOOL


def _joined(event: Event, answers: list[Mapping[str, Any]]) -> Event:
    text = "\n".join(filter(None, (_text(answer) for answer in answers)))
    bad = [answer for answer in answers if answer.get("success") is False]
    if not bad:
        return replace(event, text=text, outcome=Outcome.SUCCESS, grounds="success: true")
    trust = Trust.TOOL if event.trust is Trust.HUMAN else event.trust
    outcome = Outcome.FAILURE if len(bad) == len(answers) else Outcome.PARTIAL
    error = endings.error_class(_text(bad[0]))
    return replace(event, text=text, trust=trust, outcome=outcome, grounds="success: false", error=error)


def _ran(event: Event, answer: Mapping[str, Any], command: str) -> Event:
    text = _text(answer)
    exited = _EXITED.match(text)
    if exited is None and (said := _EXITED.match(plain(string(answer.get("error")) or ""))):
        exited, printed = said, text
    else:
        printed = text[exited.end() :] if exited else text
    if exited is not None and answer.get("success") is not True:
        code = int(exited[1])
        silent = not printed.strip() and code == 1 and endings.asks(command)
        grounds = f"exit code {code}"
        if silent:
            return replace(event, outcome=Outcome.PARTIAL, exit_code=code, grounds=grounds)
        error = endings.error_class(printed, code)
        return replace(event, text=printed, outcome=Outcome.FAILURE, exit_code=code, grounds=grounds, error=error)
    if answer.get("success") is True:
        if _RUNNING.search(text[:300]):
            return replace(event, text=text)
        return replace(event, text=text, outcome=Outcome.SUCCESS, exit_code=0, grounds="success: true")
    if answer.get("success") is None:
        return replace(event, text=text)
    if _STOPPED.match(text):
        return replace(event, text=text, outcome=Outcome.PARTIAL, grounds="aborted", error="interrupted")
    error = endings.error_class(text)
    return replace(event, text=text, outcome=Outcome.FAILURE, grounds="success: false", error=error)


def _text(answer: Mapping[str, Any]) -> str:
    """What came back; the error only where nothing else did."""
    result = answer.get("result")
    text = result if isinstance(result, str) else content_text(result)
    return plain(text or string(answer.get("error")) or "")


def _numbered(id: str | None, number: int) -> str | None:
    return f"{id}/{number}" if id and number else id


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _decoded(text: str) -> Any:
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return document(text.encode("utf-8", "replace"))
    except UnreadableLineError:
        return None
