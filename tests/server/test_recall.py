"""One ranking over memories and turns: what was asked for comes first, says why, and quotes its source."""

from typing import Any

import pytest

from memsrv.errors import NotFound
from memsrv.recall import PER_SESSION, Question, exact_names, gather, recall, recall_lines, show
from memsrv.records import EventType, Kind, Memory, Outcome, Trust
from memsrv.remember import remember
from memsrv.store import Store, Use


@pytest.fixture
def filled(store: Store, talk: Any) -> Store:
    talk("mon", started="2026-11-02T09:00:00").says("The staging server listens on port 8080.").replies("Noted.").into(
        store
    )
    tue = talk("tue", started="2026-11-03T09:00:00").says("No, the staging server is on port 8443 now, not 8080.")
    tue.runs("pnpm test", "Error: connect ECONNREFUSED 127.0.0.1:5432", 1).runs("docker compose up -d db").runs(
        "pnpm test"
    )
    tue.says("Why is the harbour report slow?").replies("It sorts all berths twice, in reports/harbour.py.").into(store)
    talk("other", "elsewhere").says("The staging server listens on port 9999.").into(store)
    remember(store)
    return store


def first(store: Store, query: str, **rest: Any) -> str:
    return recall(store, query, project="demo", **rest).results[0].text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("What port is the staging server on?", "8443"),
        ("pnpm test ECONNREFUSED", "docker compose up -d db"),
        ("how do we run the tests", "pnpm test"),
        ("reports/harbour.py", "sorts all berths twice"),
    ],
)
def test_the_answer_comes_first(filled: Store, query: str, words: str) -> None:
    assert words in first(filled, query)


def test_a_memory_carries_the_words_it_rests_on(filled: Store) -> None:
    assert "No, the staging server is on port 8443 now" in first(filled, "staging port")


def test_what_was_superseded_stays_out(filled: Store) -> None:
    found = recall(filled, "staging server port", project="demo").results

    assert all("is 8080" not in result.text for result in found)


def test_a_turn_whose_words_were_superseded_ranks_behind_what_replaced_them(store: Store, talk: Any) -> None:
    old = talk("mon", started="2026-11-02T09:00:00")
    old.says("Behind nginx with gzip, the staging server is on port 8080.").into(store)
    talk("tue", started="2026-11-03T09:00:00").says("No, the staging server is on port 8443 now, not 8080.").into(store)
    remember(store)

    best, *rest = recall(store, "staging server port behind nginx with gzip", project="demo").results

    assert "8443" in best.text
    assert [turn.superseded_by for turn in rest if "8080." in turn.text and "nginx" in turn.text] == [best.id]


def test_what_was_superseded_can_be_asked_for_and_says_so(filled: Store) -> None:
    found = recall(filled, "staging server port", project="demo", include_superseded=True).results
    (old,) = [result for result in found if "is 8080" in result.text]

    assert old.superseded_by is not None


def test_another_projects_words_stay_there(filled: Store) -> None:
    assert all(result.project == "demo" for result in recall(filled, "staging server", project="demo").results)


def test_without_a_project_all_are_searched(filled: Store) -> None:
    assert {result.project for result in recall(filled, "staging server port").results} == {"demo", "elsewhere"}


def test_the_name_of_a_project_says_where_and_does_not_find_what_was_asked_for(store: Store, talk: Any) -> None:
    told = talk("a", "quay-api").says("Welcome to quay-api, the quay-api of all quay-api.")
    for number in range(9):
        told.says(f"Look at berth {number}, whose hoist is slow.")
    told.says("In the end we said that a crane, as long as it is there, is made up for every run.").into(store)
    talk("b").says("berth").into(store)

    assert recall(store, "Is the crane of quay-api made up for a run?").results[0].turn == 10
    assert recall(store, "quay-api").results[0].turn == 0


def test_kinds_give_memories_only(filled: Store) -> None:
    found = recall(filled, "pnpm test", project="demo", kinds=[Kind.PROCEDURAL]).results

    assert {result.kind for result in found} == {"procedural"}


def test_the_answer_beside_a_matching_question_is_found(filled: Store) -> None:
    found = recall(filled, "harbour report slow", project="demo").results

    assert any("berths twice" in result.text for result in found)


def test_one_session_does_not_crowd_out_the_others(store: Store, talk: Any) -> None:
    loud = talk("loud")
    for place in range(12):
        loud.says(f"the tide import failed, try {place}").replies(f"looked at the tide import, try {place}")
    loud.into(store)
    talk("quiet").says("is the tide import tested?").into(store)
    found = recall(store, "tide import", project="demo", limit=8).results

    assert "quiet" in [result.session for result in found[: PER_SESSION + 2]]


def test_a_hosts_summary_is_never_given_as_evidence(store: Store, talk: Any) -> None:
    talk("a").says("go on").hears(EventType.SUMMARY, Trust.TOOL, "The user wants port 1234 for staging.").into(store)

    assert all("1234" not in result.text for result in recall(store, "staging port", project="demo").results)


def test_limit_and_token_budget_are_kept(filled: Store) -> None:
    assert len(recall(filled, "pnpm test staging server port", project="demo", limit=2).results) == 2
    small = recall(filled, "pnpm test staging server port", project="demo", limit=20, token_budget=40).results

    assert sum(len(result.text) for result in small) <= 160


@pytest.mark.parametrize("query", ["", "the", "???", '"unclosed', "NEAR(", "a" * 5000])
def test_any_text_is_a_valid_query(filled: Store, query: str) -> None:
    recall(filled, query, project="demo")


def test_lines_for_the_context_say_when_and_who(filled: Store) -> None:
    lines = recall_lines(recall(filled, "Why is the harbour report slow?", project="demo"))

    assert '2026-11-03 user: "Why is the harbour report slow?"' in lines


