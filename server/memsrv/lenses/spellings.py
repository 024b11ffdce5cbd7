"""Whether two commands are one: the same but for noise, the same in another spelling, or the same after a remedy.

Knows commands as words; what ran between them is the lens's question.
"""

import difflib
import re
from collections.abc import Sequence

from memsrv.lenses.paths import is_corrected, is_path
from memsrv.lenses.runs import Run, bare, is_compound, is_probe, program, words

#: Errors where even a command that only looks was wrongly written, so that another spelling is the fix.
SPELLING = frozenset(
    ["a shell syntax error", "command not found", "an unquoted shell pattern", "an unknown option", "a timeout"]
)
#: Errors of what is not installed.
MISSING = frozenset(["command not found", "a missing module", "ModuleNotFoundError"])
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


_MISSING = re.compile(
    r"(?:^|[\s:])(?P<name>[\w.+-]+): (?:command )?not found\b(?!: \S)|command not found: (?P<zsh>[\w.+-]+)"
    r"|(?:^|The term )'(?P<cmd>[\w.+-]+)' is not recognized|\benv: '?(?P<env>[\w.+-]+)'?: No such file"
    r"|[Uu]nknown command:? '?(?P<fish>[\w.+-]+)"
    r"|No module named (?P<module>pytest|pip|mypy|ruff|black|tox|venv|build)$",
    re.MULTILINE,
)
#: Through what a program is run that is not on the path.
_THROUGH = (
    r"(?:npx|pnpx|bunx|uvx|pipx run|yarn|pnpm(?: exec| dlx)?|npm (?:exec|run)(?: --)?|uv run|poetry run|pipenv run"
    r"|hatch run|pdm run|rye run|bundle exec|python3? -m|py -m|corepack|mise (?:x|exec) --|nix run"
    r"|docker compose(?: exec)? \w+)"
)


def other_program(failure: Run, run: Run) -> tuple[str, str] | None:
    """(the program that is not there, what stands in for it): python → python3, pip → .venv/bin/pip, x → npx x."""
    found = _MISSING.search(failure.output)
    name = next(filter(None, found.groups()), None) if found is not None else None
    if name is None or not re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])", failure.command):
        return None
    own = re.escape(name)
    instead = (
        rf"(?P<through>{_THROUGH} {own})(?![\w.-])"
        rf"|(?P<path>(?:[\w.~/-]*/)(?:bin/|Scripts/)?{own}(?:\.exe)?)(?![\w./-])"
        rf"|(?P<numbered>{re.sub(r'[0-9.]+$', '', name)}\d[\d.]*)(?![\w.-])"
    )
    if re.fullmatch(r"pip3?", name):
        instead += r"|(?P<pip>(?:[\w./-]*/)?python3? -m pip|uv pip)"
    if re.fullmatch(r"python\d?", name):
        instead += r"|(?P<python>uv run python|poetry run python|(?:[\w./-]*/)?python3?)(?![\w./-])"
    if name == "docker-compose":
        instead += r"|(?P<compose>docker compose)\b"
    place = re.search(rf"(?:^|[;&|(]\s*|\s(?=\S*/))(?:[A-Z_]+=\S+\s+)*(?:{instead})", run.command)
    if place is None:
        return None
    chosen = next(filter(None, place.groupdict().values()), "")
    home = re.match(r"/(?:home|Users|root)/", chosen)
    return (name, chosen if not home else f"…/{'/'.join(chosen.split('/')[-3:])}") if chosen != name else None


def other_path(failure: Run, run: Run) -> tuple[str, str] | None:
    """(the path that is not there, the one that is) where a command was asked again of a file, at another place."""
    if failure.error not in ("no such file or directory", "ENOENT", "no such file") or is_compound(failure.command):
        return None
    name = program(failure.command)
    if name != program(run.command) or name in _LOOKS or is_compound(run.command):
        return None
    old, new = words(failure.command), words(run.command)
    wrong = [word for word in old if word not in new and is_path(word) and word in failure.output]
    for was in wrong[:1]:
        for now in new:
            if now not in old and is_path(now) and is_corrected(was, now):
                return was, now
    return None


#: Programs that are run to see whether something is there.
_LOOKS = frozenset("ls find fd test [ stat which cd".split())


def elsewhere(run: Run) -> str | None:
    """The folder that the command's own `cd` did not find, whatever ran after it."""
    found = _PLACE.match(run.command.strip())
    folder = next(filter(None, found.groups()), None) if found is not None else None
    if folder is None:
        return None
    own = re.escape(folder)
    complaint = (
        rf"cd:(?:\s?\d+:)? (?:no such file or directory: {own}|{own}: No such file or directory)|can't cd to {own}"
    )
    return folder if re.search(complaint, run.output[:300], re.IGNORECASE) else None


_CHECKS = re.compile(
    r"(?i)\b(?:tests?|pytest|vitest|jest|mocha|rspec|phpunit|tox|nox|lint|tsc|mypy|pyright|ruff|eslint|clippy|vet|check|build|typecheck)\b"
)


def is_broader(failure: Run, run: Run) -> bool:
    """Whether `run` checks what failed and more: `pytest` after `pytest tests/test_cart.py`."""
    old, new = essence(failure.command), essence(run.command)
    if is_compound(failure.command) or is_compound(run.command) or is_probe(run.command):
        return False
    return 0 < len(new) < len(old) and old[: len(new)] == new and _CHECKS.search(" ".join(new)) is not None


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
