"""Secrets out of text before anything is written: gitleaks' rules (vendored) on RE2, and a few of our own.

A pure leaf: text in, clean text and a count out. RE2 runs in linear time whatever a log holds. Equal secrets get equal
placeholders, `[redacted:aws-access-token:1a2b3c]`, keyed so that they cannot be guessed back. Knows nothing of stores.
"""

import hashlib
import hmac
import math
import os
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import re2  # type: ignore[import-untyped]

from memsrv.records import Event

# What gitleaks leaves to other tools, or finds only where the file's name says so.
_OWN_RULES: tuple[dict[str, Any], ...] = (
    {
        "id": "connection-string-password",
        "regex": r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"`<>$*]{0,100}:([^\s@/'\"`<>${}*]{3,200})@[\w.\[-]",
        "keywords": ["://"],
    },
    {
        "id": "bearer-token",
        "regex": r"(?i)\bbearer[ \t]+([A-Za-z0-9._~+/=-]{16,})",
        "keywords": ["bearer"],
        "entropy": 3.0,
    },
    {
        "id": "basic-authorization",
        "regex": r"(?i)\bauthorization['\"]?\s*[:=]\s*['\"]?basic[ \t]+([A-Za-z0-9+/=]{8,})",
        "keywords": ["authorization"],
    },
    {
        # Also a key that was cut off, or stands in JSON with its newlines escaped.
        "id": "private-key",
        "regex": r"-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[A-Za-z0-9+/=\s\\:,.-]*?-----END[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?:[\s\\nr]*[A-Za-z0-9+/=]{16,})+(?:[\s\\nr]*[A-Za-z0-9+/=]{1,76})?)",
        "keywords": ["private key"],
    },
    {
        "id": "environment-secret",
        "regex": r"\b[A-Z][A-Z0-9_]*"
        r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)(?:_[A-Z0-9]+)?"
        r"=[\"']?([^\s\"'`$<>{}()\[\],;&|\\*]{6,})",
        "keywords": ["passw", "passphrase", "secret", "token", "key=", "key_", "credential"],
        "entropy": 2.0,
    },
    {
        # What people and other tools mark so is not for memory.
        "id": "private",
        "regex": r"(?is)<private>(.+?)</private>",
        "keywords": ["<private>"],
    },
    {
        "id": "aws-secret-access-key",
        "regex": r"(?i)secret_?access_?key['\"\s:=]{1,8}([A-Za-z0-9/+=]{40})\b",
        "keywords": ["secret_access_key", "secretaccesskey", "secret_accesskey"],
        "entropy": 3.0,
    },
)

# gitleaks reads code, where a secret ends with a quote or a blank; in prose it also ends with a comma or a bracket.
_END_IN_CODE = r"""(?:[\x60'"\s;]|\\[nr]|$)"""
_END_IN_TEXT = r"""(?:[\x60'"\s;,.:?!()\[\]{}<>&|@]|\\[nrt"']|$)"""


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
class _Rule:
    id: str
    regex: str
    entropy: float
    keywords: tuple[str, ...]
    allowlists: tuple[dict[str, Any], ...]

    @cached_property
    def pattern(self) -> Any:
        return re2.compile(self.regex, _options())

    @cached_property
    def allowed(self) -> tuple[_Allowed, ...]:
        # Allow-lists that ask for a path as well speak of files in a repository, which log text is not.
        return tuple(
            _allowed(data) for data in self.allowlists if "paths" not in data or data.get("condition") != "AND"
        )


