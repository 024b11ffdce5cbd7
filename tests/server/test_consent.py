"""What is not consented to is not read, not returned and not trained on: seen from outside, to the last byte."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from memsrv import mcp
from memsrv.app import App
from memsrv.errors import NothingConsented, UsageError
from memsrv.home import Home
from memsrv.night import Night
from memsrv.records import Evidence, Kind, Memory, Trust
from memsrv.settings import load
from memsrv.store import Store
from memsrv_consolidation.run import Run

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SECRET = "heliotrope"


class Log:
    """One Claude Code session, a record a step."""

    def __init__(self, name: str, cwd: Path) -> None:
        self.name, self.cwd, self.lines = name, cwd, list[dict[str, Any]]()
        self._clock = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def _add(self, type: str, content: Any, **rest: Any) -> "Log":
        self._clock += timedelta(minutes=1)
        id = f"{self.name}-{len(self.lines)}"
        parent = self.lines[-1]["uuid"] if self.lines else None
        record = {
            "type": type, "uuid": id, "parentUuid": parent, "sessionId": self.name, "version": "2.1.30",
            "cwd": str(self.cwd), "timestamp": self._clock.isoformat().replace("+00:00", "Z"),
            "message": {"role": type, "content": content},
        }  # fmt: skip
        self.lines.append(record | rest)
        return self

    def says(self, text: str) -> "Log":
        return self._add("user", text)

    def replies(self, text: str) -> "Log":
        return self._add("assistant", [{"type": "text", "text": text}])

    def uses(self, tool: str, output: str, *, fails: bool = False, **given: Any) -> "Log":
        call = f"call-{self.name}-{len(self.lines)}"
        self._add("assistant", [{"type": "tool_use", "id": call, "name": tool, "input": given}])
        result = {"type": "tool_result", "tool_use_id": call, "content": output, "is_error": fails}
        return self._add("user", [result], toolUseResult={"stdout": output})


@dataclass
class Place:
    """A home, a folder of projects, and an agent's own logs."""

    root: Path
    home: Home = field(init=False)

    def __post_init__(self) -> None:
        self.home = Home(self.root / "home")
        self.home.root.mkdir()

    @property
    def logs(self) -> Path:
        return self.root / "claude" / "projects"

    def project(self, name: str) -> Path:
        folder = self.root / "work" / name
        (folder / ".git").mkdir(parents=True, exist_ok=True)
        return folder

    def held(self, log: Log) -> Path:
        path = self.logs / log.cwd.name / f"{log.name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in log.lines), "utf-8")
        return path

    def memsrv(
        self, *arguments: str, given: str | None = None, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", *arguments],
            env={**os.environ, "MEMSRV_HOME": str(self.home.root), "CLAUDE_CONFIG_DIR": str(self.root / "claude")},
            cwd=cwd or self.root, input=given or "", capture_output=True, text=True, check=False,
        )  # fmt: skip

    def json(self, *arguments: str, cwd: Path | None = None) -> Any:
        ended = self.memsrv(*arguments, "--json", cwd=cwd)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def app(self, cwd: Path | None = None) -> App:
        return App(self.home, load(self.home), cwd or self.root)

    def set(self, key: str, value: str) -> None:
        self.app().config_set(key, value)

    def bytes(self) -> bytes:
        """Every byte that memsrv keeps, but for the settings."""
        files = [path for path in self.home.root.rglob("*") if path.is_file() and path != self.home.config]
        return b"".join(path.read_bytes() for path in files)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    return Place(tmp_path)


def about(name: str, folder: Path, word: str) -> Log:
    return Log(name, folder).says(f"The port of the {word} service is 4010.").replies(f"Noted about {word}.")


# Capture


