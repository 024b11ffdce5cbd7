"""Renders sittings as Claude Code writes them: a JSON record a line, a uuid chain, split replies, a file per subagent.

Deterministic: the same story gives the same bytes. Knows the format (as of 2.1.x), nothing of what the story means.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from memsrv.demo.steps import (
    Compacts,
    Delegates,
    Edits,
    Garbled,
    Interrupted,
    Refused,
    Replies,
    Runs,
    Says,
    Sitting,
    Step,
)

Record = dict[str, Any]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://quayside.example")
_MODEL = "claude-sonnet-4-5-20250929"
_REFUSED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the "
    "new_string was NOT written to the file). To tell you how to proceed, the user said:\n"
)


def write_logs(sittings: Iterable[Sitting], folder: Path, cwd: str) -> list[Path]:
    """Write every sitting below `folder` (a `~/.claude`) as if held in `cwd`; the files, subagents' included."""
    written: list[Path] = []
    whole: dict[str, list[str]] = {}
    project = folder / "projects" / re.sub(r"[^A-Za-z0-9]", "-", cwd)
    for sitting in sittings:
        pen = _Pen(sitting, cwd, earlier=tuple(whole[sitting.resumes]) if sitting.resumes else ())
        for step in sitting.steps:
            pen.write(step)
        whole[sitting.name] = pen.lines
        files = {project / f"{pen.session}.jsonl": pen.lines}
        for agent, lines in pen.subagents.items():
            files[project / pen.session / "subagents" / f"agent-{agent}.jsonl"] = lines
        for path, lines in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(line + "\n" for line in lines), "utf-8")
            written.append(path)
    return written


