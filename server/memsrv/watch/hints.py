"""File events as hints: which files may have changed, told by the operating system, and why it may not tell all.

Events are lost when a limit is reached, never come from network file systems, and end with the folder they belong to;
whoever listens must look for himself from time to time. Knows nothing of what the files hold.
"""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

#: Not opened and closed: our own reading would be a hint to read.
_TELLING: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]

#: File systems whose changes by other machines (or, in WSL, by Windows) no event tells of.
_REMOTE = frozenset(
    ("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "afpfs", "9p", "webdav", "fuse.sshfs", "fuse.rclone")
)


def file_system(path: Path) -> str:
    """The type of the file system that `path` is on, such as `ext4`; empty where the system does not say."""
    mounted = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounted[folder].lower() for folder in (path, *path.parents) if folder in mounted), "")


#: A tree of more folders is a program's whole data: the system gives each user so many to follow, and others need some.
_MANY_FOLDERS = 4_000
#: Folders that are followed alone: each takes one of the (often 128) listeners that the system gives a user.
_ALONE = 24


@dataclass(frozen=True, slots=True)
class _Followed:
    """A folder that events come from, as it was when they began to."""

    watch: ObservedWatch
    place: Path
    identity: tuple[int, int]
    deep: bool  # with all that is below it


class Hints(FileSystemEventHandler):
    """Listens below some folders, as far as the system allows it. `take` and `wait` are for one thread."""

    def __init__(
        self, *, observer: Callable[[], BaseObserver] = Observer, on: Callable[[Path], str] = file_system
    ) -> None:
        self._observer = observer()
        self._on = on
        self._followed: dict[Path, _Followed] = {}
        self._lock = threading.Lock()
        self._told: set[Path] = set()
        self._rung = threading.Event()
        self.troubles: dict[Path, str] = {}
        self._too_large: dict[Path, tuple[int, int]] = {}

    def follow(self, folders: Sequence[Path], alone: Sequence[Path] = ()) -> bool:
        """Listen below those of `folders` that are there, and in the first of those that are to be followed `alone`,
        without what is below them; call it again and again. True: one is followed that was not, so look there.

        `troubles` says of which folders no event can be relied upon, and why.
        """
        new = False
        for folder in folders:
            new |= self._follow(folder, deep=True)
        rest = [folder for folder in dict.fromkeys(alone) if folder not in folders and not self._hears_below(folder)]
        for folder in [folder for folder, known in self._followed.items() if not known.deep and folder not in rest]:
            self._leave(folder)
        for folder in rest[:_ALONE]:
            self._follow(folder, deep=False)  # what it holds was found by looking, and will be again
        return new

    @property
    def deep(self) -> list[Path]:
        """The folders of which, with all that is below them, events come."""
        return [known.place for known in self._followed.values() if known.deep]

    def hears(self, path: Path) -> bool:
        """Whether a change of the file at `path` should be told of."""
        return self._hears_below(path) or any(known.place == path.parent for known in self._followed.values())

    def _hears_below(self, path: Path) -> bool:
        return any(path.is_relative_to(place) for place in self.deep)

    def _follow(self, folder: Path, *, deep: bool) -> bool:
        place = Path(os.path.realpath(folder))
        try:
            status = place.stat()
        except OSError:
            self._leave(folder)
            self.troubles.pop(folder, None)  # nothing is there that could be missed
            return False
        identity = (status.st_dev, status.st_ino)
        followed = self._followed.get(folder)
        if followed and (followed.place, followed.identity) == (place, identity) and self._is_alive(followed):
            return False
        self._leave(folder)
        if self._too_large.get(folder) == identity:
            return False
        kind = self._on(place)
        if kind in _REMOTE:
            self._trouble(folder, deep, f"{folder} is on {kind}, which tells of no change")
            return False
        if deep and _has_many_folders(place):
            self._too_large[folder] = identity
            self._trouble(folder, deep, f"{folder} holds over {_MANY_FOLDERS} folders; its newest logs are followed")
            return False
        try:
            if not self._observer.is_alive():
                self._observer.start()
            watch = self._observer.schedule(self, str(place), recursive=deep, event_filter=_TELLING)
        except (OSError, RuntimeError) as error:  # a limit was reached; a thread could not be started
            self._trouble(folder, deep, f"{folder}: {getattr(error, 'strerror', None) or error}")
            return False
        self._followed[folder] = _Followed(watch, place, identity, deep)
        self.troubles.pop(folder, None)
        return True

    def _trouble(self, folder: Path, deep: bool, why: str) -> None:
        if deep:  # the others are looked at in any case
            self.troubles[folder] = why

    def _leave(self, folder: Path) -> None:
        if followed := self._followed.pop(folder, None):
            self._observer.unschedule(followed.watch)

    def _is_alive(self, followed: _Followed) -> bool:
        emitters = list(self._observer.emitters)
        return self._observer.is_alive() and any(e.watch == followed.watch and e.is_alive() for e in emitters)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by the observer's thread."""
        self.tell(Path(_text(event.dest_path or event.src_path)))

    def tell(self, path: Path) -> None:
        with self._lock:
            self._told.add(path)
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Until there is a hint, or `ring` was called; False where `seconds` passed before."""
        return self._rung.wait(seconds)

    def ring(self) -> None:
        """Wake who waits."""
        self._rung.set()

    def take(self) -> set[Path]:
        """The files and folders that were told of since the last call."""
        self._rung.clear()
        with self._lock:
            told, self._told = self._told, set()
        return told

    def close(self) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


def _has_many_folders(place: Path) -> bool:
    count = 0
    for _, folders, _ in os.walk(place):
        count += len(folders)
        if count > _MANY_FOLDERS:
            return True
    return False


def _text(path: bytes | str) -> str:
    return path if isinstance(path, str) else path.decode("utf-8", "surrogateescape")
