"""Codex's `history.jsonl`: what was typed, in every session; it outlives a session's rollout."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from memsrv.sources import Lost, Snapshot, SnapshotSource, UnreadableLineError, typed
from memsrv.sources.codex import prompt, threads
from memsrv.sources.fields import instant, name, plain, records, string
from memsrv.sources.machine import Machine

NAME = "history.jsonl"

_FIELDS = frozenset({"session_id", "conversation_id", "ts", "text"})


class CodexHistory(SnapshotSource):
    name = "codex"

    def folders(self, machine: Machine) -> Sequence[Path]:
        return (machine.named("CODEX_HOME", machine.home / ".codex"),)

    def discover(self, root: Path) -> Sequence[Path]:
        path = root / NAME
        return (path,) if path.is_file() and any((root / place).is_dir() for place in threads.PLACES) else ()

    def owns(self, path: Path, head: bytes) -> bool:
        return path.name == NAME and b'"ts"' in head and b'"text"' in head and b'session_id"' in head

    def snapshots(self, path: Path, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        entries, unknown, lost = list[typed.Entry](), Counter[str](), list[Lost]()
        for number, line in typed.lines(path.read_bytes()):
            try:
                found = records(line)
            except UnreadableLineError as error:
                lost.append(Lost(number, str(error)))
                continue
            for record in found:
                unknown.update(f"field:{name(key)}" for key in record if key not in _FIELDS)
                said = prompt.said(plain(string(record.get("text")) or ""))
                seconds = record.get("ts")
                millis = seconds * 1000 if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None
                session = string(record.get("session_id")) or string(record.get("conversation_id"))
                if session:
                    text = said.text if said.speaker == "human" else ""
                    entries.append(typed.Entry(text, instant(millis), session))

        def has_log(session: str) -> bool:
            return threads.rollout_of(path.parent, session) is not None

        yield from typed.sessions(
            entries, marks, has_log=has_log, in_a_log=lambda entry: False, unknown=unknown, lost=lost
        )
