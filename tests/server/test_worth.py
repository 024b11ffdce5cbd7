"""Whether training pays: a table computed by hand, every figure moves the answer its own way, the report names them."""

import json
from dataclasses import replace
from math import inf

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from memsrv.app import App
from memsrv.app.reporting import DEFAULT, MEASURED, SETTING
from memsrv.cli import command
from memsrv.config import put
from memsrv.home import Home
from memsrv.records import Kind
from memsrv.settings import Settings, load
from memsrv.worth import Figures, changes, names, worth

#: A dollar of teacher and 0.1 kWh for 3 cents, against a thousand tokens that a cache sells for a tenth of $3/M.
PAID = Figures(
    extract_usd=0.5, synthesise_usd=0.5, extract_s=300, synthesise_s=100, train_s=3000, evaluate_s=200, watts=100,
    usd_per_kwh=0.30, standing_tokens=1000, usd_per_million_input=3, cache_discount=0.9, questions_per_day=50,
    rebuild_days=7,
)  # fmt: skip


@pytest.mark.parametrize(
    ("of", "cost", "saving", "questions", "days", "pays"),
    [
        (PAID, 1.03, 0.0003, 3433.333, 68.667, False),
        (replace(PAID, cache_discount=0), 1.03, 0.003, 343.333, 6.867, True),
        (replace(PAID, cache_discount=0, half_life_days=6), 1.03, 0.003, 343.333, 6.867, False),
        (replace(PAID, sessions_per_day=25), 1.03, 0.00165, 624.242, 12.485, False),  # each second one finds no cache
        (replace(PAID, recalled_tokens=900), 1.03, 0.003, 343.333, 6.867, True),  # what is found is never cached
        (replace(PAID, recall_s=0.36, usd_per_hour_waiting=50), 1.03, 0.005303, 194.229, 3.885, True),
        (replace(PAID, share_in_weights=0.5), 1.03, 0.00015, 6866.667, 137.333, False),
        (replace(PAID, answer_s=36), 1.03, 0.0, None, None, False),  # a question costs a thousandth of 0.30 more
        (replace(PAID, usd_per_machine_hour=2), 3.03, 0.0003, 10100, 202, False),
        (replace(PAID, extract_usd=0, synthesise_usd=0), 0.03, 0.0003, 100, 2, True),
        (replace(PAID, questions_per_day=0), 1.03, 0.0003, 3433.333, None, False),
    ],
)
def test_the_table_computed_by_hand(
    of: Figures, cost: float, saving: float, questions: float | None, days: float | None, pays: bool
) -> None:
    found = worth(of)

    assert (found.cost_usd, found.saving_usd) == (pytest.approx(cost), pytest.approx(saving, abs=1e-6))
    assert found.pays is pays
    assert found.questions == (None if questions is None else pytest.approx(questions, rel=1e-3))
    assert found.days == (None if days is None else pytest.approx(days, rel=1e-3))


_MORE_IS_BETTER = ("standing_tokens", "recalled_tokens", "usd_per_million_input", "recall_s", "usd_per_hour_waiting",
                   "share_in_weights", "sessions_per_day", "rebuild_days", "half_life_days")  # fmt: skip
_MORE_IS_WORSE = ("extract_usd", "synthesise_usd", "extract_s", "synthesise_s", "train_s", "evaluate_s", "answer_s",
                  "cache_discount")  # fmt: skip
_money, _small, _share = st.floats(0, 50), st.floats(0, 5), st.floats(0, 1)
_figures = st.builds(
    Figures,
    extract_usd=_money, synthesise_usd=_money, extract_s=_money, synthesise_s=_money, train_s=st.floats(0, 1e5),
    evaluate_s=_money, watts=st.floats(0, 500), usd_per_kwh=_small, usd_per_machine_hour=_small,
    standing_tokens=st.floats(0, 1e5), recalled_tokens=st.floats(0, 1e5), usd_per_million_input=_money,
    cache_discount=_share, recall_s=_small, usd_per_hour_waiting=st.floats(0, 200), answer_s=_small,
    share_in_weights=_share, questions_per_day=st.floats(0.01, 1e4), sessions_per_day=_small,
    rebuild_days=st.floats(0.1, 400), half_life_days=st.floats(0.1, 400),
)  # fmt: skip


