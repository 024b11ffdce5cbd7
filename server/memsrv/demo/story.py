"""Five days of one made-up project, Quayside, which books berths for boats: what Ana and her coding agent said and did.

Written for this demonstration; every name, port and address is invented. It holds what real logs hold: lasting
preferences among one-task instructions and questions, a correction, errors and what fixed them, a pasted secret.
"""

from memsrv.demo.steps import (
    Compacts,
    Delegates,
    Edits,
    Garbled,
    Interrupted,
    Refused,
    Replies,
    Runs,
    Says,
    Sitting,
)

PROJECT = "quayside"

#: Nobody's: in the form of a GitHub token, put together here so that no scanner takes it for a leaked one.
FAKE_TOKEN = "ghp_" + "9aK2mXq7" + "Zt4RwB8c" + "LfY3hNs6" + "VpD1gJe5" + "uQ0T"

_MISSING_FREEZEGUN = """\
============================= test session starts ==============================
collected 41 items / 1 error
tests/test_tides.py:3: in <module>
    from freezegun import freeze_time
E   ModuleNotFoundError: No module named 'freezegun'
1 error in 0.61s"""

_WRONG_KEY = """\
tests/test_tariffs.py:22: in test_a_tariff_belongs_to_a_berth
    assert body["berth_id"] == "B12"
E   KeyError: 'berth_id'
FAILED tests/test_tariffs.py::test_a_tariff_belongs_to_a_berth - KeyError: 'berth_id'
1 failed, 43 passed in 3.90s"""

_NO_DATABASE = """\
  File ".venv/lib/python3.12/site-packages/psycopg/connection.py", line 117, in connect
sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection to server at "127.0.0.1", port 5433 failed: \
Connection refused"""

_NO_VITE = """\
> quayside-web@1.4.0 build
> vite build

node:internal/modules/cjs/loader:1228
Error: Cannot find module 'vite'
Require stack: - /web/vite.config.js"""

MONDAY = Sitting(
    "monday",
    "Run the booking API locally",
    "2026-11-02T08:12:04.110Z",
    (
        Says("Morning! Can you get the booking api running on my laptop and tell me what is missing?"),
        Replies("I'll look at the project first, then run its tests."),
        Runs("ls", "Makefile\nalembic\ncompose.yaml\ndata\npyproject.toml\nquayside\ntests\nweb"),
        Runs("pytest -q", _MISSING_FREEZEGUN, exit_code=1),
        Replies("The tide tests need freezegun, which the lock file does not have."),
        Runs("uv add --dev freezegun", "Resolved 64 packages in 212ms\n + freezegun==1.5.5"),
        Runs("pytest -q", "41 passed in 3.72s"),
        Replies("All 41 tests pass now."),
        Says("Great. The booking api listens on port 8421. The staging server is on port 8080."),
        Replies("Noted: 8421 locally, 8080 on staging."),
        Says("Is there a reason why the harbour report takes twenty seconds?"),
        Replies("It loads every booking of the year to count them; a grouped query would do."),
        Says("Ok, leave that for now. One more thing: in this project we always use snake_case for JSON fields."),
        Replies("Understood."),
        Runs("ruff check .", "All checks passed!"),
    ),
)

TUESDAY = Sitting(
    "tuesday",
    "Tariff endpoint",
    "2026-11-03T09:40:31.020Z",
    (
        Says("Add a GET /tariffs endpoint next to the berths one, with a test."),
        Replies("I'll start from the berths route."),
        Edits(
            "quayside/api/tariffs.py",
            "def tariffs() -> list[Tariff]:\n    return []",
            'def tariffs() -> list[Row]:\n    return [{"berthId": t.berth, "price": t.price} for t in load()]',
        ),
        Runs("pytest -q", _WRONG_KEY, exit_code=1),
        Replies("The route answers in camelCase; the field has to be berth_id."),
        Edits("quayside/api/tariffs.py", '{"berthId": t.berth', '{"berth_id": t.berth'),
        Runs("pytest -q", "44 passed in 3.88s"),
        Replies("Fixed, all 44 tests pass. I'll fetch the exchange rates next."),
        Refused("pip install requests", "Use httpx instead of requests."),
        Replies("httpx it is."),
        Runs("uv add httpx", "Resolved 66 packages in 240ms\n + httpx==0.28.1"),
        Says("Don't run the whole suite again, just the tariff tests."),
        Runs("pytest -q tests/test_tariffs.py", "3 passed in 0.52s"),
        Says("In tests, don't use mocks for the database. The throwaway Postgres container is fast enough."),
        Replies("I'll use the container fixture."),
        Says("For money, always use Decimal."),
        Replies("Changed the price fields from float to Decimal."),
        Says("Is 44 tests a lot for a project of this size?"),
        Replies("It is about right for eleven routes."),
    ),
    branch="feature/tariffs",
)

