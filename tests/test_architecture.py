"""The shape of the repository, as promises: imports run one way, modules are short and say what they are for."""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

from memsrv.cli import command_table

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("server/memsrv", "consolidation/memsrv_consolidation", "adapters/memsrv_adapters")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
HEAVY = ("torch", "transformers", "peft", "trl", "datasets", "accelerate")
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handler", "v2"}
LINES = 350


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _written_lines(path: Path) -> int:
    """Lines that name something: word lists and docstrings are data and prose, blank lines and brackets are air."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    return len({token.start[0] for token in tokens if token.type == tokenize.NAME})


def test_imports_run_one_way() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert run.returncode == 0, run.stdout + run.stderr


def test_every_module_of_the_server_has_its_place_in_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {part.strip(" ()") for layer in layers for part in layer.split("|")}
    own = {p.stem for p in (ROOT / ROOMS[0]).iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}

    assert {f"memsrv.{name}" for name in own if not name.startswith("__")} <= placed


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8")))

    assert said, f"{_name(path)} has no docstring"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_module_is_a_page_one_can_hold(path: Path) -> None:
    assert _written_lines(path) <= LINES


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_name_is_an_empty_word(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)} | {path.stem}
    words = {word.casefold() for name in names for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}

    assert not words & EMPTY_WORDS


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_promise_is_left_for_later(path: Path) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text("utf-8"))


@pytest.mark.parametrize("command", [name for name, _ in command_table()])
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`memsrv {command}" in (ROOT / "README.md").read_text("utf-8")


def test_the_readme_says_what_the_code_says() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).with_name("cog")), "--check", "README.md"], cwd=ROOT, capture_output=True, text=True
    )

    assert run.returncode == 0, run.stdout + run.stderr


def test_every_decision_takes_about_ten_lines() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))

    assert decisions
    assert all(len(path.read_text("utf-8").splitlines()) <= 14 for path in decisions)


def test_the_command_line_starts_without_a_training_library() -> None:
    ask = f"import memsrv.cli, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-I", "-c", ask], capture_output=True, text=True)

    assert run.stdout.strip() == "[]", run.stdout + run.stderr
