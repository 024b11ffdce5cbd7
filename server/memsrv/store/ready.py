"""Events made ready to be stored: the values of a row, and what the archive says. Only the turn is given later.

Needs no database, so that another process can do it. Knows no SQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from memsrv.records import Event, Outcome, Session, from_dict
from memsrv.store.rows import EVENT_COLUMNS, Marked, Raw, cut, event_row, plain

#: Where in a row the columns stand that are looked at again.
ID, SESSION, TURN, TYPE, GROUNDS, PARENT = map(
    EVENT_COLUMNS.index, ("id", "session", "turn", "type", "grounds", "parent")
)
#: What every line of the archive would repeat is in the batch's row, or is what an event has where nothing is said.
_SAID = tuple(name for name in EVENT_COLUMNS if name not in ("session", "turn"))
_values = attrgetter(*_SAID)

Line = tuple[int, bytes]


class Ready(NamedTuple):
    """One event: as the values of EVENT_COLUMNS, as a turn keeps it, and as JSON, with all its words."""

    row: list[Any]
    said: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one reading of a log tells of one session: more events of it or, with `whole`, all that there are now."""

    session: Session
    events: Sequence[Event | Ready] = ()  # redacted, and as long as they are
    raw: Sequence[Raw] = ()
    whole: Marked | None = None


def ready(event: Event | Ready) -> Ready:
    """Called once for every event that is read: no detours."""
    if isinstance(event, Ready):
        return event
    said = {name: value for name, value in zip(_SAID, _values(event), strict=True) if value or type(value) is int}
    if event.on_main_path:
        del said["on_main_path"]
    else:
        said["on_main_path"] = False
    if event.outcome is Outcome.UNKNOWN:
        del said["outcome"]
    return Ready(event_row(cut(event)), dumped(said))


def unready(event: Event | Ready) -> Event:
    """The event that was made ready, with all its words."""
    return event if isinstance(event, Event) else event_said(orjson.loads(event.said), event.row[SESSION], -1)


def event_said(said: Mapping[str, Any], session: str, turn: int) -> Event:
    return from_dict(Event, {"outcome": "unknown", **said, "session": session, "turn": turn})


def numbered(events: Iterable[Ready], session: str, first: int) -> list[Line]:
    """Give `events` their session and their turns, from `first` on: the lines of the archive."""
    lines = []
    for turn, (row, said) in enumerate(events, first):
        row[SESSION], row[TURN] = session, turn
        lines.append(line(said, turn))
    return lines


def line(said: bytes, turn: int) -> Line:
    return turn, b'{"turn":%d,"event":%b}\n' % (turn, said)


def raw_line(raw: Raw) -> Line:
    return raw.offset, dumped({"offset": raw.offset, "raw": raw.text}) + b"\n"


def dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, which no UTF-8 can hold
        return orjson.dumps(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
