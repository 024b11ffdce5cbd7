"""`python -I -m memsrv_consolidation RUN [--until STAGE]`: bring one run folder to its report, or so far.

Secrets come on stdin (`given`). Exit 0: it is there. 130: SIGINT or SIGTERM ended it, what is finished stays. 1: it
failed, and `progress.json` says why in a sentence. A bug keeps its traceback on stderr.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from memsrv.environment import set_for_libraries
from memsrv.errors import Interrupted, MemsrvError, MissingExtra, RunInProgress, UsageError
from memsrv_consolidation.given import Given, read
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.run import Run, one_at_a_time
from memsrv_consolidation.stop import Signalled, Stop

#: The stages that a run may end after; with a teacher, the training is another process, which never has its key, and
#: a bench measures an adapter in its own way.
UNTIL = ("synthesise", "train")


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
        with stop.heeded():
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
