"""What a human's message says of the work before it: that it is good, that it is not, or nothing.

English, by phrases; a message that says neither, says nothing. Knows no events.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Reaction(StrEnum):
    """How a message takes what was done."""

    ACCEPTS = "accepts"
    ACCEPTS_IN_PART = "accepts in part"
    BROKEN = "says that it does not work"
    CORRECTS = "corrects"
    REVERTS = "wants it undone"
    NONE = "says nothing of it"


@dataclass(frozen=True, slots=True)
class Heard:
    reaction: Reaction
    more: bool = False  # it asks for something beside


def _any(*phrases: str) -> str:
    return f"(?:{'|'.join(phrases)})"


def _form(*phrases: str) -> re.Pattern[str]:
    return re.compile(_any(*phrases), re.IGNORECASE)


_YES = r"(?:(?:ok(?:ay)?|yes|yep|yeah|ah+|oh+|wo+w|hey+|so|and|now)[\s,.!]+)*"
_THIS = r"(?:that|this|it|everything|they|tests?)(?: all|'s| is| are|'re| was| were| now| seems?| looks?)*"
_GOOD = _any("works?", "worked", "working", "loading", "passing", "perfect", "great", "correct", "right", "fixed")

_ACCEPTS = _form(
    _YES
    + _any(
        "great",
        "perfect(?:ly)?",
        "thanks?|thx|thank you|ty",
        "awesome|nice|excellent|brilliant|wonderful|amazing|fantastic|beautiful|lovely|sweet|super|cool|lgtm|bravo|yay",
        "well done|(?:good|great|nice) (?:job|work|stuff|catch|call|find)",
        "love (?:it|this|that)",
        rf"{_THIS} {_GOOD}(?! (?:\w+ ){{0,3}}before)",
        rf"{_THIS} (?:an? )?(?:awesome|excellent|amazing|fantastic|better|(?:great|good|nice) start)",
        r"(?:that|this|it) (?:really )?(?:improved|helped|solved)\b",
        r"that did (?:it|the trick)",
        "(?:that )?fixed it",
        r"(?:looks?|seems?) (?:like )?(?:the |really |very |so )*(?:good|great|perfect|right|correct|nice|fine)",
        r"(?:now )?works(?! (?:like|only|when|if|on|in|out))",
        "all (?:good|tests pass)",
        "good(?! (?:question|point|idea|morning|evening|luck))",
        "solved|fixed|(?:much )?better|exactly",
        "👍|✅|🎉|💯",
    )
    + r"(?![\w'’-])"
)
_WORKS = _form(
    rf"\b{_THIS} {_GOOD}(?: \w+){{0,3}} (?:now|again)\b",
    r"\bwork(?:s|ed) (?:fine|great|well|perfectly|now|again|like a charm)\b",
)
_COMMIT = _form(
    r"(?:(?:ok(?:ay)?|yes|great|now|please|let'?s|can you|could you|go ahead and|then|and|just)[\s,.!]+)*"
    r"(?:commit|push|ship|merge|deploy|release|publish)(?: (?:and|&) \w+)?"
    r"(?:$|[.!]|\s+(?:it|this|that|these|those|all|everything|what|the|your|my|our|to|changes|now|and|with)\b)"
)
_WONDERS = _form(r"\? (?:what|which|how|why)\b")
_BUT = _form(r"\b(?:but|however|except|although|though|only|still|unfortunately|yet)\b")
_REVERTS = _form(
    r"\b(?:revert|undo|roll ?back|back out|discard|throw away)"
    r"(?: (?:it|this|that|the|these|those|your|all|back|last|everything|my|what)\b|[.!]?$)",
    r"\b(?:put|change|set|switch|turn|go) (?:it |this |that )?back\b(?! end)",
    r"\brestore (?:it|the (?:original|previous|old))",
)
_BROKEN = _form(
    r"\bstill (?:broken|fail\w*|not|doesn'?t|does not|don'?t|do not|can'?t|cannot|get(?:ting)?|see(?:ing)?|the same"
    r"|hav(?:e|ing)|no|wrong|isn'?t|is not|aren'?t|there|happen\w*|error\w*|say\w*|show\w*"
    r"|(?:\w+ing )?crash\w*|hang\w*|an?"
    r"|(?:seem|look|feel|appear)s? (?:to (?:be )?)?(?:\w+ )?(?:the same|missing|off|wrong|broken))\b",
    r"^(?:(?:it|this|that|they|the(?: \w+){1,3})(?:'s| is| are)? )?still"
    r" (?!(?:want|need|work|think|like|use|using)\b)\w+",
    r"^(?:sorry\b.{0,20} )?(?:it|that|this)(?:'s| is| looks?) (?:still )?(?:exactly |just )?the same\b"
    r"(?! (?:as|for|with|in)\b)",
    r"\b(?:did not|didn'?t) (?:really |quite |actually )?(?:solve|resolve)\b",
    r"^(?:(?:but|hm+|ok(?:ay)?)[\s,.]+)?i (?:still )?(?:don'?t|do not|can'?t|can ?not) see "
    r"(?!why|how|what|(?:an?|any|the) (?:reason|need|point))",
    r"^(?:but )?the(?: \w+){1,3} (?:is|are) not"
    r" (?:on|in|showing|shown|visible|displayed|appearing|loading|there|created|updated)\b(?! scope)",
    r"^none of (?:the|these|those|my|your)\b.{0,40} (?:is|are) (?:show|work|appear|load|pass)\w*",
    r"\b(?:seems?|looks?|feels?|is|are) (?:a (?:bit|little) |way |totally )?off[.!,]?$",
    r"\b(?:exited|closed|quit|died|crashed) (?:immediately|right away|at once|instantly)\b",
    r"\bworking (?:\w+ ){0,3}before\b",
    r"^same ['\"`\[]",
    r"\b(?:doesn'?t|does not|didn'?t|did not|don'?t|won'?t) (?:seem to |appear to |really |quite |actually )?"
    r"(?:work|help|fix|compile|build|run|pass|load|start|show up|change anything|do anything)\b",
    r"\b(?:isn'?t|is not|aren'?t|not|stopped|never) work(?:ing|s|ed)?\b",
    r"\b(?:you|that|this|it) (?:just )?(?:broke|breaks|crashe[sd])\b",
    r"\bsame (?:error|issue|problem|result|thing|behaviou?r)\b",
    r"\bno (?:change|difference|luck)\b|\bnothing (?:changed|happen(?:s|ed)|works)\b",
    r"\b(?:it|tests?|build|that|this|ci)(?:'s| is| are)? (?:now |all )?(?:fail(?:s|ed|ing)?|broken|crash\w*|hang\w*)\b",
    r"\b(?:now |i(?:'m| am)? )(?:i )?(?:get|got|getting|see|seeing|have)"
    r" (?:an?|this|the|these|lots of|another|same|some|following)?(?: \w+){0,2} ?"
    r"(?:error|exception|failure|warning|traceback|crash)s?\b",
    r"\b(?:i|we) (?:got|get|see) (?:this|the following|these)\b.{0,40}(?:error|:)",
    r"^(?:error|traceback|failed|uncaught|exception)\b|^(?:\d+|a few|some) more\b",
    r"\b(?:[A-Z]\w+Error|[A-Z]\w+Exception): ",
    r"\bwhat happened\??$",
    r"\b(?:fails|failed|crashes|crashed|errors?) (?:with|on|when|at|in|out)\b",
)
#: What compilers, linters and CI print: a person who pastes it says that it is still so.
_PASTED = re.compile(
    _any(
        r"[^\s:]{1,200}\.\w{1,5}:\d+:\d+:? ",
        r"\bError: Process completed with exit code [1-9]|##\[error\]|\bexit (?:code|status) [1-9]",
        r"\b[1-9]\d* (?:issues?|errors?|problems?)\b(?::| found)",
        r"\bTraceback \(most recent call last\)|\berror TS\d|npm ERR!|^[ \t]{0,20}at \S{1,200} \(\S{1,200}:\d+:\d+\)",
        r"^[ \t]{0,20}(?:Error|ERROR|fatal|FATAL): \S",
    ),
    re.MULTILINE,
)
_CORRECTS = _form(
    r"^(?:(?:ok(?:ay)?|hm+|well|sorry|um+|uh|ah|oh|hey)[\s,.!]+)*"
    + _any(
        r"no(?:pe)?\b(?!thing| problem| worries| need to)",
        r"not\b|wait\b|stop\b|hold on|actually\b|instead\b|wrong\b|but\b|rather\b|again[,:]|try again|redo\b",
        r"(?:that|this|it)(?:'s| is) (?:not|wrong|incorrect|too|missing|still)",
        r"there(?:'s| is| are) (?:still|missing|too)",
        r"(?:you are|you're) mis+understanding|more \w+,? please\b",
        r"we (?:are not|aren'?t|don'?t|do not) (?:us\w+|want\w*|need\w*)\b.{0,60}\bshould\b",
        r"you (?:forgot|missed|didn'?t|did not|should(?:n'?t| not)?|need(?:ed)? to|misunderstood|were supposed"
        r"|have(?:n'?t| not)|removed|deleted|left|are (?:not|missing|wrong)|put|also (?:forgot|missed|need))",
        r"why (?:did|do|are|would|have) you",
        r"i (?:said|meant|asked|told|wanted|thought|didn'?t|don'?t (?:want|like|see|think)"
        r"|(?:was|am) (?:talking|asking|referring))",
        r"(?:please )?(?:don'?t|do not|never)\b",
        r"should(?:n'?t| not)? ",
    ),
    r"\bnot what i (?:asked|wanted|meant|said)\b",
    r"\byou (?:forgot|missed|misunderstood|broke|ignored)\b",
    r"\bshould (?:be|have been)\b.{0,60}\b(?:not|instead)\b",
    r"\b(?:this|that|it) is (?:wrong|incorrect)\b",
)
_WORD = re.compile(r"[^\W_][\w'’-]*")
_PASTE = 4_000
_READ = 600  # characters; a reaction stands at the beginning, and what is pasted behind it is searched for errors only


def reaction(text: str) -> Heard:
    """How `text`, a human's message after some work, takes that work."""
    words, text = " ".join(text[: _READ * 4].split())[:_READ], f"{text[:_PASTE]}\n{text[-_PASTE:]}"
    if _REVERTS.search(_first(words, 30)):
        return Heard(Reaction.REVERTS)
    nice = _ACCEPTS.match(words)
    if nice is not None:
        rest = words[nice.end() :]
        head = re.split(r"[.!?\n]", rest, maxsplit=1)[0]
        if _BUT.search(head) or _BUT.match(rest.lstrip(" .!,;-")) or _BROKEN.search(rest):
            return Heard(Reaction.ACCEPTS_IN_PART, more=True)
        return Heard(Reaction.ACCEPTS, more=len(_WORD.findall(rest)) > 4 and not _COMMIT.match(rest.strip(" .!,;-")))
    if _COMMIT.match(words) and not _WONDERS.search(words):
        return Heard(Reaction.ACCEPTS)
    if _BROKEN.search(words) or _PASTED.search(text):
        return Heard(Reaction.BROKEN)
    if _WORKS.search(words):
        return Heard(Reaction.ACCEPTS, more=len(words.split()) > 8)
    return Heard(Reaction.CORRECTS if _CORRECTS.search(_first(words, 40)) else Reaction.NONE)


