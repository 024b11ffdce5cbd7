"""`python -I -m memsrv_consolidation RUN [--until STAGE]`: bring one run folder to its report, or so far.

Secrets come on stdin (`given`). Exit 0: it is there. 130: SIGINT or SIGTERM ended it, what is finished stays. 1: it
failed, and `progress.json` says why in a sentence. A bug keeps its traceback on stderr.
"""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from memsrv.environment import set_for_libraries
from memsrv.errors import Interrupted, MemsrvError, MissingExtra, RunInProgress, UsageError
from memsrv_consolidation.given import Given, read
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.run import Run, one_at_a_time

#: The stages that a run may end after; with a teacher, the training is another process, which never has its key, and
#: a bench measures an adapter in its own way.
UNTIL = ("synthesise", "train")


class Signalled(BaseException):
    """Ends the run where it stands. No Exception: libraries catch those while they import their parts, or make others
    of them. No KeyboardInterrupt: after one has passed an `exec`, Python dies by SIGINT even where it was answered.
    """


class Stop:
    """Turns SIGINT and SIGTERM into an orderly end: at once, or, while a training can save itself, at its next step."""

    def __init__(self) -> None:
        self.asked = False
        self.saving = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    @contextmanager
    def saving_itself(self) -> Iterator[Callable[[], bool]]:
        """Inside, work that asks at each step whether to stop is trusted to end itself, from its first question on."""
        try:
            yield self._requested
        finally:
            self.saving = False

    def _requested(self) -> bool:
        self.saving = True
        return self.asked

    def _on_signal(self, number: int, frame: object) -> None:
        again, self.asked = self.asked, True
        if again or not self.saving:
            raise Signalled


def main(arguments: Sequence[str]) -> int:
    """Run the stages of the folder that `arguments` name."""
    os.umask(0o077)  # what memsrv writes is its user's alone, from the first byte on
    stop = Stop()
    parser = argparse.ArgumentParser("python -I -m memsrv_consolidation")
    parser.add_argument("run", type=Path, help="a folder with a run.json")
    parser.add_argument("--until", choices=UNTIL, help="end after this stage")
    try:
        asked = parser.parse_args(arguments)
        if not (asked.run / "run.json").is_file():
            parser.error(f"there is no run.json in {asked.run}; give the folder of a run")
    except SystemExit as ended:  # argparse has said why
        return int(ended.code or 0)
    run = Run(asked.run.absolute())
    try:
        given = read(sys.stdin.buffer if sys.stdin else None)
        with one_at_a_time(run.folder.parent):
            return carry(run, stop, given, asked.until)
    except Signalled:  # before the run's own part has begun, or after it
        return Interrupted.exit_code
    except (UsageError, Interrupted, RunInProgress) as error:  # the progress may be that of another process
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def carry(run: Run, stop: Stop, given: Given, until: str | None) -> int:
    """Bring `run` to its report, or `until` a stage, or say in its progress why there is none."""
    pace = Pace(run, os.getpid())
    go_on = f"go on with `memsrv consolidate --resume {run.folder.name}`"
    try:
        with _interruptible(stop):
            set_for_libraries(run.order.threads, every_gpu=True)  # before torch is imported
            from memsrv_consolidation.pipeline import consolidate

            whole = consolidate(run, pace, stop.saving_itself, given, until)
    except Interrupted:
        pace.end("interrupted", f"interrupted; {go_on}")
        return Interrupted.exit_code
    except MemsrvError as error:
        pace.end("failed", str(error))
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except ModuleNotFoundError as error:
        missing = MissingExtra(f"training needs {error.name}; run `pip install 'memsrv[train]'`, then {go_on}")
        pace.end("failed", str(missing))
        sys.stderr.write(f"{missing}\n")
        return 1
    except OSError as error:
        sentence = f"{run.folder} could not be written or read ({error}); make room, then {go_on}"
        sys.stderr.write(f"{sentence}\n")
        pace.end("failed", sentence)
        return 1
    except Exception as error:  # noqa: BLE001 - the last line of defence of a process: it tells, and fails
        traceback.print_exc()
        pace.end("failed", f"{type(error).__name__}: {error}; see {run.log_file}, then {go_on}")
        return 1
    if whole:
        pace.end("done", "")
    return 0


@contextmanager
def _interruptible(stop: Stop) -> Iterator[None]:
    """What fails after `stop` was asked for, and not by its own sentence, was interrupted: inside a C extension's start
    or a library's bare `except:`, another error can still come of a signal. That one stays in the log.
    """
    try:
        yield
    except Signalled:
        raise Interrupted("the run was interrupted") from None
    except (MemsrvError, OSError):
        raise
    except Exception as error:
        if not stop.asked:
            raise
        traceback.print_exc()
        raise Interrupted("the run was interrupted") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
