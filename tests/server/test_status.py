"""What `memsrv status` says about figures it is given, its one line, and what it does where a room cannot be read."""

import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from memsrv import address, status, tables
from memsrv.app import App
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.home import Home
from memsrv.records import Kind, Trust, to_dict
from memsrv.settings import Settings, load
from memsrv.status import (
    AdapterStanding,
    AgentStanding,
    DiskStanding,
    EndpointStanding,
    MemoryStanding,
    RunStanding,
    SourceStanding,
    SpendStanding,
    Standing,
    VersionStanding,
    Watcher,
)

V3 = VersionStanding("v3", "current", "memsrv-tiny", "v2", "2026-11-20T02:00:00Z", facts=40, recall=0.91)
READ = SourceStanding("/logs/a.jsonl", "claude-code", unreadable=0, behind=0, lag_s=0.0)

WELL = Standing(
    version="1.0",
    home="/home/u/memsrv",
    project="shop",
    sessions=12,
    events=900,
    sources=(READ,),
    memories=MemoryStanding(42, 3, {"procedural": 42}, {"human": 42}),
    adapters=AdapterStanding("shop", current="v3", versions=(V3,)),
)


def warned(**changes: Any) -> str:
    """The warnings of an otherwise healthy home, each with its remedy."""
    return "\n".join(f"{c.what}: {c.remedy}" for c in status.concerns(replace(WELL, **changes)))


def test_all_is_well_means_no_warnings() -> None:
    assert status.concerns(WELL) == ()


def test_a_run_that_went_without_its_teacher_is_told() -> None:
    alone = RunStanding("20261121-020000-shop", "shop", "done", verdict="promote", unaided="anthropic needs a key")

    assert "20261121-020000-shop, went by rules alone: anthropic needs a key: see `memsrv runs show`" in warned(
        runs=(alone,)
    )


def test_the_line_names_version_memories_recall_and_night() -> None:
    assert status.line(42, V3, ()) == "memsrv v3 · 42 memories · 91% recall · night: idle"


def test_the_line_shows_a_running_night_with_its_time_left() -> None:
    run = RunStanding("20261120-020000-shop", "shop", "running", stage="train", done=30, total=120, eta_s=600)

    assert status.line(42, V3, (run,)).endswith("night: train 25%, 10 min left")


def test_unreadable_lines_are_named_with_their_worst_file() -> None:
    sources = tuple(replace(READ, path=f"/logs/{n}.jsonl", unreadable=n) for n in (1, 5))

    assert warned(sources=sources).startswith("6 lines could not be read, 5 of them in /logs/5.jsonl: ")


def test_where_one_log_has_all_unreadable_lines_they_are_counted_once() -> None:
    assert warned(sources=(READ, replace(READ, path="/logs/b.jsonl", unreadable=3))).startswith(
        "3 lines could not be read in /logs/b.jsonl: "
    )


def test_a_share_of_unreadable_lines_that_no_crash_explains_is_told() -> None:
    sources = (replace(READ, unreadable=5),)
    agents = (AgentStanding("claude-code", logs=1, events=95, unreadable=5, unreadable_share=0.05),)

    assert "5 lines could not be read (5.0% of claude-code)" in warned(sources=sources, agents=agents)


def test_a_log_that_grew_is_named_with_the_remedy() -> None:
    told = warned(sources=(replace(READ, behind=512),))

    assert told.startswith("1 log has grown by 512 bytes: run `memsrv ingest`")


def test_a_log_that_grew_is_no_concern_while_somebody_watches_and_keeps_up() -> None:
    watch = Watcher(True, pid=7, version="1.0")

    assert warned(watch=watch, sources=(replace(READ, behind=512, lag_s=3.0),)) == ""
    assert "end process 7" in warned(watch=watch, sources=(replace(READ, behind=512, lag_s=300.0),))


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_run_that_did_not_end_says_how_to_go_on(state: str) -> None:
    assert "memsrv consolidate --resume r1" in warned(runs=(RunStanding("r1", "shop", state),))


def test_a_refusal_is_told_with_its_reason() -> None:
    run = RunStanding("r1", "shop", "done", verdict="refuse", reason="recall 40% is below 60%")

    assert "recall 40% is below 60%" in warned(runs=(run,))


