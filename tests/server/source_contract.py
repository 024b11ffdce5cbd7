"""What every source must keep, whatever the agent. A source's tests call these with lines of that agent's logs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Event
from memsrv.sources import Reader, Source, UnreadableLineError


def read_all(reader: Reader, lines: Sequence[bytes]) -> list[Event]:
    found: list[Event] = []
    for line in lines:
        try:
            found += reader.read(line)
        except UnreadableLineError:
            continue
    return found


def goes_on_from_any_line(source: Source, path: Path, lines: Sequence[bytes]) -> None:
    """Stopping after any line and going on from the stored state gives the same events, ids, facts and counts."""
    whole = source.reader(path, {})
    expected = read_all(whole, lines)
    for stop in range(len(lines) + 1):
        before = source.reader(path, {})
        first = read_all(before, lines[:stop])
        after = source.reader(path, json.loads(json.dumps(before.state)))
        assert first + read_all(after, lines[stop:]) == expected
        assert (after.facts, after.unknown) == (whole.facts, whole.unknown)


def ids_are_stable_and_unique(source: Source, path: Path, lines: Sequence[bytes]) -> None:
    """A copy of a log under another name has the same event ids."""
    events = read_all(source.reader(path, {}), lines)
    copy = read_all(source.reader(path.with_name("copy.jsonl"), {}), lines)
    assert [event.id for event in events] == [event.id for event in copy]


def survives(source: Source, path: Path, line: bytes) -> None:
    """A line is understood or refused by UnreadableLineError; a refusal leaves the reader as it was."""
    reader = source.reader(path, {})
    before: Any = reader.state
    try:
        reader.read(line)
    except UnreadableLineError:
        assert reader.state == before
    json.dumps(reader.state)
