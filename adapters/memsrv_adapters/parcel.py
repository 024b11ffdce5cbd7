"""An adapter version as one file to give away, and what is taken from such a file that a stranger made.

A plain tar of three members: the weights, a configuration of a few known fields, and a manifest without the words that
the version was trained on, unless they are asked for. What comes in is judged before anything of it is used: names,
kinds and sizes, hashes, safetensors only, names of modules that are no patterns. Knows no shelf and no project.
"""

import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

from memsrv import __version__
from memsrv.errors import AdapterMismatch
from memsrv.records import from_dict, to_dict
from memsrv_adapters.version import (
    CONFIG,
    EXTEND,
    MANIFEST,
    REBUILD,
    WEIGHTS,
    AdapterVersion,
    Lineage,
    Source,
    TrainedFact,
)
from memsrv_adapters.weights import SERVED_FIELDS, check_folder, check_weights, digest, read_json

_FORMAT = 1
_LIMITS = {CONFIG: 256 << 10, MANIFEST: 16 << 20, WEIGHTS: 8 << 30}
_FACTS, _FACT_CHARS, _ID_CHARS = 50_000, 4_000, 300
_PIECE = 1 << 20
_HASH = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MODULE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,199}")

#: Fields whose words PEFT takes for patterns: a stranger's are refused, since a pattern can be made to run for ever.
_PATTERNS = ("exclude_modules", "rank_pattern", "alpha_pattern", "layers_pattern")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a parcel says of itself, after it was found to be sound; `sha256` is that of its weights."""

    base: str
    base_hash: str
    strategy: str
    created: str
    facts: tuple[TrainedFact, ...]
    sha256: str
    lineage: Lineage = field(default_factory=Lineage)


def pack(version: AdapterVersion, to: Path, *, facts: bool = False) -> None:
    """Write `version` to `to`, whole or not at all. Its facts travel only where `facts` says so."""
    manifest = version.manifest
    config = _config(read_json(version.path / CONFIG) or {})
    about = {
        "format": _FORMAT,
        "memsrv": __version__,
        "version": manifest.version,
        "base": Path(manifest.base).name,  # of a local path, no more than the name of the folder
        "base_hash": manifest.base_hash,
        "strategy": manifest.strategy,
        "created": manifest.created,
        "facts": [_told(fact) for fact in manifest.facts] if facts else [],
        "lineage": {
            **to_dict(manifest.lineage),
            # A hash of few words can be guessed: who does not give the words away gives no hash of theirs.
            "replayed": to_dict(manifest.lineage.replayed) if facts else [],
            "inherited": [_told(fact) for fact in manifest.lineage.inherited] if facts else [],
        },
        "hashes": {CONFIG: hashlib.sha256(config).hexdigest(), WEIGHTS: digest(version.path / WEIGHTS)},
    }
    descriptor, part = tempfile.mkstemp(dir=to.parent, prefix=f".part-{to.name}-")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:") as tar:
                _add(tar, MANIFEST, json.dumps(to_dict(about), ensure_ascii=False, indent=1).encode())
                _add(tar, CONFIG, config)
                entry = _entry(WEIGHTS, (version.path / WEIGHTS).stat().st_size)
                with (version.path / WEIGHTS).open("rb") as weights:
                    tar.addfile(entry, weights)
            raw.flush()
            os.fsync(raw.fileno())
        Path(part).replace(to)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def unpack(file: Path, into: Path) -> Parcel:
    """The adapter in `file` as files in the empty folder `into`, and what it says. AdapterMismatch: it is not sound."""
    if not file.is_file():
        raise AdapterMismatch(f"there is no file {file}; name one that `memsrv adapters export` made")
    try:
        with tarfile.open(file, mode="r:") as tar:
            _extract(tar, file, into)
    except (tarfile.TarError, EOFError) as error:
        raise AdapterMismatch(f"{file} is no parcel, or is cut short ({error}); export the version again") from error
    said = _manifest(file, read_json(into / MANIFEST) or {})
    hashes = said["hashes"]
    for name in (CONFIG, WEIGHTS):
        if digest(into / name) != hashes[name]:
            raise AdapterMismatch(f"{file}: its {name} is not the one that it lists; export the version again")
    config = read_json(into / CONFIG) or {}
    _refuse_patterns(file, config)
    check_folder(into)
    (into / CONFIG).write_bytes(_config(config))
    (into / MANIFEST).unlink()
    check_folder(into)
    check_weights(into)
    return Parcel(
        base=said["base"],
        base_hash=said["base_hash"],
        strategy=said["strategy"],
        created=said["created"],
        facts=_facts(said["facts"]),
        sha256=hashes[WEIGHTS],
        lineage=_lineage(said.get("lineage")),
    )


def _told(fact: TrainedFact) -> dict[str, Any]:
    """What travels of a fact: not how far it came, which the next one measures."""
    return {"id": fact.id, "text": fact.text, "hash": fact.hash, "sources": to_dict(fact.sources)}


def _facts(said: Sequence[Mapping[str, Any]]) -> tuple[TrainedFact, ...]:
    return tuple(
        TrainedFact(fact["id"], fact["text"], hash=fact.get("hash", ""), sources=_sources(fact.get("sources", ())))
        for fact in said
    )


def _sources(said: Sequence[Mapping[str, Any]]) -> tuple[Source, ...]:
    return tuple(from_dict(Source, source) for source in said)


def _lineage(said: Mapping[str, Any] | None) -> Lineage:
    """A parcel that was made before there were lineages has none."""
    if said is None:
        return Lineage()
    return Lineage(
        said["built"], said["seed"], said["recipe"], said["data"], said["conversations"],
        _sources(said["replayed"]), _facts(said["inherited"]),
    )  # fmt: skip


def _extract(tar: tarfile.TarFile, file: Path, into: Path) -> None:
    left = dict(_LIMITS)
    for member in tar:
        name = member.name
        if name not in _LIMITS or name not in left:
            raise AdapterMismatch(
                f"{file} holds {name[:80]!r}, which is none of {', '.join(_LIMITS)}, or is there twice"
            )
        # A sparse member claims a size for no bytes; the rest are links, devices and folders.
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse is not None:
            raise AdapterMismatch(f"{file}: its {name} is no plain file; it is refused")
        if member.size > left.pop(name):
            raise AdapterMismatch(f"{file}: its {name} has {member.size} bytes, more than is taken; it is refused")
        source = tar.extractfile(member)
        if source is None:
            raise AdapterMismatch(f"{file}: its {name} cannot be read; it is refused")
        with os.fdopen(os.open(into / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            while piece := source.read(_PIECE):
                out.write(piece)
    if left:
        raise AdapterMismatch(f"{file} has no {', '.join(sorted(left))}; export the version again")


def _manifest(file: Path, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """`said`, if every field of it is what it should be: it was written by a stranger."""
    hashes, facts = said.get("hashes"), said.get("facts")
    sound = (
        said.get("format") == _FORMAT
        and all(_matches(_WORD, said.get(name)) for name in ("strategy", "base"))
        and _matches(_HASH, said.get("base_hash"))
        and isinstance(said.get("created"), str)
        and isinstance(hashes, dict)
        and set(hashes) == {CONFIG, WEIGHTS}
        and all(_matches(_HASH, hash) for hash in hashes.values())
        and isinstance(facts, list)
        and len(facts) <= _FACTS
        and all(_is_fact(fact) for fact in facts)
        and (said.get("lineage") is None or _is_lineage(said["lineage"]))
    )
    if not sound:
        raise AdapterMismatch(f"{file} has a manifest that this memsrv does not understand; export the version again")
    return said


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_fact(fact: object) -> bool:
    if not isinstance(fact, dict) or not {"id", "text"} <= set(fact) <= {"id", "text", "hash", "sources"}:
        return False
    text, hash, sources = fact["text"], fact.get("hash", ""), fact.get("sources", [])
    worded = isinstance(text, str) and len(text) <= _FACT_CHARS and _matches(_WORD, fact["id"])
    return worded and _is_hash(hash) and _are_sources(sources)


def _is_hash(value: object) -> bool:
    return value == "" or _matches(_HASH, value)


def _are_sources(sources: object) -> bool:
    if not isinstance(sources, list) or len(sources) > _FACTS:
        return False
    return all(
        isinstance(one, dict)
        and set(one) == {"session", "turn", "hash", "event"}
        and all(isinstance(id, str) and len(id) <= _ID_CHARS for id in (one["session"], one["event"] or ""))
        and type(one["turn"]) is int
        and _is_hash(one["hash"])
        for one in sources
    )


def _is_lineage(said: object) -> bool:
    if not isinstance(said, dict):
        return False
    recipe, inherited = said.get("recipe"), said.get("inherited")
    return (
        said.get("built") in (REBUILD, EXTEND)
        and type(said.get("seed")) in (int, NoneType)
        and all(_is_hash(said.get(name)) for name in ("data", "conversations"))
        and isinstance(recipe, dict)
        and len(json.dumps(recipe)) <= _FACT_CHARS
        and _are_sources(said.get("replayed"))
        and isinstance(inherited, list)
        and len(inherited) <= _FACTS
        and all(_is_fact(fact) for fact in inherited)
    )


def _config(said: Mapping[str, Any]) -> bytes:
    """The fields that are served, and nothing else: not the path of the base on somebody's machine."""
    kept = {"peft_type": "LORA", "task_type": "CAUSAL_LM"}
    kept |= {name: said[name] for name in SERVED_FIELDS if said.get(name) not in (None, {}, [])}
    return json.dumps(kept, indent=1, sort_keys=True).encode() + b"\n"


def _refuse_patterns(file: Path, config: Mapping[str, Any]) -> None:
    for name in _PATTERNS:
        if config.get(name):
            raise AdapterMismatch(
                f"{file}: its configuration sets {name}, which is not taken from others; it is refused"
            )
    modules = config.get("target_modules")
    if not isinstance(modules, list) or not modules or not all(_matches(_MODULE, module) for module in modules):
        raise AdapterMismatch(f"{file}: its configuration has no list of target_modules; it is refused")
    layers = config.get("layers_to_transform") or []
    numbers = [config.get("lora_alpha"), *(layers if isinstance(layers, list) else [None])]
    switches = [config.get(name) or False for name in ("use_rslora", "fan_in_fan_out")]
    plain = all(isinstance(number, int | float) for number in numbers) and all(isinstance(on, bool) for on in switches)
    if not plain or config.get("bias", "none") != "none":
        raise AdapterMismatch(f"{file}: its configuration is not that of a plain LoRA; it is refused")


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_entry(name, len(data)), io.BytesIO(data))
