"""The clauses of a sentence that can stand alone: "never commit to main, always open a PR" says two things.

Every clause is a literal part of the sentence. Knows where sentences break, not what they mean.
"""

import re
from collections.abc import Iterator

_BREAK = re.compile(
    r"(?ix)\s*(?:[,;–—]|\s-)\s*(?:(?:and|but|so|also|then|please|pls|instead)\s+)*"
    r"(?=(?:always|never|don'?t|do\snot|use|prefer|avoid|only|keep|no\s+\w+s\b|we|i|this\sis|it'?s|the|our|my|everything|run|put|write)\b)"
    r"|\s+and\s+(?=(?:always|never|don'?t|do\snot|prefer|avoid|we|i|the|our|my)\s)"
    r"|(?<=\w)[!.]{1,3}\s+"
    r"|(?<=thing)\s*:\s+|(?<=note)\s*:\s+|(?<=rule)\s*:\s+|(?<=style)\s*:\s+|(?<=up)\s*:\s+|(?<=general)\s*:\s+"
    r"|\s*(?:,|\band\b|,\s*and\b)\s+(?=[\w.-]+\s+for\s+\w+ing\b)"
)


def clauses(sentence: str) -> Iterator[str]:
    """The clauses in order; nothing where the sentence has only one."""
    breaks = list(_BREAK.finditer(sentence))
    starts = [0, *(found.end() for found in breaks)]
    ends = [*(found.start() for found in breaks), len(sentence)]
    if len(starts) < 2:
        return
    for start, end in zip(starts, ends, strict=True):
        clause = sentence[start:end].strip()
        if clause:
            yield clause
