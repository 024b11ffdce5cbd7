"""A subagent's thread that begins with its parent's lines: those are the parent's, and give nothing here.

A fork needs none of this, its ids are the parent's own. In a subagent's thread the same lines would be taken for one
agent's words to another, so the parent's rollout is asked which of them it has.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Event
from memsrv.sources import LogFacts, UnreadableLineError
from memsrv.sources.codex import threads
from memsrv.sources.codex.rollout import RolloutReader
from memsrv.sources.fields import mapping, records


class ReplayedReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._path = path
        self._own = RolloutReader(path, state.get("own", {}))
        self._parent: str | None = state.get("parent")  # whose lines are being repeated
        self._begun: bool = state.get("begun", False)
        self._shadow = RolloutReader(path, state.get("shadow", {}))  # reads them as the parent's
        self._held: list[str] = list(state.get("held", []))  # lines of which it is not known yet whose they are
        self._ids: frozenset[str] | None = None

    @property
    def facts(self) -> LogFacts:
        return self._own.facts

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        return self._own.sessions

    @property
    def unknown(self) -> Mapping[str, int]:
        return self._own.unknown

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = {"own": self._own.state, "begun": self._begun, "parent": self._parent}
        return state | ({"shadow": self._shadow.state, "held": self._held} if self._parent else {})

    def read(self, line: bytes) -> Sequence[Event]:
        if not self._begun:
            self._begun = bool(records(line))
            events = self._own.read(line)
            if self._own.is_agents and self._own.facts.parent:
                self._parent = self._own.facts.parent
                self._shadow.stand_for(self._parent)
            return events
        if self._parent is None:  # nearly all lines: parsed once
            return self._own.read(line)
        found = records(line)
        if not found:
            return []
        if found[0].get("type") == "session_meta":
            return self._own.read(line)
        told = self._shadow.read(line)
        if all(event.id in self._ids_of_parent(self._parent) for event in told):
            item = mapping(found[0].get("payload"))
            if told:
                self._held = []
            elif item.get("role") == "user":
                self._held.append(line.decode("utf-8", "replace"))
            self._own.overhear(found)
            return []
        self._parent = None
        held, self._held = [*(text.encode() for text in self._held), line], []
        return [event for one in held for event in self._own.read(one)]

    def _ids_of_parent(self, thread: str) -> frozenset[str]:
        if self._ids is None:
            self._ids = frozenset(_ids(threads.rollout_of(threads.home_of(self._path), thread)))
        return self._ids


def _ids(rollout: Path | None) -> set[str]:
    found: set[str] = set()
    if rollout is None or rollout.suffix != ".jsonl":
        return found
    reader = RolloutReader(rollout, {})
    try:
        with rollout.open("rb") as lines:
            for line in lines:
                try:
                    found.update(event.id for event in reader.read(line))
                except UnreadableLineError:
                    continue
    except OSError:
        return found
    return found
