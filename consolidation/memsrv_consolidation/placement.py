"""How a base is trained on a device: precision, attention, what is computed again, batches, and over how many GPUs.

Decided from what the device says and the base's shape, by arithmetic alone: every branch can be asked for on a machine
that has none of it. Memory is a device's whole, not what is free just now: a run that is resumed while something else
is open has to train in the same batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from memsrv_consolidation.device import LARGE, Device
from memsrv_consolidation.estimate import Load, base_bytes, memory
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.shape import Shape

#: Of completions alone about so many tokens of an example are supervised, and have logits.
COMPLETION = 0.35
#: GPUs that train alone, each with a copy of the base, or with a part of it.
ONE, COPIES, SHARDS = "one", "copies", "shards"


@dataclass(frozen=True, slots=True)
class Placement:
    device: Device  # what each process has
    weights: str  # "float32", "bfloat16", "4bit"
    attention: str  # "sdpa", "flash_attention_2"
    recompute: bool
    optimizer: str
    micro: int  # examples at once on each GPU
    accumulation: int  # so often before a step: micro · accumulation · processes is the recipe's batch
    processes: int
    spread: str
    packing: bool  # several examples in one row without padding; only flash attention keeps them apart at no cost
    bytes: int  # at the peak of a step, on each GPU
    fits: bool  # by estimate; a training that does not is not refused: it is the machine that has the last word

    def load(self, length: int, trained: int, supervised: float) -> Load:
        return Load(self.weights, self.recompute, "8bit" in self.optimizer, self.micro, length, trained, supervised)


def placement(device: Device, shape: Shape, recipe: Recipe) -> Placement:
    """The first that fits: the base whole in the device's precision, then in parts, then in 4 bit.

    Each with the largest part of the batch at once; the smallest of all where nothing fits.
    """
    rows = [
        _placed(device, shape, recipe, weights, spread, micro, recompute)
        for weights, spread in _ways(device)
        for micro in _parts(recipe.batch // _processes(device, recipe))
        for recompute in ((True,) if shape.parameters >= LARGE else (False, True))
    ]
    return next((row for row in rows if row.fits), min(rows, key=lambda row: row.bytes))


def reading(device: Device, shape: Shape) -> str:
    """In which precision a base is loaded to answer: 4 bit where it would leave no room for what it reads."""
    whole = base_bytes(shape, device.dtype) > 0.8 * device.memory > 0
    return "4bit" if whole and device.four_bit else device.dtype


def _ways(device: Device) -> Sequence[tuple[str, str]]:
    ways = [(device.dtype, COPIES if device.count > 1 else ONE)]
    if device.count > 1:
        ways.append((device.dtype, SHARDS))
    if device.four_bit:
        ways.append(("4bit", COPIES if device.count > 1 else ONE))
    return ways


def _placed(
    device: Device, shape: Shape, recipe: Recipe, weights: str, spread: str, micro: int, recompute: bool
) -> Placement:
    processes = _processes(device, recipe)
    optimizer = device.optimizer(recipe.optimizer)
    load = Load(
        weights, recompute, "8bit" in optimizer, micro, recipe.max_length, shape.lora(recipe.rank, recipe.targets),
        COMPLETION if recipe.completion_only else 1.0,
    )  # fmt: skip
    needed = memory(shape, load)
    if spread == SHARDS:  # each holds its part, and one block whole while it computes it
        whole = base_bytes(shape, weights)
        needed += round(whole / processes + whole / shape.layers - whole)
    return Placement(
        device, weights, "flash_attention_2" if device.flash and weights != "float32" else "sdpa", recompute,
        optimizer, micro, recipe.batch // (micro * processes), processes, spread if processes > 1 else ONE,
        device.flash and weights != "float32", needed, not device.memory or needed <= device.memory,
    )  # fmt: skip


def _processes(device: Device, recipe: Recipe) -> int:
    """As many GPUs as share the batch evenly: one more would change what a step is."""
    return max(n for n in range(1, device.count + 1) if recipe.batch % n == 0)


def _parts(batch: int) -> list[int]:
    return [part for part in range(batch, 0, -1) if batch % part == 0]
