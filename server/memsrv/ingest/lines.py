"""A log that its agent appends to: read on from where it was left, whatever happened to the file meanwhile.

Each batch and the file's new offset are one transaction, so a kill at any point loses and doubles nothing. A damaged
line is counted with its place, and whatever whole records are in it are read; an unfinished last line waits. While a
batch of a long log is stored the next one is parsed: SQLite works outside Python's lock.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from memsrv.ingest.ahead import Ahead
from memsrv.ingest.desk import Desk
from memsrv.ingest.permission import may_be_read
from memsrv.ingest.reading import Reading, Told
from memsrv.ingest.whereabouts import goes_on, moved_away, moved_here, start_over, unread
from memsrv.logfiles import batches, logical, open_log, size_of
from memsrv.sources import LineSource
from memsrv.store import Appended, FileState, Loss, LossKind

#: A last line that nobody went on writing for so long is a crash's, not a writer's.
_UNFINISHED_S = 3600.0
#: A file that changed so short a while before it was read may change again within the same tick of its clock.
_SETTLED_S = 2.0

Tell = Callable[[], None]


def read_lines(desk: Desk, path: Path, source: LineSource, tell: Tell, ahead: Ahead) -> None:
    """Everything in the log at `path` that has not been read. OSError where it cannot be opened."""
    tell()
    if _is_unchanged(desk, path, source):
        return
    shut = desk.still_shut(path)
    if shut.sessions and shut.signature == tuple(source.signature(path)):
        return desk.decline(path, shut)
    with open_log(path) as file:
        while not _read_from_where_it_was_left(desk, path, file, source, tell, ahead):
            pass  # another process read on meanwhile: begin again behind it


def _is_unchanged(desk: Desk, path: Path, source: LineSource) -> bool:
    """Whether the log is as it was when it was read to its end, and may still be read: it need not be opened."""
    known = desk.store.file(desk.named(path))
    if known is None or not known.signature or known.signature != tuple(source.signature(path)):
        return False
    facts = source.reader(logical(path), known.state.get("source", {})).facts
    return (
        facts.cwd is not None
        and "[redacted:" not in facts.cwd
        and desk.capture.denied(source.name, facts.cwd, facts.remote) is None
    )


def _read_from_where_it_was_left(
    desk: Desk, path: Path, file: BinaryIO, source: LineSource, tell: Tell, ahead: Ahead
) -> bool:
    store, named = desk.store, desk.named(path)
    signature = tuple(source.signature(path))
    size = size_of(file)  # what is written after consent was looked up waits for its own look
    known = store.file(named) or moved_here(desk, path, named, file, size)
    same = known is not None and goes_on(file, known, size, packed=logical(path) != path)
    if not may_be_read(desk, path, file, size, source, known if same else None, signature):
        return True
    if known is not None and not same:
        elsewhere = moved_away(desk, path, known)
        if elsewhere is not None:
            read_lines(desk, elsewhere, source, tell, ahead)
        known = None if elsewhere is not None else start_over(desk, known, file)
    start = known or unread(desk, path, named, file, source)
    with ThreadPoolExecutor(1) as aside:
        storing = _Storing(desk, aside if size - start.offset > desk.batch_bytes else None)
        for number, told in enumerate(_told(desk, path, file, size, source, start, ahead)):
            if known is not None and told.after.offset == known.offset and not told.losses:
                break
            if not storing.is_done():
                return False
            if number:
                tell()
            storing.begin(partial(store.take, told.after, told.stretches, losses=told.losses, read_from=known))
            desk.tally.unreadable += len(told.losses)
            known = told.after
        if not storing.is_done():
            return False
    return known is None or _note_the_end(desk, path, known, size, signature)


def _told(
    desk: Desk, path: Path, file: BinaryIO, size: int, source: LineSource, start: FileState, ahead: Ahead
) -> Iterator[Told]:
    """What the log tells from `start` on: what was read ahead of it, then what is read here."""
    for told in ahead.told(path, start):
        start = told.after
        yield told
    reading = Reading(desk, path, source, start)
    for batch in batches(file, start.offset, size, desk.batch_bytes):
        yield reading.read(batch, file)


class _Storing:
    """One batch on its way into the store: `aside`, in a thread, while the next one is read, or at once."""

    def __init__(self, desk: Desk, aside: ThreadPoolExecutor | None) -> None:
        self._tally, self._aside = desk.tally, aside
        self._under_way: Future[Appended] | None = None

    def begin(self, take: Callable[[], Appended]) -> None:
        if self._aside is not None:
            self._under_way = self._aside.submit(take)
            return
        self._under_way = Future()
        self._under_way.set_result(take())

    def is_done(self) -> bool:
        """Wait for it. False where nothing was written, since another process had read on."""
        if self._under_way is None:
            return True
        appended, self._under_way = self._under_way.result(), None
        self._tally.add(appended)
        return not appended.stale


def _note_the_end(desk: Desk, path: Path, known: FileState, size: int, signature: tuple[int, ...]) -> bool:
    """Keep how the file was as it was read to its end, or how much of a last line waits."""
    changed = path.stat().st_mtime
    quiet = desk.now() - changed
    settled = signature if known.offset == size and quiet > _SETTLED_S else ()
    losses = []
    if known.offset < size and quiet > _UNFINISHED_S:
        waiting = size - known.offset
        reason = "the last line was never finished"
        losses = [Loss(known.path, known.offset, reason, LossKind.UNFINISHED, waiting)]
    if (known.size, known.signature) == (size, settled) and set(losses) <= set(desk.store.losses(known.path)):
        return True
    desk.store.take(replace(known, size=size, signature=settled), (), losses=losses, read_from=known)
    return True  # if another process has read on meanwhile, it has noted it, too
