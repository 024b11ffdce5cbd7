"""Where the watch looks: at what sources name, into the folders of known projects, and no further into a tree."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from memsrv.app import App
from memsrv.ingest import IngestReport
from memsrv.sources import SOURCES
from memsrv.watch import hints as hints_module
from memsrv.watch.hints import Hints
from memsrv.watch.places import Places

Until = Callable[..., Any]

CLAUDE = next(source for source in SOURCES if source.name == "claude-code")
AIDER = next(source for source in SOURCES if source.name == "aider")

CHAT = "# aider chat started at 2026-11-20 10:00:00\n\n#### The kite needs a string.\n\nUnderstood.\n\n"


def record(text: str) -> str:
    said = {
        "type": "user", "uuid": text, "parentUuid": None, "sessionId": "s", "timestamp": "2026-01-02T03:04:05.678Z",
        "cwd": "/nowhere/shop", "version": "2.1.30", "message": {"role": "user", "content": text},
    }  # fmt: skip
    return json.dumps(said) + "\n"


class Counting(type(CLAUDE)):  # type: ignore[misc]
    """Claude Code's source, and how often it was asked whose a file is."""

    asked: ClassVar[list[Path]] = []

    def owns(self, path: Path, head: bytes) -> bool:
        self.asked.append(path)
        return super().owns(path, head)  # type: ignore[no-any-return]


def places(folder: Path, projects: Iterable[Path] = (), **chosen: Any) -> Places:
    return Places({"claude-code": [folder]}, lambda: projects, agents=["claude-code", "aider"], **chosen)


# What is a log


def test_only_what_the_source_names_is_a_log(tmp_path: Path) -> None:
    folder = tmp_path / "projects"
    (folder / "-x").mkdir(parents=True)
    (folder / "-x" / "s.jsonl").write_text(record("hello"), "utf-8")
    (folder / "-x" / "notes.txt").write_text("words", "utf-8")
    (folder / "-x" / "cache.db").write_bytes(b"\x00" * 100)

    assert [log.path.name for log in places(folder).everything()] == ["s.jsonl"]


def test_a_hint_at_a_file_that_nobody_wants_costs_one_look_until_it_grows(tmp_path: Path) -> None:
    Counting.asked.clear()
    folder = tmp_path / "projects"
    (folder / "-x").mkdir(parents=True)
    found = places(folder, sources=[Counting()])
    other = folder / "-x" / "cache.jsonl"
    other.write_text('{"type": "cache"}\n', "utf-8")

    assert [found.told_of([other]) for _ in range(3)] == [[], [], []]
    assert Counting.asked == [other]
    other.write_text(record("hello"), "utf-8")
    assert [log.path for log in found.told_of([other])] == [other]


def test_a_hint_at_a_file_that_no_source_names_does_not_open_it(tmp_path: Path) -> None:
    Counting.asked.clear()
    folder = tmp_path / "projects"
    folder.mkdir()
    found = places(folder, sources=[Counting()])
    other = folder / "auth.jsonl"
    other.write_text(record("hello"), "utf-8")

    assert found.told_of([other]) == []
    assert Counting.asked == []


def test_a_log_that_is_known_is_not_asked_about_again(tmp_path: Path) -> None:
    Counting.asked.clear()
    folder = tmp_path / "projects"
    (folder / "-x").mkdir(parents=True)
    log = folder / "-x" / "s.jsonl"
    log.write_text(record("hello"), "utf-8")
    found = places(folder, sources=[Counting()])
    found.everything()

    assert [one.path for one in found.told_of([log])] == [log]
    assert Counting.asked == []


def test_what_happens_outside_the_agents_folders_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    (tmp_path / "s.jsonl").write_text(record("hello"), "utf-8")

    assert places(tmp_path / "projects").told_of([tmp_path / "s.jsonl"]) == []


def test_a_folder_that_came_as_a_whole_is_looked_into(tmp_path: Path) -> None:
    folder = tmp_path / "projects"
    (folder / "-x").mkdir(parents=True)
    (folder / "-x" / "s.jsonl").write_text(record("hello"), "utf-8")

    assert [log.path.name for log in places(folder).told_of([folder / "-x"])] == ["s.jsonl"]


