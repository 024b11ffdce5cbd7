"""Whether two commands are one: the same but for noise, the same in another spelling, or the same after a remedy.

Knows commands as words; what ran between them is the lens's question.
"""

import difflib
import re
from collections.abc import Sequence

from memsrv.lenses.runs import Run, bare, is_compound, is_probe, words

#: Errors where even a command that only looks was wrongly written, so that another spelling is the fix.
SPELLING = frozenset(
    ["a shell syntax error", "command not found", "an unquoted shell pattern", "an unknown option", "a timeout"]
)
IN_USE = frozenset(["EADDRINUSE", "address already in use"])
#: Errors of having run the right command in the wrong place.
ELSEWHERE = frozenset(
    [
        "ENOENT",
        "no such file or directory",
        "a missing script",
        "a missing module",
        "ModuleNotFoundError",
        "MODULE_NOT_FOUND",
    ]
)
_WRAPPERS = frozenset(
    "sudo npx pnpx bunx uvx time nice nohup env command exec doas winpty python python3 py uv poetry "
    "pipenv hatch pdm rye run bundle exec dotenv corepack".split()
)
_NOISE = frozenset(
    "-- -v -vv -vvv -q -s -x --verbose --quiet --silent --color --no-color --tb=short --tb=long --lf --ff".split()
)
_PLACE = re.compile(r"^cd\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))\s*(?:&&|;)")
_PARTS = re.compile(r"\s*(?:&&|;)\s*")


def essence(command: str) -> list[str]:
    """A command's words without what changes only how much it prints."""
    split = words(command)
    return split if is_compound(command) else [word for word in split if word not in _NOISE]


def is_variant(failure: Run, run: Run) -> bool:
    """Whether `run` is the failed command, written in another way (or run in another place, where that was wrong)."""
    old, new = words(failure.command), words(run.command)
    if not old or not new or is_compound(failure.command):
        return False
    if bare(failure.command) == bare(run.command):
        return failure.error in ELSEWHERE and _place(run.command) not in (None, _place(failure.command))
    if old == new or _unquoted(failure.command) == _unquoted(run.command):
        return failure.error in ("a shell syntax error", "an unquoted shell pattern")
    if failure.error not in SPELLING and essence(failure.command) == essence(run.command):
        return False  # it only prints more
    stripped = [w for w in new if not re.fullmatch(r"[A-Za-z_]\w*=.*", w)]
    if stripped == old:
        return True  # the same with an environment variable set
    if (
        len(stripped) > len(old)
        and stripped[-len(old) :] == old
        and all(w.lstrip("-") in _WRAPPERS or w == "-m" for w in stripped[: -len(old)])
    ):
        return True  # the same through a wrapper
    program_missing = failure.error in ("command not found", "a missing module", "ModuleNotFoundError")
    if program_missing and old[1:] == stripped[1:] and _alike(old[0], stripped[0]):
        return True  # python → python3
    if failure.error == "a timeout" and _unnumbered(old) == _unnumbered(stripped):
        return True  # the same with more time
    if is_probe(failure.command):
        return False
    if failure.error in ("a missing script", "an unknown option", "command not found") and _head(old) == _head(
        stripped
    ):
        return difflib.SequenceMatcher(None, old, stripped).ratio() >= 0.5
    flags = {w for w in old if not w.startswith("-")}, {w for w in stripped if not w.startswith("-")}
    return flags[0] == flags[1] and set(old) != set(stripped) and _head(old) == _head(stripped)


def leading(failure: Run, run: Run) -> str | None:
    """What was put before the failed command to make it pass: `chmod +x deploy.sh` of `chmod … && ./deploy.sh`."""
    if "\n" in run.command.strip() or "<<" in run.command or is_compound(failure.command):
        return None
    *before, last = _PARTS.split(bare(run.command))
    if not before or last != bare(failure.command) or all(is_probe(part) for part in before):
        return None
    return bare(run.command)[: -len(last)].rstrip("&; ")


def last_part(command: str) -> str:
    """What runs last, where what stands before it only looks: `npm test` of `git status && npm test`."""
    if is_compound(command):
        return bare(command)
    *before, last = _PARTS.split(bare(command))
    return last if all(is_probe(part) for part in before) else bare(command)


def _place(command: str) -> str | None:
    found = _PLACE.match(command.strip())
    return next(filter(None, found.groups()), None) if found is not None else None


def _unnumbered(split: Sequence[str]) -> list[str]:
    return [re.sub(r"\d+", "0", word) for word in split]


def _unquoted(command: str) -> str:
    return re.sub(r"['\"\\]", "", bare(command))


def _alike(old: str, new: str) -> bool:
    return old in new or new in old or {old, new} <= {"docker-compose", "docker"}


def _head(command: Sequence[str]) -> tuple[str, ...]:
    return tuple(command[:2]) if len(command) > 1 and not command[1].startswith("-") else tuple(command[:1])
