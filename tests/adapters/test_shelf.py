import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsrv.errors import AdapterMismatch, GateRefused, NoAdapterYet, NotFound, UsageError
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import (
    Lineage,
    Source,
    Stage,
    TrainedFact,
    checked_project,
    shelf_name,
)
from memsrv_adapters.weights import check_weights, hashes

PORT = TrainedFact("f1", "The port of the gateway is 8443.")
NOW = "2026-11-20T03:00:00Z"
TOOL = TrainedFact("f2", "For tests, use pytest.", Stage.GRADUATED)


def test_a_version_keeps_what_it_was_made_of(stored: Any) -> None:
    put = stored.put(facts=[PORT, TOOL])

    found = stored.shelf.version("demo", "v1")

    assert found == put
    assert found.manifest.facts == (PORT, TOOL)
    assert (found.manifest.layer, found.model) == ("agent", "memsrv/demo@v1")
    assert stored.shelf.verify(found, stored.base.hash) == found


def test_what_was_put_is_staged_until_it_is_promoted(stored: Any) -> None:
    version = stored.put()
    assert stored.shelf.state(version) == "staged"
    assert stored.shelf.current("demo") is None

    stored.shelf.promote("demo", "v1")

    assert stored.shelf.state(version) == "current"


def test_a_rollback_exchanges_current_and_previous(stored: Any) -> None:
    stored.live(seed=1)
    stored.live(seed=2)
    assert stored.shelf.current("demo").version == "v2"

    stored.shelf.rollback("demo")

    pointers = stored.shelf.pointers("demo")
    assert (pointers.current, pointers.previous) == ("v1", "v2")


def test_promoting_the_live_version_again_keeps_the_previous_one(stored: Any) -> None:
    stored.live(seed=1)
    stored.live(seed=2)

    stored.shelf.promote("demo", "v2")

    assert stored.shelf.previous("demo").version == "v1"


def test_a_promoted_candidate_is_no_candidate_any_more(stored: Any) -> None:
    stored.put()
    stored.shelf.offer("demo", "v1")
    assert stored.shelf.candidate("demo").version == "v1"

    stored.shelf.promote("demo", "v1")

    assert stored.shelf.candidate("demo") is None


def test_there_is_nothing_to_go_back_to_after_the_first_promotion(stored: Any) -> None:
    stored.live()

    with pytest.raises(NoAdapterYet, match="memsrv adapters"):
        stored.shelf.rollback("demo")


def test_a_changed_byte_names_the_damaged_file(stored: Any) -> None:
    version = stored.put()
    weights = version.path / "adapter_model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)

    with pytest.raises(AdapterMismatch, match=r"adapter_model\.safetensors"):
        stored.shelf.verify(version)
    with pytest.raises(AdapterMismatch, match=r"demo@v1"):
        stored.shelf.promote("demo", "v1")


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "manifest.json"])
def test_a_missing_file_is_named(stored: Any, name: str) -> None:
    version = stored.put()
    (version.path / name).unlink()

    with pytest.raises(AdapterMismatch, match=name):
        stored.shelf.verify(stored.shelf.version("demo", "v1"))


def test_weights_of_another_base_are_refused(stored: Any) -> None:
    with pytest.raises(AdapterMismatch, match="another"):
        stored.shelf.verify(stored.put(), "0" * 64)


@pytest.mark.parametrize("name", ["adapter_model.bin", "training_args.bin", "optimizer.pt", "x.PKL"])
def test_a_pickle_is_never_stored(stored: Any, tmp_path: Path, name: str) -> None:
    folder = stored.make_adapter(tmp_path / "adapter", 1)
    (folder / name).write_bytes(b"cos\nsystem\n(S'true'\ntR.")

    with pytest.raises(AdapterMismatch, match=name):
        _put(stored, folder)
    assert stored.shelf.versions("demo") == []


