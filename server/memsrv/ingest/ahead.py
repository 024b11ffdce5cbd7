"""A long backlog is read ahead, by processes of their own: parsed, redacted and made ready, a few logs at a time.

A guess: what was read ahead counts only if the reading of a log begins, once it is its turn, where the guess began.
Where it does not, or a process dies or cannot tell, the rest is read here as ever. Logs are stored in the order given,
whatever was read first; no process but this one writes. Of what was read ahead only so much is held.
"""

import gc
import os
import pickle
import queue
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple, Never, Self, cast

from memsrv.ingest.desk import Desk, Tally
from memsrv.ingest.permission import may_be_read
from memsrv.ingest.reading import Reading, Told
from memsrv.ingest.whereabouts import unread
from memsrv.logfiles import batches, identify, logical, open_log, size_of
from memsrv.sources import LineSource, Source
from memsrv.store import FileState, Store, ready
from memsrv.store.ready import Ready

#: A backlog from which on processes are worth their start.
AHEAD_BYTES = 16 << 20
_PROCESSES = 4
#: So many batches each of them holds until they are asked for.
_BATCHES = 24


class _Todo(NamedTuple):
    path: Path
    source: LineSource
    start: FileState
    known: FileState | None


class _Frame(NamedTuple):
    """One batch of the log at `path`, or its end."""

    path: Path
    told: Told | None  # its stretches without their events,
    events: Sequence[tuple[list[list[Any]], list[bytes]]] = ()  # which are here: plain values travel in half the time
    redactions: int = 0
    unknown: Mapping[str, int] = {}

    @classmethod
    def of(cls, path: Path, told: Told, tally: Tally) -> Self:
        made = [[*map(ready, one.events)] for one in told.stretches]
        events = [([one.row for one in own], [one.said for one in own]) for own in made]
        bare = told._replace(stretches=[replace(one, events=()) for one in told.stretches])
        return cls(path, bare, events, tally.redactions, tally.unknown)

    def whole(self, told: Told) -> Told:
        both = zip(told.stretches, self.events, strict=True)
        return told._replace(stretches=[replace(one, events=[*map(Ready, *own)]) for one, own in both])


@dataclass(frozen=True, slots=True)
class _Process:
    process: BaseProcess
    frames: Connection


class Ahead:
    """What was read ahead, by log."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._reads: dict[Path, tuple[_Process, FileState]] = {}

    def told(self, path: Path, start: FileState) -> Iterator[Told]:
        """What the log at `path` tells from `start` on, as far as it was read ahead; nothing where it was not."""
        process, guessed = self._reads.pop(path, (None, None))
        if process is None or guessed != start:
            return
        with suppress(EOFError, OSError):  # it has died
            while True:
                frame: _Frame = pickle.loads(process.frames.recv_bytes())
                if frame.path != path:
                    continue  # of a log that was not to be read after all
                if frame.told is None:
                    return
                self._tally.redactions += frame.redactions
                self._tally.unknown += Counter(frame.unknown)
                yield frame.whole(frame.told)


@contextmanager
def reading_ahead(desk: Desk, logs: Sequence[tuple[Path, Source]], least: int) -> Iterator[Ahead]:
    """Read `logs` ahead, where at least `least` bytes of them wait to be read and there are processors for it."""
    ahead, started = Ahead(desk.tally), list[_Process]()
    shares = _shares(desk, logs, least)
    if shares:
        gc.freeze()  # what is there stays, here and in the copies: it need not be looked through, nor copied for that
    try:
        with suppress(OSError):  # as many processes as the system allows
            for todo in shares:
                started.append(_started(desk, todo, [one.frames for one in started]))
                ahead._reads |= {one.path: (started[-1], one.start) for one in todo}
        yield ahead
    finally:
        if shares:
            gc.unfreeze()
        for one in started:
            one.frames.close()
            one.process.terminate()
        for one in started:
            one.process.join()


def processors() -> int:
    """How many this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shares(desk: Desk, logs: Sequence[tuple[Path, Source]], least: int) -> list[list[_Todo]]:
    """The logs with anything to read, for each process its own, in order; none where one process is as quick."""
    waiting: list[tuple[int, _Todo]] = []
    plain = [(path, source, size) for path, source in logs if isinstance(source, LineSource) and (size := _size(path))]
    if processors() < 2 or sum(size for _, _, size in plain) < least:
        return []
    for path, source, size in plain:
        named = desk.named(path)
        known = desk.store.file(named)
        if known is not None and size <= known.offset:
            continue
        with suppress(OSError), open_log(path) as file:
            start = known or unread(desk, path, named, file, source)
            waiting.append((size - start.offset, _Todo(path, source, start, known)))
    if sum(size for size, _ in waiting) < least:
        return []
    shares: list[list[_Todo]] = [[] for _ in range(min(processors(), _PROCESSES, len(waiting)))]
    held = [0] * len(shares)
    for size, todo in waiting:
        least_held = held.index(min(held))
        shares[least_held].append(todo)
        held[least_held] += size
    return shares


