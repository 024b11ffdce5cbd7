"""Which folder a Gemini CLI session was held in: its log does not say.

Its place does: `.project_root` beside it, or `~/.gemini/projects.json`. Where only the hash of the folder is known, the
folders that Gemini CLI knows, and those that the session's own tools worked in, are hashed and compared.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from memsrv.sources.fields import mapping, string

_HASH = re.compile(r"[0-9a-f]{64}")
_PATHS = ("absolute_path", "file_path", "path", "dir_path", "directory")
_LOOKED_AT = 200  # paths of a session's tools: the first ones tell


def folder_of(log: Path) -> Path:
    """`~/.gemini/tmp/<project>` of a log below it."""
    for parent in log.parents:
        if parent.name == "chats":
            return parent.parent
    return log.parent


def cwd(log: Path, header: Mapping[str, Any], messages: Iterable[Mapping[str, Any]]) -> str | None:
    folder = folder_of(log)
    root = _text(folder / ".project_root")
    if root:
        return root
    home = folder.parent.parent if folder.parent.name == "tmp" else None
    known = {path: slug for path, slug in _table(home, "projects.json", "projects").items() if isinstance(slug, str)}
    for path, slug in known.items():
        if slug == folder.name:
            return path
    hashed = string(header.get("projectHash")) or folder.name
    if not _HASH.fullmatch(hashed):
        return None
    seen: set[str] = set()
    for candidate in _candidates(home, known, header, messages):
        if candidate not in seen and hashlib.sha256(candidate.encode("utf-8", "replace")).hexdigest() == hashed:
            return candidate
        seen.add(candidate)
    return None


def _candidates(
    home: Path | None, known: Iterable[str], header: Mapping[str, Any], messages: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    yield from known
    yield from _table(home, "trustedFolders.json", None)
    if home is not None:
        for marker in sorted((home / "tmp").glob("*/.project_root")):
            root = _text(marker)
            if root:
                yield root
    directories = header.get("directories")
    for path in directories if isinstance(directories, list) else []:
        if isinstance(path, str):
            yield from _around(path)
    for path in _worked_on(messages):
        yield from _around(path)


def _worked_on(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    found: dict[str, None] = {}
    for message in messages:
        calls = message.get("toolCalls")
        for call in calls if isinstance(calls, list) else []:
            arguments = mapping(mapping(call).get("args"))
            found |= dict.fromkeys(path for key in _PATHS if (path := string(arguments.get(key))))
            if len(found) >= _LOOKED_AT:
                break
    return iter(found)


def _around(path: str) -> Iterator[str]:
    """`path` and the folders that hold it, where it is absolute."""
    pure: PurePath = PureWindowsPath(path) if re.match(r"[A-Za-z]:[\\/]", path) else PurePosixPath(path)
    if pure.is_absolute() and len(pure.parts) < 100:
        yield str(pure)
        yield from (str(parent) for parent in pure.parents)


def _table(home: Path | None, file: str, key: str | None) -> Mapping[str, Any]:
    if home is None:
        return {}
    try:
        found = json.loads(_text(home / file) or "{}")
    except (ValueError, RecursionError):
        return {}
    return mapping(mapping(found).get(key) if key else found)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