@pytest.mark.parametrize(
    "change",
    [
        {"peft_type": "IA3"},
        {"r": 0},
        {"r": True},
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
        {"init_lora_weights": "pissa_niter_16"},
    ],
)
def test_only_plain_lora_is_stored(stored: Any, tmp_path: Path, change: dict[str, Any]) -> None:
    folder = stored.make_adapter(tmp_path / "adapter", 1)
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | change))

    with pytest.raises(AdapterMismatch, match=next(iter(change))):
        _put(stored, folder)


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, (2**62).to_bytes(8, "little") + b"{}"])
def test_a_broken_safetensors_header_is_refused_and_leaves_nothing(stored: Any, tmp_path: Path, content: bytes) -> None:
    folder = stored.make_adapter(tmp_path / "adapter", 1)
    (folder / "adapter_model.safetensors").write_bytes(content)

    with pytest.raises(AdapterMismatch, match="safetensors"):
        _put(stored, folder)
    assert [p for p in (stored.shelf.root / "demo").iterdir() if p.is_dir()] == []


def test_a_link_is_not_followed_into_the_shelf(stored: Any, tmp_path: Path) -> None:
    folder = stored.make_adapter(tmp_path / "adapter", 1)
    weights = folder / "adapter_model.safetensors"
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(AdapterMismatch, match="plain file"):
        _put(stored, folder)


@given(st.text(max_size=80) | st.sampled_from(["..", "../x", "a/../b", "/etc", "C:\\x", "a\0b", "demo\n", "", "A"]))
def test_no_name_leads_out_of_the_shelf(name: str) -> None:
    try:
        checked = checked_project(name)
    except UsageError:
        return
    assert (Path("/shelf") / checked).parent == Path("/shelf")
    assert Path(checked).name == checked


@pytest.mark.parametrize("version", ["../v1", "v0", "v01", "v1/..", "V1", "v1\n", "", "pointers.json"])
def test_no_version_leads_out_of_its_project(stored: Any, version: str) -> None:
    stored.put()

    with pytest.raises(NotFound):
        stored.shelf.version("demo", version)


@given(st.text(min_size=1, max_size=200))
def test_every_identity_has_a_name_on_the_shelf(identity: str) -> None:
    assert checked_project(shelf_name(identity)) == shelf_name(shelf_name(identity))


def test_identities_that_read_the_same_keep_apart() -> None:
    assert shelf_name("github.com/Ann/App") != shelf_name("github.com/ann-app!")
    assert shelf_name("demo") == "demo"


def test_versions_put_at_once_get_numbers_of_their_own(stored: Any, tmp_path: Path) -> None:
    folders = [stored.make_adapter(tmp_path / f"a{n}", n) for n in range(8)]
    together = threading.Barrier(8)

    def put(folder: Path) -> str:
        together.wait()
        return str(_put(stored, folder).version)

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(put, folders))

    assert sorted(names) == [f"v{n}" for n in range(1, 9)]
    assert len({stored.shelf.version("demo", n).manifest.hashes["adapter_model.safetensors"] for n in names}) == 8


def test_a_half_written_version_is_not_there(stored: Any) -> None:
    stored.put()
    (stored.shelf.root / "demo" / ".part-abc").mkdir()

    assert [v.version for v in stored.shelf.versions("demo")] == ["v1"]
    assert stored.put().version == "v2"


def test_a_stage_may_change_and_the_version_does_not(stored: Any) -> None:
    version = stored.put(facts=[PORT, TOOL])
    before = {p.name: p.read_bytes() for p in version.path.iterdir()}

    stored.shelf.set_stages("demo", "v1", {"f1": Stage.GRADUATED})

    assert [f.stage for f in stored.shelf.version("demo", "v1").manifest.facts] == ["graduated", "graduated"]
    assert {p.name: p.read_bytes() for p in version.path.iterdir()} == before
    with pytest.raises(NotFound, match="f9"):
        stored.shelf.set_stages("demo", "v1", {"f9": Stage.FAILED})


def test_of_two_versions_it_is_told_which_fact_is_said_otherwise_and_which_is_recalled_worse(stored: Any) -> None:
    moved = replace(PORT, text="The port of the gateway is 9443.")
    stored.put(facts=[PORT, replace(TOOL, right=4, of=4)])
    stored.put(facts=[moved, replace(TOOL, right=3, of=4)])

    told = stored.shelf.diff("demo", "v1", "v2")

    assert told.changed == ((PORT, moved),)
    assert [(was.recalled, now.recalled) for was, now in told.restaged] == [("4 of 4", "3 of 4")]


