"""What every log is read with, and what is done to an event before it is stored: withheld, then redacted.

Counts what was done. Knows no log format.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from memsrv.capture import Capture, Withholding
from memsrv.consent import Act
from memsrv.echo import Listening
from memsrv.errors import NotFound
from memsrv.ingest.declined import Declined, Shut
from memsrv.logfiles import BATCH_BYTES, logical
from memsrv.project import identify
from memsrv.records import Event, Session
from memsrv.redact import Redactor
from memsrv.sources import LineSource, LogFacts
from memsrv.store import Appended, Store

_SHORT = 100


@dataclass(slots=True)
class Tally:
    events: int = 0
    duplicates: int = 0
    revised: int = 0
    unreadable: int = 0
    redactions: int = 0
    half_written: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    changed: dict[str, None] = field(default_factory=dict)
    declined: Counter[str] = field(default_factory=Counter)  # by what forbids it
    unplaced: dict[Path, Counter[str]] = field(default_factory=dict)  # sessions that do not say where they were held

    def add(self, appended: Appended) -> None:
        self.events += appended.added
        self.duplicates += appended.duplicates
        self.revised += appended.revised
        self.changed.update(dict.fromkeys(appended.sessions))


@dataclass(frozen=True, slots=True)
class Desk:
    store: Store
    redactor: Redactor
    capture: Capture
    tally: Tally
    declined: Declined
    now: Callable[[], float] = time.time
    batch_bytes: int = BATCH_BYTES

    def still_shut(self, path: Path) -> Shut:
        """The sessions of the log at `path` that were declined and still are."""
        return self.declined.of(path).still(self.capture.denied)

    def decline(self, path: Path, shut: Shut) -> None:
        """Nothing of these sessions of the log at `path` is read; they are told by what forbids them."""
        self.declined.put(path, shut)
        held = list(shut.sessions.values())
        why = {self.capture.denied(one.agent, one.cwd, one.remote) for one in held}
        self.tally.declined.update(sorted(filter(None, why))[:1])  # a log counts once
        self.tally.unplaced[path] = Counter(one.agent for one in held if one.unplaced)

    def named(self, path: Path) -> str:
        """`path` as it is stored."""
        return self.redactor.without_strings.redact(str(path))[0]

    def session_id(self, path: Path, source: LineSource) -> str:
        """What `source` calls the session of the log at `path`, by its name or its folder's, as it is stored."""
        return _redacted(self.redactor, source.session_id(logical(path)))

    def events(self, events: Iterable[Event], withholding: Withholding, listening: Listening) -> list[Event]:
        """`events` as they may be stored, and what memsrv itself gave the agent marked."""
        found = []
        for event in events:
            clean, count = self.redactor.redact_event(withholding.kept(listening.heard(event)))
            self.tally.redactions += count
            found.append(clean)
        return found

    def cleaner(self, withholding: Withholding) -> Callable[[str], str]:
        """What makes any other text of a log fit to be stored, once `withholding` has gone through the log's events."""
        plain = partial(_cleaned, self.redactor)
        if not self.capture.ignored.speaks_of(withholding.cwd):
            return plain  # no name is withheld, and a state has hundreds of texts with every line that is appended
        return lambda text: plain(withholding.without_names(text))

    def may_keep_raw(self, cwd: str | None) -> bool:
        """Whether bytes that nobody understood may be kept: what in them is withheld cannot be told, so only where
        nothing is."""
        return not self.capture.ignored.speaks_of(cwd) and not self.capture.consent.refused(Act.CAPTURE, "projects")

    def session(self, clean: Callable[[str], str], id: str, agent: str, path: str, facts: LogFacts) -> Session:
        def cleaned(text: str | None) -> str | None:
            return None if text is None else clean(text)

        return Session(
            id=id,
            agent=agent,
            project=identify(facts.cwd, facts.remote),  # the store knows what it is part of
            path=path,
            cwd=cleaned(facts.cwd),
            branch=cleaned(facts.branch),
            title=cleaned(facts.title),
            started=facts.started,
            ended=facts.ended,
            version=cleaned(facts.version),
            parent=cleaned(facts.parent),
            original=cleaned(facts.original) if facts.original != id else None,
        )

    def own_id(self, id: str, agent: str) -> str:
        """`id`, unless another agent has a session of that name: an export may keep the name of what it was made of."""
        with suppress(NotFound):
            if self.store.session(id).agent != agent:
                return f"{id}-{agent}"
        return id


@lru_cache(1 << 14)
def _redacted(redactor: Redactor, text: str) -> str:
    """Ids and names, that a source keeps to read on: with every line that is appended the same ones."""
    return redactor.redact(text)[0]


def _cleaned(redactor: Redactor, text: str) -> str:
    return _redacted(redactor, text) if len(text) < _SHORT else redactor.redact(text)[0]


def clean_tree(clean: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {
            clean(key): clean(inner) if type(inner) is str else clean_tree(clean, inner) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [clean_tree(clean, inner) for inner in value]
    return value
