"""What Aider prints in its own name, as patterns: announcements, what became of edits, its questions with the answers.

Wordings of 2023 to 2025. What is not here is a status that says nothing about the work.
"""

import re

VERSION = re.compile(r"Aider v(\S+)")
MODEL = re.compile(r"(?:Main m|M)odels?: (\S+?)⚡? with (?:[^\w]*)([\w-]+) edit format")
FORMATS = frozenset(("diff", "diff-fenced", "editor-diff", "editor-whole", "udiff", "udiff-simple", "whole"))
TOKENS = re.compile(r"Tokens: .*?([\d.,]+)(k|M)? received")
APPLIED = re.compile(r"Applied edit to (.+)")
DRY = re.compile(r"Did not apply edit to (.+) \(--dry-run\)")
COMMIT = re.compile(r"Commit [0-9a-f]{6,40} ", re.DOTALL)
UNMATCHED_IN = re.compile(r"## (Search\w+): .*? in (.+)")
HUNK_FAILED = re.compile(r"(UnifiedDiff\w+):")
EXITED = re.compile(r"Command '.*' exited with (?:status|code) (\d+)", re.DOTALL)
ADDED = re.compile(r"Added \d+ lines? of output to the chat")
RUNS = re.compile(r"Running (.+)", re.DOTALL)
STOPPED = re.compile(r"\^C(?: again to exit| KeyboardInterrupt)?\Z")
QUESTION = re.compile(
    r"(?P<question>[A-Z][^?\n]{0,300}\?)"
    r"(?P<options>\s*(?:\([Yy]/[Nn][^)]*\)|\[[Yy]/[Nn][^\]]*\]|\(Y\)es/\(N\)o.*?\[\w+\]):?)?\s*(?P<answer>[^\n]*)\Z"
)
ANSWERS = frozenset(("y", "n", "a", "s", "d", "yes", "no", "all", "skip", "don't"))
YES = frozenset(("y", "yes", "a", "all"))
SHELL = re.compile(r"Run (?:this |the )?shell commands?\b|Run shell command", re.I)
EDITING = re.compile(
    r"Allow (?:creation of new file|edits to) (?P<path>\S+?)(?: (?:which|that) .*)?\?"
    r"|Create new file\?|Allow edits to file"
)
FAILED = re.compile(r"(?:Attempt to f|F)ix (?P<what>lint|test) errors(?: in (?P<path>\S+?))?\?")

#: Questions about what the model may see or the program needs: no word on the work.
KNOWN = re.compile(
    r"Add |Run pip install|Install |Open |No files matched|Use |Update |Create (?:empty|a) |Try |Proceed|Would you like"
    r"|Do you want|Git |Send |Drop |Apply |Edit the files|Copy |Retry|Clear |Is this|Allow "
)


def question(text: str) -> re.Match[str] | None:
    """A question that was answered: its `question`, `options` and `answer`."""
    asked = QUESTION.match(text)
    return asked if asked and (asked["options"] or asked["answer"].strip().lower() in ANSWERS) else None
