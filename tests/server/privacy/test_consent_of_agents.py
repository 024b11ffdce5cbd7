"""A no to an agent, a project, a folder or a few words holds in every form in which any agent keeps its sessions."""

from pathlib import Path
from typing import Any

import pytest

from memsrv.errors import NotFound, NothingConsented

SECRET = "heliotrope"
#: What these keep does not say in which folder a session was held.
PLACELESS = {"codex, history", "copilot, history"}
#: These keep all sessions of all projects in one database.
SHARED = ("cursor, editor", "opencode, database")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "form" in metafunc.fixturenames:
        import runpy

        forms = runpy.run_path(str(Path(__file__).with_name("everywhere.py")))["FORMS"]
        shared = "_database_" in metafunc.function.__name__
        metafunc.parametrize("form", SHARED if shared else [form for form in forms if _fits(metafunc, form)])


def _fits(metafunc: pytest.Metafunc, form: str) -> bool:
    return form not in PLACELESS or "_project_" not in metafunc.function.__name__


def held(place: Any, form: str, project: str = "diary", **told: Any) -> Path:
    """A session about the secret, in a project of that name; beside it another agent has one about cranes."""
    other = "codex" if place.everywhere.FORMS[form][0] == "pi" else "pi"
    place.write(other, place.project("quay"), prompts=("Quayside sells cranes.",), session="other")
    about = {"prompts": (f"The door is {SECRET}.", "Go on."), "commands": (("make", SECRET),), "title": SECRET}
    log: Path = place.write(form, place.project(project), **about | told)
    return log


def test_nothing_of_an_agent_that_may_not_be_captured_is_kept_not_even_that_it_is_there(place: Any, form: str) -> None:
    agent = place.everywhere.FORMS[form][0]
    place.refuse(f"sources.{agent}.capture")
    log = held(place, form)

    place.ingest(log)

    assert place.holding("cranes")
    assert place.holding(SECRET, "diary", str(log)) == set()


def test_nothing_of_a_project_that_may_not_be_captured_is_kept(place: Any, form: str) -> None:
    place.refuse("projects.diary.capture")
    log = held(place, form, remote="")

    place.ingest(log)

    assert place.holding("cranes")
    assert place.holding(SECRET) == set()


def test_nothing_of_a_project_that_is_ignored_as_a_whole_is_kept(place: Any, form: str) -> None:
    log = held(place, form)
    (place.project("diary") / ".memsrvignore").write_text("*\n")

    place.ingest(log)

    assert place.holding("cranes")
    assert place.holding(SECRET) == set()


def test_a_project_session_that_was_read_and_is_ignored_by_now_gains_nothing(place: Any, form: str) -> None:
    log = held(place, form, prompts=("Go on.",), commands=(("make", "ok"),), title="Doors")
    place.ingest(log)
    (place.project("diary") / ".memsrvignore").write_text("*\n")
    held(place, form, prompts=("Go on.", f"The door is {SECRET}."), title=f"Doors of {SECRET}")

    place.ingest(log)

    assert place.holding("cranes")
    assert place.holding(SECRET) == set()


def test_of_a_database_with_an_ignored_and_an_allowed_session_only_this_is_kept(place: Any, form: str) -> None:
    shut = place.project("diary")
    place.write(form, shut, prompts=(f"The door is {SECRET}.",), title=SECRET, session="0" * 8, strange=SECRET)
    place.write(form, place.project("shop"), prompts=("Quayside sells cranes.",), session="1" * 8)
    (shut / ".memsrvignore").write_text("*\n")

    place.ingest()
    place.write(form, place.project("shop"), prompts=("Quayside sells cranes.", "And ships."), session="1" * 8)
    place.ingest()

    assert place.holding("cranes")
    assert place.holding("And ships")
    assert place.holding(SECRET, str(shut)) == set()


@pytest.mark.parametrize("words", [f"<private>{SECRET}</private>", f"a <private>b\n{SECRET}\nc</private> d"])
def test_private_words_in_a_prompt_are_kept_nowhere(place: Any, form: str, words: str) -> None:
    place.write(form, place.project("shop"), prompts=(f"The door is {words}.", "Quayside sells cranes."), title="Doors")

    place.ingest(*place.project("shop").glob(".[as]*"))

    assert place.holding("cranes")
    assert place.holding(SECRET) == set()


def test_what_may_not_be_recalled_is_not_shown_either(place: Any, form: str) -> None:
    agent = place.everywhere.FORMS[form][0]
    log = held(place, form)
    place.ingest(log)
    app = place.app()
    assert SECRET in repr(app.search(SECRET, project="*"))
    ids = [session.id for session in app.store.sessions() if session.agent == agent]

    place.refuse(f"sources.{agent}.recall")

    app = place.app()
    assert ids
    assert SECRET not in repr(app.search(SECRET, project="*").results)
    for name in [name for id in ids for name in (id, f"{id}:0", f"{id}:1", f"{id}:3")]:
        with pytest.raises((NothingConsented, NotFound)):
            app.show(name)
