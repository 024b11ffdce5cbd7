"""A log that its agent rewrites, or a database: every session that changed is taken whole, in a transaction of its own.

What was not changed is not parsed again, by its mark; nor is what may not be read. A document that is only half written
is no loss yet: agents rewrite in place, and the next look finds it whole. Of a session that may not be read nothing is
stored.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memsrv.consent import Act
from memsrv.echo import Listening
from memsrv.ingest.declined import Held, Shut
from memsrv.ingest.desk import Desk, clean_tree
from memsrv.logfiles import identify
from memsrv.sources import Snapshot, SnapshotSource, UnreadableLineError
from memsrv.store import FileState, Loss, LossKind, Marked, Stretch


def read_snapshots(desk: Desk, path: Path, source: SnapshotSource, tell: Callable[[], None]) -> None:
    """Every session of the log at `path` that is not as it was taken. OSError where the log cannot be opened."""
    tell()
    while not _taken(desk, path, source, tell):
        pass  # another process took a session meanwhile: begin again behind it


def _taken(desk: Desk, path: Path, source: SnapshotSource, tell: Callable[[], None]) -> bool:
    store, named = desk.store, desk.named(path)
    known = _continued(desk, path, named)
    signature = tuple(source.signature(path))
    if known is not None and known.signature == signature:
        return True
    shut = desk.still_shut(path)
    if shut.sessions and shut.signature == signature:
        desk.decline(path, shut)
        return True
    held = dict(shut.sessions)
    begin = replace(known or FileState(named, source.name, "", 0, 0, "", 0), **_identity(path))
    of_log: Snapshot | None = None
    marks = store.marks(named) | {name: one.mark for name, one in held.items()}
    try:
        for number, snapshot in enumerate(source.snapshots(path, marks)):
            if number:
                tell()
            if snapshot.of_log:
                of_log = snapshot
                continue
            facts = snapshot.facts
            if desk.capture.denied(source.name, facts.cwd, facts.remote) is not None:
                held[snapshot.session] = Held.of(source.name, facts, snapshot.mark)
                continue
            held.pop(snapshot.session, None)
            after = _take(desk, begin, known, snapshot)
            if after is None:
                return False
            known = begin = after
    except UnreadableLineError as error:
        return _half_written(desk, begin, known, signature, str(error))
    desk.decline(path, Shut(held, signature))
    if known is None and (held or (of_log and desk.capture.consent.refused(Act.CAPTURE, "projects"))):
        return True  # nothing of it may be read, or nobody can tell whether it may
    if of_log is not None:
        after = _take(desk, begin, known, of_log)
        if after is None:
            return False
        known = begin = after
    # The signature is from before the reading: what was written meanwhile makes another one.
    size = signature[0] if signature else 0
    whole = replace(
        begin,
        offset=size,
        size=size,
        signature=() if held else signature,
        generation=begin.generation + 1,
        state={"by": type(source).__name__},
        unknown=store.not_understood(named),
    )
    return not store.take(whole, (), read_from=known).stale


def _take(desk: Desk, begin: FileState, known: FileState | None, snapshot: Snapshot) -> FileState | None:
    """Store one session; None where another process has stored something of this log meanwhile."""
    withholding = desk.capture.withholding({})
    events = desk.events(snapshot.events, withholding, Listening())
    clean = desk.cleaner(withholding)
    name = clean(snapshot.session)
    session = desk.session(clean, desk.own_id(name, begin.agent), begin.agent, begin.path, snapshot.facts)
    unknown = clean_tree(clean, snapshot.unknown)
    losses = [Loss(begin.path, lost.place, clean(lost.reason), session=name) for lost in snapshot.lost]
    after = replace(begin, session=session.id, generation=begin.generation + 1, signature=())
    stretch = Stretch(session, events, whole=Marked(name, clean(snapshot.mark), unknown, bool(losses)))
    appended = desk.store.take(after, [stretch], losses=losses, read_from=known)
    if appended.stale:
        return None
    desk.tally.add(appended)
    desk.tally.unreadable += len(losses)
    desk.tally.unknown.update(unknown)
    return after


def _half_written(
    desk: Desk, begin: FileState, known: FileState | None, signature: tuple[int, ...], reason: str
) -> bool:
    """The document is no whole one: a loss if it was the same at the last look."""
    if known is None and desk.capture.consent.refused(Act.CAPTURE, "projects"):
        return True  # whose it is would be told by what cannot be read
    seen = list(signature)
    stayed = begin.state.get("half") == seen
    desk.tally.half_written += not stayed
    losses = [Loss(begin.path, 0, reason, LossKind.DAMAGED, signature[0] if signature else 0)] if stayed else []
    desk.tally.unreadable += len(losses)
    after = replace(
        begin,
        state={"half": seen},
        generation=begin.generation + 1,
        size=signature[0] if signature else 0,
        signature=signature if stayed else (),
    )
    return not desk.store.take(after, (), losses=losses, read_from=known).stale


def _continued(desk: Desk, path: Path, named: str) -> FileState | None:
    """How far the log was read, also where it had another name."""
    known = desk.store.file(named)
    if known is not None or path.is_dir():
        return known
    status = path.stat()
    for other in desk.store.files_like(status.st_dev, status.st_ino, []):
        if not Path(other.path).exists() and other.head == _identity(path)["head"]:
            desk.store.rename_file(other.path, named)
            return desk.store.file(named)
    return None


def _identity(path: Path) -> dict[str, Any]:
    if path.is_dir():
        status = path.stat()
        return {"dev": status.st_dev, "inode": status.st_ino}
    with path.open("rb") as file:
        return asdict(identify(file))
