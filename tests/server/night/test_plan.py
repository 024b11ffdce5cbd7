"""What a consolidation says it would do is what it does: also where it goes on from the live version."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import save_file

from memsrv.app import App, open_app
from memsrv.errors import UsageError
from memsrv.home import Home
from memsrv.night import Night
from memsrv.night.plan import Built
from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.settings import Settings
from memsrv_adapters.base import resolve
from memsrv_adapters.version import CONFIG, WEIGHTS, TrainedFact
from memsrv_consolidation.extension import REPLAYED
from memsrv_consolidation.pipeline import consolidate
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.recipe import DISTIL
from memsrv_consolidation.run import Run, write_json

PROJECT = "harbour"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def port(of: int) -> Memory:
    text = f"The port of service{of} is {of}40{of}."
    return Memory(f"mem_{of}", PROJECT, Kind.EPISODIC, text, Trust.HUMAN, (Evidence("s1", of, text),),
                  f"service{of}", "port", f"{of}40{of}", "2026-11-19T10:00:00Z")  # fmt: skip


@pytest.fixture
def app(tmp_path: Path, random_base: Path) -> App:
    """Eight facts are remembered; a live version was trained on the first six, and earlier nights are gone."""
    folder = tmp_path / PROJECT
    folder.mkdir()
    settings = Settings(base=str(random_base), threads=1, any_base=True, projects={PROJECT: {"train": True}})
    app = open_app(Home(tmp_path / "home"), settings, folder)
    app.store.remember(port(of) for of in range(1, 9))
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    save_file({"m.q.lora_A.weight": numpy.ones((2, 2), dtype=numpy.float32)}, adapter / WEIGHTS)
    write_json(adapter / CONFIG, {"peft_type": "LORA", "r": DISTIL.rank, "lora_alpha": DISTIL.alpha,
                                  "target_modules": list(DISTIL.targets)})  # fmt: skip
    base = resolve(str(random_base))
    app.shelf.put(
        adapter, project=PROJECT, base=base.name, base_hash=base.hash, strategy="distil", run="earlier",
        created="2026-11-19T03:00:00Z", facts=[TrainedFact(f"mem_{of}", port(of).text) for of in range(1, 7)],
    )  # fmt: skip
    app.shelf.promote(PROJECT, "v1")
    return app


def done(app: App, **order: bool) -> Run:
    """A real run as far as its conversations."""
    run = Night(app.home, app.settings).prepare(app.store, PROJECT, now=NOW, **order)
    consolidate(run, Pace(run, 1), lambda: nullcontext(lambda: False), until="synthesise")
    return run


def test_a_dry_run_of_an_extension_tells_what_the_extension_trains(app: App) -> None:
    plan = app.plan(project=PROJECT, extend=True)
    conversations = done(app, extend=True).conversations()

    again = sum(one.id.startswith(REPLAYED) for one in conversations)
    assert plan.built == Built("extend", "v1")
    assert (plan.conversations, plan.replayed, plan.trainable) == (len(conversations), again, 2)
    assert abs(again - 0.2 * len(conversations)) <= 1


def test_without_extend_a_dry_run_tells_what_a_rebuild_trains(app: App) -> None:
    plan = app.plan(project=PROJECT)

    assert plan.built == Built("rebuild")
    assert (plan.conversations, plan.replayed, plan.trainable) == (len(done(app).conversations()), 0, 8)


def test_where_the_live_version_cannot_be_gone_on_from_a_dry_run_says_why_and_tells_a_rebuild(app: App) -> None:
    app.shelf.taint(PROJECT, "v1", "something was erased")

    plan = app.plan(project=PROJECT, extend=True)

    why = "harbour@v1 may not be gone on from: something was erased"
    assert plan == replace(app.plan(project=PROJECT), built=Built(why=why), night=plan.night)


def test_with_nothing_new_an_extension_trains_nothing(app: App) -> None:
    for of in (7, 8):
        app.store.retire(f"mem_{of}", "2026-11-20T01:00:00Z")

    plan = app.plan(project=PROJECT, extend=True)

    assert (plan.conversations, plan.replayed, plan.trainable) == (0, 0, 0)


def test_a_preset_that_is_named_is_what_is_planned_and_ordered(app: App) -> None:
    of_its_own = app.plan()
    app = open_app(app.home, app.settings.model_copy(update={"preset": "paper"}), app.cwd)

    assert app.plan().conversations == done(app).conversations_file.read_text().count("\n") != of_its_own.conversations
    assert app.plan(preset="distil").conversations == of_its_own.conversations


@pytest.mark.parametrize("named", ["nothing", "memsrv-tiny/brief"])
def test_a_preset_that_is_not_there_or_is_for_another_base_is_refused_before_anything_is_written(
    app: App, named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        app.plan(preset=named)
    with pytest.raises(UsageError, match=named):
        Night(app.home, app.settings).prepare(app.store, PROJECT, now=NOW, preset=named)

    assert list(app.home.runs.glob("*-*")) == []
