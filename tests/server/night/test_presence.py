"""Whether somebody is here: told by real files; where a system must be asked, its answer is read."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memsrv.night.presence import Presence, _hid_idle_s, last_typed

NOW = 1_800_000_000.0


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "session.jsonl"
    path.write_text("{}\n")
    os.utime(path, (NOW - 600, NOW - 600))
    return path


def presence(*logs: Path, typed: float | None = None) -> Presence:
    return Presence(lambda: logs, lambda: typed, lambda: NOW)


def came(here: Presence) -> Callable[[], bool]:
    return here.returned(every=0)


def test_a_log_that_grew_ten_minutes_ago_is_ten_minutes_of_quiet(log: Path) -> None:
    assert presence(log).idle_s() == 600


def test_a_key_counts_like_a_log_and_the_last_of_them_all(log: Path) -> None:
    assert presence(log, typed=NOW - 42).idle_s() == 42
    assert presence(log, typed=NOW - 4000).idle_s() == 600


def test_where_nobody_was_ever_seen_there_is_no_figure(tmp_path: Path) -> None:
    assert presence(tmp_path / "rotated-away.jsonl").idle_s() is None


def test_a_log_from_before_the_clock_was_set_back_says_nothing(log: Path, tmp_path: Path) -> None:
    ahead = tmp_path / "ahead.jsonl"
    ahead.write_text("{}\n")
    os.utime(ahead, (NOW + 90_000, NOW + 90_000))

    assert presence(ahead).idle_s() is None
    assert presence(ahead, log).idle_s() == 600


def test_nobody_comes_back_as_long_as_nothing_changes(log: Path) -> None:
    assert not came(presence(log, typed=NOW))()


def test_a_log_that_grows_is_somebody(log: Path) -> None:
    back = came(presence(log))
    with log.open("a") as file:
        file.write("{}\n")
    os.utime(log, (NOW - 600, NOW - 600))  # in the same instant of the clock

    assert back()


def test_a_session_that_begins_is_somebody(log: Path) -> None:
    logs = [log]
    back = came(Presence(lambda: logs, lambda: None, lambda: NOW))
    logs.append(log.with_name("new.jsonl"))
    logs[1].write_text("{}\n")

    assert back()


def test_a_log_that_is_rotated_away_is_nobody(log: Path) -> None:
    back = came(presence(log))
    log.unlink()

    assert not back()


def test_a_key_is_somebody_and_the_same_key_read_twice_is_not() -> None:
    last = [NOW]
    back = came(Presence(tuple, lambda: last[0], lambda: NOW))
    last[0] += 1.5  # how finely a system tells when the last key was
    assert not back()
    last[0] += 30

    assert back()


def test_it_is_looked_for_no_oftener_than_asked(log: Path) -> None:
    clock = [0.0]
    back = presence(log).returned(every=5, monotonic=lambda: clock[0])
    log.write_text("{}\n{}\n")

    assert not back()
    clock[0] = 5.0
    assert back()


def test_the_newest_terminal_tells_when_a_key_was_typed(tmp_path: Path) -> None:
    for name, at in (("0", 100.0), ("1", 200.0), ("2", NOW * 2)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (at, 0))
    terminals = [*tmp_path.iterdir(), tmp_path / "closed"]

    assert last_typed(terminals, lambda: NOW) == 200.0
    assert last_typed([]) is None


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals as files")
def test_a_real_terminal_that_was_just_read_is_typed_at() -> None:
    host, terminal = os.openpty()
    try:
        os.write(host, b"y\n")
        os.read(terminal, 2)
        found = last_typed([Path(os.ttyname(terminal))])
    finally:
        os.close(host)
        os.close(terminal)

    assert found is not None
    assert abs(time.time() - found) < 60  # the kernel tells to 8 seconds


def test_what_macos_says_of_its_keyboard_is_read_in_seconds() -> None:
    said = '  | |   "HIDParameters" = {}\n  | |   "HIDIdleTime" = 2500000000\n'

    assert _hid_idle_s(said) == 2.5
    assert _hid_idle_s("") is None
