"""Session logs as Claude Code and Codex write them, of any size, made up: what `memsrv bench ingest` reads.

The mix of records, tools and sizes is that of the real sessions that were measured (median line 1 kB, one in a hundred
over 20 kB, rarely an image of a megabyte); the words are those of this Python's own library. The same seed and Python
give the same bytes.
"""

import ast
import json
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from typing import Any

Record = dict[str, Any]

#: How large one session is; people's long ones are ten times as large.
SESSION_BYTES = 4 << 20
_CWD = "/home/bench/orchard"
#: Of the calls in real sessions, so many were of each tool.
_TOOLS = {"Bash": 60, "Read": 47, "Edit": 30, "TodoWrite": 22, "WebSearch": 20, "Write": 11, "WebFetch": 11, "Grep": 8}
_COMMANDS = (
    "pytest -q tests/{stem}", "git status --short", "git diff -- {path}", "rg -n {word} src", "ls -la {folder}",
    "sed -n 1,200p {path}", "ruff check {path}", "python -m {stem} --help", "git log --oneline -20", "mypy {folder}",
)  # fmt: skip


class Library:
    """Words, code and prose of the standard library: what people and agents read and write all day."""

    def __init__(self) -> None:
        files = sorted(Path(ast.__file__).parent.glob("*.py"))
        texts = [file.read_text("utf-8", "replace") for file in files]
        self.names = [file.stem for file in files]
        self._lines = [line for text in texts for line in text.splitlines()]
        self._prose = [part.strip() for text in texts for part in text.split('"""')[1::2] if " " in part]

    def code(self, dice: random.Random, size: int) -> str:
        """Some lines that follow each other."""
        return self._from(self._lines, dice, size)

    def prose(self, dice: random.Random, size: int) -> str:
        return self._from(self._prose, dice, size)

    def word(self, dice: random.Random) -> str:
        words = [word for word in self.code(dice, 200).split() if word.isidentifier()]
        return dice.choice(words) if words else "main"

    def path(self, dice: random.Random) -> str:
        return f"{_CWD}/src/{dice.choice(self.names)}.py"

    def _from(self, parts: list[str], dice: random.Random, size: int) -> str:
        place, found, held = dice.randrange(len(parts)), list[str](), 0
        while held < size:
            part = parts[place % len(parts)]
            found.append(part)
            held += len(part) + 1
            place += 1
        return "\n".join(found)[:size]


def write_sessions(folder: Path, size: int, seed: int = 1) -> list[Path]:
    """About `size` bytes of sessions below `folder`, three of four by Claude Code, each in its agent's layout."""
    library = Library()
    paths: list[Path] = []
    written = 0
    while written < size:
        number = len(paths)
        codex = number % 4 == 3
        name = str(uuid.UUID(int=random.Random(f"{seed} {number}").getrandbits(128), version=4))
        path = (
            folder / "codex" / "sessions" / "2026" / "05" / "04" / f"rollout-2026-05-04T09-00-00-{name}.jsonl"
            if codex
            else folder / "claude" / "projects" / "-home-bench-orchard" / f"{name}.jsonl"
        )
        written += write_session(path, min(SESSION_BYTES, size - written), f"{seed} {number}", library)
        paths.append(path)
    return paths


