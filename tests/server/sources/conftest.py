"""The contract that all sources share, loaded from the folder above, and where the real logs lie."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

_HERE = Path(__file__).resolve()


@pytest.fixture(scope="session")
def contract() -> ModuleType:
    return _module(_HERE.parents[1] / "source_contract.py")


@pytest.fixture(scope="session")
def golden() -> ModuleType:
    """`golden.reading(source, log)`, and `golden.check(name, source, log)` against `golden/<name>.json`."""
    return _module(_HERE.with_name("golden.py"))


@pytest.fixture(scope="session")
def cursor_files() -> ModuleType:
    """Builds the databases and transcripts that Cursor keeps."""
    return _module(_HERE.with_name("cursor_files.py"))


@pytest.fixture(scope="session")
def samples(cursor_files: ModuleType) -> Callable[[Path], dict[str, Path]]:
    """Writes a home in which every agent has kept a session: the log of each source, by the name of its class."""
    module = _module(_HERE.with_name("samples.py"))
    return lambda home: module.write(home, cursor_files)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def real_logs() -> Path:
    folder = _HERE.parents[3].parent / "shared" / "logs"
    if not folder.is_dir():
        pytest.skip("the real logs are not on this machine (../shared/logs)")
    return folder
