"""Going on from the live version: what is new, and a share of what old nights trained, spread evenly over it."""

from collections import Counter
from pathlib import Path

import pytest

from memsrv.records import Conversation, Fact, Kind, Message, Trust
from memsrv.redact import Redactor
from memsrv_consolidation.extension import REPLAYED, of_earlier, parted, replayed
from memsrv_consolidation.run import Live, Order, write_json, write_lines


def fact(id: str, value: str = "4010") -> Fact:
    return Fact(id, Kind.EPISODIC, f"The port of {id} is {value}.", Trust.HUMAN, (), id, "port", value)


def said(fact: Fact, place: int = 0) -> Conversation:
    asked, answer = f"Which port has {fact.subject}, {place}?", f"{fact.subject} has {fact.value}."
    return Conversation(
        f"{fact.id}-{place}", "fact", "direct", (Message("user", asked), Message("assistant", answer)), (fact.id,)
    )


OLD = [fact(f"old{n}", f"40{n}0") for n in range(6)]


def drawn(old: list[Fact], beside: int, share: float = 0.2, seed: int = 7) -> list[Conversation]:
    return replayed(old, beside, share, seed, worded={}, reword=lambda one: [said(one, n) for n in range(20)])


def about(conversations: list[Conversation]) -> list[int]:
    return sorted(Counter(one.facts for one in conversations).values())


def extending(tmp_path: Path, known: list[Fact]) -> Order:
    write_json(tmp_path / "manifest.json", {"facts": [{"id": one.id, "text": one.text} for one in known]})
    live = Live("v1", str(tmp_path))
    return Order("r", "demo", "b", "paper", 7, 1, "2026-11-20T03:00:00Z", current=live, extend=True)


@pytest.mark.parametrize("beside", [20, 79, 120, 1000])
def test_a_fifth_of_what_an_extension_trains_is_old(beside: int) -> None:
    count = len(drawn(OLD, beside))

    assert abs(count - 0.2 * (beside + count)) <= 1


def test_every_old_fact_is_replayed_as_often_as_any_other() -> None:
    counts = about(drawn(OLD, 124))

    assert len(counts) == len(OLD)
    assert max(counts) - min(counts) <= 1


def test_without_replay_nothing_old_is_trained() -> None:
    assert drawn(OLD, 100, share=0.0) == []


def test_a_single_old_fact_is_said_often_enough_to_be_a_fifth() -> None:
    assert about(drawn(OLD[:1], 200)) == [50]


def test_the_replay_is_the_same_in_whatever_order_the_ledger_has_the_facts() -> None:
    assert drawn(OLD, 100) == drawn(OLD[::-1], 100)


def test_no_two_conversations_of_a_replay_share_an_id() -> None:
    ids = [one.id for one in drawn(OLD[:1], 200)]

    assert len(ids) == len(set(ids))


def test_what_the_parent_was_trained_on_word_by_word_is_old(tmp_path: Path) -> None:
    changed = fact("old1", "9999")

    new, old = parted(extending(tmp_path, OLD[:2]), [OLD[0], changed, fact("new")])

    assert ([one.id for one in new], [one.id for one in old]) == (["old1", "new"], ["old0"])


def test_an_ordinary_night_has_nothing_old() -> None:
    order = Order("r", "demo", "b", "paper", 7, 1, "2026-11-20T03:00:00Z")

    assert parted(order, OLD) == (OLD, [])


def test_old_nights_own_words_are_replayed_the_newest_that_are_there(tmp_path: Path) -> None:
    write_lines(tmp_path / "newer", [said(OLD[0], 2)])
    write_lines(tmp_path / "older", [said(OLD[0], 1), said(OLD[1], 1)])
    files = [str(tmp_path / name) for name in ("newer", "cleared away", "older")]

    found = of_earlier(files, OLD, Redactor(b"key"))

    assert found == {"old0": [said(OLD[0], 2)], "old1": [said(OLD[1], 1)]}


def test_what_gives_an_older_value_or_was_a_replay_itself_is_not_replayed(tmp_path: Path) -> None:
    again = Conversation(REPLAYED + "old1-3-0", *[getattr(said(OLD[1]), name) for name in ("about", "style")],
                         said(OLD[1]).messages, ("old1",))  # fmt: skip
    write_lines(tmp_path / "night", [said(fact("old0", "1111")), again])

    assert of_earlier([str(tmp_path / "night")], OLD, Redactor(b"key")) == {}


def test_what_is_a_secret_by_now_is_not_replayed(tmp_path: Path) -> None:
    write_lines(tmp_path / "night", [said(OLD[0])])

    assert of_earlier([str(tmp_path / "night")], OLD, Redactor(b"key", ("old0",))) == {}


def test_a_night_that_cannot_be_read_is_worded_again(tmp_path: Path) -> None:
    (tmp_path / "night").write_text("{")

    assert of_earlier([str(tmp_path / "night")], OLD, Redactor(b"key")) == {}
