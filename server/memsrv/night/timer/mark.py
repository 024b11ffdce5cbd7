"""A line in each file that says who wrote it, with the hash of the rest: what was changed since is not ours."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from memsrv.errors import NoTimer

#: Where the mark stands in a text that is not marked yet.
PLACE = "@mark@"

_MARK = re.compile(r"written by memsrv night install, made=(\d+) sha256=([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Marked:
    """A file of ours. `made`: how many folders above it were made for it."""

    text: str
    made: int


def marked(text: str, made: int) -> str:
    """`text` with its mark at PLACE."""
    digest = hashlib.sha256(f"{made}\n{text}".encode()).hexdigest()
    return text.replace(PLACE, f"written by memsrv night install, made={made} sha256={digest}", 1)


def on_file(path: Path, encoding: str) -> Marked | None:
    """What stands in `path`, None where there is nothing; NoTimer where it is not what was once written there."""
    try:
        text = path.read_bytes().decode(encoding)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise NoTimer(f"{path} cannot be read ({error}); move it away and try again") from error
    mark = _MARK.search(text)
    if mark and marked(text.replace(mark[0], PLACE, 1), int(mark[1])) == text:
        return Marked(text, int(mark[1]))
    raise NoTimer(
        f"{path} is not as `memsrv night install` wrote it, so it is left alone; keep what you need of it elsewhere, "
        "remove it and try again"
    )
