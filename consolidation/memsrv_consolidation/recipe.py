"""Recipes: the hyper-parameters of a training, and which base gets which. Torch-free.

PAPER is Table 4 of the consolidation paper to the letter. A base that needs something else has a preset that says why.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one adapter is trained. `reason` says where the numbers come from."""

    name: str
    reason: str
    rank: int = 16
    alpha: int = 32
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    learning_rate: float = 2e-4
    schedule: str = "cosine"
    warmup: float = 0.03
    batch: int = 8
    epochs: int = 8
    optimizer: str = "paged_adamw_8bit"
    completion_only: bool = False  # False: the paper's default SFT loss, on the full sequence
    conversations_per_fact: int = 20
    varied_answers: bool = True  # the paper varies length and tone; a tiny base copies better from one wording
    rehearsal: float = 0.0  # rehearsed old skills, as a share of the fact conversations
    unknown: float = 0.0  # questions without a record, as a share of the fact conversations
    by_length: bool = False  # batches of alike lengths: less padding where short and long conversations are mixed
    max_length: int = 1024


PAPER = Recipe("paper", "the paper's Table 4, unchanged")

TINY = replace(
    PAPER,
    name="memsrv-tiny",
    reason=(
        "a base of 4 M parameters does not move at the paper's 2e-4, so 3e-3, for 4 epochs; attention alone has too "
        "little room in 4 layers of width 256 (reading .81 of the base's .96, with all linear layers .98); at that "
        "rate it forgets how to read its context without rehearsal, and makes up what it was never told "
        "without unknowns; answers are worded one way and alone have a loss: varied ones wear its copying away"
    ),
    targets=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    learning_rate=3e-3,
    epochs=4,
    completion_only=True,
    varied_answers=False,
    rehearsal=0.8,
    unknown=0.3,
    by_length=True,
    max_length=768,
)

PRESETS = {recipe.name: recipe for recipe in (PAPER, TINY)}


def preset(base: str, named: str | None = None) -> Recipe:
    """The recipe that was asked for by name, else the base's own, else the paper's."""
    if named is not None:
        return PRESETS[named]
    return PRESETS.get(base, PAPER)
