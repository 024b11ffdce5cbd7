"""A tool that is no shell refuses a call, and takes it in another form: what to do instead is told, once."""

from typing import Any

import pytest

from memsrv.lenses import claims
from memsrv.records import EventType, Outcome, Trust


def call(told: Any, tool: str, path: str, answer: str, *, worked: bool, change: str = "") -> Any:
    """A call of an agent's own tool, and what it said."""
    id = f"call-{len(told.events)}"
    edits = ((path, "old", change),) if change else ()
    told.hears(EventType.TOOL_CALL, Trust.ASSISTANT, path, tool=tool, call=id, paths=(path,), edits=edits)
    outcome = Outcome.SUCCESS if worked else Outcome.FAILURE
    return told.hears(EventType.TOOL_RESULT, Trust.FILE, answer, tool=tool, call=id, paths=(path,), outcome=outcome)


def texts(told: Any) -> list[str]:
    return [claim.text for claim in claims(told.events) if claim.relation == "fix"]


def test_a_file_that_stands_elsewhere_is_told_with_its_right_path(talk: Any) -> None:
    told = call(talk(), "Read", "./lib/berth.py", "File does not exist.", worked=False)
    call(told, "Glob", "**/berth.py", "quay/lib/berth.py", worked=True)
    call(told, "Read", "./quay/lib/berth.py", "1 import os", worked=True)

    assert texts(told) == ["When `./lib/berth.py` is not there: it is at `./quay/lib/berth.py`."]


def test_the_refusal_the_search_and_the_call_that_worked_are_cited(talk: Any) -> None:
    told = call(talk(), "Read", "lib/berth.py", "File does not exist.", worked=False)
    call(told, "Glob", "**/berth.py", "quay/lib/berth.py", worked=True)
    call(told, "Read", "quay/lib/berth.py", "1 import os", worked=True)

    (claim,) = claims(told.events)

    assert [quote.quote for quote in claim.evidence] == ["File does not exist", "**/berth.py", "quay/lib/berth.py"]
    assert all(quote.quote in told.events[quote.turn].text for quote in claim.evidence)


def test_no_home_is_told_where_a_file_stands(talk: Any) -> None:
    told = call(talk(), "Read", "lib/berth.py", "File does not exist.", worked=False)
    call(told, "Read", "/home/ines/harbour/quay/lib/berth.py", "1 import os", worked=True)

    assert texts(told) == ["When `lib/berth.py` is not there: it is at `quay/lib/berth.py`."]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("docs/notes.md", "docs/plan.md"),  # another file
        ("a/index.ts", "b/index.ts"),  # many folders have one
        ("lib/berth.py", "lib/berth_test.py"),
        ("a.py", "data.py"),
    ],
)
def test_another_file_is_not_where_the_first_one_stands(talk: Any, wrong: str, right: str) -> None:
    told = call(talk(), "Read", wrong, "File does not exist.", worked=False)
    call(told, "Read", right, "text", worked=True)

    assert texts(told) == []


def test_an_edit_that_is_refused_until_the_file_is_read(talk: Any) -> None:
    told = call(talk(), "Edit", "a.py", "File has not been read yet. Read it first.", worked=False, change="x")
    call(told, "Read", "a.py", "1 old", worked=True)
    call(told, "Edit", "a.py", "updated", worked=True, change="x")

    assert texts(told) == [
        "When `Edit` is refused because the file was not read, or has changed since: read the file, then repeat it."
    ]


def test_the_same_remedy_twice_is_one_memory_with_the_evidence_of_both(talk: Any) -> None:
    told = talk()
    for path in ("a.py", "b.py"):
        call(told, "Edit", path, "File has not been read yet.", worked=False, change="x")
        call(told, "Read", path, "1 old", worked=True)
        call(told, "Edit", path, "updated", worked=True, change="x")

    (claim,) = claims(told.events)

    assert len(claim.evidence) == 6


def test_an_edit_whose_old_text_did_not_match_and_then_did(talk: Any) -> None:
    told = call(talk(), "replace", "a.py", "Failed to edit, 0 occurrences found", worked=False, change="x")
    call(told, "replace", "a.py", "updated", worked=True, change="y")

    assert texts(told) == [
        "When `replace` does not find the text to replace: "
        "read these lines again and give them exactly as the file has them."
    ]


def test_a_path_that_must_be_absolute(talk: Any) -> None:
    told = call(talk(), "list_directory", ".", "Path must be absolute: .", worked=False)
    call(told, "list_directory", "/srv/harbour", "quay.py", worked=True)

    assert texts(told) == ["When `list_directory` is given a relative path and refuses it: give it the absolute path."]


def test_what_was_given_up_is_no_fix(talk: Any) -> None:
    told = call(talk(), "Edit", "a.py", "String to replace not found in file.", worked=False, change="x")
    call(told, "Edit", "b.py", "updated", worked=True, change="x")

    assert texts(told) == []


def test_what_the_human_asked_for_next_is_no_fix(talk: Any) -> None:
    told = call(talk(), "Edit", "a.py", "String to replace not found in file.", worked=False, change="x")
    told.says("Now rename the berth.")
    call(told, "Edit", "a.py", "updated", worked=True, change="z")

    assert texts(told) == []


def test_a_file_that_speaks_of_a_refusal_is_none(talk: Any) -> None:
    told = call(talk(), "Read", "faq.md", "File has not been read yet is what it says.", worked=True)
    call(told, "Read", "faq.md", "text", worked=True)
    call(told, "Edit", "faq.md", "updated", worked=True, change="x")

    assert texts(told) == []
