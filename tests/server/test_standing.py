"""What is recalled says where it no longer holds: a file that is gone, a branch that is not this one."""

import os
from pathlib import Path
from typing import Any

import pytest

from memsrv.ignorefile import IgnoreFiles
from memsrv.recall import Here, recall
from memsrv.recall.holding import named
from memsrv.records import EventType, Evidence, Kind, Memory, Outcome, Trust
from memsrv.store import Store


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    (root / ".git" / "refs" / "heads" / "feature").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (root / ".git" / "refs" / "heads" / "feature" / "crane").write_text("0" * 40)
    (root / "src").mkdir()
    (root / "src" / "quay.py").write_text("")
    (root / "web" / "src").mkdir(parents=True)
    (root / "web" / "src" / "app.ts").write_text("")
    return root


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("The crane is in src/crane.py, the quay in src/quay.py.", ("src/crane.py",)),
        ("See src/app.ts.", ()),
        ("https://example.org/src/crane.py and /src/crane.py and ~/src/crane.py", ()),
        ("and/or, 1/2, src/, src/*.py, other/crane.py", ()),
    ],
)
def test_a_file_is_gone_only_where_it_can_be_told(tree: Path, text: str, gone: tuple[str, ...]) -> None:
    here = Here.of(tree / "src", "demo")

    assert here is not None
    assert here.gone(text) == gone


def test_a_memory_that_names_a_file_that_is_gone_says_so(tree: Path, store: Store, talk: Any) -> None:
    talk("a").says("The crane is moved in src/crane.py.").into(store)
    quote = Evidence("a", 0, "The crane is moved in src/crane.py.")
    store.remember(
        [Memory("mem_1", "demo", Kind.EPISODIC, "The crane is moved in src/crane.py.", Trust.HUMAN, (quote,))]
    )

    (found, *_) = recall(store, "crane", project="demo", here=Here.of(tree, "demo")).results

    assert (found.id, found.stale, "stale: src/crane.py is gone" in found.why) == ("mem_1", ("src/crane.py",), True)


def test_what_was_said_on_another_branch_says_so(tree: Path, store: Store, talk: Any) -> None:
    told = talk("a")
    for branch in ("feature/crane", "main", "merged", None):
        told._add("prompt", Trust.HUMAN, f"The crane of {branch}", branch=branch)
    told.into(store)

    found = recall(store, "crane", project="demo", here=Here.of(tree, "demo")).results

    assert {one.turn: one.branch for one in found} == {0: "feature/crane", 1: None, 2: None, 3: None}


def test_another_projects_words_are_not_held_against_this_tree(tree: Path, store: Store, talk: Any) -> None:
    talk("a", "elsewhere")._add("prompt", Trust.HUMAN, "The crane", branch="feature/crane")

    assert all(one.branch is None for one in recall(store, "crane", here=Here.of(tree, "demo")).results)


def test_outside_git_nothing_is_claimed(tmp_path: Path) -> None:
    assert Here.of(tmp_path, "demo") is None


def said_of(text: str) -> list[tuple[str, str]]:
    return [(said.path, said.pieces[0]) for said in named(text)]


@pytest.mark.parametrize(
    ("prose", "claims"),
    [
        ("The server listens on port 8443 in config.yaml.", [("config.yaml", "8443")]),
        ("`lift_crane` is defined in src/quay.py.", [("src/quay.py", "lift_crane")]),
        ("The class CraneLift (src/quay.py) is big.", [("src/quay.py", "CraneLift")]),
        ("deploy/app.toml sets the `retries = 3`.", [("deploy/app.toml", "retries = 3")]),
        ("src/quay.py has the function lift_crane().", [("src/quay.py", "lift_crane")]),
        ("Look at the `lift()` method in `src/quay.py`.", [("src/quay.py", "lift")]),
        ("Look at `crane.lift(2, fast)` in src/quay.py.", []),
        ("We renamed `lift_crane` in src/quay.py.", []),
        ("There is no `lift_crane` in src/quay.py.", []),
        ("Is port 8443 in config.yaml?", []),
        ("See line 42 in src/quay.py.", []),
        ("It was port 8080 in config.yaml. Now it runs.", []),
        ("Two cranes in src/quay.py are fast.", []),
    ],
)
def test_a_sentence_says_what_a_file_holds_only_where_it_is_exact(prose: str, claims: list[tuple[str, str]]) -> None:
    assert said_of(prose) == claims


@pytest.fixture
def port(store: Store, talk: Any) -> Store:
    words = "The crane's server listens on port 8443 in config.yaml."
    talk("a").says(words).into(store)
    store.remember([Memory("mem_1", "demo", Kind.EPISODIC, words, Trust.HUMAN, (Evidence("a", 0, words),))])
    return store


