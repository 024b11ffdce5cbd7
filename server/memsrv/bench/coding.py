"""Long sessions of a coding agent with facts planted in them, as Claude Code writes its logs, part after part.

A part is one context's worth of work. Some sessions are mostly tool output, as agents' are, some mostly talk and code
in replies, as the paper's are. Around the facts stand words, code and output of the standard library, with values of
their own that nobody asks for. The same seed and Python give the same bytes.
"""

import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from memsrv.bench.planted import FLOOR, PROSE, Planted, Words, fact
from memsrv.bench.sessions import Library
from memsrv_consolidation.bench.scenarios import Turn

#: Of each kind, so many facts in a part of 240 kB.
FACTS = {"constraint": 8, "decision": 8, "edit": 10, "command": 10, "error": 6, "reply": 30, "output": 10}
_CWD = "/home/bench/orchard"
_ASKS = ("Now have a look at {w} please", "can you clean up {w}?", "Next: {w}", "hm, {w} is still odd", "go on",
         "Thanks, that works.", "What about {w}?", "ok", "try again", "let's do {w} after this, first {v}")  # fmt: skip
_LEADS = ("Let me look at that.", "I'll check the file first.", "Now I'll run it.", "Good, next step.",
          "I see what happens here.", "Let me search for where it is used.", "Running the tests again.")  # fmt: skip


@dataclass
class Part:
    """One context's worth: its facts, the lines of the log, and how many characters an agent read of it."""

    facts: list[Planted] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    chars: int = 0

    def say(self, text: str, *, masked: str | None = None) -> None:
        """`masked` is what stands in its place where outputs are masked."""
        self.said.append(text)
        self.masked.append(text if masked is None else masked)
        self.chars += len(text)

    @property
    def text(self) -> str:
        return "\n".join(self.said)


