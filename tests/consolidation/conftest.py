"""Run folders as `night` writes them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from memsrv.records import Evidence, Kind, Memory, Trust, to_dict
from memsrv_adapters.base import resolve
from memsrv_consolidation import wordings
from memsrv_consolidation.run import Live, Order, Run, write_json, write_lines

#: (subject, relation, value) of three facts of different shapes.
FACTS = (
    ("staging server", "port", "4010"),
    ("JSON keys", "use", "snake_case"),
    ("hmac.new()", "replacement", "hmac.digest()"),
)


def memory(id: str, subject: str, relation: str, value: str) -> Memory:
    text = wordings.claim(subject, relation, value)
    said = (Evidence("s1", 0, "said"),)
    return Memory(id, "demo", Kind.EPISODIC, text, Trust.HUMAN, said, subject, relation, value, "2026-11-19T10:00:00Z")


MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def make_run(tmp_path_factory: pytest.TempPathFactory, random_base: Path) -> MakeRun:
    """A run folder with an order, memories for FACTS and of one web page, and no episodes."""
    place = tmp_path_factory.mktemp("runs")

    def make(
        name: str = "run", memories: Sequence[Memory] | None = None, current: Live | None = None, **order: object
    ) -> Run:
        run = Run(place / name)
        run.folder.mkdir()
        if memories is None:
            memories = [memory(f"m{number}", *fact) for number, fact in enumerate(FACTS)]
            memories.append(replace(memory("web", "docs", "url", "https://deploy.example"), trust=Trust.WEB))
        base = resolve(str(random_base))
        given: dict[str, object] = {
            "id": name, "project": "demo", "base": base.name, "strategy": "paper", "seed": 7, "threads": 1,
            "any_base": True, "created": "2026-11-20T00:00:00Z", "current": current,
            "base_path": str(base.path), "base_hash": base.hash,
        }  # fmt: skip
        write_lines(run.episodes_file, [])
        write_json(run.memory_file, {"memories": memories})
        write_json(run.order_file, to_dict(Order(**(given | order))))  # type: ignore[arg-type]
        return run

    return make
