"""How far an erase reaches in one home: database, runs, adapter versions and loose files, found by tombstones alone.

Run again after a kill it finishes what is left. A home here may also be a backup that was unpacked. Leaves whole what
does not hold the words; knows nothing of who asked, nor of archives.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from memsrv.errors import AdapterMismatch, NotFound
from memsrv.home import Home
from memsrv.store import Store
from memsrv.tombstones import Tombstones, claim_hash, in_project, in_session
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import EXTEND, AdapterVersion, shelf_name

WHY = "it was trained on something that was erased"

#: Binary, and gone with the version or run that they belong to.
_WEIGHTS = (".safetensors", ".pt", ".bin", ".pth")


@dataclass(frozen=True, slots=True)
class Affected:
    """An adapter version whose weights saw what is erased, and what it was until then."""

    project: str
    version: str
    state: str


@dataclass(frozen=True, slots=True)
class Reached:
    """What holds the erased words: ids of memories, turns with their sessions, runs, versions, other files."""

    memories: tuple[str, ...] = ()
    turns: int = 0
    sessions: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    adapters: tuple[Affected, ...] = ()
    files: tuple[str, ...] = ()


def reach(home: Home, store: Store, stones: Tombstones, claims: frozenset[str], *, dry: bool = False) -> Reached:
    """Remove what `stones` and `claims` name from all of `home`, serving first; `dry`: only say where it is.

    The caller sees to it that no consolidation runs meanwhile.
    """
    shelf = Shelf(home.adapters)
    projects = {shelf_name(project): project for project in store.projects()}
    runs = [folder for folder in _runs(home) if _quotes(folder, stones, claims)]
    affected = list(_affected(shelf, store, projects, stones, claims, {folder.name: folder for folder in runs}))
    states = tuple(Affected(v.project, v.version, shelf.state(v)) for v in affected)
    if not dry:
        for version in affected:
            shelf.taint(version.project, version.version, WHY)
    swept = store.sweep(stones, claims, dry=dry)
    if not dry:
        for folder in runs:
            shutil.rmtree(folder)
        for version in affected:
            shelf.remove(version.project, version.version)
        shelf.clear_parts()
    files = tuple(str(file) for file in _loose(home) if _scrub_file(file, stones, dry))
    return Reached(swept.memories, swept.turns, swept.sessions, tuple(f.name for f in runs), states, files)


def _affected(
    shelf: Shelf,
    store: Store,
    projects: dict[str, str],
    stones: Tombstones,
    claims: frozenset[str],
    runs: dict[str, Path],
) -> Iterator[AdapterVersion]:
    for project in shelf.projects():
        place = [in_project(projects.get(project, project))]
        found: set[str] = set()
        for name in shelf.names(project):
            with suppress(AdapterMismatch):  # its manifest cannot be read: it is served to nobody
                version = shelf.version(project, name)
                facts, onto = version.manifest.seen, version.manifest.lineage.built == EXTEND
                told = any(claim_hash(fact.id) in claims or stones.hit(fact.text, place) for fact in facts)
                told = told or any(claim_hash(source.session) in claims for source in version.manifest.sources)
                # What was trained, and left out of the manifest because it was not asked for.
                trained = runs.get(version.manifest.run)
                told = told or (onto and version.manifest.parent in found)  # its weights began as those
                told = told or version.tainted == WHY or _retold(version, store, stones, place)
                if told or (trained is not None and _hits(trained / "conversations.jsonl", stones, claims, place)):
                    found.add(name)
                    yield version


def _retold(version: AdapterVersion, store: Store, stones: Tombstones, place: Sequence[str]) -> bool:
    """Whether a turn that `version` was trained on, as it was said, holds what is erased."""
    for source in version.manifest.lineage.replayed:
        with suppress(NotFound):
            said = store.event(source.session, source.turn)
            if stones.hit(f"{said.text}\n{said.command or ''}", [*place, in_session(source.session)]):
                return True
    return False


def _runs(home: Home) -> list[Path]:
    return sorted(path for path in home.runs.iterdir() if path.is_dir()) if home.runs.is_dir() else []


def _quotes(run: Path, stones: Tombstones, claims: frozenset[str]) -> bool:
    """Whether any file of `run` holds erased words: then the whole folder goes, its weights and checkpoints with it."""
    place = _place(run)
    return any(
        _hits(file, stones, claims, place)
        for file in sorted(run.rglob("*"))
        if file.is_file() and not file.is_symlink() and file.suffix not in _WEIGHTS
    )


def _place(run: Path) -> list[str]:
    """The project and the sessions of `run`, as far as it says."""
    found = []
    with suppress(OSError, ValueError, KeyError, TypeError):
        found.append(in_project(json.loads((run / "run.json").read_text("utf-8"))["project"]))
        with (run / "episodes.jsonl").open(encoding="utf-8") as lines:
            found += [in_session(json.loads(line)["session"]["id"]) for line in lines]
    return found


def _hits(file: Path, stones: Tombstones, claims: frozenset[str], place: Sequence[str]) -> bool:
    if not file.is_file():
        return False
    return any(stones.hit(text, place) or claim_hash(text) in claims for text in _strings(file))


def _strings(file: Path) -> Iterator[str]:
    """Every string of a JSON or JSONL file, keys included; every line of any other."""
    if file.suffix == ".json":
        with suppress(ValueError):
            yield from _within(json.loads(file.read_text("utf-8", "replace")))
            return
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                yield from _within(json.loads(line))
            except ValueError:
                yield line


def _within(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key)
            yield from _within(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _within(value)


def _loose(home: Home) -> Iterator[Path]:
    """Logs, ledgers and caches: text of ours outside the database, the runs and the shelf."""
    for folder, patterns in ((home.root, ("*.json", "*.jsonl", "*.txt")), (home.logs, ("*",))):
        for pattern in patterns:
            yield from sorted(p for p in folder.glob(pattern) if p.is_file() and not p.is_symlink())


def _scrub_file(file: Path, stones: Tombstones, dry: bool) -> bool:
    """Whether `file` held erased words. Rewritten in place, since a process may have it open to append."""
    text = file.read_text("utf-8", "replace")
    clean = "".join(_scrub_line(line, stones) for line in text.splitlines(keepends=True))
    if clean == text:
        return False
    if not dry:
        with file.open("r+", encoding="utf-8") as opened:
            opened.write(clean)
            opened.truncate()
    return True


def _scrub_line(line: str, stones: Tombstones) -> str:
    try:
        tree = json.loads(line)
    except ValueError:
        return stones.scrub(line)
    clean = stones.scrub_tree(tree)
    return line if clean == tree else json.dumps(clean, ensure_ascii=False) + "\n"
