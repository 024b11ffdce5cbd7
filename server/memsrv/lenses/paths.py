"""Paths that were wrong and the ones that were right: whether two name the same file, and how to tell of one.

Knows paths as text; whether anything is there is known only from what a tool said.
"""

import re
from pathlib import PureWindowsPath

#: Names that many folders have: two of them are the same file only where one path ends in the other.
_MANY = re.compile(
    r"(?i)^(?:index|main|mod|lib|app|page|route|layout|config|settings|__init__|readme|package|setup|test)\."
)
_PATH = re.compile(r"^[\w@.~+()\[\]$ -]*(?:/[\w@.~+()\[\]$ -]+)+/?$|^[\w@+-][\w@.+-]*\.\w{1,8}$")


def is_path(word: str) -> bool:
    return _PATH.match(word) is not None and "://" not in word


def is_corrected(wrong: str, right: str) -> bool:
    """Whether `right` is where the thing stands that was looked for at `wrong`."""
    was, now = wrong.removeprefix("./").rstrip("/"), right.removeprefix("./").rstrip("/")
    if not re.search(r"\w", was) or not now or was == now:
        return False
    name = was.rsplit("/", 1)[-1]
    if now.endswith(f"/{was.lstrip('/')}") or was.endswith(f"/{now.lstrip('/')}") or _plain(was) == _plain(now):
        return True
    return name == now.rsplit("/", 1)[-1] and "." in name and not _MANY.match(name)


def relative(path: str, cwd: str | None) -> str:
    """`path` from the folder of work; else its end: no memory tells where somebody's home is."""
    if re.match(r"[A-Za-z]:[\\/]|\\\\", path):  # of Windows, where letters' case and the slash do not matter
        inside = PureWindowsPath(path)
        if cwd and inside.is_relative_to(cwd):
            return inside.relative_to(cwd).as_posix()
        path = inside.as_posix()
    if cwd and path.startswith(cwd.rstrip("/") + "/"):
        return path[len(cwd.rstrip("/")) + 1 :]
    parts = path.rstrip("/").split("/")
    if re.match(r"/(?:home|Users|root)/|[A-Za-z]:[\\/]", path) and len(parts) <= 5:
        return parts[-1]
    return "/".join(parts[-3:]) if re.match(r"/|[A-Za-z]:", path) and len(parts) > 4 else path


def _plain(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", path.casefold())
