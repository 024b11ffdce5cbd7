"""The watch remembers, obeys what is allowed, and goes on: one bad log, session, config or disk stops nothing else."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.api import BaseObserver, EventEmitter

from memsrv.app import App
from memsrv.errors import StoreError
from memsrv.ingest import IngestReport

Until = Callable[..., Any]


# Remembering


def test_a_session_is_remembered_once_it_is_quiet(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    place.watch()
    until(place.has_looked)

    place.agent.says("The staging server is on port 8443.")

    until(place.outside.store.memories)
    until(lambda: not place.outside.waiting_sessions())  # a moment later: what a crash cuts off is to be taken up
    assert [memory.value for memory in place.outside.store.memories()] == ["8443"]


def test_a_session_that_a_crash_left_unremembered_is_taken_up(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    place.outside.read_logs([place.agent.says("The staging server is on port 8443.")])
    assert place.outside.waiting_sessions()

    place.watch()

    until(lambda: not place.outside.waiting_sessions())
    assert [memory.value for memory in place.outside.store.memories()] == ["8443"]


def test_a_session_that_breaks_remembering_does_not_keep_the_others_from_it(
    place: Any, until: Until, events_only: str
) -> None:
    class Breaking(App):
        def remember_sessions(self, waiting: Mapping[str, int]) -> int:
            if "broken" in waiting:
                raise ZeroDivisionError("a lens fell over")
            return super().remember_sessions(waiting)

    place.configure(events_only)
    for session in ("broken", "sound"):
        place.agent.says(f"The {session} server is on port 8443.", session)
    place.watch(Breaking)

    until(lambda: place.outside.waiting_sessions() == {"broken": 1})
    until(lambda: place.standing().last_error is not None)

    assert place.standing().last_error.where == "session broken"
    assert "a lens fell over" in place.standing().last_error.what


# Errors


def test_a_log_that_breaks_the_reading_is_named_and_the_others_are_read(
    place: Any, until: Until, events_only: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Breaking(App):
        whole = False

        def read_logs(self, paths: Sequence[Path], **chosen: Any) -> IngestReport:
            if paths[0].stem == "broken" and not Breaking.whole:
                raise ZeroDivisionError("a reader fell over")
            return super().read_logs(paths, **chosen)

    place.configure(events_only)
    broken = place.agent.says("The zeppelin needs helium.", "broken")
    place.agent.says("The submarine needs ballast.", "sound")
    place.watch(Breaking)

    until(lambda: place.knows("submarine"))
    error = until(lambda: place.standing().last_error)
    assert (error.where, error.what) == (str(broken), "ZeroDivisionError: a reader fell over")
    assert "Traceback" in caplog.text

    Breaking.whole = True
    place.agent.says("The glider needs wind.", "broken")
    until(lambda: place.knows("glider"))
    until(lambda: place.standing().last_error is None)


def test_a_database_that_cannot_be_written_for_a_moment_costs_nothing(
    place: Any, until: Until, events_only: str
) -> None:
    class Refusing(App):
        left = 2

        def read_logs(self, paths: Sequence[Path], **chosen: Any) -> IngestReport:
            Refusing.left -= 1
            if Refusing.left >= 0:
                raise StoreError("the disk is full; free some space")
            return super().read_logs(paths, **chosen)

    place.configure(events_only)
    place.agent.says("The zeppelin needs helium.")
    place.watch(Refusing)

    assert until(lambda: place.standing().last_error).what == "the disk is full; free some space"
    until(lambda: place.knows("zeppelin"))
    until(lambda: place.standing().last_error is None)


def test_a_document_that_was_half_written_is_looked_at_again_soon_though_nothing_tells_of_it(
    place: Any, until: Until, events_only: str
) -> None:
    class JustRewritten(App):
        looks = 0

        def read_logs(self, paths: Sequence[Path], **chosen: Any) -> IngestReport:
            JustRewritten.looks += 1
            return replace(super().read_logs(paths, **chosen), half_written=int(JustRewritten.looks == 1))

    place.configure(events_only)
    place.agent.says("The zeppelin needs helium.")
    place.watch(JustRewritten, observer=lambda: BaseObserver(EventEmitter))

    until(lambda: JustRewritten.looks == 2)


# Settings and consent


def test_a_source_that_may_not_be_read_is_read_when_it_may(place: Any, until: Until, events_only: str) -> None:
    place.configure(f"{events_only}[sources.claude-code]\ncapture = false\n")
    place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(place.has_looked)
    assert place.standing().folders == ()
    assert place.outside.store.counts().events == 0

    place.configure(events_only)

    until(lambda: place.knows("zeppelin"))


def test_a_project_that_may_no_longer_be_read_is_no_longer_read(place: Any, until: Until, rescans: str) -> None:
    place.configure(rescans)
    place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(lambda: place.knows("zeppelin"))

    place.configure(f"{rescans}[projects.shop]\ncapture = false\n")
    place.agent.says("The submarine needs ballast.")
    other = type(place.agent)(place.agent.folder, cwd="/nowhere/harbour")
    other.says("The glider needs wind.", "other")

    until(lambda: place.knows("glider"))
    assert not place.knows("submarine")


def test_a_log_that_an_ignore_file_kept_out_is_read_when_that_file_goes(
    place: Any, until: Until, rescans: str, tmp_path: Path
) -> None:
    place.configure(rescans)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / ".memsrvignore").write_text("*\n", "utf-8")
    place.agent.cwd = str(folder)
    place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(place.has_looked)
    first = datetime.fromisoformat(place.standing().scanned)
    long_enough = timedelta(seconds=4)  # by then no log counts as one that changed just now
    until(lambda: datetime.fromisoformat(place.standing().scanned) - first >= long_enough)
    assert not place.knows("zeppelin")

    (folder / ".memsrvignore").unlink()

    until(lambda: place.knows("zeppelin"))


def test_the_lease_is_given_back_when_watching_is_turned_off(place: Any, until: Until, events_only: str) -> None:
    place.configure(events_only)
    place.watch()
    until(place.has_looked)

    place.configure("[watch]\nenabled = false\n")
    until(lambda: not place.standing().watching)
    place.configure(events_only)

    until(lambda: place.standing().watching)


def test_a_config_that_cannot_be_read_is_told_and_watching_goes_on_once_it_can(
    place: Any, until: Until, events_only: str
) -> None:
    place.configure(events_only)
    place.watch()
    until(place.has_looked)

    place.configure("[watch\n")
    error = until(lambda: place.standing().last_error)
    assert "config.toml is not valid TOML" in error.what
    place.configure(events_only)
    place.agent.says("The zeppelin needs helium.")

    until(lambda: place.knows("zeppelin"))
    until(lambda: place.standing().last_error is None)


# Ending


def test_a_watch_that_is_stopped_in_a_long_log_stops_there_and_frees_the_lease(
    place: Any, until: Until, events_only: str
) -> None:
    reached = threading.Event()

    class Telling(App):
        def read_logs(self, paths: Sequence[Path], *, progress: Any = None, **chosen: Any) -> IngestReport:
            def told(*where: Any) -> None:
                reached.set()
                progress(*where)

            return super().read_logs(paths, progress=told, **chosen)

    place.configure(events_only)
    log = place.agent.says("first")
    with log.open("ab") as file:
        for n in range(4_000):
            file.write(place.agent.line(f"{n} " + "word " * 400))
    watch = place.watch(Telling)
    assert reached.wait(60)

    watch.stop()

    assert not place.standing().watching
    stored = place.outside.store.counts().events
    assert stored < 4_001
    place.outside.read_logs([log])
    assert place.outside.store.counts().events == 4_001