def write_session(path: Path, size: int, seed: str, library: Library) -> int:
    """One session of at least `size` bytes, by Codex where its name says so; how many bytes it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pen = (_Codex if path.name.startswith("rollout-") else _Claude)(path.stem[-36:], random.Random(seed), library)
    written = 0
    with path.open("wb") as file:
        for record in pen.records():
            written += file.write(line_of(record))
            if written >= size:
                break
    return written


def line_of(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class _Pen:
    """Makes up one session: its clock, its sizes, its ids."""

    def __init__(self, session: str, dice: random.Random, library: Library) -> None:
        self.session, self.dice, self.library = session, dice, library
        self._clock = datetime(2026, 5, 4, 9, tzinfo=UTC)

    def time(self) -> str:
        self._clock += timedelta(milliseconds=self.dice.randrange(200, 9_000))
        return self._clock.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def id(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def token(self, length: int) -> str:
        return f"{self.dice.getrandbits(length * 4):0{length}x}"

    def size(self, median: int, spread: float = 1.2, most: int = 60_000) -> int:
        return min(most, max(8, int(self.dice.lognormvariate(log(median), spread))))

    def prose(self, median: int) -> str:
        return self.library.prose(self.dice, self.size(median))

    def command(self) -> str:
        path = self.library.path(self.dice)
        stem, folder, word = Path(path).stem, str(Path(path).parent), self.library.word(self.dice)
        return self.dice.choice(_COMMANDS).format(path=path, folder=folder, stem=stem, word=word)

    def printed(self) -> str:
        """What a command prints: code, or the lines of a run of tests."""
        size = self.size(500, 1.4)
        if self.dice.random() < 0.6:
            return self.library.code(self.dice, size)
        tests = (
            f"tests/test_{self.dice.choice(self.library.names)}.py::test_{self.library.word(self.dice)} "
            f"{self.dice.choice(('PASSED', 'PASSED', 'PASSED', 'FAILED'))} [{percent:3}%]"
            for percent in range(0, 101, max(1, 6_000 // size))
        )
        return "\n".join(tests)


class _Claude(_Pen):
    """A uuid chain; a reply of several blocks is several lines; a tool's output stands twice in its line."""

    def __init__(self, session: str, dice: random.Random, library: Library) -> None:
        super().__init__(session, dice, library)
        self._last: str | None = None

    def records(self) -> Iterator[Record]:
        yield {"type": "summary", "summary": self.prose(40).replace("\n", " "), "leafUuid": self.id()}
        while True:
            snapshot = {"messageId": self.id(), "trackedFileBackups": {}, "timestamp": self.time()}
            yield {"type": "file-history-snapshot", "messageId": snapshot["messageId"], "snapshot": snapshot,
                   "isSnapshotUpdate": False}  # fmt: skip
            yield self._linked("user", message={"role": "user", "content": self.prose(120)})
            for _ in range(self.dice.randrange(1, 9)):
                yield from self._response()
            yield self._reply({"type": "text", "text": self.prose(400)}, self.token(24))

    def _response(self) -> Iterator[Record]:
        response = self.token(24)
        if self.dice.random() < 0.5:
            signature = self.token(self.size(400))
            yield self._reply({"type": "thinking", "thinking": self.prose(350), "signature": signature}, response)
        if self.dice.random() < 0.45:
            yield self._reply({"type": "text", "text": self.prose(200)}, response)
        tool = self.dice.choices(list(_TOOLS), list(_TOOLS.values()))[0]
        call = f"toolu_{self.token(24)}"
        given, content, detail = self._use(tool)
        failed = self.dice.random() < 0.05
        if failed:
            content = f"Exit code {self.dice.choice((1, 2, 127))}\n{content}"
            detail = f"Error: {content}"
        yield self._reply({"type": "tool_use", "id": call, "name": tool, "input": given}, response)
        if self.dice.random() < 0.6:
            data = {"type": "bash_progress", "output": "", "elapsedTimeSeconds": self.dice.randrange(30)}
            yield self._linked("progress", data=data, toolUseID=f"bash-{self.token(8)}", parentToolUseID=call)
        shown: Any = content
        if self.dice.random() < 0.002:  # a screenshot
            picture = {
                "type": "base64",
                "media_type": "image/png",
                "data": self.token(self.size(300_000, 0.8, 1 << 20)),
            }
            shown = [{"type": "image", "source": picture}]
        block = {"tool_use_id": call, "type": "tool_result", "content": shown, "is_error": failed}
        yield self._linked("user", message={"role": "user", "content": [block]}, toolUseResult=detail)

    def _use(self, tool: str) -> tuple[Record, str, Any]:
        """What a tool is given, what it answers, and what the harness keeps of it."""
        use: Callable[[], tuple[Record, str, Any]] = {
            "Bash": self._run, "Read": self._read, "Edit": self._edit, "Write": self._write, "TodoWrite": self._plan,
        }.get(tool, self._look_up)  # fmt: skip
        return use()

    def _run(self) -> tuple[Record, str, Any]:
        printed = self.printed()
        kept = {"stdout": printed, "stderr": "", "interrupted": False, "isImage": False}
        return {"command": self.command(), "description": self.prose(40).replace("\n", " ")}, printed, kept

    def _read(self) -> tuple[Record, str, Any]:
        path, code = self.library.path(self.dice), self.library.code(self.dice, self.size(3_000, 1.0))
        lines = code.split("\n")
        file = {"filePath": path, "content": code, "numLines": len(lines), "startLine": 1, "totalLines": len(lines)}
        shown = "\n".join(f"{number:6}→{line}" for number, line in enumerate(lines, 1))
        return {"file_path": path}, shown, {"type": "text", "file": file}

    def _edit(self) -> tuple[Record, str, Any]:
        path = self.library.path(self.dice)
        old, new = (self.library.code(self.dice, self.size(300)) for _ in range(2))
        given = {"file_path": path, "old_string": old, "new_string": new, "replace_all": False}
        around = self.library.code(self.dice, self.size(600)).split("\n")
        hunk = {"oldStart": 10, "oldLines": len(around), "newStart": 10, "newLines": len(around), "lines": around}
        kept = {"filePath": path, "oldString": old, "newString": new, "originalFile": None, "structuredPatch": [hunk],
                "userModified": False, "replaceAll": False}  # fmt: skip
        return given, f"The file {path} has been updated. Here's a snippet:\n" + "\n".join(around), kept

    def _write(self) -> tuple[Record, str, Any]:
        path, code = self.library.path(self.dice), self.library.code(self.dice, self.size(2_000))
        kept = {"type": "create", "filePath": path, "content": code, "structuredPatch": []}
        return {"file_path": path, "content": code}, f"File created successfully at: {path}", kept

    def _plan(self) -> tuple[Record, str, Any]:
        todos = [
            {"content": self.prose(60), "status": "pending", "activeForm": self.prose(60)}
            for _ in range(self.dice.randrange(2, 8))
        ]
        said = "Todos have been modified successfully. Ensure that you continue to use the todo list."
        return {"todos": todos}, said, {"oldTodos": todos[1:], "newTodos": todos}

    def _look_up(self) -> tuple[Record, str, Any]:
        words, found = self.prose(40), self.prose(1_500)
        return {"query": words, "pattern": words}, found, {"query": words, "results": [found], "durationSeconds": 1.5}

    def _reply(self, block: Record, response: str) -> Record:
        usage = {"input_tokens": 4, "cache_creation_input_tokens": self.dice.randrange(9_000),
                 "cache_read_input_tokens": self.dice.randrange(90_000), "output_tokens": self.dice.randrange(900),
                 "service_tier": "standard"}  # fmt: skip
        message = {"model": "claude-sonnet-4-5-20250929", "id": f"msg_{response}", "type": "message",
                   "role": "assistant", "content": [block], "stop_reason": None, "stop_sequence": None,
                   "usage": usage}  # fmt: skip
        return self._linked("assistant", message=message, requestId=f"req_{response}")

    def _linked(self, kind: str, /, **said: Any) -> Record:
        parent, self._last = self._last, self.id()
        envelope = {"parentUuid": parent, "isSidechain": False, "userType": "external", "cwd": _CWD,
                    "sessionId": self.session, "version": "2.0.55", "gitBranch": "main", "type": kind}  # fmt: skip
        return {**envelope, **said, "uuid": self._last, "timestamp": self.time()}


