"""One contestant of `memsrv bench ingest` in a process of its own: logs in, how long it took and how much memory out.

`memsrv` takes the way of the product; the others do a part of it, or all of it in the plainest way, on the same lines,
into the same tables and the same index (a turn's words and those beside it) under the same pragmas. Inserting alone has
its rows finished and its archive packed before the clock runs; decoding alone makes JSON of each line. That redaction
can be left out is this bench's alone: no setting does it.
"""

import json
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.errors import NoLogs
from memsrv.ingest import ingest
from memsrv.logfiles import batches, find, logical, open_log, size_of
from memsrv.records import Event, changed
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.sources import SOURCES, LineSource, UnreadableLineError
from memsrv.store import Store, ready
from memsrv.store.archive import packed as pack
from memsrv.store.rows import EVENT_COLUMNS

SEARCHABLE, REDACTED = "memsrv without redaction", "memsrv"
DECODE, FLOOR, ROWS, NAIVE = "decode alone", "insert alone", "row by row", "row by row, a commit each"

_LINES = tuple(source for source in SOURCES if isinstance(source, LineSource))
ROW = f"INSERT INTO events (agent, {', '.join(EVENT_COLUMNS)}) VALUES (?{', ?' * len(EVENT_COLUMNS)})"
WORDS = (
    "INSERT INTO events_fts (rowid, text, command, around) SELECT n, text, command, around FROM events_words WHERE n"
)
_ARCHIVE = "INSERT INTO archive (session, kind, first, last, size, data) VALUES (?, 'events', ?, ?, ?, ?)"
_SESSION = "INSERT OR IGNORE INTO sessions (id, agent, project, path) VALUES (?, ?, 'bench', '')"

Row = list[Any]
Line = tuple[bytes, list[Row], list[bytes]]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took. `base_mb`: before the first line was read; `peak_mb`: of the largest of its processes."""

    seconds: float
    events: int
    base_mb: float
    peak_mb: float


def logs_at(folder: Path) -> list[tuple[Path, LineSource]]:
    """The logs below `folder` that are lines. NoLogs where there is none."""
    found = find([folder], _LINES, forced=False, closed={}, own=list, known=lambda path: None).logs
    logs = [(path, source) for path, source in found if isinstance(source, LineSource)]
    if not logs:
        raise NoLogs(f"no log of lines of a known agent was found in {folder}; name a folder that holds some")
    return logs


def run(name: str, folder: Path, home: Path) -> Run:
    """One contestant's whole way, into a new database in `home`."""
    logs = logs_at(folder)
    database = home / "memsrv.db"
    with Store.open(database) as store:
        base = _resident_mb("VmRSS")
        if name in (SEARCHABLE, REDACTED):
            seconds, events = _product(
                store, logs, home, _Unredacted(b"") if name == SEARCHABLE else Redactor(b"bench")
            )
    if name == DECODE:
        seconds, events = _decoded(logs)
    elif name == FLOOR:
        seconds, events = _inserted(logs, database)
    elif name in (ROWS, NAIVE):
        seconds, events = _row_by_row(logs, database, commit_each=name == NAIVE)
    return Run(seconds, events, base, max(_resident_mb("VmHWM"), _children_mb()))


# The product


class _Unredacted(Redactor):
    """Lets everything through."""

    def redact(self, text: str) -> tuple[str, int]:
        return text, 0

    def redact_event(self, event: Event) -> tuple[Event, int]:
        return event, 0


def _product(
    store: Store, logs: Sequence[tuple[Path, LineSource]], home: Path, redactor: Redactor
) -> tuple[float, int]:
    capture = Capture.of(home, Consent(Settings()), {})
    began = time.perf_counter()
    report = ingest(store, redactor, [path for path, _ in logs], capture=capture, known=dict(logs))
    return time.perf_counter() - began, report.events


# Its parts alone