def test_weights_that_the_gate_did_not_measure_are_not_stored(stored: Any) -> None:
    folder = stored.make_adapter(stored.spare / "measured", 1)
    seen = hashes(folder)

    with pytest.raises(AdapterMismatch, match="is not the file that the gate measured"):
        stored.put(seed=5, measured=seen)

    assert stored.shelf.versions("demo") == []


def test_a_version_of_another_base_is_not_promoted(stored: Any) -> None:
    stored.put()

    with pytest.raises(AdapterMismatch, match="was trained on another"):
        stored.shelf.promote("demo", "v1", "0" * 64)

    assert stored.shelf.current("demo") is None


def test_a_version_says_of_what_it_was_made(stored: Any) -> None:
    heard = replace(PORT, hash="ab", sources=(Source("s1", 3, "cd", "e7"),))
    made = Lineage("extend", 7, {"name": "paper"}, "d" * 64, "c" * 64, (Source("s2", 1, "ef"),), (TOOL,))

    stored.put(facts=[heard], lineage=made)

    found = stored.shelf.version("demo", "v1").manifest
    assert (found.facts, found.lineage) == ((heard,), made)
    assert found.seen == (heard, TOOL)
    assert [source.session for source in found.sources] == ["s1", "s2"]


def test_two_versions_differ_in_what_they_learned(stored: Any) -> None:
    stored.put(facts=[PORT])
    stored.put(facts=[TrainedFact(PORT.id, PORT.text, Stage.GRADUATED), TOOL])

    changed = stored.shelf.diff("demo", "v1", "v2")

    assert (changed.learned, changed.dropped) == ((TOOL,), ())
    assert changed.restaged == ((PORT, TrainedFact(PORT.id, PORT.text, Stage.GRADUATED)),)
    assert changed.base is None


def test_a_tainted_version_gives_way_to_the_clean_one_before_it(stored: Any) -> None:
    stored.live(seed=1)
    stored.put(seed=2, facts=[PORT])
    stored.shelf.promote("demo", "v2")
    assert [v.version for v in stored.shelf.trained_on("demo", ["f1"])] == ["v2"]

    stored.shelf.taint("demo", "v2", "it was trained on a memory that was erased")

    assert stored.shelf.pointers("demo").current == "v1"
    assert stored.shelf.state(stored.shelf.version("demo", "v2")) == "tainted"
    with pytest.raises(GateRefused, match="erased"):
        stored.shelf.promote("demo", "v2")


def test_the_name_of_a_removed_version_is_never_given_again(stored: Any) -> None:
    stored.live(seed=1)
    stored.put(seed=2)

    stored.shelf.remove("demo", "v2")

    assert stored.put(seed=3).version == "v3"
    with pytest.raises(NotFound):
        stored.shelf.version("demo", "v2")
    with pytest.raises(GateRefused, match="current"):
        stored.shelf.remove("demo", "v1")


def test_a_safetensors_header_with_any_byte_changed_is_stored_or_refused(stored: Any, tmp_path: Path) -> None:
    folder = stored.make_adapter(tmp_path / "adapter", 1)
    weights = folder / "adapter_model.safetensors"
    good = weights.read_bytes()
    random = Random(3)
    refused = 0
    for _ in range(200):
        raw = bytearray(good)
        raw[random.randrange(int.from_bytes(good[:8], "little") + 8)] = random.randrange(256)
        weights.write_bytes(raw)
        try:
            check_weights(folder)
        except AdapterMismatch:
            refused += 1

    assert refused > 100


def test_an_empty_shelf_has_no_projects(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "none")

    assert (shelf.projects(), shelf.versions("demo"), shelf.current("demo")) == ([], [], None)
    assert not (tmp_path / "none").exists()


def _put(stored: Any, folder: Path) -> Any:
    return stored.shelf.put(
        folder, project="demo", base="b", base_hash=stored.base.hash, strategy="paper", run="r", created=NOW
    )


def test_a_version_is_lost_until_another_one_came(stored: Any) -> None:
    stored.live()
    assert stored.shelf.lost("demo") is None
    stored.shelf.taint("demo", "v1", "it was trained on something that was erased")
    stored.shelf.remove("demo", "v1")
    assert stored.shelf.lost("demo") == "v1"

    stored.put()

    assert stored.shelf.lost("demo") is None
