"""The consolidation as a process: started, watched, told to end; its last words if it failed. Torch-free.

It may outlive us (the night timer's shell may close); Ctrl-C and SIGTERM here end it there.
"""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from memsrv.disk import MIB
from memsrv.environment import child_environment
from memsrv.errors import Interrupted, Paused, RunFailed, UnknownBase
from memsrv.records import to_dict
from memsrv_consolidation.given import NOTHING_GIVEN, Given
from memsrv_consolidation.progress import Progress, read
from memsrv_consolidation.run import Run, write_json

#: Seconds between two looks at a run's progress.
LOOK = 0.25
#: Bytes: with less on the disk a run cannot have ended well, nor written down why.
FULL = 16 * MIB

Told = Callable[[str, int, int, float | None, str], object]
CameBack = Callable[[], bool]


def silent(stage: str, done: int, total: int, eta_s: float | None, message: str) -> None:
    """Tells nobody."""


def nobody() -> bool:
    """Nobody comes back: a consolidation that was asked for by hand is not paused."""
    return False


def carry_out(
    python: str,
    run: Run,
    told: Told,
    came_back: CameBack = nobody,
    *,
    given: Given = NOTHING_GIVEN,
    until: str | None = None,
) -> None:
    """The child, until it ends, with its report or `until` a stage is done.

    RunFailed quotes its last words; Paused where it was ended because `came_back`. What is `given` travels through its
    stdin: arguments and environments can be read by others.
    """
    command = [python, "-I", "-m", "memsrv_consolidation", str(run.folder), *(["--until", until] if until else [])]
    with run.log_file.open("ab") as log:
        # -I: a `subprocess.py` in the user's project must not be imported. A session of its own: the terminal's
        # Ctrl-C reaches us alone, and we pass it on once.
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=child_environment(),
            start_new_session=True,
        )
    assert child.stdin is not None
    with suppress(BrokenPipeError), child.stdin:  # it may end before it listens; its exit code tells
        child.stdin.write(given.as_bytes())
    ending = _watch(child, run, told, came_back)
    if run.report_file.exists() or (until and child.returncode == 0):
        return
    go_on = f"go on with `memsrv consolidate --resume {run.folder.name}`"
    if ending is Paused:
        _say_paused(run, child.pid)
        raise Paused(f"the run was paused because you came back; the next quiet night resumes it, or {go_on}")
    if ending or child.returncode == Interrupted.exit_code:
        raise Interrupted(f"the run was interrupted; {go_on}")
    progress = read(run)
    said = progress.message if progress and progress.state == "failed" else _last_line(run.log_file)
    if child.returncode == UnknownBase.exit_code:
        raise UnknownBase(said)
    ended = f"by signal {-child.returncode}" if child.returncode < 0 else f"with exit code {child.returncode}"
    if (free := shutil.disk_usage(run.folder).free) < FULL:  # then it could not say so itself
        raise RunFailed(
            f"the run ended {ended}, and {run.folder} has no room ({free // MIB} MiB free); make some, then {go_on}"
        )
    raise RunFailed(f"the run ended {ended}: {said or 'without a word'} (see {run.log_file}); {go_on}")


def _watch(child: subprocess.Popen[bytes], run: Run, told: Told, came_back: CameBack) -> type[Interrupted] | None:
    """Wait for `child`, telling how far it is. What it was told to end for meanwhile, if it was."""
    ending: type[Interrupted] | None = None
    last: Progress | None = None
    with _sigterm_as_interrupt():
        while True:
            # The whole inner loop is inside: Ctrl-C may arrive while we wait, read or tell.
            try:
                while True:
                    with suppress(subprocess.TimeoutExpired):
                        child.wait(LOOK)
                        return ending
                    now = read(run)
                    if now is not None and now.pid == child.pid and now != last:
                        last = now
                        told(now.stage, now.done, now.total, now.eta_s, now.message)
                    if ending is None and came_back():
                        ending = Paused
                        child.send_signal(signal.SIGINT)
            except KeyboardInterrupt:
                ending = Interrupted
                child.send_signal(signal.SIGINT)


def _say_paused(run: Run, pid: int) -> None:
    """The child knows that it was interrupted, and not why; it has ended, so its last words may be completed."""
    last = read(run)
    if last is not None and last.pid == pid and last.state == "interrupted":
        message = "paused: you came back; the next quiet night resumes it"
        write_json(run.progress_file, to_dict(replace(last, message=message)))


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Inside, SIGTERM arrives as KeyboardInterrupt, where Python lets us (in the main thread)."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # another thread: signals are its main thread's business
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return lines[-1].strip() if lines else ""
