"""The one error tree. A message says what happened, to which thing, and what to do next.

    MemsrvError               exit 1: it could not be done
    ├── UsageError            exit 2: the request itself was wrong
    │   ├── UnknownBase       no such base model
    │   └── NotFound          no such record, session, run or version
    ├── GateRefused           exit 3: a gate said no, or could not tell
    ├── Interrupted           exit 130: the user, or SIGTERM, ended it
    │   └── Paused            a night's run made way for whoever came back
    ├── NoLogs                nothing to read at the given place
    ├── MissingExtra          an optional dependency is not installed
    ├── StoreError            the database cannot be used (locked, full, newer schema)
    │   └── StoreDamaged      what it holds is no database any more
    ├── BackupRefused         a backup is damaged or newer, or memsrv is at work where it would be restored
    ├── RunInProgress         one consolidation at a time
    ├── RunFailed             a consolidation ended without a report
    ├── BudgetSpent           what teachers may cost in a day is spent
    ├── TeacherRefused        a teacher rejected a call before doing any work
    ├── TeacherSilent         nobody knows how a call to a teacher ended
    ├── NotAsked              gigabytes of old logs, and nobody there to ask whether they are to be read
    ├── NothingConsented      capture, recall or training of this project or source is not allowed
    ├── NoAdapterYet          nothing has been promoted
    ├── AdapterMismatch       weights and base do not belong together, or a version is damaged
    ├── PortInUse             the endpoint cannot bind
    ├── EndpointUnavailable   the endpoint did not answer
    └── NoTimer               the system offers no timer, or not the one that was written

At three edges only (cli, an MCP tool, a route) a `MemsrvError` becomes words for a human; anything else is a bug.
"""

from typing import ClassVar


class MemsrvError(Exception):
    """Something could not be done; `str(error)` is a sentence for a human, ending in what to do next."""

    exit_code: ClassVar[int] = 1


class UsageError(MemsrvError):
    exit_code = 2


class UnknownBase(UsageError):
    pass


class NotFound(UsageError):
    pass


class GateRefused(MemsrvError):
    exit_code = 3


class Interrupted(MemsrvError):
    exit_code = 130


class Paused(Interrupted):
    pass


class NoLogs(MemsrvError):
    pass


class MissingExtra(MemsrvError):
    pass


class StoreError(MemsrvError):
    pass


class StoreDamaged(StoreError):
    pass


class BackupRefused(MemsrvError):
    pass


class RunInProgress(MemsrvError):
    pass


class RunFailed(MemsrvError):
    pass


class BudgetSpent(MemsrvError):
    pass


class TeacherRefused(MemsrvError):
    """`busy`: the same prompt may pass later, after `retry_after_s` if it told; `final`: no prompt will pass."""

    def __init__(
        self, sentence: str, *, busy: bool = False, final: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(sentence)
        self.busy = busy
        self.final = final
        self.retry_after_s = retry_after_s


class TeacherSilent(MemsrvError):
    pass


class NotAsked(MemsrvError):
    pass


class NothingConsented(MemsrvError):
    pass


class NoAdapterYet(MemsrvError):
    pass


class AdapterMismatch(MemsrvError):
    pass


class PortInUse(MemsrvError):
    pass


class EndpointUnavailable(MemsrvError):
    pass


class NoTimer(MemsrvError):
    pass
