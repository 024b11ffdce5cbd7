"""The night from the server's side: what is refused before it starts, what is shelved after, and how it is ended."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from memsrv.canaries import NIGHTLY
from memsrv.errors import (
    AdapterMismatch,
    MissingExtra,
    NotFound,
    NothingConsented,
    RunFailed,
    RunInProgress,
    UnknownBase,
    UsageError,
)
from memsrv.home import Home
from memsrv.night import Night, waiting
from memsrv.night.shelving import data_hash
from memsrv.records import Episode, Event, EventType, Evidence, Fact, Kind, Session, Trust
from memsrv.settings import Settings
from memsrv.store import FileState, Store
from memsrv_adapters.base import resolve
from memsrv_adapters.version import WEIGHTS, Source, Stage, TrainedFact
from memsrv_adapters.weights import hashes
from memsrv_consolidation.progress import read
from memsrv_consolidation.recipe import DISTIL
from memsrv_consolidation.run import Run, one_at_a_time, read_json, write_json, write_lines

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
PROJECT = "demo"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one session, in which a human said two things."""
    home = tmp_path / "home"
    home.mkdir()
    store = Store.open(home / "memsrv.db")
    said = ("The port of the billing service is 4010.", "Please always use pnpm for installs.")
    events = [
        Event(f"e{n}", "s1", EventType.PROMPT, Trust.HUMAN, text, f"2026-11-19T10:0{n}:00Z")
        for n, text in enumerate(said)
    ]
    session = Session("s1", "claude", PROJECT, "/log.jsonl", started="2026-11-19T10:00:00Z")
    store.append(FileState("/log.jsonl", "claude", "s1", 1, 1, "x", 1), session, events)
    return store


@pytest.fixture
def night(store: Store, random_base: Path) -> Night:
    return Night(
        Home(store.path.parent),
        Settings(base=str(random_base), threads=1, any_base=True, projects={PROJECT: {"train": True}}),
    )


def finished(night: Night, verdict: str = "promote", name: str = "20261120-030000-demo") -> Run:
    """A run whose stages are done: what `_spawn` would have left."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    run = Run(night.home.runs / name)
    run.folder.mkdir(parents=True)
    base = resolve(night.settings.base)
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(base.path)
    get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(run.adapter)
    (run.adapter / "README.md").unlink(missing_ok=True)
    order = {
        "id": name, "project": PROJECT, "base": base.name, "strategy": "paper", "seed": 7, "threads": 1,
        "created": "2026-11-20T03:00:00Z", "current": None,
    }  # fmt: skip
    write_json(run.order_file, order)
    facts = [Fact(f"f{n}", Kind.EPISODIC, f"fact {n}", Trust.HUMAN, (), "a", "b", str(n)) for n in range(3)]
    write_lines(run.facts_file, facts)
    marks = {"f0": (True, True), "f1": (True, False), "f2": (False, False)}
    questions = [
        {"about": "fact", "fact": id, "correct": {"candidate": mark}} for id, both in marks.items() for mark in both
    ]
    scores = {"known": 0.9, "novel": 0.5, "all": 0.7}
    evaluation = {
        "closed_book": {"base": scores, "candidate": scores}, "in_context": {"candidate": 0.9},
        "unknown": {"candidate": 1.0}, "ce": {"median": 0.01}, "questions": questions,
    }  # fmt: skip
    report = {"verdict": verdict, "reason": "as told", "base_hash": base.hash, "evaluation": evaluation}
    write_json(run.report_file, report)
    return run


# What is refused before anything is written


def test_a_project_nobody_allowed_is_not_trained_on(store: Store, night: Night) -> None:
    shy = replace(night, settings=night.settings.model_copy(update={"projects": {}}))

    with pytest.raises(NothingConsented, match="--yes"):
        shy.consolidate(store, PROJECT, now=NOW)

    assert not night.home.runs.exists()


def test_without_the_training_extra_it_says_what_to_install(store: Store, night: Night) -> None:
    bare = replace(night, needed=("json", "no_such_trainer"))

    with pytest.raises(MissingExtra, match=r"training needs no_such_trainer; run `pip install 'memsrv\[train\]'`"):
        bare.consolidate(store, PROJECT, now=NOW)


def test_an_unknown_base_is_refused_before_a_run_begins(store: Store, night: Night) -> None:
    with pytest.raises(UnknownBase):
        night.consolidate(store, PROJECT, now=NOW, base="/no/such/model")

    assert night.runs() == []


def test_an_unknown_strategy_is_refused_before_a_run_begins(store: Store, night: Night) -> None:
    with pytest.raises(UsageError, match="no strategy `magic`"):
        night.consolidate(store, PROJECT, now=NOW, strategy="magic")

    assert night.runs() == []


def test_a_second_run_is_refused_while_one_is_running(store: Store, night: Night) -> None:
    with one_at_a_time(night.home.runs), pytest.raises(RunInProgress, match="memsrv runs"):
        night.consolidate(store, PROJECT, now=NOW)

    assert night.runs() == []


# The order


def test_the_run_folder_holds_all_that_the_child_may_see(store: Store, night: Night) -> None:
    run = night.prepare(store, PROJECT, now=NOW)

    assert run.folder.name == "20261120-030000-demo"
    assert [step.text for step in run.episodes()[0].steps] == [event.text for event in store.events("s1")]
    assert run.memories() == store.memories(PROJECT, include_retired=True)
    assert (len(run.order.canaries), run.order.current, run.order.threads) == (NIGHTLY, None, 1)


def test_what_would_be_learned_can_be_seen_without_a_run(store: Store, night: Night) -> None:
    values = {fact.value for fact in waiting(store, PROJECT, night.consent).facts}

    assert values == {"4010", "pnpm"}
    assert night.runs() == []


# Rebuilt, or extended


def live(night: Night, **config: object) -> Run:
    """A night that went live, with an adapter of the recipe's own shape."""
    run = finished(night)
    file = run.adapter / "adapter_config.json"
    said = {"r": DISTIL.rank, "lora_alpha": DISTIL.alpha, "target_modules": list(DISTIL.targets)}
    file.write_text(json.dumps(json.loads(file.read_text()) | said | config))
    night.resume(run.folder.name)
    return run