def test_a_live_version_that_learned_what_was_erased_is_told() -> None:
    tainted = AdapterStanding("shop", current="v3", versions=(replace(V3, state="tainted"),))

    assert warned(adapters=tainted).startswith("v3 is live and learned something that was erased since")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"watch": Watcher(True, pid=7, version="0.9", outdated=True)}, "process 7 watches with memsrv 0.9, and this"),
        ({"watch": Watcher(True, pid=7, last_error="/logs/a.jsonl: no space left")}, "/logs/a.jsonl: no space left"),
        ({"mcp": EndpointStanding(True, True, pid=8, version="0.9")}, "process 8 serves MCP over HTTP with memsrv 0.9"),
        (
            {"spend": SpendStanding(900, 1.2, 3, 0, "anthropic", 1000, 1.0)},
            "today's budget is spent: 900 tokens, $1.20",
        ),
        ({"spend": SpendStanding(0, 0.0, 1, 0, "openai", 9, 1.0, ("openai",))}, "openai claimed more than its calls"),
        ({"disk": DiskStanding({"database": 1 << 31}, 1 << 31, 1000)}, "memsrv takes 2048 MiB of disk"),
        ({"memories": MemoryStanding(42, 3, {}, {}, waiting=2)}, "2 memories are not a person's words"),
    ],
)
def test_whatever_needs_attention_is_told_with_what_to_do(changes: dict[str, Any], words: str) -> None:
    (concern,) = status.concerns(replace(WELL, **changes))

    assert words in concern.what
    assert concern.remedy


def test_rules_alone_have_no_budget_to_spend() -> None:
    assert warned(spend=SpendStanding(teacher="rules", tokens_per_day=0, usd_per_day=0.0)) == ""


def test_the_line_is_replaced_whole(tmp_path: Path) -> None:
    cache = tmp_path / "new" / "statusline.txt"

    status.write_line(cache, "one")
    status.write_line(cache, "two")

    assert cache.read_text("utf-8") == "two\n"
    assert list(cache.parent.iterdir()) == [cache]


