"""What a training is expected to take on machines that are not here: hours and memory, by `estimate`'s formula.

Arithmetic alone, so that a person can choose a base before any weights are downloaded. Knows no facts and no stores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from memsrv_consolidation import estimate
from memsrv_consolidation.device import described
from memsrv_consolidation.placement import COMPLETION, placement
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.shape import Shape


@dataclass(frozen=True, slots=True)
class Expected:
    """A training on one kind of machine. `fits`: its memory is enough, by the same formula."""

    machine: str
    weights: str
    bytes: int
    seconds: float
    fits: bool


def expected(shape: Shape, recipe: Recipe, tokens: float) -> tuple[Expected, ...]:
    """For `tokens` in all conversations of a run: read once by the teacher where there is one, trained each epoch."""
    return tuple(_on(machine, shape, recipe, tokens) for machine in estimate.MACHINES)


def _on(machine: estimate.Machine, shape: Shape, recipe: Recipe, tokens: float) -> Expected:
    device = described(machine.kind, machine.dtype == "bfloat16", machine.kind == "cuda", machine.memory)
    placed = placement(device, shape, recipe)
    supervised = COMPLETION if recipe.completion_only else 1.0
    work = estimate.operations(shape, tokens * recipe.epochs, placed.recompute, supervised)
    if recipe.top:  # the teacher reads all of it once, and nothing flows back
        work += 2 * tokens * (shape.linear + shape.vocabulary * shape.width * supervised)
    return Expected(machine.name, placed.weights, placed.bytes, round(estimate.seconds(machine, work), 1), placed.fits)


def of_texts(texts: Sequence[Sequence[str]], shape: Shape, recipe: Recipe) -> tuple[Expected, ...]:
    """The same for conversations, each the texts of its messages; no tokenizer is asked."""
    characters = sum(len(text) for one in texts for text in one)
    return expected(shape, recipe, estimate.tokens(characters, sum(len(one) for one in texts)))
