"""How tasks of real sessions ended, as rules tell and as a person who read them does; by place, without their words.

`labels.tsv` names the prompt that a task was asked for with, by a digest that outlives a source's other ids, and how it
ended. A label rests on what the log shows: where nobody checked, accepted, refused or took back anything, it is
`unknown`. The rules were made on the half `tuning`; `held-out` was labelled after they were frozen.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from memsrv.records import Event, EventType, Outcome, Trajectory
from memsrv.sources import SOURCES, LineSource, SnapshotSource, UnreadableLineError
from memsrv.trajectories import trajectories

HERE = Path(__file__).resolve().parent
LOGS = HERE.parents[3] / "shared" / "logs"


def _labels(half: str) -> list[tuple[str, str, Outcome]]:
    rows = (line.split("\t") for line in (HERE / "labels.tsv").read_text("utf-8").splitlines()[1:])
    return [(path, prompt, Outcome(outcome)) for path, prompt, outcome, its_half in rows if its_half == half]


def _sessions(path: Path) -> Iterator[list[Event]]:
    with path.open("rb") as file:
        head = file.read(65_536)
    source = next(source for source in SOURCES if source.owns(path, head))
    if isinstance(source, SnapshotSource):
        for snapshot in source.snapshots(path, {}):
            yield [replace(event, turn=turn) for turn, event in enumerate(snapshot.events)]
        return
    assert isinstance(source, LineSource)
    reader, found = source.reader(path, {}), dict[str, list[Event]]()
    for line in path.read_bytes().splitlines(keepends=True):
        with suppress(UnreadableLineError):
            for event in reader.read(line):
                found.setdefault(event.session, []).append(event)
    yield from ([replace(event, turn=turn) for turn, event in enumerate(events)] for events in found.values())


def _told(path: str) -> dict[str, Trajectory]:
    """By prompt: the task that it belongs to."""
    found: dict[str, Trajectory] = {}
    for events in _sessions(LOGS / path):
        tasks, seen = trajectories(events), Counter[str]()
        for event in events:
            if event.type is EventType.PROMPT:
                digest = _digest(event)
                name = f"{digest}+{seen[digest]}" if seen[digest] else digest
                seen[digest] += 1
                task = next((task for task in tasks if task.turn <= event.turn <= task.last), None)
                if task is not None:
                    found[name] = task
    return found


def _digest(event: Event) -> str:
    letters = "".join(letter for letter in event.text.casefold() if letter.isalnum())[:60]
    return hashlib.sha256(f"{event.session} {letters}".encode()).hexdigest()[:16]


@pytest.mark.skipif(not LOGS.is_dir(), reason="the real logs are not on this machine (../shared/logs)")
@pytest.mark.parametrize("half", ["tuning", "held-out"])
def test_nine_of_ten_tasks_of_real_sessions_ended_as_the_rules_tell(half: str) -> None:
    labels = _labels(half)
    told = {path: _told(path) for path in dict.fromkeys(path for path, _, _ in labels)}
    confusion = Counter[tuple[str, str]]()
    for path, prompt, outcome in labels:
        assert prompt in told[path], f"no task holds the prompt {prompt} of {path}"
        confusion[outcome, told[path][prompt].outcome] += 1
    right = sum(count for (label, outcome), count in confusion.items() if label == outcome)

    assert right >= 0.9 * len(labels), dict(confusion)
    guessed = sum(n for (label, outcome), n in confusion.items() if label == "unknown" and outcome != "unknown")
    assert guessed <= 0.05 * len(labels), "where there is no evidence, nothing may be guessed"


def test_the_labels_are_enough_and_hold_no_words() -> None:
    rows = (HERE / "labels.tsv").read_text("utf-8").splitlines()

    assert len(rows) > 80
    assert all(len(row.split("\t")) == 4 and " " not in row for row in rows)