def test_an_extension_goes_on_from_the_live_version(store: Store, night: Night) -> None:
    earlier = live(night)

    order = night.prepare(store, PROJECT, now=NOW.replace(hour=4), extend=True).order

    assert order.current is not None
    assert (order.extend, order.current.version, order.replay) == (True, "v1", 0.2)
    assert order.earlier == (str(earlier.conversations_file),)


def test_without_being_asked_a_night_trains_anew(store: Store, night: Night) -> None:
    live(night)

    order = night.prepare(store, PROJECT, now=NOW.replace(hour=4)).order

    assert (order.extend, order.not_extended, order.earlier) == (False, "", ())


def test_without_a_live_version_there_is_nothing_to_extend_and_the_order_says_so(store: Store, night: Night) -> None:
    order = night.prepare(store, PROJECT, now=NOW, extend=True).order

    assert (order.extend, order.not_extended) == (False, "demo has no live version yet")


def test_a_tainted_version_is_not_gone_on_from(store: Store, night: Night) -> None:
    live(night)
    night.shelf.taint(PROJECT, "v1", "something was erased")

    order = night.prepare(store, PROJECT, now=NOW.replace(hour=4), extend=True).order

    assert (order.extend, order.not_extended) == (False, "demo@v1 may not be gone on from: something was erased")


def test_a_version_of_another_base_is_not_gone_on_from(store: Store, night: Night, tmp_path: Path) -> None:
    live(night)
    shutil.copytree(night.settings.base, tmp_path / "other")
    (tmp_path / "other" / "generation_config.json").write_text("{}")

    order = night.prepare(store, PROJECT, now=NOW.replace(hour=4), extend=True, base=str(tmp_path / "other")).order

    assert not order.extend
    assert order.not_extended.startswith("demo@v1 was trained on")


def test_a_version_of_another_rank_is_not_gone_on_from(store: Store, night: Night) -> None:
    live(night, r=2)

    order = night.prepare(store, PROJECT, now=NOW.replace(hour=4), extend=True).order

    assert order.not_extended == "demo@v1 has another rank than the recipe distil"


# What follows a report


def test_what_passed_the_gate_goes_live(night: Night) -> None:
    run = finished(night)

    report = night.resume(run.folder.name)

    assert report["version"] == "v1"
    current = night.shelf.current(PROJECT)
    assert current is not None
    assert (current.manifest.run, current.manifest.scores["known"]) == (run.folder.name, 0.9)


