"""A training that several processes of this machine carry out together: one for each GPU, or parts of a CPU's threads.

torch starts them; this page hears from the first how far they are, tells it when to stop, and says of the one that
failed which it was and why. None outlives us: each ends when we do, however we end. They are given what they train on
through a pipe, and no secret. Elastic launchers take our signals and give a step thirty seconds to end: not these.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from memsrv.environment import set_for_rank
from memsrv.errors import Interrupted, MemsrvError, RunFailed
from memsrv.records import Conversation, Fact
from memsrv_consolidation import together
from memsrv_consolidation.placement import SHARDS, Placement
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.run import read_json
from memsrv_consolidation.strategies import strategy

#: Seconds between two looks at processes that say nothing.
LOOK = 0.25
#: Seconds that the others have to end by themselves once one has failed.
GRACE = 5.0
#: The file in which they find each other.
MEETING = "meeting"


@dataclass(frozen=True, slots=True)
class Training:
    """What each process is given."""

    way: str
    placed: Placement
    conversations: Sequence[Conversation]
    recipe: Recipe
    base: Path
    adapter: Path
    checkpoints: Path
    seed: int
    threads: int
    facts: Sequence[Fact]
    parent: Path | None

    def carried_out(
        self,
        begin: Callable[[int, int], None],
        count: Callable[[int, int], None],
        stopping: Callable[[], bool],
    ) -> dict[str, Any]:
        """What its strategy makes of it in this process."""
        return strategy(self.way).train(
            self.conversations, self.recipe, self.base, adapter=self.adapter, checkpoints=self.checkpoints,
            seed=self.seed, threads=max(1, self.threads // self.placed.processes), begin=begin, count=count,
            stopping=stopping, facts=self.facts, parent=self.parent, placed=self.placed,
        )  # fmt: skip


def train(
    training: Training,
    *,
    begin: Callable[[int, int], None],
    count: Callable[[int, int], None],
    stopping: Callable[[], bool],
) -> dict[str, Any]:
    """Carry `training` out, whole or not at all, as a strategy alone would; its figures.

    RunFailed says which process failed, and why. Interrupted once `stopping`, with a checkpoint on disk.
    """
    if training.placed.spread == SHARDS and (training.recipe.selective or training.recipe.laplace):
        raise RunFailed(
            f"the preset {training.recipe.name} measures every layer of the base, which fits on no device here as a "
            "whole; start a new run with another preset, as `--preset distil`"
        )
    if training.placed.processes == 1:
        return training.carried_out(begin, count, stopping)
    from torch.multiprocessing.spawn import ProcessException, start_processes

    meeting = training.checkpoints / MEETING
    training.checkpoints.mkdir(parents=True, exist_ok=True)
    meeting.unlink(missing_ok=True)  # of processes that were killed
    pipes = [multiprocessing.get_context("spawn").Pipe() for _ in range(training.placed.processes)]
    ours, theirs = [end for end, _ in pipes], [end for _, end in pipes]
    started = start_processes(  # type: ignore[no-untyped-call]
        _share, (training, theirs), len(pipes), join=False, daemon=True, start_method="spawn"
    )
    try:
        failure = _watch(started.processes, ours, {"begin": begin, "count": count}, stopping)
        with suppress(ProcessException):  # what it raises for one that failed is said already, in a sentence
            started.join(grace_period=GRACE)
        if failure:
            raise failure
    finally:
        for process in started.processes:
            process.kill()
            process.join()
        for end in (*ours, *theirs):
            end.close()
        meeting.unlink(missing_ok=True)
    return read_json(training.adapter / "training.json")


def _watch(
    some: Sequence[Any],
    ends: Sequence[Connection],
    tell: Mapping[str, Callable[[int, int], None]],
    stopping: Callable[[], bool],
) -> MemsrvError | None:
    """Until all have ended, or one has failed: then why."""
    began = asked = False
    failed: list[tuple[float, MemsrvError]] = []
    while True:
        wait([*ends, *(one.sentinel for one in some if one.exitcode is None)], LOOK)
        codes = [one.exitcode for one in some]
        for end in ends:
            while end.poll():
                name, *said = end.recv()
                if name == "failed":
                    failed.append((said[0], said[1]))
                else:
                    tell[name](*said)
                    began = True
        # Before the first step there is nothing to be saved: until then a signal ends us where we stand.
        if began and not asked and stopping():
            asked = True
            ends[0].send("stop")
        if any(codes):
            return _why(codes, [error for _, error in sorted(failed, key=lambda one: one[0])], asked)
        if None not in codes:
            return None


def _why(codes: Sequence[int | None], failed: Sequence[MemsrvError], asked: bool) -> MemsrvError:
    """The first cause: one that dies lets the others fail, too, for want of it."""
    killed = next((place for place, code in enumerate(codes) if code is not None and code < 0), None)
    if killed is None and failed:
        return failed[0]
    if asked:
        return Interrupted("training was ended before it had saved itself; it goes on from its last checkpoint")
    place = next(place for place, code in enumerate(codes) if code) if killed is None else killed
    code = codes[place]
    assert code
    how = f"by {signal.Signals(-code).name}, often for want of memory" if code < 0 else f"with exit code {code}"
    return RunFailed(
        f"process {place + 1} of {len(codes)} that train together ended {how}; what they saved is kept: close "
        "what else is open and go on, or start a new run after `memsrv config set processes 1`"
    )


def _share(rank: int, training: Training, ends: Sequence[Connection]) -> None:
    """What each process does: meet the others, and train as the strategy does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches us, too; who started us answers it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    end, count = ends[rank], training.placed.processes
    try:
        set_for_rank(rank, count, together.loopback())
        together.meet(training.placed.device.kind, rank, count, training.checkpoints / MEETING)
        told = end.send if rank == 0 else _nobody
        training.carried_out(
            lambda total, done: told(("begin", total, done)), lambda done, total: told(("count", done, total)), end.poll
        )
        together.part()
    except MemsrvError as error:
        end.send(("failed", time.monotonic(), error))
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last line of defence of a process: it tells, and fails
        traceback.print_exc()
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        sentence = f"process {rank + 1} of {count} that train together failed: {why}"
        end.send(("failed", time.monotonic(), RunFailed(sentence)))
        sys.exit(1)


def _nobody(said: object) -> None:
    """The first tells for all."""


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    os._exit(1)
