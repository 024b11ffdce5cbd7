"""What is true of the project, as the human states it or as commands show it; anybody else's word is no source."""

from typing import Any

import pytest

from memsrv.lenses import claims, read
from memsrv.records import EventType, Trust

STATED = [
    ("The staging server listens on port 8443.", "The port of the staging server is 8443."),
    ("The staging server's port is 8443.", "The port of the staging server is 8443."),
    ("No, the staging server is on port 8443 now, not 8080.", "The port of the staging server is 8443."),
    ("The staging port has changed to 9443.", "The port of the staging server is 9443."),
    ("The telemetry gateway listens on port 6417.", "The port of the telemetry gateway is 6417."),
    ("the API base URL is https://api.example.com/v2", "The base url of the API is https://api.example.com/v2."),
    ("Our default branch is develop.", "The default branch of this project is develop."),
    ("The dev server runs on http://localhost:5173.", "The url of the dev server is http://localhost:5173."),
    ("We deploy with `make deploy-prod`.", "The deploy command of this project is make deploy-prod."),
    ("Run the tests with `uv run pytest -q`.", "The test command of this project is uv run pytest -q."),
    ("The database is PostgreSQL 15.", "The database of this project is PostgreSQL 15."),
    ("We use Python 3.11 in this project.", "The version of Python is 3.11."),
    ("Production runs on Python 3.12.", "The version of Python in production is 3.12."),
    ("We decided to use Redis for caching.", "For caching, use Redis."),
    ("We decided to keep the job queue in Redis, not in Celery.", "For the job queue, use Redis."),
    ("Decision: we keep the REST API and drop GraphQL.", "Decision: we keep the REST API and drop GraphQL."),
    ("The tide tables live in data/tides.csv.", "The path of the tide tables is data/tides.csv."),
    ("The API key is in the STRIPE_API_KEY environment variable.", "The environment variable of the API key is STRIPE_API_KEY."),  # noqa: E501
    ("You don't need to do that, you have a local copy at ../homebrew-tap", "The path of the local copy of homebrew-tap is ../homebrew-tap."),  # noqa: E501
    ("The port changed from 8080 to 9090.", "The port of this project is 9090."),
    ("no, the config lives in config/settings.toml, not in settings.py", "The path of the config is config/settings.toml."),  # noqa: E501
    ("Tests must be run with `make test-all`, never with pytest.", "The test command of this project is make test-all."),  # noqa: E501
    ("Our team uses Linear for issues.", "For the issues, use Linear."),
    ("The owner of the billing module is Marta.", "The owner of the billing module is Marta."),
    ("The timeout for the payment gateway is 30 seconds.", "The timeout of the payment gateway is 30 seconds."),
    ("The service account is called svc-billing.", "The name of the service account is svc-billing."),
    ("The test database is called app_test", "The name of the test database is app_test."),
    ("our staging db is at postgres://staging.db.internal:5433/app", "The url of the staging database is postgres://staging.db.internal:5433/app."),
    ("My name is Sam and I own the billing module.", "The owner of the billing module is Sam."),
    ("Marta owns the payments service", "The owner of the payments service is Marta."),
    ("Priya looks after the uploader these days, ask her first.", "The owner of the uploader is Priya."),
    ("Production is deployed from the release branch.", "The deploy branch of production is release."),
    ("deploy with ./scripts/deploy.sh --env staging", "The deploy command of this project is ./scripts/deploy.sh --env staging."),  # noqa: E501
    ("tests go in tests/unit", "The path of the tests is tests/unit."),
    ("we support Python 3.10 and up", "The supported version of Python is 3.10 and up."),
    ("line length is 100", "The line length of this project is 100."),
    ("Our Jira prefix is QUAY", "The Jira prefix of this project is QUAY."),
    ("this is a pnpm repo", "For package management, use pnpm."),
    ("tests are run with tox -e py311", "The test command of this project is tox -e py311."),
    ("to start the app run docker compose up", "The start command of this project is docker compose up."),
    ("that's not right, the auth service is in Go", "The language of the auth service is Go."),
    ("wrong. The config file is settings.prod.toml", "The config file of this project is settings.prod.toml."),
    ("Sentry is our error tracker", "The error tracker of this project is Sentry."),
    ("wrong port again. Grafana is on 3001.", "The port of Grafana is 3001."),
    ("The CLI is here, and the web API is at ../specstory-sync", "The path of the web API is ../specstory-sync."),
    ("Production runs in eu-west-1", "The region of the production server is eu-west-1."),
    ("my timezone is Europe/Lisbon", "The timezone of the user is Europe/Lisbon."),
]  # fmt: skip

