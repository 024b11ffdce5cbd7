"""Whether a log of lines may be read: what is asked is whose folder its session was held in. Stores nothing."""

from pathlib import Path
from typing import BinaryIO

from memsrv.consent import Act
from memsrv.ingest.declined import Held, Shut
from memsrv.ingest.desk import Desk
from memsrv.logfiles import batches, logical
from memsrv.sources import LineSource, UnreadableLineError
from memsrv.store import FileState


def may_be_read(
    desk: Desk,
    path: Path,
    file: BinaryIO,
    size: int,
    source: LineSource,
    known: FileState | None,
    signature: tuple[int, ...],
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
    names = list(scout.sessions) or [source.session_id(logical(path))]
    held = {name: Held.of(source.name, scout.facts) for name in names} if denied is not None else {}
    desk.decline(path, Shut(held, signature))
    return denied is None