class Coder:
    """Writes one session, a part at a time."""

    def __init__(self, seed: str, library: Library) -> None:
        self.dice = random.Random(seed)
        self.session = str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        self.talkative = self.dice.random() < 0.4
        self._library, self._words = library, Words(self.dice)
        self._clock = datetime(2026, 5, 4, 9, tzinfo=UTC)
        self._last: str | None = None
        self._part = Part()

    def part(self, chars: int) -> Part:
        """About `chars` of work, with facts in proportion; it ends with some work that holds none."""
        self._part = part = Part()
        kinds = [kind for kind in (*FLOOR, *PROSE) for _ in range(max(1, round(FACTS[kind] * chars / 240_000)))]
        part.facts += [fact(kind, self._words) for kind in kinds]
        self.dice.shuffle(part.facts)
        for place, planted in enumerate(part.facts):
            self._tell(planted)
            while self._length() < chars * (place + 1) / (len(part.facts) + 2):
                self._filler()
        while self._length() < chars:
            self._filler()
        return part

    def told(self, turns: Iterable[Turn]) -> Part:
        """What somebody else made up."""
        self._part = part = Part()
        for turn in turns:
            match turn.who:
                case "user":
                    self.prompt(turn.text)
                case "run":
                    self._ran(turn.text, turn.printed, turn.code)
                case _:
                    self.reply(turn.text)
        return part

    def boundary(self, summary: str) -> Part:
        """The host compacts: its marker, and the summary it wrote."""
        self._part = part = Part()
        self._line("system", subtype="compact_boundary", content="Conversation compacted",
                   compactMetadata={"trigger": "auto", "preTokens": 155_000})  # fmt: skip
        self._line("user", isCompactSummary=True, isVisibleInTranscriptOnly=True,
                   message={"role": "user", "content": summary})  # fmt: skip
        return part

    def prompt(self, text: str) -> None:
        self._line("user", message={"role": "user", "content": text})
        self._part.say(text)

    def reply(self, text: str) -> None:
        self._block({"type": "text", "text": text})
        self._part.say(text)

    def _tell(self, planted: Planted) -> None:
        head, _, rest = planted.text.partition("\0")
        match planted.kind:
            case "constraint" | "decision":
                self.prompt(self._among(head, human=True))
                self.reply(self.dice.choice(_LEADS))
            case "agent decision" | "reply":
                self.reply(self._among(head))
            case "output":
                lines = self._output(self.dice.randrange(300, 4_000)).split("\n")
                lines.insert(self.dice.randrange(len(lines) + 1), head)
                self._ran(self._look(), "\n".join(lines), 0)
            case "edit":
                self._edited(head, *rest.split("\0"))
            case "command":
                printed = self._output(self.dice.randrange(20, 1_200))
                self._ran(head, printed, int(rest))
            case "error":
                self._ran(head, f"{self._output(self.dice.randrange(50, 600))}\n{rest}", 1)
                if self.dice.random() < 0.5:
                    self._edited(self._code(40), self._code(40), f"src/{self._library.word(self.dice)}.py")
                    self._ran(head, f"{self.dice.randrange(2, 30)} passed in 0.4s", 0)

    def _among(self, sentence: str, *, human: bool = False) -> str:
        """`sentence` alone, or with others around it."""
        before, after = (self._prose(self.dice.randrange(20, 260)) if self.dice.random() < 0.5 else "" for _ in "ab")
        if human and self.dice.random() < 0.15:
            after += "\n\n```\n" + self._code(self.dice.randrange(400, 4_000)) + "\n```"
        if not human and self.talkative:
            after += "\n\n```python\n" + self._code(self.dice.randrange(200, 2_500)) + "\n```"
        joint = self.dice.choice(("\n", " ", "\n\n", "\n- "))
        return joint.join(filter(None, (before, sentence, after)))

    def _filler(self) -> None:
        dice = self.dice
        if dice.random() < 0.12:
            self.prompt(dice.choice(_ASKS).format(w=self._library.word(dice), v=self._library.word(dice)))
        if self.talkative or dice.random() < 0.3:
            lead = dice.choice(_LEADS)
            self.reply(self._among(self._prose(dice.randrange(60, 700))) if dice.random() < 0.5 else lead)
        if self.talkative and dice.random() < 0.6:
            return
        roll = dice.random()
        if roll < 0.5:
            path = f"src/{dice.choice(self._library.names)}.py"
            code = self._code(dice.randrange(500, 7_000)).split("\n")
            shown = "\n".join(f"{number:6}→{line}" for number, line in enumerate(code, 1))
            self._used("Read", {"file_path": f"{_CWD}/{path}"}, shown)
        elif roll < 0.8:
            self._ran(self._look(), self._output(dice.randrange(100, 5_000)), 0)
        elif roll < 0.9:
            self._edited(self._code(120), self._code(200), f"src/{dice.choice(self._library.names)}.py")
        else:
            self._ran(f"pytest -q tests/test_{dice.choice(self._library.names)}.py", self._tests(), 0)

    def _look(self) -> str:
        forms = ("rg -n {w} src", "cat src/{p}.py", "git log --oneline -20", "tail -n 80 var/{p}.log",
                 "python -m {p} --check", "ls -la src/{p}", "git diff -- src/{p}.py", "make status")  # fmt: skip
        return self.dice.choice(forms).format(w=self._library.word(self.dice), p=self.dice.choice(self._library.names))

    def _output(self, size: int) -> str:
        roll = self.dice.random()
        if roll < 0.5:
            return self._code(size)
        if roll < 0.75:
            return self._prose(size)
        rows = max(1, size // 70)
        words = [self._library.word(self.dice) for _ in range(6)]
        return "\n".join(self._log_line(words) for _ in range(rows))

    def _log_line(self, words: Sequence[str]) -> str:
        minute, second, took = self.dice.randrange(60), self.dice.randrange(60), self.dice.randrange(900)
        level = self.dice.choice(("INFO", "DEBUG"))
        return f"2026-05-04 09:{minute:02}:{second:02} {level} {self.dice.choice(words)} took {took} ms"

    def _tests(self) -> str:
        count = self.dice.randrange(3, 40)
        rows = [
            f"tests/test_{self._library.word(self.dice)}.py {'.' * self.dice.randrange(1, 9)}"
            for _ in range(count // 3)
        ]
        return "\n".join([*rows, f"{count} passed in {self.dice.random() * 3:.2f}s"])

    def _code(self, size: int) -> str:
        return self._library.code(self.dice, size)

    def _prose(self, size: int) -> str:
        return " ".join(self._library.prose(self.dice, size).split())

    def _edited(self, old: str, new: str, path: str) -> None:
        around = [self._code(self.dice.randrange(10, 200)) for _ in range(2)]
        olds, news = (f"{around[0]}\n{line}\n{around[1]}" for line in (old, new))
        start = self.dice.randrange(1, 400)
        lines = [*(f"-{line}" for line in olds.split("\n")), *(f"+{line}" for line in news.split("\n"))]
        sizes = {"oldLines": olds.count("\n") + 1, "newLines": news.count("\n") + 1}
        hunk = {"oldStart": start, "newStart": start, **sizes, "lines": lines}
        given = {"file_path": f"{_CWD}/{path}", "old_string": olds, "new_string": news}
        detail = {"filePath": f"{_CWD}/{path}", "oldString": olds, "newString": news, "structuredPatch": [hunk]}
        self._used("Edit", given, f"The file {_CWD}/{path} has been updated.", detail=detail)

    def _ran(self, command: str, printed: str, code: int) -> None:
        shown = f"Exit code {code}\n{printed}" if code else printed
        detail = f"Error: {shown}" if code else {"stdout": printed, "stderr": "", "interrupted": False}
        self._used("Bash", {"command": command}, shown, failed=bool(code), detail=detail)

    def _used(self, tool: str, given: Any, printed: str, *, failed: bool = False, detail: Any = None) -> None:
        call = f"toolu_{self.dice.getrandbits(96):024x}"
        self._block({"type": "tool_use", "id": call, "name": tool, "input": given})
        content = [{"type": "tool_result", "tool_use_id": call, "content": printed, "is_error": failed}]
        self._line("user", message={"role": "user", "content": content}, toolUseResult=detail)
        self._part.say(f"{tool} {json.dumps(given, ensure_ascii=False)}")
        self._part.say(printed, masked=f"[{len(printed)} characters]" if len(printed) > 200 else None)

    def _block(self, block: dict[str, Any]) -> None:
        message = {"role": "assistant", "id": f"msg_{self.dice.getrandbits(96):024x}", "content": [block]}
        self._line("assistant", message=message)

    def _line(self, kind: str, /, **said: Any) -> None:
        self._clock += timedelta(seconds=self.dice.randrange(2, 60))
        parent, self._last = self._last, str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        self._part.lines.append({
            "parentUuid": parent, "isSidechain": False, "userType": "external", "cwd": _CWD, "sessionId": self.session,
            "version": "2.0.55", "gitBranch": "main", "type": kind, **said, "uuid": self._last,
            "timestamp": self._clock.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        })  # fmt: skip

    def _length(self) -> int:
        return self._part.chars


def append(path: Path, parts: Sequence[Part]) -> None:
    """Write `parts` at the end of the log at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(
            json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for part in parts for line in part.lines
        )


def kept(facts: Sequence[Planted], text: str) -> Iterator[bool]:
    """Of each fact, whether one line of `text`, or two that follow each other, has all of its values.

    How a command ended may be told as its agent's log tells it.
    """
    lines = (text := text.replace("Exit code ", "exit ")).split("\n")
    pairs = [f"{one}\n{other}" for one, other in zip(lines, [*lines[1:], ""], strict=True)]
    for planted in facts:
        whole = all(value in text for value in planted.values)
        yield whole and (len(planted.values) == 1 or any(all(v in pair for v in planted.values) for pair in pairs))
