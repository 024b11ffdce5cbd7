"""Which logs there are at some paths, and whose they are.

In a folder where an agent keeps its logs only what that agent's source names is opened: credentials lie beside them.
Elsewhere every file may be a log, and its beginning tells.
"""

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memsrv.errors import NoLogs
from memsrv.logfiles.packed import logical, open_log
from memsrv.sources import Source

_HEAD_BYTES = 1 << 16
#: In a folder of nobody's these are no logs, and not ours to look into.
_SECRET = re.compile(r"(?i)^\.env|auth|creds?\b|credential|secret|token|^id_(?:rsa|ed25519)|\.(?:pem|key|p12|kdbx)$")


@dataclass(slots=True)
class Found:
    """The logs at some paths, oldest first, and what is none."""

    logs: list[tuple[Path, Source]] = field(default_factory=list)
    not_owned: int = 0
    unopened: list[tuple[Path, str]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)  # what forbids the folders that were passed by


#: A file that may be a log, and the sources that may own it: one has named it, or all are asked.
_Candidate = tuple[Path, Sequence[Source]]


def find(
    paths: Sequence[Path],
    sources: Sequence[Source],
    *,
    forced: bool,
    closed: Mapping[Path, str],
    own: Callable[[], Sequence[tuple[Path, Source]]],
    known: Callable[[Path], Source | None],
) -> Found:
    """Every log at `paths`. What lies in a `closed` folder (with what forbids it) is neither listed nor opened.

    `own`: the folders where agents keep their logs. `known` tells whose a log is that was read before: it is not opened
    to be asked.
    """
    made = Found()
    found: dict[Path, tuple[float, Source]] = {}
    shut = {_place(folder): key for folder, key in closed.items()}
    folders: list[tuple[Path, Source]] | None = None  # there are a hundred, and for one known log none is needed
    for path in paths:
        place = _place(path)
        inside = [key for folder, key in shut.items() if place.is_relative_to(folder)]
        made.closed += inside or [key for folder, key in shut.items() if folder.is_relative_to(place)]
        if inside:
            continue
        path = _log_of(path, sources)
        if not path.exists() and not path.is_symlink():
            raise NoLogs(f"{path} does not exist; name a log file or the folder that holds them")
        if path.is_file() and (owner := known(_place(path))) is not None:
            found[_place(path)] = (path.stat().st_mtime, owner)
            continue
        if folders is None:
            folders = [(_place(folder), source) for folder, source in own()]
        for candidate, askable in _candidates(path, sources, folders, shut):
            try:
                status = candidate.stat()
                owner = _owner(candidate, status, askable, known)
                if owner is None and forced and candidate == path and stat.S_ISREG(status.st_mode):
                    owner = sources[0]
            except OSError as error:
                made.unopened.append((candidate, error.strerror or str(error)))
                continue
            if owner is not None:
                found[_place(candidate)] = (status.st_mtime, owner)
            elif stat.S_ISREG(status.st_mode):
                made.not_owned += 1
    # Of two files that share events the older one told them first.
    ordered = sorted(found.items(), key=lambda item: (item[1][0], str(item[0])))
    made.logs = [(path, owner) for path, (_, owner) in ordered if not _is_twin(path, found)]
    return made


def _place(path: Path) -> Path:
    """Where it lies, as far as links lead anywhere: `resolve` raises where they lead in a circle."""
    return Path(os.path.realpath(path))


def _owner(
    path: Path, status: os.stat_result, sources: Sequence[Source], known: Callable[[Path], Source | None]
) -> Source | None:
    if stat.S_ISDIR(status.st_mode):
        return sources[0] if len(sources) == 1 else None  # a log that is a folder is named by its source
    if not stat.S_ISREG(status.st_mode):
        return None
    before = known(_place(path))
    if before is not None:
        return before
    with open_log(path) as file:
        head = file.read(_HEAD_BYTES)
    return next((source for source in sources if source.owns(logical(path), head)), None)


def _candidates(
    path: Path,
    sources: Sequence[Source],
    folders: Sequence[tuple[Path, Source]],
    shut: Collection[Path],
) -> Iterator[_Candidate]:
    place = _place(path)
    around = [(folder, source) for folder, source in folders if place.is_relative_to(folder)]
    if around:
        named = _named(around)
        if place in named or not path.is_dir():
            mine = named.get(place)
            yield from [(path, mine)] if mine else ()
        else:
            yield from ((log, owners) for log, owners in named.items() if log.is_relative_to(place))
        return
    if not path.is_dir():
        yield path, sources
        return
    inner = [(folder, source) for folder, source in folders if folder.is_relative_to(place) and folder not in shut]
    yield from _named(inner).items()
    if any(folder.parent == place for folder, _ in inner):
        return  # the agent's own folder, in which its logs have one of theirs
    passed = {folder for folder, _ in folders} | {folder.parent for folder, _ in inner} | set(shut)
    if not any(folder.is_relative_to(place) for folder in shut):
        for source in sources:
            yield from ((log, [source]) for log in source.discover(path))
    yield from ((_log_of(file, sources), sources) for file in _walked(path, passed))


def _named(folders: Iterable[tuple[Path, Source]]) -> dict[Path, list[Source]]:
    """What the sources name as logs in their own folders."""
    found: dict[Path, list[Source]] = {}
    for folder, source in folders:
        for log in source.discover(folder) if folder.is_dir() else ():
            owners = found.setdefault(_place(log), [])
            if source not in owners:
                owners.append(source)
    return found


def _walked(path: Path, passed: Collection[Path]) -> Iterator[Path]:
    for folder, folders, names in os.walk(path):  # does not follow links, so no loops
        folders[:] = sorted(name for name in folders if not passed or _place(Path(folder, name)) not in passed)
        for name in sorted(names):
            if not _SECRET.search(name):
                yield Path(folder, name)


def _log_of(path: Path, sources: Sequence[Source]) -> Path:
    """The log that a change of `path` is a change of: a database has its newest words in a file beside it."""
    return next((log for source in sources if (log := source.log_of(path)) != path and log.exists()), path)


def _is_twin(path: Path, found: Collection[Path]) -> bool:
    """Whether this is the compressed form of a log that is there as it was: it is being made, or unmade."""
    return logical(path) != path and path.suffix in (".zst", ".gz") and path.with_suffix("") in found
