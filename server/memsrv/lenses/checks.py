"""What a run of tests, a build or a linter printed at its end: how many passed, how many failed.

A pipe or `|| true` hides an exit code, and some agents record none; the summary line still tells. Looks for the forms
of known runners only, at the beginning of a line; quotes nothing of what was printed. Knows no log format.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What a runner counted; of a build or linter that counts nothing, 1 for the whole."""

    passed: int
    failed: int
    tests: bool = True  # False: a build, a linter, a type checker

    def __str__(self) -> str:
        if not self.tests:
            return "check failed" if self.failed else "check passed"
        told = [f"{n} {word}" for n, word in ((self.failed, "failed"), (self.passed, "passed")) if n]
        return "tests: " + (", ".join(told) or "none ran")


_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_N = r"(\d+(?:,\d{3})*)"


#: A summary is a short line, and stands among the last.
_LONGEST, _LAST = 400, 2_000
_HINT = re.compile(r"pass|fail|test|error|example|runs|ok|problem|success|compil|built|build|finished|issues|✔|✘", re.I)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


#: One line with named counts, in any order: `3 failed, 5 passed in 0.2s`, `Tests: 1 failed | 4 passed (5)`, …
_COUNTED = (
    _form(r"^=*\s*(?:\d+ \w+, )*\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed)\b.* in [\d.:]+ ?s\b.*$"),
    _form(r"^\s*Tests:?\s+(?:\d+ \w+[\s,|]+)*\d+ (?:passed|failed)\b.*$"),  # jest, vitest
    _form(r"^(?:test result: )?(?:ok|FAILED)(?:\.| \|) \d+ passed(?:;| \|).*$"),  # cargo; deno writes a bar
    _form(r"^\s*\d+ examples?, \d+ failures?\b.*$"),  # rspec
    _form(r"^\s*(?:\d+ doctests?, )?\d+ tests?, \d+ failures?\b.*$"),  # exunit, bats
    _form(r"^\s*\d+ runs, \d+ assertions, \d+ failures, \d+ errors\b.*$"),  # minitest
    _form(r"^\s*Executed \d+ tests?, with .*\d+ failures?\b.*$"),  # XCTest
    _form(r"^.*Tests run:\s*\d+, Failures:\s*\d+, Errors:\s*\d+.*$"),  # surefire
    _form(r"^\s*\d+ tests completed, \d+ failed\b.*$"),  # gradle
    _form(r"^\s*Tests: \d+, Assertions: \d+.*$"),  # PHPUnit
    _form(r"^\s*(?:Passed|Failed)!\s+- Failed:\s*\d+, Passed:\s*\d+.*$"),  # dotnet
    _form(r"^\s*\d+% tests passed, \d+ tests failed out of \d+.*$"),  # ctest
    _form(r"^\s*Total Tests:? \d+.*Passed:? \d+.*Failed:? \d+.*$"),
)
_PASSED = (
    _form(rf"\b{_N} (?:passed|pass|passing)\b"),
    _form(rf"\bPassed:\s*{_N}"),
)
_FAILED = (
    _form(rf"\b{_N} (?:failed|failing|fail|failures?|errors?)\b(?! snapshots)"),
    _form(rf"\b(?:Failed|Failures|Errors):\s*{_N}"),
    _form(rf"\b{_N} tests failed\b"),
)
_ALL = (
    _form(rf"\bout of {_N}"),
    _form(rf"\bTests run:\s*{_N}"),
    _form(rf"\b{_N} (?:examples?|runs|tests completed|tests?)\b"),
    _form(rf"\bTests: {_N}"),
)
#: Counts on lines of their own: mocha, `node --test`, bun, playwright.
_OWN_LINES = (
    (_form(rf"^\s+{_N} passing\b"), _form(rf"^\s+{_N} failing\b")),
    (_form(rf"^[#ℹ] pass {_N}\s*$"), _form(rf"^[#ℹ] fail {_N}\s*$")),
    (_form(rf"^\s*{_N} pass\s*$"), _form(rf"^\s*{_N} fail\s*$")),
    (_form(rf"^\s+{_N} passed \([\d.]+m?s\)"), _form(rf"^\s+{_N} failed\s*$")),
)
_GO_FAILED = re.compile(r"--- FAIL: |FAIL\t")
_GO_PASSED = re.compile(r"ok  ?\t\S+|ok\s+\S+/\S+\s+(?:[\d.]+s|\(cached\))")
_UNITTEST = re.compile(r"Ran (\d+) tests? in ")
_UNITTEST_FAILED = re.compile(r"FAILED \(([^)]*)\)")
_PHPUNIT = re.compile(r"OK \((\d+) tests?, ")

