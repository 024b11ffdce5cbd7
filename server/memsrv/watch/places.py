"""Where logs are: those that each agent's source finds in its folders, and those that it keeps inside projects.

An agent's folder may hold a whole editor's data, so no more of it is looked at than a source wants: what it finds by
`discover`, also where an event told of a file: credentials lie beside logs. Reads no log and knows no format.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from memsrv.sources import SOURCES, Source
from memsrv.sources.machine import Machine

#: As much of a file as a source sees when it is asked whether the file is its own.
_HEAD_BYTES = 1 << 16
#: Files that are looked at in a folder that came as a whole; the next look at all logs finds the others.
_NEW_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Log:
    """A log, by the source that found it; equal where the path is."""

    path: Path
    source: Source = field(compare=False)


#: What each source found in a folder.
_Named = dict[tuple[Source, Path], set[Path]]


class Places:
    """The logs in `folders` (by agent), and in the folders of `projects`, which are asked for at every look.

    `agents`: whose logs inside projects may be looked at.
    """

    def __init__(
        self,
        folders: Mapping[str, Collection[Path]],
        projects: Callable[[], Iterable[Path]] = tuple,
        *,
        agents: Collection[str] = (),
        sources: Sequence[Source] = SOURCES,
    ) -> None:
        self._folders = list(_by_source(folders, sources, Machine.this()))
        self._within = [source for source in sources if source.name in agents]
        self._projects = projects
        self._known: dict[Path, Log] = {}
        self._unwanted: dict[Path, int] = {}  # files that no source wants, by their size
        self._unnamed: set[Path] = set()  # files that no source finds
        self.project_folders: tuple[Path, ...] = ()

    @property
    def folders(self) -> list[Path]:
        return list(dict.fromkeys(folder for _, folder in self._folders))

    def everything(self) -> list[Log]:
        """Every log that there is now."""
        self._unwanted.clear()
        self._unnamed.clear()
        self.project_folders = tuple(self._projects())
        found: dict[Path, list[Log]] = {}
        for log in self._discovered():
            found.setdefault(log.path, []).append(log)
        self._known = {path: logs[0] if len(logs) == 1 else _owned(logs) for path, logs in found.items()}
        return list(self._known.values())

    def told_of(self, paths: Iterable[Path]) -> list[Log]:
        """The logs that changed where something happened at `paths`: files, or folders that came as a whole."""
        found: dict[Path, Log] = {}
        named: _Named = {}
        for path in paths:
            for file in islice(_files(path), _NEW_FILES):
                if (log := self._log_of(file, named)) is not None:
                    found[log.path] = log
        return list(found.values())

    def _discovered(self) -> Iterator[Log]:
        for source, folder in self._folders:
            place = Path(os.path.realpath(folder))  # events come from there
            for path in _answered(source.discover, folder):
                yield Log(place / path.relative_to(folder) if path.is_relative_to(folder) else path, source)
        for project in self.project_folders:
            for source in self._within:
                for path in _answered(source.within, project):
                    yield Log(path, source)

    def _log_of(self, path: Path, named: _Named) -> Log | None:
        """The log that changed with `path`. `named`: what the sources found since the event, each asked once."""
        if known := self._known.get(path):
            return known
        if path in self._unnamed:
            return None
        for source, folder, look in self._around(path):
            log = source.log_of(path)
            if known := self._known.get(log):
                return known
            if (source, folder) not in named:
                named[source, folder] = {_resolved(one, folder) for one in _answered(look, folder)}
            if log in named[source, folder] and self._wants(source, log):
                return self._known.setdefault(log, Log(log, source))
        if path.exists() and not any(path in found for found in named.values()):
            self._unnamed.add(path)
        return None

    def _around(self, path: Path) -> list[tuple[Source, Path, Callable[[Path], Sequence[Path]]]]:
        """The sources that may find a log at `path`, each with the folder in which it would and how it looks there."""
        own = [(one, folder, one.discover) for one, folder in self._folders if path.is_relative_to(folder.resolve())]
        around = [] if own else [project for project in self.project_folders if path.is_relative_to(project)]
        return [*own, *((one, project, one.within) for project in around for one in self._within)]

    def _wants(self, source: Source, path: Path) -> bool:
        if path.is_dir():
            return True  # a source that names the folder around a file as the log knows it
        try:
            size = path.stat().st_size
            if self._unwanted.get(path) == size:
                return False
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except OSError:
            return False
        if source.owns(path, head):
            return True
        self._unwanted[path] = size
        return False


def _by_source(
    folders: Mapping[str, Collection[Path]], sources: Sequence[Source], machine: Machine
) -> Iterator[tuple[Source, Path]]:
    """Which source looks into which folder: of an agent that keeps sessions in several ways each into its own ones,
    and all of them into those that only a person named."""
    for source in sources:
        own = set(source.folders(machine))
        others = {folder for one in sources if one.name == source.name for folder in one.folders(machine)} - own
        yield from ((source, folder) for folder in folders.get(source.name, ()) if folder not in others)


def _resolved(path: Path, folder: Path) -> Path:
    """What was found in `folder`, as events tell of it."""
    return folder.resolve() / path.relative_to(folder) if path.is_relative_to(folder) else path


def _owned(logs: Sequence[Log]) -> Log:
    """Of several sources that found one log the first that owns it."""
    try:
        with logs[0].path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return logs[0]
    return next((log for log in logs if log.source.owns(log.path, head)), logs[0])


def _answered(look: Callable[[Path], Sequence[Path]], folder: Path) -> Sequence[Path]:
    """What is there to be seen: a folder that may not be looked into has no logs for us."""
    try:
        return look(folder) if folder.exists() else ()
    except OSError:
        return ()


def _files(path: Path) -> Iterator[Path]:
    """`path`, or the files below it where it is a folder. Links to folders are not followed, so there are no loops."""
    if not path.is_dir():
        yield path
        return
    for place, _, names in os.walk(path):
        yield from (Path(place, name) for name in names)
