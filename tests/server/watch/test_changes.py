"""What has changed below a folder: told by size, time and inode, with a second look at what changed just now."""

import os
from pathlib import Path

from memsrv.sources import SOURCES
from memsrv.watch.changes import Changes
from memsrv.watch.places import Log


def write(path: Path, text: str, time: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (time, time))


def much_later(path: Path) -> Changes:
    """Seen by a clock for which all that was written here is long ago."""
    return Changes(clock=lambda: path.stat().st_ctime + 3600)


def below(folder: Path) -> list[Log]:
    return [Log(path, SOURCES[0]) for path in folder.rglob("*") if path.is_file()]


def names(changes: Changes, folder: Path) -> list[str]:
    return [change.path.name for change in changes.of_all(below(folder))]


def test_a_file_that_was_read_is_no_change_until_it_grows(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", "one", 1000)
    changes = much_later(tmp_path)
    for change in changes.of_all(below(tmp_path)):
        changes.has_read(change)

    assert names(changes, tmp_path) == []
    write(tmp_path / "a.jsonl", "one two", 1000)
    assert names(changes, tmp_path) == ["a.jsonl"]


def test_a_file_that_another_has_replaced_is_a_change(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", "one", 1000)
    changes = much_later(tmp_path)
    for change in changes.of_all(below(tmp_path)):
        changes.has_read(change)
    write(tmp_path / "b", "two", 1000)
    (tmp_path / "b").replace(tmp_path / "a.jsonl")

    assert names(changes, tmp_path) == ["a.jsonl"]


def test_a_file_that_changed_just_before_it_was_read_is_looked_at_once_more(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("one", "utf-8")
    now = [file.stat().st_ctime]
    changes = Changes(clock=lambda: now[0])
    [first] = changes.of_all(below(tmp_path))
    changes.has_read(first)

    [again] = changes.of_all(below(tmp_path))
    assert (first.again, again.again) == (False, True)
    now[0] += 60
    changes.has_read(again)
    assert changes.of_all(below(tmp_path)) == []


def test_what_is_to_be_looked_at_in_any_case_stays_a_change(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", "one", 1000)
    changes = much_later(tmp_path)
    changes.has_read(changes.of_all(below(tmp_path))[0], for_good=False)

    assert [change.again for change in changes.of_all(below(tmp_path))] == [True]


def test_the_oldest_change_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", "one", 3000)
    write(tmp_path / "sub" / "b.jsonl", "two", 1000)
    write(tmp_path / "c.jsonl", "three", 2000)

    assert names(much_later(tmp_path), tmp_path) == ["b.jsonl", "c.jsonl", "a.jsonl"]


def test_a_database_that_is_written_to_beside_itself_changed_when_that_was(tmp_path: Path) -> None:
    write(tmp_path / "a.db", "one", 1000)
    write(tmp_path / "a.db-wal", "two", 5000)
    changes = Changes(clock=lambda: 1e12)

    [change] = changes.of_all([Log(tmp_path / "a.db", SOURCES[0])])

    assert change.modified == 5000


def test_a_log_that_is_gone_between_being_found_and_looked_at_is_no_change(tmp_path: Path) -> None:
    assert Changes().of_all([Log(tmp_path / "gone.jsonl", SOURCES[0])]) == []
