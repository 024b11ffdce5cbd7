"""Design §8: with `--json`, stdout is one JSON document with at least these keys, and nothing else.

One home for all tests: a made-up week, a run on a random base (which the gate must refuse), two versions on the shelf.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import App
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.home import Home
from memsrv.settings import load
from memsrv_adapters import client
from memsrv_adapters.shelf import Shelf


@dataclass(frozen=True)
class World:
    home: Home
    folder: Path
    logs: Path
    base: Path

    def memsrv(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", *arguments],
            env={**os.environ, "MEMSRV_HOME": str(self.home.root)},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        ended = self.memsrv(*arguments, "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, random_base: Path) -> Iterator[World]:
    root = tmp_path_factory.mktemp("json")
    made = World(Home(root / "home"), root / PROJECT, root / "claude", random_base)
    made.folder.mkdir()
    made.home.root.mkdir()
    made.home.config.write_text(f'base = "{random_base}"\nthreads = 1\nany_base = true\n')
    write_logs(SITTINGS, made.logs, str(made.folder))
    yield made
    made.memsrv("endpoint", "--stop")


@pytest.fixture(scope="module")
def ingested(world: World) -> Any:
    return world.json("ingest", str(world.logs))


@pytest.fixture(scope="module")
def refused(world: World, ingested: Any) -> "subprocess.CompletedProcess[str]":
    """A consolidation on random weights: trained for real, and refused."""
    return world.memsrv("consolidate", "--yes", "--json")


@pytest.fixture(scope="module")
def shelved(world: World, refused: "subprocess.CompletedProcess[str]") -> Shelf:
    """Two versions of what the run trained, the second live."""
    report = json.loads(refused.stdout)
    shelf = Shelf(world.home.adapters)
    for _ in range(2):
        version = shelf.put(
            world.home.runs / report["run"] / "adapter",
            project=PROJECT,
            base=report["base"],
            base_hash=report["base_hash"],
            strategy=report["strategy"],
            run=report["run"],
            created="2026-11-20T03:00:00Z",
        )
        shelf.promote(PROJECT, version.version)
    return shelf


def test_ingest(ingested: Any) -> None:
    keys = {"files", "sessions", "events", "duplicates", "unreadable", "redactions", "memories", "seconds", "declined"}

    assert keys <= ingested.keys()
    assert ingested["memories"] > 0


def test_ingest_again_finds_nothing_new(world: World, ingested: Any) -> None:
    again = world.json("ingest", str(world.logs))

    assert (again["events"], again["memories"]) == (0, 0)


def test_search(world: World, ingested: Any) -> None:
    found = world.json("search", "staging port")

    assert {"results", "engine"} <= found.keys()
    assert {"id", "kind", "text", "score", "session", "turn", "agent", "project", "time", "why"} <= set(
        found["results"][0]
    )


def test_search_keeps_to_the_kinds_asked_for(world: World, ingested: Any) -> None:
    found = world.json("search", "staging port server", "--kinds", "episodic,semantic", "--all-projects")

    assert {hit["kind"] for hit in found["results"]} <= {"episodic", "semantic"}


def test_memories(world: World, ingested: Any) -> None:
    (first, *_) = world.json("memories")["memories"]

    assert {"id", "kind", "text", "evidence", "trust", "valid_from", "valid_to", "superseded_by"} <= first.keys()
    assert {"session", "turn", "quote"} <= first["evidence"][0].keys()


def test_memories_of_a_project_that_nobody_knows_are_asked_for_in_vain(world: World, ingested: Any) -> None:
    ended = world.memsrv("memories", "--project", "another", "--json")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "no project called `another` is known" in ended.stderr


def test_show_gives_a_memory_by_id(world: World, ingested: Any) -> None:
    memory = world.json("memories")["memories"][0]

    assert memory["text"] in json.dumps(world.json("show", memory["id"]), ensure_ascii=False)


def test_save_is_found_again(world: World, ingested: Any) -> None:
    saved = world.json("save", "The owner of the crane dashboard is Priya.", "--kind", "episodic")

    assert saved["id"] in {memory["id"] for memory in world.json("memories")["memories"]}


def test_compact(world: World, ingested: Any) -> None:
    made = world.json("compact")

    assert {"session", "mode", "turn"} & set(json.dumps(made).replace('"', " ").split())


def test_recover(world: World, ingested: Any) -> None:
    made = world.json("recover")

    assert {"session", "compacted", "known", "left_out", "text"} <= made.keys()
    assert (made["compacted"], "never compacted" in made["text"]) == (False, True)


def test_facts(world: World, ingested: Any) -> None:
    listed = world.json("facts")

    assert {"project", "facts", "left_out", "learned", "waiting", "reviews"} <= listed.keys()
    assert {"id", "kind", "subject", "relation", "value", "text", "evidence", "trust"} <= listed["facts"][0].keys()


def test_reviews(world: World, ingested: Any) -> None:
    fact = world.json("facts")["facts"][-1]
    rejected = world.json("reject", fact["id"])
    approved = world.json("approve", fact["id"])

    assert {"project", "reviews", "facts", "learned_by"} <= rejected.keys()
    assert [review["verdict"] for review in (*rejected["reviews"], *approved["reviews"])] == ["rejected", "approved"]
    assert (rejected["facts"], approved["facts"][0]["id"]) == ([], fact["id"])


def test_config(world: World) -> None:
    listed = world.json("config")

    assert {"settings", "file"} <= listed.keys()
    assert {"key", "value", "default", "source", "description", "hidden"} <= listed["settings"][0].keys()
    assert world.json("config", "set", "keep.runs", "6")["setting"]["value"] == 6
    assert world.json("config", "unset", "keep.runs")["setting"]["source"] == "default"


def test_a_dry_run_trains_nothing(world: World, ingested: Any) -> None:
    assert world.json("consolidate", "--dry-run")["facts"] == world.json("facts")["facts"]


def test_a_refused_consolidation_is_3_and_still_one_report(refused: "subprocess.CompletedProcess[str]") -> None:
    report = json.loads(refused.stdout)

    assert (refused.returncode, report["verdict"]) == (3, "refuse")
    assert {
        "run", "project", "base", "base_hash", "strategy", "preset", "seed", "verdict", "reason", "checks", "facts",
        "conversations", "training", "evaluation", "seconds", "peak_mib",
    } <= report.keys()  # fmt: skip


def test_runs(world: World, refused: "subprocess.CompletedProcess[str]") -> None:
    report = json.loads(refused.stdout)
    (run,) = world.json("runs")["runs"]

    assert (run["id"], run["state"], run["verdict"]) == (report["run"], "done", "refuse")
    assert world.json("runs", "show", run["id"])["checks"] == report["checks"]


def test_adapters(world: World, shelved: Shelf) -> None:
    listed = world.json("adapters")

    assert (listed["current"], listed["previous"]) == ("v2", "v1")
    assert {"version", "state", "base", "parent", "facts", "scores"} <= listed["versions"][0].keys()


def test_adapters_show(world: World, shelved: Shelf) -> None:
    shown = world.json("adapters", "show", "v1")

    assert shown["state"] == "previous"
    assert {"version", "base", "base_hash", "run", "facts", "hashes"} <= shown["manifest"].keys()


def test_rollback_and_promote_are_the_same_turn(world: World, shelved: Shelf) -> None:
    back = world.json("adapters", "rollback")
    forth = world.json("adapters", "promote", "v2")

    assert [(p["current"], p["previous"]) for p in (back, forth)] == [("v1", "v2"), ("v2", "v1")]


def test_adapters_diff(world: World, shelved: Shelf) -> None:
    assert {"learned", "dropped", "scores"} <= world.json("adapters", "diff", "v1", "v2").keys()


def test_ask_waits_and_names_the_exact_version(world: World, shelved: Shelf) -> None:
    told = world.json("ask", "Which port does the staging server listen on?")

    assert {"answer", "model", "adapter", "known"} <= told.keys()
    assert (told["model"], told["adapter"]) == (f"memsrv/{PROJECT}@v2", f"{PROJECT}@v2")


def test_an_answer_that_repeats_no_learned_fact_is_not_known(world: World, shelved: Shelf) -> None:
    told = world.json("ask", "Which port does the staging server listen on?")  # of random weights, which know nothing

    assert (told["known"], told["facts"]) == (False, [])


def test_what_stands_in_memory_is_beside_the_answer(world: World, shelved: Shelf) -> None:
    memory = next(m for m in world.json("memories", "--kinds", "episodic")["memories"] if m["subject"])

    told = world.json("ask", f"What is the {memory['relation']} of {memory['subject']}?")

    assert memory["text"] in [m["text"] for m in told["memories"]]


def test_an_agent_is_told_that_the_endpoint_warms_and_then_gets_its_answer(world: World, shelved: Shelf) -> None:
    world.memsrv("endpoint", "--stop")
    app = App(world.home, load(world.home), world.folder)

    first = app.ask("Which port?", wait=False)
    client.wait_until_ready(world.home, 120)
    second = app.ask("Which port?", wait=False)

    assert (first.state, first.answer, second.state) == ("warming", None, "answered")


def test_status(world: World, shelved: Shelf) -> None:
    standing = world.json("status")

    assert {"sources", "memories", "runs", "adapters", "endpoint", "spend", "warnings"} <= standing.keys()
    assert {"current", "previous", "candidate"} <= standing["adapters"].keys()
    assert {"path", "unreadable", "behind"} <= standing["sources"][0].keys()
    assert all(warning["what"] and warning["remedy"] for warning in standing["warnings"])


def test_status_leaves_a_line_for_the_statusline(world: World, shelved: Shelf) -> None:
    world.json("status")

    assert world.memsrv("statusline").stdout.startswith("memsrv v2 · ")


@pytest.mark.parametrize("command", [["memories"], ["facts"], ["runs"], ["adapters"], ["status"], ["compact"]])
def test_a_person_gets_words_instead(world: World, shelved: Shelf, command: list[str]) -> None:
    ended = world.memsrv(*command)

    assert ended.returncode == 0
    assert ended.stdout.strip()
    assert not ended.stdout.lstrip().startswith("{")
