"""One OpenCode session as it is held, whichever way: its info, its messages in their order, each with its parts.

Knows which event ids are OpenCode's own, and where each kind of holding may have no ids of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from memsrv.sources import Lost
from memsrv.sources.fields import instant, mapping, string

Message = tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]


@dataclass(frozen=True, slots=True)
class Held:
    session: str
    info: Mapping[str, Any]
    messages: tuple[Message, ...]
    mark: str
    lost: tuple[Lost, ...] = ()
    unknown: tuple[str, ...] = ()


def own_id(id: Any, kind: str) -> str | None:
    """An id that OpenCode gave, which is unique and sorts by time: `ses_…`, `msg_…`, `prt_…`."""
    return id if isinstance(id, str) and id.startswith(f"{kind}_") and len(id) >= 20 else None


def in_order(messages: Iterable[Message]) -> tuple[Message, ...]:
    """OpenCode's ids sort by time; what others wrote stands in the order of its times, or as it came.

    Of two with one id the later one holds.
    """
    told = {string(info.get("id")) or place: (info, parts) for place, (info, parts) in enumerate(messages)}
    held = [(info, _parts_in_order(parts)) for info, parts in told.values()]
    if all(own_id(info.get("id"), "msg") for info, _ in held):
        return tuple(sorted(held, key=lambda message: str(message[0]["id"])))
    return tuple(sorted(held, key=lambda message: instant(mapping(message[0].get("time")).get("created")) or ""))


def _parts_in_order(parts: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    held = tuple({string(part.get("id")) or place: part for place, part in enumerate(parts)}.values())
    if all(own_id(part.get("id"), "prt") for part in held):
        return tuple(sorted(held, key=lambda part: str(part["id"])))
    return held


def event_id(session: str, message: Mapping[str, Any], part: Mapping[str, Any], place: int) -> str:
    """A part's own id, the same in every form; where it has none of its own, one of where it stands."""
    own = own_id(part.get("id"), "prt")
    return own or f"{session}/{string(message.get('id')) or '?'}/{string(part.get('id')) or place}"
