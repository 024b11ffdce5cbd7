"""`python -I -m memsrv_consolidation.bench.retention FOLDER`: the paper's experiment, cell by cell.

    scenarios → prepared by the server (store, compaction, recall) → reflect, train, ask → answers → results → figures

Consolidation is the product's own pipeline up to the trained adapter: a fresh one for each cycle, on all that was said
by then. A cell that has its answers is not done again; a training goes on from its checkpoint.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memsrv.errors import RunFailed
from memsrv_consolidation.answering import BASE, SPARE, Respondents
from memsrv_consolidation.bench import Told, carry_out
from memsrv_consolidation.bench.answers import Answer, Cell, answered, cells, is_kept, keep
from memsrv_consolidation.bench.conditions import Condition, Prepared, lines, prepared, prompt
from memsrv_consolidation.bench.consolidated import Training, adapter, told_of
from memsrv_consolidation.bench.questions import questions
from memsrv_consolidation.bench.results import concluded
from memsrv_consolidation.bench.telling import Telling, numbered
from memsrv_consolidation.device import offered, settle
from memsrv_consolidation.evaluate import spread
from memsrv_consolidation.run import read_json
from memsrv_consolidation.stop import Stop

ADAPTER = "adapter"
#: Tokens read at once, over all questions of a batch: what a laptop's memory holds of any small base.
_AT_ONCE = 16_384


def retention(order: dict[str, Any], root: Path, told: Told) -> dict[str, Any]:
    """What `order` asks for (docs/contracts.md), as `results.concluded` gives it."""
    settle(order["threads"], 0)
    todo = cells(order)
    bench, failed = _Bench(order, root, told, len(todo)), list[dict[str, str]]()
    try:
        with bench.stop.heeded():
            for place, cell in enumerate(todo):
                told(cell.title, place, len(todo))
                if not is_kept(cell, root):
                    try:
                        bench.fill(cell, place)
                    except RunFailed as error:  # one that cannot be trained says nothing against the others
                        failed.append({"cell": cell.title, "why": str(error)})
    finally:
        bench.close()
    told("results", len(todo), len(todo))
    return {**concluded(root, order), "failed": failed}


class _Bench:
    """One process: what is loaded answers all the cells that ask for it."""

    def __init__(self, order: dict[str, Any], root: Path, told: Told, of: int) -> None:
        self._root, self._told, self._of, self._window = root, told, of, order["window"]
        self._training = Training(
            order["base"], order["base_path"], order["base_hash"], order["threads"], order["epochs"]
        )
        self.stop = Stop()
        self._speaking: tuple[Path | None, Respondents] | None = None
        self._given: dict[str, Prepared] = {}

    def fill(self, cell: Cell, place: int) -> None:
        """Train what the cell needs, ask its questions, and keep the answers."""
        if cell.scenario not in self._given:
            self._given[cell.scenario] = prepared(self._root / cell.scenario)
        given, whose = self._given[cell.scenario], _trained(cell)
        trained: dict[str, Any] = {}
        if whose is not None:
            run = whose.run(self._root)
            if not run.adapter.exists():
                self.close()  # one model at a time in memory
                pace = Telling(run, self._told, numbered(cell.title, place, self._of))
                adapter(run, whose, given, self._training, pace, self.stop.saving_itself)
            respondents = self._respondents(run.adapter)
            trained = told_of(run, read_json(run.adapter / "training.json"), respondents)
            if cell.condition.trains:
                trained["ce"] = _cross_entropy(respondents, given)
        else:
            respondents = self._respondents(None)
        found = _answers(respondents, cell.condition, given, self._window)
        keep(cell, self._root, found, trained)

    def close(self) -> None:
        if self._speaking is not None:
            self._speaking[1].close()
            self._speaking = None

    def _respondents(self, folder: Path | None) -> Respondents:
        if self._speaking is None or self._speaking[0] != folder:
            self.close()
            adapters = {ADAPTER: folder} if folder else {}
            self._speaking = folder, Respondents(Path(self._training.path), adapters, offered())
        return self._speaking[1]


def _trained(cell: Cell) -> Cell | None:
    """The cell whose adapter answers; one with retrieval takes that of the strategy alone."""
    condition = cell.condition
    if condition.strategy is None or condition.trains:
        return cell if condition.strategy else None
    return replace(cell, condition=Condition(condition.strategy, condition.cycle, None, condition.strategy))


def _first_kept(lengths: Sequence[int], excess: int) -> int:
    """How many of the oldest lines have to go, to be `excess` tokens shorter."""
    gone = 0
    for place, length in enumerate(lengths, 1):
        gone += length
        if gone >= excess:
            return place
    return len(lengths)


def _cross_entropy(respondents: Respondents, given: Prepared) -> dict[str, float]:
    """Of the expected answers' tokens, without any context."""
    asked = [question for question in questions(given.scenario) if question.value is not None]
    return spread(respondents.losses(ADAPTER, [prompt((), one) for one in asked], [one.expected for one in asked]))


def _answers(respondents: Respondents, condition: Condition, given: Prepared, window: int | None) -> list[Answer]:
    """Of each question, in their order. Those that read alike many tokens are put together."""
    name = ADAPTER if condition.strategy else BASE
    asked = questions(given.scenario)
    room = min(window or respondents.window, respondents.window)
    prompts, tokens, cut = [], [], []
    for question in asked:
        before = lines(condition, given, question)
        whole = len(before)
        least = respondents.length(question.expected or "") + SPARE
        while (size := respondents.length(prompt(before, question))) + least > room and before:
            before = before[_first_kept(respondents.lengths(before), size + least - room) :]
        prompts.append(prompt(before, question))
        tokens.append(size)
        cut.append(whole - len(before))
    said = [""] * len(asked)
    order = sorted(range(len(asked)), key=tokens.__getitem__)
    while order:
        many = max(1, min(32, _AT_ONCE // max(1, tokens[order[0]])))
        batch, order = order[:many], order[many:]
        expected = [asked[place].expected for place in batch]
        for place, text in zip(batch, respondents.answers(name, [prompts[p] for p in batch], expected), strict=True):
            said[place] = text
    return [
        answered(question, text, size, left)
        for question, text, size, left in zip(asked, said, tokens, cut, strict=True)
    ]


if __name__ == "__main__":
    sys.exit(carry_out("retention", retention, sys.argv[1:]))
