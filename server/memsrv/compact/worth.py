"""What a sentence or a line of output is worth, whatever will be asked: its exact values, and what it says of them.

Rules that know no question: names, numbers, paths and identifiers count, so do words of deciding and of causes; talk of
what comes next counts against. A sentence that does not fit is cut to the clause around its values. Knows texts only.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_END = re.compile(r"(?<=[.!?…])(?<!\be\.g\.)(?<!\bi\.e\.)[\"')\]]*\s+(?=[\"'(\[`*_]*[A-Z0-9ÀÖÄÜ`/_])|\s*\n+\s*")
_MARK = re.compile(r"^(?:[-*•>#]+|\d{1,2}[.)]|\[[ x]\])\s+")
_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
_TOKEN = re.compile(r"[^\s\"“”‘’«»()\[\]{}<>,;|`*]+")
_TRIMMED = ".:!?…'"
#: Exact values by what they are, and what each is worth: data before the names of code, which the code itself tells.
_SMALL = re.compile(r"\d{1,2}(?:st|nd|rd|th|s|x|%)?")
_KINDS = (
    (re.compile(r"https?:|@\w+\.\w|^[\w.-]+:\d{2,5}$"), 3.0),  # an address
    (re.compile(r"__\w+__$|^[a-z]+\(\)$"), 0.4),
    (re.compile(r"^[A-Z][A-Z0-9]*_[A-Z0-9_]+(?:=|$)|^[A-Z]{2,}-\d+$"), 2.6),  # a variable of the environment, a ticket
    (re.compile(r"^[~.]*/?[\w@.+-]+(?:/[\w@.+*-]+)+/?$|^[\w-]+\.[a-z]{1,4}(?::\d+)?$|\w\\\w"), 2.4),  # a path
    (re.compile(r"^[\w-]+(?:\.[\w-]+)+$"), 2.2),  # a host, a version, a dotted name
    (re.compile(r"\d[\d.,_:x-]*\d|\d.*\w*[-_.]|[-_.a-f]\d"), 2.6),  # a number, an id
    (re.compile(r"^--?[a-z][\w-]+"), 1.6),  # a flag
    (re.compile(r"\w-\w"), 1.4),
    (re.compile(r"\w=\S|\w:\w|\d|[#$+~]\w"), 1.4),
    (re.compile(r"\w_\w"), 1.2),
    (re.compile(r"[a-z0-9][A-Z]"), 0.9),
    (re.compile(r"^[A-Z]{3,}$"), 0.7),
)
_NAME = re.compile(r"[A-ZÀ-Ý][\w'’-]+$")
_QUOTED = re.compile(r"[`“\"]([^`”\"\n]{2,80})[`”\"]")
#: Five fields of a crontab: no single one of them is a value.
_CRON = re.compile(r"(?<![\w*/])(?:\*/?\d*|\d[\d,/-]*)(?: (?:\*/?\d*|\d[\d,/-]*)){4}(?![\w*])")
_CUE = re.compile(
    r"(?i)(?<![\w-])(?:because|since|due to|caused?|reason|root cause|turned out|explains?|decid\w+|decision|chos\w+"
    r"|choose|agreed?|settled|instead|rather than|go(?:ing)? with|went with|prefer\w*|must|never|always"
    r"|only|required?s?"
    r"|default\w*|set to|equals?|remains?|became|becomes|named|called|lives? in|listens?|owned|owner|limit\w*|expires?"
    r"|fails?|failed|broke\w*|breaks|bug|wrong|fixed|missing|deprecated|forbidden|allowed|deadline|note that|important"
    r"|keep|stick|insist\w*|don'?t|do not|no longer|from now on|make sure|remember|fixed)\b"
)
_PLANS = re.compile(
    r"(?i)^(?:ok(?:ay)?|great|good|perfect|sure|now|next|first|then|let me|let's|i'?ll|i will|i'?m going to|i am going"
    r"|looking|checking|running|reading|here(?:'s| is| are))\b"
)
_CODE = re.compile(
    r"[{};]\s*$|^\s*(?:def|class|import|from|return|if|elif|else|for|while|try|except|with|raise|yield|assert|async|await"
    r"|const|let|var|function|export(?! [A-Z0-9_]+=)"
    r"|public|private|func|fn|use|impl|match|pub|package|#include|@\w+)\b|\w\(.*\)?\s*:?$"
    r"|^\s*(?://|#|\*|/\*|\"\"\"|>>>)|\bself\.|^\s*\d+[→|│]|^\s*[+-]{1,3}\s|=>|::"
    r"|^\s*</?[A-Za-z]|[;,]\s*//|^(?!\s*\"[\w.@/-]+\":).*[\[(,]\s*$"
    r"|^\s*\d+(?:\t|\s{2,})|^\s*[\w., \[\]]+\s[-+*|&/]?=\s.*\w[(\[]|\w\?\.\w"
)
_LETTERS, _DIGITS = re.compile(r"[a-z]+"), re.compile(r"\d+")
_TELLS = re.compile(r"(?:^|\s)[\w .\[\]/\"'-]{1,60}(?:=|:\s|->|→|\|)\s*\S")
_ALARM = re.compile(
    r"(?i)\b(?:warn(?:ing)?|error|fail(?:ed|ure)?|fatal|refused|denied|exceeded|deprecated|overrides?)\b"
)
#: Characters that a value needs beside it to be understood.
_AROUND = 40
#: Words that begin a sentence, or stand in a title, with a capital and name nothing.
_WORD = re.compile(r"(?<![\w./-])[^\W\d_]{3,}(?![\w/(=])")
_BLANKS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by can could did do does for from had has have he her here his i if in into is "
        "it its just me my no not now of off on or our out she so some than that the their them then there these they "
        "this to up was we were what when where which while who why will with would you your also only very much more",
    )
)


@dataclass(frozen=True)
class Sentence:
    """One sentence, or one line of what a tool printed."""

    text: str

    @cached_property
    def tokens(self) -> list[tuple[str, int, int]]:
        """Its words without what stands around them, and where they stand."""
        found = []
        for match in _TOKEN.finditer(self.text):
            word = match[0].strip(_TRIMMED)
            if word:
                start = match.start() + match[0].index(word)
                found.append((word, start, start + len(word)))
        return found

    @cached_property
    def values(self) -> dict[str, float]:
        """Its exact values and names, each with what it is worth."""
        found: dict[str, float] = {}
        begins = True  # a capital is no sign of a name there
        for word, start, end in self.tokens:
            if (much := _worth(word, begins)) > found.get(word, 0.0):
                found[word] = much
            begins = self.text[end : end + 1] in (".", "!", "?", ":") or (begins and start == 0 and word in ("-", "*"))
        for match in _QUOTED.finditer(self.text) if "`" in self.text or '"' in self.text or "“" in self.text else ():
            if match[1] not in found and " " not in match[1]:
                found[match[1]] = 2.0
        if "* *" in self.text:
            found |= dict.fromkeys(_CRON.findall(self.text), 2.4)
        return found


@lru_cache(65_536)
def _worth(word: str, begins: bool) -> float:
    if word.isalpha() and word.islower():
        return 0.0
    if _SMALL.fullmatch(word):
        return 0.8
    for form, worth in _KINDS:
        if form.search(word):
            return worth
    return 1.5 if not begins and _NAME.match(word) and word.casefold() not in _BLANKS else 0.0


def _together(worths: Iterable[float]) -> float:
    """A sentence states one thing, and what else it names is beside the point."""
    return sum(worth / (place + 1) for place, worth in enumerate(sorted(worths, reverse=True)))


def sentences(text: str) -> Iterator[str]:
    """The sentences of somebody's words, and the lines of what they put in lists or blocks."""
    for part in _END.split(_FENCE.sub("", text) if "```" in text or "~~~" in text else text):
        plain = " ".join(_MARK.sub("", part.strip()).split())
        if len(plain) > 1:
            yield plain


