"""What went wrong while watching, by where: logged once, shown until it is over. Nothing is swallowed, nothing repeats.

An error that has words for a person is logged as them; any other is a bug, and logged with its traceback.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from memsrv.errors import MemsrvError
from memsrv.watch.standing import Trouble

#: So many are kept at a time; the newest say what is wrong.
_KEPT = 200

log = logging.getLogger("memsrv.watch")


class Troubles:
    """`tell` hears of each in words, beside the log."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._by_place: dict[str, Trouble] = {}

    @property
    def last(self) -> Trouble | None:
        return next(reversed(self._by_place.values()), None)

    def add(self, where: str, error: Exception) -> Trouble:
        known = isinstance(error, MemsrvError | OSError)
        what = str(error) if known else f"{type(error).__name__}: {error}"
        before = self._by_place.get(where)
        if before is not None and before.what == what:
            return before
        log.warning("%s: %s", where, what, exc_info=None if known else error)
        self._tell(f"{where}: {what}")
        self._by_place.pop(where, None)
        trouble = self._by_place[where] = Trouble(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), where, what)
        while len(self._by_place) > _KEPT:
            del self._by_place[next(iter(self._by_place))]
        return trouble

    def over(self, where: str) -> None:
        if self._by_place.pop(where, None):
            log.info("%s: well again", where)
