"""The verb of the paper's experiment: it needs a base to train, a folder to keep answers in, and maybe a teacher."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from memsrv.app.teaching import Teaching
from memsrv.bench.child import Told
from memsrv.night import sight
from memsrv.records import Episode, Memory
from memsrv.redact import Redactor
from memsrv.store import Store
from memsrv_adapters.base import resolve


class Retaining(Teaching):
    def bench_retention(
        self,
        *,
        base: str | None,
        scenarios: int,
        facts: int,
        cycles: int,
        strategies: Sequence[str],
        conditions: Sequence[str] | None,
        seeds: int,
        part_tokens: int,
        reflection: str,
        epochs: float | None,
        window: int | None,
        teacher: str | None,
        out: Path | None,
        dry_run: bool,
        told: Told,
    ) -> dict[str, Any]:
        """The result, of the cells in `out` that were there and those that were done now; dry, what would be done."""
        from memsrv.bench.retention import Plan, checked, retaining, work

        plan = checked(
            Plan(
                resolve(base or self.settings.base, self.home.models), scenarios, facts, cycles, tuple(strategies),
                None if conditions is None else tuple(conditions), seeds, epochs, window, part_tokens, reflection,
                self.settings.memory_tokens, self.settings.cpu_threads,
            )
        )  # fmt: skip
        folder = (out or self.home.root / "bench" / "retention").absolute()
        if dry_run:
            return work(plan, folder)
        with ExitStack() as stack:
            one = stack.enter_context(self.teacher(teacher, "bench retention")) if teacher else None
            return retaining(plan, folder, told, _seen, one)


def _seen(store: Store, project: str) -> tuple[Iterable[Episode], Sequence[Memory]]:
    redactor = Redactor(b"bench")
    return sight.episodes(store, project, redactor), sight.memories(store, project, redactor)
