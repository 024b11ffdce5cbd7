"""What a failure is called, and which failures are answers: the same words for every agent's tools.

Looks at commands and at what they printed; knows no log format.
"""

import re

#: Programs whose exit code 1 means "found nothing" or "differs".
_ASKING = re.compile(
    r"(?:^|[;&|]\s*)(?:sudo\s+)?(?:rg|grep|egrep|fgrep|zgrep|ag|diff|cmp|test|\[|git (?:grep|diff))(?:\s|$)"
)


def asks(command: str) -> bool:
    """Whether exit code 1 of `command` is an answer, not a failure: its last program is grep, diff or the like."""
    last = re.split(r"&&|\|\||[;|\n]", command.strip())[-1].strip()
    return bool(_ASKING.match(last))


_NAMED = re.compile(r"^[ \t]*(?:[\w.]+\.)?([A-Z]\w*(?:Error|Exception|Warning|Interrupt))\b(?=[:\s]|$)", re.MULTILINE)
_CLASSES = (
    ("command not found", re.compile(r"command not found|: not found\b|is not recognized as", re.I)),
    (
        "no such file",
        re.compile(r"no such file or directory|ENOENT|cannot find the (?:path|file)|does not exist", re.I),
    ),
    ("permission denied", re.compile(r"permission denied|EACCES|EPERM|operation not permitted", re.I)),
    ("timeout", re.compile(r"timed out|ETIMEDOUT|deadline exceeded", re.I)),
    ("port in use", re.compile(r"EADDRINUSE|address already in use", re.I)),
    ("connection refused", re.compile(r"ECONNREFUSED|connection refused", re.I)),
    ("merge conflict", re.compile(r"^CONFLICT |merge conflict", re.I | re.M)),
    ("test failure", re.compile(r"^(?:FAILED|FAIL)\b|\b\d+ (?:failed|failing)\b|tests? failed", re.I | re.M)),
    ("type error", re.compile(r"\berror TS\d+|\[arg-type\]|\bmypy\b.{0,200}?\berror:", re.I)),
    ("syntax error", re.compile(r"syntax error|unexpected token", re.I)),
    ("not found", re.compile(r"\b404\b|not found", re.I)),
)


def error_class(text: str, code: int | None = None) -> str:
    """A short, stable name for a failure: the exception raised last, a known complaint, or the exit code."""
    named = _NAMED.findall(text)
    if named:
        return str(named[-1])
    for name, pattern in _CLASSES:
        if pattern.search(text):
            return name
    return "failed" if code is None else f"exit {code}"
