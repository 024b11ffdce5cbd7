"""Codex's `history.jsonl`: what was typed, in every session; it outlives a session's rollout.

A prompt counts here only where the session's rollout is not there, and has the id that it had in the rollout: whatever
was read from that before it went is not learned twice.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LogFacts
from memsrv.sources.codex import prompt, threads
from memsrv.sources.codex.rollout import prompt_id
from memsrv.sources.fields import instant, name, plain, records, string

_FIELDS = frozenset({"session_id", "conversation_id", "ts", "text"})
_REMEMBERED = 64  # sessions


class HistoryReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._home = path.parent
        self._own = path.stem
        self._chains: dict[str, str] = dict(state.get("chains", {}))  # the prompts so far, by session
        self._heads: dict[str, str] = dict(state.get("heads", {}))
        self._facts: dict[str, LogFacts] = {id: LogFacts(**facts) for id, facts in state.get("facts", {}).items()}
        self._last: str | None = state.get("last")
        self._unknown: Counter[str] = Counter(state.get("unknown", {}))

    @property
    def facts(self) -> LogFacts:
        return self._facts.get(self._last or "", LogFacts())

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        return dict(self._facts) or {self._own: LogFacts()}

    @property
    def unknown(self) -> Mapping[str, int]:
        return dict(self._unknown)

    @property
    def state(self) -> dict[str, Any]:
        kept = list(self._facts)[-_REMEMBERED:]
        return {
            "chains": dict(list(self._chains.items())[-_REMEMBERED:]),
            "heads": {id: self._heads[id] for id in kept if id in self._heads},
            "facts": {id: {"started": self._facts[id].started, "ended": self._facts[id].ended} for id in kept},
            "last": self._last,
            "unknown": dict(self._unknown),
        }

    def read(self, line: bytes) -> list[Event]:
        return [event for record in records(line) if (event := self._prompt(record)) is not None]

    def _prompt(self, record: Mapping[str, Any]) -> Event | None:
        self._unknown.update(f"field:{name(key)}" for key in record if key not in _FIELDS)
        session = string(record.get("session_id")) or string(record.get("conversation_id"))
        said = prompt.said(plain(string(record.get("text")) or ""))
        seconds = record.get("ts")
        time = instant(seconds * 1000) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None
        if session is None or said.speaker != "human":
            return None
        id, chain = prompt_id(session, self._chains.pop(session, ""), said.text)
        self._chains[session] = chain
        if threads.rollout_of(self._home, session) is not None:
            return None
        known = self._facts.pop(session, LogFacts())
        times = [moment for moment in (known.started, known.ended, time) if moment]
        self._facts[session] = LogFacts(started=min(times, default=None), ended=max(times, default=None))
        self._last = session
        before = self._heads.get(session)
        self._heads[session] = id
        return Event(id, session, EventType.PROMPT, Trust.HUMAN, said.text, time=time, parent=before)
