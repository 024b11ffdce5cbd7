"""Gemini CLI's two ways to keep a session, as one list of messages: a JSON document, and a log of mutations (.jsonl).

The log appends a message again whenever it changed, rewinds, and replaces all when the context was compressed; so no
line stands for itself, and the whole file is read at each change. What the user rewound is kept, off the main path;
what the host compressed away did happen, and stays on it. Knows nothing of tools or of whose words a message carries.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memsrv.sources import Lost, UnreadableLineError
from memsrv.sources.fields import document, mapping, name, records, string, written
from memsrv.sources.gemini import drift
from memsrv.sources.marks import digest

_MASKED = "<tool_output_masked>"


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    record: Mapping[str, Any]
    after: str | None  # the message before it, as the conversation stood then
    live: bool  # False: rewound by the user


@dataclass(frozen=True, slots=True)
class Conversation:
    session: str
    header: Mapping[str, Any]
    messages: tuple[Message, ...]
    unknown: Mapping[str, int]
    lost: tuple[Lost, ...] = ()


class _Ledger:
    """The messages as they come, in the order in which each came first."""

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self._records: dict[str, Mapping[str, Any]] = {}
        self._after: dict[str, str | None] = {}
        self._live: dict[str, None] = {}
        self._count = 0
        self.header: dict[str, Any] = {}
        self.unknown: Counter[str] = Counter()
        self.lost: list[Lost] = []

    @property
    def session(self) -> str:
        return string(self.header.get("sessionId")) or self._stem

    def put(self, record: Mapping[str, Any]) -> None:
        self._count += 1
        id = string(record.get("id")) or digest(self.session, self._count, record)
        if id in self._records:
            record = _grown(self._records[id], record)
        if id not in self._live:
            self._after.setdefault(id, next(reversed(self._live), None))
            self._live[id] = None
        self._records[id] = record

    def put_all(self, messages: Any) -> None:
        for place, record in enumerate(messages if isinstance(messages, list) else []):
            if isinstance(record, Mapping):
                self.put(record)
            else:
                self.lost.append(Lost(place, f"a message that is a JSON {type(record).__name__}, not an object"))

    def know(self, header: Mapping[str, Any]) -> None:
        self.header |= {key: value for key, value in header.items() if key != "messages"}
        self.unknown.update(drift.header(header))
        self.put_all(header.get("messages"))

    def rewind(self, id: str) -> None:
        """Gemini CLI drops everything where it does not know the message."""
        ids = list(self._live)
        self._live = dict.fromkeys(ids[: ids.index(id)] if id in self._live else [])

    def mutate(self, record: Mapping[str, Any]) -> None:
        if string(record.get("$rewindTo")):
            self.rewind(str(record["$rewindTo"]))
        elif string(record.get("id")):
            self.put(record)
        elif isinstance(record.get("$set"), Mapping):
            self.know(record["$set"])
        elif string(record.get("sessionId")):
            self.know(record)
        else:
            self.unknown[f"line:{name(next(iter(record), None))}"] += 1

    def closed(self) -> Conversation:
        for record in self._records.values():
            self.unknown.update(drift.message(record))
        messages = tuple(Message(id, record, self._after[id], id in self._live) for id, record in self._records.items())
        return Conversation(self.session, self.header, messages, dict(self.unknown), tuple(self.lost))


def of_document(data: bytes, stem: str) -> Conversation:
    """A session's document, or one message that was cut out of one."""
    ledger = _Ledger(stem)
    _read_document(ledger, data)
    return ledger.closed()


def of_mutations(data: bytes, stem: str, *, earlier: bytes = b"") -> Conversation:
    """A session's log of mutations; `earlier` is the document that it continues, where that is still there."""
    ledger = _Ledger(stem)
    if earlier:
        try:
            _read_document(ledger, earlier)
        except UnreadableLineError:
            ledger = _Ledger(stem)
    before = ledger.session if ledger.header else None
    offset, found = 0, 0
    for line in data.split(b"\n"):
        ended = offset + len(line) < len(data)
        try:
            for record in records(line):
                ledger.mutate(record)
                found += 1
        except UnreadableLineError as error:
            if ended:  # else it is perhaps still being written
                ledger.lost.append(Lost(offset, str(error)))
        offset += len(line) + 1
    if not found:
        return of_document(data, stem)  # a document under the new name
    if before not in (None, ledger.session):
        return of_mutations(data, stem)  # the document beside it is another session's
    return ledger.closed()


def of_messages(session: str, messages: Sequence[Mapping[str, Any]]) -> Conversation:
    ledger = _Ledger(session)
    ledger.put_all(list(messages))
    return ledger.closed()


def _read_document(ledger: _Ledger, data: bytes) -> None:
    record = document(data)
    if not isinstance(record, dict):
        raise UnreadableLineError(f"a JSON {type(record).__name__}, not a session")
    if "sessionId" in record or "messages" in record:
        ledger.know(record)
    elif string(record.get("id")) and string(record.get("type")):
        # Under ids of its own: the session that it was cut from has the message too, whichever is read first.
        alone = f"message-{record['id']}"
        ledger.header["sessionId"] = alone
        ledger.put({**record, "id": alone})
    else:
        raise UnreadableLineError("a JSON object that is neither a session nor a message")


def _grown(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last one written wins, but an output that the host masked to save context is not what the tool printed."""
    calls = new.get("toolCalls")
    if not isinstance(calls, list):
        return new
    before = old.get("toolCalls")
    known = {call.get("id"): call for call in (before if isinstance(before, list) else []) if isinstance(call, Mapping)}
    kept = []
    for call in calls:
        id = mapping(call).get("id")
        if isinstance(id, str) and id in known and _MASKED in written(call.get("result"), 10_000):
            call = {**call, "result": known[id].get("result")}
        kept.append(call)
    return {**new, "toolCalls": kept}
