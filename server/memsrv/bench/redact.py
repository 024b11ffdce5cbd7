"""Redaction measured: planted secrets that are caught, alarms on ordinary code, megabytes a second; DataClaw beside it.

A planted secret is caught if nothing of it is left whole: of one that was split, neither half. The ordinary code is
that of the installed packages; whatever is redacted there counts as a false alarm, also a key of some package's test.
"""

import base64
import importlib
import importlib.metadata
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from memsrv import __version__
from memsrv.canaries import FAMILIES, Canary, canaries
from memsrv.errors import UsageError
from memsrv.redact import Redactor

#: Text in, clean text and a count out: what engines have in common.
Redact = Callable[[str], tuple[str, int]]

#: Rounds through all families; each has other secrets.
ROUNDS = 4
#: What is read as ordinary code: sources, and the lists of file hashes that come with every package.
_SOURCES = {".py", ".pyi", ".js", ".ts", ".json", ".md", ".rst", ".txt", ".toml", ".yaml", ".yml", ".css", ".html",
            ".c", ".h", ".cpp", ".sh"}  # fmt: skip
_FILE = 1 << 20  # bytes of one file that are read at most


@dataclass(frozen=True, slots=True)
class Caught:
    """Of `planted` secrets in one position, so many."""

    position: str
    caught: int
    planted: int


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine's figures; of one that is not installed, only why there are none."""

    name: str
    version: str | None = None
    skipped: str | None = None
    caught: int = 0
    planted: int = 0
    by_position: tuple[Caught, ...] = ()
    missed: tuple[str, ...] = ()  # families of which at least one was left, in any position
    false_alarms: int = 0
    false_alarms_per_100_kb: float = 0.0
    mb_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RedactionBench:
    """`bytes` of ordinary code in `files`; `families` of planted secrets."""

    families: int
    files: int
    bytes: int
    engines: tuple[Engine, ...] = field(default=())


def redaction(
    megabytes: float, code: Path | None = None, *, clock: Callable[[], float] = time.perf_counter
) -> RedactionBench:
    """Measure on `megabytes` of the files below `code`; unset, of this Python's installed packages."""
    texts = ordinary(code or Path(sysconfig.get_path("purelib")), int(megabytes * 1_000_000))
    if not texts:
        raise UsageError(f"there is no source file below {code}; name a folder that holds some")
    size = sum(len(text.encode()) for text in texts)
    ours = _measured("memsrv", __version__, Redactor(b"bench").redact, texts, size, clock)
    return RedactionBench(len(FAMILIES), len(texts), size, (ours, _dataclaw(texts, size, clock)))


def ordinary(code: Path, size: int) -> list[str]:
    """About `size` bytes of the source files below `code`, taken evenly from all of them."""
    files = sorted(p for p in code.rglob("*") if (p.suffix in _SOURCES or p.name == "RECORD") and p.is_file())
    sizes = [min(file.stat().st_size, _FILE) for file in files]
    step = max(1, sum(sizes) // max(size, 1))
    texts: list[str] = []
    taken = 0
    for start in range(step):
        for file in files[start::step]:
            if taken >= size:
                return texts
            text = file.read_bytes()[:_FILE].decode("utf-8", "replace")
            texts.append(text)
            taken += len(text.encode())
    return texts


def planted(seed: int) -> Iterator[tuple[str, Canary, str, tuple[str, ...]]]:
    """(position, canary, text that holds it, what of it may not be left), for every family in every position."""
    for canary in canaries(seed, len(FAMILIES)):
        text, secret = canary.text, canary.secret
        middle = text.index(secret) + len(secret) // 2
        code = base64.b64encode(text.encode()).decode()
        escaped = "".join(f"\\u{ord(letter):04x}" for letter in secret)
        halves = (secret[: len(secret) // 2], secret[len(secret) // 2 :])
        yield "prompt", canary, f"Please use {text} for the deploy, then run the tests.", (secret,)
        yield "tool output", canary, f"$ cat .env\n# staging\n{text}\nDEBUG=1\nexit code 0\n", (secret,)
        yield "path", canary, f"/srv/{text}/config.yaml", (secret,)
        yield "base64", canary, f'{{"kind": "Secret", "data": {{"blob": "{code}"}}}}', (code,)
        yield "split over lines", canary, f"{text[:middle]}\n    {text[middle:]}\ndone\n", halves
        yield "JSON escapes", canary, f'{{"value": "{text.replace(secret, escaped)}"}}', (escaped,)


def _dataclaw(texts: list[str], size: int, clock: Callable[[], float]) -> Engine:
    try:
        redact: Redact = importlib.import_module("dataclaw.secrets").redact_text
    except ModuleNotFoundError:
        return Engine("DataClaw", skipped="not installed; `pip install dataclaw`, or memsrv[dev]")
    return _measured("DataClaw", importlib.metadata.version("dataclaw"), redact, texts, size, clock)


def _measured(
    name: str, version: str, redact: Redact, texts: list[str], size: int, clock: Callable[[], float]
) -> Engine:
    counts: dict[str, list[bool]] = {}
    missed: dict[str, None] = {}
    for seed in range(ROUNDS):
        for position, canary, text, marks in planted(seed):
            clean, _ = redact(text)
            good = not any(mark in clean for mark in marks)
            counts.setdefault(position, []).append(good)
            if not good:
                missed[canary.family] = None
    began = clock()
    alarms = sum(redact(text)[1] for text in texts)
    seconds = clock() - began
    return Engine(
        name,
        version,
        caught=sum(map(sum, counts.values())),
        planted=sum(map(len, counts.values())),
        by_position=tuple(Caught(position, sum(good), len(good)) for position, good in counts.items()),
        missed=tuple(missed),
        false_alarms=alarms,
        false_alarms_per_100_kb=round(alarms / (size / 100_000), 3),
        mb_per_s=round(size / 1_000_000 / max(seconds, 1e-9), 2),
    )
