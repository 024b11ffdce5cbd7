"""How SIGINT and SIGTERM end a process that trains: in order, whatever they meet, and what is finished stays."""

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from memsrv.errors import Interrupted, MemsrvError


class Signalled(BaseException):
    """Ends the work where it stands. No Exception: libraries catch those while they import their parts, or make others
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

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Inside, a signal becomes Interrupted.

        So does what fails after one, and not by a sentence of ours or for want of room: in the start of a C extension,
        or a library's bare `except:`, another error can still come of it. That one is told on stderr.
        """
        try:
            yield
        except Signalled:
            raise Interrupted("the run was interrupted") from None
        except (MemsrvError, OSError):
            raise
        except Exception as error:
            if not self.asked:
                raise
            traceback.print_exc()
            raise Interrupted("the run was interrupted") from error

    def _requested(self) -> bool:
        self.saving = True
        return self.asked

    def _on_signal(self, number: int, frame: object) -> None:
        again, self.asked = self.asked, True
        if again or not self.saving:
            raise Signalled
