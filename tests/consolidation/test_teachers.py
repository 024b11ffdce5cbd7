"""Teachers over real HTTP, through the official clients: good ones, and every way in which one can go wrong.

Whatever a teacher does, a call is paid once, the budget holds, no secret leaves, and the run goes on by rules.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Message
from memsrv.redact import Redactor
from memsrv_consolidation.run import TeacherOrder
from memsrv_consolidation.teachers import Prompt, ledger, teacher, wire
from memsrv_consolidation.teachers.exchanges import Exchanges
from memsrv_consolidation.teachers.gateway import Gateway
from memsrv_consolidation.teachers.ledger import Ledger, Limits, Prices

APIS = ("anthropic", "openai")
PROMPT = Prompt("You are asked something.", (Message("user", "What is it?"),), 50)

Teach = Callable[[Any], Any]


@dataclass
class Desk:
    """A gateway to one server, and what can be seen of it from the outside."""

    gateway: Gateway
    folder: Path
    waited: list[float] = field(default_factory=list)

    @property
    def spent(self) -> ledger.Spend:
        return ledger.today(self.folder / "spend.jsonl", datetime.now(UTC))

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in (self.folder / "teacher.jsonl").read_text().splitlines()]

    def written(self) -> str:
        return "".join(file.read_text() for file in self.folder.iterdir() if file.is_file())


def desk(
    folder: Path, api: str, url: str, key: str | None, *, tokens: int = 100_000, usd: float = 10.0,
    timeout_s: float = 5.0, strings: tuple[str, ...] = (), earlier: tuple[Path, ...] = (),
) -> Desk:  # fmt: skip
    folder.mkdir(exist_ok=True)
    url = f"{url}/v1" if api == "openai" else url
    order = TeacherOrder(api, "some-model", url, 3.0, 15.0, tokens, usd, timeout_s, str(folder / "spend.jsonl"))
    waited: list[float] = []
    gateway = Gateway(
        teacher(order, key),
        Ledger(Path(order.ledger), Limits(tokens, usd), Prices(3.0, 15.0)),
        Exchanges(folder / "teacher.jsonl", earlier),
        Redactor(b"run", strings),
        "run-1",
        key=key,
        timeout_s=timeout_s,
        wait=waited.append,
    )
    return Desk(gateway, folder, waited)


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def key(teachers: ModuleType) -> str:
    return str(teachers.KEY)


# What goes well


def test_an_answer_is_paid_as_the_server_reports_and_written_down(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Says("It is that.", input=21, output=4))
    asking = desk(tmp_path, api, server.url, key)

    assert asking.gateway.ask(PROMPT, "reflect, semantic") == "It is that."

    assert (asking.spent.tokens, asking.spent.calls, asking.spent.usd) == (25, 1, pytest.approx(0.000123))
    assert asking.events() == ["sent", "said"]
    [asked] = server.asked
    assert (asked.text, asked.most) == ("What is it?", 50)


def test_the_key_travels_in_one_header_and_stands_in_no_file(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Says("Yes."))
    asking = desk(tmp_path, api, server.url, key)
    asking.gateway.ask(PROMPT, "reflect, semantic")

    [asked] = server.asked
    carrying = {name: said for name, said in asked.headers.items() if key in said}
    # Which of the two is the official client's business.
    assert carrying in ({"x-api-key": key}, {"authorization": f"Bearer {key}"})
    assert key not in asking.written()


def test_a_schema_is_a_tool_for_anthropic_and_comes_back_as_json(
    teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Says('{"facts": []}'))
    prompt = Prompt(PROMPT.system, PROMPT.messages, 50, {"type": "object", "properties": {"facts": {"type": "array"}}})

    said = desk(tmp_path, "anthropic", server.url, key).gateway.ask(prompt, "reflect, semantic")

    assert said == '{"facts": []}'
    assert server.asked[0].body["tool_choice"] == {"type": "tool", "name": "answer"}


def test_the_same_question_is_sent_once(api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path) -> None:
    server = teach(lambda asked: teachers.Says("Once."))
    desk(tmp_path, api, server.url, key).gateway.ask(PROMPT, "reflect, semantic")

    again = desk(tmp_path, api, server.url, key).gateway.ask(PROMPT, "reflect, semantic")

    assert again == "Once."
    assert len(server.asked) == 1


def test_what_an_earlier_run_was_told_is_not_asked_again(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Says("Once."))
    desk(tmp_path / "monday", api, server.url, key).gateway.ask(PROMPT, "reflect, semantic")
    tuesday = desk(tmp_path / "tuesday", api, server.url, key, earlier=(tmp_path / "monday" / "teacher.jsonl",))

    assert tuesday.gateway.ask(PROMPT, "reflect, semantic") == "Once."

    assert len(server.asked) == 1
    assert tuesday.events() == ["replayed"]
    assert tuesday.spent.calls == 0


# What goes wrong on the wire. For each: the requests that arrive, the calls that stay paid, whether it is the end.


def wrong(name: str, answer: Callable[[ModuleType], Any], requests: int, paid: int, stops: str | None = None) -> Any:
    return pytest.param(answer, requests, paid, stops, id=name)


@pytest.mark.parametrize(
    ("answer", "requests", "paid", "stops"),
    [
        wrong("401", lambda t: t.Sends(401, b'{"error": {"message": "bad key"}}'), 1, 0, "does not accept the key"),
        wrong("403", lambda t: t.Sends(403), 1, 0, "does not allow"),
        wrong("404", lambda t: t.Sends(404), 1, 0, "does not know the model"),
        wrong("400", lambda t: t.Sends(400, b"{}"), 1, 0),
        wrong("429", lambda t: t.Sends(429, headers={"retry-after": "2"}), 3, 0),
        wrong("429-for-an-hour", lambda t: t.Sends(429, headers={"retry-after": "3600"}), 1, 0, "busy"),
        wrong("529", lambda t: t.Sends(529), 3, 0),
        wrong("500", lambda t: t.Sends(500), 2, 2),
        wrong("503", lambda t: t.Sends(503, b"<html>"), 2, 2),
        wrong("redirect", lambda t: t.Sends(307, headers={"location": "http://127.0.0.1:9/"}), 1, 0, "elsewhere"),
        wrong("stalls", lambda t: t.Stalls(), 2, 2),
        wrong("drips", lambda t: t.Stalls(drips=True), 2, 2),
        wrong("cut", lambda t: t.Sends(200, b'{"type": "mess', claims=500), 2, 2),
        wrong("html", lambda t: t.Sends(200, b"<html>Sign in</html>", {"content-type": "text/html"}), 2, 2),
        wrong("other-json", lambda t: t.Sends(200, b'{"hello": []}'), 2, 2),
        wrong("no-json", lambda t: t.Sends(200, b"}{"), 2, 2),
        wrong("nothing", lambda t: t.Sends(200), 2, 2),
    ],
)
def test_a_failing_server_costs_no_more_than_it_may_have_worked_for(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path,
    answer: Callable[[ModuleType], Any], requests: int, paid: int, stops: str | None,
) -> None:  # fmt: skip
    server = teach(lambda asked: answer(teachers))
    asking = desk(tmp_path, api, server.url, key, timeout_s=0.4)

    assert asking.gateway.ask(PROMPT, "reflect, semantic") is None

    assert len(server.asked) == requests
    assert (asking.spent.calls, asking.spent.open) == (paid, paid)
    assert asking.spent.tokens == paid * PROMPT.worst.tokens
    assert (stops or "") in (asking.gateway.stopped or "")
    assert (asking.gateway.stopped is None) == (stops is None)


@pytest.mark.parametrize("how", ["endless", "compressed"])
def test_a_right_answer_in_too_many_bytes_is_not_read(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path, how: str
) -> None:
    def brain(asked: Any) -> Any:
        right = teachers.in_words_of(asked, teachers.Says("Yes.")).body
        if how == "endless":
            return teachers.Sends(200, right + b" " * wire.ANSWER_BYTES)
        return teachers.Sends(200, gzip.compress(right), {"content-encoding": "gzip"})

    server = teach(brain)
    asking = desk(tmp_path, api, server.url, key)

    assert asking.gateway.ask(PROMPT, "reflect, semantic") is None
    assert (len(server.asked), asking.spent.open) == (2, 2)


def test_it_waits_as_long_as_it_is_asked_to_and_then_gets_its_answer(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    busy = [teachers.Sends(429, headers={"retry-after": "7"}), teachers.Sends(529)]
    server = teach(lambda asked: busy.pop(0) if busy else teachers.Says("At last.", input=9, output=3))
    asking = desk(tmp_path, api, server.url, key)

    assert asking.gateway.ask(PROMPT, "reflect, semantic") == "At last."

    assert asking.waited == [7.0, 2.0]
    assert (asking.spent.tokens, asking.spent.calls) == (12, 1)


def test_a_server_that_cannot_be_reached_is_given_up_and_costs_nothing(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(teachers.well)
    asking = desk(tmp_path, api, server.url, key)
    server.close()

    assert asking.gateway.ask(PROMPT, "one") is None
    assert asking.gateway.ask(Prompt("Else.", PROMPT.messages, 50), "two") is None

    assert "no answer 2 times in a row" in (asking.gateway.stopped or "")
    assert asking.spent == ledger.Spend()


def test_after_it_is_stopped_nothing_more_is_sent(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Sends(401))
    asking = desk(tmp_path, api, server.url, key)
    for number in range(5):
        asking.gateway.ask(Prompt(f"Question {number}", PROMPT.messages, 50), "reflect, semantic")

    assert len(server.asked) == 1
    assert asking.events() == ["sent", "failed", "stopped"]


# The budget


def test_a_server_that_takes_the_most_it_may_stays_within_the_budget_to_the_token(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    prompts = [Prompt(f"Question {number:02d}", PROMPT.messages, 50) for number in range(20)]
    worst = prompts[0].worst
    server = teach(lambda asked: teachers.Says("Dear.", input=worst.input, output=worst.output))
    asking = desk(tmp_path, api, server.url, key, tokens=7 * worst.tokens + worst.tokens - 1)
    for prompt in prompts:
        asking.gateway.ask(prompt, "reflect, semantic")

    assert len(server.asked) == 7
    assert asking.spent.tokens == 7 * worst.tokens
    assert "tokens of the day are spent" in (asking.gateway.stopped or "")


def test_money_holds_as_tokens_do(api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path) -> None:
    prompts = [Prompt(f"Question {number:02d}", PROMPT.messages, 50) for number in range(20)]
    worst = prompts[0].worst
    cost = float(Prices(3.0, 15.0).of(worst))
    server = teach(lambda asked: teachers.Says("Dear.", input=worst.input, output=worst.output))
    asking = desk(tmp_path, api, server.url, key, usd=3.5 * cost)
    for prompt in prompts:
        asking.gateway.ask(prompt, "reflect, semantic")

    assert len(server.asked) == 3
    assert asking.spent.usd <= 3.5 * cost


def test_a_teacher_that_overcharges_is_believed_once_and_not_asked_again(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Says("Cheap!", input=900_000, output=50))
    asking = desk(tmp_path, api, server.url, key)

    assert asking.gateway.ask(PROMPT, "one") == "Cheap!"
    again = desk(tmp_path, api, server.url, key)
    assert again.gateway.ask(Prompt("Else.", PROMPT.messages, 50), "two") is None

    assert len(server.asked) == 1
    assert (asking.spent.tokens, asking.spent.overcharged) == (900_050, (api,))
    assert "claimed more" in (asking.gateway.stopped or "")


def test_without_a_budget_nothing_is_sent(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(teachers.well)

    assert desk(tmp_path, api, server.url, key, tokens=0).gateway.ask(PROMPT, "one") is None

    assert server.asked == []


# Secrets


def test_what_leaves_holds_placeholders_in_place_of_secrets(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path
) -> None:
    server = teach(lambda asked: teachers.Says("Fine."))
    token = "ghp_x7Kq9ZrT2mWvB4nLpY8sDfG1hJcE5uA3oQiR"
    said = f"Deploy for Umbrella Corp with {token}."
    asking = desk(tmp_path, api, server.url, key, strings=("Umbrella Corp",))

    asking.gateway.ask(Prompt(f"About {token}", (Message("user", said),), 50), "one")

    sent = json.dumps(server.asked[0].body)
    assert token not in sent
    assert "Umbrella" not in sent
    assert "[redacted:github-pat:" in sent
    assert token not in asking.written()


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_server_that_quotes_the_key_does_not_get_it_into_a_file(
    api: str, teach: Teach, teachers: ModuleType, key: str, tmp_path: Path, status: int
) -> None:
    said = f"the key {key} is fine"
    answer = teachers.Says(said) if status == 200 else teachers.Sends(status, json.dumps({"error": said}).encode())
    server = teach(lambda asked: answer)
    asking = desk(tmp_path, api, server.url, key)

    asking.gateway.ask(PROMPT, "one")

    assert key not in asking.written()
    assert key not in (asking.gateway.stopped or "")
