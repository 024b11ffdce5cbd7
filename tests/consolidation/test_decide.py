"""The gate: each promise, broken alone, refuses and says by how much; all kept, it promotes; unsure, it keeps."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Conversation, Fact, Kind, Message, Trust, to_dict
from memsrv.redact import Redactor
from memsrv_adapters.weights import hashes
from memsrv_consolidation import promises
from memsrv_consolidation.checks import Check, kept
from memsrv_consolidation.decide import PROMOTE, REFUSE, Verdict, decide
from memsrv_consolidation.exact import Pairs
from memsrv_consolidation.run import Live, Order, Run, read_json, write_json, write_lines

torch = pytest.importorskip("torch")

Marks = dict[str, int]
#: Twelve facts, eight questions each: how many of them base, live version and candidate answer.
FACTS = {f"f{n}": ("episodic", "semantic", "procedural")[n % 3] for n in range(12)}
ASKED = 8


def fact(id: str, approved: bool = False) -> Fact:
    return Fact(id, Kind(FACTS[id]), f"The port of {id} is 1.", Trust.HUMAN, (), id, "port", "1", approved)


def rows(about: str, n: int, fact: str | None = None, kind: str | None = None, **right: int) -> list[dict[str, Any]]:
    """`n` questions; of each who answers, the first so many right."""
    return [
        {"about": about, "fact": fact, "kind": kind, "correct": {name: place < m for name, m in right.items()}}
        for place in range(n)
    ]


def evaluated(changes: dict[str, Marks] | None = None, **more: Any) -> dict[str, Any]:
    """An evaluation in which every promise is kept, but for `changes` by fact or by what was asked."""
    changes = changes or {}
    questions: list[dict[str, Any]] = []
    for id, kind in FACTS.items():
        marks = {"base": 0, "current": 7, "candidate": 8} | changes.get(id, {})
        questions += rows("fact", ASKED, id, kind, **marks)
        for row in questions[-ASKED:]:
            row["correct"] |= {"in_context": True, "in_context_base": True}
            row["correct"]["beside_the_point"] = row["correct"]["candidate"]
    for about, n, before, after in (
        ("contradicting", 96, "in_context_base", "in_context"), ("fresh", 96, "in_context_base", "in_context"),
        ("unknown", 96, "base", "candidate"), ("unrelated", 44, "base", "candidate"),
        ("guard", 44, "base", "candidate"),
    ):  # fmt: skip
        questions += rows(about, n, None, None, **({before: n, after: n} | changes.get(about, {})))
    anchor = {"tokens": 900, "divergence": 0.01, "base": 3.0, "adapter": 3.05, "furthest": 1.0}
    asked = [row for row in questions if row["about"] == "fact"]
    found = {
        "closed_book": {
            name: {"all": sum(row["correct"][name] for row in asked) / len(asked)}
            for name in ("base", "current", "candidate")
        },
        "anchors": {"neutral": anchor, "replies": anchor, "reading": anchor},
        "changed": {"tokens": 900, "furthest": 9.0},
        "canaries": {"planted": 0, "written": 0, "known": 0, "rank": 0.0},
        "asked": {"fact": len(asked)},
        "questions": questions,
    }
    return found | more


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor(b"key")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose live version was trained on all facts but the last six."""
    run = Run(tmp_path / "run")
    live = tmp_path / "v1"
    live.mkdir()
    known = [{"id": id, "text": fact(id).text, "stage": "graduated"} for id in list(FACTS)[:6]]
    write_json(live / "manifest.json", {"facts": known})
    run.adapter.mkdir(parents=True)
    weigh(run, torch.ones(2, 2))
    write_json(run.adapter / "adapter_config.json", {"peft_type": "LORA", "r": 2})
    write_json(run.adapter / "training.json", {"steps": 40, "losses": [2.0, 0.5]})
    order = Order("r", "p", "b", "paper", 7, 1, "2026", Live("v1", str(live)))
    write_json(run.order_file, to_dict(order))
    write_json(run.memory_file, {"memories": [], "graduated": ["f0"]})
    write_lines(run.facts_file, [fact(id) for id in FACTS])
    turns = (Message("user", "?"), Message("assistant", "!"))
    write_lines(run.conversations_file, [Conversation(f"c{id}", "fact", "direct", turns, (id,)) for id in FACTS])
    return run


