"""What is planted is looked for again, after each cycle; the goals of compaction without a model hold."""

import random

import pytest

from memsrv.bench.coding import Coder, kept
from memsrv.bench.compaction import CompactionBench, compaction
from memsrv.bench.planted import FLOOR, PROSE, Words, fact
from memsrv.bench.sessions import Library
from memsrv.errors import UsageError


@pytest.fixture(scope="module")
def bench() -> CompactionBench:
    return compaction(seed=7, sessions=2, part_tokens=20_000)


def _share(bench: CompactionBench, contestant: str, cycle: int, kind: str) -> float:
    (found,) = [one for one in bench.left if (one.contestant, one.cycle, one.kind) == (contestant, cycle, kind)]
    return found.kept / found.planted


@pytest.mark.parametrize(("cycle", "floor", "prose"), [(1, 0.9, 0.6), (3, 0.75, 0.4)])
def test_planted_facts_survive_compaction_to_a_sixth(
    bench: CompactionBench, cycle: int, floor: float, prose: float
) -> None:
    assert _share(bench, "memsrv", cycle, "floor") >= floor
    assert _share(bench, "memsrv", cycle, "prose") >= prose


def test_every_baseline_forgets_more_than_memsrv(bench: CompactionBench) -> None:
    for contestant in ("truncation", "masking only"):
        assert _share(bench, contestant, 3, "floor") < _share(bench, "memsrv", 3, "floor")


def test_the_same_seed_finds_the_same(bench: CompactionBench) -> None:
    assert compaction(seed=7, sessions=2, part_tokens=20_000).left == bench.left


def test_every_planted_fact_stands_whole_in_its_part() -> None:
    part = Coder("any", Library()).part(80_000)

    assert all(kept(part.facts, part.text.replace('\\"', '"')))


@pytest.mark.parametrize("kind", [*FLOOR, *PROSE])
def test_facts_of_a_kind_are_told_in_many_wordings(kind: str) -> None:
    words = Words(random.Random(3))
    openings = {fact(kind, words).text.split()[0] for _ in range(60)}

    assert len(openings) > 3


def test_a_bench_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        compaction(sessions=0)
