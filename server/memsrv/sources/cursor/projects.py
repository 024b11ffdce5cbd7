"""Cursor's own folder, `~/.cursor`: which session a transcript tells, and which project it belongs to.

The name of a project's folder cannot be turned back into a path, but a path can be tried.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from memsrv.sources.fields import mapping, string

TRANSCRIPTS = "agent-transcripts"
_SESSION = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)


def session_of(transcript: Path) -> str:
    """The session's id: the file's name, or where that is none its folder's."""
    if not _SESSION.fullmatch(transcript.stem) and _SESSION.fullmatch(transcript.parent.name):
        return transcript.parent.name
    return transcript.stem


def parent_of(transcript: Path) -> str | None:
    """The session whose subagent's transcript this is."""
    return transcript.parent.parent.name if transcript.parent.name == "subagents" else None


def trusted(transcript: Path) -> str | None:
    """The project's folder, where the human said that they trust it."""
    project = _project(transcript)
    if project is None:
        return None
    try:
        text = (project / ".workspace-trusted").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    try:
        fields = mapping(json.loads(text))
    except (ValueError, RecursionError):
        return text if _is_absolute(text) and "\n" not in text else None
    found = string(fields.get("workspacePath")) or string(fields.get("path"))
    return found if found and _is_absolute(found) else None


def folder_among(transcript: Path, paths: Iterable[str]) -> str | None:
    """The project's folder, if one of `paths`, or what one lies in, has the name that Cursor gave the project."""
    project = _project(transcript)
    if project is None:
        return None
    for path in paths:
        if not _is_absolute(path):
            continue
        pure = PureWindowsPath(path) if re.match(r"[A-Za-z]:", path) else PurePosixPath(path)
        for place in (pure, *pure.parents):
            if len(place.parts) > 1 and _named(str(place)) == project.name:
                return str(place)
    return None


def is_of(folder: Path, digest: str) -> bool:
    """Whether Cursor's name for the sessions held in `folder` is `digest`."""
    return hashlib.md5(str(folder).encode("utf-8", "replace"), usedforsecurity=False).hexdigest() == digest


def _project(transcript: Path) -> Path | None:
    parts = transcript.absolute().parts
    if TRANSCRIPTS not in parts:
        return None
    return Path(*parts[: len(parts) - 1 - parts[::-1].index(TRANSCRIPTS)])


def _named(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-")


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or bool(re.match(r"[A-Za-z]:[\\/]", path))
