"""What every strategy shares: trl's SFTTrainer set up for an adapter, checkpoints that survive a kill, figures told.

A training that moves nothing fails here, loudly: an adapter that changes nothing must never be shelved. Knows nothing
of facts. torch, trl and peft are imported inside the functions.
"""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from memsrv.errors import Interrupted, RunFailed
from memsrv_consolidation import together
from memsrv_consolidation.answering import Respondents
from memsrv_consolidation.costs import peak_mib
from memsrv_consolidation.device import Device, load, offered, settle
from memsrv_consolidation.placement import SHARDS, Placement, placement
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.run import write_json
from memsrv_consolidation.shape import shape_of
from memsrv_consolidation.strategies.tokens import Tokens

#: Written into a checkpoint when all of its files are there: a kill in the midst of saving leaves one without it.
WHOLE = "whole"
#: Checkpoints and told losses of one training: a kill costs at most a tenth of it.
PARTS = 12
#: An adapter that changes the weights it stands on by less than this share has learned nothing.
LEAST_CHANGE = 1e-6


@dataclass(frozen=True, slots=True)
class Pupil:
    """A base with a fresh adapter on it, and what it runs on."""

    model: Any
    tokenizer: Any
    device: Device
    placed: Placement
    parameters: int
    trained: int
    before: Mapping[str, tuple[Any, Any]]  # the adapter's A and B as they began, by module

    @property
    def respondents(self) -> Respondents:
        """The base and the adapter as it stands, to be asked."""
        return Respondents.around(self.model, self.tokenizer, self.device)


@dataclass(frozen=True, slots=True)
class Telling:
    """Whom a training tells how far it is, and asks whether to stop."""

    begin: Callable[[int, int], None]
    count: Callable[[int, int], None]
    stopping: Callable[[], bool]


def lora(recipe: Recipe, layers: int | None = None) -> Any:
    """The adapter's shape, as peft wants it; of `layers`, the recipe's share from the top is changed."""
    from peft import LoraConfig

    top = None
    if layers is not None and recipe.layers < 1.0:
        top = list(range(layers - max(1, round(layers * recipe.layers)), layers))
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=list(recipe.targets),
        layers_to_transform=top,
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )


