"""The last lines of test runners, builds and linters are counted; prose about tests is not."""

import pytest

from memsrv.lenses.checks import Counts, counts

RAN = {
    "pytest": ("..F\n=== 1 failed, 2 passed in 0.12s ===", 2, 1),
    "pytest, quiet": ("3 passed in 0.10s", 3, 0),
    "pytest that could not collect": ("=== 2 errors in 1.2s ===", 0, 2),
    "pytest in colour": ("\x1b[31m==== \x1b[31m\x1b[1m1 failed\x1b[0m, \x1b[32m3 passed\x1b[0m in 0.07s ====", 3, 1),
    "jest": ("Test Suites: 1 failed, 1 passed, 2 total\nTests:       1 failed, 4 passed, 5 total\nTime: 1 s", 4, 1),
    "vitest": (" Test Files  1 failed | 2 passed (3)\n      Tests  1 failed | 5 passed (6)", 5, 1),
    "mocha": ("\n  5 passing (20ms)\n  1 failing\n", 5, 1),
    "node": ("# tests 6\n# pass 5\n# fail 1", 5, 1),
    "bun": (" 5 pass\n 0 fail", 5, 0),
    "deno": ("ok | 5 passed | 0 failed (3ms)", 5, 0),
    "playwright": ("  5 passed (3.2s)\n", 5, 0),
    "go": ("ok  \tgithub.com/x/y\t0.12s\n", 1, 0),
    "go that fails": ("--- FAIL: TestX (0.00s)\nFAIL\nFAIL\tx/y\t0.1s", 0, 1),
    "cargo": ("test result: ok. 5 passed; 0 failed; 0 ignored", 5, 0),
    "cargo, two crates": ("test result: ok. 5 passed; 0 failed;\ntest result: FAILED. 3 passed; 2 failed;", 8, 2),
    "surefire": (
        "[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0\n"
        "[ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 0",
        3,
        2,
    ),
    "gradle": ("5 tests completed, 1 failed\nBUILD FAILED", 4, 1),
    "rspec": ("5 examples, 1 failure", 4, 1),
    "minitest": ("5 runs, 6 assertions, 1 failures, 0 errors, 0 skips", 4, 1),
    "PHPUnit": ("OK (5 tests, 9 assertions)", 5, 0),
    "PHPUnit that fails": ("Tests: 5, Assertions: 9, Failures: 1.", 4, 1),
    "dotnet": ("Failed!  - Failed:     1, Passed:     5, Skipped: 0, Total: 6", 5, 1),
    "unittest": ("Ran 5 tests in 0.1s\n\nOK", 5, 0),
    "unittest that fails": ("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=2)", 2, 3),
    "ctest": ("80% tests passed, 1 tests failed out of 5", 4, 1),
    "XCTest": ("Executed 5 tests, with 1 failure (0 unexpected) in 0.1", 4, 1),
    "exunit": ("5 tests, 2 failures", 3, 2),
}  # fmt: skip


@pytest.mark.parametrize("runner", RAN)
def test_what_a_runner_counted_is_read(runner: str) -> None:
    printed, passed, failed = RAN[runner]

    assert counts(printed) == Counts(passed, failed)


@pytest.mark.parametrize(
    ("printed", "went_well"),
    [
        ("src/a.ts(1,2): error TS2322: Type 'x' is not assignable", False),
        ("src/app.py:3: error: Missing return\nFound 1 error in 1 file (checked 2 source files)", False),
        ("\n✖ 3 problems (2 errors, 1 warning)\n", False),
        ("error: could not compile `quay` due to 2 previous errors", False),
        ("All checks passed!", True),
        ("Success: no issues found in 12 source files", True),
        ("✓ built in 1.20s", True),
    ],
)
def test_a_build_or_a_linter_says_only_whether_it_went_well(printed: str, went_well: bool) -> None:
    assert counts(printed) == Counts(int(went_well), int(not went_well), tests=False)


@pytest.mark.parametrize(
    "prose",
    [
        "I ran 3 tests and 2 failed yesterday",
        "hello, 5 tests",
        "The error was fixed",
        "✖ 3 problems (0 errors, 3 warnings)",
        "",
    ],
)
def test_prose_about_tests_is_no_run_of_tests(prose: str) -> None:
    assert counts(prose) is None
