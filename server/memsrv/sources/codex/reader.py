"""The reader that a Codex log's first record asks for: a path does not tell a rollout from a stream of `codex exec`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Event
from memsrv.sources import LogFacts, Reader
from memsrv.sources.codex import stream
from memsrv.sources.codex.replay import ReplayedReader
from memsrv.sources.fields import records


class CodexReader:
    def __init__(self, path: Path, state: Mapping[str, Any]) -> None:
        self._path = path
        self._streams: bool | None = state.get("streams")
        inner = state.get("log", {})
        self._reader: Reader = stream.StreamReader(path, inner) if self._streams else ReplayedReader(path, inner)

    @property
    def facts(self) -> LogFacts:
        return self._reader.facts

    @property
    def sessions(self) -> Mapping[str, LogFacts]:
        return self._reader.sessions

    @property
    def unknown(self) -> Mapping[str, int]:
        return self._reader.unknown

    @property
    def state(self) -> dict[str, Any]:
        return {"streams": self._streams, "log": self._reader.state}

    def read(self, line: bytes) -> Sequence[Event]:
        if self._streams is None and (found := records(line)):
            self._streams = stream.is_line(found[0])
            if self._streams:
                self._reader = stream.StreamReader(self._path, {})
        return self._reader.read(line)
