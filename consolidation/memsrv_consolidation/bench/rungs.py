"""The rungs of the ladder: from the paper's training to ours, a change at a time; and variants of what is shipped.

A rung is a recipe and a strategy, derived from those of the base: what a base needs at all (its rate, its batch) holds
on every rung. What ours leaves out for a base is tried all the same, as DISTIL has it. Torch-free; trains nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from memsrv.errors import UsageError
from memsrv_consolidation.recipe import DEFAULTS, DISTIL, NAMED, PAPER, Recipe, preset

#: What a base needs whatever it is taught.
NEEDED = ("rank", "alpha", "learning_rate", "schedule", "warmup", "batch", "optimizer")
_NOT_COMPARED = ("name", "reason")


@dataclass(frozen=True, slots=True)
class Step:
    """One more change: to these fields of the recipe; a recipe's field that none names changes with the last."""

    name: str
    adds: str
    changes: tuple[str, ...] = ()
    strategy: str | None = None  # None: as before


STEPS = (
    Step("A0", "the paper: attention, full sequence", strategy="paper"),
    Step("A1", "completion only", ("completion_only", "by_length")),
    Step("A2", "all linear layers, fewer epochs", ("targets", "layers", "epochs")),
    Step("A3", "distillation", ("top", "hard", "value_weight", "gap_floor"), strategy="distil"),
    Step(
        "A4", "self-study coverage",
        ("own_answers", "varied_answers", "conversations_per_fact", "cards", "hints_removed", "answer_share"),
    ),
    Step("A5", "selection and repair", ("select_each", "repair_rounds", "repair_each")),
    Step("A6", "rehearsal and unknowns", ("rehearsal", "rehearsal_questions", "unknown", "near_misses", "max_length")),
    Step("A7", "memory present", ("memory_present", "memory_irrelevant", "memory_contradicting", "logged")),
    Step("A8", "held back where it would move other answers", ("selective", "laplace", "withheld", "facts_first")),
)  # fmt: skip
SHIPPED = "default"


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to train, as a row of the table. `group`: ladder, presets, ranks or wordings."""

    name: str
    adds: str
    strategy: str
    recipe: Recipe
    group: str = "ladder"

    def same(self, other: "Rung") -> bool:
        """Whether both train alike, by whatever name."""
        return self.strategy == other.strategy and not differing(self.recipe, other.recipe)


def differing(one: Recipe, other: Recipe) -> dict[str, tuple[Any, Any]]:
    """The fields in which two recipes differ, with both values."""
    return {
        field.name: (getattr(one, field.name), getattr(other, field.name))
        for field in fields(Recipe)
        if field.name not in _NOT_COMPARED and getattr(one, field.name) != getattr(other, field.name)
    }


def ladder(base: str) -> list[Rung]:
    """All rungs for `base`, the paper's first."""
    ours = preset(base, "distil")
    recipe = replace(PAPER, **{name: getattr(ours, name) for name in NEEDED})
    found: list[Rung] = []
    strategy = "paper"
    for step in STEPS:
        changes = step.changes if step is not STEPS[-1] else _rest(recipe)
        strategy = step.strategy or strategy
        recipe = replace(
            recipe, name=f"ladder-{step.name}", reason=step.adds, **{name: _on(ours, name) for name in changes}
        )
        found.append(Rung(step.name, step.adds, strategy, recipe))
    return found


def shipped(base: str, strategy: str) -> Rung:
    """What a consolidation does today with this setting."""
    recipe = replace(preset(base, strategy), name=f"ladder-{SHIPPED}")
    return Rung(SHIPPED, f"what is shipped: `{strategy}`", strategy, recipe)


def presets(base: str) -> list[Rung]:
    """`distil` by the recipes that a person can name for `base`, beside those that strategies have of themselves."""
    own = {preset(base, strategy).name for strategy in DEFAULTS}
    return [
        Rung(name.partition("/")[2], f"`--preset {name}`", "distil", recipe, "presets")
        for name, recipe in NAMED.items()
        if name.startswith(f"{base}/") and name not in own
    ]


def of_ranks(of: Rung, ranks: Sequence[int]) -> list[Rung]:
    """`of` in other ranks, alpha with them."""
    scale = of.recipe.alpha / of.recipe.rank
    return [
        replace(
            of, name=f"rank {rank}", adds="", group="ranks",
            recipe=replace(of.recipe, name=f"ladder-rank-{rank}", rank=rank, alpha=max(1, round(scale * rank))),
        )
        for rank in ranks
    ]  # fmt: skip


def of_wordings(of: Rung, wordings: Sequence[int]) -> list[Rung]:
    """`of` with other numbers of wordings a fact."""
    return [
        replace(
            of, name=f"wordings {many}", adds="", group="wordings",
            recipe=replace(of.recipe, name=f"ladder-wordings-{many}", conversations_per_fact=many),
        )
        for many in wordings
    ]  # fmt: skip


def chosen(
    base: str,
    strategy: str,
    *,
    rungs: Sequence[str] | None,
    ranks: Sequence[int],
    wordings: Sequence[int],
    epochs: float | None = None,
) -> list[Rung]:
    """The rows that were asked for, what is shipped always among them; `epochs` in place of their own."""
    every = [*ladder(base), *presets(base)]
    known = [rung.name for rung in every]
    if unknown := [name for name in rungs or () if name not in known]:
        raise UsageError(f"there is no rung {unknown[0]}; known: {', '.join(known)}")
    default = shipped(base, strategy)
    found = [
        *(rung for rung in every if rungs is None or rung.name in rungs),
        default,
        *of_ranks(default, ranks),
        *of_wordings(default, wordings),
    ]
    if epochs is None:
        return found
    return [replace(rung, recipe=replace(rung.recipe, epochs=epochs)) for rung in found]


def _on(ours: Recipe, name: str) -> Any:
    """The value of a change that is made: ours, or DISTIL's where ours leaves the base as the paper has it."""
    own = getattr(ours, name)
    return own if own != getattr(PAPER, name) else getattr(DISTIL, name)


def _rest(recipe: Recipe) -> tuple[str, ...]:
    """Every field that no step before the last has changed."""
    before = {name for step in STEPS[:-1] for name in step.changes}
    held = {*before, *NEEDED, *_NOT_COMPARED}
    return tuple(field.name for field in fields(recipe) if field.name not in held)
