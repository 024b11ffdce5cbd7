"""The watch finds what agents write: by events at once, and by looking at all logs in any case."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.api import BaseObserver, EventEmitter
from watchdog.observers.inotify import InotifyObserver

from memsrv.watch import Watch
from memsrv.watch.hints import Hints

Until = Callable[..., Any]


def refusing() -> BaseObserver:
    """The system's own events, at its limit."""

    class AtTheLimit(InotifyObserver):
        def schedule(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")

    return AtTheLimit()


def deaf() -> BaseObserver:
    """Events that never come, and nobody says so: a full queue, a file system that cannot tell."""
    return BaseObserver(EventEmitter)


# Events


def test_an_appended_line_is_found_at_once(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(place.has_looked)

    assert place.knows("zeppelin")
    place.agent.says("The submarine needs ballast.")
    until(lambda: place.knows("submarine"))

    assert place.standing().mode == "events"
    assert place.outside.store.counts().events == 2


def test_a_folder_that_is_not_there_yet_is_watched_when_it_comes(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    place.watch()
    until(place.has_looked)

    place.agent.says("The zeppelin needs helium.")
    until(lambda: place.knows("zeppelin"))
    place.agent.says("The submarine needs ballast.", "second")
    until(lambda: place.knows("submarine"))


def test_a_folder_that_is_replaced_is_watched_again(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(lambda: place.knows("zeppelin"))

    place.agent.folder.rename(place.agent.folder.with_name("old"))
    place.agent.says("The submarine needs ballast.", "second")
    until(lambda: place.knows("submarine"))
    place.agent.says("The glider needs wind.", "second")
    until(lambda: place.knows("glider"))
    shutil.rmtree(place.agent.folder)
    place.agent.says("The kite needs a string.", "third")

    until(lambda: place.knows("kite"))


def test_a_renamed_log_goes_on_under_its_new_name(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    before = place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(lambda: place.knows("zeppelin"))

    after = place.agent.log("renamed")
    before.rename(after)
    with after.open("ab") as file:
        file.write(place.agent.line("The submarine needs ballast."))

    until(lambda: place.knows("submarine"))
    assert place.outside.store.counts().events == 2


def test_a_folder_of_logs_that_is_moved_in_is_read(place: Any, until: Until, events_only: str, tmp_path: Path) -> None:
    place.configure(events_only)
    place.agent.folder.mkdir(parents=True)
    place.watch()
    until(place.has_looked)
    elsewhere = type(place.agent)(tmp_path / "elsewhere")
    elsewhere.says("The zeppelin needs helium.")

    elsewhere.folder.rename(place.agent.folder / "restored")

    until(lambda: place.knows("zeppelin"))


@pytest.mark.parametrize("replace", [True, False], ids=["replaced", "truncated"])
def test_a_log_that_is_written_anew_is_read_again(place: Any, until: Until, events_only: str, replace: bool) -> None:
    place.configure(events_only)
    log = place.agent.says("The zeppelin needs helium, lots of helium.")
    place.watch()
    until(lambda: place.knows("zeppelin"))
    anew = place.agent.line("The submarine needs ballast.")

    if replace:
        log.with_suffix(".part").write_bytes(anew)
        log.with_suffix(".part").replace(log)
    else:
        log.write_bytes(anew)

    until(lambda: place.knows("submarine"))


def test_an_unfinished_line_is_read_when_it_is_whole(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    log = place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(lambda: place.knows("zeppelin"))
    whole = place.agent.line("The submarine needs ballast.")

    with log.open("ab", buffering=0) as file:
        file.write(whole[:40])
        place.agent.says("The glider needs wind.", "second")
        until(lambda: place.knows("glider"))
        assert not place.knows("submarine")
        file.write(whole[40:])

    until(lambda: place.knows("submarine"))
    assert place.outside.store.unreadable() == []


# Looking at all logs


def test_where_the_system_gives_no_events_all_is_found_and_the_standing_says_why(
    place: Any, until: Until, rescans: str
) -> None:
    place.configure(rescans)
    place.agent.says("The zeppelin needs helium.")
    place.watch(observer=refusing)
    until(lambda: place.knows("zeppelin"))

    place.agent.says("The submarine needs ballast.", "second")

    until(lambda: place.knows("submarine"))
    assert "rescan" in place.standing().mode
    assert "inotify watch limit reached" in place.standing().mode
    assert str(place.agent.folder) in place.standing().mode


def test_events_that_are_lost_are_missed_by_looking_and_the_standing_says_so(place: Any, until: Until) -> None:
    place.configure("[watch]\nrescan_seconds = 2.5\n")
    place.watch(observer=deaf)
    until(place.has_looked)
    place.agent.says("The zeppelin needs helium.")

    until(lambda: place.knows("zeppelin"))
    place.agent.says("The submarine needs ballast.")
    until(lambda: "events are being lost" in (place.standing().mode or ""))

    until(lambda: place.knows("submarine"))


def storm(place: Any, files: int, appends: int) -> None:
    for n in range(appends):
        place.agent.says(f"storm {n}", f"s{n % files}")


def all_is_found(place: Any, until: Until, files: int, appends: int) -> None:
    """By the next look at all logs that begins after the storm."""
    looked = place.standing().scanned
    until(lambda: place.standing().scanned != looked, 600)
    until(lambda: place.outside.store.counts().events == appends, 600)
    assert place.outside.store.counts().sessions == files
    assert place.outside.store.counts().unreadable == 0


def silenced(place: Any, until: Until, files: int, appends: int) -> None:
    place.watch(observer=deaf)
    until(place.has_looked)
    storm(place, files, appends)


def refused(place: Any, until: Until, files: int, appends: int) -> None:
    place.watch(observer=refusing)
    until(place.has_looked)
    storm(place, files, appends)


def killed(place: Any, until: Until, files: int, appends: int) -> None:
    observers: list[BaseObserver] = []

    def observed() -> BaseObserver:
        observers.append(InotifyObserver())
        return observers[-1]

    place.watch(observer=observed)
    until(place.has_looked)
    for observer in observers:
        observer.stop()
    storm(place, files, appends)


def stopped(place: Any, until: Until, files: int, appends: int) -> None:
    storm(place, files, appends)
    place.watch()


@pytest.mark.parametrize("watched", [silenced, stopped])
def test_after_a_storm_that_no_event_survived_one_look_finds_every_line(
    place: Any, until: Until, watched: Callable[..., None]
) -> None:
    place.configure("[watch]\nrescan_seconds = 1\n")
    place.agent.folder.mkdir(parents=True)
    watched(place, until, 50, 2_000)

    all_is_found(place, until, 50, 2_000)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("watched", [silenced, stopped, refused, killed])
def test_nor_is_a_line_of_fifty_thousand_lost(place: Any, until: Until, watched: Callable[..., None]) -> None:
    place.configure("[watch]\nrescan_seconds = 5\n")
    place.agent.folder.mkdir(parents=True)
    watched(place, until, 500, 50_000)

    all_is_found(place, until, 500, 50_000)


def test_a_storm_of_events_is_read_whole(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    place.watch()
    until(place.has_looked)

    for turn in range(2):
        for n in range(200):
            place.agent.says(f"storm {turn}", f"s{n}")

    until(lambda: place.outside.store.counts().events == 400)


def test_a_network_file_system_is_not_asked_for_events(tmp_path: Path) -> None:
    hints = Hints(on=lambda path: "nfs4")

    assert hints.follow([tmp_path]) is False
    assert hints.troubles == {tmp_path: f"{tmp_path} is on nfs4, which tells of no change"}
    hints.close()


def test_a_folder_whose_links_lead_in_a_circle_is_no_folder_and_the_others_are_watched(
    place: Any, until: Until, events_only: str
) -> None:
    place.configure(events_only)
    circle = place.agent.folder.parent / "circle"
    circle.parent.mkdir(parents=True)
    circle.symlink_to(circle)
    place.agent.says("a seagull took it")
    watch = Watch(place.home, place.outside, folders={"claude-code": [place.agent.folder], "codex": [circle]})
    watch.start()

    until(lambda: place.knows("seagull"))

    watch.stop()
