"""A signal ends the work in order, whatever the library that it meets makes of it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from memsrv.errors import Interrupted, RunFailed
from memsrv_consolidation.stop import Signalled, Stop


@pytest.fixture
def stop() -> Iterator[Stop]:
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield Stop()
    for number, handler in before:
        signal.signal(number, handler)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def goes_on_without() -> None:
    """As a library that tries whether it has all its parts."""
    with suppress(Exception):
        interrupt()


def disguises() -> None:
    """As the start of a C extension: what it met is not told any more."""
    try:
        interrupt()
    except BaseException:  # noqa: BLE001 - it is the point
        other = ModuleNotFoundError("Could not import module 'Trainer'")
    raise other


def runs_what_it_wrote() -> None:
    """As a dataclass does: Python remembers a KeyboardInterrupt that passed here, and dies by it at its end."""
    exec("interrupt()", {"interrupt": interrupt})


@pytest.mark.parametrize("library", [goes_on_without, disguises, runs_what_it_wrote])
def test_an_interruption_is_one_whatever_a_library_makes_of_it(stop: Stop, library: Callable[[], None]) -> None:
    with pytest.raises(Interrupted, match="the run was interrupted"), stop.heeded():
        library()


def test_what_a_library_made_of_it_is_told(stop: Stop, capsys: pytest.CaptureFixture[str]) -> None:
    with suppress(Interrupted), stop.heeded():
        disguises()

    assert "Could not import module 'Trainer'" in capsys.readouterr().err


def test_a_signal_is_no_error_that_a_library_could_answer(stop: Stop) -> None:
    with pytest.raises(Signalled) as signalled:
        interrupt()

    assert not isinstance(signalled.value, Exception | KeyboardInterrupt)


@pytest.mark.parametrize("error", [RunFailed("it gives NaN"), OSError(28, "No space left on device")])
def test_what_failed_for_a_reason_of_its_own_while_it_ended_is_told_as_itself(stop: Stop, error: Exception) -> None:
    def fails_as_it_saves() -> None:
        with stop.saving_itself() as asked:
            asked()
            interrupt()
            raise error

    with pytest.raises(type(error)), stop.heeded():
        fails_as_it_saves()


def test_what_fails_without_a_signal_has_failed(stop: Stop) -> None:
    with pytest.raises(ZeroDivisionError), stop.heeded():
        1 / 0  # noqa: B018


def test_work_that_saves_itself_is_left_to_end_itself_and_asked_again_ends_at_once(stop: Stop) -> None:
    with stop.saving_itself() as asked:
        assert not asked()
        interrupt()

        assert asked()
        with pytest.raises(Interrupted), stop.heeded():
            interrupt()


def test_the_bench_of_retention_ends_so_between_two_answers_too(stop: Stop, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from memsrv_consolidation.bench.retention import retention

    order = {
        "base": "tiny", "base_path": "", "base_hash": "h", "facts": 4, "cycles": 1, "strategies": ["paper"],
        "seeds": [1], "scenarios": ["x"], "cascades": [], "threads": 1, "epochs": None, "window": None,
    }  # fmt: skip

    with pytest.raises(Interrupted, match="the run was interrupted"):
        retention(order, tmp_path, lambda *_: interrupt())
