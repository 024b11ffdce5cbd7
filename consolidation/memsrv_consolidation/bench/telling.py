"""A run's pace that is told on as a part of a bench's: which of its runs, which stage, how far that is. Torch-free."""

import os

from memsrv_consolidation.bench import Told
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.run import Run


class Telling(Pace):
    """`title` says which of the bench's runs it is."""

    def __init__(self, run: Run, told: Told, title: str) -> None:
        self._told, self._title, self._at = told, title, title
        run.folder.mkdir(parents=True, exist_ok=True)
        super().__init__(run, os.getpid())

    def begin(self, stage: str, total: int = 0, done: int = 0) -> None:
        super().begin(stage, total, done)
        self._at = f"{self._title}: {stage}"
        self._told(self._at, done, total)

    def count(self, done: int, total: int) -> None:
        super().count(done, total)
        self._told(self._at, done, total)


def numbered(title: str, place: int, of: int) -> str:
    """`title` of the bench's run at `place`, and how many there are."""
    return f"{title} ({place + 1} of {of})"