# A real home


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A home that has read a made-up week."""
    folder = tmp_path / PROJECT
    folder.mkdir()
    write_logs(SITTINGS, tmp_path / "claude", str(folder))
    app = App(Home(tmp_path / "home"), Settings(), folder)
    app.ingest([tmp_path / "claude"])
    return app


def test_a_fresh_home_says_where_to_begin(tmp_path: Path) -> None:
    standing = App(Home(tmp_path / "home"), Settings(), tmp_path).status()

    assert ["ingest" in concern.remedy for concern in standing.warnings] == [True]


def test_figures_are_those_of_the_rows(app: App) -> None:
    app.save("The owner of the crane is Kim.", kind=Kind.EPISODIC, trust=Trust.WEB)
    standing = app.status()
    memories = app.store.memories(include_retired=True)
    live = [memory for memory in memories if memory.valid_to is None and memory.superseded_by is None]

    assert (standing.memories.current, standing.memories.superseded) == (len(live), len(memories) - len(live))
    assert sum(standing.memories.by_kind.values()) == sum(standing.memories.by_trust.values()) == len(live)
    assert standing.memories.waiting == sum(not memory.trust.trainable for memory in live) == 1
    (agent,) = standing.agents
    assert (agent.agent, agent.logs, agent.events) == ("claude-code", len(standing.sources), standing.events)


def test_a_log_that_grew_is_behind_in_bytes_and_in_seconds(app: App) -> None:
    log = Path(app.store.files()[0].path)
    ended = app.store.session(app.store.files()[0].session).ended
    assert ended is not None
    log.write_bytes(log.read_bytes() + b'{"type":"user"}\n')
    later = datetime.fromisoformat(ended).timestamp() + 90
    os.utime(log, (later, later))

    standing = app.status()

    (behind,) = [source for source in standing.sources if source.behind]
    assert (behind.behind, behind.lag_s) == (16, 90.0)
    assert (standing.agents[0].behind, standing.agents[0].lag_s) == (16, 90.0)


def test_what_each_project_may_be_used_for_is_told(app: App) -> None:
    app.home.config.write_text(f"[projects.{PROJECT}]\ntrain = true\nrecall = false\n")

    (consent,) = [one for one in app.status().consents if one.project == PROJECT]

    assert (consent.capture, consent.recall, consent.train) == (True, False, True)


def test_who_serves_mcp_over_http_is_told(app: App) -> None:
    door = address.mcp(app.home)
    with door.lock(), socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody listens: it is only just starting
        door.say(bound.getsockname()[1])
        standing = app.status()

    assert (standing.mcp.running, standing.mcp.warm, standing.mcp.pid) == (True, False, os.getpid())
    assert app.status().mcp.running is False


def test_a_token_that_others_can_read_is_a_warning(app: App) -> None:
    address.token(app.home)
    app.home.token.chmod(0o644)

    (concern,) = [one for one in app.status().warnings if "can be read by others" in one.what]

    assert "delete the file" in concern.remedy


def _database(home: Home) -> None:
    for file in home.root.glob("memsrv.db*"):
        file.unlink()
    home.database.write_bytes(b"no database at all, but long enough to be taken for one" * 100)


def _runs(home: Home) -> None:
    (home.runs / "20261120-020000-shop").mkdir(parents=True)
    (home.runs / "20261120-020000-shop" / "run.json").write_text("{")


def _version(home: Home) -> None:
    (home.adapters / PROJECT / "v1").mkdir(parents=True)
    (home.adapters / PROJECT / "v1" / "manifest.json").write_text("[]")


def _night(home: Home) -> None:
    home.night.write_text('{"time": 1}')


def _settings(home: Home) -> None:
    home.config.write_text("port = 'twelve'\n")


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (_database, "the database"),
        (_runs, "the runs"),
        (_version, "the adapter versions"),
        (_night, "what the night decided"),
        (_settings, "the settings"),
    ],
)
def test_a_part_that_cannot_be_read_is_a_warning_and_the_rest_is_told(
    app: App, damage: Callable[[Home], None], what: str
) -> None:
    app.store.close()
    fresh = App(app.home, Settings(), app.cwd)
    damage(app.home)

    standing = fresh.status()

    assert [one for one in standing.warnings if one.what.startswith(f"{what} could not be read") and one.remedy]
    assert standing.disk.total > 0
    assert (standing.events > 0) == (damage is not _database)


def test_of_a_database_that_cannot_be_opened_only_that_is_said(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    app.store.close()
    _database(app.home)

    standing = App(app.home, Settings(), app.cwd).status()
    tables.standing(to_dict(standing))

    (warning,) = standing.warnings
    assert warning.what.startswith(f"the database could not be read: {app.home.database}: ")
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[:12])
    assert told["read"] == told["remembered"] == "not known: it could not be read"


def test_a_shelf_that_cannot_be_read_is_not_called_empty(app: App) -> None:
    _version(app.home)

    assert "no adapter is live" not in [warning.what for warning in app.status().warnings]


def test_a_change_stands_though_the_status_line_cannot_be_written(app: App) -> None:
    app.home.statusline.unlink(missing_ok=True)
    app.home.statusline.mkdir()

    saved = app.save("The owner of the crane is Kim.", kind=Kind.EPISODIC)

    assert app.store.memory(saved.id)


def test_the_line_follows_a_change_without_a_memory_being_loaded(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.home.statusline.unlink()

    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("all memories were loaded for one line")

    monkeypatch.setattr(type(app.store), "memories", loaded)
    app.config_set("idle_minutes", "10")

    assert "memories" in app.home.statusline.read_text()


def test_all_of_it_is_one_json_document_with_the_keys_that_scripts_know(app: App) -> None:
    told = json.loads(json.dumps(to_dict(app.status())))

    assert {
        "version", "home", "project", "sessions", "events", "sources", "agents", "watch", "memories", "runs",
        "adapters", "endpoint", "mcp", "spend", "night", "disk", "consents", "sqlite", "notes", "warnings", "not_read",
    } <= told.keys()  # fmt: skip
    assert {"path", "agent", "unreadable", "behind", "lag_s"} <= told["sources"][0].keys()
    assert {"tokens", "usd", "tokens_per_day", "usd_per_day"} <= told["spend"].keys()
    assert load(app.home) == Settings()
