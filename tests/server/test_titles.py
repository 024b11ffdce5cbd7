"""A session is called by its own title, else by what its person said first, on one line."""

from typing import Any

import pytest

from memsrv.records import Session
from memsrv.store import Store
from memsrv.titles import MAX_CHARS, titled


def title(store: Store, told: Any) -> str | None:
    told.into(store)
    (session,) = titled(store, store.sessions())
    return session.title


@pytest.mark.parametrize(
    ("prompt", "called"),
    [
        ("Mend the tide table,\n\nplease.", "Mend the tide table, please."),
        ("a" * 150, f"{'a' * (MAX_CHARS - 1)}…"),
        ("\x1b[31mred", "[31mred"),
    ],
)
def test_a_prompt_as_a_title_is_one_short_line(store: Store, talk: Any, prompt: str, called: str) -> None:
    assert title(store, talk().replies("Hello.").says(prompt).says("And the rest.")) == called


def test_a_session_in_which_nobody_said_anything_has_no_title(store: Store, talk: Any) -> None:
    assert title(store, talk().replies("Hello.").runs("make")) is None


def test_a_title_of_its_own_stays(store: Store, talk: Any) -> None:
    talk("mon").says("Mend the tide table.").into(store)

    (session,) = titled(store, [Session("mon", "claude-code", "demo", "/x", title="Tides")])

    assert session.title == "Tides"
