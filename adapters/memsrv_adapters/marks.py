"""Marks: what became known of versions after they were put, in `marks.json` beside them. A removed one keeps its own.

Knows no lock and no pointer: who marks, holds the project.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from memsrv.records import to_dict
from memsrv_adapters.version import Stage
from memsrv_adapters.weights import read_json, write_json

FILE = "marks.json"


@dataclass(frozen=True, slots=True)
class Mark:
    stages: Mapping[str, Stage]
    tainted: str | None = None
    removed: bool = False


UNMARKED = Mark({})


def read(folder: Path) -> dict[str, Mark]:
    """Those of a project's versions, by name."""
    data = read_json(folder / FILE) or {}
    return {
        name: Mark({fact: Stage(stage) for fact, stage in mark["stages"].items()}, mark["tainted"], mark["removed"])
        for name, mark in data.items()
    }


def add(
    folder: Path,
    version: str,
    *,
    stages: Mapping[str, Stage] | None = None,
    tainted: str | None = None,
    removed: bool = False,
) -> dict[str, Mark]:
    """What became known of `version` now, beside what was known already: all marks, as they are then."""
    marks = read(folder)
    before = marks.get(version, UNMARKED)
    marks[version] = Mark(
        {**before.stages, **(stages or {})},
        before.tainted if tainted is None else tainted,
        before.removed or removed,
    )
    write_json(folder / FILE, to_dict(marks))
    return marks
