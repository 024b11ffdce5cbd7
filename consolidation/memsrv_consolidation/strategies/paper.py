"""The consolidation paper's training: LoRA on the attention projections, trl's SFTTrainer, a fresh adapter on all.

Numbers come from the recipe. Killed, it goes on from the last whole checkpoint. Knows nothing of facts: conversations
in, adapter folder out. torch, trl and peft are imported inside the functions.
"""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memsrv.errors import Interrupted
from memsrv.records import Conversation
from memsrv_consolidation.batches import Alike
from memsrv_consolidation.device import Device, free, load, offered, settle
from memsrv_consolidation.recipe import Recipe

#: Written into a checkpoint when all of its files are there: a kill in the midst of saving leaves one without it.
WHOLE = "whole"


def lora(recipe: Recipe) -> Any:
    """The adapter's shape, as peft wants it."""
    from peft import LoraConfig

    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=list(recipe.targets),
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
    )


def sft(recipe: Recipe, device: Device, parameters: int, checkpoints: Path, seed: int) -> Any:
    """The trainer's settings: the recipe's numbers, and what the device offers."""
    from trl.trainer.sft_config import SFTConfig

    return SFTConfig(
        output_dir=str(checkpoints),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup,
        optim=device.optimizer(recipe.optimizer),
        max_length=recipe.max_length,
        completion_only_loss=recipe.completion_only,
        packing=False,
        use_cpu=device.kind == "cpu",
        bf16=device.autocast,
        gradient_checkpointing=device.gradient_checkpointing(parameters),
        seed=seed,
        data_seed=seed,
        save_strategy="epoch",
        save_total_limit=2,
        logging_strategy="epoch",
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=device.kind == "cuda",
    )


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
) -> dict[str, Any]:
    """Train into `adapter`, whole or not at all. Interrupted when `stopping` turns true, with a checkpoint on disk."""
    import datasets  # type: ignore[import-untyped]
    import transformers
    from trl.trainer.sft_trainer import SFTTrainer

    class Trainer(SFTTrainer):
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            if not recipe.by_length:
                return super()._get_train_sampler(train_dataset)
            examples: Any = train_dataset or self.train_dataset
            return Alike([len(ids) for ids in examples["input_ids"]], recipe.batch, seed)

    logging: Any = transformers.utils.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    settle(threads, seed)
    device = offered()
    model, tokenizer = load(base, device)
    parameters = sum(p.numel() for p in model.parameters())
    trainer = Trainer(
        model=model,
        args=sft(recipe, device, parameters, checkpoints, seed),
        train_dataset=datasets.Dataset.from_list(rows(conversations, recipe.completion_only)),
        processing_class=tokenizer,
        peft_config=lora(recipe),
        callbacks=[_watching(begin, count, stopping)],
    )
    trainer.remove_callback(transformers.PrinterCallback)  # losses are in training.json; the log is for trouble
    adapted: Any = trainer.model
    trained = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    started = time.monotonic()
    last = last_whole(checkpoints)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    if trainer.state.global_step < trainer.state.max_steps:
        raise Interrupted(f"training stopped after step {trainer.state.global_step} of {trainer.state.max_steps}")
    losses = [round(row["loss"], 4) for row in trainer.state.log_history if "loss" in row]
    told = {
        "steps": trainer.state.global_step,
        "epochs": recipe.epochs,
        "losses": losses,
        "seconds": round(time.monotonic() - started, 1),
        "resumed_from": last.name if last else None,
        "preset": recipe.name,
        "device": device.kind,
        "dtype": "bfloat16" if device.autocast else device.dtype,
        "optimizer": device.optimizer(recipe.optimizer),
        "parameters": {"base": parameters, "trained": trained},
    }
    _save(adapted, adapter, told)
    free(adapted)
    return told


def last_whole(checkpoints: Path) -> Path | None:
    """The newest checkpoint that was saved to its end; torn ones are removed."""
    found: list[tuple[int, Path]] = []
    for folder in checkpoints.glob("checkpoint-*"):
        if (folder / WHOLE).exists():
            found.append((int(folder.name.rsplit("-", 1)[1]), folder))
        else:
            shutil.rmtree(folder)
    return max(found)[1] if found else None


def _save(model: Any, adapter: Path, told: dict[str, Any]) -> None:
    part = adapter.with_name(adapter.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    model.save_pretrained(part, safe_serialization=True)
    for file in part.iterdir():  # peft adds a model card; a version holds weights, config and figures only
        if file.name not in ("adapter_config.json", "adapter_model.safetensors"):
            file.unlink()
    (part / "training.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    part.rename(adapter)


def _watching(
    begin: Callable[[int, int], None], count: Callable[[int, int], None], stopping: Callable[[], bool]
) -> Any:
    from transformers import TrainerCallback

    class Watching(TrainerCallback):
        """Tells how far training is, marks whole checkpoints, and stops it at the next step when asked to."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            begin(state.max_steps, state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            count(state.global_step, state.max_steps)
            if stopping() and state.global_step < state.max_steps:
                control.should_training_stop = control.should_save = True
            return control

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()

    return Watching()
