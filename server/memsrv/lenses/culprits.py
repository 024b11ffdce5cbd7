"""What a failure is about: the module that is missing, the command, the file, the function, the test, the port.

Two failures of one class are one only if they are about the same thing. Of an output nothing but such a name is read,
in a shape that holds no sentence: the words around it may be anybody's.
"""

import re
from collections.abc import Iterator

from memsrv.lenses.paths import relative
from memsrv.lenses.runs import program

MAX_READ = 20_000  # characters of an output's beginning, and of its end

_N = r"[@\w$][\w@$./:+-]{0,79}"
_Q = r"[\"'`‘“]"

#: What is not there: whoever looked for it, it is the same failure.
_MISSING = tuple(
    re.compile(words, re.MULTILINE)
    for words in (
        rf"[Nn]o module named {_Q}?(?P<name>{_N})(?=[\"'`;]|[ \t]{{0,40}}$)",
        rf"[Cc]annot find (?:module|package) {_Q}(?P<name>[@\w./$-]{{1,80}}){_Q}",
        rf"[Cc]an't resolve {_Q}(?P<name>[@\w./$-]{{1,80}}){_Q}",
        rf"no required module provides package (?P<name>{_N})",
        r"(?:unresolved import|can't find crate for|use of (?:undeclared|unresolved) (?:crate|module)[\w ]{0,20})"
        rf" `(?P<name>{_N})`",
        rf"cannot load such file -- (?P<name>{_N})",
        rf"[Mm]issing script:? {_Q}?(?P<name>{_N})",
        rf"no rule to make target {_Q}(?P<name>{_N})",
        rf"exec: \"(?P<name>{_N})\": executable file not found",
        rf"command not found: (?P<name>{_N})",
        r"(?:^|[\s:])(?P<name>[\w.+-]{1,80}): (?:command )?not found\b(?!: \S)",
        rf"(?:^|The term ){_Q}(?P<name>[\w.+-]{{1,80}}){_Q} is not recognized",
        rf"(?:no such table|no such column|no such option): (?P<name>{_N})",
        rf"(?:relation|table|database|role|column) {_Q}(?P<name>{_N}){_Q} does not exist",
        r"(?:unrecognized arguments?|[Uu]nknown (?:option|flag|argument)|invalid option|unexpected argument)"
        rf"(?: --)?:? {_Q}?(?P<name>-{{1,2}}\w[\w-]{{0,60}})",
    )
)
_FILES = tuple(
    re.compile(words, re.MULTILINE | re.IGNORECASE)
    for words in (
        r"(?:no such file or directory|permission denied|file or directory not found)(?:, \w{1,12} |: ?)"
        rf"{_Q}?(?P<path>[\w@~./\\:+\[\]-]{{1,200}})",
        rf"(?<![\w@~./+\[\]-])(?P<path>[\w@~./+\[\]-]{{1,200}}){_Q}?: (?:no such file or directory|permission denied)",
    )
)
_OF_FILES = frozenset(
    (
        "ENOENT", "EACCES", "FileNotFoundError", "PermissionError",
        "no such file", "no such file or directory", "permission denied",
    )
)  # fmt: skip
_PORT = re.compile(
    r"(?:ECONNREFUSED|EADDRINUSE|refused|in use|listen|bind|connect(?:ion)?|port)\b[^\n]{0,80}?"
    r"(?:[\w.\]]:|\bport |:::)(?P<port>\d{2,5})\b",
    re.IGNORECASE,
)
_OF_PORTS = frozenset(
    (
        "ECONNREFUSED", "EADDRINUSE", "connection refused", "address already in use", "port in use",
        "ConnectionError", "ConnectionRefusedError", "OperationalError", "ConnectError",
    )
)  # fmt: skip
_STATUS = re.compile(
    r"(?:\bHTTP(?:/[\d.]+)?|[Ss]tatus(?:[ _]code)?)\s{0,3}[:=]?\s{0,3}(?P<status>[45]\d\d)\b"
    r"|\b(?P<told>[45]\d\d) (?:Client|Server) Error"
)
_ASKED = re.compile(r"https?://[^\s/'\"`<>]{1,200}(?P<path>/[\w./-]{1,80})")
#: A compiler's or a linter's complaint: where, its code, and the name it is about.
_COMPLAINTS = tuple(
    re.compile(words, re.MULTILINE)
    for words in (
        r"^(?P<path>[\w@./\\\[\]() -]{1,160}?)[(:]\d+[,:]\d+\)?(?: -)?:? error (?P<code>TS\d{3,5}):"
        rf"(?:[^\n'\"]{{0,80}}'(?P<name>{_N})')?",
        rf"^error\[(?P<code>E\d{{4}})\]:(?:[^\n`]{{0,80}}`(?P<name>{_N})`)?[^\n]{{0,200}}"
        r"\n[ \t]{0,40}--> (?P<path>[\w./-]{1,160}):\d",
        r"^(?P<path>[\w./-]{1,160}\.\w{1,5}):\d+(?::\d+)?:? (?:error:? )?(?P<code>[A-Z]{1,4}\d{3,5})\b",
        r"^(?P<path>[\w./-]{1,160}\.go):\d+:\d+: "
        rf"(?:(?:undefined: |[^\n\"`]{{0,60}}[\"`]|(?=[\w.]{{1,80}} (?:redeclared|declared|is not)))(?P<name>{_N}))?",
        r"^(?P<path>[\w./+-]{1,160}\.(?:c|h|cc|cpp|hpp|java|kt|swift)):\d+(?::\d+)?: (?:fatal )?error:"
        rf"(?:[^\n'‘]{{0,80}}['‘](?P<name>{_N})['’])?",
        rf"^(?P<path>[\w./-]{{1,160}}\.pyi?):\d+(?::\d+)?: error: (?:[^\n\"]{{0,80}}\"(?P<name>{_N})\")?"
        r"[^\n]{0,200}\[(?P<code>[\w-]{1,40})\]",
    )
)
_TESTS = tuple(
    re.compile(words, re.MULTILINE)
    for words in (
        r"^(?:FAILED|ERROR) (?P<test>[\w./-]{1,120}\.py(?:::[\w.]{1,120})*)",
        r"^(?P<test>[\w./-]{1,120}\.py(?:::[\w.]{1,120})+) (?:FAILED|ERROR)\b",
        r"ERROR collecting (?P<test>[\w./-]{1,120})",
        r"^[ \t]{0,40}(?:FAIL|❯|×)[ \t]{1,10}(?P<test>[\w@./\[\]-]{1,120}\.[cm]?[jt]sx?)\b",
        r"^[ \t]{0,40}--- FAIL: (?P<test>\w[\w/.-]{0,120})",
        r"^test (?P<test>[\w:]{1,120}) \.\.\. FAILED",
        r"^(?:FAIL|ERROR): (?P<test>\w{1,120} \([\w.]{1,120}\))",
        r"^\s{0,4}\d{1,4}\) (?P<test>[\w\\]{1,80}::\w{1,80})",
        r"^rspec (?P<test>\./[\w./-]{1,120}:\d+)",
    )
)
_FRAMES = re.compile(
    r"^[ \t]{0,40}File \"(?P<python>[^\"\n<]{1,200})\", line \d|^(?P<pytest>[\w./-]{1,160}\.py):\d+: "
    r"|^[ \t]{1,40}at (?:[^\n(]{1,120} \()?(?:file://)?(?P<node>/?[\w@./-]{1,200}\.[cm]?[jt]sx?):\d",
    re.MULTILINE,
)
_OTHERS = re.compile(r"site-packages|dist-packages|node_modules|/lib/python\d|node:internal|/usr/lib/|importlib")
_EXCEPTION = re.compile(r"\w+(?:Error|Exception)")
#: Of an exception's message, the first of these is what it is about.
_NAMES = tuple(
    re.compile(words)
    for words in (
        rf"has no attribute {_Q}(?P<name>{_N}){_Q}",
        rf"\(reading '(?P<name>{_N})'\)",
        r"^(?P<name>[A-Za-z_$][\w$.<>]{0,79})\(\)",
        rf"^(?P<name>{_N}) is not (?:a function|defined|a constructor|iterable)",
        rf"{_Q}(?P<name>{_N}){_Q}",
    )
)


