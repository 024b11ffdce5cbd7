"""The ladder's last sentence: what measured best, whether that is shipped, and what would have to change."""

from typing import Any

from memsrv.tables.ladder import _follows as last_line


def told(**other: Any) -> dict[str, Any]:
    found = {"rung": "A3", "recall": 0.8125, "keeps_guards": True, "shipped_recall": 0.5, "is_shipped": False,
             "differs": {"strategy": ["paper", "distil"], "epochs": [8, 3]}}  # fmt: skip
    return found | other


def test_a_default_that_is_the_best_rung_follows_it() -> None:
    assert last_line(told(is_shipped=True, differs={})) == (
        "The default follows A3: recall 0.812; what is shipped: the same."
    )


def test_another_default_does_not_follow_and_each_difference_leads_from_what_is_shipped_to_the_rung() -> None:
    assert last_line(told()) == (
        "The default does not follow A3: recall 0.812; what is shipped: 0.500, "
        "and differs in strategy paper -> distil, epochs 8 -> 3."
    )


def test_where_no_rung_kept_its_guards_the_best_is_told_with_that() -> None:
    for is_shipped in (True, False):
        assert "recall 0.812 (no rung kept its guards);" in last_line(told(keeps_guards=False, is_shipped=is_shipped))


def test_a_default_that_could_not_be_trained_has_no_recall() -> None:
    assert "what is shipped: not measured, and differs" in last_line(told(shipped_recall=None))


def test_a_list_is_told_by_how_long_it_is() -> None:
    assert last_line(told(differs={"targets": [["q", "v"], ["q", "k", "v", "o"]]})).endswith("targets 2 -> 4.")