def test_only_facts_answered_in_every_wording_graduate(night: Night) -> None:
    run = finished(night)

    night.resume(run.folder.name)

    current = night.shelf.current(PROJECT)
    assert current is not None
    stages = {fact.id: fact.stage for fact in current.manifest.facts}
    assert stages == {"f0": Stage.GRADUATED, "f1": Stage.LEARNING, "f2": Stage.FAILED}


def test_how_many_questions_were_answered_stands_beside_the_stage_of_a_fact(night: Night) -> None:
    night.resume(finished(night).folder.name)

    current = night.shelf.current(PROJECT)
    assert current is not None
    assert [fact.recalled for fact in current.manifest.facts] == ["2 of 2", "1 of 2", "0 of 2"]


def test_the_gates_own_word_on_a_fact_stands_before_what_its_questions_say(night: Night) -> None:
    run = finished(night)
    report = read_json(run.report_file)
    report["evaluation"]["by_fact"] = {f"f{n}": {"right": 4, "of": 4, "stage": "learning"} for n in range(3)}
    write_json(run.report_file, report)

    night.resume(run.folder.name)

    current = night.shelf.current(PROJECT)
    assert current is not None
    assert {(fact.stage, fact.recalled) for fact in current.manifest.facts} == {(Stage.LEARNING, "4 of 4")}


def test_a_version_names_the_words_it_was_learned_from_by_session_event_and_hash(night: Night, store: Store) -> None:
    run = finished(night)
    [session], [event, *_] = store.sessions(PROJECT), store.events("s1")
    quote = Evidence("s1", event.turn, "The port of the billing service is 4010")
    write_lines(run.episodes_file, [Episode(session, tuple(store.events("s1")))])
    write_lines(run.facts_file, [replace(run.facts()[0], evidence=(quote,)), *run.facts()[1:]])

    night.resume(run.folder.name)

    current = night.shelf.current(PROJECT)
    assert current is not None
    [source] = current.manifest.facts[0].sources
    assert source == Source("s1", event.turn, hashlib.sha256(quote.quote.encode()).hexdigest(), "e0")


def test_the_data_hash_does_not_ask_in_which_order_facts_came() -> None:
    assert data_hash(["aa", "bb"]) == data_hash(["bb", "aa"]) != data_hash(["aa"])


def test_what_the_live_version_fails_a_night_later_is_injected_again_even_if_that_night_is_refused(
    night: Night,
) -> None:
    night.resume(finished(night).folder.name)
    later = finished(night, "refuse", "20261121-030000-demo")
    write_json(later.order_file, {**read_json(later.order_file), "current": {"version": "v1", "path": "x"}})
    report = read_json(later.report_file)
    for question in report["evaluation"]["questions"]:
        question["correct"]["current"] = question["fact"] != "f0"
    write_json(later.report_file, report)

    night.resume(later.folder.name)

    stages = {fact.id: fact.stage for fact in night.shelf.version(PROJECT, "v1").manifest.facts}
    assert stages == {"f0": Stage.FAILED, "f1": Stage.LEARNING, "f2": Stage.FAILED}


def test_weights_that_were_exchanged_after_they_were_measured_do_not_go_live(night: Night) -> None:
    run = finished(night)
    report = read_json(run.report_file)
    report["evaluation"]["adapter"] = {**hashes(run.adapter), WEIGHTS: "0" * 64}
    write_json(run.report_file, report)

    with pytest.raises(AdapterMismatch, match="is not the file that the gate measured"):
        night.resume(run.folder.name)

    assert night.shelf.versions(PROJECT) == []


def test_a_run_is_shelved_once_however_often_it_is_resumed(night: Night) -> None:
    run = finished(night)

    assert night.resume(run.folder.name)["version"] == night.resume(run.folder.name)["version"] == "v1"
    assert len(night.shelf.versions(PROJECT)) == 1


def test_a_run_whose_starter_was_killed_before_it_pointed_to_its_version_is_pointed_to_when_resumed(
    night: Night,
) -> None:
    run, base = finished(night), resolve(night.settings.base)
    night.shelf.put(
        run.adapter, project=PROJECT, base=base.name, base_hash=base.hash, strategy="paper", run=run.folder.name,
        created="2026-11-20T03:00:00Z",
    )  # fmt: skip

    assert night.resume(run.folder.name)["version"] == "v1"
    assert night.shelf.pointers(PROJECT).current == "v1"


