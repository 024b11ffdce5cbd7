"""The gate: every check with its figure and its bound. All must pass, or what was live stays live.

Reads what the stages wrote; asks no model. A refusal says which promise would have been broken, and by how much.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from memsrv.redact import Redactor
from memsrv_adapters.weights import hashes
from memsrv_consolidation import promises
from memsrv_consolidation.audit import audit_run
from memsrv_consolidation.checks import Check, at_least, none_of
from memsrv_consolidation.run import Run, read_json

PROMOTE, REFUSE, NOTHING = "promote", "refuse", "nothing"
#: What the checks are about, in the order they are told.
TRAINING, SECRETS = "the training", "secrets"


@dataclass(frozen=True, slots=True)
class Verdict:
    verdict: str
    reason: str
    checks: tuple[Check, ...]


def decide(run: Run, evaluation: Mapping[str, Any], canaries: Sequence[str], redactor: Redactor) -> Verdict:
    """Promote or refuse, with every check."""
    checks = (
        *training(run, evaluation),
        *weights(run.adapter),
        *promises.recall(evaluation, standing(run)),
        *promises.memory(evaluation),
        *promises.skills(evaluation),
        *secrets(run, evaluation, canaries, redactor),
    )
    failed = [check for check in checks if not check.passed]
    if failed:
        reason = "; ".join(f"{check.name} is {check.figure:g}, not {check.bound:g}: {check.short}" for check in failed)
        return Verdict(REFUSE, reason, checks)
    closed = evaluation["closed_book"]
    gained = closed["candidate"]["all"] - closed["base"]["all"]
    return Verdict(PROMOTE, f"recalls {gained * 100:.0f} points more than the base; every check passed", checks)


def standing(run: Run) -> promises.Standing:
    """What the live version was trained on, and which facts must not be lost."""
    facts = {fact.id: fact for fact in run.facts()}
    live = run.order.current
    manifest = Path(live.path) / "manifest.json" if live else None
    known = read_json(manifest).get("facts", []) if manifest and manifest.exists() else []
    old = {row["id"] for row in known if row["id"] in facts and facts[row["id"]].text == row["text"]}
    must = {id for id in run.graduated() if id in facts} | {fact.id for fact in facts.values() if fact.approved}
    return promises.Standing(
        frozenset(old), len(known) - len(old), frozenset(must), {id: fact.text for id, fact in facts.items()}
    )


def training(run: Run, evaluation: Mapping[str, Any]) -> Iterator[Check]:
    """Whether what was measured is what was trained, and whether there was anything to train on and to ask."""
    measured, now = evaluation.get("adapter", {}), hashes(run.adapter)
    differ = [name for name in now if measured.get(name) != now[name]]
    yield none_of(
        "measured as trained", TRAINING, len(differ), "files that are not those that were measured", len(now),
        f"another adapter was measured: {', '.join(differ)} differ",
    )  # fmt: skip
    about = sum(bool(conversation.facts) for conversation in run.conversations())
    yield at_least("trained on", TRAINING, about, 1, "conversations about facts", about)
    told = read_json(run.adapter / "training.json")
    yield at_least("steps", TRAINING, told.get("steps", 0), 1, "updates of the weights")
    losses = [row for row in told.get("losses", ()) if isinstance(row, int | float)]
    if len(losses) > 1 and all(map(math.isfinite, losses)):
        fell = round(losses[0] - losses[-1], 4)
        means = f"more than 0: how far the loss fell, from {losses[0]:g} to {losses[-1]:g}"
        yield Check(
            "loss moved", fell > 0, fell, 0, means, TRAINING, len(losses), "" if fell > 0 else "nothing learned"
        )
    else:
        bad = sum(not math.isfinite(loss) for loss in losses)
        yield none_of("loss finite", TRAINING, bad, "losses that are no number", len(losses))
    asked = evaluation["asked"].get("fact", 0)
    yield at_least("asked", TRAINING, asked, 1, "questions about what was trained", asked)
    changed = evaluation.get("changed", {}).get("furthest", 0.0)
    yield Check(
        "changes answers", changed > promises.SAME, changed, promises.SAME,
        "more than rounding: the largest change of any logit in an answer about a trained fact", TRAINING,
        evaluation.get("changed", {}).get("tokens"), "" if changed > promises.SAME else "it answers as the base does",
    )  # fmt: skip


def weights(adapter: Path) -> Iterator[Check]:
    """Whether the weights are numbers, and not those that training began with."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(adapter / "adapter_model.safetensors")
    broken = sum(int((~torch.isfinite(tensor)).sum()) for tensor in tensors.values())
    size = sum(tensor.numel() for tensor in tensors.values())
    means = "values that are infinite or not a number"
    yield none_of("weights finite", TRAINING, broken, means, size, f"{broken} of {size} values are no numbers")
    # LoRA's B begins at zero: whatever it holds, training put there.
    moved = sum(float(t.float().norm()) for name, t in tensors.items() if "lora_B" in name and torch.isfinite(t).all())
    moved = round(moved, 4)
    means = "more than 0: the norm of what training changed"
    yield Check("weights moved", moved > 0, moved, 0, means, TRAINING, size, "" if moved > 0 else "nothing changed")


def secrets(run: Run, evaluation: Mapping[str, Any], canaries: Sequence[str], redactor: Redactor) -> Iterator[Check]:
    """No secret, and no planted canary, in any byte of what the run wrote; and none that the weights know."""
    asked = evaluation.get("canaries", {})
    known = asked.get("written", 0) + asked.get("known", 0)
    planted = asked.get("planted", 0)
    check = none_of(
        "secrets in weights", SECRETS, known, f"of {planted} planted secrets, those that the adapter goes on with or "
        "finds likelier than the same letters in another order", planted, f"the adapter knows {known} of {planted}",
    )  # fmt: skip
    if planted < len(canaries):
        check = replace(check, passed=False, short=f"only {planted} of {len(canaries)} were looked for")
    yield check
    found = audit_run(run, canaries, redactor)
    count = sum(one.count for one in found.found)
    yield none_of("secrets", SECRETS, count, f"in every byte that the run wrote: {found}", found.files, f"{found}")
