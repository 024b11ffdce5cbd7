"""Which project a working directory belongs to: the git remote's name, else the repository's folder, never a path slug.

A log may name a directory that is gone, or lies on another machine: then the directory's own name stands in (of a
worktree, the name of the repository that it was made in). Reads git's files; starts no process.
"""

import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from memsrv.redact import Redactor

#: The project of a session that names no directory.
UNKNOWN = "unknown"

_REMOTE = re.compile(r'^\[remote "(?P<name>[^"]+)"\]\s*$(?P<body>(?:\n(?!\[).*)*)', re.MULTILINE)
_URL = re.compile(r"^\s*url\s*=\s*(\S+)", re.MULTILINE)
_WORKTREES = (".claude", ".worktrees", "worktrees", ".git")


def identify(cwd: str | None) -> str:
    """The identity of the project at `cwd`: lower-case words with `-`, `.` and `_`, fit for a folder's name.

    The remote `git@github.com:encode/httpx.git` is `encode-httpx`, in every clone and worktree of it.
    """
    if not cwd:
        return UNKNOWN
    repository = common_directory(Path(cwd))
    if repository is None:
        return slug(_name_of_path(cwd))
    remote = _remote(repository / "config")
    if remote:
        return slug(remote)
    return slug(repository.parent.name if repository.name == ".git" else repository.name.removesuffix(".git"))


def slug(name: str) -> str:
    name, _ = Redactor(b"").redact(name)  # a name is no secret; with any other key it would be another name elsewhere
    return re.sub(r"[^a-z0-9._]+", "-", name.casefold()).strip("-._")[:80] or UNKNOWN


def common_directory(directory: Path) -> Path | None:
    """The repository's own `.git`, shared by all its worktrees; None outside git, or where the directory is gone."""
    try:
        if not directory.is_dir():
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
    except (OSError, ValueError):  # unreadable, or a path that this system cannot have
        return None
    return None


def _remote(config: Path) -> str | None:
    """`owner-name` of the remote `origin`, or of the only other one."""
    try:
        text = config.read_text("utf-8", "replace")
    except OSError:
        return None
    urls = {found["name"]: url[1] for found in _REMOTE.finditer(text) if (url := _URL.search(found["body"]))}
    address = urls.get("origin") or (next(iter(urls.values())) if len(urls) == 1 else None)
    if address is None:
        return None
    plain = re.sub(r"[?#].*", "", address.replace("\\", "/"))
    path = re.sub(r"(?i)^[a-z+]+://[^/]*(?:/|$)|^[^/:]+:", "", plain).removesuffix("/").removesuffix(".git")
    return "-".join(part for part in path.split("/")[-2:] if part) or None


def _name_of_path(cwd: str) -> str:
    windows = re.match(r"[A-Za-z]:[\\/]|\\\\", cwd) is not None
    parts = [part for part in (PureWindowsPath(cwd) if windows else PurePosixPath(cwd)).parts if part.strip("\\/")]
    for place, part in enumerate(parts):
        if place and part in _WORKTREES and (part != ".claude" or parts[place + 1 : place + 2] == ["worktrees"]):
            return parts[place - 1]
    return parts[-1] if parts else UNKNOWN
