"""`python -I -m memsrv_consolidation.quiz FOLDER`: questions asked of a base model with a text in context.

`quiz.json` names the base, the texts and the questions; `answers.jsonl` gets a line for each as it is answered, right
where it holds the exact value. Of a text that does not fit the base's window, what fits around the line that shares
most rare words with the question (or that the question names) is given, and the answer says that it was cut.
"""

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from memsrv.environment import set_for_libraries
from memsrv.errors import MemsrvError
from memsrv.layout import Blocks, render
from memsrv.records import Message, from_dict
from memsrv_consolidation.answering import BASE, SPARE, Respondents
from memsrv_consolidation.probes import gives

QUIZ, ANSWERS = "quiz.json", "answers.jsonl"
#: Tokens read at once, over all questions of a batch: what a laptop's memory holds of any small base.
_AT_ONCE = 16_384
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Question:
    """`context` names a text, None: asked without any. `line`: around which line of it to read, where that is known."""

    question: str
    value: str
    context: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Quiz:
    """`window`: read at most so many tokens; None: as many as the base can."""

    base: str
    threads: int
    texts: Mapping[str, str]
    questions: tuple[Question, ...]
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`place` is that of the question. `cut`: only a part of its text fitted the window."""

    place: int
    answer: str
    right: bool
    cut: bool


class Text:
    """A text by its lines, of which as many are given as there is room for."""

    def __init__(self, text: str, respondents: Respondents) -> None:
        self._lines = [line.removeprefix("- ") for line in text.split("\n")]
        self._lengths = respondents.lengths([f"- {line}\n" for line in self._lines])
        self._words = [frozenset(_WORD.findall(line.casefold())) for line in self._lines]
        self._often = Counter(word for words in self._words for word in words)
        self._respondents = respondents

    def around(self, line: int | None, question: str, room: int) -> tuple[list[str], bool]:
        """The lines that fit into `room` tokens, around `line` or the likeliest one; and whether any had no room."""
        if sum(self._lengths) <= room:
            return self._given(0, len(self._lines)), False
        first = self._likeliest(question) if line is None else line
        last, left = first + 1, room - self._lengths[first]
        if left < 0:
            return [self._respondents.beginning(self._lines[first], room)], True
        while True:
            after = last < len(self._lines) and self._lengths[last] <= left
            left -= self._lengths[last] if after else 0
            last += after
            before = first > 0 and self._lengths[first - 1] <= left
            first -= before
            left -= self._lengths[first] if before else 0
            if not (before or after):
                return self._given(first, last), True

    def _given(self, first: int, last: int) -> list[str]:
        return [line for line in self._lines[first:last] if line.strip()]

    def _likeliest(self, question: str) -> int:
        asked = frozenset(_WORD.findall(question.casefold()))
        count = len(self._lines)

        def shared(place: int) -> float:
            return sum(math.log(1 + count / self._often[word]) for word in asked & self._words[place])

        return max(range(count), key=shared)


def answers(quiz: Quiz, respondents: Respondents) -> Iterator[Answer]:
    """Those that read alike many tokens come one after the other, the shortest first."""
    texts = {name: Text(text, respondents) for name, text in quiz.texts.items()}
    window = min(quiz.window or respondents.window, respondents.window)
    asked: list[tuple[int, Sequence[Message], bool]] = []
    for place, one in enumerate(quiz.questions):
        if one.context is None:
            asked.append((place, (Message("user", one.question),), False))
            continue
        least = respondents.length(_prompt((), one.question)) + respondents.length(one.value) + SPARE
        lines, cut = texts[one.context].around(one.line, one.question, max(0, window - least))
        asked.append((place, _prompt(lines, one.question), cut))
    asked.sort(key=lambda one: sum(len(message.content) for message in one[1]))
    while asked:
        many = max(1, min(32, _AT_ONCE // max(1, respondents.length(asked[0][1]))))
        batch, asked = asked[:many], asked[many:]
        values = [quiz.questions[place].value for place, _, _ in batch]
        found = respondents.answers(BASE, [prompt for _, prompt, _ in batch], values)
        for (place, _, cut), value, answer in zip(batch, values, found, strict=True):
            yield Answer(place, answer, gives(value, answer), cut)


def _prompt(lines: Sequence[str], question: str) -> tuple[Message, ...]:
    """In the layout that the product serves."""
    return Message("system", render(Blocks(recall=lines))), Message("user", question)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -I -m memsrv_consolidation.quiz")
    parser.add_argument("folder", type=Path, help=f"a folder with a {QUIZ}")
    folder: Path = parser.parse_args(arguments).folder
    quiz = from_dict(Quiz, json.loads((folder / QUIZ).read_text("utf-8")))
    set_for_libraries(quiz.threads)  # before torch is imported
    try:
        from memsrv_consolidation.device import offered, settle

        settle(quiz.threads, 0)
        respondents = Respondents(Path(quiz.base), {}, offered())
        with (folder / ANSWERS).open("w", encoding="utf-8") as file:
            for one in answers(quiz, respondents):
                told = {"place": one.place, "answer": one.answer, "right": one.right, "cut": one.cut}
                file.write(json.dumps(told) + "\n")
                file.flush()
    except ModuleNotFoundError as error:
        sys.stderr.write(f"asking a base needs {error.name}; run `pip install 'memsrv[serve]'`\n")
        return 1
    except MemsrvError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