def test_a_line_for_the_context_says_that_it_was_superseded(store: Store, talk: Any) -> None:
    talk("a").says("The crane listens on port 4010.").into(store)
    talk("b", started="2026-11-09T09:00:00").says("The crane listens on port 4011.").into(store)
    remember(store)

    lines = recall_lines(recall(store, "which port does the crane listen on", project="demo"))

    assert '2026-11-02 user: "The crane listens on port 4010." (superseded)' in lines


def test_the_same_question_gives_the_same_answer(filled: Store) -> None:
    assert recall(filled, "staging server", project="demo") == recall(filled, "staging server", project="demo")


def test_exact_names_are_told_from_prose() -> None:
    assert exact_names("why does `make ship` fail with ECONNREFUSED in web/app.ts at --port 80?") == [
        "make ship",
        "econnrefused",
        "web/app.ts",
        "--port",
        "80",
    ]


def test_a_word_of_a_megabyte_is_read_once_and_not_once_a_letter() -> None:
    assert exact_names("a" * 1_000_000) == []  # by one expression it took hours
    assert exact_names("`" * 100_001 + "x_y") == ["x_y"]


def test_showing_a_memory_gives_its_chain_and_the_turns_around(filled: Store) -> None:
    (memory,) = [m for m in filled.memories("demo") if m.value == "8443"]
    opened = show(filled, memory.id, around=1)

    assert [m.value for m in opened.chain] == ["8080", "8443"]
    assert opened.evidence[0].quote == "No, the staging server is on port 8443 now, not 8080."
    assert [event.turn for event in opened.turns] == [0, 1]


def test_a_turn_and_a_session_can_be_shown(filled: Store) -> None:
    assert show(filled, "tue:0").kind == "turn"
    assert show(filled, "tue").kind == "session"


@pytest.mark.parametrize("id", ["mem_000000000000", "nowhere"])
def test_what_is_not_there_is_named(filled: Store, id: str) -> None:
    with pytest.raises(NotFound):
        show(filled, id)


def test_the_turn_of_a_person_who_is_named_comes_before_one_about_them(store: Store, talk: Any) -> None:
    told = talk("a").says("Mara: the crane needs a new gearbox").says("filler one").says("filler two")
    told.says("Jon: Mara wants the crane in paint").into(store)

    best = recall(store, "What did Mara say about the crane?", project="demo").results[0]

    assert (best.id, "said by Mara" in best.why) == ("a:0", True)


def test_what_i_said_is_looked_for_among_my_words(store: Store, talk: Any) -> None:
    told = talk("a").replies("The crane needs a new gearbox.").runs("true").says("The crane needs a new gearbox soon.")
    told.into(store)

    best = recall(store, "What did I say about the crane gearbox?", project="demo").results[0]

    assert (best.who, "said by user" in best.why) == ("user", True)


def test_the_day_that_is_named_decides_between_equals(store: Store, talk: Any) -> None:
    for day in ("02", "09", "16"):
        talk(f"of-{day}", started=f"2026-11-{day}T09:00:00").says(f"The crane failed, see ticket {day}.").into(store)

    best = recall(store, "why did the crane fail on 9 November?", project="demo").results[0]

    assert (best.session, "of 2026-11-09" in best.why) == ("of-09", True)


def test_exact_names_decide_between_equals(store: Store, talk: Any) -> None:
    told = talk("a").says("The harbour report fails in load_berths.").runs("true")
    told.says("The harbour report fails in save_berths.").into(store)

    best = recall(store, "harbour report fails load_berths", project="demo").results[0]

    assert "names load_berths" in best.why


def test_a_turn_found_by_its_neighbour_says_so(store: Store, talk: Any) -> None:
    talk("a").says("Why is the harbour slow?").replies("It sorts twice.").into(store)
    found = recall(store, "harbour", project="demo").results

    assert [result.why[0] for result in found] == ["words", "neighbour"]


def test_of_two_that_match_alike_the_one_that_was_useful_comes_first(store: Store) -> None:
    first, second = (
        Memory(f"mem_{n}", "demo", Kind.SEMANTIC, f"The crane is oiled at pier {n}.", Trust.HUMAN, ())
        for n in ("one", "two")
    )
    store.remember([first, second])
    before = [result.id for result in recall(store, "crane oiled pier", project="demo").results]
    ids = [first.id, second.id]
    store.keep_uses("s", [Use(before[1], "s", turn, Outcome.SUCCESS) for turn in range(3)])
    store.keep_uses("t", [Use(before[0], "t", 1, Outcome.FAILURE)])

    found = recall(store, "crane oiled pier", project="demo").results

    assert sorted(before) == sorted(ids)
    assert [result.id for result in found] == before[::-1]
    assert found[0].why[-1] == "was useful"


def test_the_name_of_the_project_is_no_exact_name(store: Store, talk: Any) -> None:
    talk("a", project="harbour-api").says("The crane of harbour-api squeaks.").says("Oil it.").into(store)

    found = recall(store, "Which crane squeaks in harbour-api?", project="harbour-api").results[0]

    assert "project harbour-api" in found.why
    assert not [why for why in found.why if why.startswith("names")]


def test_a_session_that_says_more_of_the_question_speaks_for_each_of_its_turns(store: Store, talk: Any) -> None:
    talk("a").says("The crane squeaks.").replies("Well.").says("Fog again.").into(store)
    talk("b").says("The crane squeaks.").replies("Well.").says("Oil helps.").into(store)

    found = gather(store, Question("crane oil"), project="demo").candidates
    covered = {one.hit.id: one.strengths["covered"] for one in found}

    assert covered["b:0"] == 1.0
    assert 0 < covered["a:0"] < 0.5