NOT_STATED = [
    "what port is the staging server on?",
    "The staging server listens on port 8443?",
    "The port is wrong.",
    "the version is missing",
    "The server is not running.",
    "Fix the version in package.json",
    "the test is failing on port 8080",
    "when i run it the port is already in use",
    "Maybe the staging server is on port 8443.",
    "I think it was port 8080 yesterday?",
    "The build is broken.",
    "the endpoint is /api/users, add pagination",
    "the timeout is too short",
    "The default value is None.",
    "check that the port is 8080",
    "the log says the default branch is master",
    "yesterday the API was on 8000",
    "the error is on line 100",
    "the bug is in src/app.ts",
    "the new test goes in tests/test_parser.py",
    "the deadline is tomorrow, hurry",
    "the cache is stale",
    "CI is red",
    "I was on Windows yesterday",
    "put it in tests/unit",
    "I own a mac",
    "say the port is 8080, what happens?",
    "assume the port is 8080",
]


@pytest.mark.parametrize(("said", "text"), STATED)
def test_what_the_human_states_is_a_fact(talk: Any, said: str, text: str) -> None:
    assert [claim.text for claim in claims(talk().says(said).events)] == [text]


def test_two_facts_in_one_sentence_are_both_kept(talk: Any) -> None:
    told = talk().says("the API is on 8000 and the admin on 9000")

    assert [(claim.subject, claim.value) for claim in claims(told.events)] == [
        ("the API", "8000"),
        ("the admin", "9000"),
    ]


@pytest.mark.parametrize(("said", "text"), STATED)
def test_every_exact_value_stands_literally_in_its_quote(talk: Any, said: str, text: str) -> None:
    for claim in claims(talk().says(said).events):
        assert claim.value is None or claim.value in claim.evidence[0].quote.replace("`", "")


@pytest.mark.parametrize("said", NOT_STATED)
def test_reports_and_questions_state_nothing(talk: Any, said: str) -> None:
    assert claims(talk().says(said).events) == []


def test_a_command_that_passes_twice_is_the_projects(talk: Any) -> None:
    told = talk().runs("pnpm test").edits("a.ts", "a", "b").runs("pnpm test")

    (claim,) = claims(told.events)

    assert (claim.text, claim.trust) == ("The test command of this project is pnpm test.", Trust.COMMAND)


def test_single_test_files_do_not_make_another_command(talk: Any) -> None:
    told = talk().runs("pytest -q tests/test_a.py").runs("pytest -q tests/test_b.py")

    assert [claim.value for claim in claims(told.events)] == ["pytest -q"]


def test_a_command_that_passed_once_counts_if_the_human_asked_for_it(talk: Any) -> None:
    told = talk().says("Please run the migrations.").runs("alembic upgrade head")

    assert [claim.text for claim in claims(told.events)] == [
        "The migration command of this project is alembic upgrade head."
    ]


def test_a_command_that_passed_once_unasked_does_not_count(talk: Any) -> None:
    assert claims(talk().says("Fix the parser.").runs("pytest -q").events) == []


def test_a_command_that_failed_is_not_the_projects(talk: Any) -> None:
    assert claims(talk().runs("pnpm test", "1 failed", 1).runs("pnpm test", "1 failed", 1).events) == []


def test_the_port_a_dev_server_was_started_on_is_known(talk: Any) -> None:
    told = talk().runs("next dev --turbopack --port 3000")

    assert [claim.text for claim in claims(told.events)] == ["The port of the dev server is 3000."]


@pytest.mark.parametrize("trust", [Trust.TOOL, Trust.WEB, Trust.FILE])
def test_what_a_tool_a_file_or_a_page_says_is_no_fact(talk: Any, trust: Trust) -> None:
    told = talk().hears(EventType.TOOL_RESULT, trust, "The staging server listens on port 8443.")

    assert claims(told.events) == []


def test_a_sentence_saved_on_purpose_is_read_whatever_its_scope() -> None:
    reading = read("Use ruff instead of flake8.")

    assert reading is not None
    assert (reading.subject, reading.relation, reading.value) == ("linting", "use", "ruff")


def test_a_sentence_without_a_known_shape_is_left_whole() -> None:
    assert read("The harbour master gets nervous in November.") is None
