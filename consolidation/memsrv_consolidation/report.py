"""The run's report: what was ordered, learned, measured and decided, in the shape of docs/contracts.md."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Fact, to_dict
from memsrv_adapters.base import Base, resolve
from memsrv_adapters.version import EXTEND, REBUILD
from memsrv_consolidation.costs import Costs
from memsrv_consolidation.decide import Verdict
from memsrv_consolidation.extension import parted
from memsrv_consolidation.internalise import internalise
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.run import Order, Run, read_json, write_json
from memsrv_consolidation.teachers.exchanges import summary
from memsrv_consolidation.teachers.ledger import Prices


def base_of(order: Order) -> Base:
    """The base that was ordered. Its place is in the order; a run that came from elsewhere looks it up by name."""
    if order.base_path and order.base_hash and Path(order.base_path).is_dir():
        return Base(order.base, Path(order.base_path), order.base_hash)
    return resolve(order.base)


def nothing_new(order: Order, facts: Sequence[Fact]) -> str | None:
    """Why there is nothing to train, or None: no fact that may enter weights, or exactly those that are live."""
    entering = internalise(facts, order.internalise)
    asked = {fact.id: fact.text for fact in entering.all}
    if not asked and entering.left_out:
        return f"nothing to learn: what may be trained on stays in memory alone ({entering.left_out[0].why})"
    if not asked:
        return f"nothing to learn: none of {len(facts)} facts is trusted and has a subject and a value"
    if order.current is None:
        return None
    if order.extend:
        new, old = parted(order, facts)
        said = f"nothing new to learn: {order.current.version} was trained on the same {len(old)} facts"
        return None if new else said
    manifest = Path(order.current.path) / "manifest.json"
    if not manifest.exists():
        return None
    known = read_json(manifest)
    same = (known.get("base_hash"), known.get("strategy")) == (base_of(order).hash, order.strategy)
    if same and {row["id"]: row["text"] for row in known.get("facts", [])} == asked:
        return f"nothing new to learn: {order.current.version} was trained on the same {len(asked)} facts"
    return None


def write(run: Run, recipe: Recipe, base_hash: str, verdict: Verdict, costs: Costs) -> None:
    """Write `report.json`: with it the run is done."""
    order = run.order
    facts = run.facts()
    conversations = run.conversations() if run.conversations_file.exists() else []
    trained = {id for conversation in conversations for id in conversation.facts}
    training: dict[str, Any] = read_json(run.adapter / "training.json") if run.adapter.exists() else {}
    write_json(
        run.report_file,
        {
            "run": order.id,
            "project": order.project,
            "base": order.base,
            "base_hash": base_hash,
            "strategy": order.strategy,
            "preset": {"name": recipe.name, "reason": recipe.reason, **_numbers(recipe)},
            "seed": order.seed,
            "built": {
                "how": EXTEND if order.extend else REBUILD,
                "parent": order.current.version if order.extend and order.current else None,
                "why": order.not_extended or None,
            },
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "checks": to_dict(verdict.checks),
            "facts": {
                "total": len(facts),
                "trained": len(trained),
                "without_subject": sum(not (f.subject and f.relation and f.value) for f in facts),
                "untrusted": sum(not f.trust.trainable and not f.approved for f in facts),
                "approved": sum(f.approved for f in facts),
                "left_out": to_dict(internalise(facts, order.internalise).left_out),
                "by_kind": dict(sorted(Counter(str(f.kind) for f in facts if f.id in trained).items())),
                **costs.notes.get("left_out", {}),
            },
            "conversations": {
                "total": len(conversations),
                "by_about": dict(sorted(Counter(c.about for c in conversations).items())),
                "by_style": dict(sorted(Counter(c.style for c in conversations if c.about == "fact").items())),
                **costs.notes.get("synthesis", {}),
            },
            "long_term": costs.notes.get("long_term", {}),
            "teacher": _teacher(run),
            "training": training,
            "evaluation": read_json(run.evaluation_file) if run.evaluation_file.exists() else {},
            "seconds": costs.seconds,
            "peak_mib": costs.peak_mib,
        },
    )


def _teacher(run: Run) -> dict[str, Any] | None:
    order = run.order.teacher
    if order is None:
        return None
    prices = Prices(order.usd_per_million_input, order.usd_per_million_output)
    asked = summary(run.teacher_file, prices)
    return {"name": order.name, "model": order.model, **asked, "stopped": asked["stopped"] or order.lacks or None}


def _numbers(recipe: Recipe) -> dict[str, Any]:
    return {name: value for name, value in to_dict(recipe).items() if name not in ("name", "reason")}
