"""The frames that wordings are composed of, in their pools: a text file for each pool and shape, a frame a line.

{k} is the whole key ("the port of the api"), {r} the relation, {s} the subject, {v} the value. `train/` trains
adapters, `known/` the tiny base meets in pretraining and no adapter is trained on, `novel/` nobody meets: its hash was
committed before the base was pretrained (docs/decisions/0028). Openings and tails in `seen/` belong to the first two.
How frames are composed is in `wordings`.
"""

import hashlib
from importlib.resources import files

from memsrv_consolidation.frames.around import CHATTER, CUES, NAMINGS, SPECIAL, SYLLABLES
from memsrv_consolidation.frames.said import ANSWERS, STATEMENTS
from memsrv_consolidation.frames.shapes import Pool, Shape, shape

__all__ = [
    "ANSWERS", "CHATTER", "CORES", "CUES", "NAMINGS", "OPENINGS_NOVEL", "OPENINGS_SEEN", "SPECIAL", "STATEMENTS",
    "SYLLABLES", "TAILS_NOVEL", "TAILS_SEEN", "Pool", "Shape", "novel_hash", "shape",
]  # fmt: skip


def _lines(name: str) -> tuple[str, ...]:
    return tuple((files(__name__) / f"{name}.txt").read_text("utf-8").splitlines())


CORES: dict[tuple[Shape, Pool], tuple[str, ...]] = {
    (shape, pool): _lines(f"{pool}/{shape}") for shape in Shape for pool in Pool
}
OPENINGS_SEEN, OPENINGS_NOVEL = _lines("seen/openings"), _lines("novel/openings")
TAILS_SEEN, TAILS_NOVEL = _lines("seen/tails"), _lines("novel/tails")


def novel_hash() -> str:
    """sha256 of all that is novel, in a fixed order: what must not change once a base was pretrained."""
    names = [*sorted(map(str, Shape)), "openings", "tails"]
    text = "\n\n".join("\n".join(_lines(f"novel/{name}")) for name in names)
    return hashlib.sha256(text.encode()).hexdigest()
