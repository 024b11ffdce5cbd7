"""What a failure is called, and which failures are answers: the same words for every agent's tools.

Looks at commands and at what they printed; knows no log format.
"""

import re
from functools import cache
from typing import Any

import re2  # type: ignore[import-untyped]

#: Programs whose exit code 1 means "found nothing" or "differs".
_ASKING = re.compile(
    r"(?:^|[;&|]\s*)(?:sudo\s+)?(?:rg|grep|egrep|fgrep|zgrep|ag|diff|cmp|test|\[|git (?:grep|diff))(?:\s|$)"
)


def asks(command: str) -> bool:
    """Whether exit code 1 of `command` is an answer, not a failure: its last program is grep, diff or the like."""
    last = re.split(r"&&|\|\||[;|\n]", command.strip())[-1].strip()
    return bool(_ASKING.match(last))


_NAMED = re.compile(r"^[ \t]*(?:[\w.]+\.)?([A-Z]\w*(?:Error|Exception|Warning|Interrupt))\b(?=[:\s]|$)", re.MULTILINE)
#: The first that holds names a failure. All are looked for in one pass: what a tool printed may be long.
_CLASSES = (
    ("command not found", r"command not found|: not found\b|is not recognized as"),
    ("no such file", r"no such file or directory|ENOENT|cannot find the (?:path|file)|does not exist"),
    ("permission denied", r"permission denied|EACCES|EPERM|operation not permitted"),
    ("timeout", r"timed out|ETIMEDOUT|deadline exceeded"),
    ("port in use", r"EADDRINUSE|address already in use"),
    ("connection refused", r"ECONNREFUSED|connection refused"),
    ("merge conflict", r"^CONFLICT |merge conflict"),
    ("test failure", r"^(?:FAILED|FAIL)\b|\b\d+ (?:failed|failing)\b|tests? failed"),
    ("type error", r"\berror TS\d+|\[arg-type\]|\bmypy\b.{0,200}?\berror:"),
    ("syntax error", r"syntax error|unexpected token"),
    ("not found", r"\b404\b|not found"),
)


@cache
def _classes() -> Any:
    options = re2.Options()
    options.log_errors = False
    made = re2.Set.SearchSet(options)
    for _, pattern in _CLASSES:
        made.Add(f"(?im){pattern}")
    made.Compile()
    return made


def error_class(text: str, code: int | None = None) -> str:
    """A short, stable name for a failure: the exception raised last, a known complaint, or the exit code."""
    named = _NAMED.findall(text)
    if named:
        return str(named[-1])
    found = _classes().Match(text.encode("utf-8", "replace"))
    if found:
        return _CLASSES[min(found)][0]
    return "failed" if code is None else f"exit {code}"
