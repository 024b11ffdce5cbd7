"""A bench as a process: it reads `order.json` in a folder, shows `progress.json`, writes `result.json`.

`python -I -m memsrv_consolidation.bench.NAME FOLDER`, started by `memsrv bench NAME` (memsrv/bench/child.py), which has
no torch.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memsrv.errors import MemsrvError
from memsrv.settings import set_for_libraries
from memsrv_consolidation.run import read_json, write_json

ORDER, PROGRESS, RESULT = "order.json", "progress.json", "result.json"

#: What is being done, how much of it is done, of how much.
Told = Callable[[str, int, int], None]


def carry_out(name: str, bench: Callable[[dict[str, Any], Path, Told], dict[str, Any]], given: Sequence[str]) -> int:
    """Carry out what `order.json` of the folder asks of `bench`; the exit status. `threads` of the order are set first.

    `bench` gets the order, the folder (to keep what a later start can use) and where to tell how far it is.
    """
    parser = argparse.ArgumentParser(f"python -I -m memsrv_consolidation.bench.{name}")
    parser.add_argument("folder", type=Path, help=f"a folder with an {ORDER}")
    folder: Path = parser.parse_args(given).folder

    def told(what: str, done: int, total: int) -> None:
        write_json(folder / PROGRESS, {"what": what, "done": done, "total": total})

    try:
        order = read_json(folder / ORDER)
        set_for_libraries(int(order.get("threads", 1)))  # before torch is imported
        write_json(folder / RESULT, bench(order, folder, told))
    except ModuleNotFoundError as error:
        sys.stderr.write(f"this bench needs {error.name}; run `pip install 'memsrv[train]'`\n")
        return 1
    except MemsrvError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0
