"""The verbs that measure how knowledge ages in weights: over several nights, and after an erase."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memsrv.app.rooms import Rooms
from memsrv.bench.child import Told, carried_out, kept_in
from memsrv.errors import UsageError
from memsrv_adapters.base import resolve
from memsrv_consolidation.strategies import strategy as known_strategy


class Ageing(Rooms):
    def bench_nights(
        self,
        *,
        base: str | None,
        strategy: str | None,
        nights: int,
        facts: int,
        questions: int,
        seeds: Sequence[int],
        replay: float | None,
        out: Path | None,
        told: Told,
    ) -> dict[str, Any]:
        """Nights of made-up facts, each a fresh adapter of all or the last one extended; what is known after each."""
        asked = {
            "nights": nights, "facts": facts, "replay": self.settings.replay if replay is None else replay,
            "questions": questions, "seeds": list(seeds),
        }  # fmt: skip
        return self._carried("nights", base, strategy, asked, out, told)

    def bench_erase(
        self,
        *,
        base: str | None,
        strategy: str | None,
        facts: int,
        erased: int,
        questions: int,
        seeds: Sequence[int],
        out: Path | None,
        told: Told,
    ) -> dict[str, Any]:
        """What is left of erased facts after a rebuild, beside models that never knew them."""
        if not 0 < erased < facts:
            raise UsageError(f"of {facts} facts {erased} cannot be erased and some be left; ask for fewer --erased")
        asked = {
            "facts": facts, "erased": erased, "replay": self.settings.replay, "questions": questions,
            "seeds": list(seeds),
        }  # fmt: skip
        return self._carried("erasing", base, strategy, asked, out, told)

    def _carried(
        self, name: str, base: str | None, strategy: str | None, asked: dict[str, Any], out: Path | None, told: Told
    ) -> dict[str, Any]:
        """A bench that trains adapters of its own; those in `out` are taken."""
        chosen, way = resolve(base or self.settings.base, self.home.models), strategy or self.settings.strategy
        known_strategy(way)
        order = {
            "base": chosen.name, "path": str(chosen.path), "hash": chosen.hash, "strategy": way,
            "threads": self.settings.cpu_threads, **asked,
        }  # fmt: skip
        with kept_in(out) as folder:
            return carried_out(name, order, folder, told)
