"""The budget of a day: held to the token and the cent, whoever asks, whatever ends in the middle."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memsrv.errors import BudgetSpent
from memsrv_consolidation.teachers import ledger
from memsrv_consolidation.teachers.ledger import Call, Ledger, Limits, Prices, Usage

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CALL = Call("anthropic", "some-model", "reflect, semantic", "run-1")
PRICES = Prices(3.0, 15.0)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def book(path: Path, tokens: int = 1_000, usd: float = 1.0, clock: Clock | None = None) -> Ledger:
    return Ledger(path / "spend.jsonl", Limits(tokens, usd), PRICES, clock or Clock())


def test_a_call_is_on_the_disk_before_it_is_made(tmp_path: Path) -> None:
    book(tmp_path).reserve(CALL, Usage(300, 200))

    [line] = (tmp_path / "spend.jsonl").read_text().splitlines()
    row = json.loads(line)
    assert (row["state"], row["input"], row["output"], row["usd"]) == ("reserved", 300, 200, "0.003900000")
    assert (tmp_path / "spend.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_last_token_may_be_spent_and_not_one_more(tmp_path: Path) -> None:
    budget = book(tmp_path)
    budget.reserve(CALL, Usage(500, 499))

    with pytest.raises(BudgetSpent, match=r"999 of 1000 tokens of the day are spent and a call may need 2"):
        budget.reserve(CALL, Usage(1, 1))
    budget.reserve(CALL, Usage(1, 0))

    assert ledger.today(tmp_path / "spend.jsonl", NOON).tokens == 1_000


def test_the_last_cent_may_be_spent_and_not_one_token_more(tmp_path: Path) -> None:
    budget = book(tmp_path, tokens=10**9, usd=0.0015)
    budget.reserve(CALL, Usage(0, 100))

    with pytest.raises(BudgetSpent, match=r"teacher\.usd_per_day"):
        budget.reserve(CALL, Usage(1, 0))


def test_a_thousandfold_of_small_sums_loses_nothing(tmp_path: Path) -> None:
    budget = Ledger(tmp_path / "spend.jsonl", Limits(10**9, 0.0001), Prices(0.1, 0.0), Clock())
    for _ in range(10):
        budget.reserve(CALL, Usage(100, 0))

    with pytest.raises(BudgetSpent):
        budget.reserve(CALL, Usage(1, 0))


def test_what_the_server_reports_replaces_the_worst_case(tmp_path: Path) -> None:
    budget = book(tmp_path)
    id = budget.reserve(CALL, Usage(500, 400))

    assert budget.settle(id, Usage(120, 30)) is False

    assert ledger.today(tmp_path / "spend.jsonl", NOON) == ledger.Spend(150, 0.00081, 1)


def test_a_rejected_call_costs_nothing(tmp_path: Path) -> None:
    budget = book(tmp_path)
    budget.release(budget.reserve(CALL, Usage(500, 400)))

    assert ledger.today(tmp_path / "spend.jsonl", NOON) == ledger.Spend()


def test_a_call_whose_end_nobody_knows_stays_paid(tmp_path: Path) -> None:
    book(tmp_path).reserve(CALL, Usage(500, 400))

    spent = ledger.today(tmp_path / "spend.jsonl", NOON)

    assert (spent.tokens, spent.calls, spent.open) == (900, 1, 1)


def test_who_claims_more_than_was_possible_is_not_asked_again_that_day(tmp_path: Path) -> None:
    clock = Clock()
    budget = book(tmp_path, tokens=10**6, clock=clock)
    id = budget.reserve(CALL, Usage(100, 100))

    assert budget.settle(id, Usage(90_000, 100)) is True

    with pytest.raises(BudgetSpent, match="claimed more than its calls could have cost"):
        budget.reserve(CALL, Usage(1, 1))
    assert ledger.today(tmp_path / "spend.jsonl", NOON).tokens == 90_100
    budget.reserve(Call("openai", "other", "synthesise", "run-1"), Usage(1, 1))
    clock.now += timedelta(days=1)
    budget.reserve(CALL, Usage(1, 1))


def test_the_day_ends_at_midnight_utc(tmp_path: Path) -> None:
    clock = Clock()
    budget = book(tmp_path, clock=clock)
    budget.reserve(CALL, Usage(1_000, 0))
    clock.now = datetime(2026, 11, 21, 1, 30, tzinfo=UTC).astimezone()

    budget.reserve(CALL, Usage(1_000, 0))

    days = [line.day for line in ledger.days(tmp_path / "spend.jsonl", clock.now)]
    assert days == ["2026-11-21", "2026-11-20"]


def test_a_refusal_is_written_down_and_costs_nothing(tmp_path: Path) -> None:
    with pytest.raises(BudgetSpent):
        book(tmp_path).reserve(CALL, Usage(2_000, 0))

    [line] = ledger.days(tmp_path / "spend.jsonl", NOON)
    assert (line.calls, line.refused, line.input) == (0, 1, 0)


def test_a_line_that_a_crash_cut_off_is_a_call_that_was_not_made(tmp_path: Path) -> None:
    book(tmp_path).reserve(CALL, Usage(100, 0))
    file = tmp_path / "spend.jsonl"
    file.write_bytes(file.read_bytes() + b'{"id": "x", "state": "reser')

    book(tmp_path).reserve(CALL, Usage(50, 0))

    assert ledger.today(file, NOON).tokens == 150
    assert file.read_bytes().endswith(b"}\n")


def test_days_add_up_by_teacher_model_and_purpose(tmp_path: Path) -> None:
    budget = book(tmp_path)
    for purpose in ("reflect, semantic", "reflect, semantic", "synthesise"):
        call = Call("anthropic", "some-model", purpose, "run-1")
        budget.settle(budget.reserve(call, Usage(100, 10)), Usage(50, 5))

    lines = ledger.days(tmp_path / "spend.jsonl", NOON)

    assert [(line.purpose, line.calls, line.input, line.output) for line in lines] == [
        ("synthesise", 1, 50, 5),
        ("reflect, semantic", 2, 100, 10),
    ]


def test_two_processes_together_spend_no_more_than_one_may(tmp_path: Path) -> None:
    spender = (
        "import sys\nfrom pathlib import Path\nfrom memsrv.errors import BudgetSpent\n"
        "from memsrv_consolidation.teachers.ledger import *\n"
        "book = Ledger(Path(sys.argv[1]), Limits(1_000, 1.0), Prices(3.0, 15.0))\n"
        "print('ready', flush=True)\nsys.stdin.readline()\n"
        "try:\n"
        "    while True: book.reserve(Call('a', 'm', 'p', sys.argv[2]), Usage(7, 0))\n"
        "except BudgetSpent: pass\n"
    )
    path = tmp_path / "spend.jsonl"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", spender, str(path), str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(2)
    ]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for child in children:  # both at once
        assert child.stdin
        child.stdin.write("\n")
        child.stdin.close()
    for child in children:
        assert child.wait(60) == 0
        assert child.stdout
        child.stdout.close()

    found = ledger.entries(path)
    assert ledger.spend(found).tokens == 994
    assert {entry.call.run for entry in found} == {"0", "1"}
