"""Recipes: the hyper-parameters of a training, and which base gets which for which strategy. Torch-free.

PAPER is Table 4 of the consolidation paper to the letter. A base that needs something else has a preset that says why.
"""

from dataclasses import dataclass, replace

from memsrv.errors import UsageError


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one adapter is trained. `reason` says where the numbers come from."""

    name: str
    reason: str
    rank: int = 16
    alpha: int = 32
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj")
    layers: float = 1.0  # the share of layers, from the top, that the adapter changes
    learning_rate: float = 2e-4
    schedule: str = "cosine"
    warmup: float = 0.03
    batch: int = 8
    epochs: float = 8
    optimizer: str = "paged_adamw_8bit"
    completion_only: bool = False  # False: the paper's default SFT loss, on the full sequence
    conversations_per_fact: int = 20
    varied_answers: bool = True  # the paper varies length and tone; a tiny base copies better from one wording
    # Shares of the fact conversations that come beside them:
    rehearsal: float = 0.0  # old skills
    unknown: float = 0.0  # questions without a record
    memory_present: float = 0.0  # the fact itself stands in memory
    memory_irrelevant: float = 0.0  # something else stands there, and the fact is known all the same
    memory_contradicting: float = 0.0  # a newer value stands there, and wins
    logged: float = 0.0  # turns of the sessions themselves that went well, with the memory of that day
    near_misses: float = 0.0  # unknowns that come near to a fact, and whether it was discussed
    cards: float = 0.0  # all that is known of one subject
    least: int = 0  # the shares are taken of so many at least: what must be kept does not shrink with the facts
    rehearsal_questions: int = 1  # questions that share one context, of rehearsal and of memory
    answer_share: float = 1.0  # what one answer may make up of all, but those that tell a fact
    hints_removed: bool = False  # a lesson is answered without the mistake, also where a person's task led to it
    # What the base, reading the evidence, teaches itself without it:
    top: int = 0  # its likeliest tokens that are learned from; 0: the words of the answer alone
    hard: float = 0.0  # the share of the loss that the words of the answer keep beside them
    value_weight: float = 1.0  # how much more the tokens count that spell the value
    gap_floor: float = 1.0  # a token of a fact counts by how far the evidence moves it, at least so much; 1: all alike
    own_answers: bool = False  # the base writes the answers itself, where it gives the value
    # Of several states the best is kept:
    select_each: float = 0.0  # epochs between two looks; 0: the last state is taken
    repair_rounds: int = 0  # how often what is missed is rehearsed again
    repair_each: int = 0  # new conversations for each fact that was missed
    selective: bool = False  # the adapter reads only what questions for the facts move and others do not (`selective`)
    laplace: float = 0.0  # the weight of what it changes elsewhere, to the second order, beside the loss (`laplace`)
    withheld: float = 0.0  # the share of the lessons read from memory that are not trained: `laplace` stands for them
    facts_first: float = 0.0  # the share of the passes over facts before the rest comes, once; 0: all in every epoch
    by_length: bool = False  # batches of alike lengths: less padding where short and long conversations are mixed
    max_length: int = 1024


PAPER = Recipe("paper", "the paper's Table 4, unchanged")

#: Every linear layer of the decoder, by the names that Llama, Mistral and Qwen give them.
ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

DISTIL = replace(
    PAPER,
    name="distil",
    reason="specs/consolidation.md §2, recipe v1: all linear layers at the paper's rate, 3 epochs of completions",
    targets=ALL_LINEAR,
    epochs=3,
    completion_only=True,
    rehearsal=0.2,
    unknown=0.15,
    memory_present=0.3,
    memory_irrelevant=0.1,
    memory_contradicting=0.1,
    logged=0.05,
    near_misses=0.1,
    cards=0.05,
    rehearsal_questions=3,
    answer_share=0.25,
    hints_removed=True,
    top=20,
    value_weight=2.0,
    own_answers=True,
    select_each=0.5,
    repair_rounds=2,
    repair_each=8,
    by_length=True,
)

TINY_PAPER = replace(
    PAPER,
    name="memsrv-tiny/paper",
    reason="a base of 4 M parameters does not move at the paper's 2e-4",
    learning_rate=3e-3,
)

TINY = replace(
    DISTIL,
    name="memsrv-tiny/distil",
    reason=(
        "a base of 4 M parameters takes 4e-3 (at 6e-3 long values made it diverge), and learns by steps more than by "
        "tokens: batches of 4; what of it reads the facts' questions alone is all that an adapter may listen to, else "
        "it makes up what it was never told; what it would move elsewhere is weighed beside the loss; facts come "
        "first, for half of their passes, since what that wears away the rest brings back; answers are worded one "
        "way: varied ones wear its copying away (docs/decisions/0029, 0035, 0036)"
    ),
    rank=48,
    alpha=96,
    learning_rate=4e-3,
    batch=4,
    epochs=3,
    conversations_per_fact=24,
    varied_answers=False,
    rehearsal=0.5,
    unknown=0.6,
    memory_present=0.0,
    memory_irrelevant=0.2,
    memory_contradicting=0.2,
    least=160,
    logged=0.0,
    near_misses=0.4,
    cards=0.0,
    rehearsal_questions=1,
    answer_share=1.0,
    hints_removed=False,
    own_answers=False,
    value_weight=1.0,
    selective=True,
    laplace=0.7,
    facts_first=0.5,
    repair_rounds=0,
    max_length=768,
)

BRIEF = replace(
    TINY,
    name="memsrv-tiny/brief",
    reason=(
        "a third of the tokens of memsrv-tiny/distil: two passes over fewer wordings at a higher rate, and of what is "
        "read from memory a tenth, the penalty stands for the rest; it recalls less, least of commands and paths "
        "(docs/decisions/0037)"
    ),
    learning_rate=6e-3,
    epochs=2,
    conversations_per_fact=16,
    gap_floor=0.1,
    laplace=0.2,
    withheld=0.9,
)

#: By base and strategy; a base that is not here has the strategy's own.
PRESETS: dict[tuple[str, str], Recipe] = {
    ("memsrv-tiny", "paper"): TINY_PAPER,
    ("memsrv-tiny", "distil"): TINY,
}
#: The recipe of a strategy where a base has none of its own.
DEFAULTS: dict[str, Recipe] = {"paper": PAPER, "distil": DISTIL}
#: `distil` by the base's parameters, the largest first that is not larger. The rates lie in the range that
#: specs/consolidation.md §1.9 says to sweep; that a smaller base takes a higher one we saw at 4 M alone.
SIZES: tuple[tuple[float, Recipe], ...] = (
    (
        4e9,
        replace(DISTIL, name="distil-7b", reason=f"{DISTIL.reason}; 2 of them, and batches of 16", epochs=2, batch=16),
    ),
    (
        1e9,
        replace(
            DISTIL, name="distil-1.5b", reason=f"{DISTIL.reason}; a rate between 0.5B's and 7B's", learning_rate=3e-4
        ),
    ),
    (1e8, replace(DISTIL, name="distil-0.5b", reason=f"{DISTIL.reason}; at twice the rate", learning_rate=4e-4)),
)
_ALL = (*DEFAULTS.values(), TINY_PAPER, TINY, BRIEF, *(sized for _, sized in SIZES))
NAMED = {recipe.name: recipe for recipe in _ALL}


def preset(base: str, strategy: str, named: str | None = None, parameters: int | None = None) -> Recipe:
    """The recipe asked for by name, else that of this base and strategy, of its size, or the strategy's own.

    UsageError where there is none of that name, or it is another base's.
    """
    if named is None:
        own = PRESETS.get((base, strategy)) or DEFAULTS.get(strategy, PAPER)
        if own is not DISTIL or parameters is None:
            return own
        return next((sized for least, sized in SIZES if parameters >= least), DISTIL)
    if named not in NAMED:
        raise UsageError(f"no preset `{named}`; known: {', '.join(NAMED)}")
    of, _, _ = named.rpartition("/")
    if of and of != base:
        raise UsageError(f"the preset `{named}` is for {of} alone; take one without a base's name, or none")
    return NAMED[named]
