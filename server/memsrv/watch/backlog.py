"""How much of what agents wrote before anybody watched is read unasked: the newest of it, up to an allowance.

Gigabytes of old logs take an hour of a machine; `memsrv ingest` asks before it reads them. A log that is known, or was
written to since the watch began, is no backlog. Reads nothing.
"""

from collections.abc import Callable, Collection, Sequence

from memsrv.watch.changes import Change


class Backlog:
    """`known`: the paths of logs that were read before. `asked`: from which time on a person wants old logs read, in
    seconds of the system's clock; None where nobody was asked. Both are looked up when there is something to judge.
    """

    def __init__(
        self, allowance: int, began: float, known: Callable[[], Collection[str]], asked: Callable[[], float | None]
    ) -> None:
        self._left_of_allowance = allowance
        self._began = began
        self._known = known
        self._asked = asked
        self._granted: set[str] = set()
        self.logs = 0
        self.bytes = 0  # of logs that are left

    def readable(self, changes: Sequence[Change]) -> list[Change]:
        """Those of `changes`, oldest first, that may be read; the newest come first where not all may."""
        old = [one for one in changes if one.modified < self._began and str(one.path) not in self._granted]
        if old:
            known, asked = self._known(), self._asked()
            old = [one for one in old if str(one.path) not in known]
            left = self._beyond(old, asked)
        else:
            left = []
        self.logs, self.bytes = len(left), sum(one.size for one in left)
        if not left:
            return list(changes)
        kept = {one.path for one in left}
        return [one for one in reversed(changes) if one.path not in kept]

    def _beyond(self, old: Sequence[Change], asked: float | None) -> list[Change]:
        """Those of the unknown `old` logs that nobody asked for."""
        if asked is not None:
            return [one for one in old if one.modified < asked]
        left = []
        for one in reversed(old):
            if one.size <= self._left_of_allowance:
                self._left_of_allowance -= one.size
                self._granted.add(str(one.path))
            else:
                left.append(one)
        return left
