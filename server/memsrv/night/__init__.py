"""The night: orders a run, starts it in a process of its own, watches it, and shelves what passed the gate.

The one place that speaks to consolidation. The child gets a folder and writes in it; it never sees the database.
Torch-free.
"""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from memsrv.canaries import nightly
from memsrv.consent import Act, Consent
from memsrv.errors import MissingExtra, NotFound, RunInProgress
from memsrv.home import Home
from memsrv.night import sight
from memsrv.night.child import CameBack, Told, carry_out, nobody, silent
from memsrv.night.extending import obstacle
from memsrv.night.morning import edits, graduated, short_term
from memsrv.night.shelving import awaits_shelf, gone_back, put
from memsrv.night.sight import reflection, waiting
from memsrv.night.teaching import engaged, reachable
from memsrv.records import to_dict
from memsrv.redact import Redactor, key_at
from memsrv.settings import Settings
from memsrv.status import RunStanding
from memsrv.store import Store
from memsrv_adapters.base import resolve
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import shelf_name
from memsrv_consolidation.given import Given
from memsrv_consolidation.internalise import Policy
from memsrv_consolidation.progress import read
from memsrv_consolidation.recipe import preset as recipe_of
from memsrv_consolidation.run import Live, Order, Run, one_at_a_time, read_json, write_json, write_lines
from memsrv_consolidation.shape import shape_of
from memsrv_consolidation.strategies import strategy as known_strategy

__all__ = ["Night", "reflection", "waiting"]

#: What a training imports beyond the server; the last is of `memsrv[train]` alone.
NEEDED = ("torch", "transformers", "peft", "trl")