def reasons(store: Store, tree: Path, query: str = "crane", **rest: Any) -> list[str]:
    found = recall(store, query, project="demo", here=Here.of(tree, "demo", **rest)).results
    return [why.removeprefix("stale: ") for one in found for why in one.why if why.startswith("stale")]


@pytest.mark.parametrize(
    ("holds", "why"),
    [
        ("port: 8443\n", []),
        ("port: 9443\n", ["config.yaml does not have 8443"]),
        ("port: 84430\n", ["config.yaml does not have 8443"]),
        ("port: 9443\0", []),
        ("#" * (1 << 20) + "\nport: 9443", []),
    ],
)
def test_a_value_that_its_file_does_not_have_any_more_is_stale(
    tree: Path, port: Store, holds: str, why: list[str]
) -> None:
    (tree / "config.yaml").write_text(holds)

    assert reasons(port, tree) == why


def test_of_a_file_that_is_not_here_nothing_is_claimed(tree: Path, port: Store) -> None:
    assert reasons(port, tree) == []


def test_the_files_that_do_not_hold_it_are_named(tree: Path, port: Store) -> None:
    (tree / "config.yaml").write_text("port: 9443")

    (found, *_) = recall(port, "crane", project="demo", here=Here.of(tree, "demo")).results

    assert found.stale == ("config.yaml",)


@pytest.mark.parametrize("to", ["../outside.yaml", ".git/config.yaml"])
def test_no_link_leads_out_of_the_tree_or_into_gits_own(tree: Path, port: Store, to: str) -> None:
    (tree / to).write_text("port: 9443")
    (tree / "config.yaml").symlink_to(tree / to)

    assert reasons(port, tree) == []


def test_a_named_pipe_is_not_waited_for(tree: Path, port: Store) -> None:
    os.mkfifo(tree / "config.yaml")

    assert reasons(port, tree) == []


def test_what_is_ignored_is_not_looked_into(tree: Path, port: Store, tmp_path: Path) -> None:
    (tree / "config.yaml").write_text("port: 9443")
    (tree / ".memsrvignore").write_text("config.yaml\n")
    ignored = IgnoreFiles(tmp_path / "home")

    assert reasons(port, tree, ignores=lambda path: ignored.ignores(path, str(tree))) == []
    assert reasons(port, tree) == ["config.yaml does not have 8443"]


READ = "     1→import cranes\n     2→speed = 12\n     3→lift_slowly(speed)\n"


@pytest.mark.parametrize(("holds", "stale"), [("    lift_slowly(speed)", False), ("lift_fast(speed)", True)])
def test_what_was_read_in_a_file_is_stale_where_none_of_it_is_left(
    tree: Path, store: Store, talk: Any, holds: str, stale: bool
) -> None:
    path = str(tree / "src" / "quay.py")
    told = talk("a")
    told._add(EventType.TOOL_RESULT, Trust.TOOL, READ, tool="Read", paths=(path,), outcome=Outcome.SUCCESS)
    told.into(store)
    (tree / "src" / "quay.py").write_text(holds)

    assert reasons(store, tree, "lift_slowly") == ["src/quay.py does not have what was read there"] * stale


@pytest.mark.parametrize(
    ("ended", "holds", "stale"),
    [
        (Outcome.SUCCESS, "def lift_fast():\n    pass", True),
        (Outcome.SUCCESS, "class Crane:\n    def lift_slowly(self): ...", True),
        (Outcome.SUCCESS, "class Crane:\n    def lift_slowly():\n        return 2", False),
        (Outcome.FAILURE, "def lift_fast():\n    pass", False),
        (Outcome.REJECTED, "def lift_fast():\n    pass", False),
    ],
)
def test_an_edit_is_stale_where_it_was_made_and_nothing_of_it_is_left(
    tree: Path, store: Store, talk: Any, ended: Outcome, holds: str, stale: bool
) -> None:
    path = str(tree / "src" / "quay.py")
    edits = ((path, "def lift():\n    pass", "def lift_slowly():\n    pass"),)
    told = talk("a")
    told._add(EventType.TOOL_CALL, Trust.ASSISTANT, path, tool="Edit", call="c1", paths=(path,), edits=edits)
    told._add(EventType.TOOL_RESULT, Trust.TOOL, "Done.", call="c1", outcome=ended)
    told.into(store)
    (tree / "src" / "quay.py").write_text(holds)

    assert reasons(store, tree, "quay.py") == ["src/quay.py does not have what was written there"] * stale
