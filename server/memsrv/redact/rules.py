"""What a secret looks like: gitleaks' rules (vendored) on RE2, and a few of our own; bytes in, spans out.

RE2 runs in linear time whatever a log holds. Which keywords and hints stand in a text tells which few rules need to run
at all. Knows nothing of encodings, of line breaks within a secret, or of placeholders.
"""

import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import re2  # type: ignore[import-untyped]

from memsrv.redact.own import HINTS, OWN

# gitleaks reads code, where a secret ends with a quote or a blank; in prose it also ends with a comma or a bracket.
_END_IN_CODE = r"""(?:[\x60'"\s;]|\\[nr]|$)"""
_END_IN_TEXT = r"""(?:[\x60'"\s;,.:?!()\[\]{}<>&|@]|\\[nrt"']|$)"""

# … and, where it stands in a path, with the next folder. Not for the rule of last resort: paths are no rarity there.
_END_IN_PATH = _END_IN_TEXT.replace("&|@]", "&|@/]")

#: Bytes on either side of a match that count as its line: a file may be one line of megabytes.
_NEAR = 1000

#: The rule of last resort: a word such as `key`, then anything that looks random.
GENERIC = "generic-api-key"


@dataclass(frozen=True, slots=True)
class Match:
    """A secret at `start`..`end` of some bytes. `secret` is the same bytes however it was written there."""

    start: int
    end: int
    rule: str
    secret: bytes


@dataclass(frozen=True)
class _Allowed:
    """What a rule matches and yet is no secret."""

    target: str  # "secret", "match" or "line"
    patterns: tuple[Any, ...]
    stopwords: tuple[str, ...]

    def holds(self, secret: str, match: str, line: str) -> bool:
        text = {"match": match, "line": line}.get(self.target, secret)
        if any(pattern.search(text) for pattern in self.patterns):
            return True
        lowered = secret.lower()
        return any(word in lowered for word in self.stopwords)


@dataclass(frozen=True)
class Rule:
    id: str
    regex: str
    entropy: float
    keywords: tuple[str, ...]
    allowlists: tuple[dict[str, Any], ...]

    @cached_property
    def pattern(self) -> Any:
        return re2.compile(self.regex, options())

    @cached_property
    def allowed(self) -> tuple[_Allowed, ...]:
        # Allow-lists that ask for a path as well speak of files in a repository, which log text is not.
        return tuple(
            _allowed(data) for data in self.allowlists if "paths" not in data or data.get("condition") != "AND"
        )


class Rules:
    """All rules, compiled as they are needed. One instance serves every redactor; see `compiled()`."""

    def __init__(self) -> None:
        config = tomllib.loads(files("memsrv").joinpath("gitleaks", "gitleaks.toml").read_text("utf-8"))
        self._global = _allowed(config["allowlist"])
        # A rule without a regex judges file names only. Named rules stand before gitleaks' generic one.
        data = [rule for rule in (*config["rules"], *OWN) if "regex" in rule]
        data.sort(key=lambda rule: rule["id"] == GENERIC)
        self.all = tuple(
            Rule(
                rule["id"],
                rule["regex"].replace(_END_IN_CODE, _END_IN_TEXT if rule["id"] == GENERIC else _END_IN_PATH),
                float(rule.get("entropy", 0)),
                tuple(rule["keywords"]),
                tuple(rule.get("allowlists", ())),
            )
            for rule in data
        )
        owners: dict[str, list[int]] = {}
        for place, rule in enumerate(self.all):
            for sign in [HINTS[rule.id]] if rule.id in HINTS else map(_keyword, rule.keywords):
                owners.setdefault(sign, []).append(place)
        self.signs = tuple(owners)  # patterns: without any of them no rule matches
        self._owners = tuple(owners.values())

    def of(self, signs: Iterable[int]) -> list[int]:
        """The rules that may match where these of the `signs` stand, as numbers."""
        return sorted({place for sign in signs for place in self._owners[sign]})

    def matches(self, data: bytes, present: list[int]) -> Iterator[Match]:
        """The secrets in `data` by the rules `present`; of one rule they do not overlap, of several they may."""
        for place in present:
            yield from self._of(self.all[place], data)

    def _of(self, rule: Rule, data: bytes) -> Iterator[Match]:
        for match in rule.pattern.finditer(data):
            group = next((i for i in range(1, rule.pattern.groups + 1) if match.group(i)), 0)
            start, end = match.span(group)
            secret = data[start:end].decode("utf-8", "replace").strip("\r\n")
            if not secret or (rule.entropy and entropy(secret) <= rule.entropy):
                continue
            whole = match.group(0).decode("utf-8", "replace")
            line = _line_around(data, start, end)
            if not any(allowed.holds(secret, whole, line) for allowed in (self._global, *rule.allowed)):
                yield Match(start, end, rule.id, data[start:end])


@cache
def compiled() -> Rules:
    """The rules, read and compiled once a process."""
    return Rules()


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def options(case_sensitive: bool = True) -> Any:
    """RE2's options for bytes of unknown origin."""
    made = re2.Options()
    made.case_sensitive = case_sensitive
    made.log_errors = False
    made.max_mem = 64 << 20
    return made


def _keyword(word: str) -> str:
    pattern: str = re2.escape(word.lower())
    return f"(?i:{pattern})"


def _allowed(data: dict[str, Any]) -> _Allowed:
    return _Allowed(
        data.get("regexTarget", "secret"),
        tuple(re2.compile(pattern) for pattern in data.get("regexes", ())),
        tuple(word.lower() for word in data.get("stopwords", ())),
    )


def _line_around(data: bytes, start: int, end: int) -> str:
    """The line of a match; of one that is longer than a screen is wide, what stands near."""
    first = data.rfind(b"\n", max(0, start - _NEAR), start)
    last = data.find(b"\n", end, end + _NEAR)
    first = max(0, start - _NEAR) if first < 0 else first + 1
    return data[first : end + _NEAR if last < 0 else last].decode("utf-8", "replace")
