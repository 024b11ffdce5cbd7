"""Whether an adapter costs its base what the world measures models by: tasks of lm-eval, put to both, paired by item.

Only what lies on this machine is asked: nothing is downloaded, and a data set that is not here is named. A task that
runs what a model wrote (HumanEval does) is refused unless that was allowed. lm_eval is imported inside the functions.
"""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from memsrv.environment import keep_offline
from memsrv.errors import NotFound, UsageError
from memsrv_consolidation.answering import BASE
from memsrv_consolidation.bench import Told, carry_out
from memsrv_consolidation.exact import pairs

ADAPTER = "adapter"
#: Verdicts of a task: more is lost than may be; the interval lies above the bound; neither is shown.
LOST, HELD, OPEN = "lost", "held", "inconclusive"
#: Scores of an item that tell most, the first that is there.
METRICS = ("exact_match", "pass@1", "acc", "prompt_level_strict_acc", "f1")

#: By task and item: what an answer scored.
Scores = Mapping[str, Mapping[str, float]]


def judged(before: Scores, after: Scores, bound: float) -> list[dict[str, Any]]:
    """A row for each task and one for all of their items: the change with its interval, and what that shows."""
    rows = [
        _row(task, [(scores[item], after[task][item]) for item in scores], bound) for task, scores in before.items()
    ]
    if len(rows) > 1:
        every = [(scores[item], after[task][item]) for task, scores in before.items() for item in scores]
        rows.append(_row("all", every, bound))
    return rows


def _row(task: str, marks: Sequence[tuple[float, float]], bound: float) -> dict[str, Any]:
    change, interval, p = _change(marks)
    verdict = LOST if change < -bound else HELD if interval[0] >= -bound else OPEN
    return {
        "task": task, "n": len(marks), "base": fmean(a for a, _ in marks), "adapter": fmean(b for _, b in marks),
        "change": change, "interval": interval, "p": p, "verdict": verdict,
    }  # fmt: skip


def _change(marks: Sequence[tuple[float, float]]) -> tuple[float, tuple[float, float], float | None]:
    """The mean change, its 95 % interval, and the exact p where items are right or wrong."""
    if all(score in (0.0, 1.0) for mark in marks for score in mark):
        counted = pairs((a == 1.0, b == 1.0) for a, b in marks)
        return counted.change, counted.interval, counted.p
    changes = [b - a for a, b in marks]
    half = 1.96 * stdev(changes) / math.sqrt(len(changes)) if len(changes) > 1 else 1.0
    return fmean(changes), (fmean(changes) - half, fmean(changes) + half), None


def scores(samples: Mapping[str, Sequence[Mapping[str, Any]]], higher: Mapping[str, Mapping[str, bool]]) -> Scores:
    """What lm-eval logged of each item, by task: its first filter, and the metric that tells most.

    UsageError where a task has none of which more is better for each item: perplexities are of whole corpora.
    """
    found: dict[str, dict[str, float]] = {}
    for task, rows in samples.items():
        better = {name for name, is_better in higher.get(task, {}).items() if is_better}
        names = [name for name in rows[0]["metrics"] if name in better and isinstance(rows[0][name], int | float)]
        if not names:
            raise UsageError(f"the task {task} scores no single item, so that nothing can be paired; leave it out")
        name = next((known for known in METRICS if known in names), names[0])
        kept = rows[0]["filter"]
        found[task] = {str(row["doc_id"]): float(row[name]) for row in rows if row["filter"] == kept}
    return found


def loaded(names: Sequence[str], include: str | None, code: bool) -> tuple[Any, dict[str, Any]]:
    """lm-eval's tasks by these names; what cannot be asked is refused here, before a model is loaded."""
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=include, include_defaults=False)
    if any(name not in manager.task_index for name in names):
        manager = TaskManager(include_path=include)  # reads thousands of files
    unknown = [name for name in names if name not in manager.task_index]
    if unknown:
        near = [name for name in manager.all_tasks if unknown[0].casefold() in name.casefold()][:5]
        known = f"; near: {', '.join(near)}" if near else ""
        raise UsageError(f"lm-eval has no task {unknown[0]}{known}; `lm-eval ls tasks` lists them")
    found: dict[str, Any] = {}
    for name in names:
        try:
            found |= manager.load([name])["tasks"]
        except (OSError, ValueError, ImportError) as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise NotFound(
                f"what the task {name} needs is not on this machine ({said}); while online, fetch it with "
                f"`{fetching(manager, name)}`, or leave the task out"
            ) from error
    risky = [name for name, task in found.items() if getattr(task, "UNSAFE_CODE", False)]
    if risky and not code:
        raise UsageError(
            f"the task {risky[0]} runs what a model wrote on this machine; allow it with --allow-code, in a container"
        )
    return manager, found


def fetching(manager: Any, name: str) -> str:
    """The command that brings the data of a task here, as far as the task's entry tells where it is from."""
    path = getattr(manager.task_index[name], "yaml_path", None)
    said = re.search(r"^dataset_path:\s*(\S+/\S+)", Path(path).read_text("utf-8"), re.M) if path else None
    if said:
        return f"hf download --repo-type dataset {said[1]}"
    return f"lm-eval run --model dummy --tasks {name} --limit 1"


def guard(order: dict[str, Any], folder: Path, told: Told) -> dict[str, Any]:
    """`order`: base, adapter (paths), tasks, limit, include (a folder of tasks), code, bound, seed, threads."""
    keep_offline(order["code"])
    manager, tasks = loaded(order["tasks"], order["include"], order["code"])

    import lm_eval
    from lm_eval.models.huggingface import HFLM

    from memsrv_consolidation.device import load, offered, settle

    settle(order["threads"], order["seed"])
    model, tokenizer = load(Path(order["base"]), offered())
    model.load_adapter(order["adapter"])
    model.eval()
    found: dict[str, Scores] = {}
    for place, name in enumerate((BASE, ADAPTER)):
        told(f"{len(tasks)} tasks, {name}", place, 2)
        (model.enable_adapters if name == ADAPTER else model.disable_adapters)()
        asked = lm_eval.simple_evaluate(
            model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=order["batch"]),
            tasks=list(tasks.values()),
            task_manager=manager,  # its own would read all of lm-eval's
            limit=order["limit"],
            bootstrap_iters=0,
            log_samples=True,
            confirm_run_unsafe_code=order["code"],
        )
        assert asked is not None  # of the first process of several, which we are
        found[name] = scores(asked["samples"], asked["higher_is_better"])
    rows = judged(found[BASE], found[ADAPTER], order["bound"])
    return {"bound": order["bound"], "rows": rows, "lost": [row["task"] for row in rows if row["verdict"] == LOST]}


if __name__ == "__main__":
    sys.exit(carry_out("guard", guard, sys.argv[1:]))
