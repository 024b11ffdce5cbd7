"""Reflection: three lenses unioned, literal evidence, newest words win, nothing untrusted or secret is trained on."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from memsrv.lenses import Claim
from memsrv.records import Episode, Event, EventType, Evidence, Fact, Kind, Memory, Outcome, Session, Trust
from memsrv.redact import Redactor
from memsrv.trajectories import trajectories
from memsrv_consolidation import wordings
from memsrv_consolidation.reflect import Reflection, reflect, trainable


def prompt(text: str, turn: int = 0, session: str = "s1") -> Event:
    """What a human typed at ten o'clock and `turn` minutes."""
    time = f"2026-11-19T10:{turn:02d}:00Z"
    return Event(f"{session}-{turn}", session, EventType.PROMPT, Trust.HUMAN, text, time, turn=turn)


def episode(*steps: Event) -> Episode:
    return Episode(Session(steps[0].session, "claude", "demo", "log.jsonl", started="2026-11-19T10:00:00Z"), steps)


def memory(
    id: str, subject: str, relation: str, value: str, *, trust: Trust = Trust.HUMAN,
    valid_from: str = "2026-11-19T10:00:00Z", valid_to: str | None = None, superseded_by: str | None = None,
) -> Memory:  # fmt: skip
    text = wordings.claim(subject, relation, value)
    said = (Evidence("s1", 0, "said"),)
    return Memory(
        id, "demo", Kind.EPISODIC, text, trust, said, subject, relation, value, valid_from, valid_to, superseded_by
    )


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor(b"key")


def facts(redactor: Redactor, episodes: Sequence[Episode] = (), memories: Sequence[Memory] = ()) -> list[Fact]:
    return list(found(redactor, episodes, memories).facts)


def found(redactor: Redactor, episodes: Sequence[Episode] = (), memories: Sequence[Memory] = ()) -> Reflection:
    return reflect("demo", episodes, memories, redactor)


def test_the_humans_words_become_a_fact_with_literal_evidence(redactor: Redactor) -> None:
    said = "Please always use pnpm for installs."

    [fact] = facts(redactor, [episode(prompt(said, 3))])

    assert (fact.subject, fact.relation, fact.value, fact.kind) == ("installs", "use", "pnpm", Kind.SEMANTIC)
    assert fact.evidence == (Evidence("s1", 3, said),)


def test_facts_of_several_lenses_are_unioned(redactor: Redactor) -> None:
    steps = [prompt("never use print in library code", 0), prompt("The port of the billing service is 4010.", 1)]

    kinds = {fact.kind for fact in facts(redactor, [episode(*steps)])}

    assert kinds == {Kind.SEMANTIC, Kind.EPISODIC}


def test_said_twice_it_is_one_fact_with_both_places(redactor: Redactor) -> None:
    first = episode(prompt("The port of the billing service is 4010.", 1, session="s1"))
    again = episode(prompt("the port of the Billing Service is 4010", 2, session="s2"))

    [fact] = facts(redactor, [first, again])

    assert {quote.session for quote in fact.evidence} == {"s1", "s2"}


def test_newer_words_supersede_older_ones(redactor: Redactor) -> None:
    old = prompt("The port of the billing service is 4010.", 1)
    new = prompt("The port of the billing service is 4020.", 2)

    result = found(redactor, [episode(new, old)])

    assert [fact.value for fact in result.facts] == ["4020"]
    assert result.left_out["superseded"] == 1


def test_a_memory_newer_than_the_words_wins(redactor: Redactor) -> None:
    said = episode(prompt("The port of the billing service is 4010.", 1))
    saved = memory("m1", "the billing service", "port", "4030", valid_from="2026-11-20T00:00:00Z")

    [fact] = facts(redactor, [said], [saved])

    assert (fact.id, fact.value) == ("m1", "4030")


def test_a_fact_that_is_a_memory_has_the_memorys_id(redactor: Redactor) -> None:
    said = episode(prompt("The port of the billing service is 4010.", 1))
    kept = memory("m1", "the billing service", "port", "4010")

    [fact] = facts(redactor, [said], [kept])

    assert fact.id == "m1"


def test_what_memory_retired_stays_out(redactor: Redactor) -> None:
    said = episode(prompt("The port of the billing service is 4010.", 1))
    gone = memory("m1", "the billing service", "port", "4010", valid_to="2026-11-19T20:00:00Z")

    assert facts(redactor, [said], [gone]) == []


def test_said_again_after_it_was_retired_it_lives_again(redactor: Redactor) -> None:
    said = episode(prompt("The port of the billing service is 4010.", 30))
    gone = memory("m1", "the billing service", "port", "4010", valid_to="2026-11-19T10:15:00Z")

    assert [fact.value for fact in facts(redactor, [said], [gone])] == ["4010"]


def test_what_memory_superseded_stays_out(redactor: Redactor) -> None:
    old = memory("m1", "api", "port", "1", valid_to="2026-11-19T12:00:00Z", superseded_by="m2")
    new = memory("m2", "api", "port", "2", valid_from="2026-11-19T12:00:00Z")

    assert [fact.id for fact in facts(redactor, [], [old, new])] == ["m2"]