def test_a_project_that_may_not_be_captured_leaves_no_byte(place: Place) -> None:
    place.memsrv("config", "set", "projects.diary.capture", "false")
    place.held(about("open", place.project("shop"), "billing"))
    log = place.held(about("shut", place.project("diary"), SECRET))

    report = place.json("ingest")

    assert (report["files"], report["sessions"], report["declined"]) == (1, 1, 1)
    assert report["declined_by"] == ["projects.diary.capture"]
    kept = place.bytes()
    assert b"billing" in kept
    assert [word for word in (SECRET, "diary", log.name) if word.encode() in kept] == []


def test_a_log_that_is_named_is_refused_with_the_key_that_says_so(place: Place) -> None:
    place.set("projects.diary.capture", "false")
    log = place.held(about("shut", place.project("diary"), SECRET))

    ended = place.memsrv("ingest", str(log))

    assert ended.returncode == 1
    assert "projects.diary.capture" in ended.stderr
    assert SECRET.encode() not in place.bytes()


def test_what_was_declined_is_read_once_it_is_allowed(place: Place) -> None:
    place.set("projects.diary.capture", "false")
    place.held(about("shut", place.project("diary"), SECRET))
    before = place.app().ingest()

    place.set("projects.diary.capture", "true")
    after = place.app().ingest()

    assert (before.events, after.events, after.declined) == (0, 2, 0)


def test_a_log_that_grows_after_the_no_is_not_read_on(place: Place) -> None:
    log = about("grows", place.project("diary"), "billing")
    place.held(log)
    place.app().ingest()

    place.set("projects.diary.capture", "false")
    place.held(log.says(f"The colour of the door is {SECRET}."))
    report = place.app().ingest()

    assert (report.events, report.declined) == (0, 1)
    assert SECRET.encode() not in place.bytes()


def test_a_no_outlives_the_name_that_it_was_said_of(place: Place) -> None:
    folder = place.project("diary")
    place.held(about("before", folder, "plain"))
    place.json("ingest")
    place.set("projects.diary.capture", "false")
    (folder / ".git" / "config").write_text('[remote "origin"]\n\turl = git@github.com:ana/journal.git\n')
    place.held(about("after", folder, SECRET))

    told = place.memsrv("ingest")

    assert SECRET.encode() not in place.bytes()
    assert "projects.diary.capture" in told.stdout + told.stderr
    place.set("projects.ana-journal.capture", "true")
    place.json("ingest")
    assert SECRET.encode() in place.bytes()


def test_a_log_that_has_not_said_yet_whose_it_is_waits(place: Place) -> None:
    place.set("projects.diary.capture", "false")
    path = place.held(about("late", place.project("diary"), SECRET))
    whole = path.read_bytes()
    path.write_text(json.dumps({"type": "summary", "leafUuid": "late-0", "summary": f"About {SECRET}"}) + "\n")

    first = place.app().ingest()
    path.write_bytes(path.read_bytes() + whole)
    second = place.app().ingest()

    assert (first.events, second.events, second.declined) == (0, 0, 1)
    assert SECRET.encode() not in place.bytes()


def test_prompts_that_do_not_say_of_which_project_they_are_are_not_read_while_one_is_closed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    codex = place.root / "codex"
    (codex / "sessions").mkdir(parents=True)
    entries = [{"session_id": "s1", "ts": 1767323045, "text": SECRET}, {"session_id": "s2", "ts": 1767323046}]
    (codex / "history.jsonl").write_text("".join(json.dumps({"text": "hello", **one}) + "\n" for one in entries))
    monkeypatch.setenv("CODEX_HOME", str(codex))
    place.held(about("open", place.project("shop"), "billing"))
    place.set("projects.diary.capture", "false")

    report = place.json("ingest")

    assert (report["declined"], report["declined_by"]) == (1, ["projects.unknown.capture"])
    assert SECRET.encode() not in place.bytes()
    told = "1 session of codex does not say where it was held"
    assert told in place.memsrv("status").stdout
    assert told in place.memsrv("doctor").stdout
    place.set("projects.unknown.capture", "true")
    place.json("ingest")
    assert told not in place.memsrv("status").stdout
    assert [hit.event.text for hit in place.app().store.search_turns(SECRET) if hit.event] == [SECRET]


