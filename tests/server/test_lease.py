"""A lease is one process's at a time, and the next one's as soon as that one ends, however it ends."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memsrv import __version__
from memsrv.home import Home
from memsrv.lease import Lease
from memsrv.watch import WatchStanding, standing

PATIENCE = 30

HOLD = """
import sys, time
from pathlib import Path
from memsrv.lease import Lease
lease = Lease(Path(sys.argv[1]), "watch")
while not lease.take():
    time.sleep(0.01)
lease.say({"pid": 1, "version": sys.argv[2]})
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    def start(version: str = __version__) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-I", "-c", HOLD, str(tmp_path), version],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


Holder = Callable[..., "subprocess.Popen[str]"]


def test_only_one_process_has_it(tmp_path: Path, holder: Holder) -> None:
    with holder() as process:
        assert process.stdout
        process.stdout.readline()
        ours = Lease(tmp_path, "watch")

        assert ours.held()
        assert not ours.take()

        process.kill()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_another_has_it_as_soon_as_its_holder_is_gone(tmp_path: Path, holder: Holder, ending: signal.Signals) -> None:
    with holder() as first:
        assert first.stdout
        first.stdout.readline()
        with holder() as second:
            assert second.stdout
            first.send_signal(ending)

            assert second.stdout.readline() == "held\n"
            second.kill()


def test_a_lease_that_is_given_back_leaves_nothing_to_read(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "watch")
    assert lease.take()
    lease.say({"pid": 1})
    assert lease.said() == {"pid": 1}

    lease.give_back()

    assert not lease.held()
    assert lease.said() == {}


def test_what_is_said_is_the_owners_alone_and_replaced_in_one_step(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "watch")
    lease.say({"pid": 1})
    opened = lease.file.open()
    lease.say({"pid": 2})

    with opened:
        assert json.loads(opened.read()) == {"pid": 1}
    assert lease.said() == {"pid": 2}
    assert lease.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["watch.json"]


def test_what_a_killed_watch_left_says_nothing(tmp_path: Path) -> None:
    Lease(tmp_path, "watch").say({"watching": True, "pid": 1, "version": "9"})

    assert standing(Home(tmp_path)) == WatchStanding(watching=False)


@pytest.mark.parametrize(("version", "outdated"), [(__version__, False), ("0.0.9", True)])
def test_a_watch_of_another_version_is_known_as_one(
    tmp_path: Path, holder: Holder, version: str, outdated: bool
) -> None:
    with holder(version) as process:
        assert process.stdout
        process.stdout.readline()
        found = standing(Home(tmp_path))

        assert (found.watching, found.version, found.outdated) == (True, version, outdated)
        process.kill()


def test_a_standing_that_nobody_understands_is_still_one(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "watch")
    assert lease.take()
    lease.say({"last_error": "a sentence, as some other version has it"})

    assert standing(Home(tmp_path)) == WatchStanding(watching=True)
    lease.give_back()


def test_looking_whether_it_is_held_takes_it_from_nobody(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "watch")
    limit = time.monotonic() + PATIENCE
    while not lease.take():
        assert time.monotonic() < limit
        Lease(tmp_path, "watch").held()
    for _ in range(100):
        assert Lease(tmp_path, "watch").held()

    assert lease.take()
    lease.give_back()