#: Builds, linters and type checkers, which say no more than whether it went well.
_BAD = re.compile(
    r"(?:\S+\(\d+,\d+\): error TS\d+|.*: error TS\d+:|Found \d+ errors?\b|.*✖ \d+ problems? \([1-9]\d* errors?"
    r"|error: could not compile|error\[E\d+\]|Failed to compile|BUILD FAILED|\[(?:INFO|ERROR)\] BUILD FAILURE"
    r"|FAILURE: Build failed|npm (?:ERR!|error) (?:code|Lifecycle|Test failed)|make(?:\[\d+\])?: \*\*\* .*Error \d+"
    r"|error Command failed with exit code|\s*ELIFECYCLE|ERROR: Failed to build|Build failed with \d+ errors?"
    r"|✘ \[ERROR\]|error during build)",
)
_GOOD = re.compile(
    r"(?:All checks passed!|0 issues\.|Success: no issues found|\s*✓ built in|\s*✓ Compiled successfully"
    r"|Compiled successfully"
    r"|BUILD SUCCESSFUL|\[INFO\] BUILD SUCCESS|Build succeeded|webpack .* compiled successfully"
    r"|\s*Finished (?:`?\w+`?) (?:profile )?\[|Found 0 errors|✔ No ESLint warnings)",
)


def counts(text: str) -> Counts | None:
    """What the summary lines in `text` say, all of them together; None where there are none."""
    lines = [
        line
        for line in _ESCAPES.sub("", text).splitlines()[-_LAST:]
        if len(line) <= _LONGEST and _HINT.search(line) is not None
    ]
    found = [*_counted(lines), *_on_own_lines(lines), *_unittest(lines)] or _go(lines)
    if found:
        return Counts(sum(one.passed for one in found), sum(one.failed for one in found))
    if any(_BAD.match(line) for line in lines):
        return Counts(0, 1, tests=False)
    return Counts(1, 0, tests=False) if any(_GOOD.match(line) for line in lines) else None


def _counted(lines: Sequence[str]) -> list[Counts]:
    told = dict.fromkeys(line.strip() for line in lines if any(form.match(line) for form in _COUNTED))
    surefire = [line for line in told if "Tests run:" in line]
    if surefire:  # one line a class, and the sum at last
        told = dict.fromkeys(surefire[-1:])
    found = []
    for line in told:
        failed = _sum(_FAILED[:2], line) or _sum(_FAILED[2:], line)
        passed = _sum(_PASSED, line)
        every = next((one for form in _ALL if (one := _sum((form,), line))), 0)
        found.append(Counts(passed or max(0, every - failed), failed))
    return found


def _on_own_lines(lines: Sequence[str]) -> list[Counts]:
    for passed, failed in _OWN_LINES:
        good = [_number(found[1]) for line in lines if (found := passed.match(line))]
        bad = [_number(found[1]) for line in lines if (found := failed.match(line))]
        if good or (bad and "failing" in failed.pattern):
            return [Counts(sum(good), sum(bad))]
    return []


def _unittest(lines: Sequence[str]) -> list[Counts]:
    found = [Counts(int(told[1]), 0) for line in lines if (told := _PHPUNIT.match(line))]
    for place, line in enumerate(lines):
        ran = _UNITTEST.match(line)
        if ran is None or place + 1 == len(lines):
            continue
        complaint = _UNITTEST_FAILED.match(lines[place + 1])
        failed = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", complaint[1])) if complaint else 0
        if complaint or lines[place + 1].startswith("OK"):
            found.append(Counts(max(0, int(ran[1]) - failed), failed))
    return found


def _go(lines: Sequence[str]) -> list[Counts]:
    failed = [line for line in lines if _GO_FAILED.match(line)]
    passed = sum(_GO_PASSED.match(line) is not None for line in lines)
    if failed:
        return [Counts(passed, max(1, sum(line.startswith("---") for line in failed)))]
    return [Counts(passed, 0)] if passed else []


def _sum(forms: tuple[re.Pattern[str], ...], line: str) -> int:
    return sum(_number(number) for form in forms for number in form.findall(line))


def _number(digits: str) -> int:
    return int(digits.replace(",", ""))
