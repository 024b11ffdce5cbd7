"""Composers, as the conversations of the editor are called, in the table of keys and values that they share.

`composerData:<id>` lists the bubbles, of which each is a value of its own; the oldest ones hold them inline. The
database may be gigabytes, and Cursor holds it open: what changed is told from its index alone, and each composer is
read in a short transaction of its own, so that Cursor can always empty its log.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.sources import LogFacts, Lost, Snapshot, databases
from memsrv.sources.cursor import workspaces
from memsrv.sources.cursor.composer import Reading, Row, record
from memsrv.sources.fields import mapping, string
from memsrv.sources.marks import digest

_FILE_CHARS = 2_000_000  # of a file that is looked into for what an edit changed
_AT_WORK, _HOMELESS = "~", "?"  # in a mark: a tool is at work; no window is known


def holds(connection: databases.Database, composer: str) -> bool:
    """Whether the conversation's words are here."""
    if "cursorDiskKV" not in databases.tables(connection):
        return False
    if _bubbles_stamp(connection, composer)[0]:
        return True
    row = connection.execute("SELECT value FROM cursorDiskKV WHERE key = ?", (f"composerData:{composer}",)).fetchone()
    try:
        return row is not None and bool(mapping(json.loads(row[0])).get("conversation"))
    except (TypeError, ValueError, RecursionError):
        return False


def _bubbles_stamp(connection: databases.Database, composer: str) -> tuple[int, int | None]:
    """How many bubbles, and the row written last: a value that is replaced gets a new row. Answered by the index."""
    query = "SELECT count(*), max(rowid) FROM cursorDiskKV WHERE key >= ? AND key < ?"
    count, last = connection.execute(query, (f"bubbleId:{composer}:", f"bubbleId:{composer};")).fetchone()
    return count, last


