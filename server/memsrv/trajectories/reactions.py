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


_READ = 600  # a reaction stands at the beginning; what is pasted behind it is not searched
_NICE = (
    r"(?:great|perfect(?:ly)?|thanks?|thx|thank you|ty|awesome|nice|excellent|brilliant|wonderful|amazing"
    r"|fantastic|beautiful"
    r"|lovely|sweet|super|cool|lgtm|bravo|well done|(?:good|great|nice) (?:job|work|stuff|catch|call|find)"
    r"|love (?:it|this|that)"
    r"|(?:that|this|it)(?: all| now|'s| is| was)*(?: now| all)? (?:works?|worked|working|perfect|great"
    r"|correct|right|fixed|awesome|better|good)"
    r"|that did (?:it|the trick)|that fixed it|looks? (?:really |very |so )?(?:good|great|perfect|right"
    r"|correct|nice)|(?:now )?it works|works(?! (?:like|only|when|if|on|in|out))"
    r"|working now|all (?:good|tests pass)|good\b(?! (?:question|point|idea|morning|evening|luck))|solved"
    r"|fixed|(?:much )?better|yay|exactly|👍|✅|🎉|💯|❤️?)"
)
_ACCEPTS = re.compile(rf"^(?:(?:ok(?:ay)?|yes|yep|yeah|ah|oh|wow|hey|so|and|now)[\s,.!]+)*{_NICE}(?![\w'’-])", re.I)
_COMMIT = re.compile(
    r"^(?:(?:ok(?:ay)?|yes|great|now|please|let'?s|can you|could you|go ahead and|then|and|just)[\s,.!]+)*"
    r"(?:commit|push|ship|merge|deploy|release|publish)(?: (?:and|&) \w+)?"
    r"(?:$|[.!]|\s+(?:it|this|that|these|those|all|everything|what|the|your|my|our|to|changes|now|and|with"
    r"|our work)\b)",
    re.I,
)
_BUT = re.compile(r"\b(?:but|however|except|although|though|only|still|unfortunately|yet)\b", re.I)
_REVERTS = re.compile(
    r"\b(?:(?:revert|undo|roll ?back|back out|discard|throw away)(?: (?:it|this|that|the|these|those|your"
    r"|all|back|last|everything|my|what)\b|[.!]?$)"
    r"|(?:put|change|set|switch|turn|go) (?:it |this |that )?back\b(?! end)|restore (?:it|the (?:original"
    r"|previous|old)))",
    re.I,
)
_BROKEN = re.compile(
    r"(?:\bstill (?:broken|fail\w*|not\b|doesn'?t|does not|don'?t|do not|can'?t|cannot|get(?:ting)?|see(?:ing)?"
    r"|the same|hav(?:e|ing)|no\b|wrong"
    r"|isn'?t|is not|aren'?t|there|happen\w*|error\w*|say\w*|show\w*|crash\w*|hang\w*|an? )"
    r"|\b(?:doesn'?t|does not|didn'?t|did not|don'?t|won'?t) (?:seem to |appear to |really |quite |actually )?(?:work"
    r"|help|fix|compile|build|run|pass|load|start|show up|change anything|do anything)\b"
    r"|\b(?:isn'?t|is not|aren'?t|not|stopped|never) work(?:ing|s|ed)?\b|\b(?:you|that|this|it) (?:just )?(?:broke"
    r"|breaks|crashe[sd])\b"
    r"|\bsame (?:error|issue|problem|result|thing|behaviou?r)\b|\bno (?:change|difference|luck)\b|\bnothing (?:changed"
    r"|happen(?:s|ed)|works)\b"
    r"|\b(?:it|tests?|build|that|this|ci)(?:'s| is| are)? (?:now |all )?(?:fail(?:s|ed|ing)?|broken|crash\w*|hang\w*)\b"
    r"|\b(?:now |i(?:'m| am)? )(?:i )?(?:get|got|getting|see|seeing|have) (?:an?|this|the|these|lots of"
    r"|another|same|some|following)?(?: \w+){0,2} ?(?:error|exception|failure|warning|traceback|crash)s?\b"
    r"|\b(?:i|we) (?:got|get|see) (?:this|the following|these)\b.{0,40}(?:error|:)|^(?:error|traceback"
    r"|failed|uncaught|exception)\b"
    r"|\bTraceback \(most recent call last\)|\b(?:[A-Z]\w+Error|[A-Z]\w+Exception): |\berror TS\d|\bwhat happened\??$"
    r"|\b(?:fails|failed|crashes|crashed|errors?) (?:with|on|when|at|in|out)\b)",
    re.I,
)
_CORRECTS = re.compile(
    r"^(?:(?:ok(?:ay)?|hm+|well|sorry|um+|uh|ah|oh|hey)[\s,.!]+)*(?:no(?:pe)?\b(?!thing| problem| worries"
    r"| need to)|not\b|wait\b|stop\b|hold on|actually\b|instead\b"
    r"|wrong\b|that'?s (?:not|wrong|incorrect|too)|that is (?:not|wrong|incorrect)|this is (?:not|wrong"
    r"|incorrect)|it'?s (?:not|wrong)|it is (?:not|wrong)"
    r"|you (?:forgot|missed|didn'?t|did not|should(?:n'?t| not)?|shouldn'?t|need(?:ed)? to|misunderstood"
    r"|were supposed|have(?:n'?t| not)|removed|deleted|left|are (?:not|missing|wrong)|put|also (?:forgot"
    r"|missed|need))"
    r"|why (?:did|do|are|would|have) you|i (?:said|meant|asked|told|didn'?t|don'?t (?:want|like|see|think)"
    r"|wanted|thought|was (?:talking|asking|referring)|am (?:talking|asking|referring))"
    r"|(?:please )?(?:don'?t|do not|never)\b|not what i|but\b|rather\b|again[,:]|try again|redo\b|remember[,:]? i"
    r"|(?:this|that|it|there)(?:'s| is| are)? (?:still|missing|too|also wrong)|should(?:n'?t| not)? )"
    r"|\bnot what i (?:asked|wanted|meant|said)\b|\byou (?:forgot|missed|misunderstood|broke|ignored)\b"
    r"|\bshould (?:be|have been)\b.{0,60}\b(?:not|instead)\b"
    r"|\b(?:this|that|it) is (?:wrong|incorrect)\b",
    re.I,
)
_WORD = re.compile(r"[^\W_][\w'’-]*")