def said(sentence: Sentence) -> float:
    """What a sentence of the agent's is worth."""
    text, worth = sentence.text, _together(sentence.values.values())
    if _CODE.search(text):
        return 0.3 * worth
    worth += 1.2 * bool(_CUE.search(text))
    if len(_WORD.findall(text)) < 3:
        return 0.35 * worth  # a value of what?
    return worth * (0.4 if _PLANS.match(text) else 1.0)


def asked(sentence: Sentence) -> float:
    """What a sentence of a person is worth: what must be or must not be before what is only said."""
    text = sentence.text
    return _together(sentence.values.values()) + 3.0 * bool(_CUE.search(text)) + 0.02 * min(len(text), 60)


def printed(sentence: Sentence) -> float:
    """What a line of output is worth: one that tells the value of something; code lies in the files."""
    text = sentence.text
    if len(text) > 400 or _CODE.search(text):
        return 0.0
    worth = _together(sentence.values.values())
    return worth * (0.5 + 0.45 * bool(_TELLS.search(text)) + 0.4 * bool(_ALARM.search(text)))


def shape(line: str) -> str:
    """What lines of one sort have in common: of a hundred of them each is worth little."""
    return _LETTERS.sub("a", _DIGITS.sub("0", line[:240].casefold()))[:60]


