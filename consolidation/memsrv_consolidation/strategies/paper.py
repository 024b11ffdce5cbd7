"""The consolidation paper's training: LoRA on the attention projections, trl's SFTTrainer, a fresh adapter on all.

Numbers come from the recipe. Killed, it goes on from the last whole checkpoint. Knows nothing of facts: conversations
in, adapter folder out. torch, trl and peft are imported inside the functions.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Conversation, Fact
from memsrv_consolidation.batches import Alike
from memsrv_consolidation.device import free
from memsrv_consolidation.placement import Placement
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.strategies import sft
from memsrv_consolidation.strategies.foretold import answer_loss
from memsrv_consolidation.strategies.tokens import tokens


def rows(conversations: Sequence[Conversation], completion_only: bool) -> list[dict[str, Any]]:
    """The conversations as trl reads them: whole ones, or the last answer apart from what leads to it."""
    turns = [[{"role": m.role, "content": m.content} for m in c.messages] for c in conversations]
    if not completion_only:
        return [{"messages": messages} for messages in turns]
    return [{"prompt": messages[:-1], "completion": messages[-1:]} for messages in turns]


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
    """Train into `adapter`, whole or not at all. Interrupted when `stopping` turns true, with a checkpoint on disk."""
    import datasets  # type: ignore[import-untyped]
    from trl.trainer.sft_trainer import SFTTrainer

    class Trainer(SFTTrainer):
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            if not recipe.by_length:
                return super()._get_train_sampler(train_dataset)
            examples: Any = train_dataset or self.train_dataset
            return Alike([len(ids) for ids in examples["input_ids"]], recipe.batch, seed)

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # nobody reads it, and it would walk all modules at each step

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            if return_outputs or not recipe.completion_only:
                plain: Any = super().compute_loss
                return plain(model, inputs, return_outputs, num_items_in_batch)
            wrong = answer_loss(model, inputs, num_items_in_batch)  # the same, of the answers' logits alone
            return wrong * sft.shares(self, num_items_in_batch)

    conversations = [one for one in conversations if one.messages[-1].content]  # nobody writes an answer here
    sft.require_examples(conversations)
    pupil = sft.pupil(base, recipe, seed, threads, parent, placed)
    steps = sft.steps_of(len(conversations), recipe)
    trainer = Trainer(
        model=pupil.model,
        args=sft.config(recipe, pupil.device, pupil.placed, checkpoints, seed, steps),
        train_dataset=datasets.Dataset.from_list(rows(conversations, recipe.completion_only)),
        processing_class=pupil.tokenizer,
    )
    clock = sft.Clock()
    resumed = sft.carried(trainer, checkpoints, sft.Telling(begin, count, stopping))
    losses = sft.losses(trainer)
    change = sft.require_learning(pupil, losses)
    seen = int(trainer.state.num_input_tokens_seen)
    answers = sft.answering([tokens(pupil.tokenizer, one.messages) for one in conversations])
    told = sft.told(
        pupil, recipe, clock.seconds, seen, round(seen * answers),
        steps=trainer.state.global_step, losses=losses, resumed_from=resumed, change=change,
    )  # fmt: skip
    sft.save(pupil.model, adapter, told)
    free(pupil.model)
    return told
