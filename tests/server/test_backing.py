"""An adapter's answer is known where it repeats what it was trained on; what it makes up is a guess."""

import pytest

from memsrv.backing import backing

FACTS = (
    "The port of the staging server is 8443.",
    "The port of the booking api is 8421.",
    "For money, use Decimal.",
    "When `alembic upgrade head` fails with OperationalError: run `docker compose up -d db`.",
    "The owner of the billing module is Marta.",
)


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ("The port of the staging server is 8443.", FACTS[0]),
        ("The staging server listens on port 8443.", FACTS[0]),
        ("Use Decimal for money.", FACTS[2]),
        ("Run `docker compose up -d db` when alembic upgrade head fails with OperationalError.", FACTS[3]),
        ("Marta is the owner of the billing module.", FACTS[4]),
    ],
)
def test_an_answer_that_repeats_a_fact_is_backed_by_it(answer: str, fact: str) -> None:
    assert backing(answer, FACTS) == (fact,)


@pytest.mark.parametrize(
    "answer",
    [
        "The owner of the tariff importer is t staging first.",
        "The port of the staging server is 9000.",
        "The version of the importer is 3.11.",
        "",
    ],
)
def test_an_answer_that_repeats_no_fact_is_a_guess(answer: str) -> None:
    assert backing(answer, FACTS) == ()


def test_without_facts_everything_is_a_guess() -> None:
    assert backing("For money, use Decimal.", ()) == ()
