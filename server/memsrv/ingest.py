"""From log files to stored events: read on from where each file was left, parse, redact, append. Exactly once.

Each batch and the file's new offset are one transaction, so a kill at any point loses and doubles nothing. An
unreadable line is counted with its place; an unfinished last line is left for the next time. Of a log that may not be
read nothing is stored, not even that it is there. Derives no memories.
"""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from memsrv.capture import Capture
from memsrv.consent import Act
from memsrv.errors import NoLogs, NotFound, UsageError
from memsrv.logfiles import batches, find, identity, is_same_file, tail
from memsrv.project import UNKNOWN, identify
from memsrv.records import Event, Session
from memsrv.redact import Redactor
from memsrv.sources import SOURCES, LineSource, Reader, Source, UnreadableLineError
from memsrv.store import BadLine, FileState, Store

_TEXT_CHARS = 64_000
_EDIT_CHARS = 2_000

Progress = Callable[[Path, int, int], None]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Figures count what was new; `files` are all logs that were looked at."""

    files: int = 0  # without those declined
    sessions: int = 0  # that gained events
    events: int = 0
    duplicates: int = 0  # copies of stored events: resumed and forked sessions repeat them
    unreadable: int = 0  # lines
    redactions: int = 0
    memories: int = 0  # filled in by who distils them
    seconds: float = 0.0
    not_owned: int = 0  # files that are no log of any known agent
    unopened: tuple[str, ...] = ()  # logs that could not be opened, with the reason
    unknown: Mapping[str, int] = field(default_factory=dict)  # record types and fields not understood
    changed: tuple[str, ...] = ()  # ids of the sessions that gained events
    declined: int = 0  # logs that may not be read
    declined_by: tuple[str, ...] = ()  # the settings and ignore files that say so


@dataclass(slots=True)
class _Tally:
    events: int = 0
    duplicates: int = 0
    unreadable: int = 0
    redactions: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    changed: dict[str, None] = field(default_factory=dict)
    declined: Counter[str] = field(default_factory=Counter)  # by what forbids it


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every log is read with."""

    store: Store
    redactor: Redactor
    capture: Capture
    tally: _Tally


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
) -> IngestReport:
    """Read every log at `paths` (files, folders, an agent's own folder) that is new or has grown.

    `progress(path, done, total)` is called before each file, and each megabyte of it; an error that it raises ends the
    reading there, and nothing is lost or doubled. NoLogs where there is nothing to read.
    """
    began = clock()
    if agent is not None:
        sources = [source for source in sources if source.name == agent]
        if not sources:
            known = ", ".join(source.name for source in SOURCES)
            raise UsageError(f"There is no agent `{agent}`; memsrv reads the logs of: {known}")
        capture.consent.require(Act.CAPTURE, agent=agent)
    found = find(paths, sources, forced=agent is not None, closed=capture.closed)
    owned, unopened = found.logs, found.unopened
    if not owned and not unopened and not found.closed:
        where = ", ".join(str(path) for path in paths) or "nowhere"
        raise NoLogs(
            f"No session log of a known agent was found in {where}; name a log file or the folder that holds them"
        )
    tally = _Tally()
    desk = _Desk(store, redactor, capture, tally)
    for done, (path, source) in enumerate(owned):
        tell = partial(progress, path, done, len(owned)) if progress else _untold
        if not isinstance(source, LineSource):
            continue
        try:
            _read_file(desk, path, source, tell)
        except OSError as error:
            unopened.append(f"{path}: {error.strerror or error}")
    declined = tally.declined.total()
    return IngestReport(
        files=len(owned) - declined,
        sessions=len(tally.changed),
        events=tally.events,
        duplicates=tally.duplicates,
        unreadable=tally.unreadable,
        redactions=tally.redactions,
        seconds=round(clock() - began, 3),
        not_owned=found.not_owned,
        unopened=tuple(unopened),
        unknown=dict(sorted(tally.unknown.items())),
        changed=tuple(tally.changed),
        declined=declined + len(found.closed),
        declined_by=tuple(sorted({*tally.declined, *found.closed})),
    )


# One file


def _untold() -> None:
    """Nobody wants to know how far the reading is."""


def _read_file(desk: _Desk, path: Path, source: LineSource, tell: Callable[[], None]) -> None:
    tell()
    with path.open("rb") as file:
        while not _read_from_where_it_was_left(desk, path, file, source, tell):
            pass  # another process read on meanwhile: begin again behind it


