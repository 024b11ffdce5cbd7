"""When a session that grows is made into memories: once it is quiet, or after a while in any case.

Memories are made of whole sessions, and half a story gives half a memory; but a session that an agent works on all day
must not stay unremembered all day. Knows names and times only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

#: A session that never falls quiet is remembered so often, in seconds: a minute is when people begin to ask for it.
LATEST_S = 60.0


@dataclass(slots=True)
class _Growth:
    since: float
    last: float


@dataclass(slots=True)
class Ripening:
    """`now` is any clock's, in seconds; the same one in every call."""

    quiet_s: float
    latest_s: float = LATEST_S
    _growing: dict[str, _Growth] = field(default_factory=dict)

    def grew(self, session: str, now: float) -> None:
        self._growing.setdefault(session, _Growth(now, now)).last = now

    def waits(self, session: str) -> bool:
        return session in self._growing

    def ripe(self, now: float) -> list[str]:
        """The sessions whose time has come, those that grew first first."""
        return [session for session, growth in self._growing.items() if self._due(growth) <= now]

    def done(self, sessions: Iterable[str]) -> None:
        for session in sessions:
            self._growing.pop(session, None)

    def next(self) -> float | None:
        """When the next one is ripe; None where none grows."""
        return min((self._due(growth) for growth in self._growing.values()), default=None)

    def _due(self, growth: _Growth) -> float:
        return min(growth.last + self.quiet_s, growth.since + max(self.latest_s, self.quiet_s))
