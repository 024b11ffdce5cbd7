"""trl as it comes: what a bench holds our training against.

The recipe's numbers (rank, layers, rate, batch, epochs, which tokens have a loss) and our precision and checkpointing,
so that only how a step is made differs; everything else is trl's default. No strategy: it resumes nothing.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Conversation, Fact
from memsrv_consolidation.device import free
from memsrv_consolidation.placement import Placement
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.strategies import sft
from memsrv_consolidation.strategies.paper import rows
from memsrv_consolidation.strategies.tokens import tokens


def train(
    conversations: Sequence[Conversation],
    recipe: Recipe,
    base: Path,
    *,
    adapter: Path,
    checkpoints: Path,
    seed: int,
    threads: int,
    begin: Callable[[int, int], None],
    count: Callable[[int, int], None],
    stopping: Callable[[], bool],
    facts: Sequence[Fact] = (),
    parent: Path | None = None,
    placed: Placement | None = None,
) -> dict[str, Any]:
    """Train into `adapter` with `SFTTrainer` alone."""
    import datasets  # type: ignore[import-untyped]
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    pupil = sft.pupil(base, recipe, seed, threads, placed=placed)
    steps = sft.steps_of(len(conversations), recipe)
    same = sft.config(recipe, pupil.device, pupil.placed, checkpoints, seed, steps)
    given = (
        "output_dir", "num_train_epochs", "per_device_train_batch_size", "gradient_accumulation_steps", "learning_rate",
        "max_length", "completion_only_loss", "use_cpu", "bf16", "gradient_checkpointing", "seed", "save_strategy",
        "save_steps", "report_to", "disable_tqdm", "dataloader_pin_memory", "include_num_input_tokens_seen",
    )  # fmt: skip
    trainer = SFTTrainer(
        model=pupil.model,
        args=SFTConfig(**{name: getattr(same, name) for name in given}),
        train_dataset=datasets.Dataset.from_list(rows(conversations, recipe.completion_only)),
        processing_class=pupil.tokenizer,
    )
    clock = sft.Clock()
    sft.carried(trainer, checkpoints, sft.Telling(begin, count, stopping))
    seen = int(trainer.state.num_input_tokens_seen)
    answers = sft.answering([tokens(pupil.tokenizer, one.messages) for one in conversations])
    told = sft.told(pupil, recipe, clock.seconds, seen, round(seen * answers), steps=trainer.state.global_step)
    sft.save(pupil.model, adapter, told)
    free(pupil.model)
    return told