class Redactor:
    """`key` makes placeholders linkable within one home and meaningless outside it."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        config = tomllib.loads(files("memsrv").joinpath("gitleaks", "gitleaks.toml").read_text("utf-8"))
        self._global = _allowed(config["allowlist"])
        # A rule without a regex judges file names only. Named rules stand before gitleaks' generic one.
        data = [rule for rule in (*config["rules"], *_OWN_RULES) if "regex" in rule]
        data.sort(key=lambda rule: rule["id"] == "generic-api-key")
        self._rules = [
            _Rule(
                rule["id"],
                rule["regex"].replace(_END_IN_CODE, _END_IN_TEXT),
                float(rule.get("entropy", 0)),
                tuple(rule["keywords"]),
                tuple(rule.get("allowlists", ())),
            )
            for rule in data
        ]
        # One pass over the text tells which keywords stand in it, and so which few rules need to run at all.
        self._owners: list[list[int]] = []
        owners: dict[str, list[int]] = {}
        for place, rule in enumerate(self._rules):
            for keyword in rule.keywords:
                owners.setdefault(keyword.lower(), []).append(place)
        self._keywords = re2.Set.SearchSet(_options(case_sensitive=False))
        for keyword, places in owners.items():
            self._keywords.Add(re2.escape(keyword))
            self._owners.append(places)
        self._keywords.Compile()

    def redact(self, text: str) -> tuple[str, int]:
        """`text` with every secret replaced by a typed placeholder, and how many there were."""
        data = text.encode("utf-8", "replace")
        present = {place for keyword in self._keywords.Match(data) or () for place in self._owners[keyword]}
        found: list[tuple[int, int, str]] = []
        for place in sorted(present):
            rule = self._rules[place]
            for start, end in self._secrets(rule, data):
                if not any(start < taken_end and taken < end for taken, taken_end, _ in found):
                    found.append((start, end, rule.id))
        if not found:
            return text, 0
        parts, last = [], 0
        for start, end, name in sorted(found):
            parts += [data[last:start], self._placeholder(name, data[start:end])]
            last = end
        return b"".join([*parts, data[last:]]).decode("utf-8", "replace"), len(found)

    def redact_event(self, event: Event) -> tuple[Event, int]:
        """`event` with every string that a log could have put a secret into redacted."""
        total = 0

        def clean(text: str) -> str:
            nonlocal total
            result, count = self.redact(text)
            total += count
            return result

        cleaned = replace(
            event,
            text=clean(event.text),
            command=None if event.command is None else clean(event.command),
            error=None if event.error is None else clean(event.error),
            cwd=None if event.cwd is None else clean(event.cwd),
            branch=None if event.branch is None else clean(event.branch),
            paths=tuple(clean(path) for path in event.paths),
            edits=tuple((clean(path), clean(old), clean(new)) for path, old, new in event.edits),
        )
        return cleaned, total

    def _secrets(self, rule: _Rule, data: bytes) -> Iterator[tuple[int, int]]:
        for match in rule.pattern.finditer(data):
            group = next((i for i in range(1, rule.pattern.groups + 1) if match.group(i)), 0)
            start, end = match.span(group)
            secret = data[start:end].decode("utf-8", "replace").strip("\r\n")
            if not secret or secret.startswith("[redacted:") or (rule.entropy and entropy(secret) <= rule.entropy):
                continue
            whole = match.group(0).decode("utf-8", "replace")
            line = _line_around(data, start, end)
            if any(allowed.holds(secret, whole, line) for allowed in (self._global, *rule.allowed)):
                continue
            yield start, end

    def _placeholder(self, name: str, secret: bytes) -> bytes:
        digest = hmac.new(self._key, secret, hashlib.sha256).hexdigest()[:6]
        return f"[redacted:{name}:{digest}]".encode()


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def key_at(path: Path) -> bytes:
    """The key kept in the 0600 file `path`, made there the first time; of two makers at once, one wins for both."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, made = tempfile.mkstemp(dir=path.parent)  # 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
        with suppress(FileExistsError):  # another process was first
            os.link(made, path)
        os.unlink(made)
    return path.read_bytes()


def _options(case_sensitive: bool = True) -> Any:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


def _allowed(data: dict[str, Any]) -> _Allowed:
    return _Allowed(
        data.get("regexTarget", "secret"),
        tuple(re2.compile(pattern) for pattern in data.get("regexes", ())),
        tuple(word.lower() for word in data.get("stopwords", ())),
    )


def _line_around(data: bytes, start: int, end: int) -> str:
    first = data.rfind(b"\n", 0, start) + 1
    last = data.find(b"\n", end)
    return data[first : len(data) if last < 0 else last].decode("utf-8", "replace")
