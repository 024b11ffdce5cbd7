"""What is recalled says where it no longer holds: a file that is gone, a branch that is not this one."""

from pathlib import Path
from typing import Any

import pytest

from memsrv.recall import Here, recall
from memsrv.records import Evidence, Kind, Memory, Trust
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
