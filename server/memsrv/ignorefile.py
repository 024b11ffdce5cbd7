"""`.memsrvignore`: which paths are none of memsrv's business. Gitignore's syntax, with pathspec.

One may lie in any folder from a path's own up to its repository's root (outside git: the root of the file system), and
holds for what is below; the nearest that says something decides, as with git. A worktree also obeys those of the
working tree it was made in. One in MEMSRV_HOME holds everywhere, as if it lay in `/` and in every project. A file that
cannot be read, or has a line that is no pattern, leaves out all that is below it. Knows nothing of events.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from memsrv.project import common_directory

NAME = ".memsrvignore"

_EVERYTHING = frozenset({"*", "**", "/", "/*", "/**", "**/*", ".", "./"})


@dataclass(frozen=True, slots=True)
class _Rules:
    """One file's patterns. `whole`: it leaves out everything below its folder."""

    file: Path
    spec: GitIgnoreSpec
    whole: bool

    def says(self, relative: str) -> bool | None:
        """Whether to ignore `relative`, a file or folder below the rules' folder; None: no pattern speaks of it."""
        if self.whole:
            return True
        as_file = self.spec.check_file(relative).include
        return self.spec.check_file(relative + "/").include if as_file is None else as_file


#: Of so many paths it is known whether they are left out.
_REMEMBERED = 1 << 14


class IgnoreFiles:
    """Made anew for each reading of logs, so that a changed file holds from the next one on."""

    def __init__(self, home: Path) -> None:
        self._everywhere = _read(home / NAME, at_home=True)
        self._rules: dict[str, _Rules | None] = {}
        self._chains: dict[str, tuple[tuple[str, _Rules], ...]] = {}
        self._roots: dict[str, tuple[str, str | None]] = {}
        self._known: dict[tuple[str, str | None], bool] = {}
        self._spoken: dict[str | None, bool] = {}
        self._wholes: dict[str, Path | None] = {}

    def whole(self, cwd: str) -> Path | None:
        """The file that leaves out all of `cwd`, if one does."""
        if cwd not in self._wholes:
            self._wholes[cwd] = self._whole(cwd)
        return self._wholes[cwd]

    def _whole(self, cwd: str) -> Path | None:
        place = os.path.normpath(cwd)
        for folder, rules in self._chain(place):
            relative = os.path.relpath(place, folder)
            said = rules.whole or (None if relative == "." else rules.says(relative))
            if said:
                return rules.file
            if said is False and relative != ".":
                break
        if self._everywhere and self._everywhere.says(place.lstrip("/")):
            return self._everywhere.file
        return None

    def speaks_of(self, cwd: str | None) -> bool:
        """Whether any file holds in `cwd` as a whole: only then is it worth looking for names in text."""
        if cwd not in self._spoken:
            chain = self._chain(os.path.normpath(cwd)) if cwd is not None else ()
            self._spoken[cwd] = self._everywhere is not None or bool(chain)
        return self._spoken[cwd]

    def ignores(self, path: str, cwd: str | None) -> bool:
        """Whether `path`, as it was named in `cwd`, is left out; a link counts as itself and as what it leads to."""
        if (path, cwd) not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()  # a log of gigabytes names as many paths as it likes
            self._known[path, cwd] = self._ignores(path, cwd)
        return self._known[path, cwd]

    def _ignores(self, path: str, cwd: str | None) -> bool:
        named = os.path.expanduser(path)
        if not os.path.isabs(named) and cwd is None:
            return self._everywhere is not None and bool(self._everywhere.says(named))
        place = os.path.normpath(os.path.join(cwd or "/", named))
        places = dict.fromkeys([place])
        if os.path.isabs(place):
            places |= {os.path.realpath(place.replace("\0", "\ufffd")): None}
        return any(self._left_out(one, cwd) for one in places)

    def _left_out(self, place: str, cwd: str | None) -> bool:
        for folder, rules in self._chain(os.path.dirname(place)):
            said = rules.says(os.path.relpath(place, folder))
            if said is not None:
                return said
        return self._everywhere is not None and any(
            self._everywhere.says(relative) for relative in self._as_everywhere(place, cwd)
        )

    def _as_everywhere(self, place: str, cwd: str | None) -> Iterator[str]:
        """`place` as the rules in MEMSRV_HOME see it: from `/`, from its project's root, from the working folder."""
        yield place.lstrip("/")
        for root in dict.fromkeys((self._root(os.path.dirname(place))[0], *([cwd] if cwd else []))):
            relative = os.path.relpath(place, root)
            if not relative.startswith(".."):
                yield relative

    def _chain(self, folder: str) -> tuple[tuple[str, _Rules], ...]:
        """The rules that hold in `folder`, the nearest first, each with the folder that its patterns start from.

        None in one that is not absolute: a log that names `src`, or a folder of another system, means none of ours.
        """
        if not os.path.isabs(folder):
            return ()
        if folder not in self._chains:
            root, twin = self._root(folder)
            found = []
            place = folder
            while True:
                if (rules := self._rules_at(place)) is not None:
                    found.append((place, rules))
                if twin is not None and (rules := self._rules_at(os.path.join(twin, os.path.relpath(place, root)))):
                    found.append((place, rules))
                if place in (root, os.path.dirname(place)):
                    break
                place = os.path.dirname(place)
            self._chains[folder] = tuple(found)
        return self._chains[folder]

    def _root(self, folder: str) -> tuple[str, str | None]:
        """Where the search for files ends, and the working tree that this one is a worktree of."""
        if not os.path.isabs(folder):
            return folder, None
        if folder not in self._roots:
            parent = os.path.dirname(folder)
            mark = Path(folder, ".git")
            if os.path.isfile(mark):  # of a name that no file can have, os.path says no where pathlib raises
                shared = common_directory(Path(folder))
                twin = str(shared.parent) if shared is not None and shared.name == ".git" else None
                self._roots[folder] = (folder, twin)
            elif os.path.isdir(mark) or parent == folder:
                self._roots[folder] = (folder, None)
            else:
                self._roots[folder] = self._root(parent)
        return self._roots[folder]

    def _rules_at(self, folder: str) -> _Rules | None:
        folder = os.path.normpath(folder)
        if folder not in self._rules:
            self._rules[folder] = _read(Path(folder, NAME))
        return self._rules[folder]


def _read(file: Path, *, at_home: bool = False) -> _Rules | None:
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        if "\0" in str(file) or (isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG):
            return None  # no file can have that name
        return _Rules(file, GitIgnoreSpec([]), whole=True)  # it says something, and it is not known what
    if at_home:
        lines = [_from_the_root(line) for line in lines]
    try:
        spec = GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return _Rules(file, GitIgnoreSpec([]), whole=True)
    whole = False
    for line in (line.strip() for line in lines):
        whole = line in _EVERYTHING or (whole and not line.startswith("!"))
    return _Rules(file, spec, whole)


def _from_the_root(line: str) -> str:
    """In MEMSRV_HOME a pattern may begin with `~/`."""
    mark, rest = ("!", line[1:]) if line.startswith("!") else ("", line)
    return mark + os.path.expanduser(rest) if rest.startswith("~/") else line
