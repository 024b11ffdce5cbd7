"""Which project a working directory belongs to: the git remote's name, else the repository's folder, never a path slug.

A log may name a directory that is gone, or lies on another machine: then the remote stands in that the log tells of,
else the directory's own name (of a worktree, the name of the repository that it was made in). What a person merged or
split overrides all of that. Reads git's files; starts no process.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from memsrv.redact import Redactor

#: The project of a session that names no directory.
UNKNOWN = "unknown"

_REMOTE = re.compile(r'^\[remote "(?P<name>[^"]+)"\]\s*$(?P<body>(?:\n(?!\[).*)*)', re.MULTILINE)
_URL = re.compile(r"^\s*url\s*=\s*(\S+)", re.MULTILINE)
_WORKTREES = (".claude", ".worktrees", "worktrees", ".git")


@dataclass(frozen=True, slots=True)
class Placing:
    """What a person said of projects: `merged` into which other each is, and which folders are of their own."""

    merged: Mapping[str, str] = field(default_factory=dict)
    split: Mapping[str, str] = field(default_factory=dict)  # by folder

    def project(self, cwd: str | None, remote: str | None = None) -> str:
        """The project of a session that was held in `cwd`."""
        return self.of(identify(cwd, remote), cwd)

    def of(self, identity: str, cwd: str | None) -> str:
        """The project of a session whose folder, `cwd`, is by itself of the project `identity`."""
        for folder in _upwards(cwd or "") if self.split else ():
            if folder in self.split:
                return self.named(self.split[folder])
        return self.named(identity)

    def named(self, project: str) -> str:
        """What the project called `project` is part of now."""
        seen = {project}
        while (into := self.merged.get(project)) and into not in seen:
            seen.add(into)
            project = into
        return project


def _upwards(path: str) -> list[str]:
    """`path` and every folder around it, as they are written, the innermost first; of either system."""
    parts = [path.rstrip("/\\")]
    while (cut := max(parts[-1].rfind("/"), parts[-1].rfind("\\"))) > 0:
        parts.append(parts[-1][:cut])
    return parts


def identify(cwd: str | None, remote: str | None = None) -> str:
    """The identity of the project at `cwd`: lower-case words with `-`, `.` and `_`, fit for a folder's name.

    The remote `git@github.com:encode/httpx.git` is `encode-httpx`, in every clone and worktree of it. `remote` is the
    one that a log names, for a folder that is no repository here (any more).
    """
    repository = common_directory(Path(cwd)) if cwd else None
    if repository is None:
        told = _name_of_remote(remote) if remote else None
        return slug(told or (_name_of_path(cwd) if cwd else UNKNOWN))
    found = _remote(repository / "config")
    if found:
        return slug(found)
    return slug(repository.parent.name if repository.name == ".git" else repository.name.removesuffix(".git"))


@lru_cache(1 << 8)  # asked anew for every line that is appended
def slug(name: str) -> str:
    name, _ = Redactor(b"").redact(name)  # a name is no secret; with any other key it would be another name elsewhere
    return re.sub(r"[^a-z0-9._]+", "-", name.casefold()).strip("-._")[:80] or UNKNOWN


def common_directory(directory: Path) -> Path | None:
    """The repository's own `.git`, shared by all its worktrees; None outside git, or where the directory is gone."""
    try:
        if not directory.is_absolute() or not directory.is_dir():  # `src` in a log is nowhere, not where memsrv runs
            return None
        for folder in (directory, *directory.parents):
            mark = folder / ".git"
            if mark.is_dir():
                return mark
            if mark.is_file():
                place = mark.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
                own = (folder / place).resolve()
                shared = own / "commondir"
                return (own / shared.read_text("utf-8", "replace").strip()).resolve() if shared.is_file() else own
    except (OSError, ValueError, RuntimeError):  # unreadable, a path that no file can have, links in a circle
        return None
    return None


def working_tree(directory: Path) -> Path | None:
    """The top of the repository, or of the worktree of one, that `directory` is in; None outside git."""
    try:
        if not directory.is_absolute() or not directory.is_dir():
            return None
        return next((folder for folder in (directory, *directory.parents) if (folder / ".git").exists()), None)
    except (OSError, ValueError):
        return None


def worktree(cwd: str) -> str | None:
    """The worktree beside its repository's main one that `cwd` is in; told by its path where it is gone."""
    top = working_tree(Path(cwd))
    if top is not None:
        return str(top) if (top / ".git").is_file() else None
    for folder in _upwards(cwd):
        above = re.split(r"[\\/]", folder)[-3:-1]
        if above[-1:] in (["worktrees"], [".worktrees"]) and (above[-1:] == [".worktrees"] or above[0] == ".claude"):
            return folder
    return None


def _remote(config: Path) -> str | None:
    """`owner-name` of the remote `origin`, or of the only other one."""
    try:
        text = config.read_text("utf-8", "replace")
    except OSError:
        return None
    urls = {found["name"]: url[1] for found in _REMOTE.finditer(text) if (url := _URL.search(found["body"]))}
    address = urls.get("origin") or (next(iter(urls.values())) if len(urls) == 1 else None)
    return None if address is None else _name_of_remote(address)


def without_credentials(address: str) -> str:
    """The address of a repository without the name, password or token that it lets somebody in with."""
    plain = re.sub(r"(?s)[?#].*", "", address.replace("\\", "/"))
    return re.sub(r"(?s)^([A-Za-z][\w+.-]*:/+|/+)?.*@", r"\1", plain)


def _name_of_remote(address: str) -> str | None:
    plain = without_credentials(address)
    path = (
        re.sub(r"(?i)^[a-z][\w+.-]*:/+[^/]*(?:/|$)|^//+[^/]*(?:/|$)|^[^/:]+:", "", plain)
        .removesuffix("/")
        .removesuffix(".git")
    )
    return "-".join(part for part in path.split("/")[-2:] if part) or None


def _name_of_path(cwd: str) -> str:
    windows = re.match(r"[A-Za-z]:[\\/]|\\\\", cwd) is not None
    parts = [part for part in (PureWindowsPath(cwd) if windows else PurePosixPath(cwd)).parts if part.strip("\\/")]
    for place, part in enumerate(parts):
        if place and part in _WORKTREES and (part != ".claude" or parts[place + 1 : place + 2] == ["worktrees"]):
            return parts[place - 1]
    return parts[-1] if parts else UNKNOWN
