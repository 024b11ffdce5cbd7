"""What this machine offers for training and for answering, and a base model loaded the way it offers.

The same `from_pretrained` for every causal LM. torch and transformers are imported inside the functions, so that the
server may import this room.
"""

import ctypes
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from memsrv.errors import UnknownBase

if TYPE_CHECKING:
    import torch

    from memsrv_consolidation.placement import Placement

#: Bases from this many parameters on compute activations again; smaller ones where they must.
LARGE = 1_000_000_000
#: Of a device's memory this share is left to others: its display, the system, the person who works beside us.
LEFT = {"cuda": 0.04, "mps": 0.25, "cpu": 0.25}


@dataclass(frozen=True, slots=True)
class Device:
    """Where to compute, in which precision, and what is there to save memory and time with."""

    kind: str  # "cuda", "mps", "cpu"
    dtype: str  # "bfloat16", "float32"
    autocast: (
        bool  # whether to multiply in bfloat16: on CPUs that can, 2–4 times as fast (shared/specs/tiny_model.md §1)
    )
    bitsandbytes: bool  # whether weights of 4 and optimizers of 8 bit are there
    memory: int = 0  # bytes that one of them has for us; 0: not known
    count: int = 1  # GPUs, or parts of a CPU
    flash: bool = False  # whether flash attention 2 can be imported

    def optimizer(self, wished: str) -> str:
        """`wished`, or AdamW in one kernel where the machine cannot run it: the paged 8-bit one needs CUDA."""
        needs_bits = wished.startswith(("paged_", "adamw_8bit", "adamw_bnb"))
        return "adamw_torch_fused" if needs_bits and not (self.bitsandbytes and self.kind == "cuda") else wished

    @property
    def four_bit(self) -> bool:
        return self.bitsandbytes and self.kind == "cuda"


def offered(processes: int = 0) -> Device:
    """The best device of this machine, or as many of its GPUs as `processes`; a CPU is parted into so many."""
    import torch

    if torch.cuda.is_available():
        brain = torch.cuda.is_bf16_supported()
        there = torch.cuda.device_count()
        count, flash = min(processes or there, there), brain and _importable("flash_attn")
        # (What is free would be asked of a context, which takes memory on each of them.)
        memory = min(torch.cuda.get_device_properties(gpu).total_memory for gpu in range(count))
        return described("cuda", brain, _importable("bitsandbytes"), memory, count, flash)
    memory = psutil.virtual_memory().total
    if torch.backends.mps.is_available():
        return described("mps", False, False, memory)
    count = processes or 1
    return described("cpu", torch.cpu._is_avx512_bf16_supported(), False, memory // count, count)


def described(kind: str, brain: bool, bitsandbytes: bool, memory: int, count: int = 1, flash: bool = False) -> Device:
    """A device of `kind` with so many bytes. `brain`: it multiplies in bfloat16, and a GPU keeps weights in it, too."""
    dtype = "bfloat16" if kind == "cuda" and brain else "float32"
    return Device(kind, dtype, brain, bitsandbytes, round(memory * (1 - LEFT[kind])), count, flash)


def _importable(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def load(path: Path, device: Device, placed: "Placement | None" = None) -> tuple[Any, Any]:
    """The causal LM in `path` and its tokenizer, on `device`, to be trained as `placed` says, else to be asked.

    UnknownBase says what is wrong with the folder.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from memsrv_consolidation.placement import SHARDS, reading
    from memsrv_consolidation.shape import shape_of

    given: dict[str, Any] = {"dtype": getattr(torch, device.dtype)}
    four_bit = (placed.weights if placed else reading(device, shape_of(path))) == "4bit"
    if four_bit:
        given |= {"quantization_config": _four_bit(device), "device_map": {"": _place(device)}}
    if placed:
        given["attn_implementation"] = placed.attention
    sharded = placed is not None and placed.spread == SHARDS
    if placed and sharded:
        from transformers.distributed.configuration_utils import DistributedConfig

        given["distributed_config"] = DistributedConfig(fsdp_size=placed.processes)  # FSDP2: each reads its part alone
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        model: Any = AutoModelForCausalLM.from_pretrained(path, **given)
    except (OSError, ValueError) as error:
        raise UnknownBase(f"the base in {path} cannot be loaded ({error}); give another one with --base") from error
    if tokenizer.chat_template is None:
        raise UnknownBase(f"the base in {path} has no chat template; give an instruct model with --base")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if four_bit:
        return (_frozen(model, placed.recompute) if placed else model), tokenizer
    return (model if sharded else model.to(_place(device))), tokenizer


def _place(device: Device) -> str:
    """The device of this process: of several, each has made another GPU its current one (`together`)."""
    import torch

    return f"cuda:{torch.cuda.current_device()}" if device.kind == "cuda" else device.kind


def _four_bit(device: Device) -> Any:
    """QLoRA's: 4-bit normal floats, whose scales are quantized once more; computed with in the device's precision."""
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, device.dtype),
    )


def _frozen(model: Any, recompute: bool) -> Any:
    """A 4-bit base as an adapter needs it: its norms in 32 bit, gradients through its inputs."""
    from peft import prepare_model_for_kbit_training

    return prepare_model_for_kbit_training(  # type: ignore[no-untyped-call]
        model, use_gradient_checkpointing=recompute, gradient_checkpointing_kwargs={"use_reentrant": False}
    )


def settle(threads: int, seed: int) -> None:
    """Threads and seed of this process, set explicitly: the same run gives the same adapter."""
    import torch
    from transformers import set_seed

    torch.set_num_threads(threads)
    set_seed(seed)
    if sys.platform == "linux":
        # A step frees and takes the same large tensors again; glibc would return them to the kernel each time and a
        # third of the time would go into page faults. M_MMAP_THRESHOLD and M_TRIM_THRESHOLD; elsewhere a no-op.
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(-3, 1 << 30)
            mallopt(-1, (1 << 31) - 1)


def free(model: "torch.nn.Module") -> None:
    """Give the memory of `model` back before the next one is loaded."""
    import gc

    import torch

    model.to("meta")
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