@given(_figures, st.sampled_from((*_MORE_IS_BETTER, *_MORE_IS_WORSE)), st.floats(0, 1))
def test_each_figure_moves_the_answer_its_own_way(of: Figures, name: str, by: float) -> None:
    bounded = name in ("share_in_weights", "cache_discount")
    value = getattr(of, name)
    more = replace(of, **{name: value + by * ((1 - value) if bounded else 10)})
    less, more = (worth(of), worth(more)) if name in _MORE_IS_BETTER else (worth(more), worth(of))

    assert _net(more) >= _net(less) - 1e-9 * (1 + abs(_net(less)))


def _net(found: object) -> float:
    """What is left at the end of the horizon; where nothing is saved, nobody asks the weights."""
    return max(found.saving_usd, 0.0) * found.asked - found.cost_usd  # type: ignore[attr-defined]


@given(_figures)
def test_it_pays_exactly_where_something_is_saved_and_the_break_even_is_asked_in_time(of: Figures) -> None:
    found = worth(of)

    assert found.pays == (found.saving_usd > 0 and _net(found) >= -1e-9 * found.cost_usd)


@settings(max_examples=20)
@given(_figures)
def test_what_would_have_to_change_is_enough_and_hardly_more(of: Figures) -> None:
    assume(worth(of).cost_usd > 0.01)  # of what costs nothing, the least that is saved is enough

    for change in changes(of):
        if change.needed is not None:
            assert worth(replace(of, **{change.name: change.needed})).pays
            assert change.now is not None
            short = change.now + 0.99 * (change.needed - change.now)
            assert not worth(replace(of, **{change.name: short})).pays


def test_nothing_has_to_change_where_it_pays() -> None:
    assert changes(replace(PAID, cache_discount=0)) == ()


def test_what_never_ends_and_is_never_trained_anew_is_of_use_for_ever() -> None:
    assert worth(replace(PAID, rebuild_days=inf)).pays


# The report


@pytest.fixture
def app(tmp_path) -> App:  # type: ignore[no-untyped-def]
    home = Home(tmp_path / "home")
    home.root.mkdir()
    return App(home, Settings(), tmp_path)


def test_every_figure_of_the_answer_is_in_the_report_with_where_it_comes_from(app: App) -> None:
    report = app.worth_it()

    assert {one.name for one in report.inputs} == set(names())
    assert all(one.source in (MEASURED, SETTING, DEFAULT) and one.how for one in report.inputs)


def test_a_home_without_questions_is_told_plainly_that_it_is_not_worth_it(app: App) -> None:
    report = app.worth_it()

    assert not report.pays
    assert report.verdict.startswith("not worth it")


def test_a_price_that_was_set_is_a_setting_and_any_other_a_default(app: App) -> None:
    put(app.home, "worth.watts", 300.0)

    sources = {one.name: (one.source, one.value) for one in App(app.home, load(app.home), app.cwd).worth_it().inputs}

    assert sources["watts"] == (SETTING, 300.0)
    assert sources["usd_per_kwh"][0] == DEFAULT


def test_what_is_remembered_is_counted_as_it_stands_before_a_question(app: App) -> None:
    def standing() -> float | None:
        return next(one.value for one in app.worth_it().inputs if one.name == "standing_tokens")

    before = standing()
    app.save("The owner of the crane dashboard is Priya.", kind=Kind.EPISODIC)

    assert before == 0
    assert standing() == pytest.approx(len("The owner of the crane dashboard is Priya.") / 4, abs=8)


def test_the_command_prints_one_document(app: App, monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MEMSRV_HOME", str(app.home.root))

    command(["report", "worth-it", "--json"], standalone_mode=False)

    assert {"pays", "verdict", "breakeven_questions", "breakeven_days", "inputs", "changes"} <= json.loads(
        capsys.readouterr().out
    ).keys()
