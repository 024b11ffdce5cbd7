"""What a log of lines tells from where it was left, a batch at a time: events by session, losses, and how far it goes.

Nothing is stored here, and nothing leaves that was not withheld and redacted.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from memsrv.capture import Withholding
from memsrv.echo import Listening
from memsrv.ingest.desk import Desk, clean_tree
from memsrv.logfiles import Batch, checksum, identify, logical, pieces, tail
from memsrv.records import Event, Session
from memsrv.sources import LineSource, LogFacts, Reader, UnreadableLineError
from memsrv.sources.fields import salvaged
from memsrv.store import FileState, Loss, LossKind, Raw, Stretch


class Told(NamedTuple):
    """How far a log is read with a batch, what that tells of each session, and what of it is lost."""

    after: FileState
    stretches: Sequence[Stretch]
    losses: Sequence[Loss]


@dataclass(slots=True)
class Reading:
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

    def read(self, batch: Batch, file: BinaryIO) -> Told:
        events, losses, raw, offset = self._parsed(batch)
        cleaned = self.desk.events(events, self.withholding, self.listening)
        clean = self.desk.cleaner(self.withholding)
        stored = {id: self._stored_id(id) for id in dict.fromkeys(event.session for event in cleaned)}
        by_session: dict[str, list[Event]] = {}
        for event in cleaned:
            by_session.setdefault(stored[event.session], []).append(event)
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
            "checksum": self._checksum(batch, file, offset),
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
        return Told(self.state, stretches, [replace(loss, reason=clean(loss.reason)) for loss in losses])

    def _checksum(self, batch: Batch, file: BinaryIO, offset: int) -> int | None:
        """Of all bytes before `offset`, to which `batch` leads; None of a log whose beginning was read without."""
        begun = self.state.offset
        before = self.state.state.get("checksum") if begun else 0
        if before is None:
            return None
        if batch.too_long is not None:  # too long to be held
            return checksum(pieces(file, begun, offset), before)
        if batch.unfinished:  # read as far as it is whole
            return checksum([b"".join(batch.lines)[: offset - begun]], before)
        return checksum(batch.lines, before)

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
                events += self.reader.read(line if line.endswith(b"\n") else line + b"\n")
            except UnreadableLineError as error:
                if batch.unfinished:  # perhaps still being written: only what is whole is read
                    whole, end = self._begun(line)
                    return events + whole, losses, raw, offset + end
                found, place = self._of_damaged(line)
                events += found
                losses.append(Loss(path, offset + place, str(error), LossKind.UNREADABLE, len(line) - place))
                self._keep(raw, offset + place, line[place:])
            else:
                if (total := _total(self.reader.unknown)) != understood:
                    self._keep(raw, offset, line)
                    understood = total
            offset += len(line)
        return events, losses, raw, offset

    def _begun(self, line: bytes) -> tuple[list[Event], int]:
        """The events of the whole records that an unfinished line begins with, and where they end."""
        events: list[Event] = []
        end = 0
        for record in salvaged(line).before:
            try:
                events += self.reader.read(record)
            except UnreadableLineError:
                break
            end = line.index(record[:-1], end) + len(record) - 1
        return events, end

    def _of_damaged(self, line: bytes) -> tuple[list[Event], int]:
        """The events of a damaged line's whole records, and where the damage begins."""
        found = salvaged(line)
        events: list[Event] = []
        read = False
        for record in (*found.before, *found.behind):
            try:
                events += self.reader.read(record)
                read = True
            except UnreadableLineError:
                continue
        return events, found.damage if read and found.damage < len(line) else _first(line)

    def _keep(self, raw: list[Raw], offset: int, line: bytes) -> None:
        if self.desk.may_keep_raw(self.reader.facts.cwd):
            text, count = self.desk.redactor.redact(line.decode("utf-8", "replace").rstrip("\n"))
            self.desk.tally.redactions += count
            raw.append(Raw(offset, text))

    def _stored_id(self, session: str) -> str:
        """What the session that the reader calls `session` is called in the store."""
        if session in (self.own, self.desk.session_id(self.path, self.source)):
            return self.own
        return self.desk.own_id(session, self.source.name)

    def _session(self, clean: Callable[[str], str], id: str, facts: Mapping[str, LogFacts]) -> Session:
        return self.desk.session(clean, id, self.source.name, self.state.path, facts.get(id, self.reader.facts))


def _total(unknown: Mapping[str, int]) -> int:
    """How much was not understood as a whole: a field that is new is no reason to keep its record."""
    return sum(count for name, count in unknown.items() if not name.startswith("field:"))


def _first(line: bytes) -> int:
    """Where a line's first byte that is no blank stands."""
    return len(line) - len(line.lstrip())
