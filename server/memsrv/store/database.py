"""sqlite-utils without pandas and numpy, which it would load wherever they are installed.

`memsrv[train]` brings both, and they were half of the time and a third of the memory of every command and server.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Database", "Migrations"]


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Inside, an import of `names` fails as if they were not installed; sqlite-utils then does without."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python marks what must not load
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _hidden("pandas", "numpy"):
    from sqlite_utils import Database, Migrations
