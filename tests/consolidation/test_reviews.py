"""What people said of facts decides what is trained: the rejected are gone, the approved and the edited may be."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from memsrv.principles import Principle
from memsrv.records import Evidence, Fact, Kind, Review, Trust
from memsrv_consolidation.pipeline import consolidate
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.reflect import trainable
from memsrv_consolidation.reviews import apply, of_principles, waiting
from memsrv_consolidation.run import Run, read_json, write_json

SAID = (Evidence("s", 0, "said"),)
TOOL = Fact("tool", Kind.EPISODIC, "The port of api is 1.", Trust.TOOL, SAID, "api", "port", "1")
PERSON = Fact("person", Kind.EPISODIC, "The port of web is 2.", Trust.HUMAN, SAID, "web", "port", "2")


def said(fact: Fact, verdict: str, **words: str) -> Review:
    return Review(fact.id, verdict, "2026-11-20T03:00:00Z", **words)


def test_nothing_that_a_tool_stated_may_be_trained_on_until_it_is_approved() -> None:
    (before, _), (after, _) = (apply((TOOL, PERSON), reviews).facts for reviews in ([], [said(TOOL, "approved")]))

    assert [trainable(before), trainable(after)] == [False, True]
    assert after.trust is Trust.TOOL


@pytest.mark.parametrize("fact", [TOOL, PERSON])
def test_a_rejected_fact_is_gone_and_counted_whoever_stated_it(fact: Fact) -> None:
    reviewed = apply((TOOL, PERSON), [said(fact, "rejected")])

    assert fact not in reviewed.facts
    assert (len(reviewed.facts), reviewed.left_out["rejected"]) == (1, 1)


def test_an_edited_fact_says_what_the_person_wrote() -> None:
    words = {"text": "For api, use port 3.", "subject": "api", "relation": "use", "value": "port 3"}

    (fact,) = apply((TOOL,), [said(TOOL, "edited", **words)]).facts

    assert fact == replace(TOOL, kind=Kind.SEMANTIC, approved=True, **words)
    assert trainable(fact)


def test_an_edit_stands_instead_of_what_else_is_said_under_its_key() -> None:
    words = {"text": "The port of web is 3.", "subject": "Web", "relation": "port", "value": "3"}

    reviewed = apply((TOOL, PERSON), [said(TOOL, "edited", **words)])

    assert [fact.value for fact in reviewed.facts] == ["3"]
    assert reviewed.left_out["overruled_by_edit"] == 1


def test_only_what_is_untrusted_and_not_reviewed_waits() -> None:
    facts = [replace(TOOL, id=str(trust), trust=trust) for trust in Trust]

    assert {fact.trust for fact in waiting(facts, [])} == {Trust.TOOL, Trust.WEB, Trust.FILE}
    assert {fact.id for fact in waiting(facts, [said(facts[3], "approved"), said(facts[4], "rejected")])} == {"file"}


def test_a_review_of_a_fact_that_is_not_there_changes_nothing() -> None:
    assert apply((PERSON,), [said(TOOL, "approved")]).facts == (PERSON,)


def test_a_run_that_came_without_reviews_has_none(tmp_path: Path) -> None:
    run = Run(tmp_path)
    before = run.reviews()
    write_json(run.reviews_file, {"reviews": [said(TOOL, "approved")]})

    assert (before, run.reviews()) == ([], [said(TOOL, "approved")])


def test_a_run_trains_what_was_approved_and_not_what_was_rejected(make_run: Callable[..., Run]) -> None:
    run = make_run("reviewed")
    web = next(memory for memory in run.memories() if memory.trust is Trust.WEB)
    write_json(run.reviews_file, {"reviews": [Review(web.id, "approved", "t"), Review("m0", "rejected", "t")]})

    consolidate(run, Pace(run, 1), lambda: nullcontext(lambda: False), until="synthesise")

    trained = {id for conversation in run.conversations() for id in conversation.facts}
    assert trained == {"m1", "m2", web.id}
    assert [fact.id for fact in run.facts() if fact.approved] == [web.id]
    assert read_json(run.costs_file)["notes"]["left_out"]["rejected"] == 1


def test_a_rejected_principle_is_gone_and_an_edited_one_has_the_persons_words() -> None:
    works = Principle("pri_1", "`npm` fails with a missing module", "run `npm ci`", 2, 0, 2, ())
    edited = said(works.fact, "edited", text="x", subject=works.subject, relation="fix", value="run `pnpm i`")

    assert of_principles([works], [said(works.fact, "rejected")]) == []
    assert of_principles([works], [said(works.fact, "approved")]) == [works]
    assert [one.value for one in of_principles([works], [edited])] == ["run `pnpm i`"]
    assert of_principles([works], [replace(edited, relation="use")]) == []