def test_a_damaged_line_of_a_history_is_counted_where_any_of_its_sessions_may_be_read(place: Place) -> None:
    place.held(about("open", place.project("shop"), "billing"))
    typed = {"display": SECRET, "timestamp": 1767323045000, "project": str(place.project("diary")), "sessionId": "s1"}
    more = [{"sessionId": "s2", "display": "hi", "project": str(place.project("shop"))}, {"sessionId": "live"}]
    lines = [json.dumps(typed), '{"broken', *(json.dumps({**typed, **one}) for one in more)]
    (place.logs.parent / "history.jsonl").write_text("".join(line + "\n" for line in lines))
    place.set("projects.diary.capture", "false")

    report = place.json("ingest")

    assert (report["unreadable"], report["declined"]) == (1, 1)
    assert [loss.offset for loss in place.app().store.losses()] == [2]
    assert SECRET.encode() not in place.bytes()


def test_what_waited_for_a_closed_project_is_read_once_that_is_open_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    codex = place.root / "codex"
    (codex / "sessions").mkdir(parents=True)
    entries = [{"session_id": "s1", "ts": 1767323045, "text": SECRET}, {"session_id": "s2", "ts": 1767323046}]
    (codex / "history.jsonl").write_text("".join(json.dumps({"text": "hello", **one}) + "\n" for one in entries))
    rollout = codex / "sessions" / "rollout-2026-01-02T03-04-05-11111111-2222-4333-8444-555555555555.jsonl"
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": f"Nameless {SECRET}"}]}
    record = {"timestamp": "2026-01-02T03:04:05Z", "type": "response_item", "payload": said}
    rollout.write_text(json.dumps(record) + "\n")
    monkeypatch.setenv("CODEX_HOME", str(codex))
    place.set("projects.diary.capture", "false")
    app = place.app()
    before = [app.ingest(), app.ingest()]

    app.config_set("projects.diary.capture", "true")
    app.ingest()

    assert [(report.events, report.declined) for report in before] == [(0, 2), (0, 2)]
    assert len(app.store.search_turns(SECRET)) == 2


def test_a_session_that_goes_into_a_closed_project_leaves_nothing_of_it(place: Place) -> None:
    place.set("projects.diary.capture", "false")
    log = Log("wanders", place.project("shop")).says("The port of the billing service is 4010.")
    log.cwd = place.project("diary")
    log.says(f"Now about {SECRET}.").uses("Bash", f"it says {SECRET}", command=f"make {SECRET}")
    place.held(log)

    place.app().ingest()

    kept = place.bytes()
    assert b"billing" in kept
    assert SECRET.encode() not in kept


_OPENED = """
import os, sys
seen = open(sys.argv.pop(1), "a")
def hook(event, arguments):
    if event in ("open", "os.listdir", "os.scandir"):
        seen.write(f"{arguments[0]}\\n")
        seen.flush()
sys.addaudithook(hook)
from memsrv.__main__ import main
sys.exit(main())
"""


def opened(place: Place, *arguments: str) -> list[str]:
    """Every file and folder that a command opened or listed."""
    told = place.root / "opened.txt"
    subprocess.run(
        [sys.executable, "-c", _OPENED, str(told), *arguments],
        env={**os.environ, "MEMSRV_HOME": str(place.home.root)}, cwd=place.root, capture_output=True, check=False,
    )  # fmt: skip
    return told.read_text().splitlines()


def test_the_folder_of_a_source_that_may_not_be_captured_is_neither_listed_nor_opened(place: Place) -> None:
    place.held(about("shut", place.project("shop"), SECRET))
    freely = opened(place, "ingest")
    place.set("sources.claude-code.capture", "false")
    (place.root / "opened.txt").unlink()

    by_itself = opened(place, "ingest")
    by_name = opened(place, "ingest", str(place.logs))

    assert any(path.startswith(str(place.logs)) for path in freely)
    assert [path for path in (*by_itself, *by_name) if path.startswith(str(place.root / "claude"))] == []


