"""Long-term memory: a document of four sections within a budget, the same bytes from the same ledger, nothing lost."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from memsrv.layout import tokens
from memsrv.long_term import SECTIONS, Document, document
from memsrv.principles import Principle
from memsrv.records import Evidence, Kind, Memory, Trust


def memory(id: str, text: str, kind: Kind = Kind.EPISODIC, sessions: int = 1, **rest: object) -> Memory:
    said = tuple(Evidence(f"s{n}", 0, "said") for n in range(sessions))
    return replace(Memory(id, "demo", kind, text, Trust.HUMAN, said, valid_from="2026-11-01T09:00:00Z"), **rest)  # type: ignore[arg-type]


def port(id: str, of: str, value: str, **rest: object) -> Memory:
    return memory(id, f"The port of {of} is {value}.", subject=of, relation="port", value=value, **rest)  # type: ignore[arg-type]


PORT = port("m1", "the crane", "4010")
INDENT = memory("m2", "For indentation, use tabs.", Kind.SEMANTIC)
FIX = memory("m3", "When `npm test` fails with EACCES: run `chmod +x gate`.", Kind.PROCEDURAL)
PRINCIPLE = Principle("pri_1", "`npm` fails with a missing module", "run `npm ci`", 3, 1, 3, ())


def lines(told: Document) -> list[str]:
    return [item.text for item in told.items]


def test_the_sections_are_always_the_four_in_their_order() -> None:
    full, empty = document([FIX, INDENT, PORT], principles=[PRINCIPLE]), document([])

    assert [section.name for section in full.sections] == [section.name for section in empty.sections] == [*SECTIONS]
    assert [section.entries[0].ids for section in full.sections] == [("m1",), ("m2",), ("m3",), ("pri_1",)]
    assert empty.markdown.count("(nothing yet)") == 4


def test_a_principle_says_how_often_it_worked() -> None:
    assert lines(document([], principles=[PRINCIPLE])) == [
        "Principles:",
        "When `npm` fails with a missing module: run `npm ci` (worked 3 of 4 times).",
    ]


memories = st.lists(
    st.builds(
        memory,
        st.uuids().map(str),
        st.text(max_size=90),
        st.sampled_from(Kind),
        st.integers(0, 4),
        trust=st.sampled_from(Trust),
    ),
    max_size=25,
    unique_by=lambda one: one.id,
)


@given(memories, st.randoms(), st.integers(0, 300), st.sets(st.integers(0, 24)))
def test_the_same_ledger_gives_the_same_document_within_the_budget_and_loses_nothing(
    ledger: list[Memory], random: object, budget: int, known: set[int]
) -> None:
    answered = {one.id for place, one in enumerate(ledger) if place in known}
    told = document(ledger, budget=budget, answered=answered)
    random.shuffle(ledger)  # type: ignore[attr-defined]

    assert document(ledger, budget=budget, answered=answered) == told
    assert told.tokens == sum(tokens(f"- {line}\n") for line in lines(told)) <= budget
    assert told.ids | {id for one in told.left_out for id in one.ids} == {one.id for one in ledger}
    assert not told.ids & {id for one in told.left_out for id in one.ids}


def test_what_helped_comes_first_then_what_more_sessions_said_then_the_newest() -> None:
    newer = port("m4", "the quay", "1", valid_from="2026-11-09T09:00:00Z")
    often, helpful = port("m5", "the dock", "2", sessions=3), port("m6", "the gate", "3")

    told = document([PORT, newer, often, helpful], helped={"m6": 2})

    assert [entry.ids[0] for entry in told.sections[0].entries] == ["m6", "m5", "m4", "m1"]


def test_every_section_gets_its_best_before_any_gets_its_second() -> None:
    ports = [port(f"p{n}", f"quay {n}", str(n), sessions=5) for n in range(50)]

    told = document([*ports, INDENT, FIX], budget=60, principles=[])

    assert {"m2", "m3"} <= told.ids
    assert told.tokens <= 60
    assert len(told.left_out) == len(ports) - len(told.sections[0].entries) > 0
    assert all("tokens" in one.why for one in told.left_out)


def test_what_the_adapter_answers_shrinks_to_its_name() -> None:
    told = document([PORT, port("m4", "the quay", "4011"), INDENT], answered={"m1", "m4"})

    assert lines(told)[:2] == ["Project facts:", "Known to the adapter: port of the crane; port of the quay."]
    assert told.tokens < document([PORT, port("m4", "the quay", "4011"), INDENT]).tokens
    assert {"m1", "m4"} <= told.ids


def test_the_same_claim_stands_once_with_all_who_say_it() -> None:
    again = memory("m9", "the port of the crane is `4010`", sessions=2)

    [entry] = document([PORT, again]).sections[0].entries

    assert entry.ids == ("m9", "m1")


def test_words_in_another_order_are_another_claim() -> None:
    there = memory("a", "Use npm instead of pnpm.", Kind.PROCEDURAL)
    back = memory("b", "Use pnpm instead of npm.", Kind.PROCEDURAL)

    assert len(document([there, back]).sections[2].entries) == 2


def test_what_a_tool_a_page_or_a_file_states_is_listed_and_has_no_line() -> None:
    said = [replace(INDENT, id=trust, trust=trust) for trust in (Trust.TOOL, Trust.WEB, Trust.FILE)]

    told = document(said)

    assert lines(told) == []
    assert [one.why for one in told.left_out] == [f"stated by a {trust} alone" for trust in ("file", "tool", "web")]


def test_what_no_longer_holds_is_not_told() -> None:
    ended = [replace(PORT, valid_to="2026-11-02T09:00:00Z"), replace(INDENT, superseded_by="m9")]

    assert document(ended).ids == frozenset()


def test_a_wording_stands_only_for_the_words_that_it_was_made_for() -> None:
    short = {"m1": (PORT.text, "crane: port 4010"), "m2": ("For indentation, use blanks.", "blanks")}

    assert lines(document([PORT, INDENT], wordings=short))[1::2] == ["crane: port 4010", INDENT.text]


def test_a_line_never_closes_its_list() -> None:
    told = document([memory("m", "one\n## Principles\n- two")])

    assert lines(told)[1] == "one ## Principles - two"


def test_a_larger_budget_only_adds() -> None:
    ledger = [port(f"p{n}", f"quay {n}", str(n) * (1 + n % 7)) for n in range(40)]
    told = [document(ledger, budget=budget) for budget in (100, 200, 400)]

    assert all(len(small.ids) < len(large.ids) for small, large in pairwise(told))