@dataclass(frozen=True, slots=True)
class Night:
    """Consolidations of one home. `needed` must be importable; `python` runs them, until somebody `came_back`.

    `or_rules`: nobody is there to be told what a teacher lacks, so rules work alone, and the report says why.
    """

    home: Home
    settings: Settings
    python: str = sys.executable
    needed: Sequence[str] = NEEDED
    came_back: CameBack = nobody
    or_rules: bool = False

    @property
    def consent(self) -> Consent:
        return Consent(self.settings)

    @property
    def policy(self) -> Policy:
        """What may enter weights."""
        return Policy(**self.settings.internalise.model_dump())

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.home.adapters)

    def consolidate(
        self,
        store: Store,
        project: str,
        *,
        now: datetime,
        base: str | None = None,
        strategy: str | None = None,
        preset: str | None = None,
        seed: int = 7,
        stage: bool = False,
        teacher: str | None = None,
        extend: bool = False,
        told: Told = silent,
    ) -> dict[str, Any]:
        """One night for `project`: its report, with the `version` it was shelved as (None where the gate refused)."""
        run = self.prepare(
            store, project, now=now, base=base, strategy=strategy, preset=preset, seed=seed, teacher=teacher,
            extend=extend,
        )  # fmt: skip
        return self._carry(run, stage, told)

    def prepare(
        self,
        store: Store,
        project: str,
        *,
        now: datetime,
        base: str | None = None,
        strategy: str | None = None,
        preset: str | None = None,
        seed: int = 7,
        teacher: str | None = None,
        extend: bool = False,
    ) -> Run:
        """Write the run folder. Everything that can be refused is refused here, before anything is written.

        `extend` goes on from the live version's weights; where that cannot be, the order says why, and trains anew.
        """
        self.consent.require(Act.TRAIN, project=project)
        self.check_extra()
        chosen = resolve(base or self.settings.base, self.home.models)
        way = strategy or self.settings.strategy
        known_strategy(way)
        teaching = engaged(self.home, self.settings, teacher, may_lack=self.or_rules)
        with one_at_a_time(self.home.runs):  # an erase holds it, too: what goes is not copied meanwhile
            name = shelf_name(project)
            live = self.shelf.current(name)
            named = preset or self.settings.preset or None
            recipe = recipe_of(chosen.name, way, named, shape_of(chosen.path).parameters)
            why_not = obstacle(self.shelf, name, live, chosen, recipe) if extend else None
            earlier = [str(run.conversations_file) for run in self.folders(project)] if extend else []
            run = Run(self.home.runs / f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{name}")
            try:
                run.folder.mkdir(parents=True, mode=0o700)
            except FileExistsError as error:
                raise RunInProgress(f"{run.folder.name} began this very second; see `memsrv runs`") from error
            redactor = Redactor(key_at(self.home.redaction_key), self.settings.redact.strings)
            created = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            seen = sight.trainable_part(store, self.consent)
            write_lines(run.episodes_file, sight.episodes(seen, project, redactor))
            canaries = nightly(run.folder.name)
            write_lines(run.planted_file, [sight.planted(project, canaries, created)])
            memories = sight.memories(seen, project, redactor)
            write_json(run.reviews_file, {"reviews": sight.reviews(store, project, redactor)})
            standing = short_term(memories, live, edits(store.reviews(project)))
            injected, answered = [memory.id for memory in standing.kept], graduated(standing, live)
            write_json(run.memory_file, {"memories": memories, "short_term": injected, "graduated": answered})
            # The order comes last: a folder with it is a whole one.
            write_json(
                run.order_file,
                to_dict(
                    Order(
                        id=run.folder.name,
                        project=project,
                        base=chosen.name,
                        strategy=way,
                        seed=seed,
                        threads=self.settings.cpu_threads,
                        created=created,
                        current=Live(live.version, str(live.path)) if live and not live.tainted else None,
                        base_path=str(chosen.path),
                        base_hash=chosen.hash,
                        preset=named,
                        any_base=self.settings.any_base,
                        canaries=tuple(canary.secret for canary in canaries),
                        teacher=teaching.order if teaching else None,
                        internalise=self.policy,
                        extend=extend and why_not is None,
                        not_extended=why_not or "",
                        replay=self.settings.replay,
                        earlier=tuple(earlier),
                        processes=self.settings.processes,
                    )
                ),
            )
            return run

    def resume(
        self, id: str, *, stage: bool = False, teacher: str | None = None, told: Told = silent
    ) -> dict[str, Any]:
        """Go on with a run that was interrupted or failed, with another `teacher` if one is named.

        Of a finished one, its report again.
        """
        run = self._find(id)
        self.consent.require(Act.TRAIN, project=run.order.project)
        if not run.report_file.exists():
            for agent in sorted({episode.session.agent for episode in run.episodes()}):
                self.consent.require(Act.TRAIN, agent=agent)
        if teacher is not None:
            teaching = engaged(self.home, self.settings, teacher)
            write_json(run.order_file, to_dict(replace(run.order, teacher=teaching.order if teaching else None)))
        return self._carry(run, stage, told)

    def runs(self, project: str | None = None) -> list[RunStanding]:
        """How all runs stand, newest first; of one project if it is named."""
        return [_standing(run) for run in self.folders(project)]

    def folders(self, project: str | None = None) -> list[Run]:
        """All runs, newest first; of one project if it is named."""
        if not self.home.runs.is_dir():
            return []
        folders = sorted((p for p in self.home.runs.iterdir() if (p / "run.json").is_file()), reverse=True)
        return [run for run in map(Run, folders) if project is None or run.order.project == project]

    def run(self, id: str) -> dict[str, Any]:
        """The report of a run with its `version`; how far it is, where there is none yet."""
        run = self._find(id)
        if run.report_file.exists():
            return {**read_json(run.report_file), "version": self._shelved(run)}
        return {**to_dict(_standing(run)), "folder": str(run.folder)}

    def _find(self, id: str) -> Run:
        run = Run(self.home.runs / id)
        if Path(id).name != id or not run.order_file.is_file():
            raise NotFound(f"there is no run {id}; see `memsrv runs`")
        return run

    def check_extra(self) -> None:
        """MissingExtra where what a training imports is not installed."""
        missing = [name for name in self.needed if importlib.util.find_spec(name) is None]
        if missing:
            raise MissingExtra(f"training needs {', '.join(missing)}; run `pip install 'memsrv[train]'`")

    def _check_idle(self) -> None:
        with one_at_a_time(self.home.runs):
            pass

    def _carry(self, run: Run, stage: bool, told: Told) -> dict[str, Any]:
        """Bring `run` to its report, and what passed onto the shelf."""
        if not run.report_file.exists():
            self.check_extra()
            self._check_idle()
            self._teach(run, told)
        if not run.report_file.exists():
            carry_out(self.python, run, told, self.came_back, given=Given(self.settings.redact.strings))
        report = read_json(run.report_file)
        self._send_back(run, report)
        if awaits_shelf(run):
            self._shelve(run, report, stage or self.settings.promote == "ask")
        return {**report, "version": self._shelved(run)}

    def _teach(self, run: Run, told: Told) -> None:
        """The stages that ask a teacher, in a process that has its key; the training is another, which never has it."""
        if run.order.teacher is None or run.conversations_file.exists():
            return
        earlier = [other.teacher_file for other in self.folders(run.order.project) if other.folder != run.folder]
        # As the settings are now: prices and limits may have changed since the run began.
        teaching = engaged(self.home, self.settings, run.order.teacher.name, earlier, may_lack=self.or_rules)
        assert teaching is not None  # what was ordered is no `rules`
        if teaching.order.lacks:
            write_json(run.order_file, to_dict(replace(run.order, teacher=teaching.order)))
            return
        with reachable(self.home, self.settings, teaching) as reached:
            write_json(run.order_file, to_dict(replace(run.order, teacher=reached.order)))
            given = Given(self.settings.redact.strings, reached.key)
            carry_out(self.python, run, told, self.came_back, given=given, until="synthesise")

    def _shelved(self, run: Run) -> str | None:
        found = [v for v in self.shelf.versions(shelf_name(run.order.project)) if v.manifest.run == run.folder.name]
        return found[-1].version if found else None

    def _shelve(self, run: Run, report: dict[str, Any], ask: bool) -> None:
        """Shelve the adapter, promote it (or offer it, where a person shall decide), and note that this is done.

        Killed on its way it is finished by the next who resumes the run; an older version is never pointed to again.
        """
        name = shelf_name(run.order.project)
        version = self._shelved(run) or put(self.shelf, run, report).version
        if version == self.shelf.names(name)[-1]:
            if ask:
                self.shelf.offer(name, version)
            else:
                self.shelf.promote(name, version, resolve(run.order.base, self.home.models).hash)
        write_json(run.shelved_file, {"version": version})

    def _send_back(self, run: Run, report: dict[str, Any]) -> None:
        """What the live version was found to fail while it stood beside the candidate is injected again."""
        order = run.order
        name = shelf_name(order.project)
        if order.current is None or order.current.version not in self.shelf.names(name):
            return
        live = self.shelf.version(name, order.current.version)
        if failed := gone_back(live, run.facts(), report.get("evaluation") or {}):
            self.shelf.set_stages(name, live.version, failed)


def _standing(run: Run) -> RunStanding:
    order = run.order
    standing = RunStanding(id=order.id, project=order.project, state="interrupted", started=order.created)
    progress = read(run)
    if progress is not None:
        # A killed run cannot say so itself; its process tells.
        dead = progress.state == "running" and not psutil.pid_exists(progress.pid)
        standing = replace(
            standing,
            state="interrupted" if dead else progress.state,
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            eta_s=progress.eta_s,
            reason=progress.message or None,
        )
    if run.report_file.exists():
        report = read_json(run.report_file)
        stopped = (report.get("teacher") or {}).get("stopped")
        standing = replace(standing, state="done", verdict=report["verdict"], reason=report["reason"], unaided=stopped)
    return standing
