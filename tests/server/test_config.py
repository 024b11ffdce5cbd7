"""`memsrv config`: what holds and since when, and changing one key: checked, in turns, 0600, nothing lost or shown."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from memsrv import config
from memsrv.app import App
from memsrv.errors import UsageError
from memsrv.home import Home
from memsrv.records import Event, EventType, Session, Trust
from memsrv.settings import Settings, load, settings_table
from memsrv.store import FileState

WORD = "Quayside Holdings"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def app(home: Home, tmp_path: Path) -> App:
    return App(home, Settings(), tmp_path)


def memsrv(home: Home, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-I", "-m", "memsrv", "config", *arguments],
        env={**os.environ, "MEMSRV_HOME": str(home.root)}, input=given, capture_output=True, text=True, check=False,
    )  # fmt: skip


# What holds


def test_every_setting_is_listed_with_its_default(app: App) -> None:
    listed = {entry.key: entry for entry in app.config().settings}

    assert set(listed) == {key for key, _, _ in settings_table()} - {"projects", "sources"}
    assert {entry.source for entry in listed.values()} == {"default"}
    assert (listed["night.min_new"].value, listed["night.min_new"].default) == (3, 3)


def test_what_was_set_says_so_and_is_all_that_changed_lists(app: App) -> None:
    app.config_set("night.min_new", "5")
    app.config_set("projects.httpx.io.recall", "no")

    assert [(e.key, e.value, e.default, e.source) for e in app.config(changed=True).settings] == [
        ("projects.httpx.io.recall", False, True, "config.toml"),
        ("night.min_new", 5, 3, "config.toml"),
    ]
    assert "projects.httpx.io.recall" in {entry.key for entry in app.config().settings}


@pytest.mark.parametrize(
    ("key", "holds"),
    [("projects.shop.capture", True), ("projects.shop.train", False), ("sources.codex.train", True), ("port", 0)],
)
def test_what_nobody_set_has_a_value_all_the_same(app: App, key: str, holds: object) -> None:
    assert (app.config_get(key).value, app.config_get(key).source) == (holds, "default")


def test_unset_brings_the_default_back_and_leaves_no_empty_table(app: App) -> None:
    app.config_set("night.min_new", "5")
    app.config_unset("night.min_new")

    assert app.config_get("night.min_new").value == 3
    assert app.home.config.read_text() == ""
    with pytest.raises(UsageError, match="not set"):
        app.config_unset("night.min_new")


# Changing it


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("port", "4000", 4000),
        ("watch.enabled", "off", False),
        ("teacher.usd_per_day", "0.25", 0.25),
        ("teacher.usd_per_million_input", "3", 3.0),
        ("teacher.model", "7", "7"),
        ("promote", "ask", "ask"),
        ("projects.shop.train", "yes", True),
    ],
)
def test_a_value_is_read_by_the_type_of_its_key(app: App, key: str, text: str, value: object) -> None:
    app.config_set(key, text)

    assert app.config_get(key).value == value
    assert load(app.home) == Settings.model_validate(load(app.home).model_dump())


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("port", "many"), ("port", "70000"), ("promote", "never"), ("watch.enabled", "perhaps"),
        ("teacher.usd_per_day", "inf"), ("teacher.usd_per_day", "-1"), ("night.hours", "late"),
        ("redact.strings", '["a'), ("sources.vim.capture", "no"), ("projects.My Shop.capture", "no"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_and_nothing_is_written(app: App, key: str, text: str) -> None:
    with pytest.raises(UsageError):
        app.config_set(key, text)

    assert not app.home.config.exists()


@pytest.mark.parametrize("content", [b"port = [", b"\xff\xfep\0o\0r\0t\0", b"port = 'many'"])
def test_a_file_that_cannot_be_understood_is_named_and_left_alone(app: App, content: bytes) -> None:
    app.home.root.mkdir(parents=True)
    app.home.config.write_bytes(content)

    for use in (lambda: load(app.home), lambda: app.config_set("port", "1"), lambda: app.config_unset("port")):
        with pytest.raises(UsageError, match=r"config\.toml"):
            use()

    assert app.home.config.read_bytes() == content


def test_a_folder_in_the_place_of_the_settings_is_named(app: App) -> None:
    app.home.config.mkdir(parents=True)

    with pytest.raises(UsageError, match="cannot be read"):
        load(app.home)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("prot", "`port`"),
        ("nigth.min_new", "`night.min_new`"),
        ("model", "`teacher.model`"),
        ("teacher", "teacher.tokens_per_day"),
        ("projects.shop", "projects.NAME.train"),
        ("sources.codex.watch", "sources.NAME.capture"),
        ("zzz", "`memsrv config` lists them all"),
    ],
)
def test_an_unknown_key_names_what_was_perhaps_meant(app: App, key: str, meant: str) -> None:
    with pytest.raises(UsageError) as refused:
        app.config_set(key, "1")

    assert meant in str(refused.value)


@pytest.mark.parametrize("key", ["ANTHROPIC_API_KEY", "teacher.api_key", "openai_api_key"])
def test_a_key_to_a_teacher_is_never_taken(app: App, key: str) -> None:
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY or OPENAI_API_KEY") as refused:
        app.config_set(key, "sk-ant-very-secret")

    assert "very-secret" not in str(refused.value)
    assert not app.home.config.exists()


def test_comments_order_and_other_keys_stay(home: Home) -> None:
    before = (
        "# mine\nport = 5  # the office\n\n[projects.a]\n# asked on Monday\ncapture = true\n\n"
        '[teacher]\nname = "rules"\n\n[projects.b]\nrecall = true\n'
    )
    home.root.mkdir()
    home.config.write_text(before)

    config.put(home, "projects.b.recall", False)

    assert home.config.read_text() == before.replace("recall = true", "recall = false")


def test_consent_in_the_old_form_is_kept(home: Home) -> None:
    home.root.mkdir()
    home.config.write_text('train = ["shop", "httpx.io"]\nport = 5\n')

    settings = config.put(home, "projects.diary.capture", False)

    assert {name: allowed.train for name, allowed in settings.projects.items()} == {
        "shop": True, "httpx.io": True, "diary": None,
    }  # fmt: skip
    assert load(home) == settings


def test_the_file_is_its_owners_alone_whatever_it_was(home: Home) -> None:
    home.root.mkdir()
    home.config.write_text("port = 5\n")
    home.config.chmod(0o644)

    config.put(home, "port", 6)

    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert [path.name for path in home.root.iterdir() if path.name.startswith(".config")] == []


def test_a_link_into_somebodys_dotfiles_stays_one(home: Home, tmp_path: Path) -> None:
    home.root.mkdir()
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("port = 5\n")
    home.config.symlink_to(kept)

    config.put(home, "port", 6)

    assert home.config.is_symlink()
    assert kept.read_text() == "port = 6\n"


def test_a_file_that_is_damaged_is_left_as_it_is(home: Home) -> None:
    home.root.mkdir()
    for content in ("port = = 5", "prot = 5\n"):
        home.config.write_text(content)
        with pytest.raises(UsageError, match=r"config\.toml"):
            config.put(home, "port", 6)

        assert home.config.read_text() == content


def test_many_who_change_it_at_once_lose_nothing(home: Home) -> None:
    with ThreadPoolExecutor(8) as many:
        list(many.map(lambda n: config.put(home, f"projects.p{n}.train", True), range(24)))
    with ThreadPoolExecutor(3) as processes:
        ended = processes.map(lambda n: memsrv(home, "set", "redact.strings", f"word {n}", "--add"), range(3))
        assert [one.returncode for one in ended] == [0, 0, 0]

    settings = load(home)
    assert len(settings.projects) == 24
    assert set(settings.redact.strings) == {"word 0", "word 1", "word 2"}


# Words that are never shown


def test_words_to_redact_come_from_stdin_and_are_shown_nowhere(home: Home) -> None:
    made = memsrv(home, "set", "redact.strings", "-", given=f"{WORD}\nB, & C\n\n")
    said = [made, *(memsrv(home, *a) for a in (["--changed"], ["--json"], ["get", "redact.strings"]))]
    refused = memsrv(home, "set", "redact.strings", f'["{WORD}", 3]')

    assert load(home).redact.strings == (WORD, "B, & C")
    assert refused.returncode == 2
    assert [one for one in (*said, refused) if WORD in one.stdout + one.stderr] == []
    assert "2 not shown" in said[-1].stdout


def test_a_list_is_given_by_comma_or_as_json_and_added_to(app: App) -> None:
    app.config_set("redact.strings", "one two, three")
    app.config_set("redact.strings", '["four, five", "three"]', add=True)

    assert load(app.home).redact.strings == ("one two", "three", "four, five")
    with pytest.raises(UsageError, match="no list"):
        app.config_set("port", "5", add=True)


# What a person is told


def test_withdrawing_capture_says_what_stays_and_how_it_goes(app: App) -> None:
    event = Event("e", "s", EventType.PROMPT, Trust.HUMAN, "hello")
    app.store.append(
        FileState("/l", "claude-code", "s", 1, 1, "x", 1), Session("s", "claude-code", "shop", "/l"), [event]
    )

    by_project = app.config_set("projects.shop.capture", "false").note or ""
    by_source = app.config_set("sources.claude-code.capture", "false").note or ""

    assert app.store.counts().events == 1
    for note in (by_project, by_source):
        assert "1 session)" in note
        assert "memsrv forget ID --erase" in note


def test_a_project_that_nobody_has_heard_of_is_taken_with_a_warning(app: App) -> None:
    assert "Nothing of a project called shop" in (app.config_set("projects.shop.capture", "no").note or "")


def test_json_is_one_document(home: Home) -> None:
    documents: list[Any] = [
        json.loads(memsrv(home, *given, "--json").stdout)
        for given in ([], ["get", "port"], ["set", "port", "7"], ["unset", "port"])
    ]

    assert [set(document) for document in documents] == [
        {"settings", "file"},
        {"key", "value", "default", "source", "description", "hidden"},
        {"setting", "note"},
        {"setting", "note"},
    ]
    assert documents[2]["setting"]["value"] == 7