def culprit(output: str, error: str | None, command: str, cwd: str | None = None) -> str | None:
    """What the failure of `command` is about, as words that follow it; None where its output does not tell."""
    if len(output) > 2 * MAX_READ:
        output = f"{output[:MAX_READ]}\n{output[-MAX_READ:]}"
    if error in _OF_FILES and (path := _file(output, command, cwd)) is not None:
        return path
    if error in _OF_PORTS and (port := _PORT.search(output)) is not None:
        return f"for port {port['port']}"
    if (name := _first(_MISSING, output)) is not None:
        return None if name == program(command) else f"for `{name}`"
    if (name := _complaint(output, error, cwd)) is not None:
        return name
    what, where = _named(output, error), _first(_TESTS, output, "test") or _frame(output, cwd)
    if what is None and (error is None or "HTTP" in error or error in ("AxiosError", "not found")):
        status = _status(output)
        if status is not None:
            return status
    return _joined(what, where)


def _first(patterns: tuple[re.Pattern[str], ...], output: str, group: str = "name") -> str | None:
    for pattern in patterns:
        found = pattern.search(output)
        if found is not None and (name := found[group].rstrip(".:,")):
            return name
    return None


def _file(output: str, command: str, cwd: str | None) -> str | None:
    for pattern in _FILES:
        for found in pattern.finditer(output):
            path = relative(found["path"].rstrip(".:,"), cwd)
            if re.search(r"\w", path) and not re.fullmatch(r"(?:.*/)?(?:ba|z|da)?sh|line|\d+", path):
                return None if path.rsplit("/", 1)[-1] == program(command) else f"for `{path}`"
    return None


