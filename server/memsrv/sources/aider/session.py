"""The blocks of one Aider session to Events: prompts, replies with the edits they propose, what became of these.

Aider records no exit codes and no times but the session's start, which all its events carry. What it printed on its
own account (announcements, prices, a provider's errors) is nobody's words and is passed over.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from re import Match

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources.aider import commands, printed
from memsrv.sources.aider.blocks import Block
from memsrv.sources.aider.proposals import Proposal, proposals
from memsrv.sources.endings import error_class
from memsrv.sources.fields import plain


def _line(event: Event) -> str:
    return event.id.split(".")[0]


class Telling:
    """Reads a session's blocks in order; `events`, `version` and `unknown` are what they tell.

    An event's id is the line that it begins on, `#12`, or `#12.1` for the first edit that the reply there proposes.
    """

    def __init__(self, started: str | None, cwd: str | None, *, begun: bool) -> None:
        self.events: list[Event] = []
        self.version: str | None = None
        self.unknown: Counter[str] = Counter()
        self._ids: set[str] = set()
        self._started = started
        self._cwd = cwd
        self._asked = begun  # the model may speak: somebody has asked it
        self._open = False  # a turn, until its tokens are counted
        self._model: str | None = None
        self._format = "diff"
        self._repeated = ""  # words that Aider may write a second time as a prompt
        self._proposed: dict[str, str] = {}  # path → open call
        self._running: tuple[str, str | None] | None = None  # the tool and call of what prints now
        self._printed: list[Block] = []  # since the last print that was understood

    def read(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            if block.kind == "prompt":
                self._prompt(block)
            elif block.kind == "tool":
                self._print(block)
            elif self._running is not None:
                self._printed.append(block)  # what the command printed need not be marked
            else:
                self._reply(block)
        self._finish_running()

    def _add(self, line: int, type: EventType, trust: Trust, text: str = "", part: int = 0, **more: object) -> Event:
        blank = Event(
            id=f"#{line}.{part}" if part else f"#{line}",
            session="",
            type=type,
            trust=trust,
            text=plain(text),
            time=self._started,
            cwd=self._cwd,
        )
        event = replace(blank, **more)  # type: ignore[arg-type]
        while event.id in self._ids:
            part += 1
            event = replace(event, id=f"#{line}.{part}")
        self._ids.add(event.id)
        self.events.append(event)
        return event

    # The human

    def _prompt(self, block: Block) -> None:
        self._finish_running()
        self._printed = []
        text = block.text.strip()
        if self._is_answer(block, text):
            return
        question = text.removeprefix("# Question:").split("\n")[0].strip()  # of `/help`, before its pages
        if text and (text == self._repeated or (question != text and question == self._repeated)):
            self._repeated = ""
            self._asked = self._open = True
            return
        said = commands.typed(text)
        line = block.line
        if said.kind in ("speaks", "lint", "file"):
            self._asked = self._open = True
            self._proposed = {}
        if said.kind == "speaks":
            self._add(line, EventType.PROMPT, Trust.HUMAN, said.text)
            self._repeated = said.text if said.name else ""
        elif said.kind == "lint":
            self._failure(line, "lint", said.text, ())
        elif said.kind == "file":
            self._add(line, EventType.NOTE, Trust.FILE, said.text)
        elif said.kind == "command":
            event = self._add(line, EventType.COMMAND, Trust.HUMAN, said.text, command=said.text, paths=said.paths)
            if said.name in ("commit", "undo"):
                self._running = (said.name, event.id)
            self._asked = self._open = said.name == "web" or self._asked
        elif said.kind == "ran":
            event = self._add(line, EventType.COMMAND, Trust.COMMAND, said.text, tool=said.name, command=said.command)
            self.events[-1] = replace(event, call=event.id)
            self._running = (said.name, event.id)

    def _is_answer(self, block: Block, text: str) -> bool:
        asked = printed.QUESTION.match(text)
        if not (asked and asked["options"] and asked["answer"].lower() in printed.ANSWERS):
            return False
        self._question(block, asked)
        return True

    # The model

    def _reply(self, block: Block) -> None:
        if not self._asked:
            self.unknown["text:unasked"] += 1
            self._add(block.line, EventType.NOTE, Trust.TOOL, block.text)
            return
        self._printed = []
        self._repeated = block.text.strip()
        prose, proposed = proposals(block.text, self._format)
        if prose or not proposed:
            self._add(block.line, EventType.REPLY, Trust.ASSISTANT, prose, model=self._model)
        for part, one in enumerate(proposed, 1):
            self._propose(block, part, one)

    def _propose(self, block: Block, part: int, one: Proposal) -> None:
        event = self._add(
            block.line,
            EventType.TOOL_CALL,
            Trust.ASSISTANT,
            one.path,
            part,
            tool=self._format,
            paths=(one.path,),
            edits=tuple((plain(path), plain(old), plain(new)) for path, old, new in one.edits),
            model=self._model,
        )
        self.events[-1] = replace(event, call=event.id)
        self._proposed[one.path] = event.id

    def _count(self, tokens: Match[str]) -> None:
        self._open = False
        try:
            count = float(tokens[1].replace(",", "").rstrip(".")) * {"k": 1e3, "M": 1e6}.get(tokens[2] or "", 1)
        except ValueError:
            return
        for place in range(len(self.events) - 1, max(-1, len(self.events) - 40), -1):
            event = self.events[place]
            if event.tokens is not None or event.type is EventType.PROMPT:
                return
            if event.model and (not place or _line(self.events[place - 1]) != _line(event)):
                self.events[place] = replace(event, tokens=round(count))
                return

    # Aider

    def _print(self, block: Block) -> None:
        text = block.text
        if self._running is not None and not self._ends_the_output(text):
            self._printed.append(block)
            return
        if asked := printed.question(text):
            self._question(block, asked)
        elif tokens := printed.TOKENS.match(text):
            self._count(tokens)
        elif applied := printed.APPLIED.match(text):
            self._edited(block, applied[1], Outcome.SUCCESS, "Applied edit")
        elif dry := printed.DRY.match(text):
            self._edited(block, dry[1], Outcome.UNKNOWN, None)
        elif printed.COMMIT.match(text):
            self._add(block.line, EventType.NOTE, Trust.COMMAND, text)
        elif failed := printed.UNMATCHED_IN.match(text):
            self._edited(block, failed[2], Outcome.FAILURE, failed[1])
        elif failed := printed.HUNK_FAILED.match(text):
            self._edited(block, "", Outcome.FAILURE, failed[1])
        elif printed.STOPPED.match(text):
            self._stop(block)
        elif (ran := printed.RUNS.match(text)) and (call := self._proposed.get(f"$ {ran[1]}")):
            self._running = ("shell", call)
        elif not self._announces(text):
            self._printed.append(block)
            return
        self._printed = []

    def _ends_the_output(self, text: str) -> bool:
        """Whether this is no more of the running command's output: then that is told, except before a question."""
        if printed.question(text):
            return True
        first = self._printed[0].text.split("\n") if self._printed else [""]
        if printed.ADDED.match(text) or (text == first[0] and len(first) > 1):  # it lists what it adds to the chat
            self._asked = self._open = True
            failed = self._running is not None and self._running[0] == "test"  # added unasked only after a failure
            self._finish_running("the output of a failed test is added to the chat" if failed else None)
            return True
        if printed.TOKENS.match(text) or printed.APPLIED.match(text) or printed.STOPPED.match(text):
            self._finish_running()
            return True
        return False

    def _announces(self, text: str) -> bool:
        if version := printed.VERSION.match(text):
            self.version = version[1]
        elif model := printed.MODEL.match(text):
            self._model, self._asked = model[1], True
            self._format = model[2] if model[2] in printed.FORMATS else self._format
        else:
            return False
        return True

    def _stop(self, block: Block) -> None:
        if self._open:
            self._add(block.line, EventType.INTERRUPT, Trust.HUMAN)
            self._open = False

    def _edited(self, block: Block, path: str, outcome: Outcome, grounds: str | None) -> None:
        path = path.strip()
        if outcome is Outcome.FAILURE and not path and len(self._proposed) == 1:
            path = next(iter(self._proposed))
        self._add(
            block.line,
            EventType.TOOL_RESULT,
            Trust.TOOL,
            block.text if outcome is Outcome.FAILURE else "",
            tool=self._format,
            call=self._proposed.pop(path, None),
            paths=(path,) if path else (),
            outcome=outcome,
            grounds=grounds,
            error=grounds if outcome is Outcome.FAILURE else None,
        )

    def _finish_running(self, failed: str | None = None) -> None:
        """The output of the command that ran, now that something else follows."""
        if self._running is None:
            return
        tool, call = self._running
        self._running = None
        lines, self._printed = self._printed, []
        text = "\n".join(block.text for block in lines).strip()
        if not text:
            return
        event = self._add(lines[0].line, EventType.TOOL_RESULT, Trust.TOOL, text, tool=tool, call=call)
        exited = printed.EXITED.search(text)
        code = int(exited[1]) if exited else None
        if code == 0:
            self.events[-1] = replace(event, outcome=Outcome.SUCCESS, exit_code=0, grounds="exit code 0")
        elif code is not None or failed:
            self.events[-1] = replace(
                event,
                outcome=Outcome.FAILURE,
                exit_code=code,
                grounds=failed or f"exit code {code}",
                error=error_class(text, code),
            )

    # Its questions

    def _question(self, block: Block, asked: Match[str]) -> None:
        question, answer = asked["question"], asked["answer"].strip().lower()
        yes = answer in printed.YES
        failed = printed.FAILED.match(question)
        about = bool(printed.SHELL.match(question) or printed.EDITING.match(question))
        subject = self._printed.pop() if about and self._printed else None  # is printed before it is asked about
        if failed is None:
            self._finish_running()
        lines, self._printed = self._printed, []
        if failed:
            path = failed["path"]
            self._failure(
                lines[0].line if lines else block.line,
                failed["what"],
                "\n".join(one.text for one in lines).strip(),
                (path,) if path else (),
            )
        elif printed.SHELL.match(question):
            self._suggested(block, subject, yes=yes)
        elif editing := printed.EDITING.match(question):
            path = editing["path"] or (subject.text if subject else "")
            if not yes:
                self._refused(block, self._format, self._proposed.pop(path, None), path)
        elif question.startswith("Add the output") and answer and answer not in printed.ANSWERS:  # (y/n/instructions)
            self._add(block.line, EventType.PROMPT, Trust.HUMAN, asked["answer"])
            yes = True
        elif not printed.KNOWN.match(question):
            self.unknown["question"] += 1
        self._asked = self._asked or yes

    def _suggested(self, block: Block, subject: Block | None, *, yes: bool) -> None:
        """A command that the reply suggested; Aider prints it and asks."""
        if subject is None:
            if not yes:
                self._refused(block, "shell", None, "")
            return
        command = subject.text
        event = self._add(subject.line, EventType.TOOL_CALL, Trust.COMMAND, tool="shell", command=command)
        self.events[-1] = replace(event, call=event.id)
        if not yes:
            self._refused(block, "shell", event.id, "")
            return
        for line in (command, *command.split("\n")):
            self._proposed[f"$ {line}"] = event.id

    def _refused(self, block: Block, tool: str, call: str | None, path: str) -> None:
        self._add(
            block.line,
            EventType.REJECTION,
            Trust.HUMAN,
            tool=tool,
            call=call,
            paths=(path,) if path else (),
            outcome=Outcome.REJECTED,
            grounds="user answered no",
        )

    def _failure(self, line: int, what: str, text: str, paths: tuple[str, ...]) -> None:
        """Lint or test errors: Aider asks about them only where there are some."""
        running, self._running = self._running, None
        self._add(
            line,
            EventType.TOOL_RESULT,
            Trust.TOOL,
            text,
            tool=running[0] if running else what,
            call=running[1] if running else None,
            paths=paths,
            outcome=Outcome.FAILURE,
            grounds=f"{what} errors",
            error=error_class(text) if text else f"{what} errors",
        )
