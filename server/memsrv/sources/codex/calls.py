"""The calls of a rollout that have no result yet, and the processes that a shell left running.

What a call is, and how it ended, is told here; where it stands in the conversation is not known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from memsrv.records import EventType, Outcome, Trust
from memsrv.sources import diffs, endings
from memsrv.sources.codex import results, tools
from memsrv.sources.fields import mapping, plain, string

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Told:
    """An event without its place: what was said, by whom."""

    type: EventType
    trust: Trust
    text: str = ""
    key: str = ""  # what its id is made of besides its text: a call's own id
    more: Mapping[str, Any] | None = None


class Calls:
    def __init__(self, state: Mapping[str, Any]) -> None:
        self._open: dict[str, dict[str, Any]] = dict(state.get("open", {}))
        self._processes: dict[str, list[Any]] = dict(state.get("processes", {}))  # running → [call, tool, asking]

    @property
    def state(self) -> dict[str, Any]:
        return {
            "open": dict(list(self._open.items())[-_REMEMBERED:]),
            "processes": dict(list(self._processes.items())[-_REMEMBERED:]),
        }

    def awaited(self, call: str, tool: str) -> None:
        self._open[call] = {"tool": tool}

    def called(self, item: Mapping[str, Any], cwd: str | None) -> Iterator[Told]:
        tool = (string(item.get("name")) or ("local_shell" if item.get("type") == "local_shell_call" else "?"))[:100]
        if item.get("type") == "custom_tool_call":
            made = tools.custom_call(tool, string(item.get("input")) or "")
        else:
            made = tools.function_call(tool, item.get("action", item.get("arguments")))
        id = string(item.get("call_id")) or string(item.get("id"))
        running = self._processes.get(made.process or "")
        if id:
            asking = endings.asks(made.command or "")
            self._open[id] = {"tool": made.tool, "asking": asking, "shell": made.command is not None}
            if string(item.get("namespace")) or item.get("type") == "mcp_tool_call":
                self._open[id]["server"] = True
            if running is not None:
                self._open[id] |= {"process": made.process, "typed": bool(made.typed)}
        if running is not None and not made.typed:
            return  # it only looks how far the process is
        yield Told(
            EventType.TOOL_CALL,
            made.trust,
            plain(made.text),
            key=id or made.command or "",
            more={
                "tool": made.tool,
                "call": id,
                "command": plain(made.command) if made.command else None,
                "paths": made.paths,
                "edits": made.edits,
                "spans": made.spans,
                "cwd": _under(cwd, made.cwd),
            },
        )

    def returned(self, item: Mapping[str, Any], *, agents: bool) -> Iterator[Told]:
        id = string(item.get("call_id")) or string(item.get("id"))
        call = self._open.pop(id, {}) if id else {}
        tool: str | None = call.get("tool")
        running = self._processes.get(call.get("process") or "")
        output = item.get("output", item.get("result"))
        own = "__" not in (tool or "") and not call.get("server")
        shell = bool(call.get("shell")) or running is not None or tool in tools.STDIN
        asking = bool(running[2] if running else call.get("asking"))
        ended = results.ending(output, shell=shell, asking=asking, success=call.get("success"), own=own)
        code = call.get("exit_code")
        if ended.outcome is Outcome.UNKNOWN and ended.process is None and code is not None:
            ended = results.exited(ended.text, code, asking)
        if call.get("declined"):
            ended = replace(ended, rejected=True, grounds="status: declined", text="")
        if ended.process and id and call.get("shell"):
            self._processes[ended.process] = [id, tool, call.get("asking", False)]
        if running is not None:
            over = ended.outcome is not Outcome.UNKNOWN
            if over:
                del self._processes[str(call["process"])]
            if call.get("typed"):
                yield result(results.Ending(ended.text), id, tool, agents=agents)
                ended = replace(ended, text="")
            if over or not call.get("typed"):
                yield result(ended, running[0], running[1], agents=agents, key=id or "")
            return
        told = result(ended, id, tool, agents=agents)
        more: dict[str, Any] = {**(told.more or {}), "spans": tuple((p, a, b) for p, a, b in call.get("spans", ()))}
        if tool in tools.SPAWNS:
            more["child"] = results.child(output)
        if tool in tools.QUESTIONS and not agents and (answer := results.answers(output)):
            more |= {"outcome": Outcome.SUCCESS, "grounds": "answered"}
            told = replace(told, trust=Trust.HUMAN, text=plain(answer))
        yield replace(told, more=more)

    def ended(self, message: Mapping[str, Any]) -> None:
        """What the screen showed of a call's end, before its output."""
        call = self._open.get(string(message.get("call_id")) or "")
        if call is None:
            return
        if message.get("status") == "declined":
            call["declined"] = True
        if isinstance(message.get("success"), bool):
            call["success"] = message["success"]
        code = message.get("exit_code")
        if call.get("shell") and isinstance(code, int) and not isinstance(code, bool):
            call["exit_code"] = code
        result = mapping(message.get("result"))
        if "Ok" in result or "Err" in result:
            call["success"] = "Ok" in result and mapping(result["Ok"]).get("isError") is not True
        changes = mapping(message.get("changes"))
        call["spans"] = [
            list(span)
            for path, change in changes.items()
            for span in (
                *diffs.spans(str(path), string(mapping(change).get("unified_diff")) or ""),
                *diffs.whole(str(path), _added(mapping(change))),
            )
        ]


def result(ended: results.Ending, call: str | None, tool: str | None, *, agents: bool, key: str = "") -> Told:
    if ended.rejected and not agents:
        more = {"tool": tool, "call": call, "outcome": Outcome.REJECTED, "grounds": ended.grounds}
        return Told(EventType.REJECTION, Trust.HUMAN, key=f"{call} {key}", more=more)
    return Told(
        EventType.TOOL_RESULT,
        tools.result_trust(tool),
        plain(ended.text),
        key=f"{call} {key}",
        more={
            "tool": tool,
            "call": call,
            "outcome": ended.outcome,
            "grounds": ended.grounds,
            "exit_code": ended.exit_code,
            "error": ended.error,
        },
    )


def _under(cwd: str | None, folder: str | None) -> str | None:
    """The folder that a command ran in; a relative one is below the session's."""
    if not folder or folder.startswith("/") or folder[1:3] in (":\\", ":/") or not cwd:
        return folder or cwd
    return cwd if folder in (".", "./") else f"{cwd.rstrip('/')}/{folder.removeprefix('./')}"


def _added(change: Mapping[str, Any]) -> str:
    content = string(change.get("content")) or string(mapping(change.get("add")).get("content")) or ""
    return content if change.get("type") == "add" or "add" in change else ""
