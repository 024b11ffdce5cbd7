"""docs/contracts.md, "The shelf": the files as scripts may rely on them."""

import hashlib
import json
from pathlib import Path

import pytest

from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import REBUILD, Lineage, Source, Stage, TrainedFact


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A shelf with three versions of one project, of which the last is staged."""
    import numpy
    from safetensors.numpy import save_file

    shelf = Shelf(tmp_path / "adapters")
    for number in (1, 2, 3):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        side = numpy.full((2, 2), number, dtype=numpy.float32)
        save_file(
            {"m.q_proj.lora_A.weight": side, "m.q_proj.lora_B.weight": side}, folder / "adapter_model.safetensors"
        )
        (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2}')
        (folder / "training.json").write_text("{}")
        shelf.put(
            folder,
            project="demo",
            base="memsrv-tiny",
            base_hash="ab" * 32,
            strategy="paper",
            run=f"20261120-03000{number}-demo",
            created="2026-11-20T03:00:00Z",
            parent=f"v{number - 1}" if number > 1 else None,
            facts=[
                TrainedFact(
                    "f1",
                    "The port of the gateway is 8443.",
                    Stage.GRADUATED,
                    4,
                    4,
                    "cd" * 32,
                    (Source("s1", 3, "ef" * 32, "e7"),),
                ),
            ],
            lineage=Lineage(REBUILD, 7, {"name": "paper"}, "01" * 32, "23" * 32),
            scores={"known": 0.9},
        )
        if number < 3:
            shelf.promote("demo", f"v{number}")
    return shelf


def test_a_version_is_three_files(shelf: Shelf) -> None:
    names = {path.name for path in (shelf.root / "demo/v1").iterdir()}

    assert names == {"adapter_config.json", "adapter_model.safetensors", "manifest.json"}


def test_the_manifest_says_all_that_the_contract_names(shelf: Shelf) -> None:
    folder = shelf.root / "demo/v2"

    manifest = json.loads((folder / "manifest.json").read_text())

    files = ("adapter_config.json", "adapter_model.safetensors")
    assert manifest == {
        "version": "v2",
        "number": 2,
        "project": "demo",
        "layer": "agent",
        "base": "memsrv-tiny",
        "base_hash": "ab" * 32,
        "strategy": "paper",
        "run": "20261120-030002-demo",
        "created": "2026-11-20T03:00:00Z",
        "parent": "v1",
        "facts": [
            {
                "id": "f1",
                "text": "The port of the gateway is 8443.",
                "stage": "graduated",
                "right": 4,
                "of": 4,
                "hash": "cd" * 32,
                "sources": [{"session": "s1", "turn": 3, "hash": "ef" * 32, "event": "e7"}],
            }
        ],
        "scores": {"known": 0.9},
        "hashes": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
        "lineage": {
            "built": "rebuild",
            "seed": 7,
            "recipe": {"name": "paper"},
            "data": "01" * 32,
            "conversations": "23" * 32,
            "replayed": [],
            "inherited": [],
        },
    }


def test_the_pointers_are_three_names(shelf: Shelf) -> None:
    pointers = json.loads((shelf.root / "demo/pointers.json").read_text())

    assert pointers == {"current": "v2", "previous": "v1", "candidate": None}


def test_staged_is_what_nothing_points_to(shelf: Shelf) -> None:
    assert [shelf.state(version) for version in shelf.versions("demo")] == ["previous", "current", "staged"]
