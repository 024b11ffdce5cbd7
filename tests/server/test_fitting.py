"""What words are worth is fitted on sentences that anyone can read and fit again."""

from pathlib import Path

import pytest

from memsrv.bench import fitting
from memsrv.errors import UsageError
from memsrv.lenses import weighing
from memsrv.lenses.wording import words


def test_the_weights_are_of_the_sentences_and_features_that_are_here() -> None:
    here = fitting.digest(fitting.said())

    assert weighing.fitted().digest == here, "run `python -m memsrv.bench.fitting` and commit lenses/weights.json"


def test_a_fit_tells_rules_from_tasks_that_it_never_saw() -> None:
    told = [(f"never use {thing}", True) for thing in ("mocks", "stubs", "globals", "sleeps")]
    told += [(f"add a {thing} to the page", False) for thing in ("button", "title", "table", "picture")]
    weights = fitting.fit(told)

    def total(sentence: str) -> float:
        told = weighing.features(sentence).items()
        return weights.bias + sum(weights.worth.get(feature, 0.0) * much for feature, much in told)

    assert total("never use singletons") > 0 > total("add a list to the page")


def test_the_same_sentences_give_the_same_weights() -> None:
    told = fitting.said()[:60]

    assert fitting.fit(told) == fitting.fit(told)


def test_a_line_without_its_label_is_named(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("y never push\nmaybe this\n")

    with pytest.raises(UsageError, match=r"line 2 of .*more\.txt"):
        fitting.said(tmp_path)


def test_names_of_things_count_by_their_sort() -> None:
    assert words("dont edit src/crane.py with pnpm") == ["don't", "edit", "<code>", "with", "<tool>"]


def test_a_file_that_is_pointed_at_is_a_task() -> None:
    assert weighing.stands("never commit generated files")
    assert not weighing.stands("never commit generated files, see @docs/crane.md")