def test_a_denied_source_is_told_by_its_key(place: Place) -> None:
    path = place.held(about("shut", place.project("shop"), SECRET))
    place.set("sources.claude-code.capture", "false")
    elsewhere = place.root / "copy.jsonl"
    elsewhere.write_bytes(path.read_bytes())

    by_itself = place.app().ingest()

    assert (by_itself.files, by_itself.declined_by) == (0, ("sources.claude-code.capture",))
    for named in ([place.logs], [elsewhere]):
        with pytest.raises(NothingConsented, match=r"sources\.claude-code\.capture"):
            place.app().ingest(named)
    with pytest.raises(NothingConsented, match=r"sources\.claude-code\.capture"):
        place.app().ingest([elsewhere], agent="claude-code")


def test_nothing_is_saved_into_a_project_that_may_not_be_captured(place: Place) -> None:
    place.set("projects.diary.capture", "false")

    with pytest.raises(NothingConsented, match=r"projects\.diary\.capture"):
        place.app(place.project("diary")).save(f"The door is {SECRET}.", kind=Kind.EPISODIC)

    assert SECRET.encode() not in place.bytes()


# .memsrvignore


def test_events_on_ignored_files_stay_as_something_that_happened(place: Place) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_text("private/\n*.env\n")
    log = Log("s", shop).says("The port of the billing service is 4010.")
    log.uses("Read", f"plan: {SECRET}", file_path=f"{shop}/private/plan.md")
    log.uses("Write", "done", file_path=f"{shop}/local.env", content=f"KEY={SECRET}")
    log.uses("Edit", "done", file_path=f"{shop}/private/a.py", old_string="x", new_string=SECRET)
    log.uses("Bash", SECRET, command="cat private/plan.md | head")
    log.uses("Bash", SECRET, command="cd private && cat plan.md")
    log.uses("Bash", SECRET, command="cat *.env")
    log.uses("Grep", f"private/plan.md:3:{SECRET}", pattern="door", path=str(shop))
    log.uses("Bash", f"diff --git a/local.env b/local.env\n+{SECRET}", command="git diff")
    log.uses("mcp__fs__read", SECRET, path=f"{shop}/private/plan.md")
    log.replies(f"The plan says {SECRET}.")
    log.says("Good. Now run the tests.").uses("Bash", "1 passed", command="make test")
    place.held(log)

    place.app().ingest()

    kept = place.bytes()
    assert [word for word in (SECRET, "plan.md", "local.env", "a.py") if word.encode() in kept] == []
    assert b"make test" in kept
    with closing(place.app().store) as store:
        events = store.events("s")
    assert len(events) == len(log.lines)
    assert [event.text for event in events if event.tool == "Read"] == ["", "[ignored]"]
    assert events[1].paths == ("[ignored]",)


def test_peoples_own_words_stay_without_the_name_of_the_file(place: Place) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_text("/private/\n")
    place.held(Log("s", shop).says("Always run make lint before you look at private/plan.md, please."))

    place.app().ingest()

    with closing(place.app().store) as store:
        text = store.events("s")[0].text
    assert text == "Always run make lint before you look at [ignored], please."


def test_what_a_session_is_called_does_not_name_the_file_either(place: Place) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_text("/private/\n")
    log = Log("s", shop).says("Look at the plan.")
    log.lines.append({"type": "custom-title", "customTitle": "what private/plan.md says", "sessionId": "s"})
    place.held(log)

    place.app().ingest()

    with closing(place.app().store) as store:
        assert store.session("s").title == "what [ignored] says"