def test_a_log_inside_a_projects_folder_is_found_there(tmp_path: Path) -> None:
    chat = tmp_path / "shop" / ".aider.chat.history.md"
    chat.parent.mkdir()
    chat.write_text(CHAT, "utf-8")
    found = places(tmp_path / "none", [tmp_path / "shop"])

    assert [(log.path, log.source.name) for log in found.everything()] == [(chat, "aider")]
    assert [log.path for log in found.told_of([chat])] == [chat]


# What is followed


def test_of_a_tree_of_too_many_folders_those_of_logs_are_followed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints_module, "_MANY_FOLDERS", 3)
    for name in "abcde":
        (tmp_path / name).mkdir()
    hints = Hints()

    hints.follow([tmp_path], [tmp_path / "a", tmp_path / "b"])

    assert "holds over 3 folders" in hints.troubles[tmp_path]
    heard = {name for name in "abcde" if hints.hears(tmp_path / name / "log")}
    assert heard == {"a", "b"}
    hints.follow([tmp_path], [tmp_path / "c"])
    assert {name for name in "abcde" if hints.hears(tmp_path / name / "log")} == {"c"}
    hints.close()


def test_a_line_in_a_tree_that_is_too_large_to_follow_is_heard_of(
    place: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints_module, "_MANY_FOLDERS", 2)
    for name in "abc":
        (place.agent.folder / name).mkdir(parents=True)
    place.configure("[watch]\nrescan_seconds = 3600\n")
    place.agent.says("The zeppelin needs helium.")
    watch = place.watch()
    until(lambda: place.knows("zeppelin"))
    until(lambda: watch._reading and watch._reading.hints.hears(place.agent.log()))

    place.agent.says("The submarine needs ballast.")

    until(lambda: place.knows("submarine"))
    assert "holds over 2 folders" in place.standing().mode


# Projects' own logs


def aider(folder: Path, words: str) -> Path:
    chat = folder / ".aider.chat.history.md"
    chat.write_text(CHAT.replace("The kite needs a string.", words), "utf-8")
    return chat


def test_what_an_agent_leaves_inside_a_known_project_is_read(
    place: Any, until: Until, rescans: str, tmp_path: Path
) -> None:
    place.configure(rescans)
    shop = tmp_path / "work" / "shop"
    (shop / ".git").mkdir(parents=True)
    (shop / "src").mkdir()
    place.agent.cwd = str(shop / "src")
    place.agent.says("The zeppelin needs helium.")
    place.watch()
    until(lambda: place.knows("zeppelin"))

    aider(shop, "The kite needs a string.")

    until(lambda: place.knows("kite"))


def test_a_project_that_may_not_be_read_is_not_looked_into(
    place: Any, until: Until, rescans: str, tmp_path: Path
) -> None:
    shop = tmp_path / "work" / "shop"
    shop.mkdir(parents=True)
    place.agent.cwd = str(shop)
    place.outside.read_logs([place.agent.says("The zeppelin needs helium.")])
    place.configure(f"{rescans}[projects.shop]\ncapture = false\n")
    aider(shop, "The kite needs a string.")

    assert list(App(place.home, place.outside.settings, tmp_path).project_folders()) == []


# Long logs


def test_a_line_is_read_while_a_long_log_is(place: Any, until: Until, events_only: str) -> None:
    order: list[str] = []

    class Telling(App):
        def read_logs(self, paths: Sequence[Path], *, progress: Any = None, **chosen: Any) -> IngestReport:
            def told(*where: Any) -> None:
                if paths[0].stem == "long" and len(order) == 0:
                    order.append("begun")
                    place.agent.says("The glider needs wind.", "short")
                    until(lambda: watch._reading.hints._told)
                progress(*where)

            report = super().read_logs(paths, progress=told, **chosen)
            order.append(paths[0].stem)
            return report

    place.configure(events_only)
    log = place.agent.says("first", "long")
    with log.open("ab") as file:
        for n in range(1_500):
            file.write(place.agent.line(f"{n} " + "word " * 400, "long"))
    watch = place.watch(Telling)

    until(lambda: "long" in order)

    assert order[:2] == ["begun", "short"]
    assert os.path.getsize(log) == place.outside.store.file(str(log)).offset
