"""What may not be read, as this process saw it last: nothing of it is parsed again until it changes or may be read.

In memory alone, and of a session no more than where it was held and its mark. On disk stands only how many sessions of
a log do not say where they were held, under a digest of the log's name. Knows no log format.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from memsrv.sources import LogFacts
from memsrv.store import Store

_NOTE = "unplaced sessions"

#: What forbids a session of an agent that was held in this folder and had this remote; None: it may be read.
Denied = Callable[[str, str | None, str | None], str | None]


@dataclass(frozen=True, slots=True)
class Held:
    """A session that may not be read."""

    agent: str
    cwd: str | None
    remote: str | None
    mark: str = ""

    @classmethod
    def of(cls, agent: str, facts: LogFacts, mark: str = "") -> "Held":
        return cls(agent, facts.cwd, facts.remote, mark)

    @property
    def unplaced(self) -> bool:
        """It does not say of which project it is."""
        return self.cwd is None and self.remote is None


@dataclass(frozen=True, slots=True)
class Shut:
    """The sessions of one log that may not be read. `signature`: of the log when all of it was looked at."""

    sessions: Mapping[str, Held] = field(default_factory=dict)
    signature: tuple[int, ...] = ()

    def still(self, denied: Denied) -> "Shut":
        """Those that may not be read now either; where others may, the log is to be looked at again."""
        kept = {name: one for name, one in self.sessions.items() if denied(one.agent, one.cwd, one.remote)}
        return self if len(kept) == len(self.sessions) else replace(self, sessions=kept, signature=())


class Declined:
    """Of one process. May be shared by threads: each log's is replaced as a whole."""

    def __init__(self) -> None:
        self._logs: dict[Path, Shut] = {}

    def of(self, path: Path) -> Shut:
        return self._logs.get(path, Shut())

    def put(self, path: Path, shut: Shut) -> None:
        if shut.sessions:
            self._logs[path] = shut
        else:
            self._logs.pop(path, None)


def note_unplaced(store: Store, found: Mapping[Path, Mapping[str, int]]) -> None:
    """How many sessions of each log that was looked at (by agent) wait, as they do not say where they were held."""
    before = _noted(store)
    after = dict(before)
    for path, counts in found.items():
        name = hashlib.sha256(str(path).encode("utf-8", "replace")).hexdigest()[:16]
        after.pop(name, None)
        if counts:
            after[name] = dict(counts)
    if after != before:
        store.note(_NOTE, json.dumps(after))


def unplaced(store: Store) -> dict[str, int]:
    """By agent: how many sessions wait, as they do not say where they were held."""
    found: dict[str, int] = {}
    for counts in _noted(store).values():
        for agent, count in counts.items():
            found[agent] = found.get(agent, 0) + count
    return dict(sorted(found.items()))


def _noted(store: Store) -> dict[str, dict[str, int]]:
    said: dict[str, dict[str, int]] = json.loads(store.noted(_NOTE) or "{}")
    return said