@pytest.mark.parametrize("trust", [Trust.TOOL, Trust.WEB, Trust.FILE])
def test_untrusted_words_are_facts_but_not_trained_on(redactor: Redactor, trust: Trust) -> None:
    [fact] = facts(redactor, [], [memory("m1", "api", "port", "4010", trust=trust)])

    assert not trainable(fact)


def test_a_fact_without_a_subject_is_kept_but_not_trained_on(redactor: Redactor) -> None:
    told = replace(memory("m1", "a", "b", "c"), subject=None, relation=None, value=None, text="We met on Tuesday.")

    [fact] = facts(redactor, [], [told])

    assert (fact.text, trainable(fact)) == ("We met on Tuesday.", False)


@pytest.mark.parametrize("value", ["ghp_x7Kq9ZrT2mWvB4nLpY8sDfG1hJcE5uA3oQiR", "[redacted:github-pat:1a2b3c]"])
def test_a_secret_becomes_no_fact(redactor: Redactor, value: str) -> None:
    result = found(redactor, [], [memory("m1", "deploy", "token", value)])

    assert (result.facts, result.left_out["secret"]) == ((), 1)


def test_the_hosts_summary_is_nobodys_words(redactor: Redactor) -> None:
    summary = replace(prompt("The port of the billing service is 4010."), type=EventType.SUMMARY)

    assert facts(redactor, [episode(summary)]) == []


def test_the_order_of_episodes_changes_nothing(redactor: Redactor) -> None:
    one = episode(prompt("The port of the billing service is 4010.", 1, session="s1"))
    two = episode(prompt("never use print in library code", 2, session="s2"))

    assert facts(redactor, [one, two]) == facts(redactor, [two, one])


def test_a_claim_whose_quote_is_not_in_the_episode_is_dropped_and_counted(redactor: Redactor) -> None:
    def dreaming(steps: Sequence[Event]) -> list[Claim]:
        quote = Evidence("s1", 0, "the port is 4010")
        return [Claim(Kind.EPISODIC, "The port of api is 4010.", Trust.HUMAN, (quote,), None, "api", "port", "4010")]

    result = reflect("demo", [episode(prompt("the port is 4011"))], [], redactor, claims=dreaming)

    assert (result.facts, result.left_out["unsupported"]) == ((), 1)


@pytest.mark.parametrize(("model", "facts"), [("claude-opus-4-8", 1), ("memsrv/shop@v3", 0)])
def test_what_a_model_of_ours_replied_bears_out_no_claim(redactor: Redactor, model: str, facts: int) -> None:
    said = "The port of billing is 4010."
    reply = Event("e1", "s1", EventType.REPLY, Trust.ASSISTANT, said, turn=1, model=model)
    quote = Evidence("s1", 1, said)
    claim = Claim(Kind.EPISODIC, said, Trust.ASSISTANT, (quote,), subject="billing", relation="port", value="4010")

    got = reflect("demo", [episode(prompt("hello"), reply)], [], redactor, taught={"s1": [claim]})

    assert (len(got.facts), got.left_out["unsupported"]) == (facts, 1 - facts)


def mended(session: str, remedy: str = "npm ci", command: str = "npm test") -> Episode:
    """A session in which `command` lacked a module until `remedy` was run."""
    steps = [prompt("Run the tests of the crane service", 0, session)]
    for number, (line, code) in enumerate([(command, 1), (remedy, 0), (command, 0)]):
        call, turn = f"{session}-c{number}", 2 * number + 1
        ended = Outcome.FAILURE if code else Outcome.SUCCESS
        printed = "Error: Cannot find module 'leftpad'" if code else "done"
        at = {"time": f"2026-11-19T10:{turn:02d}:00Z", "tool": "Bash", "call": call}
        steps += [
            Event(f"{call}-a", session, EventType.TOOL_CALL, Trust.COMMAND, command=line, turn=turn, **at),
            Event(
                f"{call}-b", session, EventType.TOOL_RESULT, Trust.TOOL, printed, turn=turn + 1, outcome=ended,
                exit_code=code, **at,
            ),
        ]  # fmt: skip
    return replace(episode(*steps), trajectories=trajectories(steps))


def test_what_worked_in_several_episodes_is_a_principle_and_a_fact_to_be_trained_on(redactor: Redactor) -> None:
    reflection = found(redactor, [mended("s1"), mended("s2", command="npm run build")])

    [principle] = reflection.principles
    [fact] = [fact for fact in reflection.facts if fact.id == principle.id]
    assert (fact.text, fact.kind) == ("When `npm` fails with a missing module: run `npm ci`.", Kind.PROCEDURAL)
    assert trainable(fact)


def test_a_principle_takes_no_place_of_what_is_known_about_the_trouble(redactor: Redactor) -> None:
    told = memory("m1", "`npm` fails with a missing module", "fix", "ask Marta")

    reflection = found(redactor, [mended("s1"), mended("s2")], [told])

    assert reflection.principles
    assert [fact.value for fact in reflection.facts if fact.subject == told.subject] == ["ask Marta"]


def test_a_secret_becomes_no_principle(redactor: Redactor) -> None:
    remedy = "npm install --token=ghp_x7Kq9ZrT2mWvB4nLpY8sDfG1hJcE5uA3oQiR"

    assert found(redactor, [mended("s1", remedy), mended("s2", remedy)]).principles == ()
