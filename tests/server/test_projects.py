"""Projects: which there are, making one of two, taking them apart again; sessions to come land where a person said."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memsrv import config
from memsrv.app import App
from memsrv.consent import Act
from memsrv.errors import NotFound, UsageError
from memsrv.home import Home
from memsrv.project import Placing, identify, worktree
from memsrv.records import Kind
from memsrv.settings import load


class Desk:
    """A home, two repositories, and an agent that works in them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = Home(root / "home")
        self.app = App(self.home, load(self.home), root)
        self.logs = root / "claude" / "projects" / "-x"
        self.logs.mkdir(parents=True)

    def repository(self, name: str, remote: str | None = None) -> Path:
        folder = self.root / "work" / name
        (folder / ".git").mkdir(parents=True, exist_ok=True)
        url = f'[remote "origin"]\n\turl = git@github.com:{remote}.git\n' if remote else ""
        (folder / ".git" / "config").write_text(url, "utf-8")
        return folder

    def says(self, session: str, folder: Path, *texts: str, day: int = 2) -> None:
        with (self.logs / f"{session}.jsonl").open("a", encoding="utf-8") as file:
            for text in texts:
                number = file.tell()
                record = {
                    "type": "user", "uuid": f"{session}-{number}", "parentUuid": None, "sessionId": session,
                    "timestamp": f"2026-11-{day:02}T09:00:00.000Z", "cwd": str(folder), "version": "2.1.30",
                    "gitBranch": "main", "message": {"role": "user", "content": text},
                }  # fmt: skip
                file.write(json.dumps(record) + "\n")
                file.flush()
        self.app.read_logs([self.logs])
        self.app.remember_sessions(self.app.waiting_sessions())

    def project_of(self, session: str) -> str:
        return self.app.store.session(session).project

    def values(self, project: str) -> set[tuple[str | None, str | None]]:
        return {(memory.relation, memory.value) for memory in self.app.store.memories(project)}

    def everything(self) -> dict[str, Any]:
        """All that a merge must give back when it is undone."""
        store = self.app.store
        return {
            "sessions": [(s.id, s.project) for s in store.sessions()],
            "memories": sorted(
                (m.id, m.project, m.text, m.valid_from, m.valid_to, m.superseded_by, m.evidence)
                for m in store.memories(include_retired=True)
            ),
            "turns": [store.events(s.id) for s in store.sessions()],
            "reviews": {project: store.reviews(project) for project in ("acme-shop", "new-shop")},
            "config": load(self.home),
        }


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.app.close()


@pytest.fixture
def two(desk: Desk) -> Desk:
    """The same folder before and after its remote was renamed."""
    shop = desk.repository("shop", "acme/shop")
    desk.says("first", shop, "The staging server is on port 8443.", "Always use pnpm, never npm.")
    desk.repository("shop", "new/shop")
    desk.says("second", shop, "The billing server is on port 9000.", day=5)
    return desk


# Listing


def test_a_project_is_listed_with_its_folders_worktrees_branches_agents_and_consents(desk: Desk) -> None:
    shop = desk.repository("shop", "acme/shop")
    own = shop / ".git" / "worktrees" / "fix"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n", "utf-8")
    tree = desk.root / "work" / "fix"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {own}\n", "utf-8")
    desk.says("first", shop, "The staging server is on port 8443.")
    desk.says("second", tree, "The billing server is on port 9000.")

    [listed] = desk.app.projects().projects

    assert (listed.project, listed.sessions, listed.events, listed.memories) == ("acme-shop", 2, 2, 2)
    assert (set(listed.folders), listed.worktrees) == ({str(shop), str(tree)}, (str(tree),))
    assert (listed.branches, listed.agents) == (("main",), ("claude-code",))
    assert (listed.consents.capture, listed.consents.recall, listed.consents.train) == (True, True, False)


def test_a_folder_whose_sessions_are_of_two_projects_is_told_with_the_command_that_makes_one(two: Desk) -> None:
    [advice] = two.app.projects().advice

    assert "memsrv projects merge acme-shop new-shop" in advice.remedy


def test_a_project_that_may_not_be_given_back_is_not_listed(two: Desk) -> None:
    config.put(two.home, "projects.acme-shop.recall", False)

    found = two.app.projects()

    assert [one.project for one in found.projects] == ["new-shop"]
    assert found.advice == ()


# Merging