def _complaint(output: str, error: str | None, cwd: str | None) -> str | None:
    for pattern in _COMPLAINTS:
        found = pattern.search(output)
        if found is not None:
            named = found.groupdict()
            what = f"`{named['name'].rstrip('.:,')}`" if named.get("name") else named.get("code")
            where = relative(found["path"].strip().removeprefix("./"), cwd)
            return f"in `{where}`" if what is not None and what in (error or "").split() else _joined(what, where)
    return None


def _named(output: str, error: str | None) -> str | None:
    """The name in the message of the last exception of that class."""
    if error is None or not _EXCEPTION.fullmatch(error):
        return None
    messages = re.findall(rf"(?m)\b{error}(?: \[\w+\])?: ([^\n]{{1,300}})", output)
    for pattern in _NAMES if messages else ():
        if found := pattern.search(messages[-1]):
            return f"`{found['name']}`"
    return None


def _frame(output: str, cwd: str | None) -> str | None:
    """The innermost file of the project's own that a traceback names."""
    own = [path for path in _paths(output) if not _OTHERS.search(path)]
    return relative(own[-1], cwd) if own else None


def _paths(output: str) -> Iterator[str]:
    frames = list(_FRAMES.finditer(output))
    for found in reversed(frames) if any(found["node"] for found in frames) else frames:
        yield next(filter(None, found.groups()))


def _status(output: str) -> str | None:
    found = _STATUS.search(output)
    if found is None:
        return None
    asked = _ASKED.search(output)
    return f"for status {found['status'] or found['told']}" + (f" of `{asked['path']}`" if asked is not None else "")


def _joined(what: str | None, where: str | None) -> str | None:
    if what is None:
        return f"in `{where}`" if where else None
    return f"for {what} in `{where}`" if where else f"for {what}"