@pytest.mark.parametrize("pattern", ["*", "/", "/*", "**", "*\n# all of it\n", "  *  "])
def test_a_project_whose_root_is_ignored_is_not_captured(place: Place, pattern: str) -> None:
    diary = place.project("diary")
    (diary / ".memsrvignore").write_text(pattern)
    place.held(about("shut", diary, SECRET))
    (diary / "deep" / "er").mkdir(parents=True)
    place.held(about("deep", diary / "deep" / "er", SECRET))

    report = place.app().ingest()

    assert (report.sessions, report.declined) == (0, 2)
    assert report.declined_by == (str(diary / ".memsrvignore"),)
    assert SECRET.encode() not in place.bytes()
    with pytest.raises(NothingConsented, match="memsrvignore"):
        place.app(diary).save("The door is blue.", kind=Kind.EPISODIC)


def test_an_exception_to_everything_leaves_the_session_and_what_it_names(place: Place) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_text("*\n!README.md\n")
    log = Log("s", shop).says("Look around.")
    log.uses("Read", "Quayside sells cranes.", file_path=f"{shop}/README.md")
    log.uses("Read", SECRET, file_path=f"{shop}/NOTES.md")
    place.held(log)

    place.app().ingest()

    kept = place.bytes()
    assert b"Quayside sells cranes" in kept
    assert SECRET.encode() not in kept


def test_one_file_in_the_home_holds_everywhere(place: Place) -> None:
    clients, shop = place.project("clients"), place.project("shop")
    (place.home.root / ".memsrvignore").write_text(f"{clients}/\n*.pem\ndocs/private/\n")
    place.held(about("shut", clients, SECRET))
    log = Log("s", shop).says("Look around.")
    log.uses("Read", SECRET, file_path=f"{shop}/tls/server.pem")
    log.uses("Read", SECRET, file_path=f"{shop}/docs/private/x.md")
    log.uses("Read", "Quayside sells cranes.", file_path=f"{shop}/docs/y.md")
    place.held(log)

    report = place.app().ingest()

    assert report.declined == 1
    kept = place.bytes()
    assert b"Quayside" in kept
    assert SECRET.encode() not in kept.replace((place.home.root / ".memsrvignore").read_bytes(), b"")


def test_a_nearer_file_decides_and_a_folder_may_have_its_own(place: Place) -> None:
    shop = place.project("shop")
    (shop / "src" / "keys").mkdir(parents=True)
    (shop / ".memsrvignore").write_text("*.txt\n")
    (shop / "src" / ".memsrvignore").write_text("!open.txt\n")
    (shop / "src" / "keys" / ".memsrvignore").write_text("*\n")
    log = Log("s", shop).says("Look around.")
    log.uses("Read", "Quayside sells cranes.", file_path=f"{shop}/src/open.txt")
    log.uses("Read", SECRET, file_path=f"{shop}/shut.txt")
    log.uses("Read", SECRET, file_path=f"{shop}/src/keys/one.md")
    log.uses("Bash", SECRET, command="cat src/keys/one.md")
    place.held(log)

    place.app().ingest()

    kept = place.bytes()
    assert b"Quayside" in kept
    assert SECRET.encode() not in kept


def test_a_link_does_not_lead_around_it(place: Place) -> None:
    shop = place.project("shop")
    (shop / "private").mkdir()
    (shop / "private" / "plan.md").write_text(SECRET)
    (shop / "shortcut.md").symlink_to(shop / "private" / "plan.md")
    (shop / ".memsrvignore").write_text("private/\n")
    place.held(Log("s", shop).says("Look.").uses("Read", SECRET, file_path=f"{shop}/shortcut.md"))

    place.app().ingest()

    assert SECRET.encode() not in place.bytes()


def test_a_worktree_obeys_the_repository_it_was_made_in(place: Place) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_text("private/\n")
    (shop / ".git" / "worktrees" / "fix").mkdir(parents=True)
    (shop / ".git" / "worktrees" / "fix" / "commondir").write_text("../..\n")
    tree = place.root / "work" / "fix"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {shop}/.git/worktrees/fix\n")
    place.held(Log("s", tree).says("Look.").uses("Read", SECRET, file_path=f"{tree}/private/plan.md"))

    place.app().ingest()

    assert SECRET.encode() not in place.bytes()


