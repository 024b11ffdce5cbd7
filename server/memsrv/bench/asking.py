"""The paper's own measure: planted facts are asked of a base model with what is left in its context, by exact value.

Beside: asked of nothing, and of the passage in which the fact was said. A base reads what its window holds: of a longer
text a part, and how often that was so is counted. The model is in a process of its own; here is no torch.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from memsrv.bench.planted import Planted
from memsrv.environment import child_environment
from memsrv.errors import RunFailed, UnknownBase
from memsrv_consolidation.quiz import ANSWERS, QUIZ, Question, Quiz

NOTHING, EVIDENCE = "no context", "where it was said"
#: Seconds between two looks at how many are answered.
_LOOK = 0.25

#: How many questions are answered, of how many.
Told = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Base:
    """A base model in a folder. `window`: it reads at most so many tokens; None: as many as it can."""

    name: str
    path: Path
    python: str
    threads: int
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """Of the facts that were asked for in the contexts of one contestant, how many were answered with their value.

    `held` counts those whose value stands in the context, `cut` the contexts that did not fit the window.
    """

    contestant: str
    cycle: int  # 0: before any
    asked: int
    held: int
    right: int
    cut: int


@dataclass
class Sheet:
    """What will be asked."""

    each: int  # facts of a session
    texts: dict[str, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    of: list[tuple[str, int, bool]] = field(default_factory=list)

    def chosen(self, facts: Sequence[Planted]) -> list[Planted]:
        """As many of each kind, as far as there are."""
        kinds: dict[str, list[Planted]] = {}
        for fact in facts:
            kinds.setdefault(fact.kind.split()[-1], []).append(fact)
        return [fact for turn in zip_longest(*kinds.values()) for fact in turn if fact][: self.each]

    def add(self, contestant: str, cycle: int, facts: Sequence[Planted], text: str, held: Sequence[bool]) -> None:
        name = f"{len(self.texts)}"
        self.texts[name] = text
        for fact, is_held in zip(facts, held, strict=True):
            self.questions.append(Question(fact.question, fact.answer, name))
            self.of.append((contestant, cycle, is_held))

    def add_bounds(self, facts: Sequence[Planted], text: str) -> None:
        """What the base answers without any context, and with what was said around each fact."""
        name, lines = f"{len(self.texts)}", text.split("\n")
        self.texts[name] = text
        for fact in facts:
            said = fact.text.partition("\0")[0] if fact.kind in ("command", "error") else fact.values[-1]
            line = next((place for place, one in enumerate(lines) if said in one.replace('\\"', '"')), None)
            self.questions += [Question(fact.question, fact.answer), Question(fact.question, fact.answer, name, line)]
            self.of += [(NOTHING, 0, False), (EVIDENCE, 0, True)]

    def answered(self, found: Mapping[int, Mapping[str, bool]]) -> tuple[Answered, ...]:
        counts: dict[tuple[str, int], Counter[str]] = {}
        for place, (contestant, cycle, held) in enumerate(self.of):
            one = counts.setdefault((contestant, cycle), Counter())
            one.update(asked=1, held=held, right=found[place]["right"], cut=found[place]["cut"])
        order = sorted(counts, key=lambda key: (key[1], key[0] not in (NOTHING, "memsrv"), key[0]))
        return tuple(
            Answered(name, cycle, *(counts[name, cycle][what] for what in ("asked", "held", "right", "cut")))
            for name, cycle in order
        )


def asked(sheet: Sheet, base: Base, told: Told) -> tuple[Answered, ...]:
    """All questions of `sheet`, answered by `base`. RunFailed quotes the last words of a process that failed."""
    quiz = Quiz(str(base.path), base.threads, sheet.texts, tuple(sheet.questions), base.window)
    with TemporaryDirectory(prefix="memsrv-quiz-") as folder:
        made = Path(folder)
        (made / QUIZ).write_text(json.dumps(asdict(quiz)), "utf-8")
        _carry_out([base.python, "-I", "-m", "memsrv_consolidation.quiz", folder], made, len(quiz.questions), told)
        lines = map(json.loads, (made / ANSWERS).read_text("utf-8").splitlines())
        return sheet.answered({line["place"]: line for line in lines})


def _carry_out(command: Sequence[str], folder: Path, total: int, told: Told) -> None:
    log = folder / "log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, env=child_environment()) as child:
        try:
            while child.poll() is None:
                told(_lines(folder / ANSWERS), total)
                try:
                    child.wait(_LOOK)
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            child.kill()
            raise
    said = (log.read_text("utf-8", "replace").strip() or "without a word").splitlines()[-1]
    if child.returncode == UnknownBase.exit_code:
        raise UnknownBase(said)
    if child.returncode:
        raise RunFailed(f"asking the base ended with exit code {child.returncode}: {said}")
    told(total, total)


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0
