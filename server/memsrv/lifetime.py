"""Ends a process with its host: SIGTERM, SIGINT, or the death of the parent that started it.

At once, without unwinding: a thread may be blocked reading stdin and cannot be cancelled, and every write of ours is
one short transaction, so there is nothing that an exit could tear. Knows nothing of what the process does.
"""

import os
import signal
import threading
from typing import NoReturn

import psutil

INTERRUPTED = 130


def end_with_host(parent: int) -> None:
    """From now on this process leaves on a signal, or when `parent` is gone. Call it from the main thread."""
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _leave)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True, name="parent").start()


def _leave(*_: object) -> NoReturn:
    os._exit(INTERRUPTED)


def _leave_with(parent: int) -> None:
    """A host that was killed may leave our stdin open in another child of its own; its pid tells all the same."""
    try:
        psutil.Process(parent).wait()
    except psutil.NoSuchProcess:
        os._exit(0)
    except psutil.AccessDenied:
        return  # another user's process, as pid 1 of a container may be: closed stdin has to do
    os._exit(0)
