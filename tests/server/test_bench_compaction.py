"""What is planted is looked for again, after each cycle; the goals of compaction without a model hold."""

import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.app import App
from memsrv.bench.asking import Base
from memsrv.bench.coding import Coder, Part, kept
from memsrv.bench.compaction import CompactionBench, compaction
from memsrv.bench.planted import FLOOR, PROSE, Words, fact
from memsrv.bench.sessions import Library
from memsrv.bench.summaries import Cascade
from memsrv.errors import RunFailed, TeacherSilent, UnknownBase, UsageError
from memsrv.home import Home
from memsrv.settings import Settings
from memsrv_adapters.base import TINY, resolve
from memsrv_consolidation.answering import Respondents
from memsrv_consolidation.device import offered
from memsrv_consolidation.quiz import Answer, Question, Quiz, Text, answers


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


# With a base


@pytest.fixture(scope="module")
def tiny() -> Respondents:
    return Respondents(resolve(TINY).path, {}, offered())


def _quiz(tiny: Respondents, texts: dict[str, str], *questions: Question, window: int | None = None) -> list[Answer]:
    quiz = Quiz("tiny", 1, texts, questions, window)
    return sorted(answers(quiz, tiny), key=lambda one: one.place)


ASKED = "What is the port of the harbour gateway?"
TOLD = "The port of the harbour gateway is 5124."


def test_the_base_is_asked_with_what_is_left_before_it_and_with_nothing(tiny: Respondents) -> None:
    texts = {"left": f"- {TOLD}\n- The owner of the tidal mailer is Marit."}

    found = _quiz(tiny, texts, Question(ASKED, "5124", "left"), Question(ASKED, "5124"))

    assert [(one.right, one.cut) for one in found] == [(True, False), (False, False)]


def test_of_what_does_not_fit_the_likeliest_lines_are_read(tiny: Respondents) -> None:
    many = "\n".join(f"- The port of the mailer is {place}." for place in range(200))
    text = Text(f"{many}\n- {TOLD}\n{many}", tiny)

    lines, cut = text.around(None, ASKED, 100)

    assert cut
    assert TOLD in lines
    assert sum(tiny.lengths([f"- {line}\n" for line in lines])) <= 100


def test_a_line_longer_than_the_window_is_read_from_its_beginning(tiny: Respondents) -> None:
    (found,) = _quiz(tiny, {"left": "many words " * 2_000}, Question(ASKED, "5124", "left"), window=256)

    assert found.cut


def test_the_bench_asks_a_base_in_a_process_of_its_own_beside_its_bounds(tmp_path: Path) -> None:
    base = App(Home(tmp_path / "home"), Settings(), tmp_path).asked_base(TINY)
    seen: list[tuple[int, int]] = []

    made = compaction(
        seed=3, sessions=1, part_tokens=2_000, base=base, questions=1, told=lambda *so_far: seen.append(so_far)
    )

    ways = ("memsrv", "truncation", "masking only")
    asked = {(one.contestant, one.cycle): one.asked for one in made.answered}
    assert asked == {
        ("no context", 0): 1, ("where it was said", 0): 1, **{(way, cycle): 1 for way in ways for cycle in (1, 2, 3)}
    }  # fmt: skip
    assert seen[-1] == (11, 11)


@pytest.mark.parametrize(
    ("code", "error", "said"), [(2, UnknownBase, "give another one"), (1, RunFailed, "exit code 1: the base is broken")]
)
def test_a_base_that_cannot_be_asked_ends_the_bench_with_why(
    tmp_path: Path, code: int, error: type[Exception], said: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho 'the base is broken; give another one with --base' >&2\nexit {code}\n")
    python.chmod(0o700)

    with pytest.raises(error, match=said):
        compaction(seed=3, sessions=1, part_tokens=2_000, base=Base("broken", tmp_path, str(python), 1), questions=1)
