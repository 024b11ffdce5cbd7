"""A real session as one short row an event: kinds, outcomes, counts and a hash of the words, never the words.

With the fixture `golden`, a test calls `golden.check(name, source, log)`: the events are compared with
`golden/<name>.json`, where `name` is `<agent>-<session>`. After a change that is meant, write the files anew with
`MEMSRV_GOLDEN=write pytest tests/server/sources`, and check what changed by eye: `python tests/server/sources/golden.py
AGENT LOG` shows the events with their words. `golden.reading(source, log)` is all that a source makes of a log.
"""

import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memsrv.records import Event, Outcome
from memsrv.sources import SOURCES, LineSource, Lost, Source, UnreadableLineError

FOLDER = Path(__file__).with_name("golden")


@dataclass
class Reading:
    """All that a source makes of one log, whichever way the agent keeps it."""

    events: list[Event] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    lost: list[Lost] = field(default_factory=list)


def reading(source: Source, path: Path) -> Reading:
    made = Reading()
    if isinstance(source, LineSource):
        reader = source.reader(path, {})
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    made.events += reader.read(line)
                except UnreadableLineError as error:
                    made.lost.append(Lost(number, str(error)))
        made.unknown.update(reader.unknown)
        return made
    for snapshot in source.snapshots(path, {}):  # type: ignore[attr-defined]
        made.events += snapshot.events
        made.unknown.update(snapshot.unknown)
        made.lost += snapshot.lost
    return made


def golden(events: Iterable[Event]) -> list[dict[str, Any]]:
    """A row for each event, without what is as usual."""
    return [_row(event) for event in events]


def _row(event: Event) -> dict[str, Any]:
    row: Mapping[str, Any] = {
        "type": str(event.type),
        "trust": str(event.trust),
        "tool": event.tool,
        "outcome": None if event.outcome is Outcome.UNKNOWN else str(event.outcome),
        "exit_code": event.exit_code,
        "error": event.error,
        "grounds": _hash(event.grounds),
        "text": [len(event.text), _hash(event.text)] if event.text else None,
        "command": _hash(event.command),
        "paths": len(event.paths),
        "edits": len(event.edits),
        "spans": [[first, last] for _, first, last in event.spans],
        "call": bool(event.call),
        "child": bool(event.child),
        "off_path": not event.on_main_path,
        "sidechain": event.sidechain,
        "echo": event.echo,
        "tokens": event.tokens,
    }
    return {name: value for name, value in row.items() if value or (name == "exit_code" and value is not None)}


def _hash(text: str | None) -> str | None:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:10] if text else None


def written(rows: list[dict[str, Any]]) -> str:
    """One row a line, so that a change shows as the lines that changed."""
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def check(name: str, source: Source, log: Path) -> None:
    """AssertionError where the log's events are no longer those that somebody once checked by eye."""
    rows, file = golden(reading(source, log).events), FOLDER / f"{name}.json"
    if os.environ.get("MEMSRV_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(written(rows))
    assert rows == json.loads(file.read_text()), f"{log} reads otherwise than {file} says"


def show(agent: str, path: Path) -> None:
    source = next(source for source in SOURCES if source.name == agent)
    made = reading(source, path)
    for number, event in enumerate(made.events):
        words = " ".join((event.command or event.text).split())[:110]
        marks = [event.tool, str(event.outcome), event.grounds, event.error, *map(str, event.spans), event.child]
        print(f"{number:4} {event.type:11} {event.trust:9} {' · '.join(filter(None, marks))}\n       {words}")
    print(dict(made.unknown), made.lost)


if __name__ == "__main__":
    show(sys.argv[1], Path(sys.argv[2]))
