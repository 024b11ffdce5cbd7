"""What the human and the model said in a rollout, told once.

Codex writes most words twice, as an item of the conversation and as a message to its own screen, in either order; the
human's are told from the screen's, as long as there is one. Whose they are, `prompt.py` says; knows no records.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from memsrv.records import EventType, Trust
from memsrv.sources import endings
from memsrv.sources.codex import prompt, results
from memsrv.sources.codex.calls import Told, result
from memsrv.sources.codex.chain import Chain
from memsrv.sources.fields import plain

_REMEMBERED = 16  # how many words that were told once a state holds at most


class Words:
    def __init__(self, state: Mapping[str, Any], chain: Chain) -> None:
        self._chain = chain
        self._speaks: str | bool = state.get("speaks", False)  # the event by which this file tells the human's words
        self._waiting: list[list[Any]] = list(state.get("waiting", []))  # user items whose message may follow
        self._mirrors: dict[str, str] = dict(state.get("mirrors", {}))  # replies told once → by which kind of line

    @property
    def state(self) -> dict[str, Any]:
        return {
            "speaks": self._speaks,
            "waiting": self._waiting,
            "mirrors": dict(list(self._mirrors.items())[-_REMEMBERED:]),
        }

    def turn_begun(self) -> None:
        """What was said before is not said again by another line."""
        self._mirrors = {}

    def item(self, text: str, *, alone: bool) -> Iterator[Told]:
        """An item of the user's; `alone` where nothing else tells the human's words."""
        said = prompt.said(text)
        if said.speaker == "shell":
            yield from self._ran(said)
        elif said.speaker in ("human", "command"):
            self._waiting.append([said.speaker, said.text])
            if alone:
                yield from self.settled()

    def settled(self) -> Iterator[Told]:
        """User items that no `user_message` followed: the human's in a log that has none, else the harness's."""
        waiting, self._waiting = self._waiting, []
        for speaker, text in waiting:
            if self._mirrors.pop(_key(text), None) == "user":
                continue
            if self._speaks:
                yield Told(EventType.NOTE, Trust.TOOL, text, more={"sidechain": self._chain.agents})
            else:
                yield self._spoken(speaker, text)

    def shown(self, text: str, form: str) -> Iterator[Told]:
        """The human's words on the screen, by an event of that `form`: a file that has two forms repeats them."""
        if self._speaks not in (False, True, form):
            return
        self._speaks = form
        said = prompt.said(text)
        self._waiting = []
        if said.speaker == "shell":
            yield from self._ran(said)
        elif said.speaker in ("human", "command"):
            yield self._spoken(said.speaker, said.text)
            self._mirrors[_key(said.text)] = "user"  # its item may still come

    def replied(self, text: str, line: str) -> Iterator[Told]:
        """The model's words, by a `line` of that kind."""
        text = plain(text)
        if not text.strip():
            return
        key = _key(text)
        if self._mirrors.get(key, line) != line:
            del self._mirrors[key]
            return
        self._mirrors[key] = line
        yield Told(EventType.REPLY, Trust.ASSISTANT, text)

    def _spoken(self, speaker: str, text: str) -> Told:
        if self._chain.agents:  # one agent's words to another
            return Told(EventType.NOTE, Trust.ASSISTANT, text)
        if speaker == "command":
            return Told(EventType.COMMAND, Trust.HUMAN, text, more={"command": text})
        return Told(EventType.PROMPT, Trust.HUMAN, text)

    def _ran(self, said: prompt.Said) -> Iterator[Told]:
        call = f"user-{self._chain.here(said.text)}"
        yield Told(
            EventType.COMMAND,
            Trust.COMMAND,
            key=said.text,
            more={"tool": "user_shell", "command": said.text, "call": call},
        )
        if said.output:
            ended = results.ending(said.output, shell=True, asking=endings.asks(said.text))
            yield result(ended, call, "user_shell", agents=self._chain.agents)


def _key(text: str) -> str:
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:12]