def reaction(text: str) -> Heard:
    """How `text`, a human's message after some work, takes that work."""
    words = " ".join(text.split())[:_READ]
    if not words:
        return Heard(Reaction.NONE)
    if _REVERTS.search(_first(words, 30)):
        return Heard(Reaction.REVERTS)
    nice = _ACCEPTS.match(words)
    if nice is not None:
        rest = words[nice.end() :]
        head = re.split(r"[.!?\n]", rest, maxsplit=1)[0]
        if _BUT.search(head) or _BUT.match(rest.lstrip(" .!,;-")) or _BROKEN.search(rest):
            return Heard(Reaction.ACCEPTS_IN_PART, more=True)
        return Heard(Reaction.ACCEPTS, more=len(_WORD.findall(rest)) > 4 and not _COMMIT.match(rest.strip(" .!,;-")))
    if _COMMIT.match(words):
        return Heard(Reaction.ACCEPTS)
    if _BROKEN.search(words):
        return Heard(Reaction.BROKEN)
    if _CORRECTS.search(_first(words, 40)):
        return Heard(Reaction.CORRECTS)
    return Heard(Reaction.NONE)


def _first(words: str, count: int) -> str:
    return " ".join(words.split()[:count])


_GOES_ON = re.compile(
    r"^(?:(?:ok(?:ay)?|yes|yep|yeah|yup|sure|right|hm+|good)[\s,.!]+)*(?:also|and|plus|then|oh|one more thing"
    r"|additionally|same (?:for|with|thing)|as well"
    r"|continue|go on|go ahead|proceed|keep going|do (?:it|that|so|this)|please do|try (?:it|that|again)"
    r"|next(?: step| one| phase| task)?[.!]?$|sounds good|agreed?"
    r"|what about|how about|are you (?:sure|done|able)|did you|have you|can you (?:also|explain|show|double"
    r"|check|verify|confirm|elaborate)|why\b|how come"
    r"|is (?:that|this|it)\b|does (?:that|this|it)\b|was (?:that|this|it)\b|should (?:we|i|it|that)\b|could you (?:also"
    r"|explain)|let'?s (?:go with|do|use|try|continue|keep)"
    r"|i (?:like|prefer|think|agree|chose|choose|ran|did|tried|added|changed|updated|fixed|see|guess)\b"
    r"|it(?:'s| is| should| would| looks)?\b|they\b|that\b|this\b|those\b|these\b"
    r"|(?:option )?[a-d1-9][.)]?$|the (?:first|second|third|latter|former|last) (?:one|option)?)",
    re.I,
)
_ANSWER_WORDS = 3


def goes_on(text: str, asked: bool) -> bool:
    """Whether a message without a reaction stays with the task before: an answer, a go-ahead, an afterthought.

    `asked`: the agent's last words were a question.
    """
    words = _WORD.findall(text)
    if len(words) <= _ANSWER_WORDS or (asked and len(words) <= 40):
        return True
    return len(words) <= 60 and _GOES_ON.match(" ".join(text.split())) is not None
