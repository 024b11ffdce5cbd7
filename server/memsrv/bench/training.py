"""`memsrv bench training`: our strategies beside trl as it comes, on the same conversations: tokens/s, memory, recall.

Each is a process of its own, one after the other. Useful tokens are those of answers: the rest is read to get there.
Where the base can learn, also: how soon closed-book recall is what trl's is at its end.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memsrv.bench.child import Told, carried_out
from memsrv.errors import UsageError
from memsrv_consolidation.shape import SHAPES
from memsrv_consolidation.strategies import strategy

#: Steps where only the pace is measured and nobody said how many.
SHAPE_STEPS = 24
#: trl as it comes: what the others are held against.
PLAIN = "trl"
#: What a name must end in to mean a base of random weights in the shape of a real one.
SUFFIX = "-shape"


def shape_named(base: str) -> str | None:
    """The shape that `base` asks for, as `qwen2.5-7b-shape` does; None for a base that is a model."""
    if not base.endswith(SUFFIX):
        return None
    name = base.removesuffix(SUFFIX).casefold()
    if name not in SHAPES:
        raise UsageError(f"there is no shape {base}; known: {', '.join(f'{known}{SUFFIX}' for known in SHAPES)}")
    return name


def ways(asked: Sequence[str]) -> list[str]:
    """The strategies that were asked for; trl comes last, so that its baseline is of the same run."""
    ours = list(dict.fromkeys(name for name in asked if name != PLAIN))
    for name in ours:
        strategy(name)
    return [*ours, PLAIN]


def training(orders: Mapping[str, Mapping[str, Any]], folder: Path, told: Told) -> dict[str, Any]:
    """The figures of each order, by strategy, and how many times trl's they are."""
    rows = [carried_out("training", order, folder / name, told) for name, order in orders.items()]
    return {"rows": compared(rows)}


def compared(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with its pace as a multiple of trl's, and the seconds until it recalled what trl does at its end."""
    plain = next(row for row in rows if row["strategy"] == PLAIN)
    goal = plain["looks"][-1]["recall"] if plain["looks"] else None
    last = _reached(plain, goal)
    found = []
    for row in rows:
        equal = _reached(row, goal)
        found.append(
            {
                **row,
                "recall": row["looks"][-1]["recall"] if row["looks"] else None,
                "equal_recall_s": equal,
                "times_tokens": _times(row["tokens_per_s"], plain["tokens_per_s"]),
                "times_useful": _times(row["completion_tokens_per_s"], plain["completion_tokens_per_s"]),
                "times_sooner": _times(last, equal),
            }
        )
    return found


def _reached(row: Mapping[str, Any], goal: float | None) -> float | None:
    """When the recall was first `goal`; None where it never was, and where nothing was recalled to compare with."""
    if not goal:
        return None
    return next((look["seconds"] for look in row["looks"] if look["recall"] >= goal), None)


def _times(one: float | None, other: float | None) -> float | None:
    return round(one / other, 2) if one and other else None
