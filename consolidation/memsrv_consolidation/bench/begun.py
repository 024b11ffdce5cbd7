"""A bench's run that was begun before is gone on with, where it was begun for the same; else it is begun anew."""

from collections.abc import Callable, Mapping
from shutil import rmtree
from typing import Any

from memsrv_consolidation.run import Run, read_json, write_json

#: What a run is made from, in its folder.
ASKED = "asked.json"


def begun(run: Run, asked: Mapping[str, Any], lay: Callable[[], None]) -> Run:
    """`run`, with what `lay` writes for `asked`, or as far as it is; `asked` is as JSON gives it back."""
    kept = run.folder / ASKED
    if kept.exists() and read_json(kept) == asked:
        return run
    rmtree(run.folder, ignore_errors=True)
    run.folder.mkdir(parents=True)
    lay()
    write_json(kept, asked)  # the last: a folder with it is whole
    return run
