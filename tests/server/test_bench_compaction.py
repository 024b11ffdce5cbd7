"""What is planted is looked for again, after each cycle; the goals of compaction without a model hold."""

import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.app import App
from memsrv.bench.coding import Coder, Part, kept
from memsrv.bench.compaction import CompactionBench, compaction
from memsrv.bench.planted import FLOOR, PROSE, Words, fact
from memsrv.bench.sessions import Library
from memsrv.bench.summaries import Cascade
from memsrv.errors import TeacherSilent, UsageError
from memsrv.settings import Home, Settings


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


def test_recover_gives_back_what_a_summary_dropped_and_hardly_what_it_told(bench: CompactionBench) -> None:
    found = bench.returned[-1]

    assert found.dropped_returned >= 0.95 * found.dropped
    assert found.kept_returned <= 0.05 * found.kept


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


# With a teacher


def test_a_teacher_s_summaries_stand_beside_and_are_paid_for(
    teach: Callable[[Any], Any], teachers: ModuleType, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Says(asked.text[: asked.most * 4]))
    said = {"model": "m", "url": server.url, "usd_per_million_input": 1.0, "usd_per_million_output": 2.0}
    app = App(Home(tmp_path / "home"), Settings.model_validate({"teacher": said}), tmp_path)
    with app.teacher("anthropic", "bench compaction") as one:
        made = compaction(
            seed=3, sessions=1, part_tokens=4_000, summarise=Cascade(one.ask, one.passage_bytes, one.answer_tokens)
        )

    assert {line.contestant for line in made.left} == {"memsrv", "truncation", "masking only", "teacher"}
    assert app.cost().today.tokens > 0
    assert all("You compact the context" in asked.system for asked in server.asked)


def test_a_long_context_is_summarised_in_passages_and_its_summary_is_summarised_again() -> None:
    read: list[str] = []

    def ask(instructions: str, text: str, most: int) -> str:
        read.append(text)
        return f"S{len(read)}"

    cascade = Cascade(ask, passage_chars=1_000, answer_tokens=500)
    part = Part()
    part.say("line\n" * 600)
    first = cascade("", part, 125)
    cascade(first, part, 125)

    assert first == "S1\nS2\nS3"
    assert max(map(len, read)) <= 1_000
    assert read[3].startswith(first)


def test_a_teacher_that_says_nothing_ends_the_bench_with_what_to_do() -> None:
    part = Part()
    part.say("line\n" * 600)

    with pytest.raises(TeacherSilent, match="leave --teacher out"):
        Cascade(lambda instructions, text, most: None, 1_000, 500)("", part, 100)
