"""What was read of each session, whole and compressed: agents delete their logs, and a turn keeps its long text cut.

Batches of JSON lines. A small batch grows in place until it is worth one of its own, so that a session that is told
line by line packs as well as one that is read at once. Knows nothing of logs; whoever adds has redacted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import zstandard

from memsrv.records import Event
from memsrv.store.connection import Connection
from memsrv.store.database import Database
from memsrv.store.ready import Line, dumped, event_said, raw_line
from memsrv.store.rows import Archived, ArchiveSize, Raw, plain

_LEVEL = 3  # at 6 a batch is a twelfth smaller and takes three times as long
#: A batch below this takes in the next one: a quarter of a millisecond's work.
_SMALL = 1 << 15
#: To show one turn, so much is unpacked.
_LARGE = 1 << 20
_LIMIT = 1 << 30  # no batch is so large: what claims to be is damaged

_EVENTS, _RAW = "events", "raw"


def add_events(db: Database, session: str, lines: Sequence[Line]) -> None:
    if not lines:
        return
    last = db.execute(
        "SELECT n, first, last, size, data FROM archive WHERE session = ? AND kind = ? ORDER BY n DESC LIMIT 1",
        [session, _EVENTS],
    ).fetchone()
    before: tuple[Any, ...] | None = last if last and last[3] < _SMALL else None
    for place, batch in enumerate(_batches(lines)):
        turns, told = [turn for turn, _ in batch], b"".join(line for _, line in batch)
        if place == 0 and before is not None:
            n, first, end, _, data = before
            told = unpacked(data) + told
            db.execute(
                "UPDATE archive SET first = ?, last = ?, size = ?, data = ? WHERE n = ?",
                [min(first, *turns), max(end, *turns), len(told), packed(told), n],
            )
        else:
            _insert(db, session, _EVENTS, None, turns, told)


def add_raw(db: Database, session: str, path: str, records: Sequence[Raw], *, again: bool) -> None:
    """`again`: the log is read once more from its beginning, and what is known of it is not added."""
    if again and records:
        known = {raw.text for raw in _raw_of(db, path)}
        records = [raw for raw in records if plain(raw.text) not in known]
    for batch in _batches([raw_line(raw) for raw in records]):
        _insert(db, session, _RAW, path, [place for place, _ in batch], b"".join(line for _, line in batch))


def archived(connection: Connection, session: str, first: int, last: int | None) -> Iterator[Archived]:
    """The events from turn `first` on, in the order in which they were read (one that was revised comes again), then
    what was not understood. One batch at a time is in memory."""
    numbers = connection.read(
        "SELECT n, kind FROM archive WHERE session = ? AND (kind = 'raw' OR (last >= ? AND (? IS NULL OR first <= ?))) "
        "ORDER BY kind, n",
        [session, first, last, last],
    )
    for number, kind in numbers:
        for row in connection.read("SELECT data FROM archive WHERE n = ?", [number]):
            for line in unpacked(row["data"]).splitlines():
                found = _line(line, session)
                if kind == _RAW or (found.turn is not None and first <= found.turn and not _is_over(found.turn, last)):
                    yield found


def event(connection: Connection, session: str, turn: int) -> Event | None:
    """The event as it was read last, with all its words; None where the archive does not have it."""
    found = None
    for one in archived(connection, session, turn, turn):
        found = one.event or found
    return found


def size(connection: Connection) -> ArchiveSize:
    row = connection.read("SELECT total(length(data)), total(size), count(*) FROM archive")[0]
    return ArchiveSize(int(row[0]), int(row[1]), row[2])


def unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=_LIMIT)


def changed(data: bytes, clean: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> tuple[list[int], bytes]:
    """The turns and places in a batch of which `clean` makes something else, and the lines that it makes."""
    places, lines = [], []
    for line in unpacked(data).splitlines(keepends=True):
        said = orjson.loads(line)
        new = clean(said)
        if new != said:
            places.append(said["offset" if "raw" in said else "turn"])
            line = dumped(new) + b"\n"
        lines.append(line)
    return places, b"".join(lines)


def replaced(db: Database, n: int, before: bytes, lines: bytes) -> bool:
    """Whether the batch was still as it was read, and has these lines now."""
    sql = "UPDATE archive SET size = ?, data = ? WHERE n = ? AND data = ?"
    return bool(db.execute(sql, [len(lines), packed(lines), n, before]).rowcount)


def _insert(db: Database, session: str, kind: str, path: str | None, places: Sequence[int], lines: bytes) -> None:
    db.execute(
        "INSERT INTO archive (session, kind, path, first, last, size, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [session, kind, path, min(places), max(places), len(lines), packed(lines)],
    )


def _batches(lines: Sequence[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    held = 0
    for line in lines:
        if batch and held + len(line[1]) > _LARGE:
            yield batch
            batch, held = [], 0
        batch.append(line)
        held += len(line[1])
    if batch:
        yield batch


def _raw_of(db: Database, path: str) -> Iterator[Raw]:
    rows = db.execute("SELECT data FROM archive WHERE kind = ? AND path = ?", [_RAW, path]).fetchall()
    for (data,) in rows:
        for line in unpacked(data).splitlines():
            if (raw := _line(line, "").raw) is not None:
                yield raw


def _line(line: bytes, session: str) -> Archived:
    said = orjson.loads(line)
    if "raw" in said:
        return Archived(None, raw=Raw(said["offset"], said["raw"]))
    return Archived(said["turn"], event=event_said(said["event"], session, said["turn"]))


def packed(lines: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(lines)


def _is_over(turn: int, last: int | None) -> bool:
    return last is not None and turn > last
