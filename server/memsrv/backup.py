"""Backups of a home, and what is done to them: made while others write, restored whole or not at all, erased from.

In one are the database as of one moment, the adapter versions with their pointers, config.toml, .memsrvignore and the
key of the placeholders; not runs and models, which can be made again, nor the token and the ledger of what was spent,
which belong to the present.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from memsrv import __version__, archive
from memsrv.errors import BackupRefused, MemsrvError, NotFound, StoreError
from memsrv.home import Home
from memsrv.reach import reach
from memsrv.store import SCHEMA, Store
from memsrv.tombstones import Tombstones
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.weights import sync_folder, write_json

SUFFIX = ".tar.gz"
#: What stood where a backup was restored, moved aside.
REPLACED = "-replaced"

_MEMBERS = re.compile(
    r"memsrv\.db|config\.toml|\.memsrvignore|redaction\.key|adapters/[a-z0-9][a-z0-9._-]{0,63}/(?:pointers\.json|marks\.json"
    r"|v[1-9][0-9]{0,8}/(?:adapter_config\.json|adapter_model\.safetensors|manifest\.json))"
)
#: What a restore replaces, in this order; the write-ahead log goes before its database.
_ITEMS = ("memsrv.db-wal", "memsrv.db-shm", "memsrv.db", "adapters", "redaction.key", ".memsrvignore", "config.toml")
#: What does not stay beside a restored database, even if the backup holds none.
_GO_IN_ANY_CASE = ("memsrv.db-wal", "memsrv.db-shm", "adapters")
_JOURNAL = "restore.json"

Step = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made."""

    path: str
    bytes: int
    made: str
    versions: int
    schema: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `replaced` is the folder where what was there before now lies."""

    path: str
    made: str
    replaced: str | None
    erased_again: int = 0  # memories and turns of the backup that had been erased since
    notes: tuple[str, ...] = ()


def kept(home: Home) -> list[Path]:
    """The backups in `Home.backups`, oldest first, and what restores moved aside."""
    if not home.backups.is_dir():
        return []
    return sorted(p for p in home.backups.iterdir() if p.name.endswith((SUFFIX, REPLACED)) and p.name[0] != ".")


def make(home: Home, store: Store, to: Path | None, now: datetime) -> Backup:
    """Write a backup to `to`, or into `Home.backups`. Others may read and write meanwhile."""
    home.backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    to = to or home.backups / f"{now.astimezone(UTC):%Y%m%d-%H%M%S}{SUFFIX}"
    if to.exists():
        raise BackupRefused(f"{to} exists; name another file, or leave the name out")
    if not to.parent.is_dir():
        raise BackupRefused(f"{to.parent} is no folder; make it, or leave the name out")
    with _folder(home.backups) as snapshots:
        store.snapshot(snapshots / "memsrv.db")
        _pack(home, snapshots / "memsrv.db", to, now)
    versions = sum(len(Shelf(home.adapters).names(project)) for project in _shelved(home))
    return Backup(str(to), to.stat().st_size, _iso(now), versions, SCHEMA[-1])


def restore(home: Home, file: Path, now: datetime, *, check: bool = False, step: Step = lambda name: None) -> Restored:
    """Put what is in `file` in the place of what is in `home`, which is moved aside.

    Everything is verified and brought to this schema before anything is touched, and what was erased from this home is
    erased from it again. Killed at any moment it has not begun, or `complete` finishes it. `check`: only verify.
    """
    if not file.is_file():
        raise NotFound(f"there is no backup {file}; `ls {home.backups}` shows those in MEMSRV_HOME")
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(home), ExitStack() as undo:
        unpacked = Path(tempfile.mkdtemp(prefix=".restore-", dir=home.root))
        undo.callback(shutil.rmtree, unpacked, ignore_errors=True)
        manifest = archive.unpack(file, unpacked, _MEMBERS)
        _refuse_newer(file, manifest)
        step("unpacked")
        erased, notes = _prepared(home, Home(unpacked))
        step("prepared")
        if check:
            return Restored(str(file), str(manifest.get("made")), None, erased, notes)
        home.backups.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = home.backups / f"{now.astimezone(UTC):%Y%m%d-%H%M%S}{REPLACED}"
        items = [name for name in _ITEMS if (unpacked / name).exists()]
        with _unopened(home):
            write_json(home.root / _JOURNAL, {"from": unpacked.name, "aside": aside.name, "items": items})
            undo.pop_all()  # from here on it is finished, now or by whoever comes next
            step("begun")
            _swap(home, step)
        return Restored(str(file), str(manifest.get("made")), str(aside), erased, notes)


def complete(home: Home) -> bool:
    """Finish a restore that was killed on its way; False where none was. Call it before the database is opened."""
    if not (home.root / _JOURNAL).exists():
        return False
    with _alone(home), _unopened(home):
        if (home.root / _JOURNAL).exists():  # another process may have been quicker
            _swap(home, lambda name: None)
    return True


def erase(home: Home, stones: Tombstones, claims: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take what `stones` name out of every backup in `home`: the names of those rewritten, and what could not be."""
    rewritten, trouble = [], []
    for path in kept(home):
        try:
            if path.is_dir():
                changed = _erase_home(Home(path), stones, claims)
            else:
                changed = _erase_archive(home, path, stones, claims)
        except (MemsrvError, OSError) as error:  # a link to nowhere, no right to read it, a full disk
            trouble.append(f"{path} could not be searched ({error}); delete it if it must not hold what was erased")
        else:
            rewritten += [path.name] if changed else []
    return tuple(rewritten), tuple(trouble)


