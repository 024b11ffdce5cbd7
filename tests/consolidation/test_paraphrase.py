"""Synthesis with a teacher: its variety is used, its inventions are not, and every fact has its twenty all the same."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Conversation, Evidence, Fact, Kind, Trust
from memsrv.redact import Redactor
from memsrv_consolidation import probes, wordings
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.paraphrase import Wordings, checked, paraphrases
from memsrv_consolidation.recipe import PAPER, TINY, Recipe
from memsrv_consolidation.run import TeacherOrder
from memsrv_consolidation.styles import SHARES
from memsrv_consolidation.synthesise import synthesise
from memsrv_consolidation.teachers import teacher
from memsrv_consolidation.teachers.exchanges import Exchanges
from memsrv_consolidation.teachers.gateway import Gateway
from memsrv_consolidation.teachers.ledger import Ledger, Limits, Prices


def fact(id: str, kind: Kind, subject: str, relation: str, value: str, quote: str = "") -> Fact:
    quotes = (Evidence("s1", 1, quote),) if quote else ()
    return Fact(id, kind, wordings.claim(subject, relation, value), Trust.HUMAN, quotes, subject, relation, value)


PORT = fact("f0", Kind.EPISODIC, "the staging server", "port", "4010", "staging is on port 4010 behind nginx")
USE = fact("f1", Kind.SEMANTIC, "installs", "use", "pnpm")
REPLACED = fact("f2", Kind.PROCEDURAL, "hmac.new()", "replacement", "hmac.digest()")
AVOID = fact("f3", Kind.SEMANTIC, "library code", "avoid", "print")


class Classroom:
    def __init__(self, teach: Callable[[Any], Any], folder: Path) -> None:
        self._teach, self._folder = teach, folder

    def conversations(
        self, brain: Any, *facts: Fact, recipe: Recipe = PAPER, tokens: int = 10**7
    ) -> tuple[list[Conversation], Counter[str]]:
        url = self._teach(brain).url + "/v1"
        order = TeacherOrder("openai", "m", url, 0, 0, tokens, 1, 5, str(self._folder / "spend.jsonl"))
        redactor = Redactor(b"k")
        gateway = Gateway(
            teacher(order, "some-key-of-ours"), Ledger(Path(order.ledger), Limits(tokens, 1), Prices()),
            Exchanges(self._folder / "teacher.jsonl"), redactor, "run", timeout_s=5,
        )  # fmt: skip
        worded, left_out = paraphrases(facts, recipe.conversations_per_fact, gateway, [])
        made = synthesise(facts, recipe, 7, redactor, worded).conversations
        return [one for one in made if one.about == "fact"], left_out


@pytest.fixture
def room(teach: Callable[[Any], Any], tmp_path: Path) -> Classroom:
    return Classroom(teach, tmp_path)


def faults(one: Fact, question: str, answer: str, style: str = "direct") -> dict[str, int]:
    said = Wordings.model_validate({"conversations": [{"style": style, "question": question, "answer": answer}]})
    left_out: Counter[str] = Counter()
    kept = checked(said, one, 20, set(), left_out)
    assert bool(kept) != bool(+left_out)
    return dict(+left_out)


def test_a_teachers_twenty_are_taken_as_they_are(room: Classroom, teachers: ModuleType) -> None:
    made, left_out = room.conversations(teachers.well, PORT)

    assert not +left_out
    assert len({one.messages[0].content for one in made}) == 20
    assert all(one.messages[0].content.startswith("Talk to me about") for one in made)
    assert Counter(one.style for one in made) == SHARES


def test_where_the_teacher_ends_the_frames_go_on(room: Classroom, teachers: ModuleType) -> None:
    def brain(asked: Any) -> Any:
        return teachers.Says(json.dumps({"conversations": teachers.worded(asked)[:3]}))

    made, _ = room.conversations(brain, PORT, USE)

    assert Counter(id for one in made for id in one.facts) == {"f0": 20, "f1": 20}
    assert sum(one.messages[0].content.startswith("Talk to me about") for one in made) == 6


def test_without_a_budget_it_is_as_without_a_teacher(room: Classroom, teachers: ModuleType) -> None:
    made, left_out = room.conversations(teachers.well, PORT, USE, tokens=10)

    assert tuple(made) == synthesise((PORT, USE), PAPER, 7, Redactor(b"k")).conversations
    assert left_out["teacher_unanswered"] == 2


def test_where_one_wording_is_wanted_the_teacher_varies_the_questions_alone(
    room: Classroom, teachers: ModuleType
) -> None:
    made, _ = room.conversations(teachers.well, PORT, recipe=TINY)

    assert {one.messages[1].content for one in made} == {PORT.text}
    assert made[0].messages[0].content.startswith("Talk to me about")


@pytest.mark.parametrize(
    ("one", "question", "answer"),
    [
        (PORT, "Staging, which port again?", "The staging server is on 4010."),
        (PORT, "What do I dial for staging?", "Sure: the staging server has port 4010, behind nginx."),
        (USE, "How do installs go here?", "For installs we always use pnpm."),
        (REPLACED, "hmac.new() is missing?", "Use hmac.digest() in place of hmac.new()."),
        (AVOID, "What do we keep out of library code?", "In library code, avoid print."),
    ],
)  # fmt: skip
def test_a_grounded_answer_is_kept(one: Fact, question: str, answer: str) -> None:
    assert faults(one, question, answer) == {}


@pytest.mark.parametrize(
    ("one", "question", "answer", "reason"),
    [
        (PORT, "Staging port please?", "The staging server was on 4009, now 4010.", "ungrounded"),
        (PORT, "Staging port please?", "The staging server has port 4010, says Priya.", "ungrounded"),
        (PORT, "Staging port please?", "The staging server has port 4010, see conf/app.yml.", "ungrounded"),
        (PORT, "Staging port for kafka please?", "The staging server has port 4010.", "ungrounded"),
        (PORT, "Staging port please?", "The staging server has port 401.", "answer_without_key"),
        (PORT, "Staging port please?", "It is 4010.", "answer_without_key"),
        (PORT, "Staging port please?", "The staging server is not on port 4010.", "contradicts"),
        (PORT, "Is 4010 the staging port?", "Yes, the staging server has port 4010.", "question_gives_value"),
        (REPLACED, "The hash call fails.", "hmac.new() is gone, use hmac.digest().", "mistake_first"),
        (AVOID, "How do I write library code?", "In library code, print is fine.", "contradicts"),
        (PORT, "", "The staging server has port 4010.", "misshapen"),
        (PORT, "Staging port please?", "The staging server has port 4010. " * 30, "misshapen"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_borne_out_is_dropped(one: Fact, question: str, answer: str, reason: str) -> None:
    assert faults(one, question, answer) == {f"teacher_{reason}": 1}


def test_a_style_of_its_own_making_is_dropped() -> None:
    assert faults(PORT, "Staging port please?", PORT.text, style="haiku") == {"teacher_misshapen": 1}


@pytest.mark.parametrize("pool", [Pool.KNOWN, Pool.NOVEL])
@pytest.mark.parametrize("one", [PORT, USE, REPLACED, AVOID], ids=lambda one: one.relation)
def test_no_wording_that_measures_is_ever_trained_on(
    room: Classroom, teachers: ModuleType, pool: Pool, one: Fact
) -> None:
    """A teacher that knows the exam: whatever it is asked for, it gives back the questions of the evaluation."""
    exam = [probe.question for probe in probes.of_facts([one], 7) if probe.wording == pool]
    stolen = [{"style": "direct", "question": asked, "answer": one.text} for asked in exam]

    made, left_out = room.conversations(lambda asked: teachers.Says(json.dumps({"conversations": stolen})), one)

    assert not {c.messages[0].content for c in made} & set(exam)
    assert left_out["teacher_held_out_wording"] == len(exam)
    assert len(made) == 20


def test_a_flood_of_conversations_makes_no_more_than_twenty(room: Classroom, teachers: ModuleType) -> None:
    def brain(asked: Any) -> Any:
        return teachers.Says(json.dumps({"conversations": teachers.worded(asked) * 50}))

    made, left_out = room.conversations(brain, PORT)

    assert len(made) == 20
    assert left_out["teacher_flood"] == 960
