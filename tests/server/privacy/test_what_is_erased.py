"""What a person erases is gone from all that was kept of any agent's log; one that is rewritten brings none back."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from memsrv.forget import forget
from memsrv.home import Home

WORDS = "the heliotrope door of Ana"
KEPT = "Quayside sells cranes."


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "form" in metafunc.fixturenames:
        import runpy

        forms = runpy.run_path(str(Path(__file__).with_name("everywhere.py")))["FORMS"]
        metafunc.parametrize("form", list(forms))


def written(place: Any, form: str, *more: str) -> Path:
    """A session that holds the words in every place, and goes on with `more`."""
    log: Path = place.write(
        form,
        place.project("shop"),
        prompts=(f"I mean {WORDS}.", KEPT, *more),
        commands=((f"echo {WORDS}", f"it is {WORDS}\nlong: {'x' * 70_000} {WORDS}"),),
        files=((f"/srv/{WORDS}/a.md", f"all of {WORDS}"),),
        reply=f"So it is {WORDS}.",
        title=f"About {WORDS}",
        branch="fix",
        strange="something_new",
    )
    return log


def erase(place: Any) -> None:
    app = place.app()
    home, now = Home(place.memory), datetime(2026, 11, 21, tzinfo=UTC)
    shown = forget(home, app.store, [], now=now, erase=True, words=[WORDS])
    forget(home, app.store, [], now=now, erase=True, words=[WORDS], confirm=shown.confirm)
    app.close()


def test_erased_words_are_gone_and_a_rewritten_log_does_not_bring_them_back(place: Any, form: str) -> None:
    log = written(place, form)
    place.ingest(log)
    assert place.holding(WORDS)

    erase(place)

    assert place.holding(WORDS, "heliotrope") == set()
    written(place, form, "Ships sail, too.")
    place.ingest(log)
    assert place.holding("ships sail")
    assert place.holding("cranes")
    assert place.holding(WORDS, "heliotrope") == set()


def test_words_in_what_was_lost_and_in_what_was_not_understood_are_erased(place: Any) -> None:
    log = place.write("claude-code", place.project("shop"))
    with log.open("a") as file:
        file.write(json.dumps({"type": "never_seen", "data": {"says": WORDS}}) + f"\nno JSON: {WORDS}\n")
    place.ingest()
    assert place.holding(WORDS)

    erase(place)

    assert place.holding(WORDS, "heliotrope") == set()
