"""Every real log ingests with its own source, in any order, and a second time adds nothing.

Only places, counts and ids are looked at, never words.
"""

import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from memsrv.capture import Capture
from memsrv.consent import Consent
from memsrv.ignorefile import IgnoreFiles
from memsrv.ingest import IngestReport, ingest
from memsrv.records import Event
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv.sources import SOURCES, LineSource, SnapshotSource, Source, UnreadableLineError
from memsrv.sources.machine import Machine
from memsrv.store import Store

REDACTOR = Redactor(b"k" * 32)
ALL = Capture(Consent(Settings()), IgnoreFiles(Path("/nowhere")))
HERE = Machine(Path("/nowhere"), "linux", {})
LOGS = Path(__file__).resolve().parents[2].parent / "shared" / "logs"

pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason="the real logs are not on this machine (../shared/logs)")

#: Nobody's, and why.
UNOWNED = {
    "empty_session.jsonl": "its only record tells that a session began, in no agent's words",
    "transcript.jsonl": "Antigravity's shortened form; transcript_full.jsonl beside it is the session",
    "aaaa1111-bbbb-2222-cccc-333344445555.db": "Antigravity's own index, in protobuf; its transcript is the session",
}
#: By the first folder; of the made-up logs, by the note or the folder that names an agent first.
_AGENTS = {
    "claude": "claude-code", "claude_code_real": "claude-code", "html_export": "claude-code", "codex_real": "codex",
    "opencode_json": "opencode",
}  # fmt: skip


def _agent(path: Path, note: str) -> str:
    name = path.parts[0]
    if name == "synthetic_edge":
        name = note.split()[1] if "SYNTHETIC fixture" not in note else path.parts[2]
    return _AGENTS.get(name, name)


def manifest() -> dict[Path, str]:
    """Each log and whose it is."""
    with (LOGS / "MANIFEST.tsv").open(newline="") as rows:
        return {
            LOGS / row["path"]: _agent(Path(row["path"]), row["note"]) for row in csv.DictReader(rows, delimiter="\t")
        }


def owner(path: Path) -> Source | None:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    return next((source for source in SOURCES if source.owns(path, head)), None)


def told_by(source: Source, path: Path) -> Iterator[Event]:
    if isinstance(source, SnapshotSource):
        for snapshot in source.snapshots(path, {}):
            yield from snapshot.events
        return
    assert isinstance(source, LineSource)
    reader = source.reader(path, {})
    for line in path.read_bytes().splitlines(keepends=True):
        with suppress(UnreadableLineError):
            yield from reader.read(line)


@pytest.fixture(scope="module")
def owned() -> dict[Path, Source]:
    return {path: source for path in sorted(manifest()) if (source := owner(path)) is not None}


Ids = dict[tuple[str, str], str]


@dataclass
class Reading:
    """A store that read all logs in one order."""

    store: Store
    owned: dict[Path, Source]
    unreadable: int = 0

    def read(self, order: Sequence[Path]) -> list[IngestReport]:
        reports = [
            ingest(self.store, REDACTOR, [path], capture=ALL, machine=HERE, known={path: self.owned[path]})
            for path in order
        ]
        self.unreadable += sum(report.unreadable for report in reports)
        return reports

    def ids(self) -> Ids:
        """(agent, event) → its session."""
        return {
            (session.agent, event.id): session.id
            for session in self.store.sessions()
            for event in self.store.events(session.id)
        }


def orders(owned: dict[Path, Source]) -> dict[str, list[Path]]:
    files = list(owned)
    shuffled = random.Random(4).sample(files, len(files))
    return {"as listed": files, "reversed": files[::-1], "shuffled": shuffled}


@pytest.fixture(scope="module")
def readings(owned: dict[Path, Source], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Reading]]:
    made = {name: Reading(Store.open(tmp_path_factory.mktemp("home") / "memsrv.db"), owned) for name in orders(owned)}
    for name, order in orders(owned).items():
        made[name].read(order)
    yield made
    for reading in made.values():
        reading.store.close()


def test_every_log_is_owned_by_the_agent_that_the_manifest_names(owned: dict[Path, Source]) -> None:
    told = manifest()

    assert {path.name for path in told if path not in owned} == set(UNOWNED)
    assert [str(path) for path, source in owned.items() if source.name != told[path]] == []


def test_no_log_is_read_in_vain(owned: dict[Path, Source], readings: dict[str, Reading]) -> None:
    read = {file.path: file for file in readings["as listed"].store.files()}
    companions = {path.name for path in owned if str(path) not in read}

    assert companions <= {"ui_messages.json", "task_metadata.json", "crud_metadata.json", "part1.json"} | {
        "msg_test1.json",
        "msg_test2.json",
    }
    assert [path for path, file in read.items() if file.lag and not path.endswith("claude-code-session.jsonl")] == []


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_the_order_of_reading_changes_no_event(readings: dict[str, Reading], order: str) -> None:
    assert set(readings[order].ids()) == set(readings["as listed"].ids())


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_the_order_decides_whose_an_event_is_only_where_two_logs_tell_it(
    owned: dict[Path, Source], readings: dict[str, Reading], order: str
) -> None:
    """Excerpts and forks repeat events under their first id: the log that is read first has them."""
    tellers: Counter[tuple[str, str]] = Counter()
    for path, source in owned.items():
        tellers.update({(source.name, event.id) for event in told_by(source, path)})
    first, other = readings["as listed"].ids(), readings[order].ids()

    assert [id for id in first if first[id] != other[id] and tellers[id] < 2] == []


def test_a_second_time_adds_nothing(readings: dict[str, Reading]) -> None:
    for name, reading in readings.items():
        before = reading.store.counts()

        reports = reading.read(orders(reading.owned)[name])

        assert reading.store.counts() == before
        assert {(report.events, report.revised, report.unreadable, report.changed) for report in reports} == {
            (0, 0, 0, ())
        }


def test_what_cannot_be_read_is_counted_and_named_whatever_the_order(readings: dict[str, Reading]) -> None:
    expected = Counter(
        {
            "edge_cases.jsonl": 3,  # JSON values that are no objects, put there by the fixture's author
            "invalid_json.jsonl": 2,
            "truncated.jsonl": 1,
            "cli_truncated_resume.events.jsonl": 1,
        }
    )
    for reading in readings.values():
        losses = reading.store.unreadable()
        assert Counter(Path(loss.path).name for loss in losses) == expected
        assert all(loss.reason and loss.bytes for loss in losses)
        assert reading.unreadable == expected.total()


def test_the_database_is_sound_after_it(readings: dict[str, Reading]) -> None:
    assert {reading.store.unsound() for reading in readings.values()} == {None}
