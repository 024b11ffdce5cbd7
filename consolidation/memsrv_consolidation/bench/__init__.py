"""Benches of training, each in a process of its own: `python -I -m memsrv_consolidation.bench.<name> FOLDER`.

`order.json` in the folder says what is measured and with how many threads, `result.json` what was found; meanwhile
`progress.json` says how far it is. Torch-free until the work begins.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memsrv.environment import set_for_libraries
from memsrv.errors import MemsrvError
from memsrv_consolidation.run import read_json, write_json

#: What is being done, how much of it is done, of how much.
Told = Callable[[str, int, int], None]
#: Gets the order, the folder, and whom to tell how far it is; gives the result.
Work = Callable[[dict[str, Any], Path, Told], dict[str, Any]]
#: Seconds between two writes of how far it is.
_EVERY = 0.2


def carry_out(name: str, work: Work, arguments: Sequence[str]) -> int:
    """The command line of the bench called `name`; the exit status. What goes wrong is a sentence on stderr."""
    os.umask(0o077)
    parser = argparse.ArgumentParser(f"python -I -m memsrv_consolidation.bench.{name}")
    parser.add_argument("folder", type=Path, help="a folder with an order.json")
    folder: Path = parser.parse_args(arguments).folder.absolute()
    told_last = 0.0

    def told(what: str, done: int, total: int) -> None:
        nonlocal told_last
        now = time.monotonic()
        if now - told_last >= _EVERY or done >= total:
            told_last = now
            part = folder / "progress.json.part"  # a reader never sees half of it; after a crash nobody needs it
            part.write_text(json.dumps({"what": what, "done": done, "total": total}), "utf-8")
            part.replace(folder / "progress.json")

    try:
        order = read_json(folder / "order.json")
        set_for_libraries(int(order.get("threads", 1)))  # before torch is imported
        write_json(folder / "result.json", work(order, folder, told))
    except ModuleNotFoundError as error:
        sys.stderr.write(f"bench {name} needs {error.name}; run `pip install 'memsrv[train]'`\n")
        return 1
    except MemsrvError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0
