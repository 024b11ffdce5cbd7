"""An adapter's files: what may lie in a version, what must not, and reading and writing them whole.

Safetensors only, because unpickling runs what a stranger wrote. Knows nothing of projects, numbers and pointers.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memsrv.errors import AdapterMismatch, MissingExtra
from memsrv_adapters.version import CONFIG, WEIGHTS

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".npy", ".npz")

#: What an adapter's configuration may say here; the rest of it is handed to nobody.
SERVED_FIELDS = (
    "r",
    "lora_alpha",
    "target_modules",
    "exclude_modules",
    "bias",
    "use_rslora",
    "fan_in_fan_out",
    "rank_pattern",
    "alpha_pattern",
    "layers_to_transform",
    "layers_pattern",
)

#: Variants of LoRA that change what the weights mean. Only the plain kind is served: the engine hands PEFT a short list
#: of fields and nothing else, so none of these may stand in `adapter_config.json`.
_REFUSED = (
    "use_dora",
    "modules_to_save",
    "trainable_token_indices",
    "target_parameters",
    "alora_invocation_tokens",
    "use_qalora",
    "use_bdlora",
    "layer_replication",
    "lora_bias",
    "arrow_config",
    "kasa_config",
    "monteclora_config",
    "velora_config",
)

#: Ways to begin training that move a part of the base's own weights into the adapter.
_MOVES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")


def check_folder(folder: Path) -> None:
    """AdapterMismatch unless `folder` holds a plain LoRA adapter and nothing that would have to be unpickled."""
    if not folder.is_dir():
        raise AdapterMismatch(f"there is no adapter at {folder}; give the folder that a finished run left")
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in PICKLES:
            raise AdapterMismatch(f"{file} is refused: only safetensors are stored, a pickle runs code; remove it")
    for name in (CONFIG, WEIGHTS):
        file = folder / name
        if file.is_symlink() or not file.is_file():
            raise AdapterMismatch(f"{file} is missing or not a plain file; give the folder that a finished run left")
    config = read_json(folder / CONFIG) or {}
    if config.get("peft_type") != "LORA":
        raise AdapterMismatch(f"{folder / CONFIG} has peft_type {config.get('peft_type')!r}; only LORA is served")
    for name in _REFUSED:
        if config.get(name):
            raise AdapterMismatch(f"{folder / CONFIG} sets {name}, which is not served; train without it")
    if str(config.get("init_lora_weights")).lower().startswith(_MOVES_BASE):
        raise AdapterMismatch(
            f"{folder / CONFIG} has init_lora_weights {config['init_lora_weights']!r}, which moves a part "
            "of the base into the adapter; train it with the ordinary start"
        )
    rank = config.get("r")
    if not isinstance(rank, int) or isinstance(rank, bool) or not 1 <= rank <= 1024:
        raise AdapterMismatch(f"{folder / CONFIG} has rank {rank!r}; a rank is a number from 1 to 1024")


def check_weights(folder: Path) -> None:
    """AdapterMismatch unless the safetensors header is sound and holds LoRA matrices only."""
    file = folder / WEIGHTS
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtra("storing an adapter needs safetensors; run `pip install 'memsrv[serve]'`") from error
    try:
        with safe_open(file, framework="numpy") as tensors:
            names = list(tensors.keys())
    except (SafetensorError, OSError) as error:
        raise AdapterMismatch(f"{file} is no sound safetensors file ({error}); train the adapter again") from error
    odd = [name for name in names if ".lora_A." not in name and ".lora_B." not in name]
    if odd or not names:
        raise AdapterMismatch(f"{file} does not hold LoRA matrices only ({odd[0] if odd else 'it is empty'})")


def hashes(folder: Path) -> dict[str, str]:
    """The sha256 of the files that make an adapter what it is."""
    return {name: digest(folder / name) for name in (CONFIG, WEIGHTS)}


def digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read_json(file: Path) -> dict[str, Any] | None:
    """The JSON object in `file`, None where there is no file. AdapterMismatch where it is anything else."""
    try:
        data = json.loads(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as error:
        raise AdapterMismatch(f"{file} is damaged: it is not valid JSON ({error})") from error
    if not isinstance(data, dict):
        raise AdapterMismatch(f"{file} is damaged: it is not a JSON object")
    return data


def write_json(file: Path, data: Mapping[str, Any]) -> None:
    """`data` as `file`, whole or not at all: written beside it, synced, renamed."""
    descriptor, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # a name of its own, and 0600
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        Path(part).replace(file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    sync_folder(file.parent, files=False)


def sync_folder(folder: Path, *, files: bool = True) -> None:
    """Bring `folder` (and the files in it, read-only from now on) to the disk itself."""
    if files:
        for file in folder.iterdir():
            if file.is_file() and not file.name.startswith("."):
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
    if os.name == "posix":  # Windows cannot open a folder to sync it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