@dataclass
class _Pen:
    """Writes one sitting, keeping the clock and the end of the uuid chain."""

    sitting: Sitting
    cwd: str
    earlier: tuple[str, ...] = ()
    sidechain: str | None = None  # the subagent whose log this is
    lines: list[str] = field(init=False)
    subagents: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = _id(self.sitting.name)
        self._clock = datetime.fromisoformat(self.sitting.started).astimezone(UTC)
        self._parent: str | None = None
        self._count = 0
        self.lines = []
        if self.sidechain is None:
            self._loose(
                {
                    "type": "file-history-snapshot",
                    "messageId": _id(self.session, "0"),
                    "isSnapshotUpdate": False,
                    "snapshot": {"messageId": _id(self.session, "0"), "trackedFileBackups": {}},
                }
            )
        for line in self.earlier:  # a resumed session's log opens with a copy of the earlier one's records
            self.lines.append(line)
            self._parent = _uuid(line) or self._parent
        if self.sidechain is None:
            self._loose({"type": "ai-title", "aiTitle": self.sitting.title, "sessionId": self.session})

    def write(self, step: Step) -> None:
        match step:
            case Says(text):
                self._user(text, promptSource="typed", origin={"kind": "human"})
            case Replies(text):
                self._assistant([{"type": "thinking", "thinking": "", "signature": ""}, {"type": "text", "text": text}])
            case Runs(command, output, exit_code):
                self._run(command, output, exit_code)
            case Edits(path, old, new):
                self._edit(f"{self.cwd}/{path}", old, new)
            case Refused(command, words):
                call = self._call("Bash", {"command": command, "description": "Run a command"})
                self._result(call, _REFUSED + words, "Error: " + _REFUSED + words, error=True)
            case Interrupted():
                self._user([{"type": "text", "text": "[Request interrupted by user]"}])
            case Delegates():
                self._delegate(step)
            case Compacts(summary):
                self._compact(summary)
            case Garbled():
                self.lines.append('{"parentUuid":"' + str(self._parent) + '","isSidechain":false,"type":"assist')

    def _run(self, command: str, output: str, exit_code: int) -> None:
        call = self._call("Bash", {"command": command, "description": "Run a command"})
        if exit_code:
            said = f"Exit code {exit_code}\n{output}"
            self._result(call, said, f"Error: {said}", error=True)
        else:
            self._result(call, output, {"stdout": output, "stderr": "", "interrupted": False, "isImage": False})

    def _edit(self, path: str, old: str, new: str) -> None:
        call = self._call("Edit", {"file_path": path, "old_string": old, "new_string": new, "replace_all": False})
        outcome = {"filePath": path, "oldString": old, "newString": new, "userModified": False, "replaceAll": False}
        self._result(call, f"The file {path} has been updated.", outcome)

    def _delegate(self, step: Delegates) -> None:
        call = self._call("Task", {"description": "Look around", "prompt": step.task, "subagent_type": "Explore"})
        agent = _id(self.session, call)[:8]
        pen = _Pen(self.sitting, self.cwd, sidechain=agent)
        pen._parent, pen._clock = None, self._clock
        pen._user(step.task)
        for inner in step.steps:
            pen.write(inner)
        self.subagents[agent] = pen.lines
        self._clock = pen._clock
        content = [{"type": "text", "text": step.answer}]
        self._result(call, content, {"status": "completed", "agentId": agent, "content": content})

    def _compact(self, summary: str) -> None:
        last, self._parent = self._parent, None
        self._add(
            {
                "type": "system",
                "subtype": "compact_boundary",
                "content": "Conversation compacted",
                "isMeta": False,
                "level": "info",
                "logicalParentUuid": last,
                "compactMetadata": {"trigger": "auto", "preTokens": 155_210},
            }
        )
        self._user(summary, isCompactSummary=True, isVisibleInTranscriptOnly=True)

    def _call(self, tool: str, inputs: Mapping[str, Any]) -> str:
        call = "toolu_" + _id(self.session, self.sidechain or "", "call", str(self._count)).replace("-", "")[:24]
        self._assistant([{"type": "tool_use", "id": call, "name": tool, "input": dict(inputs)}])
        return call

    def _result(self, call: str, content: Any, outcome: Any, error: bool = False) -> None:
        block = {"tool_use_id": call, "type": "tool_result", "content": content, "is_error": error}
        self._add({"type": "user", "message": {"role": "user", "content": [block]}, "toolUseResult": outcome})

    def _user(self, content: Any, **more: Any) -> None:
        self._add({"type": "user", "message": {"role": "user", "content": content}, **more})

    def _assistant(self, blocks: list[Record]) -> None:
        """One API response: a line for each of its blocks, its usage repeated on each, as the agent writes it."""
        response = _id(self.session, self.sidechain or "", "response", str(self._count)).replace("-", "")[:24]
        usage = {"input_tokens": 4, "cache_read_input_tokens": 12_000, "output_tokens": 40 + 7 * len(blocks)}
        for block in blocks:
            last = block is blocks[-1]
            message = {
                "id": f"msg_{response}",
                "type": "message",
                "role": "assistant",
                "model": _MODEL,
                "usage": usage,
                "content": [block],
                "stop_reason": _stop(block) if last else None,
                "stop_sequence": None,
            }
            self._add({"type": "assistant", "message": message, "requestId": f"req_{response}"})

    def _add(self, record: Record) -> None:
        """The envelope around `record`, linked to the one before it."""
        self._count += 1
        self._clock += timedelta(seconds=3 + self._count % 5, milliseconds=137)
        this = _id(self.session, self.sidechain or "", str(self._count))
        envelope: Record = {
            "parentUuid": self._parent,
            "isSidechain": self.sidechain is not None,
            "userType": "external",
            "cwd": self.cwd,
            "sessionId": self.session,
            "version": self.sitting.version,
            "gitBranch": self.sitting.branch,
            "entrypoint": "cli",
        }
        if self.sidechain is not None:
            envelope["agentId"] = self.sidechain
        time = self._clock.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._loose({**envelope, **record, "uuid": this, "timestamp": time})
        self._parent = this

    def _loose(self, record: Record) -> None:
        self.lines.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


def _stop(block: Record) -> str:
    return "tool_use" if block["type"] == "tool_use" else "end_turn"


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def _uuid(line: str) -> str | None:
    try:
        found = json.loads(line).get("uuid")
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, str) else None