def clause(sentence: Sentence, size: int, wanted: Sequence[str] = ()) -> str:
    """`sentence`, or the parts of it around its values (those `wanted`, if any are) in about `size` characters."""
    text = sentence.text
    if len(text) <= size:
        return text
    spans = _spans(sentence, wanted) or _spans(sentence, ())
    if not spans:
        return text[: size - 1].rstrip() + "…"
    chosen = [_densest(spans, size)]
    room = size - (chosen[0][1] - chosen[0][0])
    for start, end, _ in sorted(spans, key=lambda span: -span[2]) if wanted else ():
        inside = any(first <= start and end <= last for first, last in chosen)
        if not inside and (left := room - (end - start)) >= _AROUND * (len(chosen) + 1):
            chosen.append((start, end))
            room = left
    each = max(room, 0) // len(chosen)
    return _joined(text, sorted(_widened(text, start, end, end - start + each) for start, end in chosen))


def _spans(sentence: Sentence, wanted: Sequence[str]) -> list[tuple[int, int, float]]:
    """Where its values stand, and what each is worth."""
    held = {value: sentence.values.get(value, 1.0) for value in wanted} if wanted else sentence.values
    spans = [(start, end, held[word]) for word, start, end in sentence.tokens if word in held]
    for value in held:
        if " " in value and (start := sentence.text.find(value)) >= 0:
            spans.append((start, start + len(value), held[value]))
    return sorted(spans)


def _densest(spans: Sequence[tuple[int, int, float]], size: int) -> tuple[int, int]:
    """From which value to which the most is said in `size` characters."""
    best, gained = (spans[0][0], spans[0][1]), -1.0
    for place, (start, end, _) in enumerate(spans):
        gain, upto = 0.0, end
        for _, last, worth in spans[place:]:
            if last - start > max(size * 0.8, end - start):
                break
            gain += worth
            upto = max(upto, last)
        if gain > gained:
            best, gained = (start, upto), gain
    return best


def _widened(text: str, start: int, end: int, size: int) -> tuple[int, int]:
    """The words between, and the whole ones around them that fit: two thirds before, where the subject stands."""
    room = max(0, size - (end - start) - 2)
    first = max(0, start - room * 2 // 3)
    last = min(len(text), end + room - (start - first))
    first = max(0, first - max(0, room - (start - first) - (last - end)))
    if first and (blank := text.find(" ", first, start)) >= 0:
        first = blank + 1
    elif first:
        first = start
    if last < len(text):
        blank = text.rfind(" ", end, last + 1)
        last = blank if blank >= end else end
    return first, last


def _joined(text: str, parts: Sequence[tuple[int, int]]) -> str:
    made, upto = "", 0
    for first, last in parts:
        if last > upto:
            made += ("…" if first > upto else "") + text[max(first, upto) : last]
            upto = last
    return made.strip() + ("…" if upto < len(text) else "")


def decides(text: str) -> bool:
    """Whether words of deciding, or of a cause, are in it."""
    return _CUE.search(text) is not None


def is_alarm(line: str) -> bool:
    return _ALARM.search(line) is not None


def may_tell(line: str) -> bool:
    """Whether it is worth reading `line` closely: asked of every line that was printed."""
    return 3 < len(line) < 600 and _HINT.search(line) is not None


_HINT = re.compile(r"\d|=|: |->|→|\||_[A-Z]|^\[|\w {3,}\w")