def _erase_archive(home: Home, path: Path, stones: Tombstones, claims: frozenset[str]) -> bool:
    with _folder(home.backups) as unpacked:
        manifest = archive.unpack(path, unpacked, _MEMBERS)
        _refuse_newer(path, manifest)
        changed = _erase_home(Home(unpacked), stones, claims)
        if changed:
            made = datetime.fromisoformat(str(manifest["made"]))
            _pack(Home(unpacked), unpacked / "memsrv.db", path, made)
        return changed


def _erase_home(home: Home, stones: Tombstones, claims: frozenset[str]) -> bool:
    """Whether a home that was unpacked or moved aside held what `stones` name; it does no longer."""
    if not home.database.exists():
        return False
    with Store.open(home.database) as store:
        found = reach(home, store, stones, claims, dry=True)
        if not (found.memories or found.turns or found.adapters or found.runs or found.files):
            return False
        store.bury(stones.stones, claims)
        reach(home, store, stones, claims)
        store.erasing_finished("")
    return True


def _prepared(present: Home, restored: Home) -> tuple[int, tuple[str, ...]]:
    """Bring what was unpacked to this schema, and erase from it what was erased from `present` since."""
    stones, claims, notes = Tombstones(), frozenset[str](), []
    if present.database.exists():
        try:
            with Store.open(present.database) as now:
                stones, claims = now.tombstones(), now.erased_claims()
        except StoreError as error:
            notes.append(f"what had been erased could not be read from the present database ({error})")
    with Store.open(restored.database) as store:
        if trouble := store.unsound():
            raise BackupRefused(f"the database in the backup is damaged ({trouble}); use another backup")
        if not stones and not claims:
            return 0, tuple(notes)
        store.bury(stones.stones, claims)
        found = reach(restored, store, stones, claims)
        store.erasing_finished("")
    return len(found.memories) + found.turns, tuple(notes)


