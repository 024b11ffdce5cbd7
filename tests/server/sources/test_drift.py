"""Agents change their formats: whatever becomes of any one field of a log, its source reads on, and says what is new.

Every field of every kind of record in the real logs and in a sample of each agent is dropped, and is made every other
kind of JSON value. CI tries a seeded share of these, `make soak` all.
"""

import copy
import json
import random
import shutil
import sqlite3
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Event
from memsrv.sources import SOURCES, LineSource, LogFacts, SnapshotSource, Source, UnreadableLineError

Place = tuple[str | int, ...]

_HOLE = "\x01hole\x01"
_DROPPED = ""
#: As JSON, for some cannot be written from here.
_ANYTHING = (
    "null", "true", "false", "0", "-1", "7", "1.5", "1e400", "123456789012345678901234567890", '""', '"x"', '"\\ud800"',
    '"a\\u0000b"', "[]", "[null]", '["x"]', "[[]]", "[{}]", "{}", '{"a": null}', '{"type": "text", "text": 0}',
    '[{"type": "text", "text": {}}]', f'"{"y" * 60_000}"', "[" * 3000 + "]" * 3000, '{"a":' * 3000 + "1" + "}" * 3000,
    "[" * 200 + "]" * 200, _DROPPED,
)  # fmt: skip
_HINTS = typing.get_type_hints(Event)


@pytest.fixture(scope="module", params=[0.08, pytest.param(1.0, marks=pytest.mark.soak)], ids=["a share", "all"])
def share(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture(scope="module")
def logs(
    samples: Callable[[Path], dict[str, Path]], tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Source, Path]]:
    """The samples, and where they are on this machine the real logs: copies, whose words go nowhere."""
    home = tmp_path_factory.mktemp("home")
    found = list(samples(home).values())
    real = Path(__file__).resolve().parents[3].parent / "shared" / "logs"
    for folder in sorted({path.parent for path in real.rglob("*.json*")}) if real.is_dir() else ():
        to = home / "real" / folder.relative_to(real)
        to.mkdir(parents=True, exist_ok=True)
        found += [Path(shutil.copyfile(path, to / path.name)) for path in sorted(folder.glob("*.json*"))]
    heads = ((path, path.read_bytes()[: 1 << 16]) for path in found)
    owned = ((next((one for one in SOURCES if one.owns(path, head)), None), path) for path, head in heads)
    return [(source, path) for source, path in owned if source is not None]


def test_whatever_becomes_of_one_field_the_rest_is_read(logs: list[tuple[Source, Path]], share: float) -> None:
    chance, seen = random.Random(8), set[tuple[str, ...]]()
    tried = 0
    for source, path in logs:
        for change in _changes(source, path, seen, chance, share):
            tried += 1
            try:
                change.read()
            except Exception as error:
                error.add_note(f"{type(source).__name__}: {change}")
                raise

    assert tried > 500


@pytest.mark.parametrize("agent", ["ClaudeCode", "Codex", "Copilot", "Pi", "Antigravity", "CursorTranscripts"])
def test_a_record_of_a_new_type_is_counted_by_its_name(
    agent: str, samples: Callable[[Path], dict[str, Path]], tmp_path: Path
) -> None:
    log = samples(tmp_path)[agent]
    source = next(one for one in SOURCES if type(one).__name__ == agent)
    assert isinstance(source, LineSource)
    reader = source.reader(log, {})
    *_, last = log.read_bytes().splitlines(keepends=True)
    record = {**json.loads(last), "type": "hologram"}
    record.pop("role", None)
    for line in log.read_bytes().splitlines(keepends=True):
        reader.read(line)

    assert reader.read(json.dumps(record).encode() + b"\n") == []

    assert any(name.endswith(":hologram") for name in reader.unknown)


class Change:
    """One field of one record as something else, and what follows it."""

    def __init__(self, where: str, read: Callable[[], None]) -> None:
        self._where, self.read = where, read

    def __str__(self) -> str:
        return self._where


