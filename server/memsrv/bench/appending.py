"""How long a line that an agent appends takes until a search finds it: past a real `memsrv watch`, and past nothing.

The floor is what cannot be left out: the file's size, the new bytes, one row and its words in one transaction.
"""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import orjson

from memsrv.bench.contestants import ROW, WORDS, opened
from memsrv.bench.sessions import Library, Record, line_of, write_session
from memsrv.environment import child_environment
from memsrv.errors import MemsrvError
from memsrv.records import changed
from memsrv.sources.claude_code import ClaudeCode
from memsrv.store import Store
from memsrv.store.rows import cut, event_row

#: What a session holds before lines are appended to it.
_BEFORE_BYTES = 1 << 20
#: Lines come with a pause, as an agent's do, of between so many seconds.
_PAUSES_S = (0.02, 0.12)
#: How often a reader looks: much oftener than a line takes.
_LOOK_S = 0.0002
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Latency:
    """From the end of the write of one line to the search that finds it, in milliseconds."""

    appends: int
    p50_ms: float
    p95_ms: float
    max_ms: float
    floor_p50_ms: float
    floor_p95_ms: float


def latency(folder: Path, appends: int) -> Latency:
    """Of `appends` lines to one session, with everything below `folder`."""
    ours = [seconds * 1000 for seconds in _watched(folder / "watched", appends)]
    floor = [seconds * 1000 for seconds in _alone(folder / "alone", appends)]
    return Latency(
        appends,
        p50_ms=_of(ours, 50), p95_ms=_of(ours, 95), max_ms=round(max(ours), 3),
        floor_p50_ms=_of(floor, 50), floor_p95_ms=_of(floor, 95),
    )  # fmt: skip


def _of(times: list[float], percent: int) -> float:
    return round(quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0], 3)


def _watched(folder: Path, appends: int) -> Iterator[float]:
    log = _session(folder / "claude")
    home = folder / "home"
    with _watch(home, folder / "claude"):
        _until((home / "memsrv.db").exists)
        with Store.open(home / "memsrv.db") as store:
            for number, took in enumerate(_appended(log, appends + 1, lambda word: bool(store.search_turns(word)))):
                if number:  # the first one waited for the watch to begin
                    yield took


def _alone(folder: Path, appends: int) -> Iterator[float]:
    log = _session(folder / "claude")
    database = folder / "memsrv.db"
    with Store.open(database) as store:
        db = opened(database)
        db.execute("INSERT INTO sessions (id, agent, project, path) VALUES (?, 'claude-code', 'bench', '')", [log.stem])
        reader = ClaudeCode().reader(log, {})
        place = log.stat().st_size
        turn = 0

        def found(word: str) -> bool:
            nonlocal place, turn
            size = log.stat().st_size
            with log.open("rb") as file:
                file.seek(place)
                events = reader.read(file.read(size - place))
            place = size
            _insert(
                db, [["claude-code", *event_row(changed(cut(event), turn=turn + n))] for n, event in enumerate(events)]
            )
            turn += len(events)
            return bool(store.search_turns(word))

        yield from _appended(log, appends, found)
        db.close()


def _insert(db: sqlite3.Connection, rows: list[list[object]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    for row in rows:
        db.execute(f"{WORDS} = ?", [db.execute(ROW, row).lastrowid])
    db.execute("COMMIT")


def _session(folder: Path) -> Path:
    log = folder / "projects" / "-home-bench-orchard" / "6a1f0f5e-0000-4000-8000-00000000c0de.jsonl"
    write_session(log, _BEFORE_BYTES, "appending", Library())
    return log


def _appended(log: Path, appends: int, found: Callable[[str], bool]) -> Iterator[float]:
    """Append lines, each with a word of its own, and give how long each took to be found."""
    dice, library = random.Random("appending"), Library()
    last = orjson.loads(log.read_bytes().rsplit(b"\n", 2)[-2])
    for number in range(appends):
        word = f"quince{number}x{dice.randrange(10**6)}"
        last = _next(last, f"{word} {library.prose(dice, 300)}", number)
        line = line_of(last)
        with log.open("ab", buffering=0) as file:
            file.write(line)
            began = time.perf_counter()
        _until(lambda word=word: found(word))  # type: ignore[misc]
        yield time.perf_counter() - began
        time.sleep(dice.uniform(*_PAUSES_S))


def _next(last: Record, text: str, number: int) -> Record:
    message = {"role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [{"type": "text", "text": text}]}
    kept = {name: last[name] for name in ("cwd", "sessionId", "version", "gitBranch", "userType", "isSidechain")}
    uuid = f"6a1f0f5e-0000-4000-8000-{number:012x}"
    time = f"2026-06-01T10:{number // 60 % 60:02}:{number % 60:02}.000Z"
    return {
        "parentUuid": last["uuid"],
        **kept,
        "type": "assistant",
        "message": message,
        "uuid": uuid,
        "timestamp": time,
    }


def _until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > limit:
            raise MemsrvError(
                f"a line was not found within {_PATIENCE_S:.0f} s; run the bench again on a quiet machine"
            )
        time.sleep(_LOOK_S)


@contextmanager
def _watch(home: Path, claude: Path) -> Iterator[None]:
    """A `memsrv watch` of its own home, that sees one agent's folder and nothing of this machine's."""
    home.mkdir(parents=True)
    homes = dict.fromkeys(("HOME", "USERPROFILE", "MEMSRV_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(home))
    own = homes | {"CLAUDE_CONFIG_DIR": str(claude)}
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "memsrv", "watch"],
        env=child_environment() | own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
