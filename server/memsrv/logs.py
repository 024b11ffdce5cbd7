"""What background processes write down: one file for each kind of process, bounded, 0600, with no secret in it.

Several processes of a kind may write at once (an MCP server for each editor window), and the standard library's
rotation loses lines then; `concurrent-log-handler` takes a lock. Knows nothing of what is logged.
"""

import logging
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType

from concurrent_log_handler import ConcurrentRotatingFileHandler

from memsrv.home import Home
from memsrv.redact import Redactor, key_at
from memsrv.settings import Settings

#: Old logs that are kept beside the one that is written.
OLD = 3
#: A record beyond this is cut: a traceback with a whole document in it says nothing more.
_RECORD = 16_000
_FORMAT = "%(asctime)s %(levelname)s %(name)s[%(process)d] %(message)s"
_ROTATED = re.compile(r".*\.log\.(\d+)(\.gz)?")


class Redacting(logging.Formatter):
    """The whole record, message and traceback alike, goes through `redact` before it is written."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__(_FORMAT)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        text = self._redact(super().format(record))
        return text if len(text) <= _RECORD else f"{text[:_RECORD]} [… {len(text) - _RECORD} characters cut]"


def start(home: Home, kind: str, settings: Settings) -> Path:
    """From now on this process logs to `Home.logs/<kind>.log`, its uncaught errors, too. Call it once, early."""
    home.logs.mkdir(parents=True, exist_ok=True, mode=0o700)

    @cache
    def redactor() -> Redactor:  # made for the first record: reading its rules takes longer than a process has to start
        return Redactor(key_at(home.redaction_key), settings.redact.strings)

    file = home.logs / f"{kind}.log"
    made = handler(file, settings.keep.log_mib, lambda text: redactor().redact(text)[0])
    logging.getLogger().addHandler(made)
    logging.getLogger("memsrv").setLevel(logging.INFO)  # of libraries, only what is wrong
    sys.excepthook = _note
    return file


def handler(file: Path, mib: float, redact: Callable[[str], str]) -> logging.Handler:
    """A rotating log of at most `mib` MiB, and `OLD` old ones beside it."""
    made = ConcurrentRotatingFileHandler(
        file, maxBytes=int(mib * (1 << 20)), backupCount=OLD, encoding="utf-8", chmod=0o600, umask=0o077
    )
    made.setFormatter(Redacting(redact))
    return made


def rotate(file: Path, mib: float) -> None:
    """Make room in a log that a process is about to be given as its stderr, and so cannot rotate while it runs."""
    if not file.exists() or file.stat().st_size < mib * (1 << 20):
        return
    for number in range(OLD, 0, -1):
        older = file if number == 1 else file.with_name(f"{file.name}.{number - 1}")
        if older.exists():
            older.replace(file.with_name(f"{file.name}.{number}"))


def leftover(home: Home) -> list[Path]:
    """Rotated logs beyond those that are kept."""
    if not home.logs.is_dir():
        return []
    return sorted(p for p in home.logs.iterdir() if (match := _ROTATED.fullmatch(p.name)) and int(match[1]) > OLD)


def _note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("memsrv").critical("process.failed", exc_info=(kind, error, trace))
    if sys.stderr.isatty():
        sys.__excepthook__(kind, error, trace)
