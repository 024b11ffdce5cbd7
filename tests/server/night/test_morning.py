"""The morning: what graduated leaves short-term memory, and is back when its version goes; search always finds it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import EVERY, App
from memsrv.home import Home
from memsrv.night.morning import ShortTerm, edits, graduated, short_term, stages
from memsrv.records import Kind, Memory, Review, Trust
from memsrv.settings import Settings
from memsrv_adapters.base import resolve
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import AdapterVersion, Manifest, Stage, TrainedFact


def memory(service: str, port: int, **rest: Any) -> Memory:
    return Memory(
        f"mem_{service}_{port}", "demo", Kind.EPISODIC, f"The port of {service} is {port}.", Trust.HUMAN,
        subject=service, relation="port", value=str(port), valid_from="2026-11-02T09:00:00Z", **rest,
    )  # fmt: skip


MAIL, SHOP, TAX = memory("mail", 1), memory("shop", 2), memory("tax", 3)


def trained(*facts: tuple[Memory, Stage]) -> tuple[TrainedFact, ...]:
    return tuple(TrainedFact(one.id, one.text, stage) for one, stage in facts)


def version(*facts: tuple[Memory, Stage]) -> AdapterVersion:
    manifest = Manifest("v1", 1, "demo", "memsrv-tiny", "h", "paper", "r", "2026-11-20T03:00:00Z")
    return AdapterVersion(replace(manifest, facts=trained(*facts)), Path("nowhere"))


def test_only_what_graduated_leaves() -> None:
    live = version((MAIL, Stage.GRADUATED), (SHOP, Stage.LEARNING), (TAX, Stage.FAILED))

    assert short_term([MAIL, SHOP, TAX], live) == ShortTerm((SHOP, TAX), (MAIL,))
    assert stages(live) == {"learning": 1, "graduated": 1, "failed": 1}


def test_without_a_live_version_everything_stays() -> None:
    assert short_term([MAIL, SHOP], None) == ShortTerm((MAIL, SHOP), ())
    assert stages(None) == {"learning": 0, "graduated": 0, "failed": 0}


def test_a_tainted_version_has_taught_nothing() -> None:
    tainted = replace(version((MAIL, Stage.GRADUATED)), tainted="a memory was erased")

    assert short_term([MAIL], tainted).kept == (MAIL,)


def test_what_was_superseded_since_is_in_neither() -> None:
    moved = memory("mail", 9)
    old = replace(MAIL, valid_to="2026-11-19T09:00:00Z", superseded_by=moved.id)

    assert short_term([old, moved], version((MAIL, Stage.GRADUATED))) == ShortTerm((moved,), ())


def test_words_that_were_edited_after_the_night_are_injected_again() -> None:
    edited = replace(MAIL, text="The port of mail is 1, behind the proxy.")

    assert short_term([edited], version((MAIL, Stage.GRADUATED))).kept == (edited,)


def test_what_graduated_and_is_no_memory_is_a_principle() -> None:
    works = replace(TAX, id="pri_1")
    live = version((MAIL, Stage.GRADUATED), (SHOP, Stage.FAILED), (works, Stage.GRADUATED))

    assert graduated(short_term([MAIL, SHOP], live), live) == [MAIL.id, "pri_1"]
    assert graduated(short_term([MAIL, SHOP], None), None) == []


def test_a_memory_that_was_moved_since_has_not_graduated() -> None:
    live = version((MAIL, Stage.GRADUATED))
    moved = replace(MAIL, text="Mail goes elsewhere.")

    assert graduated(short_term([moved], live), live) == []


def test_words_that_a_person_edited_before_the_night_have_graduated_with_it() -> None:
    """The memory still says what the log said; what was learned is what the person made of it."""
    corrected = replace(MAIL, text="The port of mail is 11.")
    edited = edits([Review(MAIL.id, "edited", "2026-11-19T10:00:00Z", text=corrected.text)])

    assert short_term([MAIL], version((corrected, Stage.GRADUATED)), edited).graduated == (MAIL,)
    assert short_term([MAIL], version((MAIL, Stage.GRADUATED)), edited).kept == (MAIL,)


# On a real shelf


@pytest.fixture
def app(tmp_path: Path) -> App:
    app = App(Home(tmp_path / "home"), Settings(), tmp_path)
    app.store.remember([MAIL, SHOP, TAX])
    return app


@pytest.fixture
def put(app: App, tmp_path: Path) -> Callable[..., str]:
    """Put and promote a version that was trained on these facts."""
    import torch
    from safetensors.torch import save_file

    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 1, "target_modules": ["q_proj"]}')
    save_file({"a.lora_A.weight": torch.zeros(1, 2)}, folder / "adapter_model.safetensors")

    def put(*facts: tuple[Memory, Stage]) -> str:
        made = Shelf(app.home.adapters).put(
            folder, project="demo", base="memsrv-tiny", base_hash=resolve("memsrv-tiny").hash,
            strategy="paper", run="r", created="2026-11-20T03:00:00Z", facts=trained(*facts),
        )  # fmt: skip
        app.promote(made.version, project="demo")
        return made.version

    return put


def kept(app: App) -> set[str]:
    return {one.id for one in app.short_term(project="demo").memories}


def test_a_rollback_brings_a_fact_back_by_itself(app: App, put: Callable[..., str]) -> None:
    put((MAIL, Stage.LEARNING))
    put((MAIL, Stage.GRADUATED), (SHOP, Stage.GRADUATED))
    assert kept(app) == {TAX.id}

    app.rollback(project="demo")

    assert kept(app) == {MAIL.id, SHOP.id, TAX.id}


def test_a_taint_brings_a_fact_back_by_itself(app: App, put: Callable[..., str]) -> None:
    version = put((MAIL, Stage.GRADUATED))
    assert kept(app) == {SHOP.id, TAX.id}

    app.shelf.taint("demo", version, "a memory was erased")

    assert kept(app) == {MAIL.id, SHOP.id, TAX.id}


def test_what_graduated_is_still_listed_and_found(app: App, put: Callable[..., str]) -> None:
    put((MAIL, Stage.GRADUATED))

    assert MAIL in app.memories(project="demo").memories
    assert MAIL.id in {hit.id for hit in app.search("port of mail", project="demo").results}


def test_of_every_project_each_asks_its_own_version(app: App, put: Callable[..., str]) -> None:
    other = replace(MAIL, id="mem_other", project="other")
    app.store.remember([other])
    put((MAIL, Stage.GRADUATED))

    assert {one.id for one in app.short_term(project=EVERY).memories} == {SHOP.id, TAX.id, "mem_other"}
    assert app.short_term(project="demo", kinds=[Kind.PROCEDURAL]).memories == ()