WEDNESDAY = Sitting(
    "wednesday",
    "Migrations and staging",
    "2026-11-04T07:55:12.640Z",
    (
        Says("Run the migrations, then deploy the branch to staging."),
        Runs("alembic upgrade head", _NO_DATABASE, exit_code=1),
        Replies("Nothing listens on 5433; the database container is down."),
        Runs("docker compose up -d db", " Container quayside-db-1  Started"),
        Runs("alembic upgrade head", "INFO  [alembic.runtime.migration] Running upgrade 3f1c -> 8d20, tariffs"),
        Runs("make ship ENV=staging", "built quayside:8d20\nstaging: healthy after 6 s"),
        Says("The staging dashboard is at https://ops.quayside.example/staging if you want to see the error rate."),
        Replies("Thanks, the error rate is flat."),
        Says(f"The registry wanted my token again, it is {FAKE_TOKEN}. Please don't put that anywhere."),
        Replies("I won't write it to any file."),
        Says("We decided to keep the job queue in Redis, not in Celery."),
        Replies("Then the worker reads its jobs from a Redis stream."),
        Runs("make ship ENV=staging", "built quayside:9e41\nstaging: healthy after 5 s"),
        Compacts(
            "This session is being continued from a previous conversation that ran out of context. The conversation is "
            "summarized below:\nThe migrations ran and the branch was deployed to staging, which listens on port 8080. "
            "The next step is the smoke test."
        ),
        Replies("I'll run the smoke test against staging."),
        Runs("curl -fsS https://staging.quayside.example:8080/health", "curl: (7) Failed to connect", exit_code=7),
        Says("No, the staging server is on port 8443 now, not 8080. We put it behind TLS last night."),
        Runs("curl -fsS https://staging.quayside.example:8443/health", '{"status": "ok"}'),
        Replies("Staging answers on 8443."),
    ),
    branch="feature/tariffs",
)

THURSDAY = Sitting(
    "thursday",
    "Tides",
    "2026-11-05T10:02:48.300Z",
    (
        Says("Where were we? Let's do the tide import."),
        Replies("The smoke test passed; the tide import is open."),
        Garbled(),
        Says("The tide tables live in data/tides.csv. For timestamps, always use UTC."),
        Replies("I'll read them from there and convert to UTC."),
        Edits("quayside/tides.py", "datetime.now()", "datetime.now(tz=UTC)"),
        Interrupted(),
        Says("For this commit only, skip the changelog."),
        Runs("git commit -qam 'Tides in UTC'", ""),
        Says("Production runs on Python 3.12. And in the worker, never use print."),
        Replies("The worker logs through structlog now."),
    ),
    branch="feature/tariffs",
    resumes="wednesday",
)

FRIDAY = Sitting(
    "friday",
    "The web build",
    "2026-11-06T13:20:09.870Z",
    (
        Says("The web build is broken on CI, please find out why."),
        Delegates(
            "Find out how the web front end is built and which Node version its lock file was made with.",
            (
                Runs("cat web/package.json", '{"name": "quayside-web", "scripts": {"build": "vite build"}}'),
                Replies("The front end is built by `vite build`; the lock file names lockfileVersion 3."),
            ),
            "The front end is built by `vite build`; the lock file names lockfileVersion 3.",
        ),
        Runs("npm run build", _NO_VITE, exit_code=1),
        Replies("The modules were never installed on this checkout."),
        Runs("npm ci", "added 212 packages in 9s"),
        Runs("npm run build", "✓ 118 modules transformed.\nbuilt in 2.31s"),
        Says("Good. We use pnpm nowhere, right?"),
        Replies("Right, only npm."),
        Says("From now on, use `uv add` instead of `pip install`."),
        Replies("I will."),
        Says("The owner of the billing module is Marta. Ask her before you touch it."),
        Replies("I'll leave billing alone."),
        Runs("ruff check .", "All checks passed!"),
    ),
)

SITTINGS = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)
