"""A log that its agent appends to: read on from where it was left, whatever happened to the file meanwhile.

Each batch and the file's new offset are one transaction, so a kill at any point loses and doubles nothing. A damaged
line is counted with its place, and whatever whole records are in it are read; an unfinished last line waits. A file
that was moved or compressed goes on where it was; one that was cut or rewritten is read again from its beginning.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from memsrv.capture import Withholding
from memsrv.consent import Act
from memsrv.echo import Listening
from memsrv.errors import NotFound
from memsrv.ingest.desk import Desk, clean_tree
from memsrv.logfiles import Batch, batches, identify, is_same, logical, open_log, siblings, size_of, tail
from memsrv.records import Event, Session
from memsrv.sources import LineSource, LogFacts, Reader, UnreadableLineError
from memsrv.sources.fields import salvaged
from memsrv.store import FileState, Loss, LossKind, Raw, Stretch

#: A last line that nobody went on writing for so long is a crash's, not a writer's.
_UNFINISHED_S = 3600.0
#: A file that changed so short a while before it was read may change again within the same tick of its clock.
_SETTLED_S = 2.0

Tell = Callable[[], None]


def read_lines(desk: Desk, path: Path, source: LineSource, tell: Tell) -> None:
    """Everything in the log at `path` that has not been read. OSError where it cannot be opened."""
    tell()
    if _is_unchanged(desk, path, source):
        return
    with open_log(path) as file:
        while not _read_from_where_it_was_left(desk, path, file, source, tell):
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


def _read_from_where_it_was_left(desk: Desk, path: Path, file: BinaryIO, source: LineSource, tell: Tell) -> bool:
    store, named = desk.store, desk.named(path)
    signature = tuple(source.signature(path))
    size = size_of(file)  # what is written after consent was looked up waits for its own look
    known = store.file(named) or _moved_here(desk, path, named, file, size)
    same = known is not None and _goes_on(file, known, size, packed=logical(path) != path)
    if not _may_be_read(desk, path, file, size, source, known if same else None):
        return True
    if known is not None and not same:
        known = None if _moved_away(desk, path, known, source, tell) else _start_over(desk, known, file)
    begin = known or _unread(desk, path, named, file, source)
    reading = _Reading(desk, path, source, begin)
    for number, batch in enumerate(batches(file, begin.offset, size)):
        if number:
            tell()
        after, stretches, losses = reading.read(batch, file)
        if known is not None and after.offset == known.offset and not losses:
            break
        appended = store.take(after, stretches, losses=losses, read_from=known)
        if appended.stale:
            return False
        desk.tally.add(appended)
        desk.tally.unreadable += len(losses)
        known = after
    return known is None or _note_the_end(desk, path, known, size, signature)


def _unread(desk: Desk, path: Path, named: str, file: BinaryIO, source: LineSource) -> FileState:
    return identify(file).of(FileState(named, source.name, _session_id(desk, path, named, source), 0, 0, "", 0))


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
    if (known.size, known.signature) == (size, settled) and not losses:
        return True
    desk.store.take(replace(known, size=size, signature=settled), (), losses=losses, read_from=known)
    return True  # if another process has read on meanwhile, it has noted it, too


# Which file it is


def _goes_on(file: BinaryIO, known: FileState, size: int, *, packed: bool) -> bool:
    """Whether `file` is the log that `known` was read of, with or without more behind it.

    What was put in its place by a rename is another file, though it may begin and go on alike; only compressing makes a
    new file of the same bytes. Devices are numbered anew when a machine starts, inodes are not.
    """
    replaced = os.fstat(file.fileno()).st_ino != known.inode and known.inode != 0
    was_packed = Path(known.path).suffix in (".zst", ".gz") or bool(known.state.get("packed"))
    if replaced and not packed and not was_packed:
        return False
    return is_same(file, known, size)


def _moved_here(desk: Desk, path: Path, named: str, file: BinaryIO, size: int) -> FileState | None:
    """How far the log was read under another name: it was renamed, rotated or compressed, and went from there."""
    status = os.fstat(file.fileno())
    others = [desk.named(other) for other in siblings(path)]
    for other in desk.store.files_like(status.st_dev, status.st_ino, others):
        inode = (status.st_dev, status.st_ino) == (other.dev, other.inode)
        packed = {Path(other.path).suffix, path.suffix} & {".zst", ".gz"}
        if other.offset and (inode or packed) and _is_gone(other) and is_same(file, other, size):
            if desk.store.rename_file(other.path, named):
                return replace(other, path=named, state={**other.state, "packed": True} if not inode else other.state)
            return desk.store.file(named)
    return None


def _moved_away(desk: Desk, path: Path, known: FileState, source: LineSource, tell: Tell) -> bool:
    """Whether the log that was at `path` lies beside it under another name, as rotation does: then it is read there."""
    for other in siblings(path):
        try:
            with open_log(other) as file:
                if desk.store.file(desk.named(other)) or not is_same(file, known, size_of(file)):
                    continue
        except OSError:
            continue
        if desk.store.rename_file(known.path, desk.named(other)):
            read_lines(desk, other, source, tell)
            return True
    return False


def _is_gone(known: FileState) -> bool:
    """Whether no longer the file that was read, but none or another one, has its name."""
    try:
        status = Path(known.path).stat()
    except OSError:
        return "[redacted:" not in known.path
    return status.st_ino != known.inode


def _start_over(desk: Desk, known: FileState, file: BinaryIO) -> FileState:
    """The log is another one than was read: what of it had been seen and not been read is lost."""
    unread = max(0, known.size - known.offset)
    reason = "the file was cut or replaced before this was read"
    losses = [Loss(known.path, known.offset, reason, LossKind.REWRITTEN, unread)] if unread else []
    kept = {"own": own} if (own := known.state.get("own")) else {}
    again = replace(known, offset=0, size=0, signature=(), generation=known.generation + 1, state=kept, unknown={})
    again = identify(file).of(again)
    desk.store.start_over(again, losses)
    return again


def _session_id(desk: Desk, path: Path, named: str, source: LineSource) -> str:
    """The source's name for the session; a second file of that name gets a suffix, unless the first is gone (moved)."""
    id = desk.own_id(source.session_id(logical(path.with_name(Path(named).name))), source.name)
    try:
        other = desk.store.session(id).path
    except NotFound:
        return id
    if logical(Path(other)) == logical(Path(named)) or not Path(other).exists():  # one log, perhaps rotated
        return id
    return f"{id}-{hashlib.sha256(str(path).encode('utf-8', 'replace')).hexdigest()[:6]}"


