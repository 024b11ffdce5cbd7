"""Where a base model lies, and the hash that tells it from every other.

A base is the packaged `memsrv-tiny`, a local folder, or a Hugging Face name that is already on this machine: nothing is
downloaded here. Knows nothing of torch; whoever loads the model does.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from memsrv.errors import MissingExtra, UnknownBase
from memsrv_adapters.weights import digest, read_json, write_json

PACKAGED = Path(__file__).parent / "bases"
TINY = "memsrv-tiny"

#: Files that change what a base model says; anything else in its folder (a README, a log) does not.
_NAMED = (
    "config.json",
    "generation_config.json",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)


@dataclass(frozen=True, slots=True)
class Base:
    """A base model on this machine. `hash` covers its weights, configuration, tokenizer and chat template."""

    name: str
    path: Path
    hash: str


def resolve(name: str, models: Path | None = None) -> Base:
    """The base called `name`. `models` is `MEMSRV_HOME/models`: looked into first, and hashes are remembered there.

    UnknownBase says what to run where the model is not here.
    """
    path = _locate(name, models)
    if not (path / "config.json").is_file():
        raise UnknownBase(f"{path} is no base model: it has no config.json; {_fetch(name)}")
    if not (path / "tokenizer.json").is_file() and not (path / "tokenizer_config.json").is_file():
        raise UnknownBase(f"{path} is no complete base model: it has no tokenizer; {_fetch(name)}")
    weights = sorted(path.glob("*.safetensors"))
    index = read_json(path / "model.safetensors.index.json") or {}
    missing = sorted(set(index.get("weight_map", {}).values()) - {file.name for file in weights})
    if missing or not weights:
        absent = missing[0] if missing else "its weights (*.safetensors)"
        raise UnknownBase(f"{path} is no complete base model: {absent} is missing; {_fetch(name)}")
    return Base(name, path, _hash(path, weights, models))


def _locate(name: str, models: Path | None) -> Path:
    if name == TINY:
        return PACKAGED / TINY
    given = Path(name).expanduser()
    if given.is_absolute() or name.startswith((".", "~")) or given.is_dir():
        if not given.is_dir():
            raise UnknownBase(f"there is no folder {given}; give the folder that holds the base model")
        return given.resolve()
    if models is not None and ".." not in given.parts and (models / given / "config.json").is_file():
        return models / given
    return _cached(name)


def _cached(name: str) -> Path:
    """The snapshot of `name` in Hugging Face's own cache."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtra(
            f"finding the base model {name} needs huggingface_hub; run `pip install 'memsrv[serve]'`"
        ) from error
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except HFValidationError as error:
        raise UnknownBase(
            f"{name[:120]!r} is neither a folder nor a Hugging Face name; use `{TINY}`, a path, or `owner/model`"
        ) from error
    except LocalEntryNotFoundError as error:
        raise UnknownBase(f"the base model {name} is not on this machine; {_fetch(name)}") from error


def _fetch(name: str) -> str:
    if name == TINY:
        return "reinstall memsrv: this model is part of it"
    if Path(name).expanduser().is_absolute():
        return "copy the whole model there"
    return f"run `hf download {name}` once while online, then try again"


def _hash(path: Path, weights: list[Path], models: Path | None) -> str:
    files = [*(path / name for name in _NAMED if (path / name).is_file()), *weights]
    stats = [(file.name, s.st_size, s.st_mtime_ns) for file in files for s in (file.stat(),)]
    signature = hashlib.sha256(repr((str(path), stats)).encode()).hexdigest()
    return _remembered(signature, tuple(files), models)


@lru_cache(maxsize=64)
def _remembered(signature: str, files: tuple[Path, ...], models: Path | None) -> str:
    """The hash over `files`; `signature` (their sizes and times) tells whether a remembered one still holds."""
    known = (read_json(models / "hashes.json") or {}) if models is not None else {}
    if isinstance(found := known.get(signature), str):
        return found
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(f"{file.name}\0{digest(file)}\n".encode())
    value = whole.hexdigest()
    if models is not None:
        models.mkdir(parents=True, exist_ok=True)
        write_json(models / "hashes.json", {**known, signature: value})
    return value
