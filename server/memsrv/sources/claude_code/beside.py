"""What Claude Code keeps beside a transcript: long outputs, and who its subagents are. Reads nothing else.

A transcript names the file of a long output by its path; only its name is used, within the session's own folder, so
that no log can have another file read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memsrv.sources.fields import mapping, string

_PERSISTED = re.compile(
    r"<persisted-output>\s*Output too large \([^)\n]*\)\.? Full output saved to: ([^\n]+?)\s*\n"
    r"(.*?)(?:</persisted-output>|\Z)",
    re.DOTALL,
)
_PREVIEW = re.compile(r"\s*Preview \(first [^)\n]*\):\n?")
_FIRST, _LAST = 192 << 10, 64 << 10  # bytes of a long output: more than is stored of any text
_AGENTS = 1_000


class Beside:
    def __init__(self, path: Path) -> None:
        self._path = path
        parts = path.parts
        inside = "subagents" in parts[1:]
        self._folder = Path(*parts[: parts.index("subagents")]) if inside else path.with_suffix("")

    def whole(self, text: str) -> str:
        """`text` with each long output in its place: from its file while that is there, else what was shown of it."""
        return _PERSISTED.sub(self._saved, text) if "<persisted-output>" in text else text

    def _saved(self, found: re.Match[str]) -> str:
        name = re.split(r"[/\\]", found[1])[-1]
        path = self._folder / "tool-results" / name
        try:
            if name in ("", "..") or path.is_symlink():
                raise FileNotFoundError(name)
            return _ends(path)
        except OSError:
            return _PREVIEW.sub("", found[2], count=1)

    def title(self) -> str | None:
        """What the subagent of this transcript was started for."""
        about = _read(self._path.with_name(f"{self._path.stem}.meta.json"))
        told = (string(about.get("agentType")), string(about.get("description")))
        return ": ".join(filter(None, told)) or None

    def child(self, call: str) -> str | None:
        """The session of the subagent that the tool use `call` started, once it has."""
        for path in self._abouts():
            if _read(path).get("toolUseId") == call:
                return path.name.removesuffix(".meta.json")
        return None

    def _abouts(self) -> Iterator[Path]:
        folder = self._folder / "subagents"
        for place, path in enumerate(sorted(folder.glob("**/agent-*.meta.json"))):
            if place >= _AGENTS:
                return
            yield path


def _ends(path: Path) -> str:
    with path.open("rb") as file:
        first = file.read(_FIRST + _LAST)
        if len(first) < _FIRST + _LAST:
            return first.decode("utf-8", "replace")
        size = file.seek(0, 2)
        file.seek(max(size - _LAST, _FIRST))
        last = file.read(_LAST)
    kept = first[:_FIRST]
    # Whole lines only: a secret that is cut in two is no longer recognised.
    kept = kept[: kept.rfind(b"\n") + 1] or kept
    last = last[last.find(b"\n") + 1 :]
    cut = size - len(kept) - len(last)
    return f"{kept.decode('utf-8', 'replace')}[… {cut} bytes cut …]\n{last.decode('utf-8', 'replace')}"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(path.read_bytes()[: 1 << 20]))
    except (OSError, ValueError, RecursionError):
        return {}
