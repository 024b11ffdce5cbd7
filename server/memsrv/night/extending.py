"""Whether a night may go on from the live version's weights, or must train anew, and then why."""

from pathlib import Path

from memsrv_adapters.base import Base
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import CONFIG, AdapterVersion
from memsrv_adapters.weights import read_json
from memsrv_consolidation.recipe import Recipe


def obstacle(shelf: Shelf, project: str, live: AdapterVersion | None, base: Base, recipe: Recipe) -> str | None:
    """Why `live` cannot be extended on `base` by `recipe`, as a sentence's end; None where it can."""
    if live is None:
        tainted = [version for version in shelf.versions(project) if version.tainted]
        if tainted:
            return f"{tainted[-1].label} may not be gone on from: {tainted[-1].tainted}"
        return f"{project} has no live version yet"
    if live.tainted:
        return f"{live.label} may not be gone on from: {live.tainted}"
    about = live.manifest
    if about.base_hash != base.hash:
        theirs, ours = f"{about.base} ({about.base_hash[:12]})", f"{base.name} ({base.hash[:12]})"
        return f"{live.label} was trained on {theirs}, and the base is {ours}"
    if not about.facts:
        return f"nobody here knows what {live.label} was trained on"
    if odd := _other_shape(live.path, recipe):
        return f"{live.label} has another {odd} than the recipe {recipe.name}"
    return None


def _other_shape(adapter: Path, recipe: Recipe) -> str | None:
    config = read_json(adapter / CONFIG) or {}
    if config.get("r") != recipe.rank or config.get("lora_alpha") != recipe.alpha:
        return "rank"
    targets = config.get("target_modules")
    return None if isinstance(targets, list) and set(targets) == set(recipe.targets) else "set of layers"
