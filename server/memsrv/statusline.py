"""One line for an IDE's status bar, from a cache file, with the standard library alone.

The host runs this every few hundred milliseconds: it opens no database, imports nothing of ours, reads no stdin and
never fails. `memsrv.status` writes the file; what the line says is its business.
"""

import contextlib
import os
import sys
from pathlib import Path

EMPTY = "memsrv · nothing remembered yet"


def cache_file() -> Path:
    """The same place as `environment.open_home().statusline`, found without platformdirs (a test compares the two)."""
    named = os.environ.get("MEMSRV_HOME")
    if named:
        return Path(named).expanduser() / "statusline.txt"
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME", "").strip() or home / ".local" / "share")
    return data / "memsrv" / "statusline.txt"


def read(cache: Path) -> str:
    """The first line of `cache`, fit for a terminal; `EMPTY` where there is none that can be read."""
    try:
        with cache.open("rb") as file:
            text = file.read(4096).decode("utf-8", "replace")
    except OSError:
        return EMPTY
    line = "".join(c for c in text.partition("\n")[0] if c.isprintable()).strip()
    return line or EMPTY


def main() -> int:
    line = read(cache_file()).encode("utf-8")
    # A host that stopped listening is no error; and past sys.stdout, whose encoding may be ASCII and whose flush at
    # exit would complain.
    with contextlib.suppress(OSError):
        os.write(1, line + b"\n")
    return 0
