"""Claude Code's `history.jsonl`: what was typed, in every project. It outlives the transcripts, which are deleted.

Older entries name no session: they count where no transcript of their project was being written at their time.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from memsrv.sources import Lost, Snapshot, SnapshotSource, UnreadableLineError, typed
from memsrv.sources.claude_code import prompt
from memsrv.sources.fields import instant, mapping, name, plain, records, string
from memsrv.sources.machine import Machine

NAME = "history.jsonl"

_FIELDS = frozenset({"display", "pastedContents", "timestamp", "project", "sessionId"})
_PASTED = re.compile(r"\[Pasted text #(\d+)(?: \+\d+ lines)?\]")
_SLUG = 200


class ClaudeCodeHistory(SnapshotSource):
    name = "claude-code"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.named("CLAUDE_CONFIG_DIR", machine.home / ".claude") / "projects",)

    def discover(self, root: Path) -> Sequence[Path]:
        path = (root.parent if root.name == "projects" else root) / NAME
        return (path,) if path.is_file() and (path.parent / "projects").is_dir() else ()

    def owns(self, path: Path, head: bytes) -> bool:
        return path.name == NAME and b'"display"' in head and b'"project"' in head

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        projects, written = path.parent / "projects", dict[str, list[tuple[str, float]]]()
        entries, unknown, lost = list[typed.Entry](), Counter[str](), list[Lost]()
        for number, line in typed.lines(path.read_bytes()):
            try:
                found = records(line)
            except UnreadableLineError as error:
                lost.append(Lost(number, str(error)))
                continue
            for record in found:
                unknown.update(f"field:{name(key)}" for key in record if key not in _FIELDS)
                entry = _entry(record)
                if entry.session or (entry.project and entry.time):
                    entries.append(entry)

        def has_log(session: str) -> bool:
            return re.fullmatch(r"[\w-]{1,80}", session) is None or any(projects.glob(f"*/{session}.jsonl*"))

        def in_a_log(entry: typed.Entry) -> bool:
            project, time = entry.project or "", entry.time or ""
            if project not in written:
                written[project] = _written(projects / _slug(project))
            moment = datetime.fromisoformat(time).timestamp()
            return any(began <= time and moment <= ended for began, ended in written[project])

        yield from typed.sessions(entries, marks, has_log=has_log, in_a_log=in_a_log, unknown=unknown, lost=lost)


def _entry(record: Mapping[str, Any]) -> typed.Entry:
    pasted = mapping(record.get("pastedContents"))

    def put_back(found: re.Match[str]) -> str:
        return string(mapping(pasted.get(found[1])).get("content")) or found[0]

    said = prompt.of_text(plain(_PASTED.sub(put_back, string(record.get("display")) or "")))
    # A command of the program is none of the human's words; only its transcript tells what came of it.
    typed_by_hand = said.speaker == "human" and not said.text.startswith(("/", "!"))
    return typed.Entry(
        said.text if typed_by_hand else "",
        instant(record.get("timestamp")),
        string(record.get("sessionId")),
        string(record.get("project")),
    )


def _slug(project: str) -> str:
    """The folder of a project's transcripts; one with a longer name ends in a hash that is not needed to find it."""
    return re.sub(r"[^A-Za-z0-9]", "-", unicodedata.normalize("NFC", project))[:_SLUG]


def _written(folder: Path) -> list[tuple[str, float]]:
    """From when to when each transcript was written."""
    found = []
    folders = [folder, *folder.parent.glob(f"{folder.name}-*")] if len(folder.name) == _SLUG else [folder]
    for place in folders:
        for path in place.glob("*.jsonl"):
            try:
                found.append((_first_time(path), path.stat().st_mtime))
            except OSError:
                continue
    return found


def _first_time(path: Path) -> str:
    with path.open("rb") as lines:
        for _, line in zip(range(50), lines, strict=False):
            try:
                time = instant(mapping(json.loads(line)).get("timestamp"))
            except (ValueError, RecursionError):
                continue
            if time is not None:
                return time
    return ""
