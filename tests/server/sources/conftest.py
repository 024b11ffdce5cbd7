"""The contract that all sources share, loaded from the folder above, and where the real logs lie."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

_HERE = Path(__file__).resolve()


@pytest.fixture(scope="session")
def contract() -> ModuleType:
    spec = importlib.util.spec_from_file_location("source_contract", _HERE.parents[1] / "source_contract.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def real_logs() -> Path:
    folder = _HERE.parents[3].parent / "shared" / "logs"
    if not folder.is_dir():
        pytest.skip("the real logs are not on this machine (../shared/logs)")
    return folder