def _size(path: Path) -> int:
    """In bytes; 0 of a log that is compressed, which would have to be unpacked to be measured."""
    try:
        return path.stat().st_size if logical(path) == path else 0
    except OSError:
        return 0


def _started(desk: Desk, todo: Sequence[_Todo], others: Sequence[Connection]) -> _Process:
    """A copy of this process is ready at once, but a thread that it had, and a lock that it held, are lost in it."""
    copied = sys.platform == "linux" and threading.active_count() == 1
    context: ForkContext | SpawnContext = get_context("fork") if copied else get_context("spawn")
    here, there = context.Pipe(duplex=False)
    elsewhere = replace(desk, store=cast(Store, _NoStore()), tally=Tally(), now=time.time)
    process = context.Process(
        target=_read, args=(elsewhere, todo, there, [here, *others] if copied else []), name="ahead", daemon=True
    )
    process.start()
    there.close()
    return _Process(process, here)


# There


class _NoStore:
    """What the readings ahead have for a store: a log that needs to ask it something is read where the store is."""

    def session(self, id: str) -> Never:
        raise _NotHere(id)


class _NotHere(Exception):
    pass


def _read(desk: Desk, todo: Sequence[_Todo], frames: Connection, inherited: Sequence[Connection]) -> None:
    """Tell of all logs in turn, until nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who stops the reading ends this process, too
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for connection in inherited:
        connection.close()  # else it would be listening to itself
    told: queue.Queue[bytes | None] = queue.Queue(_BATCHES)
    sending = threading.Thread(target=_send, args=(told, frames))
    sending.start()
    for one in todo:
        # Whatever is wrong with a log is found and told by who reads it next.
        with suppress(Exception):
            for frame in _frames(desk, one):
                told.put(pickle.dumps(frame, pickle.HIGHEST_PROTOCOL))
        told.put(pickle.dumps(_Frame(one.path, None)))
    told.put(None)
    sending.join()


def _send(told: "queue.Queue[bytes | None]", frames: Connection) -> None:
    try:
        while (frame := told.get()) is not None:
            frames.send_bytes(frame)
    except OSError:
        os._exit(0)  # nobody listens: the reading is over, or was killed


def _frames(desk: Desk, todo: _Todo) -> Iterator[_Frame]:
    path, source, start, known = todo
    with open_log(path) as file:
        size = size_of(file)
        if identify(file).of(start) != start or not may_be_read(
            desk, path, file, size, source, known, tuple(source.signature(path))
        ):
            return
        reading = Reading(desk, path, source, start)
        for batch in batches(file, start.offset, size, desk.batch_bytes):
            yield _Frame.of(path, reading.read(batch, file), desk.tally)
            desk.tally.redactions, desk.tally.unknown = 0, Counter()
