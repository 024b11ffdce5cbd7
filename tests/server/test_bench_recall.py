"""The bench of recall: files of its formats are read, systems stand side by side, and what is no such file is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from memsrv.bench.conversations import devmembench, locomo
from memsrv.bench.recall import latency, recalling
from memsrv.errors import UsageError
from memsrv.remember import remember
from memsrv.store import Store


def conversation(name: str) -> dict[str, Any]:
    lines = ("We moved the crane to quay 7.", "Good.", "Lunch?", "Soup.")
    turns = [{"speaker": ("Mara", "Jon")[n % 2], "dia_id": f"D1:{n + 1}", "text": text} for n, text in enumerate(lines)]
    asked = [
        {"question": "Where is the crane?", "answer": "quay 7", "evidence": ["D1:1"], "category": 4},
        {"question": "What is for lunch?", "evidence": ["D1:04; D9:9"], "category": 1},
        {"question": "Who sank?", "evidence": [], "category": 4},
        {"question": "Adversarial?", "evidence": ["D1:1"], "category": 5},
    ]
    said = {"speaker_a": "Mara", "session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": turns}
    return {"sample_id": name, "conversation": said, "qa": asked}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "locomo.json"
    path.write_text(json.dumps([conversation("one"), conversation("two")]))
    return path


def test_a_question_without_an_answer_is_not_asked(file: Path) -> None:
    assert [(len(one.events), [sorted(asked.gold) for asked in one.asked]) for one in locomo(file)] == [
        (4, [["D1:1"], ["D1:4"]])
    ] * 2


def test_systems_stand_side_by_side_for_each_kind_of_question(file: Path) -> None:
    bench = recalling(file)
    rows = {(row.system, row.category): row.n for row in bench.figures}

    assert {name for name, _ in rows} == {"grep", "FTS5 porter", "memsrv", "memsrv, weights of the other half"}
    assert rows["memsrv", "all"] == rows["grep", "all"] == 4
    assert rows["memsrv", "multi-hop"] == 2
    assert len(bench.weights) == 2


def test_memsrv_finds_what_is_there(file: Path) -> None:
    (all_of_it,) = [row for row in recalling(file).figures if (row.system, row.category) == ("memsrv", "all")]

    assert all_of_it.r5 == 1.0


def test_sessions_are_ranked_where_they_are_the_answer(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "The crane is on quay 7."}, {"role": "assistant", "content": "Good."}]
    sessions = [
        {"sessionId": f"S{n}", "metadata": {"date": "2025-01-15", "project": "p"}, "messages": said[n:]} for n in (0, 1)
    ]
    asked = [
        {"questionType": "fact", "question": "crane?", "haystackSessionIds": ["S0"]},
        {"questionType": "abstention", "question": "crane?", "haystackSessionIds": ["S0"]},
    ]
    (tmp_path / "sessions.json").write_text(json.dumps(sessions))
    (tmp_path / "questions.json").write_text(json.dumps(asked))

    (corpus,) = devmembench(tmp_path)
    bench = recalling(None, tmp_path)

    assert (len(corpus.events), len(corpus.asked)) == (3, 1)
    assert [row.mrr for row in bench.figures if (row.system, row.category) == ("memsrv", "fact")] == [1.0]


def test_the_users_own_memories_are_asked_for(store: Store, talk: Any) -> None:
    talk("a").says("No, the staging server is on port 8443 now, not 8080.").into(store)
    remember(store)
    bench = recalling(store=store)

    assert bench.questions >= 1
    assert {row.system for row in bench.figures} >= {"grep", "FTS5 porter", "memsrv"}


@pytest.mark.parametrize("words", ["", "{}", "[1]", "no JSON"])
def test_what_is_no_such_file_is_said(tmp_path: Path, words: str) -> None:
    (tmp_path / "x.json").write_text(words)
    with pytest.raises(UsageError, match=r"x\.json"):
        recalling(tmp_path / "x.json")


def test_a_search_is_timed_among_made_up_events() -> None:
    took = latency(500, searches=5)

    assert (took.events, took.searches, took.p50_ms <= took.p95_ms <= took.max_ms) == (500, 5, True)