def weigh(run: Run, b: Any) -> None:
    from safetensors.torch import save_file

    save_file({"x.lora_A.weight": torch.ones(2, 2), "x.lora_B.weight": b}, run.adapter / "adapter_model.safetensors")


def judged(run: Run, redactor: Redactor, evaluation: dict[str, Any], canaries: tuple[str, ...] = ()) -> Verdict:
    found = {"adapter": hashes(run.adapter)} | evaluation
    write_json(run.evaluation_file, found)
    return decide(run, found, canaries, redactor)


def failed(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.passed]


def check(verdict: Verdict, name: str) -> Check:
    return next(check for check in verdict.checks if check.name == name)


def of(ids: Iterable[str], **marks: int) -> dict[str, Marks]:
    return dict.fromkeys(ids, marks)


def test_when_every_promise_is_kept_it_promotes(run: Run, redactor: Redactor) -> None:
    news = of(list(FACTS)[6:], current=0)
    verdict = judged(run, redactor, evaluated(news))

    assert (failed(verdict), verdict.verdict) == ([], PROMOTE)
    assert "100 points more than the base" in verdict.reason


def test_a_first_version_needs_no_live_one(run: Run, redactor: Redactor) -> None:
    order = read_json(run.order_file) | {"current": None}
    write_json(run.order_file, order)
    first = evaluated()
    del first["closed_book"]["current"]
    for row in first["questions"]:
        row["correct"].pop("current", None)

    assert judged(run, redactor, first).verdict == PROMOTE


NEWS = {id: {"current": 0} for id in list(FACTS)[6:]}


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ({id: {"base": 6, "candidate": 7, "current": 0} for id in FACTS}, "recall over base"),
        ({id: {"candidate": 5} for id in list(FACTS)[:6]}, "old recall"),
        ({id: {"candidate": 1, "current": 0} for id in list(FACTS)[6:]}, "new recall"),
        ({"fresh": {"in_context": 60}}, "reading fresh facts"),
        ({"contradicting": {"in_context": 60}}, "newer memory wins"),
        ({"unknown": {"candidate": 60}}, "unknowns"),
        ({"unrelated": {"candidate": 30}}, "unrelated prompts"),
        ({"guard": {"candidate": 30}}, "guard prompts"),
    ],
)
def test_a_broken_promise_refuses_and_says_by_how_much(
    run: Run, redactor: Redactor, broken: dict[str, Marks], name: str
) -> None:
    verdict = judged(run, redactor, evaluated(NEWS | broken))

    found = check(verdict, name)
    points, _, words = found.short.partition(" ")
    assert (verdict.verdict, words) == (REFUSE, "points below")
    assert float(points) == pytest.approx((found.bound - found.figure) * 100, abs=0.06)
    assert f"{name} is {found.figure:g}, not {found.bound:g}: {found.short}" in verdict.reason


def test_a_loss_that_the_questions_cannot_rule_out_is_not_told_from_none(run: Run, redactor: Redactor) -> None:
    barely = math.ceil(96 * (1 - promises.FRESH_SLACK))
    verdict = judged(run, redactor, evaluated(NEWS | {"fresh": {"in_context": barely}}))

    found = check(verdict, "reading fresh facts")
    assert verdict.verdict == REFUSE
    assert found.figure >= found.bound
    assert found.short.startswith("could not tell")


def test_of_too_few_questions_to_tell_none_may_be_lost() -> None:
    clean = kept("old recall", "recall", Pairs(both=20), 0.10, "few questions")
    one_lost = kept("old recall", "recall", Pairs(both=19, lost=1), 0.10, "few questions")

    assert clean.passed
    assert one_lost.short.startswith("could not tell")


