"""The sessions that a session goes on from: it begins with a brief of ours, made of an earlier one.

Their items are taken from the ledger again, not from that brief: what it had no room for is not lost the second time.
A forged brief names no more than other sessions of the same project.
"""

from collections.abc import Iterator, Sequence

from memsrv import echo
from memsrv.errors import MemsrvError
from memsrv.records import Event, Session
from memsrv.store import Store

#: A brief that comes later was asked for to look something up.
_BEGINNING = 12
_MOST = 12


def earlier(store: Store, session: Session) -> list[Session]:
    """The sessions before `session`, the oldest first."""
    found: dict[str, Session] = {}
    waiting = [session]
    while waiting and len(found) < _MOST:
        now = waiting.pop()
        for id in _named(store.turns_around(now.id, 0, _BEGINNING)):
            if id == session.id or id in found:
                continue
            try:
                one = store.session(id)
            except MemsrvError:
                continue  # forgotten since, or nothing that may be given back
            if one.project == session.project:
                found[id] = one
                waiting.append(one)
    return sorted(found.values(), key=lambda one: (one.started or "", one.id))


def _named(events: Sequence[Event]) -> Iterator[str]:
    for event in events:
        yield from echo.briefed(event.text)
