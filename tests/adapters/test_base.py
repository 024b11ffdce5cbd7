import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from memsrv.errors import UnknownBase
from memsrv_adapters.base import Base, resolve


@pytest.fixture
def copied(base_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base_folder, tmp_path / "copied"))


def test_a_local_folder_is_a_base(base: Base, base_folder: Path) -> None:
    assert base.path == base_folder.resolve()
    assert len(base.hash) == 64


def test_a_copy_of_a_base_is_the_same_base(base: Base, copied: Path) -> None:
    assert resolve(str(copied)).hash == base.hash


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "chat_template.jinja", "config.json"])
def test_whatever_changes_its_answers_changes_its_hash(base: Base, copied: Path, name: str) -> None:
    (copied / name).write_bytes((copied / name).read_bytes() + b" ")

    assert resolve(str(copied)).hash != base.hash


def test_a_readme_does_not_change_the_hash(base: Base, copied: Path) -> None:
    (copied / "README.md").write_text("hello")

    assert resolve(str(copied)).hash == base.hash


def test_a_hash_is_remembered_for_files_that_did_not_change(copied: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    first = resolve(str(copied), models).hash
    (models / "hashes.json").write_text(
        json.dumps(dict.fromkeys(json.loads((models / "hashes.json").read_text()), "remembered"))
    )
    code = "import sys, pathlib; from memsrv_adapters.base import resolve; "
    code += "print(resolve(sys.argv[1], pathlib.Path(sys.argv[2])).hash)"
    again = subprocess.run([sys.executable, "-c", code, copied, models], capture_output=True, text=True, check=True)

    assert first != "remembered"
    assert again.stdout.strip() == "remembered"


def test_a_model_below_models_is_found_by_its_name(base: Base, base_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(base_folder, tmp_path / "models/Acme/Small")

    found = resolve("Acme/Small", tmp_path / "models")

    assert (found.name, found.hash) == ("Acme/Small", base.hash)


def test_a_model_that_is_not_here_says_which_command_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(UnknownBase, match=r"hf download Qwen/Qwen2\.5-7B-Instruct"):
        resolve("Qwen/Qwen2.5-7B-Instruct", tmp_path)


@pytest.mark.parametrize("name", ["no such thing!", "../../etc", "/nowhere/at/all", "a/b/c", ""])
def test_what_is_no_name_of_a_base_is_told_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownBase):
        resolve(name, tmp_path)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_an_incomplete_base_is_no_base(copied: Path, name: str) -> None:
    (copied / name).unlink()

    with pytest.raises(UnknownBase, match=r"complete|config\.json"):
        resolve(str(copied))


def test_a_missing_shard_is_named(copied: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (copied / "model.safetensors.index.json").write_text(json.dumps(index))

    with pytest.raises(UnknownBase, match="model-00002-of-00002"):
        resolve(str(copied))


def test_finding_versions_and_asking_load_no_torch() -> None:
    code = "import memsrv_adapters, memsrv_adapters.shelf, memsrv_adapters.base, memsrv_adapters.client, sys; "
    code += "print([m for m in ('torch', 'transformers', 'peft', 'safetensors') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