def _decoded(logs: Sequence[tuple[Path, LineSource]]) -> tuple[float, int]:
    began, count = time.perf_counter(), 0
    for path, _ in logs:
        with open_log(path) as file:
            for batch in batches(file, 0, size_of(file)):
                for line in batch.lines:
                    count += _is_json(orjson.loads, line)
    return time.perf_counter() - began, count


def _inserted(logs: Sequence[tuple[Path, LineSource]], database: Path) -> tuple[float, int]:
    """The rows of each batch are there already, and its archive packed: one statement puts the rows in, one their words
    into the index, one the archive beside them."""
    took, count = 0.0, 0
    db = opened(database)
    for agent, lines in _batches(logs):
        rows = [row for _, own, _ in lines for row in own]
        said = b"\n".join(said for _, _, own in lines for said in own)
        packed = [rows[0][2], 0, len(rows), len(said), pack(said)] if rows else None
        began = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.executemany(_SESSION, {(row[2], agent) for row in rows})
        before = db.execute("SELECT coalesce(max(n), 0) FROM events").fetchone()[0]
        db.executemany(ROW, rows)
        db.execute(f"{WORDS} > ?", [before])
        if packed:
            db.execute(_ARCHIVE, packed)
        db.execute("COMMIT")
        took += time.perf_counter() - began
        count += len(rows)
    return took, count


def _row_by_row(logs: Sequence[tuple[Path, LineSource]], database: Path, *, commit_each: bool) -> tuple[float, int]:
    """`json.loads` of each line; what its events are is there already, and goes in row by row."""
    took, count = 0.0, 0
    db = opened(database)
    for agent, lines in _batches(logs):
        began = time.perf_counter()
        if not commit_each:
            db.execute("BEGIN IMMEDIATE")
        for line, rows, _ in lines:
            _is_json(json.loads, line)
            for row in rows:
                db.execute(_SESSION, (row[2], agent))
                n = db.execute(ROW, row).lastrowid
                db.execute(f"{WORDS} = ?", [n])
                count += 1
        if not commit_each:
            db.execute("COMMIT")
        took += time.perf_counter() - began
    return took, count


def opened(database: Path) -> sqlite3.Connection:
    """As the store opens it."""
    db = sqlite3.connect(database, isolation_level=None)
    for pragma in ("foreign_keys = ON", "secure_delete = ON", "synchronous = NORMAL"):
        db.execute(f"PRAGMA {pragma}")
    return db


def _batches(logs: Sequence[tuple[Path, LineSource]]) -> Iterator[tuple[str, list[Line]]]:
    """(agent, its next lines, each with the rows of its new events and what the archive says of them), in batches as
    the product has them."""
    seen: set[tuple[str, str]] = set()
    turns: Counter[str] = Counter()
    for path, source in logs:
        reader = source.reader(logical(path), {})
        with open_log(path) as file:
            for batch in batches(file, 0, size_of(file)):
                lines = list[Line]()
                for line in batch.lines:
                    rows, said = list[Row](), list[bytes]()
                    for event in _read(reader.read, line):
                        if (key := (source.name, event.id)) not in seen:
                            seen.add(key)
                            made = ready(changed(event, turn=turns[event.session]))
                            rows.append([source.name, *made.row])
                            said.append(made.said)
                            turns[event.session] += 1
                    lines.append((line, rows, said))
                yield source.name, lines


def _read(read: Callable[[bytes], Sequence[Event]], line: bytes) -> Sequence[Event]:
    try:
        return read(line)
    except UnreadableLineError:
        return ()


def _is_json(loads: Callable[[bytes], object], line: bytes) -> bool:
    try:
        loads(line)
    except ValueError:
        return False
    return True


def _children_mb() -> float:
    """The most that any process that read ahead had resident; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0.0
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(most / (1e6 if sys.platform == "darwin" else 1e6 / 1024), 1)


def _resident_mb(what: str) -> float:
    """Of this process: now (`VmRSS`), or at most (`VmHWM`); 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return 0.0
    found = next((line.split()[1] for line in status.splitlines() if line.startswith(f"{what}:")), "0")
    return round(int(found) * 1024 / 1e6, 1)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))))