class Composers:
    """`empty` is kept between looks: composers without a word, and the marks that they had."""

    def __init__(
        self,
        connection: databases.Database,
        path: Path,
        windows: workspaces.Windows,
        empty: dict[tuple[Path, str], str],
    ) -> None:
        self._connection = connection
        self._path = path
        self._user = path.absolute().parent.parent
        self._windows = windows
        self._empty = empty
        self._homes: Mapping[str, str] | None = None
        self._headers = dict(_headers(connection))
        # Where a value is changed in its row, rows tell nothing, and the record has to be looked into.
        (schema,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'cursorDiskKV'").fetchone()
        self._in_place = "REPLACE" not in str(schema).upper()

    def snapshots(self, marks: Mapping[str, str]) -> Iterator[Snapshot]:
        query = "SELECT substr(key, 14) FROM cursorDiskKV WHERE key >= 'composerData:' AND key < 'composerData;'"
        for (id,) in self._connection.execute(query).fetchall():
            known = marks.get(id) or self._empty.get((self._path, id), "")
            try:
                if not self._may_have_changed(id, known):
                    continue
                with databases.at_once(self._connection):
                    snapshot = self._read(id)
            except databases.DatabaseError as error:
                if not databases.is_damage(error):
                    raise
                snapshot = Snapshot(id, "damaged", LogFacts(), lost=(Lost(0, f"the database is damaged: {error}"),))
            if snapshot is None:
                continue
            if not snapshot.events and not snapshot.lost:
                self._empty[self._path, id] = snapshot.mark
            elif snapshot.mark != known:
                yield snapshot

    def _may_have_changed(self, id: str, known: str) -> bool:
        stamp, _, rest = known.partition(" ")
        if stamp != self._stamp(id) or rest.startswith(_AT_WORK):
            return True
        return rest.startswith(_HOMELESS) and self._home(id) is not None

    def _stamp(self, id: str) -> str:
        key = f"composerData:{id}"
        row = self._connection.execute("SELECT rowid FROM cursorDiskKV WHERE key = ?", (key,)).fetchone()
        parts = [row, _bubbles_stamp(self._connection, id), self._headers.get(id, {}).get("lastUpdatedAt")]
        if self._in_place:
            query = (
                "SELECT CASE WHEN json_valid(value) THEN json_extract(value, '$.lastUpdatedAt') END, length(value)"
                " FROM cursorDiskKV WHERE key = ?"
            )
            parts.append(self._connection.execute(query, (key,)).fetchone())
        return digest(*parts)

    def _read(self, id: str) -> Snapshot | None:
        stamp = self._stamp(id)
        query = "SELECT rowid, value FROM cursorDiskKV WHERE key = ?"
        found = self._connection.execute(query, (f"composerData:{id}",)).fetchone()
        if found is None:  # deleted meanwhile
            return None
        row, value = found
        lost: list[Lost] = []
        composer = {} if value is None else record(value, row, lost) or {}
        window = composer.get("workspaceIdentifier")
        own = workspaces.folder(mapping(mapping(window).get("uri")))
        reading = Reading(id, composer, self._headers.get(id, {}), own or self._home(id), self._file)
        reading.lost = lost
        prefix = f"bubbleId:{id}:"
        names = [
            key[len(prefix) :]
            for (key,) in self._connection.execute(
                "SELECT key FROM cursorDiskKV WHERE key >= ? AND key < ?", (prefix, f"bubbleId:{id};")
            ).fetchall()
        ]

        def fetch(some: Sequence[str]) -> Iterable[Row]:
            query = "SELECT rowid, key, value FROM cursorDiskKV WHERE key IN ({})"
            for number, key, content in databases.rows(self._connection, query, [prefix + name for name in some]):
                yield number, key[len(prefix) :], content

        reading.read(names, fetch)
        events = tuple(reading.events)
        mark = stamp
        if reading.at_work:
            mark = f"{stamp} {_AT_WORK}{digest([repr(event) for event in events])}"
        elif reading.facts.cwd is None:
            mark = f"{stamp} {_HOMELESS}"
        return Snapshot(id, mark, reading.facts, events, dict(reading.unknown), tuple(reading.lost))

    def _file(self, key: str) -> str | None:
        query = "SELECT CAST(value AS TEXT) FROM cursorDiskKV WHERE key = ? AND length(value) <= ?"
        row = self._connection.execute(query, (key, _FILE_CHARS)).fetchone()
        return None if row is None else str(row[0])

    def _home(self, id: str) -> str | None:
        """The folder of the composer's window, as far as lists tell of it."""
        header = self._headers.get(id, {})
        if found := workspaces.folder(mapping(mapping(header.get("workspaceIdentifier")).get("uri"))):
            return found
        window = string(header.get("workspaceId")) or string(mapping(header.get("workspaceIdentifier")).get("id"))
        if window and window not in (".", "..") and not set(window) & set("/\\\x00"):
            place = workspaces.beside(self._user / "workspaceStorage" / window / "state.vscdb")
            if place is not None:
                return place
        if self._homes is None:
            self._homes = self._windows.folders(self._user)
        return self._homes.get(id)


def _headers(connection: databases.Database) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the lists of composers say of each: one list is a value, in later versions it is a table."""
    for one in workspaces.listed(connection):
        if id := string(one.get("composerId")):
            yield id, one
    if "composerHeaders" not in databases.tables(connection):
        return
    columns = {name for _, name, *_ in connection.execute("PRAGMA table_info(composerHeaders)")}
    wanted = [name for name in ("composerId", "lastUpdatedAt", "workspaceId", "value") if name in columns]
    if "composerId" not in wanted:
        return
    for found in connection.execute(f"SELECT {', '.join(wanted)} FROM composerHeaders").fetchall():
        row = dict(zip(wanted, found, strict=True))
        value = row.pop("value", None)
        try:
            fields = dict(mapping(json.loads(value))) if isinstance(value, str | bytes) else {}
        except (ValueError, RecursionError):
            fields = {}
        if id := string(row.get("composerId")):
            yield id, fields | {key: given for key, given in row.items() if given is not None}