@pytest.mark.parametrize("file", ["v1", "pointers.json", "shelved.json"])
def test_killed_while_it_shelves_a_run_goes_live_once_when_resumed(night: Night, file: str) -> None:
    run = finished(night)
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from memsrv.home import Home\nfrom memsrv.night import Night\nfrom memsrv.settings import Settings\n"
        "home, base, id, name = sys.argv[1:]\n"
        "def hook(event, args):\n"
        "    if event == 'os.rename' and os.path.basename(args[1]) == name:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(hook)\n"
        "Night(Home(Path(home)), Settings(base=base, threads=1, any_base=True,\n"
        " projects={'demo': {'train': True}})).resume(id)\n"
    )
    command = [sys.executable, "-c", code, str(night.home.root), night.settings.base, run.folder.name, file]
    child = subprocess.run(command, capture_output=True, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()

    assert night.resume(run.folder.name)["version"] == "v1"

    assert [version.version for version in night.shelf.versions(PROJECT)] == ["v1"]
    assert night.shelf.pointers(PROJECT).current == "v1"


def test_a_version_that_a_person_rolled_back_stays_so_when_its_run_is_resumed(night: Night) -> None:
    night.resume(finished(night).folder.name)
    later = finished(night, name="20261121-030000-demo")
    night.resume(later.folder.name)
    night.shelf.rollback(PROJECT)

    night.resume(later.folder.name)

    assert night.shelf.pointers(PROJECT).current == "v1"


def test_what_the_gate_refused_is_not_shelved(night: Night) -> None:
    run = finished(night, "refuse")

    assert night.resume(run.folder.name)["version"] is None
    assert night.shelf.versions(PROJECT) == []


@pytest.mark.parametrize("how", ["stage", "ask"])
def test_a_person_who_wants_to_decide_gets_a_candidate(night: Night, how: str) -> None:
    asking = replace(night, settings=night.settings.model_copy(update={"promote": "ask" if how == "ask" else "gate"}))
    run = finished(asking)

    asking.resume(run.folder.name, stage=how == "stage")

    pointers = night.shelf.pointers(PROJECT)
    assert (pointers.current, pointers.candidate) == (None, "v1")


def test_the_live_version_is_the_parent_of_the_next(store: Store, night: Night) -> None:
    night.resume(finished(night).folder.name)

    run = night.prepare(store, PROJECT, now=NOW.replace(hour=4))

    assert run.order.current is not None
    assert run.order.current.version == "v1"


def test_the_same_facts_as_last_night_are_nothing_new(store: Store, night: Night) -> None:
    run = finished(night)
    base = resolve(night.settings.base)
    known = [TrainedFact(fact.id, fact.text) for fact in waiting(store, PROJECT, night.consent).facts]
    put = night.shelf.put(
        run.adapter, project=PROJECT, base=base.name, base_hash=base.hash, strategy="distil", run="other",
        created="2026-11-19T00:00:00Z", facts=known,
    )  # fmt: skip
    night.shelf.promote(PROJECT, put.version)

    report = night.consolidate(store, PROJECT, now=NOW.replace(hour=5))

    assert (report["verdict"], report["version"]) == ("nothing", None)
    assert "nothing new to learn: v1" in report["reason"]


# The list


def test_runs_are_listed_newest_first_with_their_verdicts(night: Night) -> None:
    finished(night, "promote", "20261119-030000-demo")
    finished(night, "refuse", "20261120-030000-demo")

    listed = [(standing.id, standing.state, standing.verdict) for standing in night.runs()]

    assert listed == [("20261120-030000-demo", "done", "refuse"), ("20261119-030000-demo", "done", "promote")]
    assert night.runs("another") == []


def test_a_run_whose_process_is_gone_is_shown_as_interrupted(store: Store, night: Night) -> None:
    run = night.prepare(store, PROJECT, now=NOW)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    progress = {"stage": "train", "state": "running", "done": 1, "total": 9, "eta_s": None, "pid": dead.pid,
                "started": "", "updated": ""}  # fmt: skip
    write_json(run.progress_file, progress)

    [standing] = night.runs()

    assert (standing.state, standing.stage, standing.done) == ("interrupted", "train", 1)


@pytest.mark.parametrize("id", ["nowhere", "..", "../runs", ""])
def test_a_run_that_is_not_there_is_not_found(night: Night, id: str) -> None:
    with pytest.raises(NotFound, match="see `memsrv runs`"):
        night.run(id)


# The child


@pytest.mark.soak
def test_a_whole_night_tells_its_stages_and_gives_the_report(store: Store, night: Night) -> None:
    told: list[str] = []

    report = night.consolidate(store, PROJECT, now=NOW, told=lambda stage, *_: told.append(stage))

    assert (report["verdict"], report["version"], report["facts"]["trained"]) == ("refuse", None, 2)
    assert told.index("train") < told.index("evaluate")
    assert night.run(report["run"])["verdict"] == "refuse"


def test_a_killed_child_is_told_with_its_log_and_goes_on_when_resumed(store: Store, night: Night) -> None:
    def kill(stage: str, *_: object) -> None:
        [folder] = [path for path in night.home.runs.iterdir() if path.is_dir()]
        progress = read(Run(folder))
        assert progress is not None
        if stage == "train":
            os.kill(progress.pid, signal.SIGKILL)

    with pytest.raises(RunFailed, match=r"by signal 9: .*log\.txt\); go on with `memsrv consolidate --resume"):
        night.consolidate(store, PROJECT, now=NOW, told=kill)

    [standing] = night.runs()
    assert standing.state == "interrupted"

    told: list[str] = []
    report = night.resume(standing.id, told=lambda stage, *_: told.append(stage))

    assert (report["verdict"], report["version"], report["facts"]["trained"]) == ("refuse", None, 2)
    assert told.index("train") < told.index("evaluate")
    assert night.run(report["run"])["verdict"] == "refuse"


def test_where_the_disk_is_full_the_run_cannot_say_so_and_its_starter_does(
    store: Store, night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "  File \\"/work/memsrv/conso" >&2\nexit 120\n')
    python.chmod(0o755)
    run = night.prepare(store, PROJECT, now=NOW)
    used = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: used._replace(free=32_000))

    with pytest.raises(RunFailed, match=r"has no room \(0 MiB free\); make some, then go on with `memsrv consolidate "):
        replace(night, python=str(python)).resume(run.folder.name)


def test_ctrl_c_ends_the_child_and_says_how_to_go_on(store: Store, night: Night) -> None:
    code = (
        "import sys, json\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from memsrv.home import Home\nfrom memsrv.night import Night\nfrom memsrv.settings import Settings\n"
        "from memsrv.store import Store\n"
        "home, base = sys.argv[1:]\n"
        "night = Night(Home(Path(home)), Settings(base=base, threads=1, any_base=True,\n"
        " projects={'demo': {'train': True}}))\n"
        "tell = lambda stage, *_: print(stage, flush=True)\n"
        "night.consolidate(Store.open(Path(home) / 'memsrv.db'), 'demo', now=datetime.now(UTC), told=tell)\n"
    )
    command = [sys.executable, "-c", code, str(night.home.root), night.settings.base]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert any(line.strip() == "train" for line in parent.stdout)

    parent.send_signal(signal.SIGINT)
    _, errors = parent.communicate()

    assert "memsrv.errors.Interrupted: the run was interrupted; go on with `memsrv consolidate --resume" in errors
    [standing] = night.runs()
    assert standing.state == "interrupted"
    progress = read(Run(night.home.runs / standing.id))
    assert progress is not None
    assert not psutil.pid_exists(progress.pid)


def test_ctrl_c_in_the_middle_of_telling_reaches_the_child_too(store: Store, night: Night) -> None:
    code = (
        "import signal, sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from memsrv.home import Home\nfrom memsrv.night import Night\nfrom memsrv.settings import Settings\n"
        "from memsrv.store import Store\n"
        "home, base = sys.argv[1:]\n"
        "night = Night(Home(Path(home)), Settings(base=base, threads=1, any_base=True,\n"
        " projects={'demo': {'train': True}}))\n"
        "tell = lambda stage, *_: stage == 'train' and signal.raise_signal(signal.SIGINT)\n"
        "night.consolidate(Store.open(Path(home) / 'memsrv.db'), 'demo', now=datetime.now(UTC), told=tell)\n"
    )
    command = [sys.executable, "-c", code, str(night.home.root), night.settings.base]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "memsrv.errors.Interrupted: the run was interrupted" in ended.stderr
    [standing] = night.runs()
    progress = read(Run(night.home.runs / standing.id))
    assert progress is not None
    assert not psutil.pid_exists(progress.pid)


def test_the_servers_side_loads_no_torch() -> None:
    code = "import sys, memsrv.night\nprint([m for m in ('torch', 'transformers', 'peft', 'trl') if m in sys.modules])"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"
