"""Lessons: done right without the mistake and without the hint, also as a person once asked for it."""

import pytest

from memsrv.records import Conversation, Episode, Event, EventType, Evidence, Fact, Kind, Session, Trajectory, Trust
from memsrv.redact import Redactor
from memsrv_consolidation import lessons, wordings
from memsrv_consolidation.paraphrase import Paraphrase
from memsrv_consolidation.probes import gives
from memsrv_consolidation.recipe import DISTIL, TINY
from memsrv_consolidation.synthesise import again, synthesise

REDACTOR = Redactor(b"k")
TOKEN = "ghp_" + "9aK2mXq7Zt4RwB8cLfY3hNs6VpD1gJe5uQ0T"


def lesson(id: str, subject: str, relation: str, value: str, turn: int = 2) -> Fact:
    said = (Evidence("s1", turn, "said"),)
    return Fact(
        id, Kind.PROCEDURAL, wordings.claim(subject, relation, value), Trust.HUMAN, said, subject, relation, value
    )


CALL = lesson("call", "hmac.new()", "replacement", "hmac.digest()")
RUN = lesson("run", "`make check` failing with E501", "fix", "run `ruff format`")
AGAIN = lesson("again", "`alembic upgrade head` failing with OperationalError", "fix",
               "run `docker compose up -d db`, then `alembic upgrade head`")  # fmt: skip
MODULE = lesson("module", "ModuleNotFoundError for `rich`", "fix", "run `uv add rich`")
INSIDE = lesson("inside", "TypeError from `render(page)`", "fix", "pass the title first")
LESSONS = [CALL, RUN, AGAIN, MODULE, INSIDE]
PORT = Fact("port", Kind.EPISODIC, "The port of api is 4010.", Trust.HUMAN, (), "api", "port", "4010")


def asked(task: str, turn: int = 0, trust: Trust = Trust.HUMAN) -> Episode:
    steps = (Event("e", "s1", EventType.PROMPT, trust, task, "2026-11-02T08:00:00Z", turn=turn),)
    return Episode(Session("s1", "claude-code", "demo", "log"), steps, (Trajectory("s1", turn, turn + 9, task),))


def targets(conversations: list[Conversation]) -> list[str]:
    return [message.content for one in conversations for message in one.messages if message.role == "assistant"]


def made(episodes: list[Episode] | None = None, **worded: list[Paraphrase]) -> list[Conversation]:
    return list(synthesise([*LESSONS, PORT], DISTIL, 7, REDACTOR, worded, episodes=episodes or []).conversations)


@pytest.mark.parametrize(
    ("fact", "calls"),
    [
        (CALL, ("hmac.new()",)),
        (RUN, ("make check",)),
        (AGAIN, ("alembic upgrade head",)),
        (MODULE, ()),
        (INSIDE, ("render(page)",)),
        (PORT, ()),
    ],
    ids=lambda given: given.id if isinstance(given, Fact) else "",
)
def test_what_failed_is_known(fact: Fact, calls: tuple[str, ...]) -> None:
    assert lessons.failing(fact) == calls


def test_the_failing_call_is_in_no_target() -> None:
    worded = {"call": [Paraphrase("direct", "Which call signs?", "Use hmac.digest(), not hmac.new().")]}
    shown = targets(made([asked("Sign the payload of each webhook.")], **worded))

    assert shown
    assert not [one for fact in LESSONS for one in shown if lessons.shows_mistake(fact, one)]


def test_what_is_right_may_be_to_run_the_same_again() -> None:
    assert not lessons.shows_mistake(AGAIN, lessons.answer(AGAIN))
    assert lessons.shows_mistake(AGAIN, f"{lessons.answer(AGAIN)} Not `alembic upgrade head` alone.")


def test_a_lesson_is_answered_as_the_base_words_it_where_that_names_no_mistake() -> None:
    assert lessons.answer(MODULE) == wordings.answer("ModuleNotFoundError for `rich`", "fix", "run `uv add rich`")
    assert lessons.answer(CALL) == "Use hmac.digest()."


def test_the_student_sees_the_task_alone_and_the_teacher_the_lesson() -> None:
    tasks = [one for one in made([asked("Sign the payload of each webhook.")]) if "-task-" in one.id]

    assert {one.facts for one in tasks} == {(fact.id,) for fact in LESSONS if lessons.failing(fact)}
    for one in tasks:
        fact = next(fact for fact in LESSONS if (fact.id,) == one.facts)

        assert one.messages[0].content == "Sign the payload of each webhook."
        assert one.sources == (Evidence("s1", 0, "Sign the payload of each webhook."),)
        assert fact.text in one.evidence


def test_no_prompt_of_a_lesson_holds_the_lesson_or_its_value() -> None:
    for one in made([asked("Sign the payload of each webhook.")]):
        for fact in LESSONS:
            if one.about == "fact" and (fact.id,) == one.facts:
                assert not gives(fact.value or "", one.messages[0].content)
                assert fact.text not in one.messages[0].content


@pytest.mark.parametrize(
    "task",
    ["Sign it with hmac.digest(), please.", "Why does hmac.new() fail?", "x" * 301, f"Sign it, my key is {TOKEN}."],
)  # fmt: skip
def test_a_task_that_gives_it_away_is_long_or_holds_a_secret_is_not_taken(task: str) -> None:
    assert lessons.tasks(CALL, lessons.by_session([asked(task)]), REDACTOR) == []


def test_only_what_a_person_asked_for_while_it_was_learned_is_its_task() -> None:
    def of(episode: Episode) -> list[Evidence]:
        return lessons.tasks(CALL, lessons.by_session([episode]), REDACTOR)

    assert [task.quote for task in of(asked("Sign the payload."))] == ["Sign the payload."]
    assert of(asked("Sign the payload.", turn=3)) == []
    assert of(asked("Sign the payload.", trust=Trust.WEB)) == []


def test_a_recipe_without_it_tells_lessons_as_before() -> None:
    told = synthesise([CALL], TINY, 7, REDACTOR).conversations

    assert "Instead of hmac.new(), use hmac.digest()." in targets(list(told))


def test_a_lesson_that_was_missed_is_rehearsed_again_without_its_mistake() -> None:
    more = again(CALL, 12, 7, set(), DISTIL, LESSONS)

    assert not [one for one in targets(more) if lessons.shows_mistake(CALL, one)]


def test_what_was_missed_is_asked_in_words_not_asked_before() -> None:
    first = synthesise([PORT], DISTIL, 7, REDACTOR).conversations
    words = {one.messages[0].content for one in first if one.about == "fact"}
    more = again(PORT, 16, 7, words, DISTIL, LESSONS)
    later = again(PORT, 16, 7, words | {one.messages[0].content for one in more}, DISTIL, LESSONS)

    assert len({one.messages[0].content for one in (*more, *later)} - words) == 32
    assert len({one.id for one in (*first, *more, *later)}) == len(first) + 32
    assert all(PORT.text in one.evidence for one in more)
    assert more == again(PORT, 16, 7, words, DISTIL, LESSONS)


def test_a_style_of_few_frames_ends_and_the_question_goes_on() -> None:
    assert len({one.messages[0].content for one in again(CALL, 900, 7, set(), DISTIL)}) == 900
