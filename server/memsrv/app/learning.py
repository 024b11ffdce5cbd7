"""The verbs of learning: a night's consolidation, and its runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from memsrv import night
from memsrv.app.reviewing import Reviewing
from memsrv.app.rooms import EVERY
from memsrv.consent import Act, Answer
from memsrv.night.teaching import engaged
from memsrv.shapes import Runs

Progress = Callable[..., None]


class Learning(Reviewing):
    def consolidate(
        self,
        *,
        project: str | None = None,
        base: str | None = None,
        teacher: str | None = None,
        strategy: str | None = None,
        preset: str | None = None,
        stage: bool = False,
        resume: str | None = None,
        extend: bool = False,
        consent: Callable[[str], Answer],
        progress: Progress = lambda *_: None,
    ) -> dict[str, Any]:
        """One night: train, measure, and promote if it passed. `consent` is asked once for each project.

        `extend` goes on from the live version's weights, where they may be gone on from; else all is trained anew.
        `teacher` unset is the one of the settings, of a run that is resumed the one it began with.
        """
        if resume:
            report = self._night.resume(resume, stage=stage, teacher=teacher, told=progress)
        else:
            name = self.project(project)
            engaged(self.home, self.settings, teacher)  # what it lacks is told before anybody is asked
            self.ask_to_train(name, consent)
            report = self._night.consolidate(
                self.store, name, now=datetime.now(UTC), base=base, strategy=strategy, preset=preset, stage=stage,
                teacher=teacher, extend=extend, told=progress,
            )  # fmt: skip
        self._note_standing()
        return report

    def runs(self, *, project: str | None = None) -> Runs:
        """All runs, newest first; of one project if it is named."""
        may = self.consent.allows
        runs = self._night.runs(None if project == EVERY else project)
        return Runs(tuple(run for run in runs if may(Act.RECALL, project=run.project)))

    def run(self, id: str) -> dict[str, Any]:
        """The report of a run; how far it is, where there is none yet."""
        run = self._night.run(id)
        self.consent.require(Act.RECALL, project=run["project"])  # a report quotes questions and answers
        return run

    @property
    def _night(self) -> night.Night:
        return night.Night(self.home, self.settings)
