"""What of a prompt is the human's own prose, sentence by sentence.

Pasted text (code, logs, quotes, documents, other agents' reports, memsrv's own blocks) is left out: words that
somebody only showed are not words that somebody said. Every sentence is a literal part of the text.
"""

import re
from collections.abc import Iterator

from memsrv.layout import BLOCKS

LONG_CHARS = 1600
LONG_LINES = 24

_BLOCK = re.compile(
    r"```.*?(?:```|\Z)"
    r"|~~~.*?(?:~~~|\Z)"
    r"|<(?P<tag>[a-zA-Z][\w-]*)(?:\s[^<>]*)?>.*?</(?P=tag)>"
    r"|“[^”\n]{40,}”"
    r'|(?<![\w=])"[^"\n]{40,}"',
    re.DOTALL,
)
_SHOWN_LINE = re.compile(
    r"""^(?:
        \s*>                                        # quoted
      | \s*\d+\s*[│█|]                              # numbered source
      | \s*(?:Traceback\b|File\s".*line\s\d|at\s\S+\s?\(|E\s{3}|\w*(?:Error|Exception|Warning)\b:)
      | \s*(?:diff\s--git|@@\s|\+\+\+\s|---\s\S|[+-]\s{2,}\S)
      | \s*(?:\$|%|❯|➜|PS\s\w:)\s?\S                # a shell's prompt
      | \[\d\d/\d\d/\d\d
      | \s*(?:npm|pnpm|yarn)\s(?:ERR!|WARN)
      | \s*(?:INFO|DEBUG|WARN(?:ING)?|ERROR|FATAL)\b[\s:\]]
      | \s*\d{4}-\d\d-\d\d[T\s]\d\d:\d\d
      | \s*[\w./\\-]+:\d+(?::\d+)?:\s               # a compiler's message
      | \t|\s{8,}\S
      | \s*(?:import|from|def|class|return|const|let|var|function|export|public|private|func|if|for|while)\s.*[{;:)]\s*$
      | .*[{};]\s*$
    )""",
    re.VERBOSE,
)
_OTHERS_WORDS = re.compile(
    r"(?im)^[^\n]*\b(?:implement the following|following plan|here (?:is|are) the (?:plan|spec|output|log|error|docs?)"
    r"|another agent|reviewer (?:said|wrote|found)|review comments?|(?:claude|gpt|codex|copilot|gemini|coderabbit)"
    r"[\w .-]* (?:said|says|wrote|suggested)|from the (?:docs|readme|issue|ticket|wiki|changelog)"
    r"|(?:the )?(?:docs|readme|issue|ticket|email|page) (?:says?|reads?))\b[^\n]*:[ \t]*(?:\n|$)"
)
_HEADING = re.compile(r"(?m)^#{1,6} \S")
_BULLET = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+")
_ITEM = re.compile(r"\s*(?:[-*•✅❌☐□]|\d+[.)]|[a-z]\)|\([a-z\d]\))\s+\S")
_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)(?<!\s\.)[.!?…]+[)\"'`]*(?=\s|$)|;(?=\s)|\n[ \t]*\n|\n")
_RULES = re.compile(
    r"(?im)^[^\n]*\b(?:conventions?|rules|guidelines|preferences|house style|remember|for (?:the )?future)\b[^\n]*:\s*$"
)


def sentences(text: str) -> Iterator[str]:
    """The human's sentences, in order, each a literal part of `text`."""
    own = _own(text)
    for start, end in _spans(own):
        sentence = text[start:end]
        if own[start:end] == sentence:
            yield sentence
        else:  # a piece in the middle was shown, not said: what stands before it is still a sentence
            said = own[start:end].split("\0", 1)[0].rstrip()
            if len(said) > 8:
                yield said


def is_rule_list(text: str, sentence: str) -> bool:
    """Whether `sentence` is an item of a list that the human headed as rules or conventions."""
    heading = _RULES.search(text)
    if heading is None:
        return False
    place = text.find(sentence)
    between = text[heading.end() : place]
    on_its_line = text[text.rfind("\n", 0, place) + 1 : place]
    if place <= heading.end() or not _BULLET.fullmatch(on_its_line):
        return False
    return all(not line.strip() or _BULLET.match(line) for line in between.splitlines())


def is_plan(text: str) -> bool:
    """Whether a prompt is a worked-out task (steps, demands, what to deliver); a list headed as rules is none."""
    own = _own(text)
    lines = [line for line in own.split("\n") if line.strip("\0 \t")]
    items = [place for place, line in enumerate(lines) if _ITEM.match(line)]
    rules = _RULES.search(own)
    if rules is not None and not any(_ITEM.match(line) for line in own[: rules.start()].split("\n")):
        return False
    heads = sum(len(line) < 80 and line.rstrip().endswith(":") for line in lines)
    return len(items) >= 6 or (len(items) >= 3 and heads >= 2) or len(lines) >= 12


def _own(text: str) -> str:
    """`text` at its full length, with everything that is not the human's prose replaced by NULs."""
    own = _BLOCK.sub(lambda m: _hidden(m[0]), text)
    own = re.sub(rf"<({'|'.join(BLOCKS)})>.*", lambda m: _hidden(m[0]), own, flags=re.DOTALL)
    others = _OTHERS_WORDS.search(own)
    if others is not None:
        own = own[: others.end()] + _hidden(own[others.end() :])
    headings = list(_HEADING.finditer(own))
    if len(headings) > 1:
        own = own[: headings[0].start()] + _hidden(own[headings[0].start() :])
    lines = [_hidden(line) if _SHOWN_LINE.match(line) else line for line in own.split("\n")]
    own = "\n".join(lines)
    said = [line for line in lines if line.strip("\0 \t")]
    if sum(map(len, said)) > LONG_CHARS or len(said) > LONG_LINES:
        return _ends(own)
    return own


def _ends(own: str) -> str:
    """Of a long text, the first and the last paragraph: what stands between is nearly always pasted."""
    breaks = [m.span() for m in re.finditer(r"\n[ \t]*\n", own)]
    if not breaks:
        return _hidden(own)
    first, last = breaks[0][0], breaks[-1][1]
    return own[:first] + _hidden(own[first:last]) + own[last:]


def _hidden(text: str) -> str:
    return re.sub(r"[^\n]", "\0", text)


def _spans(own: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in _END.finditer(own):
        if end[0] == "\n" and _wrapped(own, end.start()):
            continue
        yield from _trimmed(own, start, end.start() if end[0].isspace() else end.end())
        start = end.end()
    yield from _trimmed(own, start, len(own))


def _wrapped(own: str, newline: int) -> bool:
    """Whether the line break only wraps a sentence: the next line goes on in lower case, this one has not ended."""
    before = own[own.rfind("\n", 0, newline) + 1 : newline].rstrip()
    after = own[newline + 1 : newline + 200].split("\n", 1)[0]
    return len(before) > 50 and before[-1] not in ".:;!?\0" and after[:1].strip().islower() and not _BULLET.match(after)


def _trimmed(own: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    bullet = _BULLET.match(own, start, end)
    if bullet is not None:
        start = bullet.end()
    while start < end and own[start] in " \t\n\0(":
        start += 1
    while end > start and own[end - 1] in " \t\n\0":
        end -= 1
    if end - start > 3:
        yield start, end