def _changes(
    source: Source, path: Path, seen: set[tuple[str, ...]], chance: random.Random, share: float
) -> Iterator[Change]:
    data = path.read_bytes()
    if data.startswith(b"SQLite"):
        yield from _of_rows(source, path, seen, chance, share)
        return
    lines = [data] if path.suffix == ".json" else data.splitlines(keepends=True)
    reader = source.reader(path, {}) if isinstance(source, LineSource) else None
    for number, line in enumerate(lines):
        for place, text in _changed(source, line, seen, chance, share):
            where = f"{path.name}:{number + 1} {place}"
            around = lines[number + 1 : number + 4]
            if reader is not None:
                assert isinstance(source, LineSource)
                yield Change(where, _following(source, path, json.dumps(reader.state), [text, *around]))
            else:
                path.write_bytes(b"".join(lines[:number]) + text + b"".join(around))
                yield Change(where, lambda: _taken(source, path))
        if reader is not None:
            try:
                reader.read(line)
            except UnreadableLineError:
                continue
    path.write_bytes(data)


def _of_rows(
    source: Source, path: Path, seen: set[tuple[str, ...]], chance: random.Random, share: float
) -> Iterator[Change]:
    """Of a database whose rows hold JSON."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = database.execute(f"SELECT rowid, * FROM {table}").fetchall()
            names = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
            for rowid, *values in rows:
                for name, value in zip(names, values, strict=True):
                    told = value.encode() if isinstance(value, str) else value
                    if not isinstance(told, bytes) or not told.startswith((b"{", b"[")):
                        continue
                    for place, text in _changed(source, told, seen, chance, share):
                        change = f"UPDATE {table} SET {name} = ? WHERE rowid = ?"
                        database.execute(change, [text.decode("utf-8", "replace"), rowid])
                        yield Change(f"{path.name} {table} {rowid} {place}", lambda: _taken(source, path))
                    database.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", [value, rowid])


def _changed(
    source: Source, text: bytes, seen: set[tuple[str, ...]], chance: random.Random, share: float
) -> Iterator[tuple[Place, bytes]]:
    try:
        record = json.loads(text)
    except ValueError:
        return
    for place in _places(record):
        shape = (type(source).__name__, *_shape(record, place))
        if shape in seen:
            continue
        seen.add(shape)
        for value in _ANYTHING:
            if chance.random() < share:
                made = json.dumps(_with(record, place, value == _DROPPED)).replace(json.dumps(_HOLE), value)
                yield place, made.encode() + b"\n"


def _places(value: Any, at: Place = ()) -> Iterator[Place]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*at, key)
        yield from _places(inner, (*at, key))


def _shape(value: Any, place: Place) -> Iterator[str]:
    """What kind of record has the field, and where: two fields of one shape are read alike."""
    for key in place:
        if isinstance(value, dict):
            yield str(value.get("type") or value.get("role") or value.get("kind") or "")[:20]
        yield "*" if isinstance(key, int) else key
        value = value[key]
    yield type(value).__name__


def _with(value: Any, place: Place, dropped: bool) -> Any:
    made = copy.copy(value)
    if len(place) > 1:
        made[place[0]] = _with(value[place[0]], place[1:], dropped)
    elif dropped:
        del made[place[0]]
    else:
        made[place[0]] = _HOLE
    return made


def _following(source: LineSource, path: Path, state: str, lines: Sequence[bytes]) -> Callable[[], None]:
    def read() -> None:
        reader = source.reader(path, json.loads(state))
        for line in lines:
            try:
                events = reader.read(line)
            except UnreadableLineError:
                continue
            for event in events:
                _can_be_stored(event)
        source.reader(path, json.loads(json.dumps(reader.state)))
        for facts in (reader.facts, *reader.sessions.values()):
            _are_words(facts)

    return read


def _taken(source: Source, path: Path) -> None:
    assert isinstance(source, SnapshotSource)
    try:
        for snapshot in source.snapshots(path, {}):
            assert snapshot.session
            _are_words(snapshot.facts)
            for event in snapshot.events:
                _can_be_stored(event)
    except (UnreadableLineError, OSError):
        pass


def _are_words(facts: LogFacts) -> None:
    for name in LogFacts.__slots__:
        assert isinstance(getattr(facts, name), str | None), name


def _can_be_stored(event: Event) -> None:
    for name, hint in _HINTS.items():
        assert _is(getattr(event, name), hint), f"{name}: {type(getattr(event, name)).__name__}"


def _is(value: Any, hint: Any) -> bool:
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_is(value, one) for one in inside)
    if origin is tuple:
        hints = [inside[0]] * len(value) if inside[1:] == (...,) else inside
        return isinstance(value, tuple) and len(value) == len(hints) and all(map(_is, value, hints))
    if hint is int:
        return type(value) is int and -(2**63) <= value < 2**63
    return isinstance(value, hint)
