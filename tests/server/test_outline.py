"""A search's result as a reader sees it in a terminal: what speaks for it, and what against it."""

import pytest

from memsrv import tables

HIT = {
    "id": "mem_1", "kind": "semantic", "text": "For tests, use pytest.", "project": "shop", "who": "user",
    "session": "s1", "turn": 4, "time": "2026-11-19T10:00:00Z", "why": ["memory", "words"], "superseded_by": None,
}  # fmt: skip


def shown(capsys: pytest.CaptureFixture[str], **rest: object) -> list[str]:
    tables.found({"results": [{**HIT, **rest}]})
    return capsys.readouterr().out.splitlines()


def test_a_result_says_who_said_it_and_why_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    _, below = shown(capsys)

    assert below.endswith("shop · user · session s1 turn 4 · 2026-11-19T10:00:00Z · memory, words")


def test_a_result_that_may_not_hold_says_so_before_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    why = ["words", "superseded", "stale: src/a.py is gone", "on branch next"]
    first, below = shown(capsys, why=why, superseded_by="mem_2")

    assert first.startswith("1. [semantic, superseded by mem_2, stale: src/a.py is gone, on branch next] For tests")
    assert below.endswith("· words")


def test_what_was_said_in_no_session_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert "None" not in "".join(shown(capsys, session=None, turn=None))
