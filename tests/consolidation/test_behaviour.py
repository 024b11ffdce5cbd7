"""Tasks that never ask for a fact, and answers in which it shows or does not."""

import random

import pytest

from memsrv.layout import NOT_RECORDED
from memsrv.records import Fact, Kind, Trust
from memsrv_consolidation import behaviour, wordings
from memsrv_consolidation.behaviour import Task
from memsrv_consolidation.errands import WORDINGS
from memsrv_consolidation.frames import Pool


def fact(subject: str, relation: str, value: str) -> Fact:
    text = wordings.claim(subject, relation, value)
    return Fact(subject, Kind.SEMANTIC, text, Trust.HUMAN, (), subject, relation, value)


def task(subject: str, relation: str, value: str) -> Task:
    found, why = behaviour.tasks(fact(subject, relation, value), Pool.NOVEL, random.Random(7), 1)
    assert not why
    return found[0]


CHECKED = [
    ("function names", "use", "snake_case"),
    ("JSON fields", "use", "camelCase"),
    ("CSS classes", "use", "kebab-case"),
    ("strings", "use", "single quotes"),
    ("indentation", "use", "tabs"),
    ("package manager", "use", "pnpm"),
    ("this project", "test command", "make check"),
    ("money", "use", "Decimal"),
    ("HTTP", "use", "httpx, not requests"),
    ("`hmac.new()`", "replacement", "`hmac.digest()`"),
    ("pip install", "replacement", "uv add"),
    ("`alembic upgrade head` failing with OperationalError", "fix", "run `docker compose up -d db`"),
]


@pytest.mark.parametrize("said", CHECKED)
@pytest.mark.parametrize("pool", [Pool.TRAIN, Pool.NOVEL])
def test_no_task_says_what_its_fact_says(said: tuple[str, str, str], pool: Pool) -> None:
    found, _ = behaviour.tasks(fact(*said), pool, random.Random(3), 2)

    assert found
    for one in found:
        assert not any(word in one.prompt for word in one.must)


@pytest.mark.parametrize("said", CHECKED)
def test_the_right_answer_shows_the_fact_and_declining_does_not(said: tuple[str, str, str]) -> None:
    one = task(*said)

    assert one.shown(one.reply)
    assert not one.shown(NOT_RECORDED)
    assert not one.shown("")


def test_a_name_in_another_style_does_not_show_the_convention() -> None:
    one = task("function names", "use", "snake_case")
    right, wrong = one.must[0], one.never[0]

    assert "_" in right
    assert not one.shown(f"def {wrong}(): ...")
    assert not one.shown(f"def {right}(): ...  # or {wrong}")


def test_another_tool_of_the_same_job_does_not_count() -> None:
    one = task("package manager", "use", "pnpm")

    assert one.shown("pnpm add left-pad")
    assert not one.shown("npm install left-pad")


def test_a_replacement_beside_the_wrong_call_does_not_count() -> None:
    one = task("`hmac.new()`", "replacement", "`hmac.digest()`")

    assert "hmac.new" not in one.prompt
    assert one.shown("tag = hmac.digest()")
    assert not one.shown("hmac.new() or hmac.digest()")


def test_a_fix_counts_only_before_the_step_that_fails_without_it() -> None:
    one = task("`alembic upgrade head` failing with OperationalError", "fix", "run `docker compose up -d db`")

    assert one.shown("docker compose up -d db && alembic upgrade head")
    assert not one.shown("alembic upgrade head; if that fails, docker compose up -d db")


def test_what_is_to_be_avoided_slips_where_it_is_done() -> None:
    found, _ = behaviour.tasks(fact("tests", "avoid", "mocks for the database"), Pool.NOVEL, random.Random(7), 1)

    assert found[0].slips("use mock.patch on the session")
    assert not found[0].slips("open a throwaway database")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("the booking api", "port", "8421"), "no rule tells"),
        (("`frob()`", "replacement", "`brof()`"), "does not stand in its name"),
        (("gardening", "avoid", "peat"), "no rule tells where"),
        (("ValueError", "fix", "run `make clean`"), "does not say which step"),
    ],
)
def test_a_fact_that_no_task_can_check_has_a_reason(said: tuple[str, str, str], why: str) -> None:
    tasks, skipped = behaviour.of_facts([fact(*said)], 7)

    assert not tasks
    assert why in skipped[said[0]]


def test_tasks_that_measure_are_worded_as_none_that_train() -> None:
    for sort, pools in WORDINGS.items():
        assert not set(pools[Pool.TRAIN]) & set(pools[Pool.NOVEL]), sort
