"""What a home keeps and what may go: old runs, versions and backups, and what killed processes left lying.

Nothing that is live, running or can still be resumed is touched, and no process is ended: those that outlived who
started them are named. Says what it frees; the limits are the user's settings.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from memsrv import backup, logs
from memsrv.disk import Usage, size_of, usage
from memsrv.errors import MemsrvError
from memsrv.home import Home
from memsrv.settings import Keeping
from memsrv_adapters.shelf import Shelf
from memsrv_consolidation.progress import Progress, read
from memsrv_consolidation.run import Run

#: A run that was cut short can be resumed for so many days; then it is old.
RESUMABLE_DAYS = 14
#: Temporary files younger than this may be somebody's who is just writing.
SETTLED_S = 3600.0


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that is no longer needed: what it is, where, its bytes, and why it may go."""

    what: str
    path: str
    bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A process of this home that outlived the one that started it. It is named, and left alone."""

    pid: int
    command: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was removed, or (`dry_run`) would be; the bytes of it, and what the home takes then."""

    dry_run: bool
    removed: tuple[Removed, ...]
    bytes: int
    usage: Usage
    orphans: tuple[Orphan, ...] = ()
    kept: tuple[str, ...] = ()  # what should have gone and could not, with the reason


@dataclass(frozen=True, slots=True)
class _Old:
    removed: Removed
    remove: Callable[[], object] = field(compare=False)


def clear(home: Home, keep: Keeping, now: datetime, *, dry_run: bool = False) -> Cleared:
    """Remove what `keep` does not ask for. `dry_run`: only say what that is."""
    removed, kept = [], []
    for old in (*_runs(home, keep, now), *_versions(home, keep), *_backups(home, keep), *_left_behind(home, now)):
        try:
            if not dry_run:
                old.remove()
        except (OSError, MemsrvError) as error:
            kept.append(f"{old.removed.path}: {error}")
        else:
            removed.append(old.removed)
    freed = sum(old.bytes for old in removed)
    return Cleared(dry_run, tuple(removed), freed, usage(home), tuple(orphans(home)), tuple(kept))


def orphans(home: Home) -> Iterator[Orphan]:
    """Consolidations whose starter is gone: they finish by themselves, and nobody waits to shelve what they learn."""
    for run in _all_runs(home):
        process = _process(_progress(run))
        if process is None:
            continue
        with suppress(psutil.Error):
            parent = process.parent()
            if parent is None or parent.pid == 1:
                yield Orphan(
                    process.pid,
                    " ".join(process.cmdline())[:200],
                    f"let it finish, then `memsrv consolidate --resume {run.folder.name}`; "
                    f"or end it with `kill {process.pid}`",
                )


def _runs(home: Home, keep: Keeping, now: datetime) -> Iterator[_Old]:
    """Finished runs beyond the newest few of their project, and those cut short too long ago to be resumed."""
    pointed = _pointed_runs(home)
    finished: dict[str, list[Run]] = defaultdict(list)
    for run in _all_runs(home):
        progress = _progress(run)
        if run.folder.name in pointed or _process(progress) is not None:
            continue
        if run.report_file.exists():
            finished[_project(run)].append(run)
            continue
        days = (now.timestamp() - _changed(run.folder)) / 86_400
        if days > RESUMABLE_DAYS:
            yield _tree("run", run.folder, f"cut short {days:.0f} days ago, and never resumed")
    for runs in finished.values():
        for run in runs[: -keep.runs]:
            yield _tree("run", run.folder, f"finished, and not among the newest {keep.runs} of its project")


def _versions(home: Home, keep: Keeping) -> Iterator[_Old]:
    shelf = Shelf(home.adapters)
    for project in shelf.projects():
        with suppress(MemsrvError):  # its pointers cannot be read: whoever uses them is told; nothing goes on a guess
            pointers = shelf.pointers(project)
            staged = [name for name in shelf.names(project) if pointers.role(name) == "staged"]
            for name in staged[: -keep.versions]:
                path = home.adapters / project / name
                why = f"nothing points to it, and it is not among the newest {keep.versions} such"
                found = Removed("version", str(path), size_of(path), why)
                yield _Old(found, lambda project=project, name=name: shelf.remove(project, name))  # type: ignore[misc]


def _backups(home: Home, keep: Keeping) -> Iterator[_Old]:
    for path in backup.kept(home)[: -keep.backups]:
        yield _tree("backup", path, f"not among the newest {keep.backups}")


def _left_behind(home: Home, now: datetime) -> Iterator[_Old]:
    """Half-written files and folders, addresses of processes that are gone, logs beyond those that are rotated."""
    places = [home.root, home.runs, home.backups, home.adapters]
    places += [p for p in home.adapters.glob("*") if p.is_dir()] if home.adapters.is_dir() else []
    for place in places:
        for path in sorted((*place.glob(".*"), *place.glob("*.part"))):
            temporary = path.name.startswith((".part-", ".restore-", ".config", ".token-")) or path.suffix == ".part"
            temporary |= path.name.startswith(".") and ".json." in path.name
            if temporary and now.timestamp() - _changed(path) > SETTLED_S and not (home.root / "restore.json").exists():
                yield _tree("temporary", path, "left by a process that was killed")
    for path in (home.endpoint, home.watch, home.root / "mcp.json"):
        if path.is_file() and not _held(path.with_suffix(".lock")) and _process(_pid_in(path)) is None:
            yield _tree("address", path, "its process is gone")
    for path in logs.leftover(home):
        yield _tree("log", path, "older than those that are kept")


def _tree(what: str, path: Path, why: str) -> _Old:
    def remove() -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    return _Old(Removed(what, str(path), size_of(path), why), remove)


def _all_runs(home: Home) -> list[Run]:
    if not home.runs.is_dir():
        return []
    return [Run(folder) for folder in sorted(home.runs.iterdir()) if (folder / "run.json").is_file()]


def _pointed_runs(home: Home) -> set[str]:
    """The runs that what is current, previous or candidate was made by."""
    shelf, found = Shelf(home.adapters), set()
    for project in shelf.projects():
        for role in (shelf.current, shelf.previous, shelf.candidate):
            with suppress(MemsrvError):
                version = role(project)
                found |= {version.manifest.run} if version else set()
    return found


def _project(run: Run) -> str:
    with suppress(MemsrvError, TypeError, ValueError):
        return run.order.project
    return run.folder.name.split("-", 2)[-1]


def _progress(run: Run) -> int | None:
    """The pid that says it is running the run."""
    found: Progress | None = None
    with suppress(MemsrvError, TypeError, ValueError):
        found = read(run)
    return found.pid if found is not None and found.state == "running" else None


def _pid_in(file: Path) -> int | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads(file.read_bytes())["pid"])
    return None


def _process(pid: int | None) -> psutil.Process | None:
    """The process of that number, if it is one of memsrv's: numbers are given again."""
    with suppress(psutil.Error):
        process = psutil.Process(pid) if pid else None
        if process and process.status() != psutil.STATUS_ZOMBIE and "memsrv" in " ".join(process.cmdline()):
            return process
    return None


def _held(lock: Path) -> bool:
    if not lock.exists():
        return False
    try:
        with FileLock(lock, mode=0o600).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _changed(path: Path) -> float:
    """When `path`, or anything in it, last changed."""
    inner = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    newest = path.lstat().st_mtime
    for each in inner:
        with suppress(OSError):
            newest = max(newest, each.lstat().st_mtime)
    return newest
