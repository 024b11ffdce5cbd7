"""The gate: every check with its figure and its bound. All must pass, or what was live stays live.

Reads what the stages wrote; asks no model. A refusal says which promise would have been broken.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memsrv.redact import Redactor
from memsrv_consolidation.audit import audit_run
from memsrv_consolidation.run import Run

#: Points of recall that the weights must add to the bare base.
GAIN = 0.20
#: Points of an old skill that may be lost.
SLACK = 0.10
#: Points of declining what nobody recorded that may be lost. Wider: a base of 4 M parameters that is taught to answer
#: answers more than it should (measured: .96 -> .88 with its preset); what is served shows memory beside the answer.
UNKNOWN_SLACK = 0.25

PROMOTE, REFUSE, NOTHING = "promote", "refuse", "nothing"


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: whether it held, the figure, the bound it was held to, and what that means."""

    name: str
    passed: bool
    figure: float
    bound: float
    means: str


@dataclass(frozen=True, slots=True)
class Verdict:
    verdict: str
    reason: str
    checks: tuple[Check, ...]


def decide(run: Run, evaluation: Mapping[str, Any], canaries: Sequence[str], redactor: Redactor) -> Verdict:
    """Promote or refuse, with every check."""
    checks = (*recall(evaluation), *skills(evaluation), *weights(run.adapter), secrets(run, canaries, redactor))
    failed = [check for check in checks if not check.passed]
    if failed:
        reason = "; ".join(f"{check.name} is {check.figure:g}, must be {check.means}" for check in failed)
        return Verdict(REFUSE, reason, checks)
    gained = evaluation["closed_book"]["candidate"]["all"] - evaluation["closed_book"]["base"]["all"]
    return Verdict(PROMOTE, f"recalls {gained * 100:.0f} points more than the base; every check passed", checks)


def recall(evaluation: Mapping[str, Any]) -> Iterator[Check]:
    """Closed-book recall, over all held-out wordings, against the bare base and what is live."""
    closed = evaluation["closed_book"]
    figure, n = closed["candidate"]["all"], evaluation["asked"]["fact"]
    low, high = interval(figure, n)
    said = f"of {n} questions; 95 % interval {low:.2f}–{high:.2f}"
    bound = round(min(closed["base"]["all"] + GAIN, 1.0), 4)
    yield Check("recall over base", figure >= bound, figure, bound, f"at least the base's + {GAIN:.2f} ({said})")
    if "current" in closed:
        bound = closed["current"]["all"]
        yield Check("recall over current", figure >= bound, figure, bound, f"at least the live version's ({said})")


def skills(evaluation: Mapping[str, Any]) -> Iterator[Check]:
    """What the base could do and the candidate must still do."""
    for name, key, slack, what in (
        ("reading in context", "in_context", SLACK, "reading recorded facts from the context"),
        ("reading fresh facts", "fresh", SLACK, "reading facts that nobody was trained on"),
        ("unknowns", "unknown", UNKNOWN_SLACK, "saying that something is not recorded"),
    ):
        base, figure = evaluation[key]["base"], evaluation[key]["candidate"]
        n = evaluation["asked"].get(key, evaluation["asked"]["fact"])
        low, high = interval(figure, n)
        bound = round(max(base - slack, 0.0), 4)
        means = f"at least the base's - {slack:.2f}: {what} (of {n}; 95 % interval {low:.2f}–{high:.2f})"
        yield Check(name, figure >= bound, figure, bound, means)


def weights(adapter: Path) -> Iterator[Check]:
    """Whether the weights are numbers, and not those that training began with."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(adapter / "adapter_model.safetensors")
    broken = sum(int((~torch.isfinite(tensor)).sum()) for tensor in tensors.values())
    yield Check("weights finite", broken == 0, broken, 0, "no value that is infinite or not a number")
    # LoRA's B begins at zero: whatever it holds, training put there.
    moved = sum(float(t.float().norm()) for name, t in tensors.items() if "lora_B" in name and torch.isfinite(t).all())
    yield Check("weights moved", moved > 0, round(moved, 4), 0, "more than 0: the norm of what training changed")


def secrets(run: Run, canaries: Sequence[str], redactor: Redactor) -> Check:
    """No secret, and no planted canary, in any byte of what the run wrote."""
    found = audit_run(run, canaries, redactor)
    count = sum(one.count for one in found.found)
    return Check("secrets", found.clean, count, 0, f"0 in every byte that the run wrote: {found}")


def interval(rate: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval: how far a rate over `n` questions can be trusted."""
    if n == 0:
        return 0.0, 1.0
    z = 1.96
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