class _Codex(_Pen):
    """Records in an envelope; a shell's output is JSON within JSON, with its exit code."""

    def records(self) -> Iterator[Record]:
        git = {"branch": "main", "repository_url": "https://git.example/bench/orchard.git"}
        yield self._record("session_meta", id=self.session, cwd=_CWD, originator="codex_cli_rs", cli_version="0.58.0",
                           git=git, timestamp=self.time())  # fmt: skip
        while True:
            said = self.prose(150)
            content = [{"type": "input_text", "text": said}]
            yield self._record("response_item", type="message", role="user", content=content)
            yield self._record("event_msg", type="user_message", message=said, kind="plain")
            policy = {"cwd": _CWD, "approval_policy": "on-request", "model": "gpt-5-codex", "effort": "medium"}
            yield self._record("turn_context", **policy)
            for _ in range(self.dice.randrange(2, 14)):
                yield from self._run()
            told = self.prose(500)
            yield self._record("event_msg", type="agent_message", message=told)
            answer = [{"type": "output_text", "text": told}]
            yield self._record("response_item", type="message", role="assistant", content=answer)

    def _run(self) -> Iterator[Record]:
        thought, call = self.prose(120), f"call_{self.token(24)}"
        yield self._record("event_msg", type="agent_reasoning", text=thought)
        summary = [{"type": "summary_text", "text": thought}]
        yield self._record("response_item", type="reasoning", summary=summary, content=None,
                           encrypted_content=self.token(self.size(900, 0.6)))  # fmt: skip
        given = json.dumps({"command": ["bash", "-lc", self.command()], "workdir": _CWD})
        yield self._record("response_item", type="function_call", name="shell", arguments=given, call_id=call)
        code = 1 if self.dice.random() < 0.1 else 0
        output = json.dumps({"output": self.printed(), "metadata": {"exit_code": code, "duration_seconds": 0.4}})
        yield self._record("response_item", type="function_call_output", call_id=call, output=output)
        used = {"input_tokens": 9_000, "cached_input_tokens": 8_000, "output_tokens": self.dice.randrange(900),
                "reasoning_output_tokens": 64, "total_tokens": 9_900}  # fmt: skip
        info = {"total_token_usage": used, "last_token_usage": used, "model_context_window": 272_000}
        yield self._record("event_msg", type="token_count", info=info, rate_limits=None)

    def _record(self, kind: str, /, **payload: Any) -> Record:
        return {"timestamp": self.time(), "type": kind, "payload": payload}
