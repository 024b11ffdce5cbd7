"""From log files to stored events: what is new in each is parsed, redacted and appended or revised. Exactly once.

Two kinds of log: lines that are appended (`lines.py`), and documents or databases that tell whole sessions
(`snapshots.py`). Of a log that may not be read nothing is stored, not even that it is there. Derives no memories.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from memsrv.capture import Capture
from memsrv.consent import Act
from memsrv.errors import NoLogs, UsageError
from memsrv.ingest.ahead import AHEAD_BYTES, reading_ahead
from memsrv.ingest.declined import Declined, note_unplaced, unplaced
from memsrv.ingest.desk import Desk, Tally
from memsrv.ingest.lines import read_lines
from memsrv.ingest.snapshots import read_snapshots
from memsrv.logfiles import BATCH_BYTES, find
from memsrv.redact import Redactor
from memsrv.sources import SOURCES, LineSource, SnapshotSource, Source
from memsrv.sources.machine import Machine
from memsrv.store import FileState, Loss, LossKind, Store

__all__ = ["Declined", "IngestReport", "ingest", "unplaced"]

Progress = Callable[[Path, int, int], None]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Figures count what was new; `files` are all logs that were looked at."""

    files: int = 0  # without those declined
    sessions: int = 0  # that gained events
    events: int = 0
    duplicates: int = 0  # copies of stored events: resumed and forked sessions repeat them
    unreadable: int = 0  # records
    redactions: int = 0
    memories: int = 0  # filled in by who distils them
    seconds: float = 0.0
    not_owned: int = 0  # files that are no log of any known agent
    unopened: tuple[str, ...] = ()  # logs that could not be opened, with the reason
    unknown: Mapping[str, int] = field(default_factory=dict)  # record types and fields not understood
    changed: tuple[str, ...] = ()  # ids of the sessions that gained events
    declined: int = 0  # logs that may not be read
    declined_by: tuple[str, ...] = ()  # the settings and ignore files that say so
    revised: int = 0  # stored events that say something else by now
    half_written: int = 0  # documents that were just being rewritten: to be looked at again


def ingest(
    store: Store,
    redactor: Redactor,
    paths: Sequence[Path],
    *,
    capture: Capture,
    agent: str | None = None,
    sources: Sequence[Source] = SOURCES,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
    machine: Machine | None = None,
    known: Mapping[Path, Source] | None = None,
    batch_bytes: int = BATCH_BYTES,
    declined: Declined | None = None,
    ahead_bytes: int = AHEAD_BYTES,
) -> IngestReport:
    """Read every log at `paths` (files, folders, an agent's own folder) that is new or has grown.

    A log is read in batches of about `batch_bytes`, a transaction each. `progress(path, done, total)` is called before
    each file, and each batch of it; an error that it raises ends the reading there, and nothing is lost or doubled.
    `known` says whose some of the `paths` are: they are taken in the order given, and not looked for, which for one log
    costs as much as for all. `declined` remembers what may not be read from one call to the next. Of `ahead_bytes` or
    more the logs are read ahead, by processes of their own. NoLogs where there is nothing to read.
    """
    began = clock()
    if agent is not None:
        sources = [source for source in sources if source.name == agent]
        if not sources:
            names = ", ".join(dict.fromkeys(source.name for source in SOURCES))
            raise UsageError(f"There is no agent `{agent}`; memsrv reads the logs of: {names}")
        capture.consent.require(Act.CAPTURE, agent=agent)
    tally = Tally()
    desk = Desk(store, redactor, capture, tally, declined or Declined(), now, batch_bytes)
    here = machine or Machine.this()
    told = known or {}
    found = find(
        [path for path in paths if path not in told],
        sources,
        forced=agent is not None,
        closed=capture.closed,
        own=lambda: [(folder, source) for source in sources for folder in source.folders(here)],
        known=partial(_known, desk, sources),
    )
    owned, unopened = found.logs + [(path, told[path]) for path in paths if path in told], found.unopened
    if not owned and not unopened and not found.closed:
        where = ", ".join(str(path) for path in paths) or "nowhere"
        raise NoLogs(
            f"No session log of a known agent was found in {where}; name a log file or the folder that holds them"
        )
    with reading_ahead(desk, owned, ahead_bytes) as ahead:
        for done, (path, source) in enumerate(owned):
            tell = partial(progress, path, done, len(owned)) if progress else _untold
            try:
                if isinstance(source, LineSource):
                    read_lines(desk, path, source, tell, ahead)
                elif isinstance(source, SnapshotSource):
                    read_snapshots(desk, path, source, tell)
            except OSError as error:
                unopened.append((path, error.strerror or str(error)))
    _note_unopened(desk, unopened)
    _note_gone(store)
    note_unplaced(store, tally.unplaced)
    shut = tally.declined.total()
    return IngestReport(
        files=len(owned) - shut,
        sessions=len(tally.changed),
        events=tally.events,
        duplicates=tally.duplicates,
        unreadable=tally.unreadable,
        redactions=tally.redactions,
        seconds=round(clock() - began, 3),
        not_owned=found.not_owned,
        unopened=tuple(f"{path}: {reason}" for path, reason in unopened),
        unknown=dict(sorted(tally.unknown.items())),
        changed=tuple(tally.changed),
        declined=shut + len(found.closed),
        declined_by=tuple(sorted({*tally.declined, *found.closed})),
        revised=tally.revised,
        half_written=tally.half_written,
    )


def _untold() -> None:
    """Nobody wants to know how far the reading is."""


def _known(desk: Desk, sources: Sequence[Source], path: Path) -> Source | None:
    """Whose log the file at `path` is, as far as it was read before and is still the same file."""
    known = desk.store.file(desk.named(path))
    if known is None or path.stat().st_ino != known.inode:
        return None
    by = (known.agent, known.state.get("by"))  # one agent may write logs of two kinds
    return next((source for source in sources if (source.name, type(source).__name__) == by), None)


# What cannot be read any more


def _note_unopened(desk: Desk, unopened: Sequence[tuple[Path, str]]) -> None:
    """Of a log that is new nobody can tell whose project's it is; where any may not be read, it stays unsaid."""
    may = not desk.capture.consent.refused(Act.CAPTURE, "projects")
    losses = []
    for path, reason in unopened:
        named = desk.named(path)
        known = desk.store.file(named)
        if may or known:
            losses.append(Loss(named, known.offset if known else 0, reason, LossKind.UNOPENED))
    if losses:
        desk.store.lose(losses)


def _note_gone(store: Store) -> None:
    """Logs that were seen to be longer than they were read, and are gone."""
    losses = [_gone(file) for file in store.files_behind() if not Path(file.path).exists()]
    if losses:
        store.lose([loss for loss in losses if loss not in store.losses(loss.path)])


def _gone(file: FileState) -> Loss:
    unread = file.size - file.offset
    return Loss(file.path, file.offset, "the file went before this was read", LossKind.GONE, unread)