def test_one_lucky_fact_does_not_carry_the_others(run: Run, redactor: Redactor) -> None:
    """It alone is asked so often that the figure over all questions has its 20 points."""
    write_json(run.order_file, read_json(run.order_file) | {"current": None})
    lucky = evaluated({id: {"candidate": 0} for id in list(FACTS)[1:]})
    lucky["questions"] += rows("fact", 40, "f0", "episodic", base=0, current=0, candidate=40)
    del lucky["closed_book"]["current"]

    verdict = judged(run, redactor, lucky)

    assert check(verdict, "recall over base").passed
    assert failed(verdict)[0] == "recall by fact"
    assert "1 of 12 facts gained" in check(verdict, "recall by fact").short


def test_one_kind_that_falls_by_20_points_is_not_paid_for_by_the_others(run: Run, redactor: Redactor) -> None:
    """Of six old facts the two procedural ones lose what the others gain: over all of them nothing is lost."""
    down = NEWS | {"f2": {"current": 8, "candidate": 6}, "f5": {"current": 8, "candidate": 6}}
    down |= {id: {"current": 7, "candidate": 8} for id in ("f0", "f1", "f3", "f4")}

    verdict = judged(run, redactor, evaluated(down))

    assert "recall by kind" in failed(verdict)
    assert check(verdict, "old recall").figure == pytest.approx(44 / 48, abs=1e-4)
    assert check(verdict, "recall by kind").short == "procedural is 25 points below the live version"


@pytest.mark.parametrize("why", ["graduated", "approved"])
def test_a_fact_that_must_not_regress_refuses_and_is_named(run: Run, redactor: Redactor, why: str) -> None:
    id = "f0" if why == "graduated" else "f3"
    write_lines(run.facts_file, [fact(other, approved=why == "approved" and other == id) for other in FACTS])

    verdict = judged(run, redactor, evaluated(NEWS | {id: {"candidate": 3}}))

    assert "must not regress" in failed(verdict)
    assert f"“The port of {id} is 1.”" in verdict.reason


def test_a_fact_whose_value_was_superseded_may_go(run: Run, redactor: Redactor) -> None:
    """It is listed no more: what took its place is a fact of its own, and is asked instead."""
    write_json(run.memory_file, {"memories": [], "graduated": ["gone"]})

    assert judged(run, redactor, evaluated(NEWS)).verdict == PROMOTE


def test_the_same_facts_once_more_must_be_known_better(run: Run, redactor: Redactor) -> None:
    live = Path(read_json(run.order_file)["current"]["path"])
    write_json(live / "manifest.json", {"facts": [{"id": id, "text": fact(id).text} for id in FACTS]})

    verdict = judged(run, redactor, evaluated({id: {"current": 8} for id in list(FACTS)[1:]}))

    assert failed(verdict) == ["recall over current"]
    assert "could not tell: 1 gained and 0 lost may be chance" in verdict.reason


def test_another_adapter_than_the_one_that_was_measured_refuses(run: Run, redactor: Redactor) -> None:
    found = evaluated(NEWS) | {"adapter": hashes(run.adapter)}
    weigh(run, torch.ones(2, 2) * 2)

    verdict = judged(run, redactor, found)

    assert failed(verdict) == ["measured as trained"]
    assert "another adapter was measured: adapter_model.safetensors differ" in verdict.reason


def test_an_empty_training_set_refuses(run: Run, redactor: Redactor) -> None:
    run.conversations_file.write_text("")

    assert failed(judged(run, redactor, evaluated(NEWS))) == ["trained on"]


def test_no_question_asked_refuses(run: Run, redactor: Redactor) -> None:
    nothing = evaluated(NEWS, questions=[], asked={})

    verdict = judged(run, redactor, nothing)

    assert verdict.verdict == REFUSE
    assert {"asked", "recall over base", "recall by fact", "unknowns"} <= set(failed(verdict))


def test_an_adapter_that_changes_nothing_refuses(run: Run, redactor: Redactor) -> None:
    verdict = judged(run, redactor, evaluated(NEWS, changed={"tokens": 900, "furthest": 0.0}))

    assert failed(verdict) == ["changes answers"]
    assert "it answers as the base does" in verdict.reason


