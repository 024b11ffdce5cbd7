"""`python -I -m memsrv_consolidation RUN`: bring one run folder to its report.

Exit 0: there is a report. 130: SIGINT or SIGTERM ended it, what is finished stays. 1: it failed, and `progress.json`
says why in a sentence. A bug keeps its traceback on stderr.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from memsrv.errors import Interrupted, MemsrvError, MissingExtra, RunInProgress, UsageError
from memsrv.settings import set_for_libraries
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.run import Run, one_at_a_time


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
            raise Interrupted("the run was interrupted")


def main(arguments: Sequence[str]) -> int:
    """Run the stages of the folder that `arguments` name."""
    stop = Stop()
    if len(arguments) != 1 or not (Path(arguments[0]) / "run.json").is_file():
        sys.stderr.write("usage: python -I -m memsrv_consolidation RUN, where RUN is a folder with a run.json\n")
        return UsageError.exit_code
    run = Run(Path(arguments[0]).absolute())
    try:
        with one_at_a_time(run.folder.parent):
            return carry(run, stop)
    except RunInProgress as error:  # the progress in the folder may be that of the process that runs it
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def carry(run: Run, stop: Stop) -> int:
    """Bring `run` to its report, or say in its progress why there is none."""
    pace = Pace(run, os.getpid())
    go_on = f"go on with `memsrv consolidate --resume {run.folder.name}`"
    try:
        set_for_libraries(run.order.threads)  # before torch is imported
        from memsrv_consolidation.pipeline import consolidate

        consolidate(run, pace, stop.saving_itself)
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
    pace.end("done", "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
