"""A bench of training in a process of its own: `order.json` in a folder, `result.json` out of it; here is no torch."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from memsrv.environment import child_environment
from memsrv.errors import MissingExtra, RunFailed

#: What is being done, how much of it is done, of how much.
Told = Callable[[str, int, int], object]
#: Seconds between two looks at how far it is, and to end after an interruption.
_LOOK, _PATIENCE = 0.25, 10.0


@contextmanager
def kept_in(out: Path | None) -> Iterator[Path]:
    """The folder of a bench: `out`, where what is finished stays; without one, a folder that goes with the bench."""
    if out is not None:
        yield out.absolute()
        return
    with TemporaryDirectory(prefix="memsrv-bench-") as folder:
        yield Path(folder)


def carried_out(
    name: str, order: Mapping[str, Any], folder: Path, told: Told, python: str = sys.executable
) -> dict[str, Any]:
    """What `memsrv_consolidation.bench.NAME` found, ordered so, in `folder`; a folder used before goes on where it was.

    MissingExtra without torch; RunFailed quotes the last words of a process that failed. Interrupted, it stops the
    process before it passes the interruption on.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra(f"bench {name} needs torch; run `pip install 'memsrv[train]'`")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "order.json").write_text(json.dumps(order), "utf-8")
    (folder / "result.json").unlink(missing_ok=True)
    command = [python, "-I", "-m", f"memsrv_consolidation.bench.{name}", str(folder)]
    log = folder / "log.txt"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, env=child_environment()) as child:
        try:
            while child.poll() is None:
                with suppress(OSError, ValueError):  # not there yet
                    seen = json.loads((folder / "progress.json").read_text("utf-8"))
                    told(seen["what"], seen["done"], seen["total"])
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_LOOK)
        except BaseException:
            child.terminate()
            try:
                child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    if child.returncode:
        said = (log.read_text("utf-8", "replace").strip() or "without a word").splitlines()[-1]
        raise RunFailed(f"bench {name} ended with exit code {child.returncode}: {said} (all of it: {log})")
    found: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    return found