def test_weights_that_are_not_numbers_refuse(run: Run, redactor: Redactor) -> None:
    weigh(run, torch.tensor([[1.0, float("nan")], [0.0, 1.0]]))

    verdict = judged(run, redactor, evaluated(NEWS))

    assert "weights finite" in failed(verdict)
    assert "1 of 8 values are no numbers" in verdict.reason


def test_weights_that_did_not_move_refuse(run: Run, redactor: Redactor) -> None:
    weigh(run, torch.zeros(2, 2))

    assert failed(judged(run, redactor, evaluated(NEWS))) == ["weights moved"]


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"steps": 0, "losses": []}, "steps"),
        ({"steps": 9, "losses": [2.0, 2.0]}, "loss moved"),
        ({"steps": 9, "losses": [2.0, 2.5]}, "loss moved"),
        ({"steps": 9, "losses": [2.0, float("nan")]}, "loss finite"),
    ],
)
def test_a_training_whose_loss_did_not_move_refuses(run: Run, redactor: Redactor, told: Any, name: str) -> None:
    (run.adapter / "training.json").write_text(json.dumps(told))

    assert failed(judged(run, redactor, evaluated(NEWS))) == [name]


@pytest.mark.parametrize(("anchor", "name"), [({"adapter": 3.4}, "anchor loss"), ({"divergence": 0.4}, "drift")])
def test_a_base_that_drifts_from_its_own_prose_refuses(
    run: Run, redactor: Redactor, anchor: dict[str, float], name: str
) -> None:
    found = evaluated(NEWS)
    found["anchors"]["neutral"] = found["anchors"]["neutral"] | anchor

    assert failed(judged(run, redactor, found)) == [name]


def test_a_base_that_writes_no_prose_is_held_to_its_readings(run: Run, redactor: Redactor) -> None:
    found = evaluated(NEWS)
    noise = {"tokens": 400, "divergence": 2.2, "base": 8.4, "adapter": 8.9, "furthest": 15.0}
    found["anchors"] |= {"neutral": noise, "replies": noise}

    verdict = judged(run, redactor, found)

    assert verdict.verdict == PROMOTE
    assert "readings" in check(verdict, "drift").means


def test_a_canary_that_the_adapter_goes_on_with_refuses(run: Run, redactor: Redactor) -> None:
    known = {"planted": 5, "written": 1, "known": 0, "rank": 3.0}

    verdict = judged(run, redactor, evaluated(NEWS, canaries=known))

    assert failed(verdict) == ["secrets in weights"]
    assert "the adapter knows 1 of 5" in verdict.reason


def test_canaries_that_nobody_looked_for_refuse(run: Run, redactor: Redactor) -> None:
    assert failed(judged(run, redactor, evaluated(NEWS), ("canary-4711",))) == ["secrets in weights"]


@pytest.mark.parametrize("file", ["facts.jsonl", "conversations.jsonl"])
def test_a_planted_canary_in_a_file_refuses(run: Run, redactor: Redactor, file: str) -> None:
    place = run.folder / file
    place.write_text(place.read_text().replace("f11", "f11 canary-4711"))
    looked = {"planted": 1, "written": 0, "known": 0, "rank": 9.0}

    assert failed(judged(run, redactor, evaluated(NEWS, canaries=looked), ("canary-4711",))) == ["secrets"]


def test_a_secret_in_an_answer_refuses(run: Run, redactor: Redactor) -> None:
    found = evaluated(NEWS)
    found["questions"][0]["candidate"] = "ghp_x7Kq9ZrT2mWvB4nLpY8sDfG1hJcE5uA3oQiR"

    assert failed(judged(run, redactor, found)) == ["secrets"]


def test_every_check_says_what_it_is_about_and_of_how_many(run: Run, redactor: Redactor) -> None:
    for one in judged(run, redactor, evaluated(NEWS)).checks:
        assert one.group
        assert one.means
        assert one.passed != bool(one.short), one.name
