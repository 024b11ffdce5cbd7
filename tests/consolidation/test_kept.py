"""What is kept of an evaluation: answers of these weights to these questions, and no others."""

from collections.abc import Callable
from pathlib import Path

from memsrv_consolidation.kept import Kept

WEIGHTS = {"base": "b", "candidate": ["b", {"adapter_model.safetensors": "1"}]}


def answering(said: list[str]) -> Callable[[], list[str]]:
    def answer() -> list[str]:
        said.append("asked")
        return [f"answer {len(said)}"]

    return answer


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    asked: list[str] = []
    first = Kept(tmp_path / "answers.jsonl", WEIGHTS).once("candidate", [[1, 2], 3], answering(asked))
    again = Kept(tmp_path / "answers.jsonl", WEIGHTS).once("candidate", [[1, 2], 3], answering(asked))

    assert again == first == ["answer 1"]
    assert asked == ["asked"]


def test_another_candidates_answers_are_not_believed_and_those_of_the_same_base_are(tmp_path: Path) -> None:
    asked: list[str] = []
    kept = Kept(tmp_path / "answers.jsonl", WEIGHTS)
    kept.once("base", "q", answering(asked))
    kept.once("candidate", "q", answering(asked))

    other = Kept(tmp_path / "answers.jsonl", WEIGHTS | {"candidate": ["b", {"adapter_model.safetensors": "2"}]})

    assert other.once("base", "q", answering(asked)) == ["answer 1"]
    assert other.once("candidate", "q", answering(asked)) == ["answer 3"]


def test_a_line_that_a_kill_tore_is_asked_again_and_spoils_no_later_one(tmp_path: Path) -> None:
    asked: list[str] = []
    file = tmp_path / "answers.jsonl"
    kept = Kept(file, WEIGHTS)
    for question in ("one", "two"):
        kept.once("base", question, answering(asked))
    file.write_bytes(file.read_bytes()[:-9])

    resumed = Kept(file, WEIGHTS)
    found = [resumed.once("base", question, answering(asked)) for question in ("one", "two", "three")]

    assert found == [["answer 1"], ["answer 3"], ["answer 4"]]
    assert [
        Kept(file, WEIGHTS).once("base", question, answering(asked)) for question in ("one", "two", "three")
    ] == found
    assert len(asked) == 4


def test_figures_come_back_as_they_were(tmp_path: Path) -> None:
    figures = [[0.1 + 0.2, 1e-17], [float("inf")]]
    Kept(tmp_path / "answers.jsonl", WEIGHTS).once("base", "q", lambda: figures)

    assert Kept(tmp_path / "answers.jsonl", WEIGHTS).once("base", "q", lambda: [[0.0]]) == figures


def test_no_word_of_a_question_is_kept(tmp_path: Path) -> None:
    Kept(tmp_path / "answers.jsonl", WEIGHTS).once("base", "the beginning of a secret", lambda: [1.0])

    assert b"secret" not in (tmp_path / "answers.jsonl").read_bytes()