def test_sessions_and_memories_follow_a_merge_and_what_is_searched_for_is_found(two: Desk) -> None:
    done = two.app.merge_projects("acme-shop", "new-shop", confirm=True)

    assert (done.sessions, done.done) == (1, True)
    assert two.project_of("first") == "new-shop"
    assert {value for _, value in two.values("new-shop")} >= {"8443", "9000"}
    assert two.app.store.memories("acme-shop", include_retired=True) == []
    assert any("8443" in hit.text for hit in two.app.search("staging port", project="acme-shop").results)


def test_turns_and_evidence_are_not_touched_by_a_merge(two: Desk) -> None:
    before = two.everything()
    quotes = {m.text: m.evidence for m in two.app.store.memories()}

    two.app.merge_projects("acme-shop", "new-shop", confirm=True)

    assert two.everything()["turns"] == before["turns"]
    assert {m.text: m.evidence for m in two.app.store.memories()} == quotes


def test_a_session_that_goes_on_and_one_to_come_land_in_the_project_that_theirs_was_merged_into(two: Desk) -> None:
    two.app.merge_projects("acme-shop", "new-shop", confirm=True)
    other = two.repository("copy", "acme/shop")
    assert identify(str(other)) == "acme-shop"

    two.says("third", other, "The search server is on port 7700.")
    two.says("first", two.root / "work" / "shop", "The mail server is on port 2525.")

    assert two.project_of("third") == "new-shop"
    assert {value for _, value in two.values("new-shop")} >= {"7700", "2525"}
    assert App(two.home, load(two.home), other).project() == "new-shop"


def test_a_dry_run_says_what_would_move_and_moves_nothing(two: Desk) -> None:
    before = two.everything()

    shown = two.app.merge_projects("acme-shop", "new-shop", confirm=False)

    assert (shown.done, shown.sessions, shown.memories > 0) == (False, 1, True)
    assert two.everything() == before


def test_a_merge_that_is_undone_leaves_all_as_it_was(two: Desk) -> None:
    config.put(two.home, "projects.acme-shop.train", True)
    two.app.save("Ask Priya before a release.", kind=Kind.EPISODIC, project="acme-shop")
    config.put(two.home, "projects.acme-shop.capture", False)
    before = two.everything()

    two.app.merge_projects("acme-shop", "new-shop", confirm=True)
    assert two.everything() != before
    two.app.split_project("acme-shop", confirm=True)

    assert two.everything() == before


def test_newer_words_end_older_ones_across_a_merge_and_no_longer_once_it_is_undone(desk: Desk) -> None:
    old, new = desk.repository("old", "acme/old"), desk.repository("new", "acme/new")
    desk.says("first", old, "The staging server is on port 8443.", day=2)
    desk.says("second", new, "The staging server is on port 9443.", day=9)

    desk.app.merge_projects("acme-old", "acme-new", confirm=True)
    assert {value for _, value in desk.values("acme-new")} == {"9443"}

    desk.app.split_project("acme-old", confirm=True)
    assert ({v for _, v in desk.values("acme-old")}, {v for _, v in desk.values("acme-new")}) == ({"8443"}, {"9443"})


def test_what_both_say_is_one_memory_with_the_evidence_of_both_and_two_once_it_is_undone(desk: Desk) -> None:
    for name in ("old", "new"):
        desk.says(name, desk.repository(name, f"acme/{name}"), "The staging server is on port 8443.")
    desk.app.save("Ask Priya before a release.", kind=Kind.EPISODIC, project="acme-old")
    desk.app.save("Ask Priya before a release.", kind=Kind.EPISODIC, project="acme-new")

    desk.app.merge_projects("acme-old", "acme-new", confirm=True)
    both = {memory.text: memory for memory in desk.app.store.memories("acme-new")}
    assert len(both) == 2
    assert {quote.session for memory in both.values() for quote in memory.evidence} == {"old", "new"}

    desk.app.split_project("acme-old", confirm=True)
    assert [len(desk.app.store.memories(name)) for name in ("acme-old", "acme-new")] == [2, 2]


PORT = "Nightly builds go to the staging server, port 8443, by rsync."


def erase(desk: Desk, value: str) -> None:
    ids = [memory.id for memory in desk.app.store.memories() if memory.value == value]
    shown = desk.app.forget(ids, erase=True)
    desk.app.forget(ids, erase=True, confirm=shown.confirm)


def test_what_was_erased_of_two_projects_as_one_does_not_come_back_once_they_are_two_again(two: Desk) -> None:
    two.app.merge_projects("acme-shop", "new-shop", confirm=True)
    erase(two, "8443")
    two.app.split_project("acme-shop", confirm=True)

    for name in ("acme/shop", "new/shop"):
        two.says(f"later {name[:3]}", two.repository(f"later-{name[:3]}", name), PORT)

    assert two.app.store.search_turns("8443") == []
    assert two.app.store.search_turns("erased")