@pytest.mark.parametrize("content", [b"!\n", b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_understood_leaves_out_everything(place: Place, content: bytes) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_bytes(content)
    place.held(about("s", shop, SECRET))

    report = place.app().ingest()

    assert (report.sessions, report.declined) == (0, 1)


def test_a_log_read_in_two_sittings_still_knows_what_was_looked_into(place: Place) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_text("private/\n")
    log = Log("s", shop).says("Look.").uses("Read", SECRET, file_path=f"{shop}/private/plan.md")
    result = log.lines.pop()
    place.held(log)
    place.app().ingest()

    log.lines.append(result)
    place.held(log.replies(f"It says {SECRET}."))
    place.app().ingest()

    assert SECRET.encode() not in place.bytes()


def test_a_word_that_is_no_path_is_left_alone(place: Place) -> None:
    shop = place.project("shop")
    (shop / ".memsrvignore").write_text("build/\nprivate/\n")
    log = Log("s", shop).says("Keep private things private, and run the build.")
    log.uses("Bash", "built", command="npm run build")
    place.held(log)

    place.app().ingest()

    with closing(place.app().store) as store:
        events = store.events("s")
    assert [events[0].text, events[1].command] == ["Keep private things private, and run the build.", "npm run build"]


# <private>


@pytest.mark.parametrize(
    "text",
    [
        f"Use pnpm. <private>my word is {SECRET}</private> Thanks.",
        f"Use pnpm. <private>\nmy\nword is\n{SECRET}\n</private> Thanks.",
        f"Use pnpm. <private>my word is {SECRET}",
        f"Use pnpm. <private>a <private>b</private> my word is {SECRET}</private> Thanks.",
        f"Use pnpm. <PRIVATE>my word is {SECRET}</Private> Thanks.",
    ],
)
def test_a_private_span_is_never_written(place: Place, text: str) -> None:
    place.held(Log("s", place.project("shop")).says(text).uses("Bash", text, command=f"echo '{text}'"))

    place.app().ingest()
    place.app(place.project("shop")).save(text, kind=Kind.SEMANTIC)

    kept = place.bytes()
    assert b"Use pnpm" in kept
    assert SECRET.encode() not in kept


# Recall


@pytest.fixture
def two(place: Place) -> Place:
    """Two projects that were read, one of which may no longer be given back."""
    place.held(about("open", place.project("shop"), "billing"))
    place.held(about("shut", place.project("diary"), SECRET))
    place.app().ingest()
    place.set("projects.diary.recall", "false")
    return place


def test_a_project_that_may_not_be_recalled_is_in_no_answer_of_the_command_line(two: Place) -> None:
    with closing(Store.open(two.home.database)) as store:
        (memory,) = store.memories("diary")
        event = store.events("shut")[0].id
    for listing in (["search", f"port of {SECRET}", "--all-projects"], ["memories", "--all-projects"], ["status"]):
        told = two.memsrv(*listing, "--json")
        assert told.returncode == 0, told.stderr
        assert [word for word in (SECRET, "diary", "shut") if word in told.stdout] == [], listing
    for asking in (["search", "port", "--project", "diary"], ["show", memory.id], ["compact", "--session", "shut"]):
        told = two.memsrv(*asking)
        assert (told.returncode, told.stdout) == (1, ""), asking
        assert "memsrv config set projects.diary.recall true" in " ".join(told.stderr.split())
        assert SECRET not in told.stderr
    app = two.app(two.project("diary"))
    for refused in (
        lambda: app.memories(), lambda: app.show("shut"), lambda: app.show(event), lambda: app.facts(),
        lambda: app.compact(), lambda: app.recover("shut"), lambda: app.ask("Which port?"), lambda: app.adapter("v1"),
    ):  # fmt: skip
        with pytest.raises(NothingConsented, match=r"projects\.diary\.recall"):
            refused()


def test_a_project_that_may_not_be_recalled_is_in_no_answer_to_an_agent(two: Place) -> None:
    with closing(Store.open(two.home.database)) as store:
        (memory,) = store.memories("diary")
    app = two.app(two.project("diary"))
    calls: Sequence[tuple[str, dict[str, Any]]] = (
        ("memory_search", {"query": f"port of {SECRET}", "project": "*"}),
        ("memory_search", {"query": f"port of {SECRET}"}),
        ("memory_open", {"ids": [memory.id]}),
        ("memory_open", {"ids": ["shut"]}),
        ("session_compact", {}),
        ("session_compact", {"session": "shut"}),
        ("session_recover", {"session": "shut"}),
        ("memory_ask", {"question": f"Which port has {SECRET}?"}),
        ("memory_status", {"project": "*"}),
        ("memory_forget", {"ids": [memory.id]}),
    )

    async def told() -> list[str]:
        async with Client(mcp.build(app)) as client:  # type: ignore[arg-type]
            return [(await client.call_tool(name, given)).model_dump_json() for name, given in calls]

    for (name, given), answer in zip(calls, anyio.run(told), strict=True):
        assert "port of the heliotrope" not in answer.casefold(), (name, given)
        assert f"about {SECRET}" not in answer, (name, given)


def test_a_memory_of_another_project_is_not_ended_by_saving_one(two: Place) -> None:
    with closing(Store.open(two.home.database)) as store:
        (hidden,), (shown,) = store.memories("diary"), store.memories("shop")

    with closing(two.app()) as app:
        with pytest.raises(NothingConsented):
            app.save("The port is 1.", kind=Kind.EPISODIC, project="shop", supersedes=hidden.id)
        with pytest.raises(UsageError, match="a memory of shop, not of third"):
            app.save("The port is 1.", kind=Kind.EPISODIC, project="third", supersedes=shown.id)
        assert app.store.memory(hidden.id).valid_to is app.store.memory(shown.id).valid_to is None


def test_status_says_no_of_a_source_and_does_not_ask_to_read_again(place: Place) -> None:
    place.held(about("s1", place.project("app"), "plain"))
    place.json("ingest")
    place.set("sources.claude-code.recall", "false")

    said = place.json("status", "--project", "app")

    assert said["consents"] == [{"project": "app", "capture": True, "recall": False, "train": False}]
    assert not [warning for warning in said["warnings"] if "read" in warning["what"]]


def test_other_projects_are_given_back_as_before(two: Place) -> None:
    found = two.app().search("port of the billing service", project="*")

    assert {result.project for result in found.results} == {"shop"}
    assert len(two.app().memories(project="*").memories) == 1


def test_a_server_that_runs_obeys_at_once(place: Place) -> None:
    place.held(about("s", place.project("shop"), SECRET))
    running = place.app()
    running.ingest()
    before = running.search(SECRET, project="shop").results

    place.memsrv("config", "set", "projects.shop.recall", "false")

    assert before
    assert running.search(SECRET, project="*").results == ()


@pytest.fixture
def agents(place: Place) -> Place:
    """A store with sessions of two agents in one project: a memory of each, and one that both speak for."""
    with closing(Store.open(place.home.database)) as store:
        for agent, words in (("claude-code", "billing"), ("codex", SECRET)):
            log = about(agent, place.project("shop"), words)
            path = place.held(log)
            place.app().read_logs([path])
        with store._connection.writing() as db:  # only Claude Code's logs can be read so far
            db.execute("UPDATE sessions SET agent = 'codex' WHERE id = 'codex'")
            db.execute("UPDATE events SET agent = 'codex' WHERE session = 'codex'")
        both = (Evidence("claude-code", 0, "The port of the"), Evidence("codex", 0, f"{SECRET} service is 4010"))
        store.remember([Memory("mem_both", "shop", Kind.EPISODIC, "Ports are low.", Trust.HUMAN, both)])
        place.app().remember_sessions(store.unremembered())
    return place


def test_an_agents_sessions_and_what_only_they_speak_for_are_not_given_back(agents: Place) -> None:
    before = {m.text for m in agents.app().memories(project="shop").memories}
    agents.home.config.write_text("[sources.codex]\nrecall = false\n")
    app = agents.app()

    after = app.memories(project="shop").memories

    assert len(before) == 3
    assert {m.text for m in after} == {"Ports are low.", "The port of the billing service is 4010."}
    assert SECRET not in repr(after)
    assert SECRET not in repr(app.search(f"port {SECRET}", project="*"))
    assert app.visible.counts().sessions == 1
    with pytest.raises(NothingConsented, match=r"sources\.codex\.recall"):
        app.show("codex")
    with pytest.raises(NothingConsented, match=r"sources\.codex\.recall"):
        app.show(next(m.id for m in app.store.memories("shop") if SECRET in m.text))


def test_what_ranks_before_it_does_not_crowd_out_what_may_be_seen(place: Place) -> None:
    with closing(Store.open(place.home.database)) as store:

        def said(number: int, project: str) -> Memory:
            return Memory(f"mem_{project}{number}", project, Kind.EPISODIC, f"crane crane {number}", Trust.HUMAN)

        store.remember([said(n, "diary") for n in range(300)] + [said(1, "shop")])
    place.set("projects.diary.recall", "false")

    found = place.app().search("crane", project="*", limit=1)

    assert [result.project for result in found.results] == ["shop"]


# Training


@pytest.fixture
def ordered(agents: Place, random_base: Path) -> Callable[..., Run]:
    def order(config: str) -> Run:
        agents.home.config.write_text(f'base = "{random_base}"\nthreads = 1\nany_base = true\n{config}')
        with closing(Store.open(agents.home.database)) as store:
            return Night(agents.home, load(agents.home)).prepare(store, "shop", now=NOW)

    return order


def test_a_project_nobody_asked_about_is_not_trained_on(ordered: Callable[..., Run], agents: Place) -> None:
    with pytest.raises(NothingConsented, match="--yes"):
        ordered("")
    with pytest.raises(NothingConsented, match=r"config set projects\.shop\.train true"):
        ordered("[projects.shop]\ntrain = false\n")

    assert not agents.home.runs.exists() or not list(agents.home.runs.glob("*/run.json"))


def test_a_run_sees_nothing_of_an_agent_that_may_not_be_trained_on(ordered: Callable[..., Run]) -> None:
    run = ordered("[projects.shop]\ntrain = true\n[sources.codex]\ntrain = false\n")

    written = b"".join(path.read_bytes() for path in run.folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in written
    assert [episode.session.id for episode in run.episodes()] == ["claude-code"]
    assert {m.text for m in run.memories()} == {"Ports are low.", "The port of the billing service is 4010."}


def test_a_run_that_saw_an_agent_is_not_resumed_after_the_no(ordered: Callable[..., Run], agents: Place) -> None:
    run = ordered("[projects.shop]\ntrain = true\n")
    agents.home.config.write_text("[projects.shop]\ntrain = true\n[sources.codex]\ntrain = false\n")

    with pytest.raises(NothingConsented, match=r"sources\.codex\.train"):
        Night(agents.home, load(agents.home)).resume(run.folder.name)


def test_yes_does_not_overrule_a_person_who_said_never(place: Place, random_base: Path) -> None:
    place.held(about("s", place.project("shop"), "billing"))
    place.app().ingest()
    place.set("projects.shop.train", "false")

    ended = place.memsrv("consolidate", "--yes", "--base", str(random_base), cwd=place.project("shop"))

    assert ended.returncode == 1
    assert "memsrv config set projects.shop.train true" in " ".join(ended.stderr.split())
    assert load(place.home).projects["shop"].train is False