def _swap(home: Home, step: Step) -> None:
    """Move the old aside and the new in. Each rename is whole, and doing it all again skips what was done."""
    journal = json.loads((home.root / _JOURNAL).read_bytes())
    unpacked, aside = home.root / Path(journal["from"]).name, home.backups / Path(journal["aside"]).name
    aside.mkdir(mode=0o700, exist_ok=True, parents=True)
    for name in _ITEMS:
        old, new = home.root / name, unpacked / name
        if name in journal["items"] and not new.exists():
            continue  # it is in its place already
        if name.startswith("memsrv.db-") and not (unpacked / "memsrv.db").exists():
            continue  # it belongs to the database that was put in
        if old.exists() and (name in journal["items"] or name in _GO_IN_ANY_CASE):
            old.rename(aside / name)
            step(f"aside {name}")
        if new.exists():
            new.rename(old)
            step(f"in {name}")
    sync_folder(home.root, files=False)
    (home.root / _JOURNAL).unlink()
    shutil.rmtree(unpacked, ignore_errors=True)
    step("done")


def _pack(home: Home, database: Path, to: Path, now: datetime) -> None:
    """The archive of `home` with the snapshot `database`. No version is put or removed meanwhile."""
    with ExitStack() as stack:
        members = [("memsrv.db", database)]
        members += [(f.name, f) for f in (home.config, home.root / ".memsrvignore", home.redaction_key) if f.is_file()]
        for project in _shelved(home):
            files = stack.enter_context(Shelf(home.adapters).still(project))
            members += [(file.relative_to(home.root).as_posix(), file) for file in files]
        about = {"memsrv": __version__, "made": _iso(now), "schema": list(SCHEMA)}
        archive.pack(members, about, to)


def _shelved(home: Home) -> list[str]:
    """Every project with a folder on the shelf, also one whose versions are all gone: their numbers stay taken."""
    return sorted(p.name for p in home.adapters.iterdir() if p.is_dir()) if home.adapters.is_dir() else []


def _refuse_newer(file: Path, manifest: Mapping[str, Any]) -> None:
    schema = manifest.get("schema")
    if not isinstance(schema, list) or "memsrv.db" not in manifest["files"]:
        raise BackupRefused(f"{file} is no backup of memsrv; name a file that `memsrv backup` made")
    newer = [name for name in schema if name not in SCHEMA]
    if newer:
        raise BackupRefused(f"{file} was made by a newer memsrv (it has `{newer[0]}`); upgrade memsrv, then restore it")


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Inside, nothing of memsrv runs in `home` or begins to. BackupRefused names the process that does."""
    home.runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    locks = [home.runs / "running.lock", *sorted(set(home.root.glob("*.lock")) - set(_writers(home)))]
    with _holding(home, locks):
        _refuse_openers(home)
        yield


@contextmanager
def _unopened(home: Home) -> Iterator[None]:
    """Inside, nobody has the database open, or begins to write."""
    with _holding(home, _writers(home)):
        _refuse_openers(home)
        yield


@contextmanager
def _holding(home: Home, locks: Sequence[Path]) -> Iterator[None]:
    with ExitStack() as held:
        for path in locks:
            try:
                held.enter_context(FileLock(path, mode=0o600).acquire(timeout=1))
            except Timeout as error:
                raise BackupRefused(
                    f"{_holder(home, path)} is at work in {home.root}; end it, then try again"
                ) from error
        yield


def _writers(home: Home) -> list[Path]:
    return [home.root / "writer-next.lock", home.root / "writer.lock"]


def _refuse_openers(home: Home) -> None:
    for process in _openers(home.database):
        raise BackupRefused(
            f"process {process.pid} ({process.name()}) has {home.database} open; end it (an editor's memsrv ends "
            "with its editor), then try again"
        )


def _holder(home: Home, lock: Path) -> str:
    name = lock.name.removesuffix(".lock")
    with suppress(OSError, ValueError, KeyError, TypeError):
        return f"memsrv's {name} (process {json.loads((home.root / f'{name}.json').read_bytes())['pid']})"
    return {"running": "a consolidation"}.get(name, f"memsrv's {name}")


def _openers(database: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(file.path == str(database) for file in process.open_files()):
                yield process


@contextmanager
def _folder(beside: Path) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix=".part-", dir=beside))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _iso(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
