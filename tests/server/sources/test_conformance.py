"""What every source keeps, on a small log as its agent writes it, on every real log that it owns, and on any bytes."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memsrv.sources import SOURCES, LineSource, SnapshotSource, Source
from memsrv.sources.machine import Machine

NAMES = {type(source).__name__: source for source in SOURCES}
LINES = [name for name, source in NAMES.items() if isinstance(source, LineSource)]
SNAPSHOTS = [name for name, source in NAMES.items() if isinstance(source, SnapshotSource)]
#: Those that are one JSON value, of which half is none; half a text is text.
_DOCUMENTS = [name for name in SNAPSHOTS if name in ("Gemini", "CopilotHistory", "Cline", "Roo", "VSCode", "Continue")]
_HEAD = 1 << 16
_STOPS = 6

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

Samples = Callable[[Path], dict[str, Path]]


@pytest.fixture(scope="module")
def logs(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small log of each source, as its agent keeps it."""
    return samples(tmp_path_factory.mktemp("home"))


def head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def owned(source: Source, folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and source.owns(path, head(path)):
            yield path


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_every_source_has_a_sample_that_it_understands(logs: dict[str, Path], golden: ModuleType) -> None:
    read = {name: golden.reading(NAMES[name], path) for name, path in logs.items()}

    assert set(read) == set(NAMES)
    assert [name for name, made in read.items() if not made.events or made.unknown or made.lost] == []


def test_no_source_owns_the_log_of_another(logs: dict[str, Path]) -> None:
    owners = {name: [other for other in NAMES if NAMES[other].owns(path, head(path))] for name, path in logs.items()}

    assert owners == {name: [name] for name in NAMES}


def test_no_real_log_is_owned_by_two_sources(real_logs: Path) -> None:
    files = [path for path in real_logs.rglob("*") if path.is_file() and path.name != "MANIFEST.tsv"]
    owners = {path: [name for name, source in NAMES.items() if source.owns(path, head(path))] for path in files}

    assert [path for path, names in owners.items() if len(names) > 1] == []
    assert {names[0] for names in owners.values() if names} <= set(NAMES)


def test_each_source_finds_its_sample_in_its_own_folders(logs: dict[str, Path]) -> None:
    home = next(path for path in logs["ClaudeCode"].parents if path.name == ".claude").parent
    here = Machine(home, "linux", {})
    shop = home / "work/shop"
    found = {
        name: {log for folder in source.folders(here) if folder.is_dir() for log in source.discover(folder)}
        | set(source.within(shop))
        for name, source in NAMES.items()
    }

    assert {name: logs[name] in found[name] for name in NAMES} == dict.fromkeys(NAMES, True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whose_a_file_is_can_be_asked_of_any_bytes_under_any_name(logs: dict[str, Path], data: st.DataObject) -> None:
    path = logs[data.draw(st.sampled_from(LINES + _DOCUMENTS))]
    records = [json.loads(line) for line in lines_of(path)]
    record = data.draw(st.sampled_from(records))
    changed = _ANYTHING
    if isinstance(record, dict):
        field = data.draw(st.sampled_from(sorted(record)))
        changed = _ANYTHING.map(lambda value: record | {field: value})
    beginning = data.draw(changed.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))

    for source in SOURCES:
        assert source.owns(path, beginning) in (True, False)


# Sources of lines


@pytest.mark.parametrize("name", LINES)
def test_lines_go_on_from_any_line(name: str, logs: dict[str, Path], contract: ModuleType) -> None:
    contract.goes_on_from_any_line(NAMES[name], logs[name], lines_of(logs[name]))
    contract.ids_are_stable_and_unique(NAMES[name], logs[name], lines_of(logs[name]))


@pytest.mark.parametrize("name", LINES)
def test_lines_of_every_real_log_go_on_from_some_lines(name: str, real_logs: Path, contract: ModuleType) -> None:
    for path in owned(NAMES[name], real_logs):
        lines = lines_of(path)
        step = max(1, len(lines) // _STOPS)
        contract.goes_on_from_any_line(NAMES[name], path, lines, stops=range(1, len(lines) + 1, step))
        contract.ids_are_stable_and_unique(NAMES[name], path, lines)


@pytest.mark.parametrize("name", LINES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_are_a_record_or_refused(
    name: str, logs: dict[str, Path], contract: ModuleType, data: st.DataObject
) -> None:
    """Bytes, a line that is torn or spliced, a record with a field that is anything."""
    whole = data.draw(st.sampled_from(lines_of(logs[name])))
    record = json.loads(whole)
    field = data.draw(st.sampled_from(sorted(record)))
    torn = st.integers(0, len(whole)).map(lambda place: whole[:place])
    spliced = st.tuples(torn, torn).map(lambda two: two[0] + two[1])
    changed = _ANYTHING.map(lambda value: json.dumps(record | {field: value}).encode())

    contract.survives(NAMES[name], logs[name], data.draw(st.binary(max_size=60) | torn | spliced | changed))


# Sources of documents and databases


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_what_was_given_is_not_given_again(name: str, logs: dict[str, Path], contract: ModuleType) -> None:
    contract.gives_nothing_that_was_given(NAMES[name], logs[name])


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_of_every_real_log_nothing_is_given_twice(name: str, real_logs: Path, contract: ModuleType) -> None:
    for path in owned(NAMES[name], real_logs):
        contract.gives_nothing_that_was_given(NAMES[name], path)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_copy_of_all_that_an_agent_keeps_has_the_same_ids(
    name: str, logs: dict[str, Path], contract: ModuleType, tmp_path: Path
) -> None:
    home = next(path for path in logs["ClaudeCode"].parents if path.name == ".claude").parent
    copy = shutil.copytree(home, tmp_path / "copy") / logs[name].relative_to(home)

    ids = contract.take(NAMES[name], copy).ids

    assert ids == contract.take(NAMES[name], logs[name]).ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_no_event_of_a_real_log_has_the_id_of_another(name: str, real_logs: Path, contract: ModuleType) -> None:
    for path in owned(NAMES[name], real_logs):
        ids = contract.take(NAMES[name], path).ids

        assert len(set(ids)) == len(ids), path


@pytest.mark.parametrize("name", SNAPSHOTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_file_is_a_log_or_half_of_one_or_none(
    name: str, samples: Samples, contract: ModuleType, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere, with other bytes anywhere, with a stretch of zeros, or nothing of a log at all."""
    path = _alone(name, samples, tmp_path_factory)
    whole = path.read_bytes()
    place = st.integers(0, len(whole))
    cut = place.map(lambda end: whole[:end])
    other = st.tuples(place, st.binary(max_size=12)).map(
        lambda at: whole[: at[0]] + at[1] + whole[at[0] + len(at[1]) :]
    )
    zeros = st.tuples(place, st.integers(1, 400)).map(
        lambda at: whole[: at[0]] + b"\x00" * min(at[1], len(whole) - at[0]) + whole[at[0] + at[1] :]
    )
    path.write_bytes(data.draw(st.binary(max_size=60) | cut | other | zeros))
    try:
        contract.survives_file(NAMES[name], path)
    finally:
        path.write_bytes(whole)


_HOMES: dict[str, dict[str, Path]] = {}


def _alone(name: str, samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source's sample in a home of its own, so that what is made of it disturbs no other test."""
    if name not in _HOMES:
        _HOMES[name] = samples(tmp_path_factory.mktemp(name))
    return _HOMES[name][name]


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_half_a_document_is_none(name: str, logs: dict[str, Path], contract: ModuleType, tmp_path: Path) -> None:
    whole = logs[name].read_bytes()
    half = tmp_path / logs[name].relative_to(logs[name].anchor)
    half.parent.mkdir(parents=True)
    taken = []
    for end in range(len(whole)):
        half.write_bytes(whole[:end])
        taken.append(contract.take(NAMES[name], half))

    assert [one for one in taken if one.whole or one.snapshots] == []
