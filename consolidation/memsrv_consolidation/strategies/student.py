"""trl's SFTTrainer for a student: lessons in, the loss against what the teacher holds likely, masked to the answers.

    loss of a token = - weight · Σ over the teacher's likely tokens of share · log student

torch and trl are imported inside the functions.
"""

from collections.abc import Callable, Sequence
from typing import Any

from memsrv_consolidation.batches import Alike
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.strategies.foretold import foretold
from memsrv_consolidation.strategies.laplace import Penalty
from memsrv_consolidation.strategies.sft import Pupil, shares
from memsrv_consolidation.strategies.teacher import Lesson


def trainer(
    pupil: Pupil, recipe: Recipe, lessons: Sequence[Lesson], config: Any, seed: int, penalty: Penalty | None = None
) -> Any:
    """A trainer over `lessons`; `config` is that of `sft.config`, `penalty` what the recipe weighs beside the loss."""
    import datasets  # type: ignore[import-untyped]
    from torch.utils.data import SequentialSampler
    from trl.trainer.sft_trainer import SFTTrainer

    lengths = [len(lesson.tokens.ids) for lesson in lessons]

    class Trainer(SFTTrainer):
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            if recipe.facts_first:
                return SequentialSampler(lengths)  # in the order that `ordered` gave them
            return Alike(lengths, recipe.batch, seed) if recipe.by_length else super()._get_train_sampler(train_dataset)

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # nobody reads it, and it would walk all modules at each step

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            wrong = loss(model, inputs, num_items_in_batch) * shares(self, num_items_in_batch)
            if penalty is None or not model.training:
                return wrong
            return wrong + recipe.laplace * penalty() / pupil.placed.accumulation

    config.remove_unused_columns = False
    config.dataset_kwargs = {"skip_prepare_dataset": True}
    rows = [{"input_ids": list(lesson.tokens.ids), "place": place} for place, lesson in enumerate(lessons)]
    return Trainer(
        model=pupil.model,
        args=config,
        data_collator=collator(lessons, pupil.tokenizer.pad_token_id),
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=pupil.tokenizer,
    )


def loss(model: Any, inputs: dict[str, Any], items: Any = None) -> Any:
    """The cross-entropy against the teacher, per token that is learned; `items` are those of the whole step."""
    import torch

    learned = inputs["labels"] != -100
    logits = foretold(model, learned, input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).float()
    said = logits.gather(-1, inputs["likely"][learned].long()) - torch.logsumexp(logits, -1, keepdim=True)
    each = -(inputs["shares"][learned] * said).sum(-1) * inputs["weights"][learned]
    return each.sum() / (len(each) if items is None else items)


def collator(lessons: Sequence[Lesson], pad: int) -> Callable[[Sequence[dict[str, Any]]], dict[str, Any]]:
    """Makes a batch of places in `lessons`."""
    import torch

    def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        some = [lessons[row["place"]] for row in rows]
        shape = len(some), max(len(one.tokens.ids) for one in some)
        top = some[0].ids.shape[1]
        ids, mask, labels = torch.full(shape, pad), torch.zeros(shape, dtype=torch.long), torch.full(shape, -100)
        likely, shares = torch.zeros(*shape, top, dtype=torch.int32), torch.zeros(*shape, top)
        weights = torch.zeros(shape)
        for row, one in enumerate(some):
            n, places = len(one.tokens.ids), list(one.tokens.learned)
            ids[row, :n], mask[row, :n] = torch.tensor(one.tokens.ids), 1
            labels[row, places] = ids[row, places]
            likely[row, places], shares[row, places], weights[row, places] = one.ids, one.shares, one.weights
        return {
            "input_ids": ids, "attention_mask": mask, "labels": labels,
            "likely": likely, "shares": shares, "weights": weights,
        }  # fmt: skip

    return collate