def _read_from_where_it_was_left(
    desk: _Desk, path: Path, file: BinaryIO, source: LineSource, tell: Callable[[], None]
) -> bool:
    store, redactor, tally = desk.store, desk.redactor, desk.tally
    named = redactor.without_strings.redact(str(path))[0]
    known = store.file(named)
    same = known is not None and is_same_file(file, known)
    size = os.fstat(file.fileno()).st_size  # what is written after consent was looked up waits for its own look
    if not _may_be_read(desk, path, file, source, known if same else None):
        return True
    if known is not None and not same:
        again = replace(identity(file, known), offset=0, generation=known.generation + 1, state={}, unknown={})
        store.start_over(again)
        known = again
    begin = known or identity(file, FileState(named, source.name, _session_id(store, path, named, source), 0, 0, "", 0))
    reader = source.reader(path, begin.state.get("source", {}))
    withholding = desk.capture.withholding(begin.state.get("withheld", {}))
    unknown_before = Counter(reader.unknown)
    offset = begin.offset
    for number, (lines, end) in enumerate(batches(file, offset, size)):
        if number:
            tell()
        events, bad, offset = _parse(reader, lines, offset, end, named)
        if known is not None and offset == known.offset and not bad:
            break
        cleaned = [_cut(_redacted(redactor, withholding.kept(event), tally)) for event in events]

        def clean(text: str) -> str:
            return redactor.redact(withholding.without_names(text))[0]

        state = {"source": _clean_tree(clean, reader.state), "tail": tail(file, offset), "withheld": withholding.state}
        bad = [replace(line, reason=clean(line.reason)) for line in bad]
        unknown = _clean_tree(clean, reader.unknown)
        after = replace(identity(file, begin), offset=offset, state=state, unknown=unknown)
        session = _session(clean, reader, after)
        appended = store.append(after, session, cleaned, bad=bad, read_from=known)
        if appended.stale:
            return False
        tally.events += appended.added
        tally.duplicates += appended.duplicates
        tally.unreadable += len(bad)
        tally.unknown += Counter(_clean_tree(clean, Counter(reader.unknown) - unknown_before))
        unknown_before = Counter(reader.unknown)
        if appended.added:
            tally.changed[session.id] = None
        known = begin = after
    return True


def _may_be_read(desk: _Desk, path: Path, file: BinaryIO, source: LineSource, known: FileState | None) -> bool:
    """Whether the session may be captured; its log is read no further than to the folder that it was held in."""
    scout = source.reader(path, known.state.get("source", {}) if known else {})
    if scout.facts.cwd is None or "[redacted:" in scout.facts.cwd:
        scout = source.reader(path, {})
        spoken = False
        file.seek(0)
        while scout.facts.cwd is None and (line := file.readline()):
            try:
                spoken = bool(scout.read(line)) or spoken
            except UnreadableLineError:
                continue
        if scout.facts.cwd is None and not spoken and desk.capture.consent.refused(Act.CAPTURE, "projects"):
            return False  # nobody has said anything yet: the next time it may tell whose it is
    denied = desk.capture.denied(source.name, scout.facts.cwd)
    if denied is not None:
        desk.tally.declined[denied] += 1
    return denied is None


def _parse(
    reader: Reader, lines: Sequence[bytes], offset: int, end: bool, path: str
) -> tuple[list[Event], list[BadLine], int]:
    events: list[Event] = []
    bad: list[BadLine] = []
    for line in lines:
        try:
            events += reader.read(line)
        except UnreadableLineError as error:
            if end:
                break  # perhaps still being written
            bad.append(BadLine(path, offset, str(error)))
        offset += len(line)
    return events, bad, offset


def _session_id(store: Store, path: Path, named: str, source: LineSource) -> str:
    """The source's name for the session; a second file of that name gets a suffix, unless the first is gone (moved)."""
    id = source.session_id(path.with_name(Path(named).name))
    try:
        other = store.session(id).path
    except NotFound:
        return id
    if other == named or not Path(other).exists():
        return id
    return f"{id}-{hashlib.sha256(str(path).encode('utf-8', 'replace')).hexdigest()[:6]}"


def _session(clean: Callable[[str], str], reader: Reader, file: FileState) -> Session:
    facts = reader.facts

    def cleaned(text: str | None) -> str | None:
        return None if text is None else clean(text)

    return Session(
        id=file.session,
        agent=file.agent,
        project=identify(facts.cwd) if facts.cwd else UNKNOWN,
        path=file.path,
        cwd=cleaned(facts.cwd),
        branch=cleaned(facts.branch),
        title=cleaned(facts.title),
        started=facts.started,
        ended=facts.ended,
        version=cleaned(facts.version),
        parent=cleaned(facts.parent),
    )


# What is stored of an event


def _redacted(redactor: Redactor, event: Event, tally: _Tally) -> Event:
    cleaned, count = redactor.redact_event(event)
    tally.redactions += count
    return cleaned


def _cut(event: Event) -> Event:
    """`event` with over-long text cut. After redaction: a secret that is cut in two is no longer recognised."""
    edits = tuple((path, old[:_EDIT_CHARS], new[:_EDIT_CHARS]) for path, old, new in event.edits)
    text = event.text
    if len(text) > _TEXT_CHARS:
        first, last = _TEXT_CHARS * 3 // 4, _TEXT_CHARS // 4
        text = f"{text[:first]}\n[… {len(text) - first - last} characters cut …]\n{text[-last:]}"
    return replace(event, text=text, edits=edits)


def _clean_tree(clean: Callable[[str], str], value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(key): _clean_tree(clean, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean_tree(clean, inner) for inner in value]
    return value
