"""Where an event of a rollout stands: its id, what it hangs on, and what a rollback leaves behind.

An id is made of the thread that the event was first said in, of the prompts before it and of what it says: a fork
repeats its parent's lines with times of its own, and gives equal ids for them. Knows no records.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from memsrv.records import REWOUND, EventType
from memsrv.sources.codex.calls import Told
from memsrv.sources.marks import digest

_REMEMBERED = 256  # how many turns to go back to a state holds at most


class Chain:
    def __init__(self, state: Mapping[str, Any]) -> None:
        self.origin: str | None = state.get("origin")
        self.agents: bool = state.get("agents", False)  # a subagent's thread
        self._prompts: str = state.get("chain", "")  # so far
        self._turn: Counter[str] = Counter(state.get("turn", {}))  # events of this turn, by type
        self._head: str | None = state.get("head")  # the event that the next one hangs on
        self._turns: list[str | None] = list(state.get("turns", []))  # what each prompt hangs on

    @property
    def state(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "agents": self.agents,
            "chain": self._prompts,
            "turn": dict(self._turn),
            "head": self._head,
            "turns": self._turns[-_REMEMBERED:],
        }

    def place(self, told: Told) -> tuple[str, str]:
        """The id of what was told next, and the event that it hangs on."""
        parent = self._head or digest(self.origin, "beginning")
        if told.type is EventType.PROMPT:
            self._turns.append(parent)
        self._turn[str(told.type)] += 1
        id = digest(self.origin, self._prompts, str(told.type), self._turn[str(told.type)], told.key, told.text)
        if self.begins_turn(told):
            self._prompts, self._turn = digest(self._prompts, told.text), Counter()
        if (told.more or {}).get("grounds") != REWOUND:
            self._head = id
        return id, parent

    def begins_turn(self, told: Told) -> bool:
        """A prompt does, and in a subagent's thread what another agent says."""
        return told.type is EventType.PROMPT or (told.type is EventType.NOTE and self.agents and bool(told.text))

    def here(self, text: str) -> str:
        """A name for what is said here, another one if it is said again."""
        return digest(self._prompts, text, self._turn.total())[:12]

    def roll_back(self, turns: int) -> bool:
        """The next event hangs on what stood before the last `turns` prompts. False where there are none."""
        count = min(turns, len(self._turns))
        if count:
            self._head = self._turns[-count]
            del self._turns[-count:]
        return bool(count)
