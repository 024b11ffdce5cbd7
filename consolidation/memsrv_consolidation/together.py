"""What processes that train together agree on: the first one writes and decides, and the others know what it found.

One process alone is the first, and agrees with itself: nothing here asks how many there are. All of them have to ask
for the same things in the same order. torch is imported inside the functions.
"""

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

if TYPE_CHECKING:
    import torch

Found = TypeVar("Found")

#: As long as one may wait for another, which may be asking a teacher: whoever started them sees it if one dies.
PATIENCE = timedelta(days=7)


def meet(kind: str, rank: int, processes: int, place: Path) -> None:
    """Join the processes that meet in the file `place`, each on the device of `kind` that has its number.

    A file, no port: nobody else can join.
    """
    import torch
    import torch.distributed as dist

    if kind == "cuda":
        torch.cuda.set_device(rank)
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo",
        store=dist.FileStore(str(place), processes),  # type: ignore[attr-defined]
        rank=rank,
        world_size=processes,
        timeout=PATIENCE,
    )


def loopback() -> str:
    """The network interface that leads nowhere but to this machine."""
    return next(name for name, all in psutil.net_if_addrs().items() if any(one.address == "127.0.0.1" for one in all))


def part() -> None:
    """Leave the others in good order; alone there is nobody to leave."""
    import torch.distributed as dist

    if _several():
        dist.destroy_process_group()


def first() -> bool:
    """Whether this is the process that writes."""
    import torch.distributed as dist

    return not _several() or dist.get_rank() == 0


def agreed(found: Found) -> Found:
    """What the first process found, in all of them, once each has come so far."""
    import torch
    import torch.distributed as dist

    if not _several():
        return found
    told = [found]
    dist.broadcast_object_list(told, src=0, device=torch.device("cpu"))
    return told[0]


def same(weight: "torch.Tensor") -> None:
    """Give `weight` the numbers that the first process has: GPUs may round the same sum in two ways."""
    import torch
    import torch.distributed as dist

    if _several():
        with torch.no_grad():
            dist.broadcast(weight.data, src=0)


def in_parts(tensor: object) -> bool:
    """Whether each process has a part of `tensor` alone."""
    return hasattr(tensor, "full_tensor")


def without_gradients(model: Any) -> AbstractContextManager[Any]:
    """To ask a model. The faster mode leaves marks on what is put together of parts, and training could not use it."""
    import torch

    return torch.no_grad() if any(map(in_parts, model.parameters())) else torch.inference_mode()


def _several() -> bool:
    import torch.distributed as dist

    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
