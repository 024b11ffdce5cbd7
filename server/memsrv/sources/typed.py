"""What a person typed into an agent, of every session in one file: it outlives the sessions' own logs.

A session counts here only where its own log is not there; once that was seen, it never counts here again, for whatever
stood in the log was read from it. The session of the last entry waits: its log may be about to begin. Knows no format.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from memsrv.records import Event, EventType, Trust
from memsrv.sources import LogFacts, Lost, Snapshot
from memsrv.sources.marks import Occurrences, digest

_ELSEWHERE = "has a log of its own"
_TOLD = "told once"
_LOG = "history"


@dataclass(frozen=True, slots=True)
class Entry:
    text: str
    time: str | None = None
    session: str | None = None  # None: an older entry, which does not say
    project: str | None = None


def sessions(
    entries: Sequence[Entry],
    marks: Mapping[str, str],
    *,
    has_log: Callable[[str], bool],
    in_a_log: Callable[[Entry], bool],
    unknown: Mapping[str, int],
    lost: Sequence[Lost],
) -> Iterator[Snapshot]:
    """Each session that has changed. `has_log(session)`; `in_a_log(entry)` of an entry that names no session.

    What was `lost` and is `unknown` is told whether any session has changed or not.
    """
    of_log = digest([f"{one.place} {one.reason}" for one in lost] + [f"{name} {unknown[name]}" for name in unknown])
    if (lost or unknown or _LOG in marks) and of_log != marks.get(_LOG):
        yield Snapshot(_LOG, of_log, LogFacts(), (), dict(unknown), tuple(lost), of_log=True)
    grouped: dict[tuple[str | None, str | None], list[Entry]] = {}
    for entry in entries:
        place = (entry.session, None) if entry.session else (None, entry.project)
        grouped.setdefault(place, []).append(entry)
    for (session, project), own in grouped.items():
        name = f"history-{session or digest(project)[:12]}"
        last = marks.get(name)
        if last == _ELSEWHERE or (session is None and last is not None):
            continue
        if session is None:
            own, mark = [entry for entry in own if not in_a_log(entry)], _TOLD
        elif has_log(session):
            own, mark = [], _ELSEWHERE
        elif session == entries[-1].session and last is None:
            continue
        else:
            mark = digest([entry.text for entry in own])
        if mark != last:
            yield Snapshot(name, mark, _facts(own, project, session), tuple(_events(name, own)))


def _facts(entries: Sequence[Entry], project: str | None, session: str | None) -> LogFacts:
    times = sorted(entry.time for entry in entries if entry.time)
    folders = [project, *(entry.project for entry in entries)]
    return LogFacts(
        cwd=next(filter(None, folders), None),
        started=times[0] if times else None,
        ended=times[-1] if times else None,
        original=session,
    )


def _events(session: str, entries: Sequence[Entry]) -> Iterator[Event]:
    before: str | None = None
    seen = Occurrences()
    for entry in entries:
        if entry.text:
            id = seen.name(session, entry.time, entry.text)
            yield Event(
                id,
                session,
                EventType.PROMPT,
                Trust.HUMAN,
                entry.text,
                time=entry.time,
                cwd=entry.project,
                parent=before,
            )
            before = id


def lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of a file by number; one that is still being written is none yet."""
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        if line.strip():
            yield number, line