def _first(words: str, count: int) -> str:
    return " ".join(words.split()[:count])


_GOES_ON = _form(
    r"(?:(?:ok(?:ay)?|yes|yep|yeah|yup|sure|right|hm+|good)[\s,.!]+)*"
    + _any(
        "also|and|plus|then|oh|one more thing|additionally|same (?:for|with|thing)|as well",
        "continue|go on|go ahead|proceed|keep going|do (?:it|that|so|this)|please do|try (?:it|that|again)",
        "sounds good|agreed?",
        "what about|how about|how come|why",
        "are you (?:sure|done|able)|did you|have you",
        "(?:can|could) you (?:also|explain|show|double|check|verify|confirm|elaborate)",
        "(?:(?:is|does|was|should|could) )?(?:it|they|that|this|those|these|we)",
        "let'?s (?:go with|do|use|try|continue|keep)",
        "i (?:like|prefer|think|agree|chose|choose|ran|did|tried|added|changed|updated|fixed|see|guess)",
        "the (?:first|second|third|latter|former|last) (?:one|option)?",
    )
    + r"\b",
    r"(?:option )?[a-d1-9][.)]?$|next(?: step| one| phase| task)?[.!]?$",
)
_ANSWER_WORDS, _QUESTION_ANSWERED, _AFTERTHOUGHT = 3, 40, 60  # words, at most


def goes_on(text: str, asked: bool) -> bool:
    """Whether a message without a reaction stays with the task before: an answer, a go-ahead, an afterthought.

    `asked`: the agent's last words were a question.
    """
    text = text[: _READ * 4]
    words = len(_WORD.findall(text))
    if words <= _ANSWER_WORDS or (asked and words <= _QUESTION_ANSWERED):
        return True
    return words <= _AFTERTHOUGHT and _GOES_ON.match(" ".join(text.split())) is not None
