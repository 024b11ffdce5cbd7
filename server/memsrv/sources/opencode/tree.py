"""OpenCode's storage until early 2026: a folder of small JSON documents, of which a session's own is the log.

    storage/session/<project>/<ses>.json   storage/message/<ses>/<msg>.json   storage/part/<msg>/<prt>.json

and before July 2025 `project/<slug>/storage/session/{info,message/<ses>,part/<ses>/<msg>}`. Each is rewritten in place,
so any may be half written at any time: it is Lost until it is whole.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memsrv.sources import Lost, UnreadableLineError
from memsrv.sources.fields import document, name, string
from memsrv.sources.marks import digest
from memsrv.sources.opencode.held import Held, Message, in_order


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session's parts lie, from where its own document does."""

    log: Path

    @property
    def oldest(self) -> bool:
        return self.log.parent.name == "info" and self.log.parents[1].name == "session"

    @property
    def base(self) -> Path:
        return self.log.parents[1] if self.oldest else self.log.parents[2]

    @property
    def data(self) -> Path:
        """OpenCode's own folder."""
        return self.base.parents[3] if self.oldest else self.base.parent

    @property
    def messages(self) -> Path:
        return self.base / "message" / self.log.stem

    def parts(self, message: str) -> Path:
        return self.base / "part" / self.log.stem / message if self.oldest else self.base / "part" / message


def is_session(path: Path) -> bool:
    return path.suffix == ".json" and len(path.parents) > 3 and path.parents[1].name == "session"


def is_within(path: Path) -> bool:
    """Whether `path` lies where a session's messages and parts do."""
    return path.suffix == ".json" and any(
        parent.name in ("message", "part") for parent in path.parents[1:3] if len(path.parents) > 4
    )


def log_of(path: Path) -> Path:
    """The session's document, of one of its messages or parts; `path` itself where there is none."""
    if not is_within(path):
        return path
    holder = next(parent for parent in path.parents[1:3] if parent.name in ("message", "part"))
    inside = path.relative_to(holder).parts
    if holder.name == "message" or len(inside) == 3:
        sessions = [inside[0]]
    else:
        sessions = [found.parent.name for found in holder.parent.glob(f"message/*/{_literal(inside[0])}.json")]
    for session in sessions:
        for folder in (holder.parent / "info", *sorted(_folders(holder.parent / "session"))):
            if (folder / f"{session}.json").is_file():
                return folder / f"{session}.json"
    return path


def signature(log: Path) -> tuple[int, ...]:
    """Of the session's document and of all that belongs to it."""
    status = log.stat()
    place = Place(log)
    count, size, latest = 1, status.st_size, status.st_mtime_ns
    for file in _files(place):
        count, size, latest = count + 1, size + file.size, max(latest, file.changed)
    return (size, latest, status.st_ino, count)


def superseded(log: Path) -> bool:
    """Whether a newer version has copied the session of the oldest form to the one after it."""
    place = Place(log)
    newer = place.data / "storage" / "session"
    return place.oldest and any((folder / log.name).is_file() for folder in _folders(newer))


def mark(log: Path) -> str:
    place = Place(log)
    files = sorted((file.path.name, file.size, file.changed) for file in _files(place))
    status = log.stat()
    return digest(status.st_size, status.st_mtime_ns, files)


def held(log: Path) -> Held:
    before = mark(log)
    info = document(log.read_bytes())
    if not isinstance(info, Mapping):
        raise UnreadableLineError(f"a JSON {type(info).__name__}, not a session")
    reading = _Reading(Place(log))
    messages = in_order(reading.messages())
    return Held(string(info.get("id")) or log.stem, info, messages, before, tuple(reading.lost))


@dataclass(slots=True)
class _Reading:
    place: Place
    lost: list[Lost] = field(default_factory=list)
    _count: int = 0

    def messages(self) -> Iterator[Message]:
        for file in sorted(_json_files(self.place.messages)):
            info = self._record(file.path, "message")
            if info is None:
                continue
            parts = [
                part
                for other in sorted(_json_files(self.place.parts(file.path.stem)))
                if (part := self._record(other.path, "part")) is not None
            ]
            yield info, tuple(parts)

    def _record(self, path: Path, kind: str) -> Mapping[str, Any] | None:
        """The document at `path`, with the id of its name where it has none."""
        self._count += 1
        try:
            record = document(path.read_bytes())
            if not isinstance(record, Mapping):
                raise UnreadableLineError(f"a JSON {type(record).__name__}, not a {kind}")
        except FileNotFoundError:
            return None  # taken back meanwhile
        except OSError as error:
            self.lost.append(Lost(self._count, f"{kind} {name(path.stem)}: {error.strerror}"))
            return None
        except UnreadableLineError as error:
            self.lost.append(Lost(self._count, f"{kind} {name(path.stem)}: {error}"))
            return None
        return {"id": path.stem, **record}


@dataclass(frozen=True, slots=True, order=True)
class _File:
    path: Path
    size: int
    changed: int


def _files(place: Place) -> Iterator[_File]:
    for message in _json_files(place.messages):
        yield message
        yield from _json_files(place.parts(message.path.stem))


def _json_files(folder: Path) -> Iterator[_File]:
    try:
        entries = os.scandir(folder)
    except OSError:
        return
    with entries:
        for entry in entries:
            if entry.name.endswith(".json") and not entry.name.startswith("."):
                try:
                    status = entry.stat()
                except OSError:
                    continue
                yield _File(Path(entry.path), status.st_size, status.st_mtime_ns)


def _folders(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if entry.is_dir()]
    except OSError:
        return []


def _literal(text: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