def config(recipe: Recipe, device: Device, placed: Placement, checkpoints: Path, seed: int, steps: int) -> Any:
    """The trainer's settings: the recipe's numbers, and how they are placed on the device."""
    from trl.trainer.sft_config import SFTConfig

    part = max(1, steps // PARTS)
    settings = SFTConfig(
        output_dir=str(checkpoints),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=placed.micro,
        gradient_accumulation_steps=placed.accumulation,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup,
        optim=placed.optimizer,
        max_length=recipe.max_length,
        completion_only_loss=recipe.completion_only,
        packing=False,
        use_cpu=device.kind == "cpu",
        bf16=device.autocast,
        gradient_checkpointing=placed.recompute,
        seed=seed,
        data_seed=seed,
        save_strategy="steps",
        save_steps=part,
        save_total_limit=2,
        save_only_model=placed.spread == SHARDS,  # but see `carried`
        logging_strategy="steps",
        logging_steps=part,
        logging_nan_inf_filter=False,
        include_num_input_tokens_seen="non_padding",
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=device.kind == "cuda",
        ddp_find_unused_parameters=False,
    )
    # A trainer that sees several GPUs and nobody else would spread each batch over threads, where the logits of answers
    # alone cannot follow.
    settings._n_gpu = min(1, settings.n_gpu)
    return settings


def pupil(
    base: Path,
    recipe: Recipe,
    seed: int,
    threads: int,
    parent: Path | None = None,
    placed: Placement | None = None,
) -> Pupil:
    """`base` with the recipe's adapter on it, the same for the same seed; or with that of `parent`, to go on with.

    Alone on one device, if nothing says how it is `placed`.
    """
    import datasets  # type: ignore[import-untyped]
    import transformers
    from peft import PeftModel, get_peft_model

    logging: Any = transformers.utils.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    settle(threads, seed)
    placed = placed or placement(replace(offered(), count=1), shape_of(base), recipe)
    model, tokenizer = load(base, placed.device, placed)
    parameters = sum(p.numel() for p in model.parameters())
    adapted: Any = (
        PeftModel.from_pretrained(model, parent, is_trainable=True)
        if parent
        else get_peft_model(model, lora(recipe, model.config.num_hidden_layers))
    )
    if placed.spread == SHARDS:
        adapted.register_state_dict_post_hook(_without_parts)
    trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    before = {name: (a.detach().clone(), b.detach().clone()) for name, a, b, _, _ in _parts(adapted)}
    return Pupil(adapted, tokenizer, placed.device, placed, parameters, trained, before)


def steps_of(examples: int, recipe: Recipe) -> int:
    """How many steps the recipe takes on so many examples."""
    return math.ceil(recipe.epochs * math.ceil(examples / recipe.batch))


def carried(trainer: Any, checkpoints: Path, telling: Telling) -> str | None:
    """Train to the end, from the last whole checkpoint if there is one; its name. Interrupted where asked to stop."""
    import transformers

    trainer.remove_callback(transformers.PrinterCallback)  # losses are in training.json; the log is for trouble
    trainer.add_callback(_watching(telling))
    # The trainer takes the optimizer of a base in parts for one in parts, too, which it could not save. Ours knows the
    # adapter alone, and that is whole on each GPU.
    trainer.args.save_only_model = False
    last = together.agreed(last_whole(checkpoints) if together.first() else None)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    if trainer.state.global_step < trainer.state.max_steps:
        raise Interrupted(f"training stopped after step {trainer.state.global_step} of {trainer.state.max_steps}")
    return last.name if last else None


def shares(trainer: Any, items: Any) -> int:
    """By how much a loss over all `items` of a step counts where several processes take the mean of their gradients."""
    return 1 if items is None else int(trainer.accelerator.num_processes)


def losses(trainer: Any) -> list[float]:
    return [round(row["loss"], 4) for row in trainer.state.log_history if "loss" in row]


def told(pupil: Pupil, recipe: Recipe, seconds: float, tokens: int, completion: int, **more: Any) -> dict[str, Any]:
    """What every training tells of itself."""
    return {
        "epochs": recipe.epochs,
        "seconds": round(seconds, 1),
        "tokens": tokens,
        "completion_tokens": completion,
        "completion_tokens_per_s": round(completion / seconds, 1) if seconds else 0.0,
        "preset": recipe.name,
        "device": pupil.device.kind,
        "dtype": "bfloat16" if pupil.device.autocast else pupil.device.dtype,
        "optimizer": pupil.placed.optimizer,
        "weights": pupil.placed.weights,
        "attention": pupil.placed.attention,
        "processes": pupil.placed.processes,
        "spread": pupil.placed.spread,
        "parameters": {"base": pupil.parameters, "trained": pupil.trained},
        "peak_mib": peak_mib(),
        **more,
    }


def answering(said: Sequence[Tokens]) -> float:
    """The share of all tokens that belong to an answer."""
    return sum(len(one.learned) for one in said) / max(1, sum(len(one.ids) for one in said))


def require_examples(conversations: Sequence[object]) -> None:
    """RunFailed where there is nothing to train on."""
    if not conversations:
        raise RunFailed(
            "there is no conversation to train on; see `conversations.jsonl` of the run, and start a new one"
        )


def require_learning(pupil: Pupil, losses: Sequence[float]) -> float:
    """By which share the adapter changes its weights. RunFailed where it changes nothing or its loss did not fall."""
    moved = change(pupil)
    retry = "nothing was shelved; change the learning rate of the preset, and start a new run"
    if not math.isfinite(moved):
        raise RunFailed("the adapter has weights that are no numbers; nothing was shelved; lower the learning rate")
    if moved < LEAST_CHANGE:
        raise RunFailed(f"training changed the weights by {moved:.1e} of their size, which is nothing; {retry}")
    if len(losses) >= PARTS:  # of fewer steps the loss tells more about the examples than about the learning
        third = len(losses) // 3
        first, last = sum(losses[:third]) / third, sum(losses[-third:]) / third
        if last >= first:
            raise RunFailed(f"the loss did not fall: {first:.4f} at the beginning, {last:.4f} at the end; {retry}")
    return moved


def change(pupil: Pupil) -> float:
    """The size of what training added to the weights that the adapter stands on, as a share of their size."""
    import torch

    added = stood = 0.0
    with torch.no_grad():
        for name, a, b, scale, weight in _parts(pupil.model):
            first_a, first_b = pupil.before[name]
            added += float((scale * (b @ a - first_b @ first_a)).float().square().sum())
            stood += float(_whole(weight.float().square().sum()))
    return math.sqrt(added / stood) if stood else 0.0


def _without_parts(module: Any, state: dict[str, Any], prefix: str, metadata: Any) -> None:
    """What is saved is the adapter: peft would put the base together for it, which fits on no GPU."""
    for name in [name for name, tensor in state.items() if together.in_parts(tensor)]:
        del state[name]


def _whole(number: Any) -> Any:
    """Of a number that processes have parts of, all of it."""
    return number.full_tensor() if together.in_parts(number) else number


def _parts(model: Any) -> Iterator[tuple[str, Any, Any, float, Any]]:
    """Of every adapted layer: its name, the adapter's A, B and scale, and the weight under it."""
    for name, module in model.named_modules():
        for adapter in getattr(module, "lora_B", {}):
            a, b = module.lora_A[adapter].weight, module.lora_B[adapter].weight
            yield name, a, b, module.scaling[adapter], module.get_base_layer().weight


def last_whole(checkpoints: Path) -> Path | None:
    """The newest checkpoint that was saved to its end; torn ones are removed."""
    found: list[tuple[int, Path]] = []
    for folder in checkpoints.glob("checkpoint-*"):
        if (folder / WHOLE).exists():
            found.append((int(folder.name.rsplit("-", 1)[1]), folder))
        else:
            shutil.rmtree(folder)
    return max(found)[1] if found else None


def save(model: Any, adapter: Path, told: dict[str, Any]) -> None:
    """The adapter's folder, whole or not at all: weights, config and figures. Of several processes the first writes."""
    if not together.first():
        return
    part = adapter.with_name(adapter.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    model.save_pretrained(part, safe_serialization=True)
    for file in part.iterdir():  # peft adds a model card; a version holds weights, config and figures only
        if file.name not in ("adapter_config.json", "adapter_model.safetensors"):
            file.unlink()
    write_json(part / "training.json", told)
    part.rename(adapter)


def _watching(telling: Telling) -> Any:
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        """Tells how far training is, marks whole checkpoints, and stops it at the next step when asked to."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            telling.begin(state.max_steps, state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            telling.count(state.global_step, state.max_steps)
            if together.agreed(telling.stopping()) and state.global_step < state.max_steps:
                control.should_training_stop = control.should_save = True
            return control

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            loss = (logs or {}).get("loss")
            if loss is not None and not math.isfinite(loss):
                raise RunFailed(
                    f"the loss is {loss} at step {state.global_step}; nothing was shelved; lower the learning rate of "
                    "the preset, and start a new run"
                )

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            together.agreed(None)  # each process has its own state of chance to save
            if together.first():
                (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()

    return Watching()


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
