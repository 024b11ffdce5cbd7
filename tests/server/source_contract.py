"""What every source must keep, whatever the agent. A source's tests call these with logs of that agent."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memsrv.records import Event
from memsrv.sources import LineSource, Reader, Snapshot, SnapshotSource, Source, UnreadableLineError

#: What is counted: which kind of thing, and its name in the log. Text that is no name never is.
_COUNTED = re.compile(r"[a-z][a-z0-9_]*(?::[\w.:@/-]{1,80})+")


def read_all(reader: Reader, lines: Sequence[bytes]) -> list[Event]:
    found: list[Event] = []
    for line in lines:
        try:
            found += reader.read(line)
        except UnreadableLineError:
            continue
    return found


# Lines


def goes_on_from_any_line(
    source: Source, path: Path, lines: Sequence[bytes], stops: Iterable[int] | None = None
) -> None:
    """Stopping after any line (any of `stops`), and going on from the stored state, gives the same events, ids, facts
    and counts."""
    assert isinstance(source, LineSource)
    whole = source.reader(path, {})
    expected = read_all(whole, lines)
    for stop in range(len(lines) + 1) if stops is None else stops:
        before = source.reader(path, {})
        first = read_all(before, lines[:stop])
        after = source.reader(path, json.loads(json.dumps(before.state)))
        assert first + read_all(after, lines[stop:]) == expected
        assert (after.facts, after.unknown) == (whole.facts, whole.unknown)


def ids_are_stable_and_unique(source: Source, path: Path, lines: Sequence[bytes]) -> None:
    """A copy of a log under another name has the same event ids, and no id twice."""
    assert isinstance(source, LineSource)
    events = read_all(source.reader(path, {}), lines)
    copy = read_all(source.reader(path.with_name("copy.jsonl"), {}), lines)
    assert [event.id for event in events] == [event.id for event in copy]


def survives(source: Source, path: Path, line: bytes) -> None:
    """A line is understood or refused by UnreadableLineError; a refusal leaves the reader as it was."""
    assert isinstance(source, LineSource)
    reader = source.reader(path, {})
    before: Any = reader.state
    try:
        reader.read(line)
    except UnreadableLineError:
        assert reader.state == before
    json.dumps(reader.state)
    counts_names(reader.unknown)


# Documents and databases


@dataclass(frozen=True)
class Taken:
    """What one look at a log gave, as far as it went."""

    snapshots: list[Snapshot]
    whole: bool

    @property
    def marks(self) -> dict[str, str]:
        return {snapshot.session: snapshot.mark for snapshot in self.snapshots}

    @property
    def ids(self) -> list[str]:
        return [event.id for snapshot in self.snapshots for event in snapshot.events]


def take(source: Source, path: Path, marks: Mapping[str, str] | None = None) -> Taken:
    """Any error but the two that a source may raise is the test's."""
    assert isinstance(source, SnapshotSource)
    found: list[Snapshot] = []
    try:
        found += source.snapshots(path, marks or {})
    except (UnreadableLineError, OSError):
        return Taken(found, whole=False)
    return Taken(found, whole=True)


def gives_nothing_that_was_given(source: Source, path: Path) -> None:
    """With the marks that it gave, nothing has changed; and what it counts has names."""
    first = take(source, path)
    assert first.whole
    assert take(source, path, first.marks) == Taken([], whole=True)
    for snapshot in first.snapshots:
        counts_names(snapshot.unknown)


def survives_file(source: Source, path: Path) -> None:
    """Any file is a log, half of one, or none; if it is one, it can be stored."""
    taken = take(source, path)
    for snapshot in taken.snapshots:
        counts_names(snapshot.unknown)
        assert all(event.session for event in snapshot.events)
    assert {key for key in taken.marks if not key} == set()


def counts_names(unknown: Mapping[str, int]) -> None:
    assert [key for key in unknown if not _COUNTED.fullmatch(key)] == []