# Consent


def _may_be_read(
    desk: Desk, path: Path, file: BinaryIO, size: int, source: LineSource, known: FileState | None
) -> bool:
    """Whether the session may be captured; its log is read no further than to the folder that it was held in."""
    scout = source.reader(logical(path), known.state.get("source", {}) if known else {})
    if scout.facts.cwd is None or "[redacted:" in scout.facts.cwd:
        scout, spoken = source.reader(logical(path), {}), False
        for line in (line for batch in batches(file, 0, size) for line in batch.lines):
            try:
                spoken = bool(scout.read(line)) or spoken
            except UnreadableLineError:
                continue
            if scout.facts.cwd is not None:
                break
        if scout.facts.cwd is None and not spoken and desk.capture.consent.refused(Act.CAPTURE, "projects"):
            return False  # nobody has said anything yet: the next time it may tell whose it is
    denied = desk.capture.denied(source.name, scout.facts.cwd, scout.facts.remote)
    if denied is not None:
        desk.tally.declined[denied] += 1
    return denied is None


# What it says


@dataclass(slots=True)
class _Reading:
    """One log from where it was left, a batch at a time."""

    desk: Desk
    path: Path
    source: LineSource
    state: FileState
    reader: Reader = field(init=False)
    withholding: Withholding = field(init=False)
    listening: Listening = field(init=False)
    unknown: Counter[str] = field(init=False)
    own: str = field(init=False)

    def __post_init__(self) -> None:
        self.reader = self.source.reader(logical(self.path), self.state.state.get("source", {}))
        self.withholding = self.desk.capture.withholding(self.state.state.get("withheld", {}))
        self.listening = Listening.at(self.state.state.get("echo", {}))
        self.unknown = Counter(self.reader.unknown)
        self.own = self.state.state.get("own") or self.state.session

    def read(self, batch: Batch, file: BinaryIO) -> tuple[FileState, list[Stretch], list[Loss]]:
        """How far the log is read with `batch`, what it tells of each session, and what of it is lost."""
        events, losses, raw, offset = self._parsed(batch)
        clean = self.desk.cleaner(self.withholding)
        cleaned = self.desk.events(events, self.withholding, self.listening)
        by_session: dict[str, list[Event]] = {}
        for event in cleaned:
            by_session.setdefault(self._stored_id(event.session), []).append(event)
        last = next(reversed(by_session), self.state.session)
        if raw or not by_session:
            by_session.setdefault(last, [])
        facts = {self._stored_id(clean(id)): facts for id, facts in self.reader.sessions.items()}
        stretches = [
            Stretch(self._session(clean, id, facts), own, raw if id == last else ()) for id, own in by_session.items()
        ]
        unknown = Counter(self.reader.unknown)
        self.desk.tally.unknown += Counter(clean_tree(clean, unknown - self.unknown))
        self.unknown = unknown
        state = {
            "by": type(self.source).__name__,
            "source": clean_tree(clean, self.reader.state),
            "tail": tail(file, offset),
            "withheld": self.withholding.state,
            "echo": clean_tree(clean, self.listening.state),
        }
        kept = {name: self.state.state[name] for name in ("own", "packed") if name in self.state.state}
        if last != self.own:
            kept["own"] = self.own
        self.state = replace(
            identify(file).of(self.state),
            session=last,
            offset=offset,
            size=max(self.state.size, offset),
            signature=(),
            state=state | kept,
            unknown=clean_tree(clean, unknown),
        )
        return self.state, stretches, [replace(loss, reason=clean(loss.reason)) for loss in losses]

    def _parsed(self, batch: Batch) -> tuple[list[Event], list[Loss], list[Raw], int]:
        events: list[Event] = []
        losses: list[Loss] = []
        raw: list[Raw] = []
        path, offset = self.state.path, self.state.offset
        if (long := batch.too_long) is not None:
            reason = f"a line of {long.length} bytes, sha256 {long.sha256}"
            losses.append(Loss(path, offset, reason, LossKind.TOO_LONG, long.length))
            self._keep(raw, offset, long.head)
            return events, losses, raw, offset + long.length
        understood = _total(self.reader.unknown)
        for line in batch.lines:
            try:
                events += self.reader.read(line)
            except UnreadableLineError as error:
                if batch.unfinished:
                    break  # perhaps still being written
                losses.append(Loss(path, offset, str(error), LossKind.UNREADABLE, len(line)))
                for record in salvaged(line):
                    events += self._of_record(record)
                self._keep(raw, offset, line)
            else:
                if (total := _total(self.reader.unknown)) != understood:
                    self._keep(raw, offset, line)
                    understood = total
            offset += len(line)
        return events, losses, raw, offset

    def _of_record(self, record: bytes) -> Sequence[Event]:
        try:
            return self.reader.read(record)
        except UnreadableLineError:
            return ()

    def _keep(self, raw: list[Raw], offset: int, line: bytes) -> None:
        if self.desk.may_keep_raw(self.reader.facts.cwd):
            text, count = self.desk.redactor.redact(line.decode("utf-8", "replace").rstrip("\n"))
            self.desk.tally.redactions += count
            raw.append(Raw(offset, text))

    def _stored_id(self, session: str) -> str:
        """What the session that the reader calls `session` is called in the store."""
        if session in (self.own, self.source.session_id(logical(self.path))):
            return self.own
        return self.desk.own_id(session, self.source.name)

    def _session(self, clean: Callable[[str], str], id: str, facts: Mapping[str, LogFacts]) -> Session:
        return self.desk.session(clean, id, self.source.name, self.state.path, facts.get(id, self.reader.facts))


def _total(unknown: Mapping[str, int]) -> int:
    """How much was not understood as a whole: a field that is new is no reason to keep its record."""
    return sum(count for name, count in unknown.items() if not name.startswith("field:"))
