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

from memsrv.errors import UnknownBase

if TYPE_CHECKING:
    import torch

#: Bases from this many parameters on recompute activations instead of keeping them.
LARGE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Device:
    """Where to compute, in which precision, and what has to be saved on memory."""

    kind: str  # "cuda", "mps", "cpu"
    dtype: str  # "bfloat16", "float32"
    autocast: (
        bool  # whether to multiply in bfloat16: on CPUs that can, 2–4 times as fast (shared/specs/tiny_model.md §1)
    )
    bitsandbytes: bool  # whether optimizers in 8 bit are there

    def optimizer(self, wished: str) -> str:
        """`wished`, or the plain AdamW where the machine cannot run it: the paged 8-bit one needs CUDA."""
        needs_bits = wished.startswith(("paged_", "adamw_8bit", "adamw_bnb"))
        return "adamw_torch" if needs_bits and not (self.bitsandbytes and self.kind == "cuda") else wished

    def gradient_checkpointing(self, parameters: int) -> bool:
        """Whether to recompute activations: worth it where a large base would not fit, never for a small one."""
        return parameters >= LARGE


def offered() -> Device:
    """The best device of this machine."""
    import torch

    bits = importlib.util.find_spec("bitsandbytes") is not None
    if torch.cuda.is_available():
        brain = torch.cuda.is_bf16_supported()
        return Device("cuda", "bfloat16" if brain else "float32", brain, bits)
    if torch.backends.mps.is_available():
        return Device("mps", "float32", False, False)
    return Device("cpu", "float32", torch.cpu._is_avx512_bf16_supported(), False)


def load(path: Path, device: Device) -> tuple[Any, Any]:
    """The causal LM in `path` and its tokenizer, on `device`. UnknownBase says what is wrong with the folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, device.dtype))
    except (OSError, ValueError) as error:
        raise UnknownBase(f"the base in {path} cannot be loaded ({error}); give another one with --base") from error
    if tokenizer.chat_template is None:
        raise UnknownBase(f"the base in {path} has no chat template; give an instruct model with --base")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to(device.kind), tokenizer


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
