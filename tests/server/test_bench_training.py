"""`memsrv bench training`: what is asked of the children, and how their figures stand beside trl's."""

import pytest

from memsrv.bench.training import compared, shape_named, ways
from memsrv.errors import UsageError


def row(strategy: str, useful: float, looks: list[tuple[float, float]]) -> dict[str, object]:
    return {
        "strategy": strategy, "tokens_per_s": 5 * useful, "completion_tokens_per_s": useful,
        "looks": [{"seconds": seconds, "recall": recall} for seconds, recall in looks],
    }  # fmt: skip


def test_pace_and_time_to_equal_recall_are_multiples_of_trls() -> None:
    rows = compared(
        [row("distil", 200.0, [(5, 0.2), (10, 0.6), (20, 0.9)]), row("trl", 100.0, [(20, 0.3), (40, 0.6), (60, 0.6)])]
    )

    ours, plain = rows
    assert (ours["times_useful"], ours["equal_recall_s"], ours["times_sooner"], ours["recall"]) == (2.0, 10, 4.0, 0.9)
    assert (plain["times_useful"], plain["equal_recall_s"], plain["times_sooner"]) == (1.0, 40, 1.0)


def test_what_never_recalls_as_much_has_no_time_and_a_pace_alone_has_no_recall() -> None:
    never, _ = compared([row("paper", 100.0, [(5, 0.1)]), row("trl", 100.0, [(5, 0.5)])])
    pace, _ = compared([row("paper", 100.0, []), row("trl", 100.0, [])])

    assert (never["equal_recall_s"], never["times_sooner"]) == (None, None)
    assert (pace["recall"], pace["equal_recall_s"]) == (None, None)


def test_trl_is_always_measured_and_each_strategy_once() -> None:
    assert ways(["distil", "trl", "distil"]) == ["distil", "trl"]
    with pytest.raises(UsageError, match="no strategy `magic`"):
        ways(["magic"])


def test_a_shape_is_asked_for_by_its_name() -> None:
    assert shape_named("Qwen2.5-7B-shape") == "qwen2.5-7b"
    assert shape_named("memsrv-tiny") is None
    with pytest.raises(UsageError, match=r"known: qwen2\.5-0\.5b-shape, "):
        shape_named("gpt-shape")
