"""Whether what is recalled still holds here: files that are gone, or no longer say what was quoted, and other branches.

Reads the working tree's files and git's; starts no process. What it cannot tell, it does not claim: a path counts as
gone only where its folder, or the first of its folders, is there, and no file of the tree ends in it.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from memsrv.project import common_directory, working_tree
from memsrv.recall.holding import Files, Said, named, taken
from memsrv.records import Event, EventType

_PATH = re.compile(r"(?<![\w:/@.~$*{<-])((?:[\w.-]+/)+[\w.-]+\.[A-Za-z]\w{0,7})(?![\w/*}>])")
_HEAD = re.compile(r"ref: refs/heads/(\S+)")
_MAIN = frozenset({"main", "master", "trunk", "develop"})


@dataclass(frozen=True)
class Here:
    """The working tree that is asked from, and the project it is of."""

    root: Path
    project: str
    files: Files
    _seen: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, cwd: Path, project: str, ignores: Callable[[str], bool] | None = None) -> "Here | None":
        """None outside git. What `ignores` names is not looked into."""
        root = working_tree(cwd)
        if root is None:
            return None
        return cls(root, project, Files(root) if ignores is None else Files(root, ignores))

    def stale(self, text: str, of_memory: bool, events: Sequence[Event]) -> dict[str, str]:
        """By file, why `text`, a memory's or a turn's, does not hold here any more; empty where it may.

        `events` are the turn that it was said in, and those after it.
        """
        first = events[0] if events else None
        found = {path: f"{path} is gone" for path in self.gone(text)} if of_memory else {}
        told: list[Said] = []
        if of_memory or (first is not None and first.type in (EventType.PROMPT, EventType.REPLY)):
            told += named(text, first.cwd if first is not None else None)
        if first is not None:
            told += taken(first, text, of_memory, events[1:])
        for said in told:
            if (path := self.files.lost(said)) is not None:
                found.setdefault(path, f"{path} does not have {said.shown}")
        return found

    def gone(self, text: str) -> tuple[str, ...]:
        """The files that `text` names and this tree had, or may have had, and has no more."""
        named = dict.fromkeys(path.removeprefix("./") for path in _PATH.findall(text))
        return tuple(path for path in named if self._is_gone(path))

    def other(self, branch: str | None) -> str | None:
        """`branch`, where it is another than this tree's and still there: what was said on it may not hold here."""
        if not branch or branch in (self.branch, "HEAD") or branch in _MAIN or self._git is None:
            return None
        packed = _text(self._git / "packed-refs")
        there = (self._git / "refs" / "heads" / branch).is_file() or f" refs/heads/{branch}\n" in packed
        return branch if there else None

    @cached_property
    def branch(self) -> str | None:
        mark = self.root / ".git"
        own = Path(_text(mark).removeprefix("gitdir:").strip()) if mark.is_file() else mark
        found = _HEAD.match(_text((self.root / own) / "HEAD"))
        return found[1] if found else None

    @cached_property
    def _git(self) -> Path | None:
        return common_directory(self.root)

    def _is_gone(self, path: str) -> bool:
        if path not in self._seen:
            try:
                there = (self.root / path).exists()
                ours = (self.root / path.split("/", 1)[0]).is_dir()
            except (OSError, ValueError):
                there, ours = True, False
            self._seen[path] = not there and ours and not self._elsewhere(path)
        return self._seen[path]

    def _elsewhere(self, path: str) -> bool:
        """Whether a folder of the tree has it: `src/app.ts` may be that of one of several packages."""
        try:
            folders = [
                entry.path for entry in os.scandir(self.root) if entry.is_dir() and not entry.name.startswith(".")
            ]
            inner = [entry.path for one in folders[:50] for entry in os.scandir(one) if entry.is_dir()]
        except OSError:
            return True
        return any((Path(folder) / path).exists() for folder in (*folders, *inner[:500]))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
