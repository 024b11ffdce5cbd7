"""The verbs that measure training and what it made, in a process that has torch."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from memsrv.app.rooms import Rooms
from memsrv.bench.child import Told, carried_out, kept_in
from memsrv.bench.training import SHAPE_STEPS, shape_named, training, ways
from memsrv.consent import Act
from memsrv.errors import MissingExtra, NotFound, UsageError
from memsrv_adapters.base import resolve
from memsrv_consolidation.recipe import preset as recipe_named


class Benching(Rooms):
    def bench_reading(
        self, version: str | None, *, project: str | None, questions: int, facts: Sequence[int], seed: int, told: Told
    ) -> dict[str, Any]:
        """Made-up facts in context, asked of a version (unset: the live one) and of its base."""
        self.consent.require(Act.RECALL, project=self.project(project))
        name = self._shelved(project)
        found = self.shelf.version(name, version) if version else self.shelf.current(name)
        if found is None:
            raise NotFound(f"{name} has no live version; name one (`memsrv adapters` lists them)")
        if questions < len(facts):
            raise UsageError(f"{questions} questions over {len(facts)} sizes of context leave none; ask more")
        self.shelf.verify(found)
        base = resolve(found.manifest.base, self.home.models)
        with TemporaryDirectory(prefix="memsrv-bench-") as folder:
            order = {
                "base": str(base.path), "adapter": str(found.path), "questions": questions, "facts": list(facts),
                "seed": seed, "threads": self.settings.cpu_threads,
            }  # fmt: skip
            return {"model": found.label, "base": base.name, **carried_out("reading", order, Path(folder), told)}

    def bench_ladder(
        self, base: str | None, *, facts: int, seeds: int, rungs: Sequence[str] | None, ranks: Sequence[int],
        wordings: Sequence[int], epochs: float | None, out: Path | None, told: Told,
    ) -> dict[str, Any]:  # fmt: skip
        """The paper's training and ours, rung by rung, on the same made-up facts; in `out`, done runs are taken."""
        found = resolve(base or self.settings.base, self.home.models)
        order = {
            "base": found.name, "base_path": str(found.path), "base_hash": found.hash, "facts": facts, "seeds": seeds,
            "rungs": rungs, "ranks": list(ranks), "wordings": list(wordings), "epochs": epochs,
            "strategy": self.settings.strategy, "threads": self.settings.cpu_threads,
        }  # fmt: skip
        with kept_in(out) as folder:
            return carried_out("ladder", order, folder, told)

    def bench_training(
        self, base: str | None, strategies: Sequence[str], *, preset: str | None, steps: int | None,
        layers: int | None, facts: int, seed: int, told: Told,
    ) -> dict[str, Any]:  # fmt: skip
        """Our strategies beside trl on the same made-up facts; `steps` set, or a shape for a base: the pace alone."""
        wished = base or self.settings.base
        shape = shape_named(wished)
        found = None if shape else resolve(wished, self.home.models)
        recipe_named(shape or wished, "distil", preset)  # one that is not there is told before anything is trained
        with TemporaryDirectory(prefix="memsrv-bench-") as folder:
            order = {
                "name": shape or wished, "path": str(found.path) if found else None, "base": f"{folder}/base",
                "layers": layers, "preset": preset, "steps": steps or (None if found else SHAPE_STEPS), "facts": facts,
                "seed": seed, "threads": self.settings.cpu_threads,
            }  # fmt: skip
            orders = {name: {**order, "strategy": name} for name in ways(strategies)}
            return {"base": wished, "layers": layers, **training(orders, Path(folder), told)}

    def bench_guard(
        self, model: str | None, tasks: Sequence[str], *, project: str | None, limit: int | None, bound: float,
        include: Path | None, code: bool, batch: int, told: Told,
    ) -> dict[str, Any]:  # fmt: skip
        """Tasks of lm-eval, put to a version (`project@vN`; unset: the live one) and to its base."""
        if not tasks:
            raise UsageError("name tasks of lm-eval, as `--tasks humaneval,mmlu`; `lm-eval ls tasks` lists them")
        if importlib.util.find_spec("lm_eval") is None:
            raise MissingExtra("bench guard needs lm-eval; run `pip install 'memsrv[guard]'`")
        named, _, version = (model or "").partition("@")
        self.consent.require(Act.RECALL, project=self.project(named or project))
        name = self._shelved(named or project)
        found = self.shelf.version(name, version) if version else self.shelf.current(name)
        if found is None:
            raise NotFound(f"{name} has no live version; name one (`memsrv adapters` lists them)")
        self.shelf.verify(found)
        base = resolve(found.manifest.base, self.home.models)
        with TemporaryDirectory(prefix="memsrv-bench-") as folder:
            order = {
                "base": str(base.path), "adapter": str(found.path), "tasks": list(tasks), "limit": limit,
                "bound": bound, "include": str(include.absolute()) if include else None, "code": code, "batch": batch,
                "seed": 7, "threads": self.settings.cpu_threads,
            }  # fmt: skip
            return {"model": found.label, "base": base.name, **carried_out("guard", order, Path(folder), told)}