def test_what_was_erased_of_a_project_does_not_come_back_from_one_that_it_is_merged_into(two: Desk) -> None:
    erase(two, "8443")
    two.app.merge_projects("acme-shop", "new-shop", confirm=True)

    two.says("later", two.repository("later", "acme/shop"), PORT)

    assert two.project_of("later") == "new-shop"
    assert two.app.store.search_turns("8443") == []


def test_what_was_erased_of_a_folder_that_was_split_off_does_not_come_back_with_it(desk: Desk) -> None:
    shop = desk.repository("shop", "acme/shop")
    (shop / "docs").mkdir()
    desk.says("first", shop / "docs", "The staging server is on port 8443.")
    desk.says("second", shop / "docs", "Write the changelog.")
    desk.app.split_project(str(shop / "docs"), confirm=True)
    erase(desk, "8443")
    desk.app.merge_projects("docs", "acme-shop", confirm=True)

    desk.says("second", shop / "docs", PORT)

    assert desk.app.store.search_turns("8443") == []


def test_a_memory_that_a_person_retired_stays_retired(two: Desk) -> None:
    [memory] = [m for m in two.app.store.memories("acme-shop") if m.value == "8443"]
    two.app.store.retire(memory.id, "2026-11-20T00:00:00Z")

    two.app.merge_projects("acme-shop", "new-shop", confirm=True)

    assert "8443" not in {value for _, value in two.values("new-shop")}


def test_what_a_person_said_of_a_fact_follows_it(two: Desk) -> None:
    fact = next(m for m in two.app.store.memories("acme-shop") if m.value == "8443")
    two.app.reject([fact.id], project="acme-shop")

    moved = two.app.merge_projects("acme-shop", "new-shop", confirm=True)

    [review] = two.app.store.reviews("new-shop")
    assert moved.reviews == 1
    assert review.fact in {m.id for m in two.app.store.memories("new-shop")}


def test_a_no_of_either_holds_for_both_and_a_yes_follows_only_a_new_name(two: Desk) -> None:
    config.put(two.home, "projects.acme-shop.train", True)
    done = two.app.merge_projects("acme-shop", "new-shop", confirm=True)
    assert done.consents == {"train": True}  # the same folder under its new remote: the same project
    assert two.app.consent.allows(Act.TRAIN, project="new-shop")

    other = two.repository("other", "acme/other")
    two.says("third", other, "The mail server is on port 2525.")
    config.put(two.home, "projects.acme-other.capture", False)
    assert two.app.merge_projects("acme-other", "new-shop", confirm=True).consents == {"capture": False}
    assert not two.app.consent.allows(Act.CAPTURE, project="new-shop")


def test_a_yes_to_train_does_not_reach_sessions_that_nobody_was_asked_about(desk: Desk) -> None:
    for name in ("old", "new"):
        desk.says(name, desk.repository(name, f"acme/{name}"), "The staging server is on port 8443.")
    config.put(desk.home, "projects.acme-old.train", True)

    desk.app.merge_projects("acme-old", "acme-new", confirm=True)

    assert not desk.app.consent.allows(Act.TRAIN, project="acme-new")


def test_what_cannot_be_merged_is_told_with_what_to_do(two: Desk) -> None:
    with pytest.raises(NotFound, match="memsrv projects"):
        two.app.merge_projects("nobody", "new-shop", confirm=True)
    with pytest.raises(UsageError, match="new-shop-2"):
        two.app.merge_projects("acme-shop", "New Shop 2", confirm=True)
    two.app.merge_projects("acme-shop", "new-shop", confirm=True)
    with pytest.raises(UsageError, match="part of"):
        two.app.merge_projects("new-shop", "acme-shop", confirm=True)
    with pytest.raises(UsageError, match="memsrv projects split acme-shop"):
        two.app.merge_projects("acme-shop", "third", confirm=True)


def test_merging_goes_on_through_what_was_merged_itself() -> None:
    placing = Placing(merged={"a": "b", "b": "c", "x": "y", "y": "x"})

    assert (placing.named("a"), placing.named("c"), placing.named("x") in "xy") == ("c", "c", True)


# Splitting


def test_a_folder_becomes_a_project_of_its_own_and_comes_back(desk: Desk) -> None:
    shop = desk.repository("shop", "acme/shop")
    (shop / "docs" / "en").mkdir(parents=True)
    desk.says("first", shop, "The staging server is on port 8443.")
    desk.says("second", shop / "docs" / "en", "The preview server is on port 9000.")
    before = desk.everything()

    desk.app.split_project(str(shop / "docs"), confirm=True)
    assert (desk.project_of("first"), desk.project_of("second")) == ("acme-shop", "docs")
    assert {value for _, value in desk.values("docs")} == {"9000"}
    desk.says("third", shop / "docs", "The search server is on port 7700.")
    assert desk.project_of("third") == "docs"

    desk.app.merge_projects("docs", "acme-shop", confirm=True)
    assert desk.project_of("third") == "acme-shop"
    assert desk.app.store.rules() == []
    assert set(before["memories"]) <= set(desk.everything()["memories"])


def test_a_no_outlives_a_split_and_a_yes_to_train_is_asked_for_anew(desk: Desk) -> None:
    shop = desk.repository("shop", "acme/shop")
    (shop / "docs").mkdir()
    desk.says("first", shop / "docs", "The staging server is on port 8443.")
    config.put(desk.home, "projects.acme-shop.capture", False)
    config.put(desk.home, "projects.acme-shop.train", True)

    desk.app.split_project(str(shop / "docs"), confirm=True)

    allows = desk.app.consent.allows
    assert (allows(Act.CAPTURE, project="docs"), allows(Act.TRAIN, project="docs")) == (False, False)


def test_a_folder_in_which_nobody_worked_is_not_split_off(two: Desk) -> None:
    with pytest.raises(NotFound, match="neither a merged project nor a folder"):
        two.app.split_project("/nowhere", confirm=True)


# Excluding


def test_nothing_more_is_read_of_an_excluded_project_and_what_is_stored_is_said(two: Desk) -> None:
    shown = two.app.exclude_project("new-shop", confirm=False)
    assert two.app.consent.allows(Act.CAPTURE, project="new-shop")

    done = two.app.exclude_project("new-shop", confirm=True)
    two.says("second", two.root / "work" / "shop", "The mail server is on port 2525.")

    assert "1 session, 1 turn and 1 memory" in done.notes[0]
    assert shown.notes == done.notes
    assert len(two.app.store.events("second")) == 1


def test_a_project_that_was_merged_into_an_excluded_one_is_excluded_too(two: Desk) -> None:
    two.app.merge_projects("acme-shop", "new-shop", confirm=True)
    two.app.exclude_project("new-shop", confirm=True)

    two.says("third", two.repository("copy", "acme/shop"), "The mail server is on port 2525.")

    assert [s.id for s in two.app.store.sessions()] == ["first", "second"]


# Identity


def test_the_remote_that_a_log_tells_stands_in_for_a_folder_that_is_gone() -> None:
    assert identify("/nowhere/checkout", "git@github.com:acme/shop.git") == "acme-shop"


def test_a_folder_of_this_machine_is_asked_before_what_a_log_told_long_ago(desk: Desk) -> None:
    assert identify(str(desk.repository("shop", "new/shop")), "git@github.com:acme/shop.git") == "new-shop"


@pytest.mark.parametrize(
    ("cwd", "found"),
    [
        ("/gone/shop/.claude/worktrees/fix-1/src", "/gone/shop/.claude/worktrees/fix-1"),
        ("C:\\gone\\shop\\.worktrees\\fix", "C:\\gone\\shop\\.worktrees\\fix"),
        ("/gone/shop", None),
        ("/gone/worktrees/shop", None),
    ],
)
def test_a_worktree_that_is_gone_is_told_by_its_path(cwd: str, found: str | None) -> None:
    assert worktree(cwd) == found


# The command


def test_the_command_lists_shows_and_does(two: Desk) -> None:
    def memsrv(*arguments: str) -> Any:
        environment = {**os.environ, "MEMSRV_HOME": str(two.home.root)}
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", "projects", *arguments, "--json"],
            env=environment, capture_output=True, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return json.loads(ended.stdout)

    assert [one["project"] for one in memsrv("list")["projects"]] == ["acme-shop", "new-shop"]
    assert memsrv("merge", "acme-shop", "new-shop", "--dry-run")["done"] is False
    assert memsrv("merge", "acme-shop", "new-shop")["undo"] == "memsrv projects split acme-shop"
    assert [one["merged"] for one in memsrv("list")["projects"]] == [["acme-shop"]]
    assert memsrv("split", "acme-shop")["sessions"] == 1
    assert memsrv("exclude", "acme-shop")["consents"] == {"capture": False}
